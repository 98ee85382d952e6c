"""Saving photos and sessions: what is written is what was shown when it was asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QImage

from engine.base.errors import MienError
from engine.edit.compositor import Shown
from engine.edit.session import write_session
from engine.photo import Stamp, changed_on_disk, stamp_of, why_anew, write_photo
from engine.photo.export import Export, write_export
from gui.base.operation import SAVE, Operation
from gui.base.work import Work
from gui.qimage import image_of
from gui.tab import Tab
from gui.translation import say, tr
from gui.worker import Failure


class ChangedOnDiskError(MienError):
    """A file is not what it was when it was read or written."""


class Saving(Work):
    """Signal `saved` with the file."""

    saved = Signal(object)

    def save(
        self,
        path: Path,
        *,
        overwrite: bool,
        then: Callable[[], object] | None = None,
        changed: Callable[[], object] | None = None,
        is_copy: bool = False,
        lying: bool = False,
    ) -> None:
        """Save the photo as it looks now, whatever is clicked meanwhile; `then` what was to
        follow, unless it fails or is cancelled; `changed` what is done instead where the file
        was changed by another program since it was opened or saved: without it, it is replaced.
        is_copy: the photo goes on as the file it is, and unsaved as it is. lying: a turned JPEG is
        left on its side, so that its blocks can be kept."""
        tab = self._document.tab
        assert tab is not None
        edit, picture = tab.edit, tab.picture
        anew = "" if lying else why_anew(edit.photo, path)

        def write() -> Path:
            return write_photo(picture.photo(), path, overwrite=overwrite, lying=lying).path

        def done(saved: Path) -> None:
            if tab in self._tabs and not is_copy:
                with self._document.on(tab):
                    self._document.rename(saved, edit)

        self._save(tab, path, write, done, then, changed, _words(anew))

    def export(self, path: Path, export: Export, *, overwrite: bool) -> None:
        """Write a copy of the photo as it looks now, as it is asked for; the photo goes on as the
        file it is."""
        tab = self._document.tab
        assert tab is not None
        picture = tab.picture

        def write() -> Path:
            return write_export(picture.photo(), path, export, overwrite=overwrite)

        self._save(tab, path, write, lambda _saved: None, None, None)

    def copy(self, take: Callable[[QImage], object]) -> None:
        """Hand over the photo as it looks now, in sRGB and 8 bit, as a picture of its own."""
        tab = self._document.tab
        assert tab is not None
        shown = Shown(tab.picture)

        def job(progress: object, cancel: threading.Event) -> QImage:
            height, width = shown.shape[:2]
            return image_of(shown.read((0, 0, width, height)))

        def done(image: QImage) -> None:
            take(image)
            self.told.emit(
                tr("Copied, {width} × {height}.").format(width=image.width(), height=image.height())
            )

        Operation(job, self._worker, self._desk).when_done(done).start()

    def save_session(
        self,
        path: Path,
        then: Callable[[], object] | None = None,
        changed: Callable[[], object] | None = None,
    ) -> None:
        """Write what was made of the photo, layers and all, as a session."""
        tab = self._document.tab
        assert tab is not None
        edit = tab.edit

        def write() -> Path:
            return write_session(edit, path, tab.reference)

        def done(saved: Path) -> None:
            if tab in self._tabs:
                tab.session = saved
                with self._document.on(tab):
                    self._document.history.mark_saved(edit, mask=True)

        self._save(tab, path, write, done, then, changed)

    def _save(
        self,
        tab: Tab,
        path: Path,
        write: Callable[[], Path],
        done: Callable[[Path], object],
        then: Callable[[], object] | None,
        changed: Callable[[], object] | None,
        words: str | None = None,
    ) -> None:
        def job(progress: object, cancel: threading.Event) -> tuple[Path, Stamp | None]:
            if changed is not None and changed_on_disk(tab.stamps.get(path), path):
                raise ChangedOnDiskError(f"{path} was changed by another program.")
            saved = write()
            return saved, stamp_of(saved)

        def written(answer: tuple[Path, Stamp | None]) -> None:
            saved, stamp = answer
            if stamp is not None:
                tab.stamps[saved] = stamp
            done(saved)
            self.told.emit((words or _words()).format(name=saved.name))
            self.saved.emit(saved)
            if then is not None:
                then()

        def failed(failure: Failure) -> None:
            if changed is not None and isinstance(failure.error, ChangedOnDiskError):
                changed()
            else:
                self._desk.failed.emit(failure)

        saving = Operation(job, self._worker, self._desk, SAVE, tab)
        saving.when_done(written).when_failed(failed, quiet=True)
        saving.when_cancelled(lambda: self.cancelled.emit(tab)).start()
        self.progressed.emit("save", 0.0)

    def after(self, tab: Tab, then: Callable[[], object] | None) -> bool:
        """Whether a save of a photo is under way; `then` follows it, unless it fails."""
        saving = self._desk.running(SAVE, tab)
        if saving is not None and then is not None:
            saving.when_done(lambda _saved: then())
        return saving is not None


def _words(anew: str = "") -> str:
    """What is told of a file that was saved. anew: why its JPEG blocks could not be kept."""
    if anew:
        told = tr("Saved {name}. All of it was encoded anew: {why}.")
        return told.replace("{why}", say(anew))
    return tr("Saved {name}.")
