"""Windows, dialogs and panels have the room that what stands in them needs, on small screens
too."""

from __future__ import annotations

import subprocess
import sys

import pytest
from PySide6.QtCore import QSize, QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication, QDialog, QScrollArea

import gui.dialogs.shortcuts
from gui.base import screen
from gui.composition import HEIGHT, WIDTH
from gui.dialogs.models import ModelsDialog
from gui.main_window import MainWindow
from gui.signs import sign
from gui.translation import set_language

# What a platform without a display cannot do for a dialog.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)


@pytest.mark.parametrize(
    ("size", "expected"),
    [((2560, 1440), (1280, 820)), ((1366, 768), (1280, 728)), ((1024, 600), (1016, 560))],
)
def test_windows_open_as_large_as_their_screen_lets_them(size, expected) -> None:
    assert QSize(WIDTH, HEIGHT).boundedTo(screen.room_on(QSize(*size))).toTuple() == expected


@pytest.fixture
def small_screen(monkeypatch) -> QSize:
    """As large as that of an old laptop."""
    room = QSize(1024, 600)
    monkeypatch.setattr(screen, "room_on", lambda _size: room - screen.FRAME)
    monkeypatch.setattr(gui.dialogs.shortcuts, "room_on", lambda _size: room - screen.FRAME)
    return room


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("name", ["batch", "training", "models", "shortcuts", "about"])
def test_no_dialog_is_larger_than_a_small_screen(
    qtbot, window: MainWindow, small_screen: QSize, name: str, language: str
) -> None:
    set_language(language)
    try:
        dialog = opened_dialog(qtbot, window, name)
        assert dialog.width() <= small_screen.width()
        assert dialog.height() <= small_screen.height()
        # Nothing in it has to be scrolled aside for.
        for area in dialog.findChildren(QScrollArea):
            assert not area.horizontalScrollBar().isVisible()
    finally:
        set_language("en")


def opened_dialog(qtbot, window: MainWindow, name: str) -> QDialog:
    """What a command opens; those that wait for an answer are left again at once."""
    seen: list[QDialog] = []

    def look() -> None:
        shown = [one for one in window.findChildren(QDialog) if one.isVisible()]
        seen.extend(shown)
        if not shown:
            QTimer.singleShot(20, look)
        for one in shown:
            one.close()

    QTimer.singleShot(0, look)
    window.actions_[name].trigger()
    qtbot.waitUntil(lambda: bool(seen))
    return seen[0]


def test_models_are_listed_whole(qtbot, window: MainWindow) -> None:
    dialog = ModelsDialog("mien-2", window)
    qtbot.addWidget(dialog)
    dialog.resize(860, 460)
    dialog.show()
    assert not dialog.list.horizontalScrollBar().isVisible()


def test_the_header_stands_still_whatever_fill_is_called(qtbot, faced: MainWindow) -> None:
    fill, export = faced.header.fill, faced.header.export
    places = set()
    for text in ("Fill  ↵", "Fill again  ↵"):
        fill.setText(text)
        QApplication.processEvents()
        places.add(export.x())
    assert len(places) == 1


def test_without_a_photo_nothing_is_zoomed(qtbot, window: MainWindow, photo_path) -> None:
    assert window.status._zoom.text() == ""
    window.open(photo_path)
    qtbot.waitUntil(lambda: window.document.faces is not None)
    assert window.status._zoom.text().endswith("%")
    window.actions_["close"].trigger()
    assert window.status._zoom.text() == ""


def test_a_layers_opacity_has_room_to_be_dragged(qtbot, faced: MainWindow, hand) -> None:
    faced.resize(1024, 640)
    hand.stroke((60, 60))
    hand.fill()
    faced.actions_["layers"].setChecked(True)
    qtbot.waitUntil(faced.layers.opacity.isVisible)
    QApplication.processEvents()
    assert faced.layers.opacity.width() > 100


def test_signs_are_letters_of_a_font_in_three_colours(window: MainWindow) -> None:
    icon = sign("eraser", "#ff0000", "#00ff00", "#0000ff")
    size = QSize(32, 32)
    for mode, state, strongest in (
        (QIcon.Mode.Normal, QIcon.State.Off, 0),
        (QIcon.Mode.Disabled, QIcon.State.Off, 1),
        (QIcon.Mode.Normal, QIcon.State.On, 2),
    ):
        picture = icon.pixmap(size, 1.0, mode, state).toImage()
        drawn = [
            picture.pixelColor(x, y).getRgb()
            for x in range(32)
            for y in range(32)
            if picture.pixelColor(x, y).alpha() > 250
        ]
        assert 60 < len(drawn) < 700
        assert all(max(colour[:3]) == colour[strongest] for colour in drawn)
    with pytest.raises(KeyError):
        sign("no such sign", "#ff0000", "#00ff00", "#0000ff")


def test_the_window_needs_neither_batches_nor_a_command_line() -> None:
    """What takes long to import and is not seen at the start is imported when it is asked for."""
    code = "import sys, gui.main_window; print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(told.stdout.split())
    assert "gui.main_window" in loaded
    assert not loaded & {"torch", "typer", "qtpy", "engine.batch.runner"}
