"""What the editor does: open, look for faces, fill, vary, save. No widgets here.

Whatever runs in the background is given an edit, a value: what is clicked meanwhile cannot reach
it. One worker owns the inpainter, another reads and writes files.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal

from engine.edit.compositor import Composite, Shown
from engine.edit.edit import Edit, Layer, request_of, subjects_of
from engine.edit.session import (
    PhotoMissing,
    PhotoReference,
    read_session,
    reference_of,
    write_session,
)
from engine.edit.tiles import TiledMask
from engine.face.finder import Face
from engine.inpaint import FillOptions, Inpainter, Progress
from engine.mask import Mask
from engine.mask_file import open_mask, save_mask
from engine.photo import Photo, open_photo, save_photo
from gui.base.operation import Desk, Operation
from gui.canvas.pyramid import Pyramid
from gui.document import Document
from gui.keeper import Keeper, Orphan
from gui.readout import Readout
from gui.results import Result, Results, thumbnail
from gui.translation import tr
from gui.worker import Failure, Worker

FILL, SAVE, MASK = "fill", "save", "mask"
SMALL = 2**20  # pixels of a mask that are changed at once


@dataclass(frozen=True)
class Opened:
    """A photo with the levels it is shown from."""

    photo: Photo
    pyramid: Pyramid
    reference: PhotoReference
    edit: Edit | None = None
    session: Path | None = None


@dataclass(frozen=True)
class Astray:
    """A session whose photo has to be asked for. orphan: of a process that was killed."""

    session: Path
    photo: PhotoReference
    sentence: str
    orphan: Orphan | None = None


class _Search:
    """What the search for a photo's faces answered, for a fill that was queued behind it."""

    def __init__(self, photo: Photo) -> None:
        self.photo = photo
        self.faces: tuple[Face, ...] | None = None


