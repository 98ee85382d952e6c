"""What the mask menu and the face parts do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget

from engine.edit.tiles import TILE, TiledMask
from engine.face.parts import area_of
from engine.modules.registry import wishes
from engine.photo import OPEN_SUFFIXES
from engine.worn import THINGS
from gui import asked, parts
from gui.dialogs import messages
from gui.document import Document
from gui.editor import Editor, faces_line
from gui.mask_work import DoubtfulMask
from gui.part_masks import Added, covers, with_part
from gui.tab import Tab
from gui.translation import tr

GROW_STEP = 0.01  # of the photo's shorter side, for grow, shrink and feather


class Masks(QObject):
    """Signals: `told`, one line for the status; `noticed` with a line about a mask that must not be
    missed, and what takes back what it says, if anything; `scope_changed` when parts are masked in
    other faces than before."""

    told = Signal(str)
    noticed = Signal(str, object)
    scope_changed = Signal()

    def __init__(self, window: QWidget, document: Document, editor: Editor) -> None:
        super().__init__(window)
        self._window, self._document, self._editor = window, document, editor
        editor.mask_work.doubtful.connect(self._ask_about)
        editor.mask_work.grown.connect(self._on_grown)
        editor.mask_work.bare.connect(self._on_bare)
        self._added = Added(document)
        self._proposed: TiledMask | None = None  # for an expression, by `propose`
        self._wanted = ""  # what was asked for before the faces were known
        document.faces_changed.connect(self._go_on)
        document.opened.connect(self._forget)
        self.all_faces = False  # whether a part is masked in every face, or in the chosen one

    def _forget(self) -> None:
        self._proposed, self._wanted = None, ""

    def set_all(self, on: bool) -> None:
        self.all_faces = on
        self.scope_changed.emit()

    def add_part(self, part: str) -> None:
        """Add a part of the chosen face, or of every face, to the mask; of a thing that is worn
        what is there. One that is masked already is taken away again, with Alt in any case."""
        found, size, name = self._found(), self._document.size, tr(parts.NAMES[part])
        meshes, whose = list(found.values()), (part, frozenset(found))
        alt = bool(QApplication.keyboardModifiers() & Qt.KeyboardModifier.AltModifier)
        added = self._added.of(self._document.tab, whose)
        if added is not None and added.is_in(self._document.edit.mask):
            self._take_away(part, meshes, added.area)
        elif part in THINGS:
            if not alt:  # what is worn was not seen yet
                self._added.expect(self._document.tab, whose)
                self._editor.mask_work.add_worn(part, meshes, name)
        elif alt or (meshes and all(covers(self._document.edit.mask, part, m) for m in meshes)):
            self._take_away(part, meshes, None)
        else:
            boxes = [area_of(mesh, size) for mesh in meshes]
            pixels = sum(box[2] * box[3] for box in boxes if box is not None)
            if pixels:
                self._added.expect(self._document.tab, whose)
                self._editor.mask_work.change(
                    lambda mask: with_part(mask, part, meshes), pixels, name, rim=True
                )

    def _take_away(self, part: str, meshes: list[np.ndarray], area: TiledMask | None) -> None:
        """Out of the mask again. area: what came into it with the part, grown as it was; None
        where that is not known."""
        gone = area or with_part(TiledMask(self._document.size), part, meshes)
        title = tr("{part} taken away").format(part=tr(parts.NAMES[part]))
        self._document.set_mask(self._document.edit.mask.without(gone), title)

    def propose(self, wanted: str) -> None:
        """What a person asked of a face (a choice of the wish that commands ask for) needs parts of
        it hidden: where nothing is painted, and no fill of a face is there to be filled again,
        these are. What was proposed and not touched since follows another choice, and goes with
        none."""
        document = self._document
        self._wanted = ""
        if not document.is_open:
            return
        proposed = self._proposed is not None and document.edit.mask is self._proposed
        if document.has_mask and not proposed:
            return
        if self._editor.fills_face and not proposed:
            return
        named = wishes()[asked.menu_wish()]["parts"].get(wanted, ())
        if not named:
            if proposed:
                self.clear()
            return
        meshes = self.meshes(alone=True)
        if not meshes:
            self.told.emit(self._why_none())
            self._wanted = wanted if document.faces is None else ""
            return
        mask = TiledMask(document.size)
        for part in named:
            mask = with_part(mask, part, meshes)
        document.set_mask(mask, tr("Mask for the expression"))
        self._proposed = document.edit.mask
        words = ", ".join(tr(parts.NAMES[part]) for part in named)
        self.told.emit(tr("Masked for it: {parts}. Enter fills.").format(parts=words))

    def _why_none(self) -> str:
        """Why no face can be given an expression."""
        document = self._document
        if document.faces is None:
            return tr("Looking for faces…")
        if not document.subjects:
            return faces_line(0)
        return tr("This face is not seen well enough; paint over what should change.")

    def _go_on(self) -> None:
        """Faces are known now: what was asked for meanwhile."""
        if self._wanted and self._document.faces is not None:
            self.propose(self._wanted)

    def meshes(self, *, alone: bool = False) -> list[np.ndarray]:
        """The meshes that a part is masked by: as found, or as read where a frame was drawn. alone:
        of the chosen face in any case."""
        return list(self._found(alone=alone).values())

    def nearest(self, box: tuple[int, int, int, int]) -> np.ndarray | None:
        """The mesh of the face whose middle a box of the photo (x, y, width, height) is nearest, as
        large as the face is; None where no face has one."""
        middle = np.array([box[0] + box[2] / 2, box[1] + box[3] / 2])

        def away(mesh: np.ndarray) -> float:
            low, high = mesh[:, :2].min(0), mesh[:, :2].max(0)
            return float(np.linalg.norm((low + high) / 2 - middle) / np.linalg.norm(high - low))

        return min((mesh for _, mesh in self._every().values()), key=away, default=None)

    def _found(self, *, alone: bool = False) -> dict[str, np.ndarray]:
        """As `meshes`, by the ids of their faces."""
        every, chosen = self.all_faces and not alone, self._document.selected
        found = self._every().items()
        return {name: mesh for name, (number, mesh) in found if every or number == chosen}

    def _every(self) -> dict[str, tuple[int, np.ndarray]]:
        """The number and the mesh of each face that has one, by its id."""
        document, readings = self._document, self._editor.readout.readings
        found = {}
        for number, one in enumerate(document.edit.subjects if document.is_open else ()):
            face = one.face
            reading = readings.of(number)
            mesh = reading.mesh if face.mesh is None and reading is not None else face.mesh
            if mesh is not None:
                found[one.id] = number, mesh
        return found

    def clear(self) -> None:
        self._document.set_mask(TiledMask(self._document.size), tr("Clear"))

    def grow(self) -> None:
        self._morph("grow", tr("Grow"))

    def shrink(self) -> None:
        self._morph("shrink", tr("Shrink"))

    def feather(self) -> None:
        self._morph("feather", tr("Feather"))

    def ask_open(self) -> None:
        patterns = " ".join(f"*{suffix}" for suffix in OPEN_SUFFIXES)
        name, _ = QFileDialog.getOpenFileName(
            self._window,
            tr("Open a mask"),
            "",
            tr("Pictures ({patterns})").format(patterns=patterns),
        )
        if name:
            self._editor.mask_work.open(Path(name))

    def _ask_about(self, doubtful: DoubtfulMask) -> None:
        """A mask that would repaint nearly everything: inverted, as it is, or not at all."""
        self._editor.tabs.show(doubtful.tab)
        answer = messages.ask_about_mask(self._window, doubtful.name, doubtful.share)
        if answer == messages.INVERTED:
            self._editor.mask_work.take(doubtful.tab, doubtful.mask.invert())
        elif answer == messages.AS_IT_IS:
            self._editor.mask_work.take(doubtful.tab, doubtful.mask)

    def _on_grown(self, tab: Tab, by: int) -> None:
        grown = tab.edit.mask
        text = tr("The edge still shows what is hidden: grown by {count} px.")

        def take_back() -> None:
            if tab in self._editor.tabs and tab.edit.mask is grown:
                with self._document.on(tab):
                    self._document.history.undo()

        self.noticed.emit(text.format(count=by), take_back)

    def _on_bare(self, tab: Tab, thing: str) -> None:
        """Nobody wears what was asked for."""
        if tab is self._document.tab:
            self.noticed.emit(tr(parts.UNWORN[thing]), None)

    def ask_save(self) -> None:
        path = self._document.path or Path("photo.png")
        start = str(path.with_name(f"{path.stem}-mask.png"))
        name, _ = QFileDialog.getSaveFileName(
            self._window, tr("Save the mask"), start, "PNG (*.png)"
        )
        if name:
            self._editor.mask_work.save(Path(name).with_suffix(".png"))

    def reuse(self) -> None:
        last = self._document.last_mask
        if last is None or last.size != self._document.size:
            self.told.emit(tr("There is no earlier mask of this size."))
            return
        self._editor.mask_work.change(
            lambda mask: mask.union(last), len(last.tiles) * TILE**2 / 8, tr("Last mask")
        )

    def invert(self) -> None:
        self._document.set_mask(self._document.edit.mask.inverted(), tr("Invert"))

    def _morph(self, name: str, title: str) -> None:
        step = max(1.0, GROW_STEP * min(self._document.size))
        box, reach = self._document.edit.mask.painted, 3 * step  # where a Gaussian has faded away
        if box is None:
            return

        def change(mask: TiledMask) -> TiledMask:
            return mask.changed(lambda part: getattr(part, name)(step), reach)

        self._editor.mask_work.change(change, (box[2] + 2 * reach) * (box[3] + 2 * reach), title)
