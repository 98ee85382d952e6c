"""The history of the open document, as the window sees it: undo, redo, what is saved."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from engine.edit import history
from engine.edit.edit import Edit
from engine.edit.tiles import TiledMask

if TYPE_CHECKING:
    from gui.document import Document


class History(QObject):
    """The edits of one document. Signal `changed` after every step, undo, redo and save."""

    changed = Signal()

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self._document = document
        self._kept: history.History | None = None
        self._saved_look: tuple = ()
        self._saved_mask: TiledMask | None = None
        self.version = 0  # another one whenever the list or the place in it is another

    @property
    def edit(self) -> Edit:
        """The edit that is shown, without a stroke or drag under way."""
        assert self._kept is not None, "no photo is open"
        return self._kept.edit

    @property
    def edits(self) -> list[Edit]:
        """All of them, oldest first, undone ones included."""
        return [] if self._kept is None else self._kept.edits

    @property
    def titles(self) -> list[str]:
        return [] if self._kept is None else self._kept.titles

    @property
    def position(self) -> int:
        """How many steps are done."""
        return 0 if self._kept is None else self._kept.position

    @property
    def can_undo(self) -> bool:
        return self._kept is not None and self._kept.can_undo

    @property
    def can_redo(self) -> bool:
        return self._kept is not None and self._kept.can_redo

    @property
    def is_saved(self) -> bool:
        """Whether what is seen of the fills is on disk."""
        return self._kept is None or self.edit.look == self._saved_look

    @property
    def is_mask_saved(self) -> bool:
        """Whether nothing is painted that was neither filled nor kept."""
        if self._kept is None or self.edit.mask.is_blank:
            return True
        return self._saved_mask is not None and self._saved_mask.same(self.edit.mask)

    def begin(self, edit: Edit, *, saved: bool = True) -> None:
        """Another document: its history starts here."""
        self._kept = history.History(edit)
        self.version += 1
        self._saved_look, self._saved_mask = (edit.look, edit.mask) if saved else ((), None)

    def push(self, title: str, edit: Edit, *, anew: bool = True) -> None:
        """A step: from now on this is the edit. Not anew: see engine.edit.history."""
        assert self._kept is not None
        before = self._kept.edit
        self._kept.push(title, edit, anew=anew)
        self._moved(before)

    def undo(self) -> None:
        self.go(self.position - 1)

    def redo(self) -> None:
        self.go(self.position + 1)

    def go(self, position: int) -> None:
        """Be where `position` steps are done."""
        if self._kept is None:
            return
        before = self._kept.edit
        self._kept.go(position)
        if self._kept.edit is not before:
            self._moved(before)

    def amend(self, change: Callable[[Edit], Edit]) -> None:
        """Something became known that no step did, faces for example."""
        if self._kept is not None:
            before = self._kept.edit
            self._kept.amend(change)
            self._moved(before)

    def mark_saved(self, edit: Edit | None = None, *, mask: bool = False) -> None:
        """The picture of `edit` is on disk, with `mask` what is painted and not filled as well;
        without an edit, all that is shown."""
        if self._kept is not None:
            self._saved_look = (edit or self.edit).look
            if mask or edit is None:
                self._saved_mask = (edit or self.edit).mask
        self.changed.emit()

    def _moved(self, before: Edit) -> None:
        self.version += 1
        self._document.show_difference(before, self.edit)
        self.changed.emit()
