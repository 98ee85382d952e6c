"""The parts of a face, and what is worn on one, that one click masks, by the engine's names."""

from __future__ import annotations

from gui.translation import mark

# In the order they are shown, three in a row; left and right are those of the picture.
NAMES = {
    "glasses": mark("Glasses"),
    "face_mask": mark("Face mask"),
    "skin": mark("Skin"),
    "left_eye": mark("Left eye"),
    "eyes": mark("Eyes"),
    "right_eye": mark("Right eye"),
    "left_brow": mark("Left brow"),
    "brows": mark("Brows"),
    "right_brow": mark("Right brow"),
    "nose": mark("Nose"),
    "mouth": mark("Mouth"),
    "lower_face": mark("Lower face"),
    "left_half": mark("Left half"),
    "hair": mark("Hair"),
    "right_half": mark("Right half"),
}
# What is said where a thing is not worn, and so nothing was masked.
UNWORN = {
    "glasses": mark("No glasses were seen; nothing was masked."),
    "face_mask": mark("No face mask was seen; nothing was masked."),
}
