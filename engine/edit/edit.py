"""An edit: everything the user made of one photo, as one value."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

from engine.edit.shelved import Shelved, Wish
from engine.edit.tiles import TiledMask
from engine.face.finder import Face, FaceFrame
from engine.face.frames import held_in, overlaps
from engine.inpaint import FillOptions, FillRequest, FillResult, Patch
from engine.photo import Photo
from engine.readings import DraggedNode
from engine.reference import EXPRESSIONS, Reference


def new_id() -> str:
    """A name that no other layer, hole or face ever has."""
    return uuid.uuid4().hex


@dataclass(frozen=True, eq=False)
class Subject:
    """A face that is known by its id, whatever else is found, framed or removed.

    frame: as the user drew it, None for a face that was found.
    """

    id: str
    face: Face
    frame: FaceFrame | None = None


@dataclass(frozen=True)
class PlacedNode:
    """A hidden node that the user put somewhere. subject: the id of its face. node: 0 .. 477.
    x, y: photo pixels."""

    subject: str
    node: int
    x: float
    y: float


@dataclass(frozen=True, eq=False)
class Layer:
    """One fill.

    hole: the id of the hole it fills; of the layers of one hole at most one is visible, the
    others are what else it could be. mask: what was painted. options: what was asked for.
    subjects: ids of the faces, in the order of `fill.faces`. wishes: what references were asked
    for, in their order. opacity: 0 .. 1. name: that the user gave, "" without one.
    """

    hole: str
    fill: FillResult
    mask: TiledMask
    options: FillOptions
    subjects: tuple[str, ...] = ()
    visible: bool = True
    opacity: float = 1.0
    id: str = field(default_factory=new_id)
    wishes: tuple[Wish, ...] = ()
    name: str = ""

    @property
    def asked(self) -> tuple[FillOptions, tuple[Wish, ...]]:
        """Equal ones of a hole, equal fills."""
        return self.options, self.wishes

    @property
    def patches(self) -> tuple[Patch, ...]:
        return self.fill.patches

    @property
    def is_shown(self) -> bool:
        return self.visible and self.opacity > 0

    @property
    def key(self) -> tuple[str, float]:
        """Equal keys, equal pixels."""
        return self.id, self.opacity

    @property
    def bytes(self) -> int:
        return sum(patch.pixels.nbytes + patch.alpha.nbytes for patch in self.patches)


@dataclass(frozen=True, eq=False)
class Snapshot:
    """An edit that was given a name; its own snapshots are left out."""

    name: str
    edit: Edit


@dataclass(frozen=True, eq=False)
class Edit:
    """Everything the user made of one photo; the photo itself is never changed.

    layers: from the lowest to the highest. mask: painted and not filled yet. frames: the faces
    the user framed; faces: those that were found, None before they were looked for. nodes: the
    hidden nodes that were dragged and not filled yet. shelf: other photos of the people in it.
    expression: what those are brought to (see FillOptions). snapshots: states that were named,
    the same in every edit of a history.
    """

    photo: Photo
    mask: TiledMask
    layers: tuple[Layer, ...] = ()
    frames: tuple[Subject, ...] = ()
    faces: tuple[Subject, ...] | None = None
    nodes: tuple[PlacedNode, ...] = ()
    shelf: tuple[Shelved, ...] = ()
    expression: str = EXPRESSIONS[0]
    snapshots: tuple[Snapshot, ...] = ()

    @cached_property
    def subjects(self) -> tuple[Subject, ...]:
        """Which faces there are and in which order a fill numbers them: framed ones, then those
        found ones that no frame takes the place of."""
        found = (
            subject
            for subject in self.faces or ()
            if not any(one.frame and overlaps(one.frame, subject.face) for one in self.frames)
        )
        return (*self.frames, *found)

    @property
    def shown(self) -> tuple[Layer, ...]:
        """The layers that make the picture, from the lowest up."""
        return tuple(layer for layer in self.layers if layer.is_shown)

    @property
    def look(self) -> tuple[tuple[str, float], ...]:
        """Equal looks, equal pixels."""
        return tuple(layer.key for layer in self.shown)

    @property
    def hole(self) -> TiledMask:
        """What is painted, and what the shown fills were painted with."""
        hole = self.mask
        for layer in self.shown:
            hole = hole.union(layer.mask)
        return hole

    @property
    def has_work(self) -> bool:
        """Whether anything would be lost with it, in a snapshot or out of one."""
        made = self.layers or self.frames or self.nodes or self.shelf
        there = bool(made) or not self.mask.is_blank
        return there or any(one.edit.has_work for one in self.snapshots)

    def is_like(self, other: Edit) -> bool:
        """Whether all that the user made is the same in both; faces that were found, and
        snapshots, are left out."""
        mine, theirs = (
            (one.layers, one.frames, one.nodes, one.shelf, one.expression) for one in (self, other)
        )
        return mine == theirs and self.mask.same(other.mask)

    def number_of(self, subject: str) -> int | None:
        """The number that a fill gives a face, None for a face that is not there."""
        ids = [one.id for one in self.subjects]
        return ids.index(subject) if subject in ids else None

    def of_hole(self, hole: str) -> tuple[Layer, ...]:
        """All layers that fill a hole."""
        return tuple(layer for layer in self.layers if layer.hole == hole)

    def numbered(self, nodes: Iterable[PlacedNode]) -> tuple[DraggedNode, ...]:
        """Nodes as a fill takes them; those of faces that are gone stay out."""
        placed = ((self.number_of(node.subject), node) for node in nodes)
        return tuple(DraggedNode(n, p.node, p.x, p.y) for n, p in placed if n is not None)

    def named(self, nodes: Iterable[DraggedNode]) -> tuple[PlacedNode, ...]:
        """A fill's nodes by their faces' ids; those of unknown faces stay out."""
        subjects = self.subjects
        return tuple(
            PlacedNode(subjects[node.face].id, node.node, node.x, node.y)
            for node in nodes
            if node.face < len(subjects)
        )

    def options(self, options: FillOptions) -> FillOptions:
        """Options with this edit's frames, dragged nodes and, where there are references, the
        expression they are brought to."""
        frames = tuple(one.frame for one in self.frames if one.frame is not None)
        expression = self.expression if self.asking else EXPRESSIONS[0]
        nodes = self.numbered(self.nodes)
        return replace(options, frames=frames, nodes=nodes, expression=expression)

    @property
    def asking(self) -> tuple[Shelved, ...]:
        """The references that a fill looks at: those that may give nothing stay out."""
        return tuple(one for one in self.shelf if one.regions and one.strength)

    @property
    def wishes(self) -> tuple[Wish, ...]:
        """What a fill is asked for of references."""
        return tuple(one.wish for one in self.asking)

    def references(self) -> tuple[Reference, ...]:
        """The references as a fill takes them, in the order of `asking`. One of a face that is
        gone, framed anew for example, is of whoever looks like it."""
        numbers = [self.number_of(one.subject) if one.subject else None for one in self.asking]
        return tuple(x.as_reference(n) for x, n in zip(self.asking, numbers, strict=True))

    def known_faces(self) -> tuple[Face, ...] | None:
        """The faces that were found, as a fill takes them."""
        return None if self.faces is None else tuple(subject.face for subject in self.faces)

    # New edits.

    def with_shelved(self, one: Shelved) -> Edit:
        """With a reference more, or with another of the same id in its place."""
        if any(old.id == one.id for old in self.shelf):
            return replace(self, shelf=tuple(one if x.id == one.id else x for x in self.shelf))
        return replace(self, shelf=(*self.shelf, one))

    def without_shelved(self, name: str) -> Edit:
        """Without the reference of an id."""
        return replace(self, shelf=tuple(one for one in self.shelf if one.id != name))

    def with_found(self, faces: tuple[Subject, ...]) -> Edit:
        """The edit once faces were looked for."""
        return replace(self, faces=faces)

    def with_layer(self, layer: Layer, alternatives: Iterable[Layer] = ()) -> Edit:
        """A fill landed, or was chosen: it is what is seen of its hole.

        alternatives: layers of the same hole to keep beside it, hidden. The first fill of a hole
        takes its mask and its dragged nodes away; it goes on top. Another one takes its place.
        Faces that only the fill found are faces from now on.
        """
        kept = {one.id: one for one in (*self.of_hole(layer.hole), *alternatives, layer)}
        name = next((one.name for one in self.of_hole(layer.hole)), layer.name)
        group = [replace(one, visible=one.id == layer.id, name=name) for one in kept.values()]
        places = [n for n, one in enumerate(self.layers) if one.hole == layer.hole]
        others = [one for one in self.layers if one.hole != layer.hole]
        at = places[0] if places else len(others)
        used = {(node.face, node.node): node for node in layer.options.nodes}
        nodes = tuple(
            placed
            for placed in self.nodes
            for node in self.numbered((placed,)) or (None,)
            if node is None or used.get((node.face, node.node)) != node
        )
        return replace(
            self,
            layers=(*others[:at], *group, *others[at:]),
            mask=self.mask if places else self.mask.without(layer.mask),
            nodes=nodes,
            faces=self._with_discovered(layer),
        )

    def _with_discovered(self, layer: Layer) -> tuple[Subject, ...] | None:
        if self.faces is None:
            return None
        known = {subject.id for subject in (*self.frames, *self.faces)}
        new = tuple(
            Subject(name, face)
            for name, face in zip(layer.subjects, layer.fill.faces, strict=False)
            if name.startswith("found-") and name not in known
        )
        return (*self.faces, *new)

    def with_changed(self, layer: Layer) -> Edit:
        """A layer of the same id takes the place of the old one: shown, hidden, fainter."""
        return replace(self, layers=tuple(layer if o.id == layer.id else o for o in self.layers))

    def without_hole(self, hole: str) -> Edit:
        """The edit without any fill of a hole: what another fill of it starts from."""
        return replace(self, layers=tuple(one for one in self.layers if one.hole != hole))

    def with_hole_named(self, hole: str, name: str) -> Edit:
        """All layers of a hole called otherwise."""
        named = (replace(one, name=name) if one.hole == hole else one for one in self.layers)
        return replace(self, layers=tuple(named))

    def with_hole_moved(self, hole: str, upwards: bool) -> Edit:
        """The layers of a hole one place higher or lower among the holes."""
        holes = list(dict.fromkeys(layer.hole for layer in self.layers))
        at = holes.index(hole)
        to = min(max(at + (1 if upwards else -1), 0), len(holes) - 1)
        holes.insert(to, holes.pop(at))
        return replace(self, layers=tuple(la for one in holes for la in self.of_hole(one)))


def new_edit(photo: Photo) -> Edit:
    """A photo that nothing was done to."""
    return Edit(photo, TiledMask(photo.size))


def found(faces: Iterable[Face]) -> tuple[Subject, ...]:
    """Faces as the finder gives them, each with an id of its own."""
    return tuple(Subject(f"found-{new_id()}", face) for face in faces)


def framed(frame: FaceFrame, size: tuple[int, int]) -> Subject:
    """A face where the user drew a frame; it is held in the photo of `size` (width, height)."""
    frame = held_in(frame, size)
    box = (frame.x, frame.y, frame.width, frame.height)
    return Subject(f"framed-{new_id()}", Face(box, 1.0, frame.angle, None), frame)


def subjects_of(fill: FillResult, edit: Edit) -> tuple[str, ...]:
    """The ids of a fill's faces: the known ones in their order, then those only it found."""
    known = [subject.id for subject in edit.subjects][: len(fill.faces)]
    return (*known, *(f"found-{new_id()}" for _ in fill.faces[len(known) :]))


def request_of(
    edit: Edit, options: FillOptions, photo: Photo, mask: TiledMask, faces: tuple[Face, ...] | None
) -> FillRequest:
    """What a fill needs; the whole mask is put together here, so not in the GUI thread."""
    return FillRequest(photo, mask.to_mask(), options, faces, edit.references())
