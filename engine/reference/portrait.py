"""What a face is known by, in numbers: who it is, how it looks, and what it could show.

A portrait is no picture, and none can be made of what an index keeps of it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from engine.face.lids import CLOSED
from engine.reference.likeness import alike

if TYPE_CHECKING:
    from engine.face.finder import Face
    from engine.mask import Mask
    from engine.photo import Photo

Box = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Portrait:
    """One face.

    box: x, y, width, height, photo pixels. side: of its frame, photo pixels. told: Z x K float32,
    its codes with each of Z zones hidden (engine.reference.identity). expression: probabilities of
    engine.readings.EMOTIONS, None where nothing reads them. lids: how far the lids of the eyes at
    the left and the right of the picture are apart, eye distances. zone: the number of the one that
    hides what is hidden of it. untold: by how much less a likeness to it says than to a whole face.
    """

    box: Box
    side: float
    told: np.ndarray
    expression: tuple[float, ...] | None
    lids: tuple[float, float]
    zone: int = 0
    untold: float = 0.0

    @property
    def eyes_closed(self) -> bool:
        """Whether both eyes are."""
        return max(self.lids) <= CLOSED

    def likeness(self, others: Sequence[Portrait]) -> np.ndarray:
        """How much others are like this one, N numbers: 1 is the same picture. With as much hidden
        of all of them as is of this one."""
        if not others:
            return np.zeros(0, np.float32)
        theirs = np.stack([other.told[self.zone] for other in others])
        return alike(self.told[self.zone], theirs) - self.untold


class Portraitist(Protocol):
    """What looks at photos for `engine.reference.album`: an `engine.inpaint.Inpainter` does."""

    def find_faces(self, photo: Photo, cancel: threading.Event | None = None) -> tuple[Face, ...]:
        """Every face of the photo, largest first."""
        ...

    def portraits(
        self, photo: Photo, faces: Sequence[Face], mask: Mask | None = None
    ) -> tuple[Portrait | None, ...]:
        """Of each face what it is known by; None for one without a mesh, or too small to tell.
        mask: what is not looked at."""
        ...
