"""What a prior's averaging makes pale, and how strong it is painted instead.

Fitted to a prior (`main.py train retouch`) and kept in its manifest as `retouch`: a prior of more
components averages less, and needs less of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from engine.base.errors import MienError

HIGHEST = 4.0  # more is no retouch; the manifest is damaged


@dataclass(frozen=True)
class Retouch:
    """How many times as much a wholly hidden part stands out from its surroundings; 1 leaves it as
    the prior paints it. redness: lips from the skin beside them (38 faces kept aside, at no cost in
    LPIPS). teeth: the brightness of teeth from what is around them (50 smiles). The values here are
    those of a prior whose manifest says none: all had them before each had its own, and before
    mouths were open or closed, when teeth were a mean with lips."""

    redness: float = 1.45
    teeth: float = 1.3

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Retouch:
        """As a manifest says it. What this program does not know of is left out. Raises MienError
        for a value that is no number between 0 and HIGHEST."""
        known = {entry.name for entry in fields(cls)}
        for name, value in said.items():
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if name in known and not (number and 0 <= value <= HIGHEST):
                raise MienError(
                    f"The prior's retouch of {name}, {value}, is not between 0 and {HIGHEST:g}; "
                    "reinstall Mien or fit it anew (train retouch)."
                )
        return cls(**{name: float(value) for name, value in said.items() if name in known})

    def as_dict(self) -> dict[str, float]:
        """For a manifest."""
        return asdict(self)
