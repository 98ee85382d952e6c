"""What runs a generator: one protocol, and one table from a model's format to what runs it.

A back end runs the network and nothing else. The prior, the window around the hole, the modules'
branches, tone and crispness are the same for all (engine/networks.py). docs/backends.md says what
a further one takes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torch import Tensor

    from engine.generator.branches import Hints


class Generator(Protocol):
    """A loaded generator. Several threads may call it at a time."""

    @property
    def input(self) -> str:
        """What its crop holds in the hole: "prior" the prior's fill, "zero" nothing that counts."""
        ...

    @property
    def stride(self) -> int:
        """Crop pixels a cell of its feature grid, on which the modules' hints lie: 4 or 8."""
        ...

    @property
    def precision(self) -> str:
        """What it calculates in: "float32" or "bfloat16"."""
        ...

    def paint(
        self,
        crop: Tensor,
        hole: Tensor,
        hints: Hints | None = None,
        cancel: threading.Event | None = None,
    ) -> Tensor:
        """The crop with its hole filled.

        crop: 1 x 3 x H x W float32, RGB in [-1, 1], on the device it was loaded for. A generator
        that sharpens gets the window around the hole (sides multiples of 32, or the whole crop's),
        one that paints the whole crop. hole: 1 x 1 x H x W float32, 1 = hidden, 0 = seen. hints: of
        the modules, for this window: `grid` 1 x 256 x H/stride x W/stride, `film` 1 x 8 x 2 x 256;
        None where no module has a say. Neither crop nor hole may be written to.

        Returns 1 x 3 x H x W float32 on the same device, in the hole about [-1, 1] (the caller
        clamps), outside it `crop` itself. Raises Cancelled once `cancel` is set, as soon as what
        runs it can be stopped; one that cannot be need not look at it, the caller does before and
        after.
        """
        ...


# (weight file, verified; a manifest's `input`; device; "auto" or "exact") -> the generator. Asked
# to be exact, it calculates in float32 whatever the processor has.
Loader = Callable[[Path, str, str, str], Generator]


def _torch(path: Path, input: str, device: str, precision: str) -> Generator:
    from engine.generator.torch_generator import TorchGenerator  # torch takes seconds to load

    return TorchGenerator.load(path, input, device, precision)


# By the `format` of a model's manifest; a model of any other is refused.
BACKENDS: dict[str, Loader] = {"safetensors": _torch}
