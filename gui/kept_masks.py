"""Masks under names: kept from one photo, put on this or another one."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QInputDialog, QLineEdit, QWidget

from engine.edit.brought import masked
from engine.edit.kept_masks import KeptMask, kept_masks
from gui.dialogs.messages import Answer, ask
from gui.document import Document
from gui.editor import Editor
from gui.masks import Masks
from gui.panels.lists import LONGEST
from gui.tab import Tab
from gui.translation import tr


class KeptMasks(QObject):
    """Signal `told`, one line for the status."""

    told = Signal(str)

    def __init__(self, window: QWidget, document: Document, editor: Editor, masks: Masks) -> None:
        super().__init__(window)
        self._window, self._document, self._editor, self._masks = window, document, editor, masks
        self._waiting: tuple[Tab, KeptMask] | None = None  # until the faces are known
        document.faces_changed.connect(self._go_on)

    def ask_keep(self) -> None:
        """Keep what is masked, or what the shown fills were masked with, under a name that is asked
        for."""
        tab = self._document.tab
        mask = None if tab is None else masked(tab.edit)
        if tab is None or mask is None or mask.painted is None:
            return
        title, text = tr("Keep the mask"), tr("Name")
        proposed = tab.path.stem if tab.path else ""
        name, sure = QInputDialog.getText(
            self._window, title, text, QLineEdit.EchoMode.Normal, proposed
        )
        name = name.strip()[:LONGEST]
        if sure and name and self._may_replace(name):
            mesh = self._masks.nearest(mask.painted)
            self._editor.mask_work.keep(name, mask, mesh)

    def show(self) -> None:
        """List what is kept, to put one on the photo."""
        from gui.dialogs.kept_masks import KeptMasksDialog

        dialog = KeptMasksDialog(self._window)
        dialog.exec()
        chosen = dialog.chosen
        dialog.deleteLater()
        if chosen is not None:
            self.put(chosen)

    def put(self, kept: KeptMask) -> None:
        """Mask the shown photo with one, beside what is masked there: where the chosen face lies,
        or, without faces, at the same place of the picture."""
        tab = self._document.tab
        if tab is None:
            return
        if kept.mesh is not None and self._document.faces is None:
            self._waiting = tab, kept
            self.told.emit(tr("Looking for faces…"))
            return
        found = self._masks.meshes(alone=True) if kept.mesh is not None else []
        self._editor.mask_work.put_kept(kept, found[0] if found else None)

    def _go_on(self) -> None:
        """Faces are known now: what was to be put on them."""
        if self._waiting is None or self._document.faces is None:
            return
        (tab, kept), self._waiting = self._waiting, None
        if tab is self._document.tab:
            self.put(kept)

    def _may_replace(self, name: str) -> bool:
        """Whether a name may be used, one that has it already being replaced."""
        if all(one.name != name for one in kept_masks()):
            return True
        return (
            ask(
                self._window,
                "help-circle-outline",
                tr("Replace the mask '{name}'?").format(name=name),
                tr("There is one of this name; it would be lost."),
                Answer("", tr("Cancel"), "escape"),
                Answer("replace", tr("Replace"), "primary"),
            )
            == "replace"
        )
