"""The history of the shown photo, as the window sees it: undo, redo, what is saved."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from PySide6.QtCore import QObject, Signal

from engine.edit.edit import Edit
from gui.tab import Tab, numbers


class History(QObject):
    """The edits of one tab, which is the document's to say. Signals: `changed` after every step,
    undo, redo and save; before that `moved` with the edits before and after a step."""

    changed = Signal()
    moved = Signal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.tab: Tab | None = None
        self._is_quiet = False

    @contextmanager
    def on(self, tab: Tab) -> Iterator[None]:
        """Within it these are the edits of another tab, and nobody is told that they changed."""
        before = self.tab, self._is_quiet
        self.tab, self._is_quiet = tab, True
        try:
            yield
        finally:
            self.tab, self._is_quiet = before

    @property
    def edit(self) -> Edit:
        """The edit that is shown, without a stroke or drag under way."""
        tab = self.tab
        assert tab is not None, "no photo is open"
        return tab.edit

    @property
    def edits(self) -> list[Edit]:
        """All of them, oldest first, undone ones included."""
        tab = self.tab
        return [] if tab is None else tab.steps.edits

    @property
    def titles(self) -> list[str]:
        tab = self.tab
        return [] if tab is None else tab.steps.titles

    @property
    def version(self) -> int:
        """Another number whenever the list or the place in it is another."""
        tab = self.tab
        return 0 if tab is None else tab.version

    @property
    def position(self) -> int:
        """How many steps are done."""
        tab = self.tab
        return 0 if tab is None else tab.steps.position

    @property
    def can_undo(self) -> bool:
        tab = self.tab
        return tab is not None and tab.steps.can_undo

    @property
    def can_redo(self) -> bool:
        tab = self.tab
        return tab is not None and tab.steps.can_redo

    @property
    def is_saved(self) -> bool:
        """Whether what is seen of the fills is on disk, and what only a snapshot holds."""
        tab = self.tab
        return tab is None or tab.is_saved

    @property
    def is_mask_saved(self) -> bool:
        """Whether nothing is painted that was neither filled nor kept."""
        tab = self.tab
        return tab is None or tab.is_mask_saved

    def push(self, title: str, edit: Edit, *, anew: bool = True) -> None:
        """A step: from now on this is the edit. Not anew: see engine.edit.history."""
        before, tab = self.edit, self.tab
        assert tab is not None
        tab.steps.push(title, edit, anew=anew)
        self._moved(before)

    def undo(self) -> None:
        self.go(self.position - 1)

    def redo(self) -> None:
        self.go(self.position + 1)

    def go(self, position: int) -> None:
        """Be where `position` steps are done."""
        tab = self.tab
        if tab is None:
            return
        before = tab.edit
        tab.steps.go(position)
        if tab.edit is not before:
            self._moved(before)

    def amend(self, change: Callable[[Edit], Edit]) -> None:
        """Something became known that no step did, faces for example."""
        tab = self.tab
        if tab is not None:
            before = tab.edit
            tab.steps.amend(change)
            self._moved(before)

    def mark_saved(self, edit: Edit | None = None, *, mask: bool = False) -> None:
        """The picture of `edit` is on disk, with `mask` what is painted and not filled and its
        snapshots as well; without an edit, all that is there."""
        tab = self.tab
        if tab is not None:
            tab.saved_look = (edit or tab.edit).look
            if mask or edit is None:
                kept = edit or tab.edit
                tab.saved_mask, tab.saved_snapshots = kept.mask, kept.snapshots
        self._tell()

    def _moved(self, before: Edit) -> None:
        tab = self.tab
        assert tab is not None
        tab.version = next(numbers)
        self.moved.emit(before, tab.edit)
        self._tell()

    def _tell(self) -> None:
        if not self._is_quiet:
            self.changed.emit()
