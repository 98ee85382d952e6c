"""Judges of expression and geometry that take no part in any loss.

Expression: an emotion network of another kind than the one that guides and trains (see
training.emotion.judge). Geometry: MediaPipe's mesh of the fill against its mesh of the untouched
crop. What is flattered by training on itself shows here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from engine.face.finder import FaceFinder, FaceFrame
from engine.face.mesh import inter_ocular
from engine.readings import EMOTIONS
from training.conditions import hidden_nodes

FIGURES = ("emotion_agreement", "smile_kept", "asked_rate", "landmark_nme", "mesh_found")
SMILE = EMOTIONS.index("happiness")


class Judges:
    """Figures of one fill after another; the untouched faces are looked at once.

    asked: the expression that every fill was asked for, None to keep what is there.
    """

    def __init__(self, asked: str | None = None) -> None:
        from training.emotion.judge import load_judge

        self._emotion = load_judge()
        self._finder = FaceFinder()
        self._asked = None if asked is None else EMOTIONS.index(asked)
        self._known: dict[str, tuple[int | None, np.ndarray | None]] = {}

    def __call__(
        self, name: str, output: np.ndarray, target: np.ndarray, hole: np.ndarray
    ) -> dict[str, float | None]:
        """Figures of one fill by the names of FIGURES; None where one has no meaning.

        name: of the face. output, target: S x S x 3 uint8. hole: S x S bool. 0 and 1 for no and
        yes; landmark_nme: mean distance of the hidden nodes in inter-ocular distances.
        """
        if name not in self._known:
            self._known[name] = self._expression(target), self._mesh(target)
        expected, truth = self._known[name]
        figures: dict[str, float | None] = dict.fromkeys(FIGURES)
        found = self._expression(output)
        if found is not None and expected is not None:
            figures["emotion_agreement"] = float(found == expected)
            figures["smile_kept"] = float((found == SMILE) == (expected == SMILE))
            if self._asked is not None:
                figures["asked_rate"] = float(found == self._asked)
        if truth is None:
            return figures
        hidden = hidden_nodes(truth / target.shape[0], hole)
        if hidden.any():
            mesh = self._mesh(output)
            figures["mesh_found"] = float(mesh is not None)
            if mesh is not None:
                distances = np.linalg.norm(mesh - truth, axis=1)[hidden]
                figures["landmark_nme"] = float(distances.mean()) / inter_ocular(truth)
        return figures

    def close(self) -> None:
        """Free MediaPipe's networks."""
        self._finder.close()

    def _expression(self, crop: np.ndarray) -> int | None:
        if self._emotion is None:
            return None
        pixels = torch.from_numpy(np.ascontiguousarray(crop.transpose(2, 0, 1)))[None].float()
        return int(self._emotion.read(pixels / 127.5 - 1)[0].argmax())

    def _mesh(self, crop: np.ndarray) -> np.ndarray | None:
        side = crop.shape[0]
        return self._finder.mesh_in_frame(crop, FaceFrame(0, 0, side, side)).mesh


def means(figures: list[dict[str, Any]]) -> dict[str, float | None]:
    """The mean of each of FIGURES over the fills in which it has a meaning."""
    result: dict[str, float | None] = {}
    for name in FIGURES:
        known = [f[name] for f in figures if f.get(name) is not None]
        result[name] = round(float(np.mean(known)), 4) if known else None
    return result
