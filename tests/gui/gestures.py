"""What a hand does in the window, and waiting for what comes of it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication

from gui.main_window import MainWindow
from gui.panels.reference_parts import ReferenceCard
from gui.tab import Tab


def at(window: MainWindow, x: float, y: float) -> QPoint:
    """The canvas point of a photo coordinate."""
    return window.canvas.view.to_widget(x, y).toPoint()


def stroke(qtbot, window: MainWindow, *points: tuple[float, float]) -> None:
    """Press, drag and release over photo coordinates."""
    canvas, left = window.canvas, Qt.MouseButton.LeftButton
    qtbot.mousePress(canvas, left, pos=at(window, *points[0]))
    for point in points[1:]:
        qtbot.mouseMove(canvas, at(window, *point))
    # qtbot.mouseMove carries no button: drags go through the tool as the canvas calls it.
    for point in points[1:]:
        canvas.tool.drag(point, 1.0)
    qtbot.mouseRelease(canvas, left, pos=at(window, *points[-1]))


def fill(qtbot, window: MainWindow) -> None:
    """Enter, until the fill is there."""
    qtbot.keyClick(window.canvas, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not window.editor.is_busy and not window.document.has_mask)


def tabs(window: MainWindow) -> list[Tab]:
    """The window's open photos."""
    return list(window.editor.tabs)


def idle(qtbot, window: MainWindow) -> None:
    """Until nothing is worked on."""
    qtbot.waitUntil(lambda: not window.editor.desk.is_busy, timeout=10_000)


def drop_reference(window: MainWindow, *paths: Path) -> None:
    """Drop files on the section of references."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    section = window.inspector.references
    copy, none = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(20, 20), copy, data, Qt.MouseButton.LeftButton, none)
    QApplication.sendEvent(section, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(
        section, QDropEvent(QPointF(20, 20), copy, data, Qt.MouseButton.LeftButton, none)
    )


def cards(window: MainWindow) -> list[ReferenceCard]:
    """The references on the shelf, as they are shown."""
    return list(window.inspector.references.cards.values())
