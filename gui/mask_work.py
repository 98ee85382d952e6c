"""Masks from and to files, and changes of a whole mask, off the GUI thread where they are long."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal

from engine.base.errors import MienError
from engine.edit.brought import brought
from engine.edit.kept_masks import KeptMask, keep_mask, read_mask
from engine.edit.tiles import TiledMask
from engine.mask import Mask
from engine.mask.file import open_mask, refuse_doubtful, save_mask
from gui.base.operation import MASK, Desk, Operation
from gui.base.work import Work
from gui.document import Document
from gui.tab import Tab
from gui.tabs import Tabs
from gui.translation import tr
from gui.worker import Worker

SMALL = 2**20  # pixels of a mask that are changed at once
AROUND = 48  # pixels around a mask in which its rim shows


@dataclass(frozen=True, eq=False)
class DoubtfulMask:
    """A mask that would repaint a `share` (0 .. 1) of its photo that is seldom meant."""

    tab: Tab
    mask: Mask
    name: str
    share: float


class MaskWork(Work):
    """Signals: `doubtful` with a DoubtfulMask; `grown` with the tab whose mask was grown, and by
    how many pixels; `bare` with a tab and a thing that is not worn there."""

    doubtful = Signal(object)
    grown = Signal(object, int)
    bare = Signal(object, str)

    def __init__(
        self, document: Document, tabs: Tabs, desk: Desk, worker: Worker, parent: QObject
    ) -> None:
        super().__init__(document, tabs, desk, worker, parent)
        document.stroked.connect(self.look_at_rim)

    def open(self, path: Path) -> None:
        """Take a mask from a picture of the photo's size; `doubtful` with one that would repaint
        nearly everything, else as `take`."""
        tab, size = self._document.tab, self._document.size
        assert tab is not None

        def job(progress: object, cancel: threading.Event) -> DoubtfulMask | Mask:
            mask = open_mask(path, size)
            try:
                refuse_doubtful(mask, path.name)
            except MienError:
                return DoubtfulMask(tab, mask, path.name, float(mask.hole.mean()))
            return mask

        def done(mask: DoubtfulMask | Mask) -> None:
            if tab not in self._tabs:
                return
            if isinstance(mask, Mask):
                self.take(tab, mask)
            else:
                self.doubtful.emit(mask)

        Operation(job, self._worker, self._desk, MASK, tab).when_done(done).start()
        self.progressed.emit("mask", 0.0)

    def take(self, tab: Tab, mask: Mask) -> None:
        """A mask out of a file; one that hugs what it hides is grown, as a step of its own:
        `grown` with the tab and by how many pixels."""

        def job(progress: object, cancel: threading.Event) -> tuple[TiledMask, TiledMask, int]:
            from engine.mask.grow import auto_grow

            wider, by = auto_grow(tab.photo.rgb8, mask)
            return TiledMask.of(mask), TiledMask.of(wider), by

        def done(answer: tuple[TiledMask, TiledMask, int]) -> None:
            if tab not in self._tabs:
                return
            opened, wider, by = answer
            with self._document.on(tab):
                self._document.set_mask(opened, tr("Open a mask"))
                if by:
                    self._document.set_mask(wider, tr("Grow to fit"))
            if by:
                self.grown.emit(tab, by)

        Operation(job, self._worker, self._desk, MASK, tab).when_done(done).start()
        self.progressed.emit("mask", 0.0)

    def save(self, path: Path) -> None:
        """Write the mask as a grey PNG; the dialog asked about replacing already."""
        mask = self._document.now.mask

        def job(progress: object, cancel: threading.Event) -> Path:
            return save_mask(mask.to_mask(), path, overwrite=True)

        def done(saved: Path) -> None:
            self.told.emit(tr("Saved {name}.").format(name=saved.name))

        Operation(job, self._worker, self._desk).when_done(done).start()

    def keep(self, name: str, mask: TiledMask, mesh: np.ndarray | None) -> None:
        """Keep a mask under a name, for this photo or others; one of that name is replaced. mesh:
        of the face it lies on."""

        def job(progress: object, cancel: threading.Event) -> KeptMask:
            return keep_mask(name, mask, mesh)

        def done(kept: KeptMask) -> None:
            self.told.emit(tr("The mask is kept as '{name}'.").format(name=kept.name))

        Operation(job, self._worker, self._desk).when_done(done).start()

    def put_kept(self, kept: KeptMask, mesh: np.ndarray | None) -> None:
        """Add a mask that was kept: where the face with this mesh lies, None: at the same place of
        the picture."""
        tab = self._document.tab
        if tab is None:
            return

        def job(progress: object, cancel: threading.Event) -> TiledMask:
            return brought(read_mask(kept), kept.mesh, mesh, tab.photo.size)

        def done(mask: TiledMask) -> None:
            if tab not in self._tabs:
                return
            if mask.is_blank:
                told = tr("'{name}' comes to lie beside this photo.")
            else:
                with self._document.on(tab):
                    title = tr("Mask of {name}").format(name=kept.name)
                    self._document.set_mask(tab.edit.mask.union(mask), title)
                told = tr("'{name}' is put where it was in the picture.")
                told = told if mesh is None else tr("'{name}' is put on the face.")
            self.told.emit(told.format(name=kept.name))

        putting = Operation(job, self._worker, self._desk, MASK, tab)
        putting.when_done(done).when_cancelled(lambda: self.cancelled.emit(tab)).start()
        self.progressed.emit("mask", 0.0)

    def look_at_rim(self, tab: Tab, before: TiledMask) -> None:
        """Grow what was added to a mask since `before` where it hugs what it hides, as a mask out
        of a file is: a step of its own, in the background. Who paints on is not disturbed."""
        after = tab.edit.mask
        if after is before or after.painted is None:
            return
        low = np.maximum(np.subtract(after.painted[:2], AROUND), 0)
        high = np.minimum(np.add(after.painted[:2], after.painted[2:]) + AROUND, after.size)
        (x, y), (width, height) = low.tolist(), (high - low).tolist()

        def job(progress: object, cancel: threading.Event) -> tuple[TiledMask, int]:
            from engine.mask.grow import auto_grow

            if tab.edit.mask is not after:
                return after, 0  # the mask went on while this waited
            part, was = Mask(after.read((x, y, width, height))), before.read((x, y, width, height))
            rgb = tab.photo.rgb8[y : y + height, x : x + width]
            wider, by = auto_grow(rgb, part, part.pixels > was)
            return after.with_part((x, y), wider.pixels) if by else after, by

        def done(answer: tuple[TiledMask, int]) -> None:
            wider, by = answer
            there = tab in self._tabs and tab.edit.mask is after and tab.stroke is None
            if by and there:
                with self._document.on(tab):
                    self._document.set_mask(wider, tr("Grow to fit"))
                self.grown.emit(tab, by)

        Operation(job, self._worker, self._desk).when_done(done).start()

    def add_worn(self, thing: str, meshes: list[np.ndarray], title: str) -> None:
        """Add what faces (478 x 2 each) wear of a thing (of engine.worn.THINGS); `bare` where none
        of them wears it."""
        tab = self._document.tab
        if tab is None:
            return

        def job(progress: object, cancel: threading.Event) -> TiledMask:
            from engine.worn.outline import see

            worn = TiledMask(tab.photo.size)
            for mesh in meshes:
                seen = see(tab.photo.rgb8, mesh, thing)
                if seen is not None:
                    pixels = np.maximum(worn.read(seen.box), seen.pixels)
                    worn = worn.with_part(seen.box[:2], pixels)
            return worn

        def done(worn: TiledMask) -> None:
            if tab not in self._tabs:
                return
            if worn.is_blank:
                self.bare.emit(tab, thing)
                return
            before = tab.edit.mask
            with self._document.on(tab):
                self._document.set_mask(before.union(worn), title)
            self.look_at_rim(tab, before)

        looking = Operation(job, self._worker, self._desk, MASK, tab)
        looking.when_done(done).when_cancelled(lambda: self.cancelled.emit(tab)).start()
        self.progressed.emit("mask", 0.0)

    def find_scratches(self) -> None:
        """Add the scratches and spots of an old print to the mask; faces' glints are none."""
        tab = self._document.tab
        assert tab is not None
        picture, faces = tab.picture, self._document.edit.known_faces() or ()

        def job(progress: object, cancel: threading.Event) -> TiledMask:
            from engine.batch.scratches import find_scratches

            return TiledMask.of(Mask(find_scratches(picture.photo().rgb8, faces)))

        def done(found: TiledMask) -> None:
            if tab not in self._tabs:
                return
            if found.is_empty:
                self.told.emit(tr("No scratches or spots were found."))
                return
            with self._document.on(tab):
                self._document.set_mask(tab.edit.mask.union(found), tr("Scratches and spots"))

        finding = Operation(job, self._worker, self._desk, MASK, tab)
        finding.when_done(done).when_cancelled(lambda: self.cancelled.emit(tab)).start()
        self.progressed.emit("mask", 0.0)

    def change(
        self,
        change: Callable[[TiledMask], TiledMask],
        pixels: float,
        title: str,
        *,
        rim: bool = False,
    ) -> None:
        """Grow, shrink, a part of a face: a function of the mask that works on about so many
        pixels. What works on many is done in the background; if the mask is painted on meanwhile,
        what is painted by then is changed. rim: whether what was added is then grown where it hugs
        what it hides."""
        tab = self._document.tab
        if tab is None:
            return
        mask = tab.edit.mask
        if pixels <= SMALL:
            self._document.set_mask(change(mask), title)
            if rim:
                self.look_at_rim(tab, mask)
            return

        def job(progress: object, cancel: threading.Event) -> TiledMask:
            return change(mask)

        def done(changed: TiledMask) -> None:
            if tab not in self._tabs:
                return
            with self._document.on(tab):
                if tab.edit.mask is mask:
                    self._document.set_mask(changed, title)
                else:
                    self.change(change, pixels, title, rim=rim)
                    return
            if rim:
                self.look_at_rim(tab, mask)

        changing = Operation(job, self._worker, self._desk, MASK, tab)
        changing.when_done(done).when_cancelled(lambda: self.cancelled.emit(tab)).start()
        self.progressed.emit("mask", 0.0)
