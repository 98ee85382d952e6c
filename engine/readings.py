"""What is read off a face beside its fill: expression and geometry.

Cheap to import: the editor draws these before torch is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

# In the order of every probability vector of the program.
EMOTIONS = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
OFF, KEEP = "off", "keep"
EMOTION_CHOICES = (KEEP, OFF, *EMOTIONS)


@dataclass(frozen=True)
class DraggedNode:
    """A hidden node that the user put somewhere.

    face: the face's number in the order of `FillResult.faces`. node: 0 .. 477. x, y: photo pixels.
    """

    face: int
    node: int
    x: float
    y: float


@dataclass(frozen=True, eq=False)
class FaceReading:
    """Expression and geometry of one face, before and after.

    face: the face's number in the order of `FillResult.faces`. before: probabilities of EMOTIONS
    read off what the hole leaves visible, None where no emotion network is installed. after: the
    same of the filled face, None where nothing is filled. mesh: 478 x 2 float32 photo pixels, seen
    nodes as found, hidden ones as predicted; None without a mesh. hidden: 478 bool. shift: how far
    the hidden nodes of the fill lie from where they were expected (predicted, or dragged to), mean
    in inter-ocular distances; None where nothing is hidden. figures: what further modules read, by
    name. modules: which modules had a say.
    """

    face: int
    before: tuple[float, ...] | None = None
    after: tuple[float, ...] | None = None
    mesh: np.ndarray | None = None
    hidden: np.ndarray | None = None
    shift: float | None = None
    modules: tuple[str, ...] = ()
    figures: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for `--json` and logs."""

        def named(values: tuple[float, ...] | None) -> dict[str, float] | None:
            if values is None:
                return None
            return {name: round(p, 4) for name, p in zip(EMOTIONS, values, strict=True)}

        return {
            "face": self.face,
            "emotion": {"before": named(self.before), "after": named(self.after)},
            "landmark_shift": None if self.shift is None else round(self.shift, 4),
            "hidden_nodes": 0 if self.hidden is None else int(self.hidden.sum()),
            **{name: round(value, 4) for name, value in self.figures.items()},
            "modules": list(self.modules),
        }
