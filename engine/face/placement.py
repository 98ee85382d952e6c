"""Placing faces under holes: where the frame of a face lies of which the hole hides a part.

What the hole covers is what the user wants gone, a mask, a hand, another face; it must not move the
face. A face that the hole does not touch stays as it was found. Every other one is a question of
evidence: where the detectors saw it with the thing on, where they see it with the hole evened out
and the photo's border mirrored, and where the locator (`engine.face.locator`) puts it, asked from
several sides, are candidates alike. Each is refined by the hole-aware landmark network until it
stands still and weighed (`engine.face.evidence`); more are called while none is sure.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.base.errors import raise_if_cancelled
from engine.base.hidden import HIDDEN_MESH
from engine.face import geometry
from engine.face import landmarks as reading
from engine.face import locator as looking
from engine.face.candidates import APART, Candidate, agreed, one_person, part_of
from engine.face.doubt import SURE, Doubt
from engine.face.evidence import Witnesses, log_odds, probability
from engine.face.finder import Box, Face, FaceFinder, FaceFrame
from engine.face.frames import box_frame, matrix_of, overlaps
from engine.face.holes import (
    box_of,
    boxes_near,
    hidden_share,
    meets,
    owned,
    squared,
    touches,
    widened,
)
from engine.face.neighbourhood import IDENTITY, View, groups, mirrored, view_of, with_border
from engine.face.regions import outline_of, owned_area

if TYPE_CHECKING:
    from engine.face.landmarks import LandmarkNetwork
    from engine.face.locator import Locator

CREDIBLE = 0.5  # confidence from which a face is painted that no search of the photo found
LIKELY = 0.12  # confidence from which a frame is worth suggesting
# Detections that score less are of faces mostly hidden (170 faces that nothing hides have 0.81 and
# more), or of hair and foreheads that a hole makes look like one.
WEAK = 0.8
LEAST = 0.2  # share of a mesh in the hole; of a face hidden less the detectors see enough
SLIGHT = 0.1  # share up to which a mesh is believed as it was found, if the evidence is for it
CLOSE_BY = 1.2  # sides of a known face that its neighbourhood reaches beyond it
OWN = 0.2  # share of a hole beside a face in its outline, from which on it hides that face
BEHIND = 0.3  # sides of the larger frame: a head half behind another may lie that close
PART_SEEN = 0.03  # share of the mesh that a hole hides at least of a face behind another
SURELY = 10.0  # score of what nobody weighs
SAME = 0.4  # eye distances that two frames of one face are apart at most
TURNED = 2.0  # score: people are seldom upside down where nobody saw them so
WIDER = 2.2  # sides of a hole: the second square that the locator is asked from
FOUND, LOCATED, FRAMED, TEXTURE = "found", "located", "framed", "texture"


@dataclass(frozen=True, eq=False)
class Placed:
    """A face where it is painted. how: "found" by the detectors, "located" by what surrounds the
    hole, "framed" by the user. confidence: 0..1 that it lies right. why: what speaks against it,
    one of engine.face.doubt.REASONS, where it is less than SURE."""

    face: Face
    how: str
    confidence: float
    why: str = ""


@dataclass(frozen=True, eq=False)
class Placement:
    """faces in the order they paint: the user's, the known ones, the new ones, the known ones that
    the detectors are less sure of. suggestions: frames for holes that would fit a face of which too
    little is seen to be sure."""

    faces: tuple[Placed, ...]
    suggestions: tuple[FaceFrame, ...] = ()

    def doubts(self, numbers: tuple[int, ...]) -> tuple[Doubt, ...]:
        """The doubtful ones among the faces of these numbers, those that were filled."""
        return tuple(
            Doubt(number, entry.confidence, entry.why, box_frame(matrix_of(entry.face)))
            for number, entry in enumerate(self.faces)
            if number in numbers and entry.why
        )


class FacePlacer:
    """Places faces; the installed networks are loaded at first use. Not thread-safe.

    locator, landmarks: networks instead of the installed ones. Where there is no locator the
    detectors alone decide.
    """

    def __init__(
        self,
        finder: FaceFinder,
        locator: Locator | None = None,
        landmarks: LandmarkNetwork | None = None,
    ) -> None:
        self._finder, self._locator, self._landmarks = finder, locator, landmarks
        self._witnesses: Witnesses | None = None

    def place(
        self,
        rgb: np.ndarray,
        hole: np.ndarray,
        faces: tuple[Face, ...],
        frames: tuple[FaceFrame, ...] = (),
        cancel: threading.Event | None = None,
        *,
        quick: bool = False,
    ) -> Placement:
        """Every face of a photo that is to be filled.

        rgb: H x W x 3 uint8. hole: H x W bool. faces: as found in the whole photo. frames: drawn by
        the user, each is a face whatever the networks say. quick: no detectors, for a preview that
        follows the brush. Raises Cancelled.
        """
        placed = [self._framed(rgb, hole, frame) for frame in frames]
        suggestions: list[FaceFrame] = []
        others = [f for f in faces if not any(overlaps(frame, f) for frame in frames)]

        def keep(face: Face) -> None:
            if not touches(face, hole):
                placed.append(Placed(face, FOUND, face.score))
                return
            raise_if_cancelled(cancel)
            mine, doubtful = self._known(rgb, hole, face, placed, cancel, quick)
            placed.extend(mine)
            suggestions.extend(doubtful)

        for face in others:
            if face.score >= WEAK:
                keep(face)
        if not quick:
            placed[:0] = self._behind(rgb, hole, placed, cancel)
        unsure: list[Candidate] = []
        for boxes in groups(_left_over(hole, placed)):
            raise_if_cancelled(cancel)
            view = view_of(rgb, hole, boxes)
            search = Search(self, view, placed)
            if not quick:
                search.add(FOUND, self._detected(view, cancel))
            search.add(LOCATED, self._located(view, boxes))
            best = self._decided(search, boxes, cancel, quick)
            if best is not None and best.confidence >= CREDIBLE:
                entry = _placed(best)
                if best.how == FOUND or hidden_share(entry.face, hole) >= LEAST:
                    placed.append(entry)
            elif best is not None and best.confidence >= LIKELY:
                unsure.append(best)
        # A weak detection where a hidden face lies was hair or a forehead beside the hole.
        for face in others:
            if face.score < WEAK and not _taken(matrix_of(face), placed):
                keep(face)
        suggestions += [box_frame(c.frame) for c in unsure if not _taken(c.frame, placed)]
        return Placement(tuple(placed), tuple(suggestions))

    @property
    def witnesses(self) -> Witnesses:
        """The networks; the installed ones are loaded when they are first asked."""
        from engine.catalogue.weights import load

        if self._witnesses is None:
            locator = self._locator or load("locator", looking.Locator)
            landmarks = self._landmarks or load("landmarks", reading.LandmarkNetwork)
            self._witnesses = Witnesses(self._finder, locator, landmarks)
        return self._witnesses

    def _known(
        self,
        rgb: np.ndarray,
        hole: np.ndarray,
        face: Face,
        placed: list[Placed],
        cancel: threading.Event | None,
        quick: bool,
    ) -> tuple[list[Placed], list[FaceFrame]]:
        """A face of the whole photo that the hole touches, placed by what is visible of it."""
        boxes = boxes_near(hole, face)
        view = view_of(rgb, hole, (*boxes, face.box), CLOSE_BY)
        share = hidden_share(face, hole)
        search = Search(self, view, placed)
        if share < HIDDEN_MESH:
            search.add(FOUND, [geometry.compose(matrix_of(face), view.to_photo)])
        elif not quick:
            search.add(FOUND, self._detected(view, cancel))
        best = search.best()
        # A mesh that hardly reaches into the hole may be of a face squeezed in beside it.
        if share >= SLIGHT or best is None or best.confidence < SURE:
            search.add(LOCATED, self._located(view, boxes))
            best = search.best()
            if best is None or best.confidence < SURE:
                search.add(LOCATED, self._located(view, (face.box,)))
            best = self._decided(search, boxes, cancel, quick)
        if best is None:
            return [], []
        # Neck and hair ask for a face just where the photo has one: it hides no thing but that.
        sure = best.confidence >= CREDIBLE or looking.off(best.frame, matrix_of(face)) <= SAME
        if share < HIDDEN_MESH or sure:
            return [_placed(best)], []
        return [], [box_frame(best.frame)]

    def _decided(
        self, search: Search, boxes: tuple[Box, ...], cancel: threading.Event | None, quick: bool
    ) -> Candidate | None:
        """The best candidate; further ones are called while none is sure."""
        best = search.best()
        if quick or (best is not None and best.confidence >= SURE):
            return best
        search.add(FOUND, self._detected(search.view, cancel, bordered=True))
        best = search.best()
        if best is not None and best.confidence >= SURE:
            return best
        raise_if_cancelled(cancel)
        wider = tuple(squared(box, WIDER) for box in boxes)
        search.add(LOCATED, self._located(search.view, wider))
        search.turn()
        return search.best()

    def _behind(
        self,
        rgb: np.ndarray,
        hole: np.ndarray,
        placed: list[Placed],
        cancel: threading.Event | None,
    ) -> list[Placed]:
        """Faces half behind another: that one's frame holds the hole, but hardly its outline."""
        found: list[Placed] = []
        for front in placed:
            mesh = front.face.mesh
            if front.how == FRAMED or mesh is None or not touches(front.face, hole):
                continue
            asked, head = owned(hole, front.face), outline_of(mesh, hole.shape)
            if (asked & head).sum() > OWN * asked.sum():
                continue
            raise_if_cancelled(cancel)
            # The head in front is a thing worn, too; the one behind is larger than what is asked.
            box = box_of(asked | head)
            view = view_of(rgb, hole, (box,), CLOSE_BY, widened(head, front.face))
            search = Search(self, view, [*placed, *found], BEHIND)
            search.add(FOUND, self._detected(view, cancel))
            search.add(LOCATED, self._located(view, (box,)))
            best = search.best()
            if best is None or best.confidence < CREDIBLE:
                continue
            entry = _placed(best)
            if hidden_share(entry.face, hole) >= PART_SEEN:
                found.append(entry)
        return found

    def _framed(self, rgb: np.ndarray, hole: np.ndarray, frame: FaceFrame) -> Placed:
        box = (frame.x, frame.y, frame.width, frame.height)
        drawn = geometry.frame_from_box(*box, frame.angle)
        view = view_of(rgb, hole, (box,), CLOSE_BY)
        inside = geometry.compose(drawn, view.to_photo)
        corner = geometry.transform(geometry.invert(view.to_photo), np.array([box[:2]]))[0]
        scale = view.scale
        x, y = (float(v) for v in corner)
        moved = FaceFrame(x, y, box[2] * scale, box[3] * scale, frame.angle)
        face = self._finder.mesh_in_frame(view.inpainted, moved, guess=True)
        if face.mesh is not None and hidden_share(face, view.hole) < HIDDEN_MESH:
            inside = matrix_of(face)
            refined, mesh = self.witnesses.refine(view, inside)
            # A mesh that leaves the user's frame is not of the user's face.
            if looking.off(refined, inside) > 0.5:
                refined, mesh = inside, None
        else:
            # The user's word on where the face lies, the network's on what lies in it.
            refined, (_, mesh) = inside, self.witnesses.refine(view, inside, 1)
        if mesh is None and face.mesh is not None:
            mesh = face.mesh
        if mesh is None:
            return Placed(Face(box, 0.0, frame.angle, None), FRAMED, 1.0)
        placed = geometry.transform(view.to_photo, mesh)
        return Placed(Face.of_mesh(placed, max(face.score, 0.0)), FRAMED, 1.0)

    def weighed(self, view: View, how: str, frame: np.ndarray) -> Candidate:
        """A frame (view pixels) refined, and how sure a face lies there; without a locator as sure
        as whoever saw it."""
        settled, mesh = self.witnesses.refine(view, frame)
        evidence = self.witnesses.weigh(view, settled, mesh)
        placed = geometry.compose(settled, geometry.invert(view.to_photo))
        if mesh is not None:
            mesh = geometry.transform(view.to_photo, mesh)
        if evidence is None:
            return Candidate(placed, mesh, how, 1.0, SURELY)
        score = log_odds(evidence)
        return Candidate(placed, mesh, how, probability(score), score, evidence)

    def _detected(
        self, view: View, cancel: threading.Event | None, *, bordered: bool = False
    ) -> list[np.ndarray]:
        """Frames (view pixels) of the faces that the detectors see with the hole evened out, and
        beyond the view's borders its mirror image: there a face that is cut is whole."""
        picture, back = view.inpainted, IDENTITY
        if bordered:
            picture, back = with_border(picture)
        frames = []
        for face in self._finder.find(picture, cancel):
            if face.mesh is None:
                continue
            frames.append(geometry.compose(matrix_of(face), back))
            if bordered:
                mesh = geometry.transform(geometry.invert(back), face.mesh)
                height, width = view.hole.shape
                frames += [geometry.frame_from_mesh(m) for m in mirrored(mesh, width, height)]
        return [frame for frame in frames if meets(frame, view.hole)]

    def _located(self, view: View, boxes: tuple[Box, ...]) -> list[np.ndarray]:
        """Frames (view pixels) that the locator answers from each of some boxes of the photo."""
        locator = self.witnesses.locator
        if locator is None:
            return []
        frames = []
        for box in boxes:
            anchor = geometry.compose(looking.anchor_of_box(*box), view.to_photo)
            frames.append(looking.locate(locator, view.rgb, view.hole, anchor).frame)
        return frames


