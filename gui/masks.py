"""What the mask menu and the face parts do."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from engine.edit.tiles import TiledMask
from engine.photo import OPEN_SUFFIXES
from gui.actions import Actions
from gui.document import Document
from gui.editor import Editor, part_of_faces
from gui.translation import tr

GROW_STEP = 0.01  # of the photo's shorter side, for grow, shrink and feather


class Masks(QObject):
    """Signal `told`, one line for the status."""

    told = Signal(str)

    def __init__(
        self, window: QWidget, document: Document, editor: Editor, actions: Actions
    ) -> None:
        super().__init__(window)
        self._window, self._document, self._editor = window, document, editor
        for name, slot in (
            ("mask_open", self._ask_open),
            ("mask_save", self._ask_save),
            ("mask_reuse", self._reuse),
            ("mask_invert", self._invert),
            ("mask_grow", lambda: self._morph("grow", tr("Grow"))),
            ("mask_shrink", lambda: self._morph("shrink", tr("Shrink"))),
            ("mask_feather", lambda: self._morph("feather", tr("Feather"))),
            ("mask_clear", lambda: document.set_mask(TiledMask(document.size), tr("Clear"))),
        ):
            actions.connect(name, slot)

    def add_part(self, part: str, title: str) -> None:
        """Add a part of every face to the mask."""
        mask = part_of_faces(self._document, part)
        if mask is not None:
            self._document.set_mask(mask, title)

    def _ask_open(self) -> None:
        patterns = " ".join(f"*{suffix}" for suffix in OPEN_SUFFIXES)
        name, _ = QFileDialog.getOpenFileName(
            self._window,
            tr("Open a mask"),
            "",
            tr("Pictures ({patterns})").format(patterns=patterns),
        )
        if name:
            self._editor.open_mask(Path(name))

    def _ask_save(self) -> None:
        path = self._document.path or Path("photo.png")
        start = str(path.with_name(f"{path.stem}-mask.png"))
        name, _ = QFileDialog.getSaveFileName(
            self._window, tr("Save the mask"), start, "PNG (*.png)"
        )
        if name:
            self._editor.save_mask(Path(name).with_suffix(".png"))

    def _reuse(self) -> None:
        last = self._document.last_mask
        if last is None or last.size != self._document.size:
            self.told.emit(tr("There is no earlier mask of this size."))
            return
        self._document.set_mask(self._document.edit.mask.union(last), tr("Last mask"))

    def _invert(self) -> None:
        self._document.set_mask(self._document.edit.mask.inverted(), tr("Invert"))

    def _morph(self, name: str, title: str) -> None:
        step = max(1.0, GROW_STEP * min(self._document.size))
        # A Gaussian has faded three of its widths away.
        self._editor.change_mask(lambda mask: getattr(mask, name)(step), 3 * step, title)
