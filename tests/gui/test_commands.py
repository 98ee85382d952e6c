"""One table of commands: menus, rail, palette and overview are made from it; the languages too."""

from __future__ import annotations

import gc
import threading
import weakref
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QMessageBox,
    QSlider,
    QSpinBox,
    QToolButton,
)

import gui.actions
import gui.app
import gui.canvas.canvas
import gui.canvas.toolbox
import gui.panels.rail
from engine.face.doubt import COVERED, Doubt
from engine.face.finder import FaceFrame
from gui.actions import plain
from gui.canvas.tools import Tool
from gui.commands.catalogue import COMMANDS
from gui.commands.tools import tool_command
from gui.dialogs.messages import Question, ask_to_save
from gui.dialogs.palette import Palette
from gui.dialogs.shortcuts import ShortcutsDialog
from gui.main_window import MainWindow

LEFT = Qt.MouseButton.LeftButton


def in_menus(window: MainWindow) -> set[str]:
    found, menus = set(), list(window.menuBar().actions())
    while menus:
        action = menus.pop()
        found.add(action.objectName())
        if action.menu() is not None:
            menus += action.menu().actions()
    return found


def test_every_command_stands_in_a_menu_and_in_the_palette(window: MainWindow) -> None:
    names = {spec.name for spec in COMMANDS}
    assert len(names) == len(COMMANDS)
    assert names <= in_menus(window)
    palette = Palette(window.actions_, window)
    assert palette.list.count() == len(COMMANDS)
    shown = " ".join(
        label.text() for label in ShortcutsDialog(window.actions_, window).findChildren(QLabel)
    )
    for spec in COMMANDS:
        if spec.shortcut:
            assert plain(spec.text) in shown
    palette.deleteLater()


def test_no_two_commands_share_a_shortcut(window: MainWindow) -> None:
    keys = [spec.shortcut for spec in COMMANDS if spec.shortcut]
    assert len(set(keys)) == len(keys)


def test_a_new_tool_is_a_file_and_a_line(qtbot, window: MainWindow, monkeypatch, settings) -> None:
    class Dot(Tool):
        name, text, tip, icon, shortcut = "dot", "Dot", "One dot", "circle", "D"
        pressed: list = []  # noqa: RUF012 - a test's note

        def press(self, point, modifiers, pressure) -> None:
            self.pressed.append(point)

    tools = (*gui.canvas.toolbox.TOOLS, Dot)
    for module in (gui.canvas.canvas, gui.panels.rail):
        monkeypatch.setattr(module, "TOOLS", tools)
    rows = (*COMMANDS, tool_command(Dot))
    monkeypatch.setattr(gui.actions, "COMMANDS", rows)
    other = MainWindow(settings)
    assert "tool_dot" in in_menus(other)
    assert "Dot" in {button.accessibleName() for button in other.rail.findChildren(QToolButton)}
    other.actions_["tool_dot"].setChecked(True)
    assert isinstance(other.canvas.tool, Dot)
    other.close()
    other.deleteLater()


def test_the_palette_finds_by_words_of_either_language_and_runs(
    qtbot, faced: MainWindow, monkeypatch
) -> None:
    faced.speak("ko")
    palette = Palette(faced.actions_, faced)
    monkeypatch.setattr(Palette, "exec", lambda self: None)
    qtbot.keyClicks(palette.field, "brows")
    assert palette.list.item(0).text() == "눈썹"
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert faced.document.has_mask
    palette = Palette(faced.actions_, faced)
    palette.field.setText("마스크 저장")
    assert palette.list.item(0).data(Qt.ItemDataRole.UserRole) == "mask_save"
    palette.field.setText("xyzzy")
    assert palette.list.count() == 0
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)  # nothing to run, nothing happens
    faced.speak("en")


def test_what_is_impossible_comes_last_and_cannot_be_run(qtbot, window: MainWindow) -> None:
    palette = Palette(window.actions_, window)
    able = [
        bool(palette.list.item(n).flags() & Qt.ItemFlag.ItemIsEnabled)
        for n in range(palette.list.count())
    ]
    assert able == sorted(able, reverse=True)
    palette.field.setText("undo")
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert not palette.result()


# Languages.


def test_the_language_changes_at_once_and_the_work_stays(
    qtbot, faced: MainWindow, hand, photo_path: Path
) -> None:
    hand.hide_mouth()
    painted, view = faced.document.mask.copy(), faced.canvas.view
    tongues = {a.objectName(): a for m in faced.menuBar().actions() for a in _below(m)}
    assert tongues["en"].isChecked()
    tongues["ko"].trigger()
    assert faced.settings.text("language") == "ko"
    assert faced.header.fill.text().startswith("채우기")
    assert faced.actions_["mask_invert"].text() == "반전(&I)"
    tongues = {a.objectName(): a for m in faced.menuBar().actions() for a in _below(m)}
    assert tongues["ko"].isChecked()
    assert not tongues["en"].isChecked()
    QApplication.processEvents()
    assert np.array_equal(faced.document.mask, painted)
    assert faced.inspector.faces.chooser.count() == 2
    assert faced.inspector.expression.rows["happiness"].accessibleName().startswith("기쁨")
    hand.fill()
    assert faced.strip.isVisible()
    assert not faced.document.has_mask
    faced.speak("en")
    qtbot.waitUntil(faced.strip.isVisible)
    assert len(faced.strip.buttons) == 1
    assert faced.canvas.view.scale == view.scale
    qtbot.mouseClick(faced.header.split, LEFT)  # the new panels are wired
    assert faced.canvas._split is not None


