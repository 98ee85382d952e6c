"""References in an edit, and in the file of its session."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.edit import edit as edits
from engine.edit.edit import Edit, Layer, request_of
from engine.edit.history import History
from engine.edit.session import SessionWriter, read_session, reference_of, write_session
from engine.edit.shelved import Shelved, ShelvedPhoto, shelved_photo
from engine.edit.tiles import TiledMask
from engine.face.finder import Face, FaceFrame
from engine.face.shape import load_shapes
from engine.inpaint import FillOptions, FillResult
from engine.photo import Photo, open_photo, photo_from_array, save_photo
from engine.reference import REGIONS, Taken


def face_at(x: float, y: float, side: float) -> Face:
    space = load_shapes()
    assert space is not None
    mesh = (space.mean * side + (x, y)).astype(np.float32)
    return Face((x, y, side, side), 1.0, 0.0, mesh)


def noise(seed: int, size: tuple[int, int] = (240, 180)) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 255, (size[1], size[0], 3)).astype(np.uint8)


@pytest.fixture
def photo(tmp_path: Path) -> Photo:
    return open_photo(save_photo(photo_from_array(noise(1)), tmp_path / "group.png"))


@pytest.fixture
def other(tmp_path: Path) -> Photo:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return open_photo(save_photo(photo_from_array(noise(2)), folder / "IMG 2.JPG"))


@pytest.fixture
def edit(photo: Photo) -> Edit:
    return edits.new_edit(photo).with_found(
        edits.found((face_at(10, 10, 90), face_at(120, 60, 80)))
    )


@pytest.fixture
def source(other: Photo) -> ShelvedPhoto:
    return shelved_photo(other, "IMG 2.JPG")


def request(edit: Edit):
    return request_of(edit, edit.options(FillOptions()), edit.photo, edit.mask, edit.known_faces())


# In the edit.


def test_a_fill_is_given_the_references_of_its_faces(edit: Edit, source: ShelvedPhoto) -> None:
    face, second = face_at(50, 40, 100), edit.subjects[1].id
    one = Shelved(source, face, second, True, ("eyes", "mouth"), 0.5)
    edit = edit.with_shelved(one).with_shelved(Shelved(source, face))
    asked, free = request(edit).references
    assert (asked.of, asked.sure, asked.regions, asked.strength) == (1, True, one.regions, 0.5)
    assert (free.of, free.sure, free.regions, free.strength) == (None, False, REGIONS, 1.0)
    assert asked.photo is source.photo
    assert asked.name == "IMG 2.JPG"
    assert request(edit.without_shelved(one.id)).references[0].of is None


def test_one_that_may_give_nothing_is_not_looked_at(edit: Edit, source: ShelvedPhoto) -> None:
    silent = Shelved(source, face_at(50, 40, 100), regions=())
    faint = Shelved(source, face_at(50, 40, 100), strength=0.0)
    edit = edit.with_shelved(silent).with_shelved(faint)
    assert request(edit).references == ()
    assert edit.wishes == ()


def test_a_reference_of_a_face_that_was_framed_anew_still_has_its_say(
    edit: Edit, source: ShelvedPhoto
) -> None:
    gone = edit.subjects[0].id
    edit = edit.with_shelved(Shelved(source, face_at(50, 40, 100), gone, sure=True))
    edit = replace(edit, frames=(edits.framed(FaceFrame(10, 10, 90, 90), edit.photo.size),))
    assert gone not in {subject.id for subject in edit.subjects}
    (asked,) = request(edit).references
    assert asked.of is None
    assert not asked.sure  # the person said it of one face, not of all


def test_the_expression_is_asked_for_where_there_is_a_reference(
    edit: Edit, source: ShelvedPhoto
) -> None:
    edit = replace(edit, expression="reference")
    assert edit.options(FillOptions()).expression == "keep"
    edit = edit.with_shelved(Shelved(source, face_at(50, 40, 100)))
    assert edit.options(FillOptions()).expression == "reference"


def test_putting_on_and_changing_are_undone(edit: Edit, source: ShelvedPhoto) -> None:
    history = History(edit)
    one = Shelved(source, face_at(50, 40, 100))
    history.push("Reference", history.edit.with_shelved(one))
    history.push("Reference", history.edit.with_shelved(replace(one, strength=0.3)))
    assert [x.strength for x in history.edit.shelf] == [0.3]
    history.go(1)
    assert [x.strength for x in history.edit.shelf] == [1.0]
    history.go(0)
    assert history.edit.shelf == ()


# In the session.


def test_a_session_keeps_the_photo_however_its_file_fares(
    edit: Edit, source: ShelvedPhoto, other: Photo, tmp_path: Path
) -> None:
    assert other.path is not None
    data = other.path.read_bytes()
    first, second = (subject.id for subject in edit.subjects)
    edit = edit.with_shelved(Shelved(source, face_at(50, 40, 100), first, True, ("nose",), 0.25))
    edit = edit.with_shelved(Shelved(source, face_at(90, 40, 60), second))
    edit = replace(edit, expression="reference")
    other.path.unlink()
    path = write_session(edit, tmp_path / "a.mien")
    with zipfile.ZipFile(path) as archive:
        files = [name for name in archive.namelist() if name.endswith(".jpg")]
        assert len(files) == 1  # once, however many faces of it are references
        assert archive.read(files[0]) == data
    again = read_session(path)
    assert again.expression == "reference"
    assert [one.wish for one in again.shelf] == [one.wish for one in edit.shelf]
    for one, was in zip(again.shelf, edit.shelf, strict=True):
        assert np.array_equal(one.source.photo.pixels, other.pixels)
        assert one.source.name == "IMG 2.JPG"
        assert np.array_equal(one.face.mesh, was.face.mesh)
    assert again.shelf[0].source is again.shelf[1].source
    assert [one.of for one in request(again).references] == [0, 1]


def test_a_session_is_written_anew_with_what_it_is_by_then(
    edit: Edit, source: ShelvedPhoto, photo: Photo, tmp_path: Path
) -> None:
    writer, path = SessionWriter(reference_of(photo)), tmp_path / "kept.mien"
    one = Shelved(source, face_at(50, 40, 100))
    writer.write(edit.with_shelved(one), path)
    assert len(read_session(path).shelf) == 1
    writer.write(edit, path)
    assert read_session(path).shelf == ()


def test_a_layer_keeps_what_it_took(edit: Edit, source: ShelvedPhoto, tmp_path: Path) -> None:
    edit = edit.with_shelved(Shelved(source, face_at(50, 40, 100), strength=0.5))
    taken = Taken(0, 0, "IMG 2.JPG", 0.61, True, {"eyes": 0.9})
    fill = FillResult((), (), "fake", "cpu", 0.1, references=(taken,))
    layer = Layer("hole", fill, TiledMask(edit.photo.size), FillOptions(), wishes=edit.wishes)
    path = write_session(replace(edit, layers=(layer,)), tmp_path / "a.mien")
    again = read_session(path)
    assert again.layers[0].fill.references == (taken,)
    assert again.layers[0].asked == layer.asked
    assert again.layers[0].wishes == again.wishes


def test_a_session_from_before_has_no_references(edit: Edit, tmp_path: Path) -> None:
    fill = FillResult((), (), "fake", "cpu", 0.1)
    layer = Layer("hole", fill, TiledMask(edit.photo.size), FillOptions())
    path = write_session(replace(edit, layers=(layer,)), tmp_path / "a.mien")
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    told = json.loads(files["session.json"])
    for name in ("shelf", "expression"):
        del told[name]
    for name in ("wishes", "references"):
        del told["layers"][0][name]
    del told["layers"][0]["options"]["expression"]
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, json.dumps(told) if name == "session.json" else data)
    again = read_session(path)
    assert again.shelf == ()
    assert again.expression == "keep"
    assert again.layers[0].asked == layer.asked


def test_a_photo_without_a_file_is_kept_as_it_is(tmp_path: Path, edit: Edit) -> None:
    pasted = photo_from_array(noise(3))
    one = Shelved(shelved_photo(pasted, "Pasted"), face_at(50, 40, 100))
    path = write_session(edit.with_shelved(one), tmp_path / "a.mien")
    assert np.array_equal(read_session(path).shelf[0].source.photo.pixels, pasted.pixels)


def test_a_file_that_became_another_is_not_taken_for_the_photo(other: Photo) -> None:
    assert other.path is not None
    save_photo(photo_from_array(noise(4)), other.path, overwrite=True)
    kept = shelved_photo(other, "IMG 2.JPG")
    assert kept.data != other.path.read_bytes()
    assert np.array_equal(kept.photo.pixels, other.pixels)
