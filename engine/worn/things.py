"""The things that can be seen on a face, and the crop they are seen in; cheap to import."""

from __future__ import annotations

# Channels of the network, in this order. Glasses with frames, lenses, arms and the shadow of all.
THINGS = ("glasses", "face_mask", "hand")
SIDE = 128  # pixels of the crop that is looked at
MARGIN = 1.25  # sides of the frame that it shows: ears and straps lie beyond it
