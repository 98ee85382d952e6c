"""One click masks what is worn, says where nothing is, and rims are looked at."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt

from gui.main_window import MainWindow
from gui.translation import set_language, tr
from tests.gui.gestures import idle

LEFT = Qt.MouseButton.LeftButton


def click(qtbot, window: MainWindow, part: str) -> None:
    qtbot.mouseClick(window.inspector.faces.parts[part], LEFT)
    idle(qtbot, window)


def test_a_click_masks_what_is_worn(qtbot, faced: MainWindow, wears) -> None:
    wears["glasses"] = 1
    click(qtbot, faced, "glasses")
    assert faced.document.history.titles[-1] == "Glasses"
    assert (faced.document.mask > 0).sum() == 40 * 20
    faced.actions_["undo"].trigger()
    assert not faced.document.has_mask


def test_all_faces_are_looked_at_where_that_is_asked(qtbot, faced: MainWindow, wears) -> None:
    wears["face_mask"] = 2
    faced.inspector.faces.everyone.click()
    click(qtbot, faced, "face_mask")
    assert (faced.document.mask > 0).sum() == 2 * 40 * 20


@pytest.mark.parametrize("language", ["en", "ko"])
def test_nothing_worn_is_nothing_masked_and_is_said(
    qtbot, faced: MainWindow, wears, language: str
) -> None:
    steps = faced.document.history.titles
    said = "No glasses were seen; nothing was masked."
    set_language(language)
    try:
        click(qtbot, faced, "glasses")
        assert faced.status._message.text() == tr(said)
        assert (tr(said) == said) == (language == "en")
    finally:
        set_language("en")
    assert not faced.document.has_mask
    assert faced.document.history.titles == steps
    assert not faced.status.undo.isVisible()


# Rims.


@pytest.fixture
def disc(qtbot, window: MainWindow, tmp_path: Path) -> MainWindow:
    """A photo with a dark disc that has a soft rim, its radius 40."""
    body = np.zeros((300, 400), np.uint8)
    cv2.circle(body, (200, 150), 40, 255, -1)
    dark = cv2.GaussianBlur(body, (0, 0), 1.5)[..., None] / 255
    pixels = 215 * (1 - dark) + 15 * dark
    Image.fromarray(np.repeat(pixels, 3, 2).astype(np.uint8)).save(tmp_path / "disc.png")
    window.open(tmp_path / "disc.png")
    qtbot.waitUntil(lambda: window.document.faces is not None)
    window.canvas.set_brush(81)
    return window


def test_a_stroke_whose_rim_shows_the_thing_is_grown_until_that_is_taken_back(
    qtbot, disc: MainWindow, hand
) -> None:
    hand.stroke((200.5, 150.5))
    painted = disc.document.mask.copy()
    qtbot.waitUntil(lambda: disc.status.undo.isVisible())
    assert disc.document.history.titles == ["Brush", "Grow to fit"]
    assert (disc.document.mask > 127).sum() > (painted > 127).sum() + 200
    assert disc.status._message.text().startswith("The edge still shows what is hidden: grown by")
    qtbot.mouseClick(disc.status.undo, LEFT)
    assert np.array_equal(disc.document.mask, painted)
    # What was taken back stays so: another stroke is looked at by itself.
    hand.stroke((40, 40))
    qtbot.wait(300)
    assert np.array_equal(disc.document.mask[:, 120:], painted[:, 120:])


def test_a_stroke_in_the_middle_of_something_stays_as_it_is(qtbot, disc: MainWindow, hand) -> None:
    disc.canvas.set_brush(30)
    hand.stroke((200, 150))
    hand.stroke((60, 60))
    qtbot.wait(300)
    assert disc.document.history.titles == ["Brush", "Brush"]


def test_a_stroke_that_began_meanwhile_is_not_disturbed(qtbot, disc: MainWindow, hand) -> None:
    hand.stroke((200.5, 150.5))
    hand.press(330, 80)
    qtbot.wait(400)
    assert "Grow to fit" not in disc.document.history.titles
    hand.release(330, 80)
    assert disc.document.history.titles == ["Brush", "Brush"]
