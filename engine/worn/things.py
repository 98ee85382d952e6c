"""The things that can be seen on a face, and the crop they are seen in; cheap to import."""

from __future__ import annotations

# Glasses with frames, lenses, arms and the shadow of all.
THINGS = ("glasses", "face_mask")
# What the network answers, in this order. Hands are taught to be neither of the two; it is not sure
# enough of them yet to be asked.
CHANNELS = (*THINGS, "hand")
SIDE = 128  # pixels of the crop that is looked at
MARGIN = 1.25  # sides of the frame that it shows: ears and straps lie beyond it
