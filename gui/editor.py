"""What the editor does: open, look for faces, preview, fill, save. No widgets here.

The edit worker owns the inpainter that fills; the readout worker has its own, for previews, so
that a brush stroke never waits for a fill.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from engine.inpaint import FillOptions, FillRequest, FillResult, Inpainter, Progress
from engine.mask import Mask, open_mask, save_mask
from engine.photo import Photo, open_photo, save_photo
from gui.canvas.painting import preview_image
from gui.canvas.pyramid import Pyramid
from gui.document import Document
from gui.translation import tr
from gui.worker import Failure, Ticket, Worker

PREVIEW_MS = 60  # a preview is asked for at most this often


@dataclass(frozen=True)
class Opened:
    """A photo with the levels it is shown from."""

    photo: Photo
    pyramid: Pyramid


class Editor(QObject):
    """Signals: `busy_changed` while a fill or save runs; `progressed` (stage, done); `told`, one
    line for the status; `failed`; `loaded` with the photo's pyramid, just before the document
    shows it; `previewed` with images; `filled`; `found`; `devices_known`."""

    busy_changed = Signal(bool)
    progressed = Signal(str, float)
    told = Signal(str)
    failed = Signal(object)
    loaded = Signal(object)
    previewed = Signal(list)
    filled = Signal(object)
    saved = Signal(object)
    devices_known = Signal(list)

    def __init__(
        self,
        document: Document,
        create: Callable[[], Inpainter],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.document = document
        self.options = FillOptions()
        self.preview_on = True
        self._create = create
        self._inpainter: Inpainter | None = None
        self._previewer: Inpainter | None = None
        self._edit, self._readout = Worker("edit", self), Worker("readout", self)
        self._running: Ticket | None = None
        self._finding: Ticket | None = None
        self._previewing = self._preview_wanted = False
        self._photo: tuple[int, Photo] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PREVIEW_MS)
        self._timer.timeout.connect(self._preview)
        document.mask_changed.connect(self._on_mask_changed)
        document.faces_changed.connect(self._on_mask_changed)

    @property
    def is_busy(self) -> bool:
        """Whether a fill or a save is under way."""
        return self._running is not None

    def warm_up(self) -> None:
        """Import what is slow (torch, MediaPipe) while the person looks for a photo."""

        def job(progress: object, cancel: threading.Event) -> list[str]:
            from engine.device import available_devices

            return available_devices()

        self._edit.submit(job, self.devices_known.emit, self.failed.emit)

    def open(self, path: Path) -> None:
        """Open a photo; the one that is shown stays until the new one is whole."""
        self._open(lambda: open_photo(path))

    def open_pasted(self, photo: Photo) -> None:
        """Show a photo from the clipboard."""
        self._open(lambda: photo)

    def _open(self, read: Callable[[], Photo]) -> None:
        self.cancel()

        def job(progress: object, cancel: threading.Event) -> Opened:
            photo = read()
            return Opened(photo, Pyramid(photo.pixels))

        self.told.emit(tr("Opening…"))
        self._edit.submit(job, self._on_opened, self._on_open_failed)

    def _on_open_failed(self, failure: Failure) -> None:
        self.told.emit("")
        self.failed.emit(failure)

    def _on_opened(self, opened: Opened) -> None:
        self.loaded.emit(opened.pyramid)
        self.document.open(opened.photo)
        self._find_faces()

    def _find_faces(self) -> None:
        if self._finding is not None:
            self._finding.cancel()
        photo, revision = self._current_photo(), self.document.revision
        self.told.emit(tr("Looking for faces…"))

        def job(progress: object, cancel: threading.Event) -> tuple:
            from engine.face.mesh import edges

            faces = self._filler().find_faces(photo, cancel)
            return faces, edges() if any(f.mesh is not None for f in faces) else None

        def done(found: tuple) -> None:
            self._finding = None
            if revision == self.document.revision:
                self.document.set_faces(*found)
                self.told.emit(faces_line(len(found[0])))

        self._finding = self._edit.submit(job, done, self.failed.emit)

    def fill(self) -> None:
        """Fill the mask; the result is composited when it is whole."""
        document = self.document
        if not document.is_open or self.is_busy:
            return
        mask = document.current_mask()
        if mask.is_empty:
            self.told.emit(tr("Paint over what should go, then fill."))
            return
        photo, revision = self._current_photo(), document.revision
        options = replace(self.options, frames=document.frames)

        def job(progress: Callable[[object], None], cancel: threading.Event) -> FillResult:
            # The faces are taken when the job runs: the search before it has ended by then.
            request = FillRequest(photo, mask, options, document.faces)
            return self._filler().fill(request, progress, cancel)

        def done(result: FillResult) -> None:
            self._end()
            if revision != document.revision:
                return
            document.apply(result, mask)
            self.filled.emit(result)

        self._begin(self._edit.submit(job, done, self._fail, self._tell, self._on_cancelled))

    def cancel(self) -> None:
        """Stop the running fill at its next step."""
        if self._running is not None:
            self._running.cancel()

    def save(self, path: Path, *, overwrite: bool) -> None:
        """Save the photo as it looks now."""
        photo = self.document.current_photo()

        def job(progress: object, cancel: threading.Event) -> Path:
            return save_photo(photo, path, overwrite=overwrite)

        def done(saved: Path) -> None:
            self._end()
            self.document.rename(saved)
            self.told.emit(tr("Saved {name}.").format(name=saved.name))
            self.saved.emit(saved)

        self.progressed.emit("save", 0.0)
        self._begin(self._edit.submit(job, done, self._fail, None, self._on_cancelled))

    def open_mask(self, path: Path) -> None:
        """Take a mask from a picture of the photo's size."""
        size = self.document.size

        def job(progress: object, cancel: threading.Event) -> Mask:
            return open_mask(path, size)

        def done(mask: Mask) -> None:
            if mask.size == self.document.size:
                self.document.set_mask(mask, tr("Open a mask"))

        self._edit.submit(job, done, self.failed.emit)

    def save_mask(self, path: Path) -> None:
        """Write the mask as a grey PNG; the dialog asked about replacing already."""
        mask = self.document.current_mask()

        def job(progress: object, cancel: threading.Event) -> Path:
            return save_mask(mask, path, overwrite=True)

        def done(saved: Path) -> None:
            self.told.emit(tr("Saved {name}.").format(name=saved.name))

        self._edit.submit(job, done, self.failed.emit)

    def set_preview(self, on: bool) -> None:
        """Whether the prior's fill follows the brush."""
        self.preview_on = on
        self._on_mask_changed()
        if not on:
            self.previewed.emit([])

    def close(self) -> None:
        """Stop both workers; a running fill is cancelled and waited for."""
        self._timer.stop()
        self._edit.close()
        self._readout.close()

    def _filler(self) -> Inpainter:
        if self._inpainter is None:
            self._inpainter = self._create()
        return self._inpainter

    def _current_photo(self) -> Photo:
        """One Photo a revision, so that what it derives (an 8-bit copy) is derived once."""
        if self._photo is None or self._photo[0] != self.document.revision:
            self._photo = (self.document.revision, self.document.current_photo())
        return self._photo[1]

    def _begin(self, ticket: Ticket) -> None:
        self._running = ticket
        self.busy_changed.emit(True)

    def _end(self) -> None:
        self._running = None
        self.busy_changed.emit(False)

    def _fail(self, failure: Failure) -> None:
        self._end()
        self.failed.emit(failure)

    def _on_cancelled(self) -> None:
        self._end()
        self.told.emit(tr("Cancelled; nothing was changed."))

    def _tell(self, progress: Progress) -> None:
        self.progressed.emit(progress.stage, progress.done)

    # The preview: the newest mask wins, at most one is being solved.

    def _on_mask_changed(self, *_: object) -> None:
        if self.preview_on and not self._timer.isActive():
            self._timer.start()

    def _preview(self) -> None:
        document = self.document
        if self._previewing:
            self._preview_wanted = True
            return
        if not (self.preview_on and document.is_open and document.has_mask):
            self.previewed.emit([])
            return
        if not document.faces and not document.frames:
            return
        self._previewing = True
        revision = document.revision
        options = replace(self.options, model="prior", frames=document.frames)
        request = FillRequest(
            self._current_photo(), document.current_mask(), options, document.faces or ()
        )

        def job(progress: object, cancel: threading.Event) -> list:
            if self._previewer is None:
                self._previewer = self._create()
            return [preview_image(patch) for patch in self._previewer.preview(request)]

        self._readout.submit(
            job,
            lambda images: self._on_previewed(images, revision),
            lambda failure: self._on_previewed([], revision),
        )

    def _on_previewed(self, images: list, revision: int) -> None:
        self._previewing = False
        current = revision == self.document.revision and self.document.has_mask
        self.previewed.emit(images if current and self.preview_on else [])
        if self._preview_wanted:
            self._preview_wanted = False
            self._timer.start()


def faces_line(count: int) -> str:
    """How many faces were found, for the status line."""
    if count == 0:
        return tr("No face was found; draw a frame around one with F.")
    return tr("1 face") if count == 1 else tr("{count} faces").format(count=count)


def part_of_faces(document: Document, part: str) -> Mask | None:
    """The mask with a part of every meshed face added; None without a mesh."""
    from engine.face.parts import part_mask

    meshes = [face.mesh for face in document.faces or () if face.mesh is not None]
    if not meshes:
        return None
    pixels = document.mask.copy()
    for mesh in meshes:
        np.maximum(pixels, part_mask(mesh, part, document.size), out=pixels)
    return Mask(pixels)
