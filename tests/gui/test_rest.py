"""Detail in the preview: shown once the hand rests, given up as soon as it goes on."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PySide6.QtTest import QTest

from engine.base.errors import MienError, raise_if_cancelled
from engine.inpaint import Preview
from engine.photo.patch import Patch
from gui.main_window import MainWindow

PLAIN, DETAILED = 100, 200  # how light the preview is


class Previews:
    """What is asked of the inpainter, in its order, and what is drawn. `gate` holds what has
    detail, until it is given up."""

    def __init__(self, window: MainWindow, fake) -> None:
        self.asked: list[bool] = []
        self.drawn: list[int] = []
        self.given_up = 0
        self.gate = threading.Event()
        self.gate.set()
        self.error = False
        self._plain = fake.preview
        fake.preview = self.preview
        window.editor.readout.previewed.connect(self._draw)

    def preview(self, request, *, detailed=False, cancel=None) -> Preview:
        told = self._plain(request)
        if request.mask.is_empty:
            return told
        self.asked.append(detailed)
        if detailed and self.error:
            raise MienError("There is no such library.")
        while detailed and not self.gate.wait(0.005):
            assert cancel is not None
            self.given_up += cancel.is_set()
            raise_if_cancelled(cancel)
        x, y, width, height = request.mask.bounds
        pixels = np.full((height, width, 3), DETAILED if detailed else PLAIN, np.uint8)
        alpha = request.mask.pixels[y : y + height, x : x + width].copy()
        return Preview((Patch((x, y, width, height), pixels, alpha, "face", 0.1),), told.readings)

    def _draw(self, images: list) -> None:
        for _, image in images:
            self.drawn.append(image.pixelColor(image.width() // 2, image.height() // 2).red())


@pytest.fixture
def previews(faced: MainWindow, fake) -> Previews:
    faced.editor.readout._rest.setInterval(60)
    return Previews(faced, fake)


def test_detail_comes_once_the_hand_rests_and_stays(
    qtbot, faced: MainWindow, previews: Previews, hand
) -> None:
    hand.hide_mouth()
    qtbot.waitUntil(lambda: previews.drawn[-1:] == [DETAILED])
    assert previews.asked[-2:] == [False, True]
    assert previews.drawn[-2:] == [PLAIN, DETAILED]
    assert previews.asked.count(True) == 1
    asked = len(previews.asked)
    QTest.qWait(200)
    assert len(previews.asked) == asked  # it is asked for once


def test_a_hand_that_goes_on_does_not_wait_for_detail(
    qtbot, faced: MainWindow, previews: Previews, hand
) -> None:
    previews.gate.clear()
    hand.hide_mouth()
    qtbot.waitUntil(lambda: previews.asked[-1:] == [True])
    hand.hide_mouth()
    qtbot.waitUntil(lambda: previews.given_up == 1)
    qtbot.waitUntil(lambda: previews.asked[-1:] == [False] or previews.asked.count(True) == 2)
    assert False in previews.asked[previews.asked.index(True) :]
    assert DETAILED not in previews.drawn
    previews.gate.set()
    qtbot.waitUntil(lambda: previews.drawn[-1:] == [DETAILED])


def test_without_its_detail_a_preview_stays(
    qtbot, faced: MainWindow, previews: Previews, hand
) -> None:
    told: list[str] = []
    faced.editor.readout.told.connect(told.append)
    previews.error = True
    hand.hide_mouth()
    qtbot.waitUntil(lambda: told == ["There is no such library."])
    assert previews.drawn[-1] == PLAIN
    hidden = faced.editor.readout.readings.faces[0].hidden
    assert hidden is not None
    assert hidden.any()


def test_a_preview_that_is_not_shown_gets_no_detail(
    qtbot, faced: MainWindow, previews: Previews, hand
) -> None:
    faced.editor.readout.show_preview(False)
    hand.hide_mouth()
    qtbot.waitUntil(lambda: bool(previews.asked))
    QTest.qWait(200)
    assert True not in previews.asked
