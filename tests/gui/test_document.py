"""Document and history: exact undo, bounded memory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import engine.edit.history
from engine.edit.edit import Layer, new_id
from engine.inpaint import FillOptions, FillResult, Patch
from engine.mask import Stroke
from engine.photo import photo_from_array
from gui.document import Document


@pytest.fixture
def document(qapp) -> Document:
    made = Document()
    rng = np.random.default_rng(0)
    made.open(photo_from_array(rng.integers(0, 255, (300, 520, 3)).astype(np.uint8)))
    return made


def paint(document: Document, x: float, y: float, radius: float = 20, erase: bool = False) -> None:
    document.begin_stroke()
    document.paint((x, y), (x + 40, y + 25), Stroke(np.empty((0, 2)), radius, 0.7, erase))
    document.end_stroke("stroke")


def land(document: Document, *patches: Patch) -> None:
    fill = FillResult(patches, (), "m", "cpu", 0)
    document.land(Layer(new_id(), fill, document.edit.mask, FillOptions()))


def fill(document: Document) -> None:
    mask = document.current_mask()
    x, y, width, height = mask.bounds or (0, 0, 1, 1)
    value = np.full((height, width, 3), 17, np.uint8)
    alpha = mask.pixels[y : y + height, x : x + width]
    land(document, Patch((x, y, width, height), value, alpha, "face", 0))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.sampled_from("pef"), st.integers(0, 520), st.integers(0, 300))))
def test_undoing_everything_restores_everything(document: Document, steps: list) -> None:
    document.open(document.photo)
    states = [(document.pixels.copy(), document.mask.copy())]
    for kind, x, y in steps:
        before = document.history.position
        if kind == "f":
            fill(document)
        else:
            paint(document, x, y, erase=kind == "e")
        if document.history.position > before:
            states.append((document.pixels.copy(), document.mask.copy()))
    for pixels, mask in reversed(states[:-1]):
        document.history.undo()
        assert np.array_equal(document.pixels, pixels)
        assert np.array_equal(document.mask, mask)
    assert not document.history.can_undo
    for pixels, mask in states[1:]:
        document.history.redo()
        assert np.array_equal(document.pixels, pixels)
        assert np.array_equal(document.mask, mask)


def test_overlapping_patches_are_undone_in_reverse(document: Document) -> None:
    before = document.pixels.copy()
    full = np.full((60, 60), 255, np.uint8)
    patches = [
        Patch((10 + 20 * n, 10, 60, 60), np.full((60, 60, 3), n, np.uint8), full, "face", 0)
        for n in range(3)
    ]
    land(document, *patches)
    assert document.pixels[20, 60].tolist() == [2, 2, 2]
    document.history.undo()
    assert np.array_equal(document.pixels, before)


def test_a_new_step_forgets_what_was_undone(document: Document) -> None:
    paint(document, 50, 50)
    paint(document, 150, 50)
    document.history.undo()
    paint(document, 250, 50)
    assert document.history.position == 2
    assert not document.history.can_redo


def test_strokes_that_change_nothing_leave_no_step(document: Document) -> None:
    paint(document, 50, 50, erase=True)
    assert document.history.titles == []


def test_the_history_is_bounded_by_bytes(document: Document, monkeypatch) -> None:
    monkeypatch.setattr(engine.edit.history, "LARGEST_MEMORY", 400_000)
    pixels = []
    for step in range(12):
        paint(document, 30 * step, 80)
        fill(document)
        pixels.append(document.pixels)
    assert document.tab.steps.memory <= 400_000 + 300_000  # the newest step stays
    assert document.history.position == 24
    for number in range(12):
        document.history.go(2 * number + 2)
        assert np.array_equal(document.pixels, pixels[number])


def test_saved_is_about_fills_not_about_masks(document: Document) -> None:
    assert not document.is_changed
    paint(document, 50, 50)
    assert not document.is_changed
    fill(document)
    assert document.is_changed
    document.history.mark_saved()
    paint(document, 90, 50)
    assert not document.is_changed
    document.history.undo()
    document.history.undo()
    assert document.is_changed
    document.history.redo()
    assert not document.is_changed
    document.history.undo()
    paint(document, 200, 50)  # the saved state can no longer be reached
    assert document.is_changed


def test_an_abandoned_stroke_never_was(document: Document) -> None:
    paint(document, 50, 50)
    mask = document.mask.copy()
    document.begin_stroke()
    document.paint((200, 100), (300, 100), Stroke(np.empty((0, 2)), 30))
    document.abandon_stroke()
    assert np.array_equal(document.mask, mask)
    assert document.history.position == 1
