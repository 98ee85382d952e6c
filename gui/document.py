"""The shown photo and its edits; everything that is seen of them follows by signal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal

from engine.edit import edit as edits
from engine.edit.compositor import Composite, Shown, damage
from engine.edit.edit import Edit, Layer, PlacedNode
from engine.edit.session import PhotoReference
from engine.edit.stroke import StrokeInProgress
from engine.edit.tiles import TiledMask
from engine.face.finder import Face, FaceFrame
from engine.mask import Mask, Stroke
from engine.photo import Photo
from engine.readings import DraggedNode
from gui.history import History
from gui.tab import Tab, new_tab, numbers
from gui.translation import tr


class Document(QObject):
    """The photo that is shown, of all that are open. All of it lives in the GUI thread; the edits
    it hands out are values, which any thread may keep.

    `tab` is where everything about the photo lies, None while none is shown; `show` shows another,
    `on` works on one that stays behind. `edit` is what was made of the photo so far. A stroke or a
    drag under way is staged on top of it (`now`), so that a fill that lands meanwhile changes what
    lies under the stroke and not the stroke. `picture` shows the pixels, `painted` the mask, by
    box.

    Signals: `leaving` before another photo is shown, or none, and `opened` after it; `touched`
    with a tab that was worked on while it was not shown.
    """

    leaving = Signal()
    opened = Signal()
    touched = Signal(object)
    pixels_changed = Signal(tuple)
    mask_changed = Signal(tuple)
    faces_changed = Signal()
    nodes_changed = Signal()
    selected_changed = Signal(int)
    renamed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.tab: Tab | None = None
        self.history = History(self)
        self.last_mask: TiledMask | None = None  # that a fill filled, in whichever photo
        self._whole_mask: tuple[TiledMask, np.ndarray] | None = None

    # What there is.

    @property
    def photo(self) -> Photo | None:
        return None if self.tab is None else self.tab.photo

    @property
    def path(self) -> Path | None:
        """Where the photo lies, or was saved last."""
        return None if self.tab is None else self.tab.path

    @property
    def session(self) -> Path | None:
        """The file that was saved or opened as a session."""
        return None if self.tab is None else self.tab.session

    @property
    def edges(self) -> np.ndarray | None:
        """How the nodes of a mesh are linked, N x 2."""
        return None if self.tab is None else self.tab.edges

    @property
    def picture(self) -> Composite | None:
        return None if self.tab is None else self.tab.picture

    @property
    def revision(self) -> int:
        """Another number whenever the picture is another; no two photos share one."""
        return 0 if self.tab is None else self.tab.revision

    @property
    def is_open(self) -> bool:
        return self.tab is not None

    @property
    def size(self) -> tuple[int, int]:
        """(width, height), (0, 0) without a photo."""
        return (0, 0) if self.photo is None else self.photo.size

    @property
    def edit(self) -> Edit:
        """What was made of the photo, without a stroke or a drag under way."""
        return self.history.edit

    @property
    def now(self) -> Edit:
        """What is shown: the edit with the stroke or the drag under way."""
        assert self.tab is not None, "no photo is open"
        return self.tab.now

    @property
    def shown(self) -> Shown:
        """The picture in the screen's colours, to be read by box."""
        assert self.picture is not None
        return Shown(self.picture)

    @property
    def painted(self) -> TiledMask | StrokeInProgress:
        """The mask as it is shown, to be read by box."""
        return self.edit.mask if self._stroke is None else self._stroke

    @property
    def pixels(self) -> np.ndarray:
        """The whole picture, H x W x 3|4, read-only: costs a copy of the photo."""
        if self.picture is None:
            return np.zeros((0, 0, 3), np.uint8)
        return self.picture.photo().pixels

    @property
    def mask(self) -> np.ndarray:
        """The whole mask, H x W uint8, read-only: put together from its tiles."""
        if self.photo is None:
            return np.zeros((0, 0), np.uint8)
        shown = self.now.mask
        if self._whole_mask is None or self._whole_mask[0] is not shown:
            self._whole_mask = (shown, shown.to_mask().pixels)
        return self._whole_mask[1]

    @property
    def has_mask(self) -> bool:
        return self.is_open and (self._stroke is not None or not self.edit.mask.is_blank)

    @property
    def is_changed(self) -> bool:
        """Whether closing now would lose a fill."""
        return self.is_open and not self.history.is_saved

    @property
    def faces(self) -> tuple[Face, ...] | None:
        """The faces that were found, None before they were looked for."""
        return self.edit.known_faces() if self.is_open else None

    @property
    def frames(self) -> tuple[FaceFrame, ...]:
        """The face frames the user drew."""
        framed = self.edit.frames if self.is_open else ()
        return tuple(one.frame for one in framed if one.frame is not None)

    @property
    def nodes(self) -> tuple[DraggedNode, ...]:
        """The dragged nodes that are not filled yet, numbered as `subjects` are."""
        if not self.is_open:
            return ()
        return self.edit.numbered(self.edit.nodes if self._dragged is None else self._dragged)

    @property
    def subjects(self) -> tuple[Face, ...]:
        """The faces in the order a fill numbers them: drawn frames, then found ones."""
        return tuple(one.face for one in self.edit.subjects) if self.is_open else ()

    @property
    def selected(self) -> int:
        """The number of the face that is read off."""
        chosen = None if self.tab is None else self.tab.selected
        return (self.edit.number_of(chosen) or 0) if chosen else 0

    @property
    def _stroke(self) -> StrokeInProgress | None:
        return None if self.tab is None else self.tab.stroke

    @_stroke.setter
    def _stroke(self, stroke: StrokeInProgress | None) -> None:
        assert self.tab is not None, "no photo is open"
        self.tab.stroke = stroke

    @property
    def _dragged(self) -> tuple[PlacedNode, ...] | None:
        return None if self.tab is None else self.tab.dragged

    @_dragged.setter
    def _dragged(self, nodes: tuple[PlacedNode, ...] | None) -> None:
        assert self.tab is not None, "no photo is open"
        self.tab.dragged = nodes

    def current_photo(self) -> Photo:
        """The photo as it looks now, metadata and all."""
        assert self.picture is not None
        return self.picture.photo()

    def current_mask(self) -> Mask:
        """The mask as it is shown, in one array."""
        return Mask(self.mask)

    # Opening, and what becomes known.

    def open(
        self,
        photo: Photo,
        edit: Edit | None = None,
        *,
        reference: PhotoReference | None = None,
        session: Path | None = None,
    ) -> None:
        """Show a photo that was not open; see `gui.tab.new_tab`."""
        self.show(new_tab(photo, edit, reference=reference, session=session))

    def show(self, tab: Tab | None) -> None:
        """Show another tab as it was left, or none."""
        if tab is self.tab:
            return
        self.leaving.emit()
        self.tab, self._whole_mask = tab, None
        self.opened.emit()
        self.faces_changed.emit()
        self.history.changed.emit()

    @contextmanager
    def on(self, tab: Tab) -> Iterator[None]:
        """Within it this is the document of a tab that may lie behind the shown one. Nobody who
        looks at the document hears of what is done there; `touched` tells once it is."""
        shown = self.tab
        if tab is shown:
            yield
            return
        was = self.blockSignals(True), self.history.blockSignals(True)
        self.tab = tab
        try:
            yield
        finally:
            self.tab = shown
            self.blockSignals(was[0])
            self.history.blockSignals(was[1])
        self.touched.emit(tab)

    def set_faces(self, faces: Iterable[Face], edges: np.ndarray | None) -> None:
        """The search is over; no step of the history."""
        found = edits.found(faces)
        if self.tab is not None:
            self.tab.edges = edges
        self.history.amend(lambda edit: edit.with_found(found))
        self.faces_changed.emit()

    def set_edges(self, edges: np.ndarray) -> None:
        """How the nodes of a mesh are linked, N x 2."""
        if self.tab is not None:
            self.tab.edges = edges
        self.faces_changed.emit()

    def rename(self, path: Path, edit: Edit | None = None) -> None:
        """The photo now lies at `path`, saved as `edit` shows it."""
        if self.tab is not None:
            self.tab.path = path
        self.history.mark_saved(edit)
        self.renamed.emit()

    def show_difference(self, before: Edit, after: Edit) -> None:
        """The history is somewhere else: tell what that changed."""
        tab = self.tab
        assert tab is not None
        if self._stroke is not None and before.mask is not after.mask:
            self._stroke.rebase(after.mask)
        boxes = damage(before, after)
        if boxes:
            tab.picture = tab.picture.of(after)
            tab.revision = next(numbers)
        for box in boxes:
            self.pixels_changed.emit(box)
        painted = before.mask.damage(after.mask)
        if painted is not None:
            self.mask_changed.emit(painted)
        if before.frames != after.frames or before.faces != after.faces:
            self.faces_changed.emit()
        if before.nodes != after.nodes:
            self.nodes_changed.emit()

    # Faces and frames.

    def set_frames(self, frames: Iterable[FaceFrame]) -> None:
        """The face frames the user drew; one step. A frame that was there stays the same face."""
        edit = self.edit
        known = {one.frame: one for one in edit.frames}
        framed = tuple(known.get(frame) or edits.framed(frame) for frame in frames)
        if framed == edit.frames:
            return
        after = replace(edit, frames=framed)
        there = {subject.id for subject in after.subjects}
        nodes = tuple(node for node in edit.nodes if node.subject in there)
        self.history.push(tr("Face frame"), replace(after, nodes=nodes))

    def select(self, face: int) -> None:
        """Read off another face, by its number."""
        subjects = self.edit.subjects
        if face != self.selected and face < len(subjects):
            assert self.tab is not None
            self.tab.selected = subjects[face].id
            self.selected_changed.emit(face)

    # Painting: begin, any number of segments, end.

    def begin_stroke(self) -> None:
        self._stroke = StrokeInProgress(self.edit.mask)

    def paint(self, start: tuple[float, float], end: tuple[float, float], brush: Stroke) -> None:
        """A straight piece of a stroke, in photo coordinates; `brush` gives radius and kind."""
        if self._stroke is None:
            self.begin_stroke()
        assert self._stroke is not None
        box = self._stroke.paint(start, end, brush.radius, brush.hardness, brush.erase)
        if box is not None:
            self.mask_changed.emit(box)

    def end_stroke(self, title: str) -> None:
        if self._stroke is not None:
            mask, self._stroke = self._stroke.snapshot(), None
            self._push_mask(mask, title)

    def abandon_stroke(self) -> None:
        """Take back the stroke being painted."""
        if self._stroke is not None:
            mask, self._stroke = self._stroke.snapshot(), None
            box = mask.damage(self.edit.mask)
            if box is not None:
                self.mask_changed.emit(box)

    # Whole masks.

    def set_mask(self, mask: Mask | TiledMask, title: str) -> None:
        """Replace the mask; one step of the history."""
        self._push_mask(mask if isinstance(mask, TiledMask) else TiledMask.of(mask), title)

    def change_mask(self, change: Callable[[Mask], Mask], title: str) -> None:
        """Any function of the whole mask: for what is quick."""
        self.set_mask(change(self.edit.mask.to_mask()), title)

    def add_area(
        self, outline: Iterable[tuple[float, float]], title: str, *, subtract: bool = False
    ) -> None:
        """Add the inside of an outline, in photo coordinates, to the mask, or take it away."""
        points = np.array(list(outline), np.float64)
        self._push_mask(self.edit.mask.with_area(points, subtract=subtract), title)

    def _push_mask(self, mask: TiledMask, title: str) -> None:
        edit = self.edit
        if not mask.same(edit.mask):
            self.history.push(title, replace(edit, mask=mask))
        elif mask is not edit.mask and (box := mask.damage(edit.mask)) is not None:
            self.mask_changed.emit(box)

    # Nodes: any number of moves, then one step of the history.

    def move_node(self, node: DraggedNode) -> None:
        """A hidden node is being dragged: it is here now."""
        edit = self.edit
        staged = edit.nodes if self._dragged is None else self._dragged
        for placed in edit.named((node,)):
            which = (placed.subject, placed.node)
            others = tuple(n for n in staged if (n.subject, n.node) != which)
            self._dragged = (*others, placed)
            self.nodes_changed.emit()

    def end_drag(self, title: str) -> None:
        if self._dragged is not None:
            nodes, self._dragged = self._dragged, None
            self._push_nodes(nodes, title)

    def abandon_drag(self) -> None:
        """Take back the drag under way."""
        if self._dragged is not None:
            self._dragged = None
            self.nodes_changed.emit()

    def set_nodes(self, nodes: Iterable[DraggedNode], title: str) -> None:
        """Replace the dragged nodes; one step of the history."""
        self._push_nodes(self.edit.named(nodes), title)

    def _push_nodes(self, nodes: tuple[PlacedNode, ...], title: str) -> None:
        if nodes != self.edit.nodes:
            self.history.push(title, replace(self.edit, nodes=nodes))

    # Fills.

    def land(self, layer: Layer, title: str = "", alternatives: Iterable[Layer] = ()) -> None:
        """A fill is done, or another of its hole was chosen: show it; one step."""
        self.last_mask = layer.mask
        self.history.push(title or tr("Fill"), self.edit.with_layer(layer, alternatives))

    def change_layer(self, layer: Layer, title: str, *, anew: bool = True) -> None:
        """Show, hide or make fainter a layer; one step, or what goes on with the one before."""
        self.history.push(title, self.edit.with_changed(layer), anew=anew)

    def move_hole(self, hole: str, title: str, *, upwards: bool) -> None:
        """Move what fills a hole above or below the next; one step."""
        self.history.push(title, self.edit.with_hole_moved(hole, upwards))
