"""Sessions: what is written down is what comes back, and a photo that moved is asked for."""

from __future__ import annotations

import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from engine.base.errors import MienError
from engine.edit.compositor import composite
from engine.edit.edit import Edit, Layer, found, framed, new_edit, subjects_of
from engine.edit.session import (
    PhotoMissing,
    SessionWriter,
    read_session,
    reference_of,
    write_session,
)
from engine.edit.stroke import StrokeInProgress
from engine.edit.tiles import TiledMask
from engine.face.finder import Face, FaceFrame
from engine.face.frames import meets
from engine.inpaint import FillOptions, FillResult, Patch
from engine.photo import Photo, open_photo, photo_from_array, save_photo
from engine.readings import DraggedNode, FaceReading

SIZE = (420, 310)


@pytest.fixture(params=["jpg", "png16", "pasted"])
def photo(request, tmp_path: Path) -> Photo:
    rng = np.random.default_rng(0)
    if request.param == "png16":
        deep = rng.integers(0, 65535, (SIZE[1], SIZE[0], 4)).astype(np.uint16)
        return open_photo(save_photo(photo_from_array(deep), tmp_path / "사진.png"))
    pixels = rng.integers(0, 255, (SIZE[1], SIZE[0], 3)).astype(np.uint8)
    if request.param == "pasted":
        return photo_from_array(pixels)
    Image.fromarray(pixels).save(tmp_path / "photo.jpg")
    return open_photo(tmp_path / "photo.jpg")


def edit_of(photo: Photo, seed: int = 0) -> Edit:
    rng = np.random.default_rng(seed)
    top = np.iinfo(photo.pixels.dtype).max
    mesh = rng.uniform(0, 300, (478, 2)).astype(np.float32)
    edit = new_edit(photo).with_found(found([Face((40.5, 40, 200, 200), 0.9, 3.0, mesh)]))
    edit = replace(edit, frames=(framed(FaceFrame(200, 20, 80, 90, -4.0), photo.size),))
    for n in range(3):
        stroke = StrokeInProgress(TiledMask(photo.size))
        stroke.paint((50 + 90 * n, 60), (90 + 90 * n, 90), 20, 0.6)
        mask = stroke.snapshot()
        _, _, width, height = box = mask.bounds
        pixels = rng.integers(0, top, (height, width, 3)).astype(photo.pixels.dtype)
        patch = Patch(box, pixels, mask.read(box), "face", 0.25, {"hidden": np.float64(0.5)})
        reading = FaceReading(1, (0.125,) * 7, None, mesh, np.arange(478) > 200, 0.02, ("emotion",))
        fill = FillResult((patch,), edit.known_faces() or (), "mien-2", "cpu", 1.5, (reading,))
        options = FillOptions(
            emotion="fear", strength=1.2, variant=n, nodes=(DraggedNode(1, 61, 5.5, 6),)
        )
        layer = Layer(f"hole {n // 2}", fill, mask, options, subjects_of(fill, edit))
        edit = edit.with_layer(layer)
        if n == 2:
            edit = edit.with_changed(replace(edit.layers[-1], opacity=0.4))
    stroke = StrokeInProgress(TiledMask(photo.size))
    stroke.paint((300, 250), (380, 280), 30, 0.3)
    nodes = edit.named((DraggedNode(1, 13, 7, 8), DraggedNode(0, 61, 210, 40)))
    return replace(edit, mask=stroke.snapshot(), nodes=nodes)


def assert_equal(one: Edit, other: Edit) -> None:
    assert np.array_equal(composite(one).pixels, composite(other).pixels)
    assert one.mask.same(other.mask)
    assert one.look == other.look
    assert one.nodes == other.nodes
    for a, b in zip(one.layers, other.layers, strict=True):
        assert (a.id, a.hole, a.options, a.subjects) == (b.id, b.hole, b.options, b.subjects)
        assert a.mask.same(b.mask)
        assert a.fill.as_dict() == b.fill.as_dict()
    for a, b in zip(one.subjects, other.subjects, strict=True):
        assert (a.id, a.face.box, a.frame) == (b.id, b.face.box, b.frame)
        assert (a.face.mesh is None) == (b.face.mesh is None)
        assert a.face.mesh is None or np.array_equal(a.face.mesh, b.face.mesh)


