"""Evidence: how surely a face lies in a frame, by all that can be looked at there.

Each witness errs in its own way. The locator, asked from the frame itself, takes whatever it is
asked about for a face, but says where it would rather put it. The landmark network moves a frame
that lies beside a face. A detector and the attention mesh, on the upright crop with the hole evened
out and the photo's border mirrored, know a face by its eyes and mouth, and take a forehead over a
mask for a chin. And a hole of which much lies beside a mesh is one that the mesh was squeezed in
beside. Together they make one probability by logistic regression, fitted to 1,400 candidates in 150
photos (`python -m training.fit_evidence` fits them anew); how often it is right stands in
docs/results.md (`python -m training.placement`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.base.hidden import LOOKED_FOR
from engine.face import geometry
from engine.face import landmarks as reading
from engine.face import locator as looking
from engine.face.mesh import LEFT_EYE, LIPS, RIGHT_EYE
from engine.face.regions import outlined

if TYPE_CHECKING:
    from engine.face.finder import FaceFinder
    from engine.face.landmarks import LandmarkNetwork
    from engine.face.locator import Locator
    from engine.face.neighbourhood import View

DETECTED = 2.0  # frames that the detector's crop is wide
MESHED = 1.25  # and the mesh's
ROUNDS = 3  # times at most that a frame is refined by the landmark network's mesh
STILL = 0.01  # inter-ocular distances: a frame that moves less stands still


@dataclass(frozen=True)
class Evidence:
    """What speaks for a face in a frame. Distances are inter-ocular (`locator.off`).

    away: how far the locator would move the frame. error: how far it expects to be off. face: its
    logit that there is one. seen: score of the sighting nearest to the frame, 0 without one, and
    seen_away: how far that lies off. presence: the attention mesh's logit, and mesh_away: how far
    its mesh lies off. drift: how far the frame moves where the photo is mirrored at its border
    instead of hidden there. hidden: share of the mesh's nodes in the hole. inside: share, of
    what the user wants gone in the frame, that lies in the mesh's outline. covered, beyond: shares
    of the frame in the hole and outside the photo. parts: of the eye or the mouth that the hole
    hides most of, the share of its nodes. visible: share of all nodes that are seen.
    """

    away: float
    error: float
    face: float
    seen: float
    seen_away: float
    presence: float
    mesh_away: float
    drift: float
    hidden: float
    inside: float
    covered: float
    beyond: float
    parts: float
    visible: float


# Of the logistic regression: a constant, then a weight for each of `measures`.
CONSTANT = -6.057
WEIGHTS = (
    *(-1.19, -0.02, -0.23, -0.11, 0.0, -1.05, 0.96, 0.15, -1.26, -2.1, 0.25, 1.22),
    *(0.41, 0.9, 0.18, 0.52, 0.82, -0.5, 2.14, -0.91, 1.22, 1.15, -0.98, 1.03),
)
AGREED = 0.7  # more where the detectors and the locator mean the same face


def measures(e: Evidence) -> tuple[float, ...]:
    """What the regression adds up, each within a few units of 0."""
    error, presence = float(np.log(e.error)), float(np.clip(e.presence / 10, -1, 2))
    away, seen_away = min(e.away, 1.0), min(e.seen_away, 1.0)
    seen_near = e.seen * max(0.0, 0.5 - seen_away) * 2
    return (
        error,
        away,
        min(e.away / e.error, 4.0) / 4,
        float(np.clip(e.face, -8, 8)) / 8,
        e.seen,
        seen_away,
        seen_near,
        presence,
        min(e.mesh_away, 0.6),
        min(e.drift, 0.15) * 5,
        e.hidden,
        e.inside,
        e.covered,
        e.beyond,
        # The locator knows few faces that the border cuts; the mesh, mirrored, sees them whole.
        e.beyond * away,
        e.beyond * presence,
        e.covered * presence,
        e.beyond * error,
        e.parts,
        e.visible,
        # A hole on a cheek hides neither eye nor mouth, but then all of it lies in the outline.
        e.inside * seen_near,
        e.inside * presence,
        (1 - e.parts) * e.inside * (error + 2),
        e.inside**4,
    )


def log_odds(e: Evidence) -> float:
    """The logarithm of the odds that a face lies where the evidence says, within SAME of it."""
    return CONSTANT + sum(w * m for w, m in zip(WEIGHTS, measures(e), strict=True))


def probability(score: float) -> float:
    """0..1 of log odds."""
    return float(1 / (1 + np.exp(-np.clip(score, -50, 50))))


class Witnesses:
    """The networks that are asked. locator: None where none is installed."""

    def __init__(
        self, finder: FaceFinder, locator: Locator | None, landmarks: LandmarkNetwork | None
    ) -> None:
        self._finder, self.locator, self._landmarks = finder, locator, landmarks

    def refine(
        self, view: View, frame: np.ndarray, rounds: int = ROUNDS, *, mirrored: bool = False
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """(frame 2 x 3, mesh 478 x 2 view pixels or None): a frame refined by the mesh that the
        landmark network reads in it, until it stands still. What lies beyond the photo is hidden
        like the hole, or with `mirrored` the photo's mirror image."""
        if self._landmarks is None:
            return frame, None
        mesh = None
        for _ in range(rounds):
            crop = geometry.cut(view.rgb, frame, 2 * reading.SIDE)
            hidden = _hidden(view, frame, 2 * reading.SIDE)
            if not mirrored:
                hidden |= _beyond(view, frame, 2 * reading.SIDE)
            read = reading.read_mesh(self._landmarks, crop, hidden)
            mesh = geometry.transform(geometry.invert(frame), read)
            before, frame = frame, geometry.frame_from_mesh(mesh)
            if looking.off(frame, before) < STILL:
                break
        return frame, mesh

    def weigh(self, view: View, frame: np.ndarray, mesh: np.ndarray | None) -> Evidence | None:
        """The evidence for a refined frame (view pixels -> unit square) and its mesh; None where
        the networks that are needed are not installed."""
        if self.locator is None or mesh is None:
            return None
        anchor = looking.anchor_of_frame(frame)
        told = looking.locate(self.locator, view.rgb, view.hole, anchor, 1)
        mirrored, _ = self.refine(view, frame, 1, mirrored=True)
        seen, seen_away = self._detected(view, frame)
        presence, mesh_away = self._meshed(view, frame)
        beyond = _beyond(view, frame, 64)
        covered = _hidden(view, frame, 64) & ~beyond
        hidden, visible = _nodes_in(view, mesh)
        return Evidence(
            away=looking.off(frame, told.frame),
            error=max(told.error, 0.01),
            face=float(np.log(max(told.confidence, 1e-6) / max(1 - told.confidence, 1e-6))),
            seen=seen,
            seen_away=seen_away,
            presence=presence,
            mesh_away=mesh_away,
            drift=looking.off(mirrored, frame),
            hidden=hidden,
            inside=_inside(view, frame, mesh),
            covered=float(covered.sum() / max(1, (~beyond).sum())),
            beyond=float(beyond.mean()),
            parts=max(_nodes_in(view, mesh[list(part)])[0] for part in (LEFT_EYE, RIGHT_EYE, LIPS)),
            visible=visible,
        )

    def _detected(self, view: View, frame: np.ndarray) -> tuple[float, float]:
        best = (0.0, 2.0)
        for score, points in self._finder.sightings(_inpainted(view, frame, 192, DETECTED)):
            places = (points / 192 - 0.5) * DETECTED + 0.5
            right = np.array([geometry.LEFT_EYE, geometry.RIGHT_EYE, geometry.MOUTH])
            away = float(np.linalg.norm(places - right, axis=1).mean()) / looking.EYES
            if score * np.exp(-2 * away) > best[0] * np.exp(-2 * best[1]):
                best = (score, away)
        return best

    def _meshed(self, view: View, frame: np.ndarray) -> tuple[float, float]:
        presence, places = self._finder.presence(_inpainted(view, frame, 192, MESHED))
        placed = (places / 192 - 0.5) * MESHED + 0.5
        upright = np.column_stack([np.eye(2), np.zeros(2)])
        return presence, looking.off(geometry.frame_from_mesh(placed), upright)


