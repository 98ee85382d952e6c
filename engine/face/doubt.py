"""Doubt: a face that was painted where it may not lie, and why it may not.

Cheap to import: the editor and the batch tell it before torch is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.face.finder import FaceFrame

SURE = 0.9  # confidence from which on nothing is said
BORDER, COVERED, UNSEEN, RIVAL, ROUGH = "border", "covered", "unseen", "rival", "rough"
# In the order they are looked for: the first that holds is told.
REASONS = {
    BORDER: "the photo's border cuts the face",
    COVERED: "little of the face is seen",
    RIVAL: "another place is nearly as likely",
    UNSEEN: "no detector sees a face there",
    ROUGH: "what is seen fits a face there only roughly",
}


@dataclass(frozen=True)
class Doubt:
    """A face that was filled though it may lie elsewhere.

    face: its number in the order of `FillResult.faces`. confidence: 0..1, less than SURE, that it
    lies right. why: one of REASONS. frame: where it was painted, to be moved by whoever looks.
    """

    face: int
    confidence: float
    why: str
    frame: FaceFrame

    @property
    def sentence(self) -> str:
        """For a log or a terminal."""
        return f"A face may lie wrong: {REASONS[self.why]} ({self.confidence:.2f})."

    def as_dict(self) -> dict[str, Any]:
        """Plain values for `--json` and logs."""
        f = self.frame
        return {
            "face": self.face,
            "confidence": round(self.confidence, 3),
            "why": self.why,
            "frame": [round(v, 1) for v in (f.x, f.y, f.width, f.height, f.angle)],
        }
