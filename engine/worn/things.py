"""The things that can be seen on a face, by name; cheap to import."""

from __future__ import annotations

# Channels of the network, in this order. Glasses with frames, lenses, arms and the shadow of all.
THINGS = ("glasses", "face_mask", "hand")
