"""What a batch's options are at first, and the presets of them that are always there."""

from __future__ import annotations

from typing import Any

from engine.batch.job import DOUBT_FLAG, KEEP_FORMAT, RESUME
from engine.modules.registry import MODULES, wishes
from gui.translation import tr

NAMED, ONE, PART, SCRATCHES, TRANSPARENT, MARKER = (
    *("named", "one", "part", "scratches", "transparent", "marker"),
)


def batch_wishes() -> dict[str, dict[str, Any]]:
    """What a batch asks of the modules, by name: what is chosen, or is on or off."""
    told = wishes().items()
    return {n: f for n, f in told if f["choices"] or isinstance(f["default"], bool)}


PLACES = ("masks", "mask")  # of this batch alone: no part of a preset
DEFAULTS: dict[str, Any] = {
    "rule": NAMED,
    "masks": "",
    "pattern": "",
    "mask": "",
    "part": "glasses",
    "marker": "#ff0000",
    "invert": False,
    "sure": False,
    "grow": "",
    **{name: facts["default"] for name, facts in batch_wishes().items()},
    "model": "default",
    "exemplars": "",
    "format": KEEP_FORMAT,
    "name": "{stem}",
    "conflict": RESUME,
    "doubtful": DOUBT_FLAG,
    "sidecars": False,
    "lying": False,
}


def built_in() -> dict[str, dict[str, Any]]:
    """The presets that are always there."""
    return {
        tr("Masks by name"): {"rule": NAMED},
        tr("Take glasses off"): {"rule": PART, "part": "glasses"},
        **{
            tr(name): {"rule": PART, "part": part, **wished}
            for module in MODULES
            for name, (part, wished) in module.presets.items()
        },
        tr("Old prints"): {"rule": SCRATCHES, "format": ".png"},
        tr("Marked in red"): {"rule": MARKER, "marker": "#ff0000"},
    }