def _below(action: QAction) -> list[QAction]:
    menu = action.menu()
    return [] if menu is None else [x for a in menu.actions() for x in (a, *_below(a))]


def test_the_korean_for_discard_says_not_to_save(window: MainWindow, monkeypatch) -> None:
    seen = {}
    monkeypatch.setattr(
        Question,
        "exec",
        lambda self: seen.update({n: b.text() for n, b in self.buttons.items()}),
    )
    window.speak("ko")
    ask_to_save(window, "사진.jpg")
    assert seen == {"cancel": "취소", "discard": "저장 안 함", "save": "저장"}
    window.speak("en")


def test_questions_are_answered_by_their_own_buttons(
    qtbot, window: MainWindow, monkeypatch
) -> None:

    for name, meant in (
        ("save", QMessageBox.StandardButton.Save),
        ("discard", QMessageBox.StandardButton.Discard),
        ("cancel", QMessageBox.StandardButton.Cancel),
    ):
        monkeypatch.setattr(Question, "exec", lambda self, n=name: self.buttons[n].click())
        assert ask_to_save(window, "a.jpg") == meant
    monkeypatch.setattr(Question, "exec", lambda self: self.reject())
    assert ask_to_save(window, "a.jpg") == QMessageBox.StandardButton.Cancel


# For everyone.


def test_every_control_has_a_name(faced: MainWindow, hand) -> None:
    hand.hide_mouth()
    hand.fill()
    faced.actions_["training"].trigger()
    assert faced.school.dialog is not None
    for root in (faced, faced.school.dialog, Palette(faced.actions_, faced)):
        for kind in (QComboBox, QSlider, QSpinBox, QLineEdit):
            for widget in root.findChildren(kind):
                if widget.objectName() != "qt_spinbox_lineedit":
                    assert widget.accessibleName(), widget
        for button in root.findChildren(QAbstractButton):
            named = button.accessibleName() or button.text()
            assert named or button.objectName().startswith("qt_"), button
        root.window().setAccessibleName("")


def test_the_inspector_fits_with_parts_model_and_device_in_sight(
    qtbot, faced: MainWindow, hand
) -> None:
    for language in ("en", "ko"):
        faced.speak(language)
        faced.resize(1600, 1000)
        hand.hide_mouth()
        QApplication.processEvents()
        panel = faced.inspector
        for widget in (panel.faces.parts["right_half"], panel.model, panel.device):
            bottom = widget.mapTo(panel, widget.rect().bottomLeft()).y()
            assert 0 < bottom <= panel.height()
    faced.speak("en")


def test_nothing_looks_chosen_before_there_is_a_photo(window: MainWindow) -> None:
    buttons = window.rail.findChildren(QToolButton)
    assert not any(button.isEnabled() for button in buttons)
    assert not any(button.hasFocus() for button in buttons)
    assert not window.windowIcon().isNull()


def test_the_masks_look_is_the_persons_and_kept(qtbot, faced: MainWindow, hand, settings) -> None:
    hand.stroke((300, 250))
    qtbot.mouseClick(faced.inspector.mask_colours["red"], LEFT)
    faced.inspector.mask_opacity.setValue(100)
    faced.canvas.leaveEvent(None)
    colour = faced.canvas.grab().toImage().pixelColor(hand.at(300, 250))
    assert colour.name() == "#ff4d5e"
    assert settings.text("mask_colour") == "red"
    assert settings.number("mask_opacity", 0) == 1.0
    qtbot.mouseClick(faced.inspector.mask_colours["blue"], LEFT)


def test_recent_photos_are_offered_at_the_start(
    qtbot, window: MainWindow, photo_path: Path
) -> None:
    window.settings.add_recent(photo_path)
    window.welcome.show_recent(window.settings.recent())
    names = {b.accessibleName(): b for b in window.welcome.findChildren(QAbstractButton)}
    qtbot.mouseClick(names["Open 사진.png"], LEFT)
    qtbot.waitUntil(lambda: window.document.faces is not None)
    assert window.document.path == photo_path


# Faces that a fill did not find.


def test_a_hole_without_a_face_is_offered_a_frame(qtbot, opened: MainWindow, fake, hand) -> None:
    guess = FaceFrame(100, 80, 120, 140)
    fake.suggestions = (guess,)
    hand.stroke((150, 150))
    hand.fill()
    offer = opened.offers.panel
    assert offer.isVisible()
    assert opened.canvas.rect().contains(offer.geometry())
    assert not offer.geometry().contains(hand.at(160, 150))
    qtbot.mouseClick(offer.take, LEFT)
    assert opened.document.frames == (guess,)
    assert opened.canvas.tool is opened.canvas.tools["frame"]
    assert not offer.isVisible()
    fake.suggestions = ()
    opened.canvas.grab()
    hand.stroke((150, 150), (170, 160))  # moved, then filled again
    hand.key(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(fake.requests) == 2)
    (frame,) = fake.requests[-1].options.frames
    assert (frame.x, frame.y) == pytest.approx((120, 90), abs=1.5)


