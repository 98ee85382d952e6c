"""A library of sharp faces: what is kept of them, which is found again, what is taken of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from safetensors.torch import save_file
from typer.testing import CliRunner

import engine.detail.borrow
from engine.base.errors import MienError
from engine.batch import BatchJob
from engine.catalogue.exemplars import EXEMPLARS, check_free, find_exemplars
from engine.catalogue.weights import checksum, find, load_prior, user_folder, write_model
from engine.detail.borrow import borrowed
from engine.detail.exemplars import (
    DOWN,
    EYES,
    MOUTH,
    PARTS,
    Exemplars,
    decoded,
    detail_of,
    encoded,
    light_of,
    load_exemplars,
    middle_of,
    next_of,
    regions,
    whole_of,
)
from engine.detail.mean_view import SIDE
from engine.face.parts import part_mask
from engine.fill.filler import FaceInpainter
from engine.inpaint import FillOptions, FillRequest
from engine.mask import Mask
from engine.photo import Photo, Stamp, photo_from_array
from engine.prior.appearance import PREFIX
from main import app

FACES = 4
FILE = Stamp(0, 1234, 99)
CLOSED = np.zeros((478, 2), np.float32)
CLOSED[[61, 291]] = (0.4, 0.7), (0.6, 0.7)  # a mouth without a gap between its lips


@pytest.fixture(scope="module")
def points() -> np.ndarray:
    return load_prior(find("prior"))[PREFIX + "shape"].float().numpy()


def made_face(seed: int) -> np.ndarray:
    """A picture of the mean view in octaves of all sizes, grey, SIDE x SIDE x 3 uint8."""
    dice, picture = np.random.default_rng(seed), np.full((SIDE, SIDE), 120.0, np.float32)
    for sigma in (1.0, 3.0, 8.0, 16.0):
        noise = cv2.GaussianBlur(
            dice.standard_normal((SIDE, SIDE)).astype(np.float32), (0, 0), sigma
        )
        picture += 12 * noise / noise.std()
    return np.repeat(picture.clip(20, 235).astype(np.uint8)[..., None], 3, 2)


def soft(picture: np.ndarray) -> np.ndarray:
    """As a fill is: without what is finer than the crop."""
    return cv2.GaussianBlur(picture, (0, 0), 4.0)


def made(points: np.ndarray, pictures: list[np.ndarray], **changed: object) -> Exemplars:
    lights = [light_of(picture) for picture in pictures]
    parts = regions(points)
    library = Exemplars(
        points,
        {n: np.stack([r.of(middle_of(one), DOWN) for one in lights]) for n, r in parts.items()},
        {n: [encoded(r.of(detail_of(one))) for one in lights] for n, r in parts.items()},
        {n: np.array([r.strength(next_of(one)) for one in lights]) for n, r in parts.items()},
        np.stack([whole_of(one) for one in lights]),
        np.zeros(len(pictures), bool),
        np.array([(1234, number) for number in range(len(pictures))]),
    )
    return replace(library, **changed)


@pytest.fixture(scope="module")
def library(points) -> Exemplars:
    return made(points, [made_face(seed) for seed in range(FACES)])


def mouth_hole(library: Exemplars) -> np.ndarray:
    hole = np.zeros((SIDE, SIDE), bool)
    mouth = library.regions[MOUTH]
    hole[
        mouth.rows.start - 20 : mouth.rows.stop + 20,
        mouth.columns.start - 20 : mouth.columns.stop + 20,
    ] = 1
    return hole


def test_detail_is_kept_nearly_as_it_was() -> None:
    detail = detail_of(light_of(made_face(0)))[:96, :128]
    kept = decoded(encoded(detail))
    assert kept.shape == detail.shape
    assert np.abs(kept - detail).mean() < 0.1 * np.abs(detail).mean()


@pytest.mark.parametrize("name", list(PARTS))
def test_the_most_alike_face_is_found_by_what_a_fill_has(library: Exemplars, name: str) -> None:
    everyone = np.ones(FACES, bool)
    middle = middle_of(light_of(soft(made_face(2))))
    found = library.best(name, middle, everyone)
    assert found is not None
    assert found[0] == 2
    assert found[1] > 0.95
    other = library.best(name, middle, everyone & (np.arange(FACES) != 2))
    assert other is not None
    assert other[1] < 0.6
    assert library.best(name, middle, ~everyone) is None


def test_a_face_without_a_region_is_not_taken_for_it(points) -> None:
    library = made(points, [made_face(0), made_face(1)])
    library.pictures[EYES][0] = np.zeros(0, np.uint8)
    again = Exemplars.of(library.tensors())
    middle = middle_of(light_of(made_face(0)))
    found = {name: again.best(name, middle, np.ones(2, bool)) for name in (EYES, MOUTH)}
    assert [one and one[0] for one in found.values()] == [1, 0]


def test_a_library_in_tensors_is_the_same(library: Exemplars) -> None:
    again = Exemplars.of(library.tensors())
    assert len(again) == FACES
    for name in PARTS:
        assert np.allclose(again.middles[name], library.middles[name], atol=1e-3)
        for number in range(FACES):
            assert np.array_equal(again.detail(name, number), library.detail(name, number))
    assert np.array_equal(again.files, library.files)


def test_the_photo_itself_is_told_by_its_file_and_by_its_face(library: Exemplars) -> None:
    hole = mouth_hole(library)
    stranger = light_of(made_face(9))
    assert not library.of_photo(stranger, hole, None).any()
    of_file = library.of_photo(stranger, hole, replace(FILE, checksum=3))
    assert of_file.tolist() == [False, False, False, True]
    shown = made_face(1)
    shown[hole] = 77  # whatever lies in the hole
    assert library.of_photo(light_of(shown), hole, None).tolist() == [False, True, False, False]


@pytest.mark.parametrize(
    ("blur", "contrast"),
    [(1.0, (0.85, 1.1)), (4.0, (0.5, 0.65))],  # the fill has the octaves next to it, or hardly
)
def test_a_hidden_mouth_gets_the_detail_of_the_most_alike_one(
    points, blur: float, contrast: tuple[float, float]
) -> None:
    whole = made_face(2)
    # Only mouths are alike, and the rest is another face's.
    library = made(points, [made_face(0), whole])
    picture, hole = made_face(9), mouth_hole(library)
    picture[hole] = cv2.GaussianBlur(whole, (0, 0), blur)[hole]
    out, taken = borrowed(library, picture, hole, CLOSED, None)
    assert [(one.region, one.number) for one in taken] == [(MOUTH, 1)]
    assert np.array_equal(out[~hole], picture[~hole].astype(np.float32))
    lips = library.regions[MOUTH]
    there = lips.mask > 0.9
    new, truth, before = (detail_of(light_of(p)) for p in (out, whole, picture))
    ours, theirs, had = (lips.of(one)[there] for one in (new, truth, before))
    assert np.corrcoef(ours, theirs)[0, 1] > 0.9
    assert had.std() < 0.7 * theirs.std()
    assert contrast[0] < ours.std() / theirs.std() < contrast[1]
    again, _ = borrowed(library, picture, hole, CLOSED, None)
    assert np.array_equal(out, again)


def test_nothing_is_taken_where_nothing_fits(points) -> None:
    library = made(points, [made_face(0), made_face(2)])
    hole = mouth_hole(library)
    picture = made_face(9)
    picture[hole] = soft(made_face(5))[hole]  # a mouth that nobody in the library has
    cases = [(picture, hole, CLOSED)]
    picture = made_face(9)
    picture[hole] = soft(made_face(2))[hole]
    opened = CLOSED.copy()
    opened[[13, 14]] = (0.5, 0.68), (0.5, 0.74)
    cases += [(picture, hole, opened)]
    seen = np.zeros_like(hole)  # a corner of the mouth
    seen[:, : SIDE // 2 - 40] = hole[:, : SIDE // 2 - 40]
    cases += [(picture, seen, CLOSED)]
    for shown, hidden, nodes in cases:
        out, taken = borrowed(library, shown, hidden, nodes, None)
        assert taken == ()
        assert np.array_equal(out, shown.astype(np.float32))


def test_a_library_of_the_photo_alone_gives_nothing(points) -> None:
    library = made(points, [made_face(2)])
    hole, picture = mouth_hole(library), made_face(2)
    picture[hole] = soft(picture)[hole]
    assert borrowed(library, picture, hole, CLOSED, None)[1] == ()


def written(library: Exemplars, name: str, kind: str = EXEMPLARS) -> Path:
    folder = user_folder() / name
    write_model(folder, library.tensors(), "", name=name, title=name, kind=kind)
    return folder


@pytest.fixture(scope="module")
def portrait(large, mesh) -> tuple[np.ndarray, np.ndarray]:
    """Her head out of the enlarged photo, and where her mouth is hidden there."""
    left, top = (int(v) - 300 for v in mesh.min(0))
    right, bottom = (int(v) + 300 for v in mesh.max(0))
    part = np.ascontiguousarray(large[max(0, top) : bottom, left:right])
    moved = (mesh - (left, max(0, top))).astype(np.float32)
    return part, part_mask(moved, "mouth", (part.shape[1], part.shape[0]))


def filled(photo: Photo, hole: np.ndarray, *names: str) -> list[np.ndarray]:
    """Filled with each of some libraries."""
    inpainter = FaceInpainter()
    faces, out = inpainter.find_faces(photo), []
    for name in names:
        options = FillOptions(model="prior", exemplars=name)
        result = inpainter.fill(FillRequest(photo, Mask(hole), options, faces=faces))
        out.append(photo.apply(*result.patches).pixels)
    return out


def test_a_fill_takes_detail_of_the_library_that_is_named(
    points, portrait, monkeypatch, tmp_path
) -> None:
    monkeypatch.setenv("MIEN_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(engine.detail.borrow, "FITS", -1.0)
    # Mouths that are open and such that are not, as grainy as no face is.
    faces = [made_face(0), made_face(1)]
    written(made(points, faces, open=np.array([False, True])), "studio")
    pixels, hole = portrait
    deep = photo_from_array(pixels.astype(np.uint16) * 257)
    plain, with_it, again = filled(deep, hole, "", "studio", "studio")
    assert with_it.dtype == np.uint16
    assert np.array_equal(plain[hole == 0], with_it[hole == 0])
    added = np.abs(with_it.astype(int) - plain)[hole > 0] / 257
    assert np.median(added) > 0.3
    assert np.percentile(added, 99) < 60
    assert np.array_equal(with_it, again)


def test_a_small_face_takes_nothing(points, photo, face, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("MIEN_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(engine.detail.borrow, "FITS", -1.0)
    faces = [made_face(0), made_face(1)]
    written(made(points, faces, open=np.array([False, True])), "studio")
    hole = part_mask(face.mesh, "mouth", photo.size)
    plain, with_it = filled(photo, hole, "", "studio")
    assert np.array_equal(plain, with_it)


def test_a_library_for_another_prior_is_refused(points, portrait, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("MIEN_MODELS", str(tmp_path / "models"))
    written(made(points + 0.01, [made_face(0)]), "old")
    pixels, hole = portrait
    with pytest.raises(MienError, match="another face prior"):
        filled(photo_from_array(pixels), hole, "old")


def test_what_is_no_library_is_refused_in_a_sentence(library, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("MIEN_MODELS", str(tmp_path / "models"))
    assert load_exemplars("") is None
    with pytest.raises(MienError, match="make one of your photos"):
        find_exemplars("studio")
    folder = written(library, "studio")
    assert len(load_exemplars("studio") or ()) == FACES
    with pytest.raises(MienError, match=r"installed: studio\); choose"):
        find_exemplars("prior")
    with pytest.raises(MienError, match="already"):
        check_free(user_folder() / "prior")
    check_free(folder)
    weights = folder / "exemplars.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    load_exemplars.__globals__["_read"].cache_clear()
    with pytest.raises(MienError, match="damaged"):
        load_exemplars("studio")
    save_file({"shape": library.tensors()["shape"]}, str(weights))
    manifest = folder / "manifest.json"
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace(find_exemplars("studio").sha256, checksum(weights)))
    with pytest.raises(MienError, match="make it again"):
        load_exemplars("studio")


def test_the_command_line_refuses_a_library_that_is_not_there(tmp_path, astronaut_path) -> None:
    out = tmp_path / "out.png"
    line = ["inpaint", str(astronaut_path), "--mask", str(astronaut_path), "-o", str(out)]
    told = CliRunner().invoke(app, [*line, "--exemplars", "nobody"])
    assert isinstance(told.exception, MienError)
    assert "'nobody'" in str(told.exception)
    assert not out.exists()


def test_a_batch_with_a_library_is_another_one_than_without(tmp_path) -> None:
    jobs = [
        BatchJob((tmp_path,), tmp_path / "out", options=FillOptions(exemplars=name))
        for name in ("", "studio", "other")
    ]
    assert len({job.digest for job in jobs}) == 3
