"""What is worn is masked as it lies there, and where nothing is worn nothing is masked."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from engine.base.errors import MienError
from engine.batch import BatchJob, MaskRule, run_batch
from engine.batch.tell import line_of, sentence_of
from engine.face.finder import FaceFinder
from engine.face.mesh import eye_centres, inter_ocular
from engine.face.parts import part_mask
from engine.photo import open_photo, photo_from_array, save_photo
from engine.worn import THINGS, outline
from engine.worn.outline import see, worn_mask
from main import app
from tests.engine.batches import Black
from training.outlines.data import outlined
from training.worn import wear

DRESSED = (
    *(("glasses", "sunglasses", 5), ("glasses", "clear_glasses", 2)),
    *(("face_mask", "cloth_mask", 1), ("face_mask", "surgical_mask", 3)),
)


@pytest.fixture(scope="module")
def hopper_mesh(hopper: np.ndarray, finder: FaceFinder) -> np.ndarray:
    mesh = finder.find(hopper)[0].mesh
    assert mesh is not None
    return mesh


@pytest.mark.parametrize(("thing", "kind", "seed"), DRESSED)
def test_what_is_worn_is_covered_whole(astronaut, face, thing: str, kind: str, seed: int) -> None:
    worn = wear(astronaut, face.mesh, kind, np.random.default_rng(seed))
    there = outlined(astronaut, worn.photo, worn.mask)
    found = worn_mask(worn.photo, face.mesh, thing) > 0
    assert (found & there).sum() / there.sum() > 0.95
    # A margin, and no more: what it asks to be painted anew beyond the thing is little of the face.
    whole = part_mask(face.mesh, "face", (512, 512)) > 0
    assert (found & ~(worn.mask > 0) & whole).sum() < 0.12 * whole.sum()


def test_real_glasses_are_seen_with_their_arms(hopper, hopper_mesh) -> None:
    found = worn_mask(hopper, hopper_mesh, "glasses") > 0
    unit = inter_ocular(hopper_mesh)
    for x, y in eye_centres(hopper_mesh):
        assert found[int(y), int(x)]
        assert found[int(y + 0.25 * unit), int(x)]  # the lower rim
    left, right = np.flatnonzero(found.any(0))[[0, -1]]
    assert right - left > 1.75 * unit
    assert not found[int(hopper_mesh[13, 1]), int(hopper_mesh[13, 0])]  # the mouth
    assert worn_mask(hopper, hopper_mesh, "face_mask").max() == 0


@pytest.mark.parametrize("thing", THINGS)
def test_a_bare_face_wears_nothing(astronaut, face, thing: str) -> None:
    assert see(astronaut, face.mesh, thing) is None
    assert worn_mask(astronaut, face.mesh, thing).max() == 0


def test_a_turned_photo_and_a_large_one_show_the_same(astronaut, face) -> None:
    import cv2

    worn = wear(astronaut, face.mesh, "sunglasses", np.random.default_rng(5)).photo
    upright = worn_mask(worn, face.mesh, "glasses") > 0
    turned = np.ascontiguousarray(np.rot90(worn, -1))
    mesh = np.column_stack([512 - face.mesh[:, 1], face.mesh[:, 0]])
    assert _alike(np.rot90(worn_mask(turned, mesh, "glasses")) > 0, upright)
    large = cv2.resize(worn, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    found = worn_mask(large, face.mesh * 3, "glasses")
    assert _alike(cv2.resize(found, (512, 512), interpolation=cv2.INTER_AREA) > 127, upright)


def _alike(one: np.ndarray, two: np.ndarray) -> bool:
    return float((one & two).sum() / (one | two).sum()) > 0.9


def test_a_face_at_the_border_is_cut_by_it(astronaut, face) -> None:
    worn = wear(astronaut, face.mesh, "sunglasses", np.random.default_rng(5)).photo
    left = int(eye_centres(face.mesh)[0][0])
    part = np.ascontiguousarray(worn[:, left:])
    found = see(part, face.mesh - (left, 0), "glasses")
    assert found is not None
    x, y, width, height = found.box
    assert (x, found.pixels.shape) == (0, (height, width))
    assert x + width <= part.shape[1]
    assert y + height <= part.shape[0]


def test_what_cannot_be_seen_is_said(astronaut, face, monkeypatch) -> None:
    with pytest.raises(MienError, match="nothing that is worn"):
        see(astronaut, face.mesh, "crown")
    monkeypatch.setattr("engine.catalogue.weights.load", lambda *_: None)
    outline._installed.cache_clear()
    with pytest.raises(MienError, match="is missing"):
        see(astronaut, face.mesh, "glasses")
    outline._installed.cache_clear()


# Batches.


class Finding(Black):
    """The same with faces."""

    finder = FaceFinder()

    def find_faces(self, photo, cancel=None):
        return self.finder.find(photo.rgb8)


@pytest.fixture
def sitting(astronaut, hopper, tmp_path: Path) -> Path:
    """One who wears glasses, one who does not, and a photo of nobody."""
    folder = tmp_path / "sitting"
    folder.mkdir()
    grey = np.full((120, 160, 3), 90, np.uint8)
    for name, pixels in (("bare", astronaut), ("glasses", hopper), ("wall", grey)):
        save_photo(photo_from_array(np.ascontiguousarray(pixels)), folder / f"{name}.png")
    return folder


def test_a_batch_leaves_alone_who_wears_none(sitting: Path, tmp_path: Path) -> None:
    job = BatchJob((sitting,), tmp_path / "out", MaskRule(parts=("glasses",)))
    summary = run_batch(job, create=Finding)
    records = {record.photo: record for record in summary.records}
    assert records["bare.png"].state == "nothing worn"
    assert records["glasses.png"].state == "filled"
    assert records["wall.png"].state == "nothing"
    assert "No face" in records["wall.png"].note
    assert sorted(p.name for p in job.output.glob("*.png")) == ["glasses.png"]
    log = (job.output / "mien-batch.jsonl").read_text("utf-8").splitlines()
    assert {line["photo"]: line["state"] for line in map(json.loads, log)}["bare.png"] == (
        "nothing worn"
    )
    assert line_of(records["bare.png"]) == "nothing worn"
    assert "1 filled" in sentence_of(summary)
    assert "1 with nothing worn" in sentence_of(summary)
    before, after = (open_photo(p / "glasses.png").pixels for p in (sitting, job.output))
    changed = (before != after).any(-1)
    assert 0.01 < changed.mean() < 0.1
    # A rule for a part of the face itself fills everybody's.
    eyes = BatchJob((sitting,), tmp_path / "eyes", MaskRule(parts=("eyes",)))
    assert run_batch(eyes, create=Finding).count("filled") == 2


def test_a_batch_of_bare_faces_says_so_and_ends_well(astronaut, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    save_photo(photo_from_array(astronaut), tmp_path / "photos" / "a.png")
    told = CliRunner().invoke(
        app,
        ["batch", str(tmp_path / "photos"), "--part", "glasses", "-o", str(tmp_path / "out")],
    )
    assert told.exit_code == 0, told.output
    assert "a.png: nothing worn" in told.output
    assert "Nobody in these photos wears glasses" in told.output
