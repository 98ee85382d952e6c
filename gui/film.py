"""The folder of the shown photo as a sitting: which photos it holds, what became of each, and going
from one to the next. No widgets here."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal

from engine.edit.brought import brought, masked
from engine.edit.tiles import TiledMask
from engine.photo.names import is_picture, key_of
from gui.base.operation import MASK, Operation
from gui.document import Document
from gui.editor import Editor
from gui.files import Files
from gui.modules import Modules
from gui.tab import Tab
from gui.translation import tr
from gui.worker import Worker

OPEN, CHANGED, FILLING, DONE = "open", "changed", "filling", "done"  # states of a photo
RESULT = re.compile(r"-(mien|copy|export)$")  # behind the name of what was saved of a photo


class Film(QObject):
    """Signals: `changed` when the photos, or what became of one, are others; `told`, one line for
    the status.

    A tab that a step opened, and in which nothing was done, gives way to the next one."""

    changed = Signal()
    told = Signal(str)

    def __init__(self, document: Document, editor: Editor, files: Files, modules: Modules) -> None:
        super().__init__(editor)
        self._document, self._editor, self._files = document, editor, files
        self._modules = modules
        self._worker = Worker("film", self)
        self.photos: tuple[Path, ...] = ()
        self._folder: Path | None = None
        self._saved: frozenset[str] = frozenset()  # names of photos that a result lies beside
        self._passing: set[Tab] = set()
        self._opening: Path | None = None
        self._carried: tuple[Path, Tab, bool] | None = None  # to where, from which, settings too
        document.opened.connect(self._on_opened)
        document.faces_changed.connect(self._put_down)
        editor.failed.connect(self._on_failed)
        editor.opening.incomplete.connect(self._on_failed)
        editor.saving.saved.connect(lambda _path: self._list(anew=True))
        for signal in (editor.tabs.changed, editor.desk.changed):
            signal.connect(self.changed)

    def close(self) -> None:
        self._worker.close()

    @property
    def place(self) -> int | None:
        """The number of the shown photo among them."""
        tab = self._document.tab
        path = None if tab is None or tab.photo.path is None else tab.photo.path.absolute()
        return self.photos.index(path) if path in self.photos else None

    def state(self, path: Path) -> str:
        """What became of a photo; "" of one that nothing is known of."""
        tab = self._editor.tabs.find(path)
        if tab is not None and self._editor.is_filling_of(tab):
            return FILLING
        if tab is not None and not (tab.is_saved and tab.is_mask_saved):
            return CHANGED
        if path.stem in self._saved or (tab is not None and tab.edit.layers):
            return DONE
        return OPEN if tab is not None else ""

    # Going.

    def step(self, forwards: bool) -> None:
        """Show the next or the former photo of the folder."""
        place = self.place
        to = None if place is None else place + (1 if forwards else -1)
        if to is None or not 0 <= to < len(self.photos):
            self.told.emit(tr("There is no further photo in this folder."))
            return
        self.go(self.photos[to])

    def go(self, path: Path) -> None:
        """Show a photo of the folder."""
        if self._opening is not None and self._opening != path:
            return  # one after the other: whoever holds the key down sees them all
        there = self._editor.tabs.find(path)
        if there is not None:
            self._editor.tabs.show(there)
        elif self._opening is None:
            self._opening = path
            self._files.open(path)

    def carry(self, *, settings: bool) -> None:
        """Show the next photo, and mask there what is masked here, where its face lies; with
        `settings` its expression, and what stands on the shelf, too."""
        if self._opening is not None:
            return  # it would lie in wait for a photo that nobody goes to
        tab, place = self._document.tab, self.place
        if tab is None or place is None or place + 1 >= len(self.photos):
            self.told.emit(tr("There is no further photo in this folder."))
            return
        self._carried = self.photos[place + 1], tab, settings
        self.go(self.photos[place + 1])
        self._put_down()

    # Within.

    def _on_opened(self) -> None:
        tab = self._document.tab
        if tab is not None and tab.photo.path is not None:
            path = tab.photo.path.absolute()
            if path == self._opening:
                self._make_way(tab)
                self._passing.add(tab)
            self._opening = None
        self._list()
        self._put_down()

    def _on_failed(self, *_: object) -> None:
        """A photo cannot be opened: the next key press is heard again."""
        self._opening = self._carried = None

    def _make_way(self, tab: Tab) -> None:
        """Close what was only passed through; the new tab takes its place."""
        tabs = self._editor.tabs
        for old in [one for one in self._passing if one in tabs and one is not tab]:
            if old.steps.titles or not old.is_saved or self._editor.desk.is_busy_with(old):
                continue
            order = list(tabs)
            at = order.index(old)
            tabs.close(old)
            tabs.move(list(tabs).index(tab), min(at, len(tabs) - 1))
        self._passing = {one for one in self._passing if one in tabs and not one.steps.titles}

    def _list(self, *, anew: bool = False) -> None:
        """Which photos there are."""
        tab = self._document.tab
        path = None if tab is None or tab.photo.path is None else tab.photo.path.absolute()
        folder = None if path is None else path.parent
        if folder == self._folder and not anew:
            self.changed.emit()
            return
        self._folder = folder
        if folder is None:
            self._take(folder, ())
            return

        def job(progress: object, cancel: threading.Event) -> tuple[Path, ...]:
            try:
                found = [one for one in folder.iterdir() if is_picture(one)]
            except OSError:
                found = []
            return tuple(sorted(found, key=natural))

        Operation(job, self._worker, self._editor.desk).when_done(
            lambda photos: self._take(folder, photos)
        ).start()

    def _take(self, folder: Path | None, photos: tuple[Path, ...]) -> None:
        if folder != self._folder:
            return  # another one was gone to meanwhile
        self.photos = photos
        stems = (RESULT.split(path.stem) for path in photos)
        self._saved = frozenset(parts[0] for parts in stems if len(parts) > 1)
        self.changed.emit()

    def _put_down(self) -> None:
        """What was carried, once the photo is there and its faces are known."""
        tab = self._document.tab
        if self._carried is None or tab is None or tab.photo.path is None:
            return
        path, source, settings = self._carried
        if tab.photo.path.absolute() != path or tab.edit.faces is None:
            return
        self._carried = None
        mask = masked(source.edit)
        if settings:
            self._bring_settings(source, tab)
        if mask is None:
            self.told.emit(tr("Nothing is masked in {name}.").format(name=source.name))
            return
        here, there = _mesh(source), _mesh(tab)

        def job(progress: object, cancel: threading.Event) -> TiledMask:
            return brought(mask, here, there, tab.photo.size)

        def done(found: TiledMask) -> None:
            if tab not in self._editor.tabs:
                return
            with self._document.on(tab):
                title = tr("Mask of {name}").format(name=source.name)
                self._document.set_mask(tab.edit.mask.union(found), title)

        Operation(job, self._worker, self._editor.desk, MASK, tab).when_done(done).start()

    def _bring_settings(self, source: Tab, tab: Tab) -> None:
        """The expression that was asked for, and the references, each for whoever looks like it."""
        edit = tab.edit
        there = {one.source.checksum for one in edit.shelf}
        new = (one for one in source.edit.shelf if one.source.checksum not in there)
        shelf = (*edit.shelf, *(replace(one, subject=None, sure=False) for one in new))
        if len(shelf) > len(edit.shelf) or edit.expression != source.edit.expression:
            after = replace(edit, shelf=shelf, expression=source.edit.expression)
            title = tr("Settings of {name}").format(name=source.name)
            self._document.history.push(title, after)
        self._modules.take(source.wishes)


def natural(path: Path) -> list[tuple[int, int | str]]:
    """Names in the order of people: IMG_9 comes before IMG_10."""
    parts = re.split(r"(\d+)", key_of(path.name))
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in parts if part]


def _mesh(tab: Tab) -> np.ndarray | None:
    """The mesh of the face of a tab that is read off."""
    edit = tab.edit
    number = edit.number_of(tab.selected) if tab.selected else 0
    subjects = edit.subjects
    return subjects[number or 0].face.mesh if subjects else None
