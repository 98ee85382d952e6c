"""Parts of a face by a click: one eye, one brow; a second click and Alt take them away."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt

from engine.face.parts import part_mask
from gui.main_window import MainWindow
from gui.part_masks import covers, with_part

LEFT, ALT = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.AltModifier


def press(qtbot, window: MainWindow, part: str, keys=Qt.KeyboardModifier.NoModifier) -> None:
    qtbot.mouseClick(window.inspector.faces.parts[part], LEFT, keys)


def middle(mask: np.ndarray) -> tuple[float, float]:
    y, x = np.nonzero(mask)
    return float(x.mean()), float(y.mean())


@pytest.mark.parametrize("part", ["eye", "brow"])
def test_one_of_two_is_masked_alone(qtbot, faced: MainWindow, part: str) -> None:
    press(qtbot, faced, f"left_{part}")
    left = faced.document.mask.copy()
    press(qtbot, faced, f"right_{part}")
    both = faced.document.mask
    assert middle(left)[0] < 140 < middle(np.where(left, 0, both))[0]
    mesh = faced.document.subjects[0].mesh
    assert mesh is not None
    assert np.array_equal(both > 0, part_mask(mesh, f"{part}s", (400, 300)) > 0)


def test_a_second_click_takes_a_part_away_and_leaves_the_rest(qtbot, faced: MainWindow) -> None:
    press(qtbot, faced, "nose")
    nose = faced.document.mask.copy()
    press(qtbot, faced, "mouth")
    press(qtbot, faced, "mouth")
    assert np.array_equal(faced.document.mask, nose)
    assert faced.document.history.titles[-1] == "Mouth taken away"
    faced.document.history.undo()
    assert faced.document.mask.sum() > nose.sum()


def test_what_it_was_grown_by_goes_with_it(qtbot, faced: MainWindow) -> None:
    press(qtbot, faced, "mouth")
    faced.document.set_mask(faced.document.edit.mask.to_mask().grow(5), "Grow to fit")
    grown = faced.document.mask.sum()
    press(qtbot, faced, "mouth")
    assert grown > 0
    assert not faced.document.has_mask


def test_what_was_inverted_since_is_not_taken_away_whole(qtbot, faced: MainWindow) -> None:
    press(qtbot, faced, "mouth")
    faced.masks.invert()
    faced.masks.invert()
    faced.canvas.set_brush(30)
    qtbot.mouseClick(faced.canvas, LEFT, pos=faced.canvas.view.to_widget(350, 40).toPoint())
    press(qtbot, faced, "mouth")
    assert faced.document.mask[40, 350] == 255
    assert not covers(faced.document.edit.mask, "mouth", faced.document.subjects[0].mesh)


def test_the_part_of_a_second_face_leaves_that_of_the_first(qtbot, faced: MainWindow) -> None:
    press(qtbot, faced, "mouth")
    first = faced.document.mask.copy()
    faced.document.select(1)
    press(qtbot, faced, "mouth")
    both = faced.document.mask.copy()
    assert both[first > 0].all()
    assert (both > 0).sum() > (first > 0).sum()
    press(qtbot, faced, "mouth")  # away again, of that face alone
    assert np.array_equal(faced.document.mask, first)


def test_alt_takes_away_what_was_painted_by_hand(qtbot, faced: MainWindow, monkeypatch) -> None:
    faced.masks.invert()  # all of the photo
    monkeypatch.setattr("gui.masks.QApplication.keyboardModifiers", lambda: ALT)
    press(qtbot, faced, "left_eye", ALT)
    mesh = faced.document.subjects[0].mesh
    assert mesh is not None
    eye = part_mask(mesh, "left_eye", (400, 300)) > 0
    assert not faced.document.mask[eye].any()
    assert faced.document.mask[~eye].all()


def test_a_part_is_there_once_nearly_all_of_it_is(faced: MainWindow) -> None:
    mesh, empty = faced.document.subjects[0].mesh, faced.document.edit.mask
    assert mesh is not None
    mouth = with_part(empty, "mouth", [mesh])
    assert covers(mouth, "mouth", mesh)
    assert not covers(mouth, "lower_face", mesh)
    assert not covers(empty, "mouth", mesh)
    beside = mesh + np.float32(5000)
    assert not covers(mouth, "mouth", beside)
