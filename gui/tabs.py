"""The photos that are open: which there are, in which order, and going from one to another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from gui.document import Document
from gui.tab import Tab


class Tabs(QObject):
    """Signals: `changed` when a tab came, went, moved, is shown or is called otherwise; `added`
    and `closed` with a tab."""

    changed = Signal()
    added = Signal(object)
    closed = Signal(object)

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._tabs: list[Tab] = []
        document.opened.connect(self._on_shown)
        document.touched.connect(lambda _tab: self.changed.emit())
        for signal in (document.history.changed, document.renamed):
            signal.connect(self.changed)

    def __iter__(self) -> Iterator[Tab]:
        return iter(tuple(self._tabs))

    def __len__(self) -> int:
        return len(self._tabs)

    def __contains__(self, tab: object) -> bool:
        return tab in self._tabs

    @property
    def shown(self) -> Tab | None:
        return self._document.tab

    def add(self, tab: Tab, *, show: bool = True) -> None:
        """One more, at the end."""
        self._tabs.append(tab)
        self.added.emit(tab)
        if show or self.shown is None:
            self._document.show(tab)
        else:
            self.changed.emit()

    def show(self, tab: Tab) -> None:
        if tab in self._tabs:
            self._document.show(tab)

    def step(self, forwards: bool) -> None:
        """Show the next or the former one, around the ends."""
        if self.shown in self._tabs:
            at = self._tabs.index(self.shown) + (1 if forwards else -1)
            self.show(self._tabs[at % len(self._tabs)])

    def close(self, tab: Tab) -> None:
        """Let one go, whatever would be lost; its neighbour is shown in its place."""
        if tab not in self._tabs:
            return
        at = self._tabs.index(tab)
        rest = [one for one in self._tabs if one is not tab]
        if tab is self.shown:
            self._document.show(rest[min(at, len(rest) - 1)] if rest else None)
        self._tabs.remove(tab)
        self.closed.emit(tab)
        self.changed.emit()

    def move(self, start: int, end: int) -> None:
        """Put the tab at one place to another."""
        self._tabs.insert(end, self._tabs.pop(start))
        self.changed.emit()

    def find(self, path: Path) -> Tab | None:
        """The tab of a photo's file, or of a session's."""
        path = path.resolve()
        for tab in self._tabs:
            files = (tab.photo.path, tab.path, tab.session)
            if any(file is not None and file.resolve() == path for file in files):
                return tab
        return None

    def names(self) -> list[str]:
        """What each is called; those that share a file's name say their folder, too."""
        count = Counter(tab.name for tab in self._tabs)
        return [
            f"{tab.name} — {tab.path.parent.name}" if tab.path and count[tab.name] > 1 else tab.name
            for tab in self._tabs
        ]

    def _on_shown(self) -> None:
        shown = self.shown
        if shown is not None and shown not in self._tabs:
            self._tabs.append(shown)
            self.added.emit(shown)
        self.changed.emit()
