"""Areas: a lasso by hand and from corner to corner; scratches that are found."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import Qt

from engine.photo import photo_from_array, save_photo
from gui.canvas.snap import LiveWire
from gui.main_window import MainWindow

CORNERS = ((60, 60), (200, 60), (200, 160), (60, 160))


@pytest.fixture
def lasso(opened: MainWindow, hand) -> MainWindow:
    opened.actions_["tool_lasso"].setChecked(True)
    opened.canvas.repaint()
    return opened


def test_a_lasso_by_hand(lasso: MainWindow, hand) -> None:
    hand.stroke(*CORNERS)
    assert lasso.document.mask[110, 130] == 255
    assert lasso.document.mask[110, 250] == 0


@pytest.mark.parametrize("close", ["enter", "first", "twice"])
def test_from_corner_to_corner(lasso: MainWindow, fake, hand, close: str) -> None:
    for corner in CORNERS:
        hand.click(*corner)
        lasso.canvas.repaint()
    assert not lasso.document.has_mask
    if close == "enter":
        hand.key(Qt.Key.Key_Return)
    else:
        hand.click(*CORNERS[0 if close == "first" else -1])
    assert lasso.document.mask[110, 130] == 255
    assert lasso.document.mask[110, 250] == 0
    assert not fake.requests  # that Enter was the lasso's
    hand.fill()  # the next one fills
    assert len(fake.requests) == 1


def test_corners_are_taken_back(lasso: MainWindow, hand) -> None:
    for corner in (*CORNERS, (380, 280)):
        hand.click(*corner)
    hand.key(Qt.Key.Key_Backspace)
    hand.key(Qt.Key.Key_Return)
    assert lasso.document.mask[110, 130] == 255
    assert lasso.document.mask[200, 250] == 0
    for corner in CORNERS:
        hand.click(*corner)
    before = lasso.document.mask.copy()
    hand.key(Qt.Key.Key_Escape)
    hand.key(Qt.Key.Key_Return)  # nothing to close: it fills what is painted
    assert np.array_equal(before, lasso.document.mask) or not lasso.document.has_mask


def test_with_alt_it_is_taken_away(qtbot, lasso: MainWindow, hand) -> None:
    lasso.actions_["mask_invert"].trigger()
    first, *others = CORNERS
    left, alt = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.AltModifier
    qtbot.mouseClick(lasso.canvas, left, alt, hand.at(*first))
    for corner in others:
        hand.click(*corner)
    hand.key(Qt.Key.Key_Return)
    assert lasso.document.mask[110, 130] == 0
    assert lasso.document.mask[110, 250] == 255


def test_another_photo_begins_without_corners(
    qtbot, lasso: MainWindow, hand, another_path: Path
) -> None:
    for corner in CORNERS[:3]:
        hand.click(*corner)
    lasso.open(another_path)
    qtbot.waitUntil(lambda: lasso.document.path == another_path)
    hand.key(Qt.Key.Key_Return)
    assert not lasso.document.has_mask


def test_scratches_are_found_and_added(qtbot, window: MainWindow, hand) -> None:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:400, :600]
    pixels = np.stack([90 + 0.1 * x, 80 + 0.1 * y, 70 + 0 * x], -1)
    pixels = np.clip(pixels + rng.normal(0, 2, pixels.shape), 0, 255).astype(np.uint8)
    cv2.line(pixels, (80, 60), (420, 300), (235, 235, 230), 2)
    window.editor.opening.open_pasted(photo_from_array(pixels))
    qtbot.waitUntil(lambda: window.document.faces is not None)
    window.canvas.set_brush(30)
    hand.stroke((500, 350), (501, 350))
    window.actions_["find_scratches"].trigger()
    qtbot.waitUntil(lambda: window.document.mask[180, 250] == 255, timeout=30_000)
    assert window.document.mask[350, 500] == 255  # what was painted stays
    assert window.document.mask[60, 500] == 0


def test_where_there_are_none_it_is_said(qtbot, window: MainWindow) -> None:
    window.editor.opening.open_pasted(photo_from_array(np.full((200, 300, 3), 120, np.uint8)))
    qtbot.waitUntil(lambda: window.document.faces is not None)
    window.actions_["find_scratches"].trigger()
    told = "No scratches or spots were found."
    qtbot.waitUntil(lambda: window.status._message.text() == told, timeout=30_000)
    assert not window.document.has_mask


@pytest.fixture
def disc(qtbot, window: MainWindow, tmp_path: Path) -> MainWindow:
    """A dark disc on light ground, open, with the lasso in the hand."""
    y, x = np.mgrid[:300, :400]
    inside = (x - 200) ** 2 + (y - 150) ** 2 < 80**2
    pixels = np.where(inside[..., None], 40, 210).astype(np.uint8).repeat(3, 2)
    window.open(save_photo(photo_from_array(pixels), tmp_path / "disc.png"))
    qtbot.waitUntil(lambda: window.document.faces is not None)
    window.actions_["tool_lasso"].setChecked(True)
    window.canvas.repaint()
    return window


@pytest.mark.parametrize("snaps", [False, True])
def test_a_lasso_follows_edges_from_corner_to_corner(disc: MainWindow, hand, snaps: bool) -> None:
    disc.actions_["snap"].setChecked(snaps)
    for corner in ((200, 70), (280, 150), (200, 230), (120, 150)):
        hand.click(*corner)
        disc.canvas.repaint()
    hand.key(Qt.Key.Key_Return)
    y, x = np.mgrid[:300, :400]
    inside = (x + 0.5 - 200) ** 2 + (y + 0.5 - 150) ** 2 < 80**2
    masked = disc.document.mask > 127
    overlap = (masked & inside).sum() / (masked | inside).sum()
    assert (overlap > 0.95) == snaps
    assert disc.document.history.titles == ["Lasso"]


def test_backspace_takes_back_a_way_along_edges(disc: MainWindow, hand) -> None:
    disc.actions_["snap"].setChecked(True)
    for corner in ((200, 70), (280, 150), (350, 20)):
        hand.click(*corner)
        disc.canvas.repaint()
    hand.key(Qt.Key.Key_Backspace)
    disc.canvas.repaint()
    for corner in ((200, 230), (120, 150)):
        hand.click(*corner)
        disc.canvas.repaint()
    hand.key(Qt.Key.Key_Return)
    assert not disc.document.mask[:60].any()
    assert disc.document.mask[150, 200] == 255


@pytest.mark.parametrize("corner", [(-900.0, 50.0), (2000.0, 50.0), (60.0, -900.0), (60.0, 1900.0)])
def test_a_corner_beyond_the_photo_has_the_edges_nearest_to_it(corner) -> None:
    pixels = np.zeros((100, 120, 3), np.uint8)
    pixels[:, 60:] = 255
    way = LiveWire(pixels, corner, 1.0).to((60.0, 50.0))
    assert way[0] == corner
    assert way[-1] == (60.0, 50.0)
    assert all(0 <= x <= 120 and 0 <= y <= 100 for x, y in way[1:-1])
