"""The first minute: the sample wears glasses, and three hints lead through taking them off."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from engine.photo import open_photo
from gui.main_window import SAMPLE, WORN_SAMPLE, MainWindow
from tests.gui.conftest import face_at

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def begun(qtbot, window: MainWindow, fake) -> MainWindow:
    fake.faces = (face_at(130, 60, 160),)
    window.actions_["sample"].trigger()
    qtbot.waitUntil(lambda: bool(window.document.faces))
    return window


def test_the_sample_is_the_portrait_with_glasses_alone() -> None:
    plain, worn = open_photo(SAMPLE).rgb8.astype(int), open_photo(WORN_SAMPLE).rgb8.astype(int)
    assert plain.shape == worn.shape
    other = abs(plain - worn).max(-1) > 60
    y, x = other.nonzero()
    assert 300 < other.sum() < 6000
    assert (x.max() - x.min(), y.max() - y.min()) < (130, 60)


def test_three_hints_are_followed_and_not_shown_again(qtbot, begun: MainWindow, hand) -> None:
    panel = begun.hints.panel
    assert panel.isVisible()
    assert panel.words.text() == "Press Glasses at the right: they are masked."
    assert begun.canvas.rect().contains(panel.geometry())
    hand.stroke((200, 110), (240, 110))
    assert panel.words.text().startswith("Press Enter")
    hand.fill()
    assert panel.words.text().startswith("Hold C")
    qtbot.keyPress(begun.canvas, Qt.Key.Key_C)
    qtbot.keyRelease(begun.canvas, Qt.Key.Key_C)
    assert not panel.isVisible()
    begun.hints.expect()
    assert begun.hints._at is None


def test_another_photo_hides_them_and_no_hints_ends_them(
    qtbot, begun: MainWindow, photo_path, settings
) -> None:
    panel = begun.hints.panel
    begun.open(photo_path)
    qtbot.waitUntil(lambda: begun.document.path == photo_path)
    assert not panel.isVisible()
    begun.editor.tabs.step(True)
    assert panel.isVisible()
    begun.speak("ko")
    assert panel.skip.text() == "힌트 끄기"
    qtbot.mouseClick(panel.skip, LEFT)
    assert not panel.isVisible()
    assert settings.flag("hints_seen", False)
