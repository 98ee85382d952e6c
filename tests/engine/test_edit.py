"""Edits, their pictures and their history: values that share what is equal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine.edit.history
from engine.edit.compositor import Composite, composite, damage
from engine.edit.edit import (
    Edit,
    Layer,
    PlacedNode,
    Snapshot,
    found,
    framed,
    new_edit,
    subjects_of,
)
from engine.edit.history import History
from engine.edit.stroke import StrokeInProgress
from engine.edit.tiles import TiledMask
from engine.face.finder import Face, FaceFrame
from engine.inpaint import FillOptions, FillResult, Patch
from engine.photo import Photo, photo_from_array, save_photo
from engine.readings import DraggedNode

SIZE = (600, 520)


@pytest.fixture(params=[np.uint8, np.uint16])
def photo(request) -> Photo:
    rng = np.random.default_rng(0)
    top = np.iinfo(request.param).max
    return photo_from_array(rng.integers(0, top, (SIZE[1], SIZE[0], 4)).astype(request.param))


def patch_at(box, value: int, dtype, alpha: int = 255) -> Patch:
    _, _, width, height = box
    pixels = np.full((height, width, 3), value, dtype)
    return Patch(box, pixels, np.full((height, width), alpha, np.uint8), "face", 0.0)


def layer_of(photo: Photo, box, value: int, hole: str = "", mask: TiledMask | None = None) -> Layer:
    patch = patch_at(box, value, photo.pixels.dtype)
    fill = FillResult((patch,), (), "m", "cpu", 0.0)
    painted = mask or TiledMask(photo.size)
    return Layer(hole or f"hole {value}", fill, painted, FillOptions())


boxes = st.tuples(
    st.integers(0, 500), st.integers(0, 420), st.integers(1, 100), st.integers(1, 100)
)
stacks = st.lists(st.tuples(boxes, st.sampled_from([1.0, 0.4, 0.0]), st.booleans()), max_size=5)


@settings(max_examples=30, deadline=None)
@given(stacks, st.lists(boxes, min_size=1, max_size=4))
def test_a_box_of_the_picture_is_the_whole_pictures_box(stack, looked_at) -> None:
    rng = np.random.default_rng(1)
    photo = photo_from_array(rng.integers(0, 255, (SIZE[1], SIZE[0], 3)).astype(np.uint8))
    layers = tuple(
        replace(layer_of(photo, box, 10 * n), opacity=opacity, visible=visible)
        for n, (box, opacity, visible) in enumerate(stack)
    )
    whole = composite(Edit(photo, TiledMask(SIZE), layers)).pixels
    # One after the other on one store, as the canvas does while layers come and go.
    picture = Composite(photo)
    for count in range(len(layers) + 1):
        picture = picture.of(Edit(photo, TiledMask(SIZE), layers[:count]))
        picture.read(looked_at[0])
    for x, y, width, height in looked_at:
        part = picture.read((x, y, width, height))
        assert np.array_equal(part, whole[y : y + height, x : x + width])


def test_the_photo_stays_bit_for_bit_where_nothing_is_laid(photo: Photo) -> None:
    layer = layer_of(photo, (100, 90, 300, 200), 5)
    picture = Composite(photo, [layer])
    pixels = picture.photo().pixels
    outside = np.ones(pixels.shape[:2], bool)
    outside[90:290, 100:400] = False
    assert np.array_equal(pixels[outside], photo.pixels[outside])
    assert (pixels[90:290, 100:400, :3] == 5).all()
    assert np.array_equal(pixels[..., 3], photo.pixels[..., 3])
    assert np.shares_memory(picture.read((0, 512, 200, 8)), photo.pixels)
    assert Composite(photo).photo() is photo


def test_what_command_line_and_canvas_make_is_equal(photo: Photo, tmp_path) -> None:
    patches = tuple(
        patch_at((20 * n, 30, 90, 80), 40 * n, photo.pixels.dtype, 85 * n) for n in range(4)
    )
    fill = FillResult(patches, (), "m", "cpu", 0.0)
    layer = Layer("h", fill, TiledMask(SIZE), FillOptions())
    by_patches = photo.apply(*patches)
    assert np.array_equal(by_patches.pixels, Composite(photo, [layer]).photo().pixels)
    one = save_photo(by_patches, tmp_path / "a.png").read_bytes()
    assert (
        one
        == save_photo(
            composite(Edit(photo, TiledMask(SIZE), (layer,))), tmp_path / "b.png"
        ).read_bytes()
    )


def test_patches_are_applied_at_the_price_of_one_copy(photo: Photo, monkeypatch) -> None:
    made = []
    whole = Photo.with_pixels
    monkeypatch.setattr(Photo, "with_pixels", lambda self, p: made.append(1) or whole(self, p))
    photo.apply(*(patch_at((n, n, 5, 5), n, photo.pixels.dtype) for n in range(9)))
    assert len(made) == 1


def test_damage_is_what_differs(photo: Photo) -> None:
    a, b, c = (layer_of(photo, (50 * n, 0, 40, 40), n) for n in range(3))
    edit = Edit(photo, TiledMask(SIZE), (a, b, c))
    assert damage(edit, edit) == []
    assert damage(edit, replace(edit, mask=TiledMask(SIZE))) == []
    assert damage(edit, edit.with_changed(replace(b, opacity=0.5))) == [(50, 0, 40, 40)]
    assert damage(edit, edit.without_hole(c.hole)) == [(100, 0, 40, 40)]
    moved = edit.with_hole_moved(c.hole, upwards=False)
    assert set(damage(edit, moved)) == {(50, 0, 40, 40), (100, 0, 40, 40)}


# Layers.


def painted(x: float) -> TiledMask:
    stroke = StrokeInProgress(TiledMask(SIZE))
    stroke.paint((x, 100), (x + 20, 100), 15)
    return stroke.snapshot()


def test_a_fill_takes_its_own_mask_away_and_no_other(photo: Photo) -> None:
    asked, later = painted(100), painted(300)
    edit = replace(new_edit(photo), mask=asked.union(later))
    filled = edit.with_layer(layer_of(photo, (80, 80, 60, 40), 9, mask=asked))
    assert filled.mask.same(later)
    assert edit.mask.same(asked.union(later))


def test_of_a_hole_one_layer_is_seen_and_its_place_is_kept(photo: Photo) -> None:
    first, other = layer_of(photo, (0, 0, 9, 9), 1, "a"), layer_of(photo, (0, 0, 9, 9), 2, "b")
    edit = new_edit(photo).with_layer(first).with_layer(other)
    variant = layer_of(photo, (0, 0, 9, 9), 3, "a")
    edit = edit.with_layer(variant)
    assert [layer.hole for layer in edit.layers] == ["a", "a", "b"]
    assert [layer.id for layer in edit.shown] == [variant.id, other.id]
    again = edit.with_layer(edit.layers[0])
    assert [layer.id for layer in again.shown] == [first.id, other.id]
    assert len(again.layers) == 3
    assert [layer.id for layer in again.without_hole("a").layers] == [other.id]


def test_a_face_is_known_by_its_id_whatever_is_framed(photo: Photo) -> None:
    left, right = found(
        [Face((40, 40, 200, 200), 1, 0, None), Face((270, 100, 99, 99), 1, 0, None)]
    )
    edit = new_edit(photo).with_found((left, right))
    edit = replace(edit, nodes=edit.named((DraggedNode(0, 61, 5, 6), DraggedNode(1, 13, 7, 8))))
    frame = framed(FaceFrame(265, 95, 110, 110), (400, 300))
    after = replace(edit, frames=(frame,))
    assert [subject.id for subject in after.subjects] == [frame.id, left.id]
    assert after.numbered(after.nodes) == (DraggedNode(1, 61, 5, 6),)
    assert replace(after, frames=()).numbered(after.nodes)[1] == DraggedNode(1, 13, 7, 8)


def test_nodes_go_with_the_fill_they_were_dragged_for(photo: Photo) -> None:
    edit = new_edit(photo).with_found(found([Face((40, 40, 200, 200), 1, 0, None)]))
    name = edit.subjects[0].id
    edit = replace(edit, nodes=(PlacedNode(name, 61, 5, 6), PlacedNode(name, 13, 7, 8)))
    layer = layer_of(photo, (0, 0, 9, 9), 1)
    layer = replace(layer, options=replace(layer.options, nodes=(DraggedNode(0, 61, 5, 6),)))
    assert edit.with_layer(layer).nodes == (PlacedNode(name, 13, 7, 8),)


def test_a_face_only_the_fill_found_is_a_face_from_then_on(photo: Photo) -> None:
    face = Face((40, 40, 200, 200), 1, 0, None)
    edit = new_edit(photo).with_found(found([face]))
    fill = FillResult((), (face, Face((300, 40, 90, 90), 1, 0, None)), "m", "cpu", 0.0)
    layer = Layer("h", fill, TiledMask(SIZE), FillOptions(), subjects_of(fill, edit))
    assert layer.subjects[0] == edit.subjects[0].id
    after = edit.with_layer(layer)
    assert [s.id for s in after.subjects] == list(layer.subjects)
    assert [s.id for s in after.with_layer(layer).subjects] == list(layer.subjects)


# History.


def test_going_back_and_forth_gives_the_same_edits(photo: Photo) -> None:
    history = History(new_edit(photo))
    edits = [history.edit]
    for n in range(4):
        history.push(f"step {n}", replace(history.edit, mask=painted(100 * n)))
        edits.append(history.edit)
    history.go(2)
    assert history.edit is edits[2]
    assert history.can_redo
    history.push("other", edits[1])
    assert history.titles == ["step 0", "step 1", "other"]
    assert not history.can_redo
    history.go(-5)
    assert history.edit is edits[0]


def test_old_steps_move_to_disk_and_come_back_equal(photo: Photo, monkeypatch) -> None:
    monkeypatch.setattr(engine.edit.history, "LARGEST_MEMORY", 400_000)
    history, wanted = History(new_edit(photo)), []
    for n in range(12):
        mask = painted(40 * n)
        edit = replace(history.edit, mask=mask)
        history.push("Brush", edit)
        wanted.append((mask.to_mask().pixels, composite(edit).pixels))
        edit = edit.with_layer(layer_of(photo, (40 * n, 50, 120, 100), n, mask=mask))
        edit = edit.without_hole(f"hole {n - 2}")
        history.push("Fill", edit)
        wanted.append((edit.mask.to_mask().pixels, composite(edit).pixels))
    assert history.memory <= 400_000
    assert history._spill.bytes > 0
    assert len(history.titles) == 24
    for position, (mask, pixels) in enumerate(wanted, start=1):
        history.go(position)
        assert np.array_equal(history.edit.mask.to_mask().pixels, mask)
        assert np.array_equal(composite(history.edit).pixels, pixels)


def test_what_a_snapshot_holds_moves_to_disk_with_the_step(photo: Photo, monkeypatch) -> None:
    monkeypatch.setattr(engine.edit.history, "LARGEST_MEMORY", 400_000)
    history, mask = History(new_edit(photo)), painted(100)
    first = replace(history.edit, mask=mask)
    first = first.with_layer(layer_of(photo, (40, 50, 120, 100), 0, mask=mask))
    history.push("Fill", replace(first, snapshots=(Snapshot("kept", first),)))
    for n in range(12):
        layer = layer_of(photo, (40 * n, 50, 120, 100), n, mask=painted(40 * n))
        history.push("Fill", history.edit.with_layer(layer))
    history.go(1)
    (kept,) = history.edit.snapshots
    one, other = history.edit.layers[0].patches[0].pixels, kept.edit.layers[0].patches[0].pixels
    assert one is other
    assert np.array_equal(composite(kept.edit).pixels, composite(first).pixels)


def test_a_full_disk_forgets_the_oldest_steps(photo: Photo, monkeypatch) -> None:
    monkeypatch.setattr(engine.edit.history, "LARGEST_MEMORY", 150_000)
    monkeypatch.setattr(engine.edit.history, "LARGEST_DISK", 300_000)
    history = History(new_edit(photo))
    for n in range(20):
        history.push(f"{n}", replace(history.edit, mask=painted(30 * n)))
    assert 2 <= len(history.titles) < 20
    assert history.titles[-1] == "19"
    assert history.position == len(history.titles)
    history.go(0)
    assert not history.can_undo
    assert not history.edit.mask.is_blank


def test_the_price_of_a_step_is_what_it_adds(photo: Photo) -> None:
    history = History(new_edit(photo))
    mask = painted(100)
    history.push("Brush", replace(history.edit, mask=mask))
    cost = history.memory
    assert cost == sum(tile.nbytes for tile in mask.tiles.values())
    history.push("Nothing", replace(history.edit))
    assert history.memory == cost
    layer = layer_of(photo, (0, 0, 50, 40), 1, mask=mask)
    history.push("Fill", history.edit.with_layer(layer))
    # The mask and the hole of a fill count, too, and its mask is the painted one.
    assert history.memory == cost + layer.bytes


def test_a_frame_lies_in_the_photo() -> None:
    frame = FaceFrame(900, -500, 40, 60, 12.0)
    held = framed(frame, (400, 300))
    assert held.frame == FaceFrame(380, -30, 40, 60, 12.0)
    assert held.face.box == (380, -30, 40, 60)
    cut_off = FaceFrame(-15, 280, 40, 60)  # at the border: the middle is in the photo
    assert framed(cut_off, (400, 300)).frame == FaceFrame(-15, 270, 40, 60)