class Editor(QObject):
    """Signals: `busy_changed` while a fill or save runs; `progressed` (stage, done); `told`, one
    line for the status; `failed`; `astray` with an Astray; `loaded` with the photo's pyramid,
    just before the document shows it; `filled` with a FillResult; `saved`; `devices_known`;
    `options_changed`."""

    busy_changed = Signal(bool)
    progressed = Signal(str, float)
    told = Signal(str)
    failed = Signal(object)
    loaded = Signal(object)
    astray = Signal(object)
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
        self.desk = Desk(self)
        self._options = FillOptions()
        self._create = create
        self._inpainter: Inpainter | None = None
        self._fills, self._files = Worker("fills", self), Worker("files", self)
        self._searching: Operation | None = None
        self._search: _Search | None = None
        self._opening: Operation | None = None
        self.readout = Readout(document, self.results, create, lambda: self._options, self)
        self.readout.told.connect(self.told)
        self.keeper = Keeper(document, self.desk, self)
        self.keeper.told.connect(self.told)
        self.desk.busy_changed.connect(self.busy_changed)
        self.desk.failed.connect(self.failed)
        self.desk.progressed.connect(self._tell)

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
        """Whether a fill, a save or a change of the whole mask is under way."""
        return self.desk.is_busy

    @property
    def is_filling(self) -> bool:
        return self.desk.runs(FILL)

    def warm_up(self) -> None:
        """Import what is slow (torch, MediaPipe) while the person looks for a photo."""

        def job(progress: object, cancel: threading.Event) -> list[str]:
            from engine.device import available_devices

            return available_devices()

        Operation(job, self._fills, self.desk).when_done(self.devices_known.emit).start()

    # Opening.

    def open(self, path: Path) -> None:
        """Open a photo; the one that is shown stays until the new one is whole."""
        self._open(lambda: open_photo(path))

    def open_pasted(self, photo: Photo) -> None:
        """Show a photo from the clipboard."""
        self._open(lambda: photo)

    def _open(self, read: Callable[[], Photo]) -> None:
        self.drop()
        if self._opening is not None:
            self._opening.cancel()

        def job(progress: object, cancel: threading.Event) -> Opened:
            photo = read()
            return Opened(photo, Pyramid(Shown(Composite(photo))), reference_of(photo))

        self.told.emit(tr("Opening…"))
        opening = Operation(job, self._files, self.desk)
        opening.when_done(self._on_opened).when_failed(lambda _failure: self.told.emit(""))
        self._opening = opening.start()

    def open_session(
        self, path: Path, photo: Path | None = None, orphan: Orphan | None = None
    ) -> None:
        """Go on with a session; `photo` where its photo is now. An orphan's is written on."""
        self.drop()
        if self._opening is not None:
            self._opening.cancel()

        def job(progress: object, cancel: threading.Event) -> Opened:
            edit = read_session(path, photo)
            whole, reference = edit.photo, reference_of(edit.photo)
            own = None if orphan is not None else path
            return Opened(whole, Pyramid(Shown(Composite(whole))), reference, edit, own)

        def done(opened: Opened) -> None:
            if orphan is not None:
                self.keeper.adopt(orphan)
            self._on_opened(opened)

        def failed(failure: Failure) -> None:
            self.told.emit("")
            if isinstance(failure.error, PhotoMissing):
                where = failure.error.reference
                self.astray.emit(Astray(path, where, failure.sentence, orphan))
            else:
                self.failed.emit(failure)

        self.told.emit(tr("Opening…"))
        opening = Operation(job, self._files, self.desk)
        self._opening = opening.when_done(done).when_failed(failed, quiet=True).start()

    def _on_opened(self, opened: Opened) -> None:
        self.loaded.emit(opened.pyramid)
        self.document.open(
            opened.photo, opened.edit, reference=opened.reference, session=opened.session
        )
        if opened.edit is None or opened.edit.faces is None:
            self._find_faces()
        else:
            self._recall_faces()

    def _recall_faces(self) -> None:
        """The faces are known, only how their meshes are linked is not."""
        photo = self.document.photo
        self._search = None
        self.told.emit("")

        def job(progress: object, cancel: threading.Event) -> np.ndarray:
            from engine.face.mesh import edges

            return edges()

        def done(edges: np.ndarray) -> None:
            if photo is self.document.photo:
                self.document.set_edges(edges)

        Operation(job, self._fills, self.desk).when_done(done).start()

    def _find_faces(self) -> None:
        if self._searching is not None:
            self._searching.cancel()
        photo = self.document.photo
        assert photo is not None
        search = self._search = _Search(photo)
        self.told.emit(tr("Looking for faces…"))

        def job(progress: object, cancel: threading.Event) -> np.ndarray | None:
            from engine.face.mesh import edges

            # Kept here at once: a fill that is queued behind runs before the GUI thread hears.
            search.faces = self._filler().find_faces(photo, cancel)
            return edges() if any(face.mesh is not None for face in search.faces) else None

        def done(edges: np.ndarray | None) -> None:
            if photo is self.document.photo:
                self.document.set_faces(search.faces or (), edges)
                self.told.emit(faces_line(len(search.faces or ())))

        def failed(failure: Failure) -> None:
            if photo is self.document.photo:
                self.document.set_faces((), None)
                self.told.emit(tr("Faces could not be looked for; draw a frame around one with F."))

        searching = Operation(job, self._fills, self.desk)
        self._searching = searching.when_done(done).when_failed(failed).start()

    # Filling.

    def fill(self) -> None:
        """Fill the mask; the result is shown when it is whole.

        With nothing painted, the last hole is filled again if the settings are others by now, or
        nodes were dragged further.
        """
        document, results = self.document, self.results
        if not document.is_open or self.is_busy:
            return
        edit = document.edit
        if not edit.mask.is_empty:
            self._fill(edit, edit.options(self.options), edit.mask, results.hole_of(edit))
            return
        again = self.refill()
        current, one = results.current, results.round
        if current is None or one is None:
            self.told.emit(tr("Paint over what should go, then fill."))
        elif again is None:
            self.told.emit(tr("This is filled so already; change a setting, or ask for more."))
        else:
            made = next((old for old in one.results if old.options == again), None)
            if made is None:
                self._fill(edit.without_hole(one.hole), again, one.mask, one.hole)
            else:
                results.choose(made)

    def refill(self) -> FillOptions | None:
        """The options that filling the shown hole again would take, None while they are those it
        was filled with, or something new is painted."""
        return self.readout.refill()

    def more(self) -> None:
        """Fill the last hole once more: the next sample of what is uncertain."""
        wanted = self.results.next_variant()
        if wanted is not None and not self.is_busy:
            one, options = wanted
            edit = self.document.edit.without_hole(one.hole)
            self._fill(edit, options, one.mask, one.hole)

    def _fill(self, edit: Edit, options: FillOptions, mask: TiledMask, hole: str) -> None:
        """edit: what the hole is filled in; its layers are the picture, the hole's own are not."""
        document, search = self.document, self._search
        assert document.picture is not None
        picture = document.picture.of(edit)

        def job(progress: Callable[[object], None], cancel: threading.Event) -> tuple:
            faces = edit.known_faces()
            if faces is None and search is not None:
                faces = search.faces
            request = request_of(edit, options, picture.photo(), mask, faces)
            result = self._filler().fill(request, progress, cancel)
            layer = Layer(hole, result, mask, options)
            Composite.of(picture, edit.with_layer(layer)).warm()
            return layer, thumbnail(picture.photo(), mask, result)

        def done(answer: tuple) -> None:
            layer, image = answer
            if edit.photo is not document.photo:
                return
            known = replace(edit, faces=document.edit.faces) if edit.faces is None else edit
            layer = replace(layer, subjects=subjects_of(layer.fill, known))
            self.results.add(Result(layer, image))
            self.filled.emit(layer.fill)

        filling = Operation(job, self._fills, self.desk, FILL)
        filling.when_done(done).when_cancelled(self._on_cancelled).start()

    def cancel(self) -> None:
        """Stop the running fill at its next step."""
        self.desk.cancel()

    def drop(self) -> None:
        """The photo is left: stop what is made for it; a save goes on."""
        self.desk.cancel(FILL, MASK)

    def after_saving(self, then: Callable[[], object] | None) -> bool:
        """Whether a save is under way; `then` follows it, unless it fails."""
        saving = self.desk.running(SAVE)
        if saving is not None and then is not None:
            saving.when_done(lambda _saved: then())
        return saving is not None

    def _on_cancelled(self) -> None:
        self.told.emit(tr("Cancelled; nothing was changed."))

    # Saving.

    def save(
        self, path: Path, *, overwrite: bool, then: Callable[[], object] | None = None
    ) -> None:
        """Save the photo as it looks now, whatever is clicked meanwhile; `then` what was to
        follow, unless it fails or is cancelled."""
        document, edit = self.document, self.document.edit
        assert document.picture is not None
        picture = document.picture

        def job(progress: object, cancel: threading.Event) -> Path:
            return save_photo(picture.photo(), path, overwrite=overwrite)

        def done(saved: Path) -> None:
            if edit.photo is document.photo:
                document.rename(saved, edit)
            self.told.emit(tr("Saved {name}.").format(name=saved.name))
            self.saved.emit(saved)
            if then is not None:
                then()

        saving = Operation(job, self._files, self.desk, SAVE)
        saving.when_done(done).when_cancelled(self._on_cancelled).start()
        self.progressed.emit("save", 0.0)

    def save_session(self, path: Path, then: Callable[[], object] | None = None) -> None:
        """Write what was made of the photo, layers and all, as a session."""
        document, edit = self.document, self.document.edit
        reference = document.reference

        def job(progress: object, cancel: threading.Event) -> Path:
            return write_session(edit, path, reference)

        def done(saved: Path) -> None:
            if edit.photo is document.photo:
                document.session = saved
                document.history.mark_saved(edit, mask=True)
            self.told.emit(tr("Saved {name}.").format(name=saved.name))
            self.saved.emit(saved)
            if then is not None:
                then()

        saving = Operation(job, self._files, self.desk, SAVE)
        saving.when_done(done).when_cancelled(self._on_cancelled).start()
        self.progressed.emit("save", 0.0)

    # Masks.

    def open_mask(self, path: Path) -> None:
        """Take a mask from a picture of the photo's size."""
        photo, size = self.document.photo, self.document.size

        def job(progress: object, cancel: threading.Event) -> TiledMask:
            return TiledMask.of(open_mask(path, size))

        def done(mask: TiledMask) -> None:
            if photo is self.document.photo:
                self.document.set_mask(mask, tr("Open a mask"))

        Operation(job, self._files, self.desk).when_done(done).start()

    def save_mask(self, path: Path) -> None:
        """Write the mask as a grey PNG; the dialog asked about replacing already."""
        mask = self.document.now.mask

        def job(progress: object, cancel: threading.Event) -> Path:
            return save_mask(mask.to_mask(), path, overwrite=True)

        def done(saved: Path) -> None:
            self.told.emit(tr("Saved {name}.").format(name=saved.name))

        Operation(job, self._files, self.desk).when_done(done).start()

    def change_mask(self, change: Callable[[Mask], Mask], reach: float, title: str) -> None:
        """Grow, shrink, feather: a function of the mask that reaches `reach` pixels beyond what
        is painted. A large mask is changed in the background; if it is painted on meanwhile, what
        is painted by then is changed."""
        mask, photo = self.document.edit.mask, self.document.photo
        box = mask.painted
        if box is None:
            return
        if (box[2] + 2 * reach) * (box[3] + 2 * reach) <= SMALL:
            self.document.set_mask(mask.changed(change, reach), title)
            return

        def job(progress: object, cancel: threading.Event) -> TiledMask:
            return mask.changed(change, reach)

        def done(changed: TiledMask) -> None:
            if photo is not self.document.photo:
                return
            if self.document.edit.mask is mask:
                self.document.set_mask(changed, title)
            else:
                self.change_mask(change, reach, title)

        changing = Operation(job, self._files, self.desk, MASK)
        changing.when_done(done).when_cancelled(self._on_cancelled).start()
        self.progressed.emit("mask", 0.0)

    def close(self) -> None:
        """Stop all workers; a running fill is cancelled and waited for. The photo was left in
        order: what was kept of it goes."""
        self.keeper.close()
        self._fills.close()
        self._files.close()
        self.readout.close()

    def _filler(self) -> Inpainter:
        if self._inpainter is None:
            self._inpainter = self._create()
        return self._inpainter

    def _tell(self, progress: object) -> None:
        if isinstance(progress, Progress):
            self.progressed.emit(progress.stage, progress.done)


def faces_line(count: int) -> str:
    """How many faces were found, for the status line."""
    if count == 0:
        return tr("No face was found; draw a frame around one with F.")
    return tr("1 face") if count == 1 else tr("{count} faces").format(count=count)


def with_part(document: Document, part: str, meshes: Iterable[np.ndarray]) -> Mask:
    """The mask with a part of the faces of these meshes added."""
    from engine.face.parts import part_mask

    pixels = document.mask.copy()
    for mesh in meshes:
        np.maximum(pixels, part_mask(mesh, part, document.size), out=pixels)
    return Mask(pixels)
