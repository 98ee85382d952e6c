"""Another photo of the same person: what is hidden in one is seen in the other.

`Reference` says which face of which photo is meant; it is cheap to import. `alignment` lays its
nodes over the face that is filled, `identity` asks whether it is the same person, `bringing` takes
its pixels there, and `trust` says where they are to be believed. The fill's steps that do so are
`engine.fill.steps.references`.
"""

from engine.reference.reference import (
    EXPRESSIONS,
    REGIONS,
    Reference,
    Taken,
    check_regions,
    reference_in,
    references_in,
)

__all__ = [
    "EXPRESSIONS",
    "REGIONS",
    "Reference",
    "Taken",
    "check_regions",
    "reference_in",
    "references_in",
]