def test_a_session_comes_back_as_it_was(photo: Photo, tmp_path: Path) -> None:
    edit = edit_of(photo)
    path = write_session(edit, tmp_path / "일.mien")
    again = read_session(path)
    assert_equal(edit, again)
    assert again.photo.path == photo.path
    assert again.photo.metadata.dpi == photo.metadata.dpi


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.sampled_from(["hide", "drop", "clear", "fill"]), max_size=6))
def test_writing_again_writes_what_is_there_now(tmp_path: Path, steps: list[str]) -> None:
    photo = photo_from_array(np.zeros((SIZE[1], SIZE[0], 3), np.uint8))
    edit, writer = edit_of(photo), SessionWriter(reference_of(photo))
    path = tmp_path / "a.mien"
    writer.write(edit, path)
    for number, step in enumerate(steps):
        if step == "hide" and edit.layers:
            edit = edit.with_changed(replace(edit.layers[0], visible=not edit.layers[0].visible))
        elif step == "drop" and edit.layers:
            edit = edit.without_hole(edit.layers[-1].hole)
        elif step == "clear":
            edit = replace(edit, mask=TiledMask(photo.size))
        else:
            edit = replace(edit, layers=(*edit.layers, *edit_of(photo, number + 1).layers))
        assert_equal(edit, read_session(writer.write(edit, path)))


@pytest.mark.parametrize("photo", ["jpg"], indirect=True)
def test_a_photo_that_moved_is_asked_for(photo: Photo, tmp_path: Path) -> None:
    edit = edit_of(photo)
    assert photo.path is not None
    path = write_session(edit, tmp_path / "a.mien")
    moved = tmp_path / "elsewhere.jpg"
    photo.path.rename(moved)
    with pytest.raises(PhotoMissing, match="not where it was") as missing:
        read_session(path)
    assert missing.value.reference.name == "photo.jpg"
    assert_equal(edit, read_session(path, moved))


@pytest.mark.parametrize("photo", ["jpg"], indirect=True)
def test_a_photo_that_changed_is_asked_for(photo: Photo, tmp_path: Path) -> None:
    path = write_session(edit_of(photo), tmp_path / "a.mien")
    assert photo.path is not None
    Image.new("RGB", (9, 9)).save(photo.path)
    with pytest.raises(PhotoMissing, match="changed"):
        read_session(path)
    with pytest.raises(PhotoMissing, match="9 x 9"):
        read_session(path, photo.path)


@pytest.mark.parametrize("photo", ["jpg"], indirect=True)
def test_photo_and_session_may_move_together(photo: Photo, tmp_path: Path) -> None:
    edit = edit_of(photo)
    assert photo.path is not None
    write_session(edit, tmp_path / "a.mien")
    (tmp_path / "new").mkdir()
    shutil.move(photo.path, tmp_path / "new" / photo.path.name)
    shutil.move(tmp_path / "a.mien", tmp_path / "new" / "a.mien")
    assert_equal(edit, read_session(tmp_path / "new" / "a.mien"))


@pytest.mark.parametrize("harm", ["cut", "text", "no manifest", "newer", "box", "array"])
def test_a_file_that_is_no_session_is_said_in_one_sentence(tmp_path: Path, harm: str) -> None:
    photo = photo_from_array(np.zeros((SIZE[1], SIZE[0], 3), np.uint8))
    path = write_session(edit_of(photo), tmp_path / "a.mien")
    if harm == "cut":
        path.write_bytes(path.read_bytes()[:-900])
    elif harm == "text":
        path.write_text("hello")
    else:
        with zipfile.ZipFile(path) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        text = files.pop("session.json")
        changes = {
            "newer": (b'"version": 1', b'"version": 2'),
            "box": (b'"corner": [\n   ', b'"corner": [\n   9'),
            "array": (b'"array": "', b'"array": "x'),
        }
        if harm in changes:
            assert changes[harm][0] in text
            files["session.json"] = text.replace(*changes[harm])
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in files.items():
                archive.writestr(name, data)
    with pytest.raises(MienError, match="newer" if harm == "newer" else "damaged"):
        read_session(path)


def test_a_full_disk_leaves_the_old_session(tmp_path: Path, monkeypatch) -> None:
    photo = photo_from_array(np.zeros((SIZE[1], SIZE[0], 3), np.uint8))
    path = write_session(new_edit(photo), tmp_path / "a.mien")
    old = path.read_bytes()
    monkeypatch.setattr("os.fsync", lambda _file: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(MienError, match="full"):
        write_session(edit_of(photo), path)
    assert path.read_bytes() == old
    assert [p.name for p in tmp_path.iterdir()] == ["a.mien"]


def test_a_frame_beyond_the_photo_comes_back_in_it(photo: Photo, tmp_path: Path) -> None:
    """Such frames were written before they were held in the photo; a fill would refuse them."""
    frame = FaceFrame(4000, -900, 80, 90)
    subject = replace(framed(frame, (9000, 9000)), frame=frame)
    path = write_session(replace(new_edit(photo), frames=(subject,)), tmp_path / "old.mien")
    (read,) = read_session(path).frames
    assert read.id == subject.id
    assert read.frame is not None
    assert meets(read.frame, photo.size)
    assert read.face.box[:2] == (read.frame.x, read.frame.y)
