"""The open photo, its mask and its history; everything that is seen of them follows by signal."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal

from engine.face.finder import Face, FaceFrame
from engine.face.frames import overlaps
from engine.inpaint import FillResult
from engine.mask import Mask, Stroke, paint_segment
from engine.photo import Photo, blend
from engine.readings import DraggedNode
from gui.commands import Box, Command, History, NodeChange, Piece, Recorder, pack, restore
from gui.translation import tr


class Document(QObject):
    """One photo being edited. All of it lives in the GUI thread.

    `photo` is what was opened and never changes. `pixels` (H x W x 3|4) and `mask` (H x W uint8)
    are the working buffers; they change only through the methods below. `state` names what the
    pixels hold: equal numbers, equal pixels, across undo and redo; `next_state` is the one that
    the next change will get. `nodes` are the hidden nodes
    the user dragged, `selected` is the number of the face that is read off.
    """

    opened = Signal()
    pixels_changed = Signal(tuple)
    mask_changed = Signal(tuple)
    faces_changed = Signal()
    nodes_changed = Signal()
    selected_changed = Signal(int)
    renamed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.photo: Photo | None = None
        self.path: Path | None = None
        self.pixels = np.zeros((0, 0, 3), np.uint8)
        self.mask = np.zeros((0, 0), np.uint8)
        self.faces: tuple[Face, ...] | None = None
        self.removed: tuple[Face, ...] = ()  # found, and taken away by the person
        self.edges: np.ndarray | None = None
        self.frames: tuple[FaceFrame, ...] = ()
        self.nodes: tuple[DraggedNode, ...] = ()
        self.selected = 0
        self.revision = 0
        self.state, self.next_state = 0, 1
        self.last_mask: Mask | None = None
        self.history = History(self)
        self._recorder: Recorder | None = None
        self._undragged: tuple[DraggedNode, ...] | None = None

    @property
    def size(self) -> tuple[int, int]:
        """(width, height), (0, 0) without a photo."""
        return self.mask.shape[1], self.mask.shape[0]

    @property
    def is_open(self) -> bool:
        return self.photo is not None

    @property
    def has_mask(self) -> bool:
        return bool(self.mask.any())

    @property
    def is_changed(self) -> bool:
        """Whether closing now would lose a fill."""
        return self.is_open and not self.history.is_saved

    def open(self, photo: Photo) -> None:
        """Show another photo; history and mask start anew."""
        self.photo, self.path = photo, photo.path
        self.pixels = photo.pixels.copy()
        self.mask = np.zeros(self.pixels.shape[:2], np.uint8)
        self.faces, self.frames, self.nodes = None, (), ()
        self.selected, self.removed = 0, ()
        self._recorder = self._undragged = None
        self.revision += 1
        self._renew_state()
        self.history.clear()
        self.opened.emit()
        self.faces_changed.emit()

    def current_photo(self) -> Photo:
        """The photo as it looks now: a view of the working pixels, metadata and all."""
        assert self.photo is not None
        return replace(self.photo, pixels=self.pixels)

    def current_mask(self) -> Mask:
        """A copy of the mask that later strokes do not change."""
        return Mask(self.mask.copy())

    def set_faces(self, faces: tuple[Face, ...], edges: np.ndarray | None) -> None:
        self.faces, self.edges = faces, edges
        self.faces_changed.emit()

    def set_frames(self, frames: tuple[FaceFrame, ...]) -> None:
        """The face frames the user drew; the faces are numbered anew."""
        self.frames, self.nodes = frames, ()
        self.selected = 0
        self.faces_changed.emit()

    @property
    def subjects(self) -> tuple[Face, ...]:
        """The faces in the order a fill numbers them: drawn frames, then found ones."""
        drawn = tuple(Face((f.x, f.y, f.width, f.height), 1.0, f.angle, None) for f in self.frames)
        found = (f for f in self.faces or () if not any(overlaps(d, f) for d in self.frames))
        return (*drawn, *found)

    @property
    def numbered(self) -> tuple[tuple[FaceFrame, ...], tuple[Face, ...] | None]:
        """What the faces' numbers follow from."""
        return self.frames, self.faces

    def select(self, face: int) -> None:
        """Read off another face."""
        if face != self.selected:
            self.selected = face
            self.selected_changed.emit(face)

    def rename(self, path: Path) -> None:
        """The photo now lies at `path`, saved."""
        self.path = path
        self.history.mark_saved()
        self.renamed.emit()

    # Painting: begin, any number of segments, end.

    def begin_stroke(self) -> None:
        self._recorder = Recorder(self.mask)

    def paint(self, start: tuple[float, float], end: tuple[float, float], brush: Stroke) -> None:
        """A straight piece of a stroke, in photo coordinates; `brush` gives radius and kind."""
        if self._recorder is None:
            self.begin_stroke()
        assert self._recorder is not None
        reach = brush.radius + 2
        low = np.floor(np.minimum(start, end) - reach).astype(int)
        high = np.ceil(np.maximum(start, end) + reach).astype(int)
        low, high = np.maximum(low, 0), np.minimum(high, self.size)
        if (low >= high).any():
            return
        self._recorder.touch((*low.tolist(), *(high - low).tolist()))
        box = paint_segment(self.mask, start, end, brush.radius, brush.hardness, brush.erase)
        if box is not None:
            self.mask_changed.emit(box)

    def end_stroke(self, title: str) -> None:
        if self._recorder is not None:
            pieces, self._recorder = self._recorder.pieces(), None
            self.history.push(Command(title, mask=pieces))

    def abandon_stroke(self) -> None:
        """Take back the stroke being painted."""
        if self._recorder is not None:
            pieces, self._recorder = self._recorder.pieces(), None
            for box in restore(self.mask, pieces, undo=True):
                self.mask_changed.emit(box)

    # Whole masks.

    def set_mask(self, mask: Mask, title: str) -> None:
        """Replace the mask; one step of the history."""
        changed = mask.pixels != self.mask
        if not changed.any():
            return
        box = _box_of(changed)
        recorder = Recorder(self.mask)
        recorder.touch(box)
        self.mask[...] = mask.pixels
        self.history.push(Command(title, mask=recorder.pieces()))
        self.mask_changed.emit(box)

    def change_mask(self, change: Callable[[Mask], Mask], title: str) -> None:
        """Grow, shrink, feather, invert: any function of the mask."""
        self.set_mask(change(self.current_mask()), title)

    # Nodes: any number of moves, then one step of the history.

    def move_node(self, node: DraggedNode) -> None:
        """A hidden node is being dragged: it is here now."""
        if self._undragged is None:
            self._undragged = self.nodes
        others = tuple(n for n in self.nodes if (n.face, n.node) != (node.face, node.node))
        self.nodes = (*others, node)
        self.nodes_changed.emit()

    def end_drag(self, title: str) -> None:
        if self._undragged is not None:
            before, self._undragged = self._undragged, None
            self.history.push(Command(title, nodes=NodeChange(before, self.nodes, self.numbered)))

    def abandon_drag(self) -> None:
        """Take back the drag under way."""
        if self._undragged is not None:
            self.nodes, self._undragged = self._undragged, None
            self.nodes_changed.emit()

    def set_nodes(self, nodes: Iterable[DraggedNode], title: str) -> None:
        """Replace the dragged nodes; one step of the history."""
        before, self.nodes = self.nodes, tuple(nodes)
        if before != self.nodes:
            change = NodeChange(before, self.nodes, self.numbered)
            self.history.push(Command(title, nodes=change))
            self.nodes_changed.emit()

    # Fills.

    def apply(
        self,
        result: FillResult,
        mask: Mask,
        title: str = "",
        *,
        base: Iterable[tuple[Box, np.ndarray]] = (),
        clear: bool = True,
        consume: bool = True,
    ) -> None:
        """Composite a fill's patches; one step.

        `base` are pixels put back first: those under the fill that this one replaces. `clear`
        clears the mask the patches were made for, `consume` the nodes dragged for them.
        """
        base = tuple(base)
        boxes = dict.fromkeys([*(box for box, _ in base), *(p.box for p in result.patches)])
        # All of them before anything and after everything: boxes may overlap.
        was_in = {box: self._part(box).copy() for box in boxes}
        for box, pixels in base:
            self._part(box)[...] = pixels
        for patch in result.patches:
            part = self._part(patch.box)[..., :3]
            part[...] = blend(part, patch.pixels, patch.alpha)
        cleared = Recorder(self.mask)
        painted = mask.pixels > 0
        nodes = None
        if clear and painted.any():
            cleared.touch(_box_of(painted))
            self.mask[painted] = 0
        if consume and self.nodes:
            nodes, self.nodes = NodeChange(self.nodes, (), self.numbered), ()
        self.last_mask = mask
        self.revision += 1
        before = self._renew_state()
        self.history.push(
            Command(
                title or tr("Fill"),
                mask=cleared.pieces(),
                pixels=tuple(
                    Piece(box, pack(was), pack(self._part(box)))
                    for box, was in was_in.items()
                    if not np.array_equal(was, self._part(box))
                ),
                nodes=nodes,
                states=(before, self.state),
            )
        )
        for box in boxes:
            self.pixels_changed.emit(box)
        if clear:
            self.mask_changed.emit((0, 0, *self.size))
        if nodes is not None:
            self.nodes_changed.emit()

    def _part(self, box: Box) -> np.ndarray:
        x, y, width, height = box
        return self.pixels[y : y + height, x : x + width]

    def _renew_state(self) -> int:
        """A state that never was; the former one."""
        before, self.state = self.state, self.next_state
        self.next_state += 1
        return before

    def restore(self, command: Command, *, undo: bool) -> None:
        """Undo or redo a command; called by the history."""
        # Overlapping patches come off in the reverse order they went on.
        pixels = reversed(command.pixels) if undo else command.pixels
        for box in restore(self.pixels, pixels, undo=undo):
            self.pixels_changed.emit(box)
        for box in restore(self.mask, command.mask, undo=undo):
            self.mask_changed.emit(box)
        if command.states:
            self.revision += 1
            self.state = command.states[0 if undo else 1]
        if command.nodes and command.nodes.numbered == self.numbered:
            self.nodes = command.nodes.before if undo else command.nodes.after
            self.nodes_changed.emit()


def _box_of(where: np.ndarray) -> Box:
    """The tight box of H x W bool that has at least one True."""
    rows, columns = np.flatnonzero(where.any(1)), np.flatnonzero(where.any(0))
    x, y = int(columns[0]), int(rows[0])
    return x, y, int(columns[-1]) + 1 - x, int(rows[-1]) + 1 - y
