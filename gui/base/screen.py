"""How large windows are on the screen they are shown on."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QWidget

FRAME = QSize(8, 40)  # what a window manager puts around a window, at most


def room_on(screen: QSize) -> QSize:
    """What a window may take of a screen with so much room, its frame included."""
    return screen - FRAME


def open_at(window: QWidget, width: int, height: int) -> None:
    """The size that a window opens with: this one, or what its screen has room for."""
    window.resize(QSize(width, height).boundedTo(room_on(window.screen().availableSize())))
