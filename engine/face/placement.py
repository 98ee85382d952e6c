"""Placing faces under holes: where the frame of a face lies of which the hole hides a part.

What the hole covers is what the user wants gone, a mask, a hand, another face; it must not move the
face. A face that the hole does not touch stays as it was found. For the others candidates are
collected from the detectors (on the neighbourhood with the hole filled coarsely) and from the
locator (`engine.face.locator`), refined by the hole-aware landmark network until they stand
still, and compared by one score (`FacePlacer._judged`).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.base.errors import raise_if_cancelled
from engine.base.hidden import HIDDEN_MESH, LOOKED_FOR
from engine.face import geometry
from engine.face import landmarks as reading
from engine.face import locator as looking
from engine.face import mesh as nodes
from engine.face.candidates import Candidate, agreed, one_person
from engine.face.finder import Box, Face, FaceFinder, FaceFrame
from engine.face.frames import box_frame, matrix_of, overlaps
from engine.face.neighbourhood import View, groups, view_of
from engine.face.regions import owned_area

if TYPE_CHECKING:
    from engine.face.landmarks import LandmarkNetwork
    from engine.face.locator import Locator

ROUNDS = 3  # times at most that a frame is refined by the landmark network's mesh
STILL = 0.01  # inter-ocular distances: a frame that moves less stands still
# Confidence from which a located face is painted: of 64 hidden faces one had less than 0.9 (0.74);
# what was seen in 126 holes over cloth, walls and sky had 0.52.
CREDIBLE = 0.7
LIKELY = 0.12  # confidence from which a frame is worth suggesting
# Inter-ocular distances; a frame expected to lie further off is less credible. Of 99 holes over
# cloth, stones, grass and sky none looked as much like a face as CLEARLY, of hidden faces most do.
SURE, CLEARLY_SURE, CLEARLY = 0.105, 0.14, 0.99
# Detections that score less are of faces mostly hidden (170 faces that nothing hides have 0.81 and
# more), or of hair and foreheads that a hole makes look like one.
WEAK = 0.8
LEAST = 0.2  # share of a mesh in the hole; of a face hidden less the detectors see enough
SLIGHT = 0.1  # share up to which a mesh is believed as it was found, unless
DOUBTFUL = 0.0  # its score is less than this: the locator would put the face elsewhere
CLOSE_BY = 1.2  # sides of a known face that its neighbourhood reaches beyond it
FOUND, LOCATED, FRAMED, TEXTURE = "found", "located", "framed", "texture"


@dataclass(frozen=True, eq=False)
class Placed:
    """A face where it is painted. how: "found" by the detectors, "located" by what surrounds the
    hole, "framed" by the user. confidence: 0..1 that a face lies there."""

    face: Face
    how: str
    confidence: float


@dataclass(frozen=True, eq=False)
class Placement:
    """faces in the order they paint: the user's, the known ones, the new ones, the known ones that
    the detectors are less sure of. suggestions: frames for holes that would fit a face of which too
    little is seen to be sure."""

    faces: tuple[Placed, ...]
    suggestions: tuple[FaceFrame, ...] = ()


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
        self._loaded = False

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
        self._load()
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
        unsure: list[Candidate] = []
        for boxes in groups(_left_over(hole, placed)):
            raise_if_cancelled(cancel)
            view = view_of(rgb, hole, boxes)
            starts = self._detected(view, cancel) if not quick else []
            best = self._best(view, starts + self._located(view, boxes), placed)
            if best is not None and self._credible(best):
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

    def refine(
        self, rgb: np.ndarray, hole: np.ndarray, frame: np.ndarray, rounds: int = ROUNDS
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """(frame 2 x 3, mesh 478 x 2 photo pixels or None): a frame refined by the mesh that the
        landmark network reads in it, until it stands still."""
        if self._landmarks is None:
            return frame, None
        mesh = None
        hidden = hole.view(np.uint8) * np.uint8(255)
        for _ in range(rounds):
            crop = geometry.cut(rgb, frame, 2 * reading.SIDE)
            covered = geometry.cut(hidden, frame, 2 * reading.SIDE)
            read = reading.read_mesh(self._landmarks, crop, covered > LOOKED_FOR)
            mesh = geometry.transform(geometry.invert(frame), read)
            before, frame = frame, geometry.frame_from_mesh(mesh)
            if looking.off(frame, before) < STILL:
                break
        return frame, mesh

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
        boxes = _boxes_near(hole, face)
        view = view_of(rgb, hole, (*boxes, face.box), CLOSE_BY)
        share = hidden_share(face, hole)
        starts: list[tuple[str, np.ndarray]] = []
        if share < HIDDEN_MESH:
            starts.append((FOUND, geometry.compose(matrix_of(face), view.to_photo)))
        elif not quick:
            starts += self._detected(view, cancel)
        best = self._best(view, starts, placed) if share < SLIGHT else None
        # A mesh that hardly reaches into the hole may be of a face squeezed in beside it.
        if best is None or best.score < DOUBTFUL:
            starts += self._located(view, boxes)
            starts += self._located(view, (face.box,))
            best = self._best(view, starts, placed)
        if best is None:
            return [], []
        if share < HIDDEN_MESH or self._credible(best):
            return [_placed(best, face.score if share < HIDDEN_MESH else None)], []
        return [], [box_frame(best.frame)]

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
            refined, mesh = self.refine(view.rgb, view.hole, inside)
            # A mesh that leaves the user's frame is not of the user's face.
            if looking.off(refined, inside) > 0.5:
                refined, mesh = inside, None
        else:
            # The user's word on where the face lies, the network's on what lies in it.
            refined, (_, mesh) = inside, self.refine(view.rgb, view.hole, inside, 1)
        if mesh is None and face.mesh is not None:
            mesh = face.mesh
        if mesh is None:
            return Placed(Face(box, 0.0, frame.angle, None), FRAMED, 1.0)
        placed = geometry.transform(view.to_photo, mesh)
        return Placed(_face_of(placed, max(face.score, 0.0)), FRAMED, 1.0)

    def _detected(self, view: View, cancel: threading.Event | None) -> list[tuple[str, np.ndarray]]:
        """Frames (view pixels) of the faces that the detectors see with the hole evened out."""
        found = self._finder.find(view.inpainted, cancel)
        return [
            (FOUND, matrix_of(face))
            for face in found
            if face.mesh is not None and touches(face, view.hole)
        ]

    def _located(self, view: View, boxes: tuple[Box, ...]) -> list[tuple[str, np.ndarray]]:
        """Frames (view pixels) that the locator answers from each of some boxes of the photo."""
        if self._locator is None:
            return []
        starts = []
        for box in boxes:
            anchor = geometry.compose(looking.anchor_of_box(*box), view.to_photo)
            found = looking.locate(self._locator, view.rgb, view.hole, anchor)
            starts.append((LOCATED, found.frame))
        return starts

    def _best(
        self, view: View, starts: list[tuple[str, np.ndarray]], placed: list[Placed]
    ) -> Candidate | None:
        """The candidate of the highest score that is not a person already placed, where those lie
        that agree with it."""
        candidates = []
        for how, frame in starts:
            candidate = self._judged(view, how, frame)
            if not _taken(candidate.frame, placed):
                candidates.append(candidate)
        best = max(candidates, key=lambda c: c.score, default=None)
        return None if best is None else agreed(best, candidates)

    def _judged(self, view: View, how: str, frame: np.ndarray) -> Candidate:
        """A frame refined, and its score.

        The score is the logarithm of the probability (a Laplace distribution) that the frame lies
        right, by what the locator sees from the frame itself: -d / e - log e, d how far the locator
        would move it and e how far it expects to be off, both in inter-ocular distances. A face
        inside a face would be moved outwards and scores low, and so does a frame without support in
        the visible pixels, whose e is large.
        """
        settled, mesh = self.refine(view.rgb, view.hole, frame)
        if mesh is not None:
            mesh = geometry.transform(view.to_photo, mesh)
        placed = geometry.compose(settled, geometry.invert(view.to_photo))
        if self._locator is None:
            return Candidate(placed, mesh, how, 1.0, 0.0)
        anchor = looking.anchor_of_frame(settled)
        seen = looking.locate(self._locator, view.rgb, view.hole, anchor, 1)
        expected = max(seen.error, 0.01)
        score = -looking.off(settled, seen.frame) / expected - float(np.log(expected))
        sure = CLEARLY_SURE if seen.confidence >= CLEARLY else SURE
        confidence = seen.confidence * min(1.0, sure / expected)
        return Candidate(placed, mesh, how, confidence, score)

    def _credible(self, candidate: Candidate) -> bool:
        return candidate.confidence >= CREDIBLE

    def _load(self) -> None:
        from engine.catalogue.weights import load

        if not self._loaded:
            self._locator = self._locator or load("locator", looking.Locator)
            self._landmarks = self._landmarks or load("landmarks", reading.LandmarkNetwork)
            self._loaded = True


def touches(face: Face, hole: np.ndarray) -> bool:
    """Whether a hole hides a part of what a face would paint."""
    frame = matrix_of(face)
    x, y, width, height = geometry.bounds(frame, (hole.shape[1], hole.shape[0]))
    if width <= 0 or height <= 0:
        return False
    part = hole[y : y + height, x : x + width]
    return bool(part.any()) and bool((part & owned_area(frame, (x, y, width, height))).any())


def hidden_share(face: Face, hole: np.ndarray) -> float:
    """The share of a face's nodes that lie in the hole, 0..1; 1 without a mesh."""
    if face.mesh is None:
        return 1.0
    places = np.floor(face.mesh).astype(int)
    inside = (places >= 0).all(1) & (places < (hole.shape[1], hole.shape[0])).all(1)
    if not inside.any():
        return 0.0
    x, y = places[inside].T
    return float(hole[y, x].sum()) / len(places)