def _hidden(view: View, frame: np.ndarray, side: int, margin: float = 1.0) -> np.ndarray:
    return geometry.cut(view.hole, frame, side, margin=margin) > LOOKED_FOR


def _beyond(view: View, frame: np.ndarray, side: int) -> np.ndarray:
    height, width = view.hole.shape
    return geometry.beyond(frame, (width, height), side)


def _inpainted(view: View, frame: np.ndarray, side: int, margin: float) -> np.ndarray:
    """The crop around a frame with its hole filled from the border inwards (Telea 2004)."""
    import cv2

    crop = geometry.cut(view.rgb, frame, side, margin=margin)
    hidden = _hidden(view, frame, side, margin)
    if not hidden.any():
        return crop
    return cv2.inpaint(crop, hidden.astype(np.uint8), 3, cv2.INPAINT_TELEA)


def _nodes_in(view: View, nodes: np.ndarray) -> tuple[float, float]:
    """(share of some nodes that lie in the hole, share that are seen)."""
    height, width = view.hole.shape
    places = np.floor(nodes).astype(int)
    x, y = places[((places >= 0) & (places < (width, height))).all(1)].T
    hidden = int(view.hole[y, x].sum())
    return hidden / len(nodes), (len(x) - hidden) / len(nodes)


def _inside(view: View, frame: np.ndarray, mesh: np.ndarray) -> float:
    """The share, of what is asked for in the frame, that lies in the mesh's outline."""
    asked = geometry.cut(view.asked.view(np.uint8) * np.uint8(255), frame, 128, border="zero") > 127
    outline = outlined(geometry.transform(frame, mesh), 128)
    return float((outline[asked] > 127).mean()) if asked.any() else 0.0
