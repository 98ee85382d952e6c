"""Opening photos and sessions, each in a tab of its own; no widgets here."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Signal

from engine.edit.edit import Edit
from engine.edit.session import PhotoMissing, PhotoReference, read_session, reference_of
from engine.photo import Photo, Stamp, open_photo, stamp_of
from engine.photo.file import IncompletePhotoError
from gui.base.operation import Operation
from gui.base.work import Work
from gui.canvas.levels import Levels, levels_of
from gui.keeper import Orphan
from gui.tab import Tab, new_tab
from gui.translation import tr
from gui.worker import Failure, Job


@dataclass(frozen=True)
class Opened:
    """A photo with the levels it is shown from."""

    photo: Photo
    levels: Levels
    reference: PhotoReference
    edit: Edit | None = None
    session: Path | None = None
    stamp: Stamp | None = None


@dataclass(frozen=True)
class Astray:
    """A session whose photo has to be asked for. orphan: of a process that was killed."""

    session: Path
    photo: PhotoReference
    sentence: str
    orphan: Orphan | None = None


class Opening(Work):
    """Signals: `begun` with the path of a photo that will be shown (None of one without a file),
    and `ended` once it is, or will not be; `loaded` with a photo's levels, before the document
    shows it; `adopted` with the tab that goes on with an orphan's work, and the orphan; `astray`
    with an Astray; `incomplete` with the path of a photo whose file ends early, and the sentence
    that says so."""

    begun = Signal(object)
    ended = Signal()
    loaded = Signal(object)
    incomplete = Signal(object, str)
    adopted = Signal(object, object)
    astray = Signal(object)

    def open(self, path: Path, *, show: bool = True, partial: bool = False) -> None:
        """Open a photo in a tab of its own; what is shown stays until it is whole, or for good.
        partial: of a file that ends early, what is there."""

        def job(progress: object, cancel: threading.Event) -> Opened:
            photo = open_photo(path, partial=partial)
            return Opened(photo, levels_of(photo), reference_of(photo))

        def failed(failure: Failure) -> None:
            if isinstance(failure.error, IncompletePhotoError):
                self.incomplete.emit(path, failure.sentence)
            else:
                self._desk.failed.emit(failure)

        self._open(job, failed=failed, show=show, path=path)

    def open_pasted(self, photo: Photo) -> None:
        """Show a photo from the clipboard."""
        self._open(lambda *_: Opened(photo, levels_of(photo), reference_of(photo)))

    def open_session(
        self,
        path: Path,
        photo: Path | None = None,
        orphan: Orphan | None = None,
        *,
        show: bool = True,
    ) -> None:
        """Go on with a session; `photo` where its photo is now. An orphan's is written on."""

        def job(progress: object, cancel: threading.Event) -> Opened:
            edit = read_session(path, photo)
            own = None if orphan is not None else path
            levels = levels_of(edit.photo, edit)
            return Opened(edit.photo, levels, reference_of(edit.photo), edit, own, stamp_of(path))

        def failed(failure: Failure) -> None:
            if isinstance(failure.error, PhotoMissing):
                where = failure.error.reference
                self.astray.emit(Astray(path, where, failure.sentence, orphan))
            else:
                self._desk.failed.emit(failure)

        self._open(job, orphan, failed, show=show, path=path)

    def _open(
        self,
        job: Job,
        orphan: Orphan | None = None,
        failed: Callable[[Failure], object] | None = None,
        *,
        show: bool = True,
        path: Path | None = None,
    ) -> None:
        def done(opened: Opened) -> None:
            self.loaded.emit(opened.levels)
            tab = new_tab(
                opened.photo, opened.edit, reference=opened.reference, session=opened.session
            )
            if opened.session is not None and opened.stamp is not None:
                tab.stamps[opened.session] = opened.stamp
            self._tabs.add(tab, show=show)
            if orphan is not None:
                self.adopted.emit(tab, orphan)

        self.told.emit(tr("Opening…"))
        opening = Operation(job, self._worker, self._desk)
        if show:
            self.begun.emit(path)
            opening.when_done(lambda _opened: self.ended.emit())
            opening.when_failed(lambda _failure: self.ended.emit())
            opening.when_cancelled(self.ended.emit)
        opening.when_done(done)
        opening.when_failed(lambda _failure: self.told.emit(""))
        if failed is not None:
            opening.when_failed(failed, quiet=True)
        opening.start()

    def need_levels(self, tab: Tab) -> None:
        """A photo is shown again whose levels were let go: make them once more."""
        edit = tab.edit

        def job(progress: object, cancel: threading.Event) -> Levels:
            return levels_of(tab.photo, edit)

        Operation(job, self._worker, self._desk).when_done(self.loaded.emit).start()
