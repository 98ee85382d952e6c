"""The shown photo and its edits; everything that is seen of them follows by signal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal

from engine.edit import edit as edits
from engine.edit.compositor import damage
from engine.edit.edit import Edit, Layer, PlacedNode, Snapshot
from engine.edit.session import PhotoReference
from engine.edit.stroke import StrokeInProgress
from engine.edit.tiles import TiledMask
from engine.face.finder import Face, FaceFrame
from engine.mask import Mask, Stroke
from engine.photo import Photo
from engine.readings import DraggedNode
from gui.shown import ShownPhoto
from gui.tab import Tab, new_tab, numbers
from gui.translation import tr


class Document(ShownPhoto):
    """The photo that is shown, and all that is done to it. All of it lives in the GUI thread; the
    edits it hands out are values, which any thread may keep.

    `show` shows another tab, `on` works on one that stays behind. A stroke or a drag under way is
    staged on top of the edit, so that a fill that lands meanwhile changes what lies under the
    stroke and not the stroke.

    Signals: `leaving` before another photo is shown, or none, and `opened` after it; `touched`
    with a tab that was worked on while it was not shown; `stroked` with a tab in whose mask a
    stroke or an area was painted, and the mask before it.
    """

    leaving = Signal()
    opened = Signal()
    touched = Signal(object)
    stroked = Signal(object, object)
    pixels_changed = Signal(tuple)
    mask_changed = Signal(tuple)
    faces_changed = Signal()
    nodes_changed = Signal()
    shelf_changed = Signal()
    selected_changed = Signal(int)
    renamed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.last_mask: TiledMask | None = None  # that a fill filled, in whichever photo
        self.history.moved.connect(self._show_difference)

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
        self.history.tab, self._whole_mask = tab, None
        self.opened.emit()
        self.faces_changed.emit()
        self.history.changed.emit()

    @contextmanager
    def on(self, tab: Tab) -> Iterator[None]:
        """Within it this is the document of a tab that may lie behind the shown one. Nobody who
        looks at the document hears of what is done there; `touched` tells once it is."""
        if tab is self.tab:
            yield
            return
        was = self.blockSignals(True)
        try:
            with self.history.on(tab):
                yield
        finally:
            self.blockSignals(was)
        self.touched.emit(tab)

    def set_faces(
        self, faces: Iterable[Face], edges: np.ndarray | None, *, more: bool = False
    ) -> None:
        """What the search for faces found; no step of the history. more: beside those that are
        known."""
        found = edits.found(faces)
        if self.tab is not None:
            self.tab.edges = edges

        def amended(edit: Edit) -> Edit:
            return edit.with_found((*(edit.faces or ()), *found) if more else found)

        self.history.amend(amended)
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

    def _show_difference(self, before: Edit, after: Edit) -> None:
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
        if before.shelf is not after.shelf or before.expression != after.expression:
            self.shelf_changed.emit()

    # Faces and frames.

    def set_frames(self, frames: Iterable[FaceFrame]) -> None:
        """The face frames the user drew; one step. A frame that was there stays the same face, one
        that lies beyond the photo is moved into it."""
        edit = self.edit
        known = {one.frame: one for one in edit.frames}
        framed = tuple(known.get(frame) or edits.framed(frame, self.size) for frame in frames)
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
            before = self.edit.mask
            mask, self._stroke = self._stroke.snapshot(), None
            self._push_mask(mask, title)
            self.stroked.emit(self.tab, before)

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
        before = self.edit.mask
        self._push_mask(before.with_area(points, subtract=subtract), title)
        self.stroked.emit(self.tab, before)

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

    # Snapshots: the same in every step, so that going back loses none.

    def take_snapshot(self, name: str) -> None:
        """Keep the edit as it is now under a name; no step of the history."""
        kept = Snapshot(name, replace(self.edit, snapshots=()))
        self._set_snapshots((*self.edit.snapshots, kept))

    def go_to_snapshot(self, number: int) -> None:
        """The edit as it was when one was taken; one step. Faces found since stay found."""
        edit, one = self.edit, self.edit.snapshots[number]
        if one.edit.is_like(edit):
            return
        faces = one.edit.faces if one.edit.faces is not None else edit.faces
        self.history.push(one.name, replace(one.edit, snapshots=edit.snapshots, faces=faces))

    def name_snapshot(self, number: int, name: str) -> None:
        kept = list(self.edit.snapshots)
        kept[number] = replace(kept[number], name=name)
        self._set_snapshots(tuple(kept))

    def delete_snapshot(self, number: int) -> None:
        kept = list(self.edit.snapshots)
        del kept[number]
        self._set_snapshots(tuple(kept))

    def _set_snapshots(self, kept: tuple[Snapshot, ...]) -> None:
        self.history.amend(lambda edit: replace(edit, snapshots=kept))

    def delete_hole(self, hole: str, title: str) -> None:
        """What fills a hole goes, and what was there is seen again; one step."""
        self.history.push(title, self.edit.without_hole(hole))

    def name_hole(self, hole: str, name: str, title: str) -> None:
        """What fills a hole is called otherwise; one step."""
        if any(layer.name != name for layer in self.edit.of_hole(hole)):
            self.history.push(title, self.edit.with_hole_named(hole, name))

    def move_hole(self, hole: str, title: str, *, upwards: bool) -> None:
        """Move what fills a hole above or below the next; one step."""
        self.history.push(title, self.edit.with_hole_moved(hole, upwards))
