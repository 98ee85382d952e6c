"""What the editor does: look for faces, fill, vary; opening, saving and masks are its parts. No
widgets here.

Whatever runs in the background is given an edit, a value: what is clicked meanwhile cannot reach
it. One worker owns the inpainter, another reads and writes files.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from engine.edit.compositor import Composite
from engine.edit.edit import Edit, Layer, new_id, request_of, subjects_of
from engine.edit.tiles import TiledMask
from engine.face.finder import Face
from engine.inpaint import FillOptions, Inpainter, Progress
from gui.base.operation import FILL, MASK, Desk, Operation
from gui.document import Document
from gui.keeper import Keeper
from gui.mask_work import MaskWork
from gui.opening import Opening
from gui.readout import Readout
from gui.results import Result, Results, thumbnail
from gui.saving import Saving
from gui.tab import Tab
from gui.tabs import Tabs
from gui.translation import tr
from gui.worker import Worker

Known = tuple[tuple[Face, ...], np.ndarray | None]  # faces, and how the nodes of meshes are linked


class Editor(QObject):
    """Signals: `busy_changed` while a fill or save of the shown photo runs; `progressed` (stage,
    done) of it; `told`, one line for the status; `failed`; `filled` with a FillResult of the shown
    photo; `devices_known`; `options_changed`.

    `opening`, `saving` and `mask_work` do what their names say."""

    busy_changed = Signal(bool)
    progressed = Signal(str, float)
    told = Signal(str)
    failed = Signal(object)
    filled = Signal(object)
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
        self.tabs = Tabs(document, self)
        self.results = Results(document, self)
        self.desk = Desk(self)
        self._options = FillOptions()
        self._create = create
        self._inpainter: Inpainter | None = None
        self._fills, self._files = Worker("fills", self), Worker("files", self)
        self._searches: dict[Tab, Operation] = {}
        self._told: dict[Tab, list[Face]] = {}  # what the document was told of each search
        self.readout = Readout(document, self.results, create, lambda: self._options, self)
        self.readout.told.connect(self.told)
        self.keeper = Keeper(document, self.tabs, self.desk, self)
        self.keeper.told.connect(self.told)
        shared = (document, self.tabs, self.desk, self._files, self)
        self.opening, self.saving = Opening(*shared), Saving(*shared)
        self.mask_work = MaskWork(*shared)
        self.opening.adopted.connect(self.keeper.adopt)
        for work in (self.opening, self.saving, self.mask_work):
            work.told.connect(self.told)
            work.progressed.connect(self.progressed)
            work.cancelled.connect(self._on_cancelled)
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

    @property
    def fills_face(self) -> bool:
        """Whether the shown fill is one of a face, which other settings fill again."""
        current = self.results.current
        return current is not None and any(p.kind == "face" for p in current.fill.patches)

    def warm_up(self) -> None:
        """Import what is slow (torch above all) while the person looks for a photo."""

        def job(progress: object, cancel: threading.Event) -> list[str]:
            from engine.base.device import available_devices

            return available_devices()

        Operation(job, self._fills, self.desk).when_done(self.devices_known.emit).start()

    # Faces.

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
        self._told.pop(tab, None)
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
            from engine.face.face_model import edges

            return edges()

        def done(edges: np.ndarray) -> None:
            if tab in self.tabs:
                with self.document.on(tab):
                    self.document.set_edges(edges)

        self._searches[tab] = Operation(job, self._fills, self.desk).when_done(done).start()

    def _find_faces(self, tab: Tab) -> None:
        self.told.emit(tr("Looking for faces…"))

        told = self._told[tab] = []

        def job(progress: Callable[[object], None], cancel: threading.Event) -> Known:
            from engine.face.face_model import edges

            def known(faces: tuple[Face, ...]) -> Known:
                # Kept here at once: a fill that is queued behind runs before the GUI thread hears.
                tab.sought = faces
                return faces, edges() if any(face.mesh is not None for face in faces) else None

            def first(faces: tuple[Face, ...]) -> None:
                progress(known(faces))

            return known(self._filler().find_faces(tab.photo, cancel, first))

        def found(known: Any, line: str = "") -> None:
            """Those that a small copy shows first, and then whoever else is there."""
            faces, edges = known
            new = [face for face in faces if face not in told]
            if tab not in self.tabs or (told and not new):
                return
            with self.document.on(tab):
                self.document.set_faces(new, edges, more=bool(told))
            told.extend(new)
            if tab is self.document.tab:
                self.told.emit(line or faces_line(len(faces)))

        sorry = tr("Faces could not be looked for; draw a frame around one with F.")
        searching = Operation(job, self._fills, self.desk)
        searching.when_progressed(found).when_done(found)
        searching.when_failed(lambda _failure: found(((), None), sorry))
        self._searches[tab] = searching.start()

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
            asked = again, edit.wishes
            made = next((old for old in one.results if old.layer.asked == asked), None)
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

    def fill_mask(self, mask: TiledMask) -> None:
        """Fill something else than what is painted, which stays."""
        if self.document.is_open and not self.is_busy and not mask.is_empty:
            edit = self.document.edit
            self._fill(edit, edit.options(self.options), mask, new_id())

    def _fill(self, edit: Edit, options: FillOptions, mask: TiledMask, hole: str) -> None:
        """edit: what the hole is filled in; its layers are the picture, the hole's own are not."""
        tab = self.document.tab
        assert tab is not None
        picture = tab.picture.of(edit)
        told = tuple(self._told.get(tab, ()))

        def since() -> tuple[Face, ...]:
            """What a search that this waited for found after the edit was made."""
            return tuple(face for face in tab.sought or () if face not in told)

        def job(progress: Callable[[object], None], cancel: threading.Event) -> tuple:
            known = edit.known_faces()
            faces = tab.sought if known is None else (*known, *since())
            request = request_of(edit, options, picture.photo(), mask, faces)
            result = self._filler().fill(request, progress, cancel)
            layer = Layer(hole, result, mask, options, wishes=edit.wishes)
            Composite.of(picture, edit.with_layer(layer)).warm()
            return layer, thumbnail(picture, mask, result)

        def done(answer: tuple) -> None:
            layer, image = answer
            if tab not in self.tabs:
                return
            more, there = since(), tab.edit.faces or ()
            if edit.faces is None:
                known = replace(edit, faces=tab.edit.faces)
            else:
                late = tuple(subject for subject in there if subject.face in more)
                known = replace(edit, faces=(*edit.faces, *late))
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

    def _on_cancelled(self, tab: Tab) -> None:
        if tab in self.tabs:
            self._tell_of(tab, tr("Cancelled; nothing was changed."))

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