class Search:
    """The candidates for one hole's face, each weighed once. apart: as of `one_person`."""

    def __init__(
        self, placer: FacePlacer, view: View, placed: list[Placed], apart: float = APART
    ) -> None:
        self.view, self._placer, self._placed, self._apart = view, placer, placed, apart
        self._candidates: list[Candidate] = []

    def add(self, how: str, frames: list[np.ndarray], less: float = 0.0) -> None:
        """Weigh frames (view pixels) that cannot be of a person who is placed already; less: what
        their scores are lowered by."""
        for frame in frames:
            candidate = self._placer.weighed(self.view, how, frame).less(less)
            if not _taken(candidate.frame, self._placed, self._apart):
                self._candidates.append(candidate)

    def turn(self) -> None:
        """The best candidates the other way up: upside down a forehead looks like a chin."""
        ordered = sorted(self._candidates, key=lambda c: -c.rank)[:2]
        half = np.array([[-1.0, 0, 1], [0, -1, 1]])
        for one in ordered:
            frame = geometry.compose(one.frame, self.view.to_photo)
            self.add(one.how, [geometry.compose(half, frame)], TURNED)

    def best(self) -> Candidate | None:
        """The candidate of the highest score, where those lie that agree with it."""
        best = max(self._candidates, key=lambda c: c.rank, default=None)
        if best is None:
            return None
        # What is left of a face that is cut looks like a small one to the locator.
        whole = [
            one
            for one in self._candidates
            if best.how == LOCATED and one.how == FOUND and part_of(best, one)
        ]
        return agreed(max(whole, key=lambda c: c.rank, default=best), self._candidates)


def _left_over(hole: np.ndarray, placed: list[Placed]) -> np.ndarray:
    """The hole without what the faces paint, H x W bool."""
    left = hole.copy()
    size = (hole.shape[1], hole.shape[0])
    for entry in placed:
        frame = geometry.grown(matrix_of(entry.face), 1.2)
        x, y, width, height = geometry.bounds(frame, size)
        if width > 0 and height > 0:
            part = left[y : y + height, x : x + width]
            part &= ~owned_area(frame, (x, y, width, height))
    return left


def _taken(frame: np.ndarray, placed: list[Placed], apart: float = APART) -> bool:
    """Whether a frame can only be of a person who is placed already."""
    return any(one_person(frame, matrix_of(entry.face), apart) for entry in placed)


def _placed(candidate: Candidate) -> Placed:
    score = candidate.confidence
    if candidate.mesh is None:
        frame = box_frame(candidate.frame)
        face = Face((frame.x, frame.y, frame.width, frame.height), score, frame.angle, None)
    else:
        face = Face.of_mesh(candidate.mesh, score)
    return Placed(face, candidate.how, score, candidate.why)
