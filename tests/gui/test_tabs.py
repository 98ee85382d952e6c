"""Several photos open at once: each keeps its own history, and nothing lands in the wrong one."""

from __future__ import annotations

import gc
import threading
import weakref
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox, QTabBar

import gui.canvas.levels
import gui.canvas.shelf
import gui.canvas.surface
import gui.dialogs.messages
import gui.saving
from engine.photo import open_photo, write_photo
from gui.canvas.pyramid import Pyramid
from gui.canvas.viewport import Viewport
from gui.main_window import MainWindow
from tests.gui.gestures import idle, tabs

BUTTON = QMessageBox.StandardButton
pytestmark = pytest.mark.usefixtures("sessions")


def test_one_photo_shows_no_bar_and_two_do(qtbot, opened: MainWindow, another_path: Path) -> None:
    assert opened.tab_bar.isHidden()
    opened.open(another_path)
    qtbot.waitUntil(lambda: opened.tab_bar.isVisible())
    bar = opened.tab_bar.bar
    assert [bar.tabText(n) for n in range(bar.count())] == ["사진.png", "other.png"]
    assert bar.currentIndex() == 1


def test_each_photo_has_its_own_edits_and_place(two: MainWindow, hand) -> None:
    first, second = tabs(two)
    canvas, document, act = two.canvas, two.document, two.actions_
    hand.stroke((100, 100))
    hand.fill()
    hand.stroke((200, 200))
    canvas.set_view(Viewport(3.0, -300.0, -200.0))
    canvas._is_fitted = False
    view, pixels, mask = canvas.view, document.pixels.copy(), document.mask.copy()
    act["tab_next"].trigger()
    assert document.tab is first
    assert document.size == (400, 300)
    assert not document.has_mask
    assert not document.is_changed
    assert not act["undo"].isEnabled()
    assert two.strip.isHidden()
    hand.stroke((50, 60))
    act["tab_back"].trigger()
    assert document.tab is second
    assert canvas.view == view
    assert np.array_equal(document.pixels, pixels)
    assert np.array_equal(document.mask, mask)
    assert document.history.titles == ["Brush", "Fill", "Brush"]
    assert len(two.strip.buttons) == 1
    act["undo"].trigger()
    act["undo"].trigger()
    assert document.mask[100, 100] == 255
    act["tab_next"].trigger()
    assert document.history.titles == ["Brush"]
    assert document.mask[60, 50] == 255


def test_a_fill_lands_in_its_own_photo(qtbot, two: MainWindow, hand, fake) -> None:
    first, second = tabs(two)
    before = second.photo.pixels
    hand.stroke((100, 100))
    fake.gate.clear()
    two.actions_["fill"].trigger()
    qtbot.waitUntil(fake.started.is_set)
    two.editor.tabs.show(first)
    assert not two.editor.is_busy
    assert not two.status.bar.isVisible()
    hand.stroke((300, 200))
    drawn = two.canvas.grab().toImage()
    fake.gate.set()
    idle(qtbot, two)
    assert two.document.history.titles == ["Brush"]
    assert two.document.mask[200, 300] == 255
    assert two.canvas.grab().toImage() == drawn
    assert second.steps.titles == ["Brush", "Fill"]
    assert second.is_news
    assert "other.png" in two.status._message.text()
    assert two.tab_bar.bar.tabText(1).startswith("●")
    two.editor.tabs.show(second)
    assert two.document.pixels[100, 100].tolist() == [0, 255, 0]
    assert np.array_equal(two.document.pixels[200:], before[200:])
    assert not second.is_news
    shown = two.canvas.shelf.shown
    for levels, wanted in (
        (shown.current.levels, two.document.pixels),
        (shown.mask.levels, two.document.mask),
    ):
        for level, anew in zip(levels[1:], Pyramid(wanted).levels[1:], strict=True):
            assert np.array_equal(level, anew)


