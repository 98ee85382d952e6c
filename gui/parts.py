"""The parts of a face, and what is worn on one, that one click masks, by the engine's names."""

from __future__ import annotations

from gui.translation import mark

# In the order they are shown.
NAMES = {
    "eyes": mark("Eyes"),
    "glasses": mark("Glasses"),
    "face_mask": mark("Face mask"),
    "brows": mark("Brows"),
    "nose": mark("Nose"),
    "mouth": mark("Mouth"),
    "skin": mark("Skin"),
    "lower_face": mark("Lower face"),
    "left_half": mark("Left half"),
    "right_half": mark("Right half"),
}
# What is said where a thing is not worn, and so nothing was masked.
UNWORN = {
    "glasses": mark("No glasses were seen; nothing was masked."),
    "face_mask": mark("No face mask was seen; nothing was masked."),
}