def test_an_offer_declined_is_not_made_again(qtbot, opened: MainWindow, fake, hand) -> None:
    fake.suggestions = (FaceFrame(100, 80, 120, 140),)
    hand.stroke((150, 150))
    hand.fill()
    qtbot.mouseClick(opened.offers.panel.leave, LEFT)
    assert not opened.offers.panel.isVisible()
    hand.key(Qt.Key.Key_G)
    qtbot.waitUntil(lambda: len(opened.strip.buttons) == 2)
    assert not opened.offers.panel.isVisible()
    assert opened.document.frames == ()


def test_an_offer_goes_with_its_fill(qtbot, opened: MainWindow, fake, hand) -> None:
    fake.suggestions = (FaceFrame(100, 80, 120, 140),)
    hand.stroke((150, 150))
    hand.fill()
    assert opened.offers.panel.isVisible()
    opened.actions_["undo"].trigger()
    assert not opened.offers.panel.isVisible()


def test_a_face_that_may_lie_wrong_is_marked_and_its_frame_offered(
    qtbot, opened: MainWindow, fake, hand
) -> None:
    hand.stroke((150, 150))
    hand.fill()
    plain = opened.strip.buttons[0].icon().pixmap(72, 72).toImage()
    opened.actions_["undo"].trigger()
    frame = FaceFrame(100, 80, 120, 140)
    fake.doubts = (Doubt(0, 0.62, COVERED, frame),)
    hand.key(Qt.Key.Key_G)
    qtbot.waitUntil(lambda: len(fake.requests) == 2)
    qtbot.waitUntil(lambda: opened.offers.panel.isVisible())
    told = "A face may lie wrong: little of the face is seen (0.62)."
    marked = opened.strip.buttons[-1]
    assert told in marked.toolTip()
    assert told in marked.accessibleName()
    assert marked.icon().pixmap(72, 72).toImage() != plain
    offer = opened.offers.panel
    assert offer.sentence.text() == told
    assert offer.leave.text() == "Keep it"
    qtbot.mouseClick(offer.take, LEFT)
    assert opened.document.frames == (frame,)


# Starting and ending.


def test_a_photo_on_the_command_line_does_not_wait_for_torch(
    qtbot, qapp, photo_path: Path, monkeypatch, settings, fake
) -> None:
    import engine.base.device

    loaded = threading.Event()
    monkeypatch.setattr(
        engine.base.device, "available_devices", lambda: (loaded.wait(20) and ["cpu"]) or ["cpu"]
    )
    shown = []

    def execute() -> int:
        qtbot.waitUntil(lambda: bool(shown) and shown[0].document.is_open, timeout=8000)
        return 0

    class Window(MainWindow):
        def __init__(self, *_: object) -> None:
            super().__init__(settings, lambda: fake)
            shown.append(self)

    monkeypatch.setattr(gui.app, "MainWindow", Window)
    monkeypatch.setattr(gui.app, "Settings", lambda: settings)
    monkeypatch.setattr(QApplication, "exec", staticmethod(execute))
    monkeypatch.setattr("sys.excepthook", lambda *_: None)
    try:
        assert gui.app.run([photo_path]) == 0
        assert not loaded.is_set()
    finally:
        loaded.set()
        shown[0].close()
        shown[0].deleteLater()


def test_a_closed_window_leaves_no_photo_behind(
    qtbot, qapp, settings, fake, photo_path: Path
) -> None:
    other = MainWindow(settings, lambda: fake)
    with qtbot.waitSignal(other.document.faces_changed):
        other.open(photo_path)
    photo, levels = weakref.ref(other.document.photo), weakref.ref(other.canvas.shelf.shown)
    other.close()
    other.deleteLater()
    del other
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    fake.previews.clear()
    fake.requests.clear()
    qtbot.wait(50)
    gc.collect()
    assert photo() is None
    assert levels() is None


def test_a_stroke_switches_the_actions_once(faced: MainWindow, hand, monkeypatch) -> None:
    """Each part listens to what it shows: while the mouse moves, no command is looked at."""
    looked: list[object] = []
    enable = faced.actions_.enable
    monkeypatch.setattr(faced.actions_, "enable", lambda now: (looked.append(now), enable(now))[-1])
    faced.canvas.set_brush(20)
    hand.press(100, 100)
    assert len(looked) == 1
    assert faced.actions_["fill"].isEnabled()
    for x in range(101, 140):
        faced.canvas.tool.drag((x, 100), 1.0)
    assert len(looked) == 1
    hand.release(140, 100)
    assert faced.actions_["undo"].isEnabled()