def test_two_photos_fill_one_after_the_other(qtbot, two: MainWindow, hand, fake) -> None:
    first, second = tabs(two)
    fake.gate.clear()
    hand.stroke((100, 100))
    two.actions_["fill"].trigger()
    qtbot.waitUntil(fake.started.is_set)
    two.editor.tabs.show(first)
    hand.stroke((200, 100))
    two.actions_["fill"].trigger()
    assert two.status.stage.text() == "Waiting for another photo's fill"
    hand.key(Qt.Key.Key_Escape)  # this one alone
    fake.gate.set()
    idle(qtbot, two)
    assert second.steps.titles == ["Brush", "Fill"]
    assert first.steps.titles == ["Brush"]
    assert two.document.mask[100, 200] == 255


def test_a_stroke_under_way_is_taken_back_when_another_photo_is_shown(
    two: MainWindow, hand
) -> None:
    hand.press(100, 100)
    two.actions_["tab_next"].trigger()
    hand.release(150, 100)
    assert not two.document.has_mask
    two.actions_["tab_next"].trigger()
    assert not two.document.has_mask
    assert not two.document.mask.any()


def test_what_was_asked_for_stays_with_its_photo(two: MainWindow, hand) -> None:
    two.actions_["ask_surprise"].setChecked(True)
    two.actions_["tab_next"].trigger()
    assert two.editor.options.emotion == "keep"
    two.actions_["tab_next"].trigger()
    assert two.editor.options.emotion == "surprise"
    two.actions_["emotion"].setChecked(False)
    two.actions_["tab_next"].trigger()
    two.actions_["tab_next"].trigger()
    assert two.editor.options.emotion == "off"
    assert not two.actions_["emotion"].isChecked()


# Opening.


def test_several_files_open_as_tabs_and_the_first_is_shown(
    qtbot, window: MainWindow, photo_path: Path, another_path: Path, monkeypatch
) -> None:
    names = [str(photo_path), str(another_path)]
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: (names, ""))
    window.actions_["open"].trigger()
    qtbot.waitUntil(lambda: len(window.editor.tabs) == 2)
    assert window.document.path == photo_path
    assert [tab.path for tab in tabs(window)] == [photo_path, another_path]


def test_faces_are_looked_for_when_a_photo_is_shown_first(
    qtbot, window: MainWindow, fake, photo_path: Path, another_path: Path
) -> None:
    searched = []
    fake.find_faces = lambda photo, cancel=None, first=None: searched.append(photo.path) or ()
    window.open(photo_path, another_path)
    qtbot.waitUntil(lambda: len(window.editor.tabs) == 2)
    qtbot.waitUntil(lambda: searched == [photo_path])
    window.actions_["tab_next"].trigger()
    qtbot.waitUntil(lambda: searched == [photo_path, another_path])
    qtbot.waitUntil(lambda: window.document.faces == ())
    window.actions_["tab_next"].trigger()
    window.actions_["tab_next"].trigger()
    assert len(searched) == 2


def test_a_photo_that_is_open_is_shown_not_opened_again(two: MainWindow, photo_path: Path) -> None:
    two.open(photo_path)
    assert len(two.editor.tabs) == 2
    assert two.document.path == photo_path


def test_photos_of_one_name_say_their_folders(
    qtbot, opened: MainWindow, photo_path: Path, tmp_path: Path
) -> None:
    (tmp_path / "다른").mkdir()
    other = tmp_path / "다른" / photo_path.name
    other.write_bytes(photo_path.read_bytes())
    opened.open(other)
    qtbot.waitUntil(lambda: len(opened.editor.tabs) == 2)
    assert opened.tab_bar.bar.tabText(1) == "사진.png — 다른"


# Closing.


