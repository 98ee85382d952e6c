"""From which value on something is hidden: one table, since a value means what it is asked for.

A mask and a hole that was resampled have values between hidden and visible. Who must not see what
the user wants gone counts a pixel as hidden early; who needs enough to go by counts it late. Where
a hole is 0 and 1 already, 0.5 only reads it, and needs no row here.
"""

from __future__ import annotations

# Values 0 .. 255.
PAINTED = 8
"""A mask's pixel is filled from this value on: fainter than 3 % the fill would not be seen."""
LOOKED_FOR = 8
"""Above it a pixel that faces are looked for in, or placed by, is hidden. Cutting and making
smaller mix both at a hole's border; with up to 3 % of the hole in it, a pixel is as good as
visible."""
SHARPENED = 2
"""Above it a pixel of the crop that is filled is hidden: any part of the hole in it mixes what is
to go into its colour. Up to 2 is rounding."""

# Shares 0 .. 1.
AVERAGED = 0.5
"""A pixel of a network's own grid is visible where more than this share of it is: half of it tells
enough of its colour, which is averaged over the visible part alone."""
HIDDEN_MESH = 0.5
"""A found mesh is believed up to this share of its nodes in the hole: with more of them hidden it
is the detector's guess."""
HIDDEN_FEATURE = 0.5
"""A feature of a face counts as hidden from this share of its nodes on: with less of it hidden, the
ring around a hole would show the rest of it."""
LIT = 0.99
"""A pixel tells of the light only where more than this share is visible: mixed with a hole's black,
it would tell of shade."""
KNOWN = 0.25
"""A seam's surface goes through a pixel from this visible share on: it hangs on the hole's border
alone, where few pixels are whole, and a pixel's value is the mean of its visible part."""
