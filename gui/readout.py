"""What follows the brush: the prior's fill as a picture, and the readings of every face.

At most one request is being answered; the newest that came meanwhile is asked next, all between
are dropped. The worker has an inpainter of its own, so that a stroke never waits for a fill.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, QTimer, Signal

from engine.inpaint import FillOptions, FillRequest, FillResult, Inpainter, Preview
from engine.photo import Photo
from engine.readings import FaceReading
from gui.canvas.painting import preview_image
from gui.document import Document
from gui.results import Results
from gui.worker import Failure, Worker

ASK_MS = 15  # at most this often; what takes longer is asked for as soon as it is answered


@dataclass(frozen=True)
class Readings:
    """What is read now. filled: `after` is a real fill's, not the prior's. seconds: of that fill,
    or of the preview."""

    faces: tuple[FaceReading, ...] = ()
    filled: bool = False
    seconds: float | None = None

    def of(self, face: int) -> FaceReading | None:
        """The reading of a face by its number."""
        return next((reading for reading in self.faces if reading.face == face), None)


class Readout(QObject):
    """Signals: `previewed` with images to draw under the mask; `read` with Readings; `told` with
    why nothing can be read."""

    previewed = Signal(list)
    read = Signal(object)
    told = Signal(str)

    def __init__(
        self,
        document: Document,
        results: Results,
        create: Callable[[], Inpainter],
        options: Callable[[], FillOptions],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.readings = Readings()
        self.shows_preview = True
        self._document, self._results = document, results
        self._create, self._options = create, options
        self._inpainter: Inpainter | None = None
        self._worker = Worker("readout", self)
        self._photo: tuple[int, Photo] | None = None
        self._live: tuple[FaceReading, ...] = ()
        self._seconds: float | None = None
        self._asked = self._wanted = False
        self._trouble = ""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(ASK_MS)
        self._timer.timeout.connect(self._ask)
        document.opened.connect(self._forget)
        document.mask_changed.connect(self.refresh)
        document.faces_changed.connect(self.refresh)
        document.nodes_changed.connect(self.refresh)
        results.changed.connect(self._tell)

    def refresh(self, *_: object) -> None:
        """Something that is read has changed."""
        if not self._timer.isActive():
            self._timer.start()

    def show_preview(self, on: bool) -> None:
        """Whether the prior's fill is drawn; the readings are read all the same."""
        self.shows_preview = on
        self.refresh()
        if not on:
            self.previewed.emit([])

    def current_photo(self) -> Photo:
        """One Photo a revision, so that what it derives (an 8-bit copy) is derived once."""
        if self._photo is None or self._photo[0] != self._document.revision:
            self._photo = (self._document.revision, self._document.current_photo())
        return self._photo[1]

    def close(self) -> None:
        self._timer.stop()
        self._worker.close()

    def _forget(self) -> None:
        self._live, self._seconds = (), None
        self._tell()

    def _ask(self) -> None:
        if self._asked:
            self._wanted = True
            return
        document = self._document
        if not document.is_open or not document.subjects:
            self._live = ()
            self.previewed.emit([])
            self._tell()
            return
        self._asked = True
        revision, shows = document.revision, self.shows_preview
        options = replace(
            self._options(),
            model="prior",
            frames=document.frames,
            nodes=document.nodes,
            variant=0,
        )
        faces = document.faces or ()
        request = FillRequest(self.current_photo(), document.current_mask(), options, faces)

        def job(progress: object, cancel: threading.Event) -> tuple[Preview, list]:
            if self._inpainter is None:
                self._inpainter = self._create()
            preview = self._inpainter.preview(request)
            return preview, [preview_image(patch) for patch in preview.patches] if shows else []

        self._worker.submit(
            job,
            lambda answer: self._on_answer(answer, revision),
            lambda failure: self._on_failure(failure, revision),
        )

    def _on_answer(self, answer: tuple[Preview, list], revision: int) -> None:
        self._trouble = ""
        preview, images = answer
        if revision == self._document.revision:
            self._live = preview.readings
            self._seconds = sum(patch.seconds for patch in preview.patches) or None
            shows = self.shows_preview and bool(preview.patches) and self._document.has_mask
            self.previewed.emit(images if shows else [])
            self._tell()
        self._next()

    def _on_failure(self, failure: Failure, revision: int) -> None:
        """A preview that fails is said once: it would fail again at every stroke."""
        self._live, self._seconds = (), None
        self.previewed.emit([])
        if failure.sentence != self._trouble:
            self._trouble = failure.sentence
            self.told.emit(failure.sentence)
        self._tell()
        self._next()

    def _next(self) -> None:
        self._asked = False
        if self._wanted:
            self._wanted = False
            self._ask()

    def _renumbered(self, fill: FillResult) -> list[FaceReading]:
        """A fill's readings under the numbers its faces have now. Removed faces have none; those
        that only the fill found come last."""
        document = self._document
        now = {id(face): number for number, face in enumerate(document.subjects)}
        gone = {id(face) for face in document.removed}
        readings, last = [], len(now)
        for reading in fill.readings:
            face = fill.faces[reading.face] if reading.face < len(fill.faces) else None
            if id(face) in gone:
                continue
            number = now.get(id(face))
            if number is None and reading.face < len(document.frames):
                number = reading.face
            if number is None:
                number, last = last, last + 1
            readings.append(replace(reading, face=number))
        return readings

    def _tell(self) -> None:
        """The readings of the fill that is shown while nothing new is painted, else the live."""
        shown = None if self._document.has_mask else self._results.current
        if shown is None:
            self.readings = Readings(self._live, False, self._seconds)
        else:
            read = {reading.face: reading for reading in self._live}
            read |= {reading.face: reading for reading in self._renumbered(shown.fill)}
            faces = tuple(read[face] for face in sorted(read))
            self.readings = Readings(faces, True, shown.fill.seconds)
        self.read.emit(self.readings)