def test_the_middle_button_and_the_key_close(qtbot, two: MainWindow, hand) -> None:
    first, _second = tabs(two)
    bar = two.tab_bar.bar
    spot = bar.tabRect(1).center()
    qtbot.mouseClick(bar, Qt.MouseButton.MiddleButton, pos=spot)
    assert tabs(two) == [first]
    assert two.document.tab is first
    assert two.tab_bar.isHidden()
    hand.key(Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    assert tabs(two) == []
    assert two.stage.currentWidget() is two.welcome
    assert not two.actions_["close"].isEnabled()
    assert not two.actions_["fill"].isEnabled()


def test_the_cross_closes_the_tab_it_stands_on(qtbot, two: MainWindow, hand) -> None:
    _first, second = tabs(two)
    button = two.tab_bar.bar.tabButton(0, QTabBar.ButtonPosition.RightSide)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert tabs(two) == [second]
    assert two.document.tab is second


def test_closing_shows_and_asks_about_the_photo_that_would_lose(
    two: MainWindow, hand, monkeypatch
) -> None:
    first, second = tabs(two)
    hand.stroke((100, 100))
    hand.fill()
    two.editor.tabs.show(first)
    asked = []
    answers = iter([BUTTON.Cancel, BUTTON.Discard])

    def ask(_window, name: str):
        asked.append((name, two.document.tab))
        return next(answers)

    monkeypatch.setattr(gui.dialogs.messages, "ask_to_save", ask)
    two.files.close(second)
    assert len(two.editor.tabs) == 2
    two.editor.tabs.show(first)
    two.files.close(second)
    assert asked == [("other.png", second)] * 2
    assert tabs(two) == [first]


def test_a_closed_photo_is_let_go(qtbot, two: MainWindow, hand, fake) -> None:
    hand.stroke((100, 100))
    hand.fill()
    hand.settle()
    two.document.history.mark_saved()
    photo = weakref.ref(two.document.photo)
    two.actions_["close"].trigger()
    hand.settle()
    fake.requests.clear()
    fake.previews.clear()
    qtbot.wait(50)
    gc.collect()
    assert photo() is None


@pytest.mark.parametrize("answer", [BUTTON.Cancel, BUTTON.Discard, BUTTON.Save])
def test_leaving_asks_about_all_photos_at_once(
    qtbot, two: MainWindow, hand, monkeypatch, tmp_path: Path, answer
) -> None:
    first, second = tabs(two)
    pictures = []
    for tab in (second, first):
        two.editor.tabs.show(tab)
        hand.stroke((100, 100))
        hand.fill()
        pictures.append(two.document.pixels.copy())
    asked = []

    def ask(_window, names: list[str]):
        asked.append(names)
        return answer

    def choose(*_):
        return str(tmp_path / f"saved-{two.document.path.name}"), "PNG (*.png)"

    monkeypatch.setattr(gui.dialogs.messages, "ask_to_save_all", ask)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", choose)
    assert two.close() == (answer == BUTTON.Discard)
    assert asked == [["사진.png", "other.png"]]
    if answer == BUTTON.Save:
        qtbot.waitUntil(lambda: not two.isVisible())
        assert len(asked) == 1
        for tab, picture in ((second, pictures[0]), (first, pictures[1])):
            saved = open_photo(tmp_path / f"saved-{tab.photo.path.name}")
            assert np.array_equal(saved.pixels, picture)
    else:
        assert two.isVisible() == (answer == BUTTON.Cancel)


def test_a_save_that_is_not_named_stops_the_leaving(
    two: MainWindow, hand, monkeypatch, qtbot
) -> None:
    for tab in tabs(two):
        two.editor.tabs.show(tab)
        hand.stroke((100, 100))
        hand.fill()
    monkeypatch.setattr(gui.dialogs.messages, "ask_to_save_all", lambda *_: BUTTON.Save)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("", ""))
    assert not two.close()
    idle(qtbot, two)
    assert two.isVisible()


def test_a_save_of_one_photo_reaches_its_own_tab(
    qtbot, two: MainWindow, hand, monkeypatch, tmp_path: Path
) -> None:
    first, second = tabs(two)
    gate = threading.Event()

    def save(photo, path, **how):
        gate.wait(10)
        return write_photo(photo, path, **how)

    monkeypatch.setattr(gui.saving, "write_photo", save)
    hand.stroke((100, 100))
    hand.fill()
    shown = two.document.pixels.copy()
    two.editor.saving.save(tmp_path / "saved.png", overwrite=False)
    two.editor.tabs.show(first)
    gate.set()
    idle(qtbot, two)
    assert first.path.name == "사진.png"
    assert second.path == tmp_path / "saved.png"
    assert second.is_saved
    assert two.tab_bar.bar.tabText(1) == "saved.png"
    assert np.array_equal(open_photo(second.path).pixels, shown)
