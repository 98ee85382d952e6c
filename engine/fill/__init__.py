"""The fill of a photo, from its request to its patches: `filler` does it, the others are its steps.

`shares` says which face paints what, `surroundings` what is plain from around the hole, `blend`,
`tone`, `crispness` and `deepen` fit the painted into the photo, `texture` does the rest.
"""
