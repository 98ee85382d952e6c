"""Which photos are put on the shelf of references: asked for by dialog, or by tab."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QPoint, Signal
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from engine.photo import OPEN_SUFFIXES
from gui.also_seen import AlsoSeen
from gui.dialogs.questions import may_delete
from gui.references import References
from gui.tab import Tab
from gui.tabs import Tabs
from gui.translation import tr


class ReferenceChoices(QObject):
    """What the commands about references do. Signal `told`, one line for the status."""

    told = Signal(str)

    def __init__(self, window: QWidget, tabs: Tabs, references: References, seen: AlsoSeen) -> None:
        super().__init__(window)
        self._window, self._tabs, self._references = window, tabs, references
        self._seen = seen

    def ask_add(self) -> None:
        """Ask for photos of the same person."""
        shown = self._tabs.shown
        folder = "" if shown is None or shown.path is None else str(shown.path.parent)
        patterns = " ".join(f"*{suffix}" for suffix in OPEN_SUFFIXES)
        names, _ = QFileDialog.getOpenFileNames(
            self._window,
            tr("Other photos of the same person"),
            folder,
            tr("Photos ({patterns})").format(patterns=patterns),
        )
        self._references.add(*(Path(name) for name in names))

    def ask_tab(self) -> None:
        """Put the other open photo on the shelf; of several, one that is chosen."""
        others = [tab for tab in self._tabs if tab is not self._tabs.shown]
        if len(others) == 1:
            self._references.add_tab(others[0])
        elif others:
            menu = QMenu(self._window)
            names = dict(zip(self._tabs, self._tabs.names(), strict=True))
            for tab in others:
                action = menu.addAction(names[tab].replace("&", "&&"))
                action.triggered.connect(lambda _=False, one=tab: self._references.add_tab(one))
            self._pop(menu, QCursor.pos())

    def offer(self, tab: Tab, at: QPoint) -> None:
        """The menu of an open tab. at: on the screen."""
        menu = QMenu(self._window)
        use = menu.addAction(tr("Use as reference"))
        use.setEnabled(tab is not self._tabs.shown)
        use.triggered.connect(lambda: self._references.add_tab(tab))
        self._pop(menu, at)

    def ask_forget(self) -> None:
        """Delete what is kept of faces, if that is what is wanted."""
        count = self._seen.keeps
        if not count:
            self.told.emit(tr("Nothing is kept of faces."))
            return
        title = tr("Delete what is kept of faces?")
        text = tr(
            "Of {count} folders the faces are kept in numbers, without names or pictures, and on "
            "this computer alone. Without them a folder is asked about and looked through again."
        )
        if may_delete(self._window, title, text.format(count=count)):
            self._seen.forget()

    @staticmethod
    def _pop(menu: QMenu, at: QPoint) -> None:
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(at)
