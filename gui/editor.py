"""What the editor does: open, look for faces, fill, vary, save. No widgets here.

One edit worker owns the inpainter that fills, and does one thing after the other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal

from engine.face.finder import Face
from engine.inpaint import FillOptions, FillRequest, Inpainter, Progress
from engine.mask import Mask, open_mask, save_mask
from engine.photo import Photo, open_photo, save_photo
from gui.canvas.pyramid import Pyramid
from gui.document import Document
from gui.readout import Readout
from gui.results import Result, Results, Round, make_result
from gui.translation import tr
from gui.worker import Failure, Ticket, Worker


@dataclass(frozen=True)
class Opened:
    """A photo with the levels it is shown from."""

    photo: Photo
    pyramid: Pyramid


class Editor(QObject):
    """Signals: `busy_changed` while a fill or save runs; `progressed` (stage, done); `told`, one
    line for the status; `failed`; `loaded` with the photo's pyramid, just before the document
    shows it; `filled` with a FillResult; `saved`; `devices_known`; `options_changed`."""

    busy_changed = Signal(bool)
    progressed = Signal(str, float)
    told = Signal(str)
    failed = Signal(object)
    loaded = Signal(object)
    filled = Signal(object)
    saved = Signal(object)
    devices_known = Signal(list)
    options_changed = Signal(object)

    def __init__(
        self,
        document: Document,
        create: Callable[[], Inpainter],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.document = document
        self.results = Results(document, self)
        self._options = FillOptions()
        self._create = create
        self._inpainter: Inpainter | None = None
        self._edit = Worker("edit", self)
        self._running: Ticket | None = None
        self._finding: Ticket | None = None
        self.readout = Readout(document, self.results, create, lambda: self._options, self)
        self.readout.told.connect(self.told)

    @property
    def options(self) -> FillOptions:
        """How the next fill is done."""
        return self._options

    @options.setter
    def options(self, options: FillOptions) -> None:
        if options != self._options:
            self._options = options
            self.options_changed.emit(options)
            self.readout.refresh()

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
        photo, revision = self.readout.current_photo(), self.document.revision
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
        """Fill the mask; the result is composited when it is whole.

        With nothing painted, the last mask is filled again if the settings are others by now, or
        nodes were dragged further.
        """
        document, results = self.document, self.results
        if not document.is_open or self.is_busy:
            return
        mask = document.current_mask()
        if not mask.is_empty:
            options = replace(self.options, frames=document.frames, nodes=document.nodes)
            self._fill(self.readout.current_photo(), options, results.begin(mask))
            return
        current, one = results.current, results.round
        if current is None or one is None:
            self.told.emit(tr("Paint over what should go, then fill."))
            return
        moved = {(n.face, n.node): n for n in (*current.options.nodes, *document.nodes)}
        nodes = tuple(moved.values())
        options = replace(self.options, frames=document.frames, nodes=nodes)
        made = next((old for old in one.results if old.options == options), None)
        if made is None:
            self._fill(results.starting_photo(), options, one)
        elif made is current:
            self.told.emit(tr("This is filled so already; change a setting, or ask for more."))
        else:
            results.choose(made)

    def more(self) -> None:
        """Fill the last mask once more: the next sample of what is uncertain."""
        wanted = self.results.next_variant()
        if wanted is not None and not self.is_busy:
            one, options = wanted
            self._fill(self.results.starting_photo(), options, one)

    def _fill(self, photo: Photo, options: FillOptions, one: Round) -> None:
        document = self.document
        revision, mask = document.revision, one.mask

        def job(progress: Callable[[object], None], cancel: threading.Event) -> Result:
            # The faces are taken when the job runs: the search before it has ended by then.
            request = FillRequest(photo, mask, options, document.faces)
            result = self._filler().fill(request, progress, cancel)
            return make_result(photo, mask, options, result)

        def done(result: Result) -> None:
            self._end()
            if revision != document.revision:
                return
            self.results.add(one, result)
            self.filled.emit(result.fill)

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

    def close(self) -> None:
        """Stop both workers; a running fill is cancelled and waited for."""
        self._edit.close()
        self.readout.close()

    def _filler(self) -> Inpainter:
        if self._inpainter is None:
            self._inpainter = self._create()
        return self._inpainter

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


def faces_line(count: int) -> str:
    """How many faces were found, for the status line."""
    if count == 0:
        return tr("No face was found; draw a frame around one with F.")
    return tr("1 face") if count == 1 else tr("{count} faces").format(count=count)


def part_of_faces(document: Document, part: str, faces: Iterable[Face]) -> Mask | None:
    """The mask with a part of these faces added; None where none of them has a mesh."""
    from engine.face.parts import part_mask

    meshes = [face.mesh for face in faces if face.mesh is not None]
    if not meshes:
        return None
    pixels = document.mask.copy()
    for mesh in meshes:
        np.maximum(pixels, part_mask(mesh, part, document.size), out=pixels)
    return Mask(pixels)
