"""What the editor does: open, look for faces, fill, vary, save. No widgets here.

Whatever runs in the background is given an edit, a value: what is clicked meanwhile cannot reach
it. One worker owns the inpainter, another reads and writes files.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal

from engine.edit.compositor import Composite
from engine.edit.edit import Edit, Layer, request_of, subjects_of
from engine.edit.session import (
    PhotoMissing,
    PhotoReference,
    read_session,
    reference_of,
    write_session,
)
from engine.edit.tiles import TiledMask
from engine.errors import MienError
from engine.inpaint import FillOptions, Inpainter, Progress
from engine.mask import Mask
from engine.mask_file import open_mask, refuse_doubtful, save_mask
from engine.photo import (
    Photo,
    Stamp,
    changed_on_disk,
    open_photo,
    save_photo,
    stamp_of,
)
from gui.base.operation import Desk, Operation
from gui.canvas.levels import Levels, levels_of
from gui.document import Document
from gui.keeper import Keeper, Orphan
from gui.readout import Readout
from gui.results import Result, Results, thumbnail
from gui.tab import Tab, new_tab
from gui.tabs import Tabs
from gui.translation import tr
from gui.worker import Failure, Job, Worker

FILL, SAVE, MASK = "fill", "save", "mask"
SMALL = 2**20  # pixels of a mask that are changed at once


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


@dataclass(frozen=True, eq=False)
class DoubtfulMask:
    """A mask that would repaint a `share` (0 .. 1) of its photo that is seldom meant."""

    tab: Tab
    mask: Mask
    name: str
    share: float


class ChangedOnDiskError(MienError):
    """A file is not what it was when it was read or written."""


class Editor(QObject):
    """Signals: `busy_changed` while a fill or save of the shown photo runs; `progressed` (stage,
    done) of it; `told`, one line for the status; `failed`; `astray` with an Astray; `loaded` with
    a photo's levels, before the document shows it; `filled` with a FillResult of the shown photo;
    `saved`; `devices_known`; `options_changed`; `doubtful` with a DoubtfulMask; `grown` with the
    tab whose opened mask was grown, and by how many pixels."""

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
    doubtful = Signal(object)
    grown = Signal(object, int)

    def __init__(
        self,
        document: Document,
        create: Callable[[], Inpainter],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.document = document
        self.tabs = Tabs(document, self)
        self.results = Results(document, self)
        self.desk = Desk(self)
        self._options = FillOptions()
        self._create = create
        self._inpainter: Inpainter | None = None
        self._fills, self._files = Worker("fills", self), Worker("files", self)
        self._searches: dict[Tab, Operation] = {}
        self.readout = Readout(document, self.results, create, lambda: self._options, self)
        self.readout.told.connect(self.told)
        self.keeper = Keeper(document, self.tabs, self.desk, self)
        self.keeper.told.connect(self.told)
        self.desk.changed.connect(self._tell_busy)
        self.desk.failed.connect(self.failed)
        self.desk.progressed.connect(self._tell)
        document.opened.connect(self._on_shown)
        self.tabs.closed.connect(self._on_closed)

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
        """Whether a fill, a save or a change of the whole mask of the shown photo is under way."""
        return self.desk.is_busy_with(self.document.tab)

    @property
    def is_filling(self) -> bool:
        """Whether the shown photo is being filled."""
        return self.document.tab is not None and self.is_filling_of(self.document.tab)

    def is_filling_of(self, tab: Tab) -> bool:
        return self.desk.runs(FILL, tab)

    def warm_up(self) -> None:
        """Import what is slow (torch, MediaPipe) while the person looks for a photo."""

        def job(progress: object, cancel: threading.Event) -> list[str]:
            from engine.device import available_devices

            return available_devices()

        Operation(job, self._fills, self.desk).when_done(self.devices_known.emit).start()

    # Opening.

    def open(self, path: Path, *, show: bool = True) -> None:
        """Open a photo in a tab of its own; what is shown stays until it is whole, or for good."""

        def job(progress: object, cancel: threading.Event) -> Opened:
            photo = open_photo(path)
            return Opened(photo, levels_of(photo), reference_of(photo))

        self._open(job, show=show)

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
                self.failed.emit(failure)

        self._open(job, orphan, failed, show=show)

    def _open(
        self,
        job: Job,
        orphan: Orphan | None = None,
        failed: Callable[[Failure], object] | None = None,
        *,
        show: bool = True,
    ) -> None:
        def done(opened: Opened) -> None:
            self.loaded.emit(opened.levels)
            tab = new_tab(
                opened.photo, opened.edit, reference=opened.reference, session=opened.session
            )
            if opened.session is not None and opened.stamp is not None:
                tab.stamps[opened.session] = opened.stamp
            self.tabs.add(tab, show=show)
            if orphan is not None:
                self.keeper.adopt(tab, orphan)

        self.told.emit(tr("Opening…"))
        opening = Operation(job, self._files, self.desk).when_done(done)
        opening.when_failed(lambda _failure: self.told.emit(""))
        if failed is not None:
            opening.when_failed(failed, quiet=True)
        opening.start()

    def need_levels(self, tab: Tab) -> None:
        """A photo is shown again whose levels were let go: make them once more."""
        edit = tab.edit

        def job(progress: object, cancel: threading.Event) -> Levels:
            return levels_of(tab.photo, edit)

        Operation(job, self._files, self.desk).when_done(self.loaded.emit).start()

    def _on_shown(self) -> None:
        """A photo's faces are looked for when it is shown first."""
        tab = self.document.tab
        self.told.emit("")
        self._tell_busy()
        if tab is None or tab in self._searches:
            return
        if tab.edit.faces is None:
            self._find_faces(tab)
        elif tab.edges is None:
            self._recall_faces(tab)

    def _on_closed(self, tab: Tab) -> None:
        searching = self._searches.pop(tab, None)
        if searching is not None:
            searching.cancel()
        self.drop(tab)

    def _tell_busy(self) -> None:
        self.busy_changed.emit(self.is_busy)

    def _tell_of(self, tab: Tab, line: str) -> None:
        """A line about a photo, with its name where another one is shown."""
        self.told.emit(line if tab is self.document.tab else f"{tab.name}: {line}")

    def _recall_faces(self, tab: Tab) -> None:
        """The faces are known, only how their meshes are linked is not."""

        def job(progress: object, cancel: threading.Event) -> np.ndarray:
            from engine.face.mesh import edges

            return edges()

        def done(edges: np.ndarray) -> None:
            if tab in self.tabs:
                with self.document.on(tab):
                    self.document.set_edges(edges)

        self._searches[tab] = Operation(job, self._fills, self.desk).when_done(done).start()

    def _find_faces(self, tab: Tab) -> None:
        self.told.emit(tr("Looking for faces…"))

        def job(progress: object, cancel: threading.Event) -> np.ndarray | None:
            from engine.face.mesh import edges

            # Kept here at once: a fill that is queued behind runs before the GUI thread hears.
            tab.sought = faces = self._filler().find_faces(tab.photo, cancel)
            return edges() if any(face.mesh is not None for face in faces) else None

        def found(edges: np.ndarray | None, line: str) -> None:
            if tab in self.tabs:
                with self.document.on(tab):
                    self.document.set_faces(tab.sought or (), edges)
                if tab is self.document.tab:
                    self.told.emit(line)

        sorry = tr("Faces could not be looked for; draw a frame around one with F.")
        searching = Operation(job, self._fills, self.desk)
        searching.when_done(lambda edges: found(edges, faces_line(len(tab.sought or ()))))
        self._searches[tab] = searching.when_failed(lambda _failure: found(None, sorry)).start()

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
        tab = self.document.tab
        assert tab is not None
        picture = tab.picture.of(edit)

        def job(progress: Callable[[object], None], cancel: threading.Event) -> tuple:
            faces = edit.known_faces()
            if faces is None:
                faces = tab.sought
            request = request_of(edit, options, picture.photo(), mask, faces)
            result = self._filler().fill(request, progress, cancel)
            layer = Layer(hole, result, mask, options)
            Composite.of(picture, edit.with_layer(layer)).warm()
            return layer, thumbnail(picture, mask, result)

        def done(answer: tuple) -> None:
            layer, image = answer
            if tab not in self.tabs:
                return
            known = replace(edit, faces=tab.edit.faces) if edit.faces is None else edit
            layer = replace(layer, subjects=subjects_of(layer.fill, known))
            tab.last, tab.is_news = layer.fill, tab is not self.document.tab
            with self.document.on(tab):
                self.results.add(Result(layer, image))
            if tab.is_news:
                self.told.emit(tr("{name} is filled.").format(name=tab.name))
            else:
                self.filled.emit(layer.fill)

        waits = self.desk.runs(FILL)
        filling = Operation(job, self._fills, self.desk, FILL, tab)
        filling.when_done(done).when_cancelled(lambda: self._on_cancelled(tab)).start()
        if waits:
            self.progressed.emit("wait", 0.0)

    def cancel(self) -> None:
        """Stop what runs for the shown photo at its next step."""
        if self.document.tab is not None:
            self.desk.cancel(of=self.document.tab)

    def drop(self, tab: Tab) -> None:
        """The photo is left: stop what is made for it; a save goes on."""
        self.desk.cancel(FILL, MASK, of=tab)

    def after_saving(self, tab: Tab, then: Callable[[], object] | None) -> bool:
        """Whether a save of a photo is under way; `then` follows it, unless it fails."""
        saving = self.desk.running(SAVE, tab)
        if saving is not None and then is not None:
            saving.when_done(lambda _saved: then())
        return saving is not None

    def _on_cancelled(self, tab: Tab) -> None:
        if tab in self.tabs:
            self._tell_of(tab, tr("Cancelled; nothing was changed."))

    # Saving.

    def save(
        self,
        path: Path,
        *,
        overwrite: bool,
        then: Callable[[], object] | None = None,
        changed: Callable[[], object] | None = None,
    ) -> None:
        """Save the photo as it looks now, whatever is clicked meanwhile; `then` what was to
        follow, unless it fails or is cancelled; `changed` what is done instead where the file
        was changed by another program since it was opened or saved: without it, it is replaced."""
        tab = self.document.tab
        assert tab is not None
        edit, picture = tab.edit, tab.picture

        def write() -> Path:
            return save_photo(picture.photo(), path, overwrite=overwrite)

        def done(saved: Path) -> None:
            if tab in self.tabs:
                with self.document.on(tab):
                    self.document.rename(saved, edit)

        self._save(tab, path, write, done, then, changed)

    def save_session(
        self,
        path: Path,
        then: Callable[[], object] | None = None,
        changed: Callable[[], object] | None = None,
    ) -> None:
        """Write what was made of the photo, layers and all, as a session."""
        tab = self.document.tab
        assert tab is not None
        edit = tab.edit

        def write() -> Path:
            return write_session(edit, path, tab.reference)

        def done(saved: Path) -> None:
            if tab in self.tabs:
                tab.session = saved
                with self.document.on(tab):
                    self.document.history.mark_saved(edit, mask=True)

        self._save(tab, path, write, done, then, changed)

    def _save(
        self,
        tab: Tab,
        path: Path,
        write: Callable[[], Path],
        done: Callable[[Path], object],
        then: Callable[[], object] | None,
        changed: Callable[[], object] | None,
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
            self.told.emit(tr("Saved {name}.").format(name=saved.name))
            self.saved.emit(saved)
            if then is not None:
                then()

        def failed(failure: Failure) -> None:
            if changed is not None and isinstance(failure.error, ChangedOnDiskError):
                changed()
            else:
                self.failed.emit(failure)

        saving = Operation(job, self._files, self.desk, SAVE, tab)
        saving.when_done(written).when_failed(failed, quiet=True)
        saving.when_cancelled(lambda: self._on_cancelled(tab)).start()
        self.progressed.emit("save", 0.0)

    # Masks.

    def open_mask(self, path: Path) -> None:
        """Take a mask from a picture of the photo's size; `doubtful` with one that would repaint
        nearly everything, else as `take_mask`."""
        tab, size = self.document.tab, self.document.size
        assert tab is not None

        def job(progress: object, cancel: threading.Event) -> DoubtfulMask | Mask:
            mask = open_mask(path, size)
            try:
                refuse_doubtful(mask, path.name)
            except MienError:
                return DoubtfulMask(tab, mask, path.name, float(mask.hole.mean()))
            return mask

        def done(mask: DoubtfulMask | Mask) -> None:
            if tab not in self.tabs:
                return
            if isinstance(mask, Mask):
                self.take_mask(tab, mask)
            else:
                self.doubtful.emit(mask)

        Operation(job, self._files, self.desk, MASK, tab).when_done(done).start()
        self.progressed.emit("mask", 0.0)

    def take_mask(self, tab: Tab, mask: Mask) -> None:
        """A mask out of a file; one that hugs what it hides is grown, as a step of its own:
        `grown` with the tab and by how many pixels."""

        def job(progress: object, cancel: threading.Event) -> tuple[TiledMask, TiledMask, int]:
            from engine.grow import auto_grow

            wider, by = auto_grow(tab.photo.rgb8, mask)
            return TiledMask.of(mask), TiledMask.of(wider), by

        def done(answer: tuple[TiledMask, TiledMask, int]) -> None:
            if tab not in self.tabs:
                return
            opened, wider, by = answer
            with self.document.on(tab):
                self.document.set_mask(opened, tr("Open a mask"))
                if by:
                    self.document.set_mask(wider, tr("Grow to fit"))
            if by:
                self.grown.emit(tab, by)

        Operation(job, self._files, self.desk, MASK, tab).when_done(done).start()
        self.progressed.emit("mask", 0.0)

    def save_mask(self, path: Path) -> None:
        """Write the mask as a grey PNG; the dialog asked about replacing already."""
        mask = self.document.now.mask

        def job(progress: object, cancel: threading.Event) -> Path:
            return save_mask(mask.to_mask(), path, overwrite=True)

        def done(saved: Path) -> None:
            self.told.emit(tr("Saved {name}.").format(name=saved.name))

        Operation(job, self._files, self.desk).when_done(done).start()

    def change_mask(
        self, change: Callable[[TiledMask], TiledMask], pixels: float, title: str
    ) -> None:
        """Grow, shrink, a part of a face: a function of the mask that works on about so many
        pixels. What works on many is done in the background; if the mask is painted on meanwhile,
        what is painted by then is changed."""
        tab = self.document.tab
        if tab is None:
            return
        mask = tab.edit.mask
        if pixels <= SMALL:
            self.document.set_mask(change(mask), title)
            return

        def job(progress: object, cancel: threading.Event) -> TiledMask:
            return change(mask)

        def done(changed: TiledMask) -> None:
            if tab not in self.tabs:
                return
            with self.document.on(tab):
                if tab.edit.mask is mask:
                    self.document.set_mask(changed, title)
                else:
                    self.change_mask(change, pixels, title)

        changing = Operation(job, self._files, self.desk, MASK, tab)
        changing.when_done(done).when_cancelled(lambda: self._on_cancelled(tab)).start()
        self.progressed.emit("mask", 0.0)

    def close(self) -> None:
        """Stop all workers; a running fill is cancelled and waited for. The photos were left in
        order: what was kept of them goes."""
        self.keeper.close()
        self._fills.close()
        self._files.close()
        self.readout.close()

    def _filler(self) -> Inpainter:
        if self._inpainter is None:
            self._inpainter = self._create()
        return self._inpainter

    def _tell(self, progress: object, of: object) -> None:
        if isinstance(progress, Progress) and of is self.document.tab:
            self.progressed.emit(progress.stage, progress.done)


def faces_line(count: int) -> str:
    """How many faces were found, for the status line."""
    if count == 0:
        return tr("No face was found; draw a frame around one with F.")
    return tr("1 face") if count == 1 else tr("{count} faces").format(count=count)