def _boxes_near(hole: np.ndarray, face: Face) -> tuple[Box, ...]:
    """The box (photo pixels) of what a hole hides of a face's frame and a little around it."""
    frame = matrix_of(face)
    x, y, width, height = geometry.bounds(
        geometry.grown(frame, 1.3), (hole.shape[1], hole.shape[0])
    )
    part = hole[y : y + height, x : x + width]
    rows, columns = np.flatnonzero(part.any(1)), np.flatnonzero(part.any(0))
    if len(rows) == 0:
        return ()
    box = (x + columns[0], y + rows[0], columns[-1] + 1 - columns[0], rows[-1] + 1 - rows[0])
    return ((float(box[0]), float(box[1]), float(box[2]), float(box[3])),)


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


def _taken(frame: np.ndarray, placed: list[Placed]) -> bool:
    """Whether a frame can only be of a person who is placed already."""
    return any(one_person(frame, matrix_of(entry.face)) for entry in placed)


def _placed(candidate: Candidate, score: float | None = None) -> Placed:
    score = candidate.confidence if score is None else score
    if candidate.mesh is None:
        frame = box_frame(candidate.frame)
        face = Face((frame.x, frame.y, frame.width, frame.height), score, frame.angle, None)
    else:
        face = _face_of(candidate.mesh, score)
    return Placed(face, candidate.how, max(candidate.confidence, score))


def _face_of(mesh: np.ndarray, score: float) -> Face:
    low, high = mesh.min(0), mesh.max(0)
    box = (float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1]))
    return Face(box, score, nodes.roll(mesh), mesh.astype(np.float32))
