"""The parts of a face that one click masks, by the engine's names."""

from __future__ import annotations

from gui.translation import mark

# In the order they are shown.
NAMES = {
    "eyes": mark("Eyes"),
    "glasses": mark("Glasses"),
    "brows": mark("Brows"),
    "nose": mark("Nose"),
    "mouth": mark("Mouth"),
    "skin": mark("Skin"),
    "lower_face": mark("Lower face"),
    "left_half": mark("Left half"),
    "right_half": mark("Right half"),
}
