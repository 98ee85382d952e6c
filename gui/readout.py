"""What follows the brush: the prior's fill as a picture, and the readings of every face.

At most one request is being answered; the newest that came meanwhile is asked next, all between
are dropped. The worker has an inpainter of its own, so that a stroke never waits for a fill. Once
nothing has been asked for a while the same is asked with detail, which is given up as soon as the
hand goes on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from PySide6.QtCore import QObject, QTimer, Signal

from engine.edit.compositor import Composite
from engine.edit.edit import Edit, request_of
from engine.edit.shelved import Wish
from engine.inpaint import FillOptions, Inpainter, Preview
from engine.readings import FaceReading
from engine.reference import Taken
from gui.canvas.painting import preview_image
from gui.document import Document
from gui.results import Results
from gui.worker import Failure, Ticket, Worker

REST_MS = 350  # after an answer, from when on the hand rests
ASK_MS = 15  # at most this often; what takes longer is asked for as soon as it is answered


@dataclass(frozen=True)
class Readings:
    """What is read now. filled: `after` is a real fill's, not the prior's. seconds: of that fill,
    or of the preview. taken: what became of references, by the ids of face and reference."""

    faces: tuple[FaceReading, ...] = ()
    filled: bool = False
    seconds: float | None = None
    taken: dict[tuple[str, str], Taken] = field(default_factory=dict)

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
        self._live: tuple[FaceReading, ...] = ()
        self._taken: dict[tuple[str, str], Taken] = {}
        self._seconds: float | None = None
        self._below: Composite | None = None
        self._asked = self._wanted = False
        self._trouble = ""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(ASK_MS)
        self._timer.timeout.connect(self._ask)
        self._detailing: Ticket | None = None
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self._rest.timeout.connect(lambda: self._ask(detailed=True))
        document.opened.connect(self._forget)
        document.mask_changed.connect(self.refresh)
        document.faces_changed.connect(self.refresh)
        document.nodes_changed.connect(self.refresh)
        document.shelf_changed.connect(self.refresh)
        results.changed.connect(self._tell)
        results.changed.connect(self.refresh)

    def refresh(self, *_: object) -> None:
        """Something that is read has changed."""
        self._rest.stop()
        if self._detailing is not None:
            self._detailing.cancel()
        if not self._timer.isActive():
            self._timer.start()

    def show_preview(self, on: bool) -> None:
        """Whether the prior's fill is drawn; the readings are read all the same."""
        self.shows_preview = on
        self.refresh()
        if not on:
            self.previewed.emit([])

    def refill(self) -> FillOptions | None:
        """The options that filling the shown hole again would take, None while they are those it
        was filled with, whichever variant is shown, or something new is painted."""
        document = self._document
        current = None if document.has_mask else self._results.current
        if current is None:
            return None
        now = document.now
        moved = {(n.face, n.node): n for n in (*current.options.nodes, *now.numbered(now.nodes))}
        options = replace(now.options(self._options()), nodes=tuple(moved.values()))
        same = replace(options, variant=current.options.variant), now.wishes
        return None if same == current.layer.asked else options

    def close(self) -> None:
        self._timer.stop()
        self._rest.stop()
        self._worker.close()

    def _forget(self) -> None:
        self._rest.stop()
        self._below = None
        self._live, self._taken, self._seconds = (), {}, None
        self._tell()

    def _ask(self, *, detailed: bool = False) -> None:
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
        now, revision, shows = document.now, document.revision, self.shows_preview
        again, mask, picture = self.refill(), now.mask, document.picture
        assert picture is not None
        options = now.options(self._options())
        current = self._results.current
        if again is not None and current is not None:
            # Other settings for what is filled: shown before they are asked for.
            options, mask = again, current.layer.mask
            # Kept: the whole picture is put together once, not at every setting.
            below = self._below if self._below is not None else picture
            picture = self._below = below.of(now.without_hole(current.layer.hole))
        options = replace(options, model="prior", variant=0)

        def job(progress: object, cancel: threading.Event) -> tuple[Preview, list]:
            if self._inpainter is None:
                self._inpainter = self._create()
            faces = now.known_faces() or ()
            request = request_of(now, options, picture.photo(), mask, faces)
            preview = self._inpainter.preview(request, detailed=detailed, cancel=cancel)
            if not shows:
                return preview, []
            to_srgb = now.photo.to_srgb
            seen = (replace(patch, pixels=to_srgb(patch.pixels)) for patch in preview.patches)
            return preview, [preview_image(patch) for patch in seen]

        ticket = self._worker.submit(
            job,
            lambda answer: self._on_answer(answer, revision, now, again, detailed),
            lambda failure: self._on_failure(failure, detailed),
            cancelled=self._next,
        )
        self._detailing = ticket if detailed else None

    def _on_answer(
        self,
        answer: tuple[Preview, list],
        revision: int,
        asked: Edit,
        again: FillOptions | None,
        detailed: bool,
    ) -> None:
        self._trouble = ""
        preview, images = answer
        document = self._document
        if revision == document.revision:
            names = tuple(subject.id for subject in asked.subjects)
            self._live = _numbered(preview.readings, names, document.edit)
            self._taken = _named(preview.references, names, asked.wishes)
            if not detailed:
                self._seconds = sum(patch.seconds for patch in preview.patches) or None
            holds = document.has_mask if again is None else self.refill() is not None
            shows = self.shows_preview and bool(preview.patches) and holds
            self.previewed.emit(images if shows else [])
            self._tell()
            if shows and not detailed and not self._timer.isActive():
                self._rest.start()
        self._next()

    def _on_failure(self, failure: Failure, detailed: bool) -> None:
        """A preview that fails is said once: it would fail again at every stroke. Without its
        detail it stays."""
        if not detailed:
            self._live, self._taken, self._seconds = (), {}, None
            self.previewed.emit([])
        if failure.sentence != self._trouble:
            self._trouble = failure.sentence
            self.told.emit(failure.sentence)
        self._tell()
        self._next()

    def _next(self) -> None:
        self._asked, self._detailing = False, None
        if self._wanted:
            self._wanted = False
            self._rest.stop()
            self._ask()

    def _tell(self) -> None:
        """The readings of the fill that is shown while nothing new is painted, else the live."""
        shown = None if self._document.has_mask else self._results.current
        if shown is None:
            self.readings = Readings(self._live, False, self._seconds, self._taken)
        else:
            read = {reading.face: reading for reading in self._live}
            layer = shown.layer
            filled = _numbered(layer.fill.readings, layer.subjects, self._document.edit)
            read |= {reading.face: reading for reading in filled}
            faces = tuple(read[face] for face in sorted(read))
            taken = _named(layer.fill.references, layer.subjects, layer.wishes) | self._taken
            self.readings = Readings(faces, True, shown.fill.seconds, taken)
        self.read.emit(self.readings)


def _numbered(
    readings: tuple[FaceReading, ...], names: tuple[str, ...], edit: Edit
) -> tuple[FaceReading, ...]:
    """Readings of faces by the numbers they have in an edit; those of faces that are gone stay
    out. names: the ids of the faces as the readings number them."""
    kept = []
    for reading in readings:
        number = edit.number_of(names[reading.face]) if reading.face < len(names) else None
        if number is not None:
            kept.append(replace(reading, face=number))
    return tuple(kept)


def _named(
    references: tuple[Taken, ...], names: tuple[str, ...], wishes: tuple[Wish, ...]
) -> dict[tuple[str, str], Taken]:
    """What became of references, by the ids of faces and of references. names: of the faces as
    they were numbered. wishes: what was asked for, in the order of the references."""
    return {
        (names[taken.face], wishes[taken.number][0]): taken
        for taken in references
        if taken.face < len(names) and taken.number < len(wishes)
    }
