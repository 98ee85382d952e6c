"""Blemishes taken away by a click each: a hole that fits, filled at once.

While one is being filled the next may be clicked already; they wait and are filled together.
"""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, Signal

from engine.edit.tiles import TiledMask
from engine.mask.spot import RING, spot_at
from gui.document import Document
from gui.editor import Editor
from gui.tab import Tab
from gui.translation import tr


class Spots(QObject):
    """Signals: `told`, one line for the status; `waiting` with the mask of what is still to be
    filled of the shown photo, None without."""

    told = Signal(str)
    waiting = Signal(object)

    def __init__(self, document: Document, editor: Editor, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._editor = document, editor
        self._left: dict[Tab, TiledMask] = {}
        editor.busy_changed.connect(lambda busy: None if busy else self._go_on())
        editor.tabs.closed.connect(lambda tab: self._left.pop(tab, None))
        document.opened.connect(self._show)

    def fitted(self, at: tuple[float, float], radius: float) -> TiledMask | None:
        """The hole for the blemish at a place of the photo; None beside the photo."""
        document = self._document
        if not document.is_open:
            return None
        width, height = document.size
        reach = round(RING * radius) + 4
        x, y = round(at[0]), round(at[1])
        left, top = max(0, x - reach), max(0, y - reach)
        right, bottom = min(width, x + reach + 1), min(height, y + reach + 1)
        if left >= right or top >= bottom or not (0 <= at[0] < width and 0 <= at[1] < height):
            return None
        pixels = document.shown.read((left, top, right - left, bottom - top))[..., :3]
        if pixels.dtype == np.uint16:
            pixels = (pixels >> 8).astype(np.uint8)
        (dx, dy), hole = spot_at(pixels, (at[0] - left, at[1] - top), radius)
        return TiledMask(document.size).with_part((left + dx, top + dy), hole)

    def heal(self, hole: TiledMask) -> None:
        """Fill a hole now, or as soon as the photo is free."""
        tab = self._document.tab
        if tab is None or hole.is_empty:
            return
        before = self._left.get(tab)
        self._left[tab] = hole if before is None else before.union(hole)
        if self._editor.is_busy:
            self.told.emit(tr("It is filled after the one before."))
        self._go_on()
        self._show()

    def _go_on(self) -> None:
        tab = self._document.tab
        if tab is None or self._editor.is_busy or tab not in self._left:
            return
        self._editor.fill_mask(self._left.pop(tab))
        self._show()

    def _show(self) -> None:
        tab = self._document.tab
        self.waiting.emit(None if tab is None else self._left.get(tab))
