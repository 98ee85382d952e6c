"""What runs a generator: one protocol, and one table from a model's format to what runs it.

A back end runs the network and nothing else. The prior, the window around the hole, the modules'
branches, tone and sharpness are the same for all (engine/fill/pipeline.py). docs/backends.md says
what a further one takes.
"""

from __future__ import annotations

import platform
import threading
from collections.abc import Callable, Container
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from engine.base.device import AUTO, has_bfloat16
from engine.nets.tensors import names_in

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

    @property
    def backend(self) -> str:
        """What runs it: "torch", "cv2", or another's name."""
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


@dataclass(frozen=True)
class Demand:
    """How a generator is to run.

    device: "cpu", "cuda" or "mps". precision: "auto", or "exact" for float32 on torch whatever else
    the machine has. many: whether so much will be filled that the first fill may take longer.
    """

    device: str
    precision: str = AUTO
    many: bool = False


# (weight file, verified; a manifest's `input`; how it is to run) -> the generator.
Loader = Callable[[Path, str, Demand], Generator]


def _safetensors(path: Path, input: str, demand: Demand) -> Generator:
    if suits_cv2(demand, names_in(path)):
        from engine.generator.cv2_generator import Cv2Generator

        return Cv2Generator.load(path, input)
    from engine.generator.torch_generator import TorchGenerator  # torch takes seconds to load

    return TorchGenerator.load(path, input, demand.device, demand.precision)


def suits_cv2(demand: Demand, names: Container[str]) -> bool:
    """Whether cv2 is the faster of the two that run safetensors (with tensors of these names).

    A pass takes 0.57 to 0.71 of torch's time in float32 (windows of 96 x 96 to 256 x 256, one core
    of an x86-64 with AVX2), bfloat16 that of a processor which has it 0.57. But a thread's first
    pass prepares the weights: a whole `inpaint` of one photo takes 0.4 s longer with cv2 and 240 MB
    more, which three to six fills make up for. So torch fills single photos, and all in the editor,
    where a fill is to end as soon as it is cancelled; cv2 fills batches. Other processors were not
    measured. The full grid stays on torch too: cv2 sums up a channel to normalise it in one
    float32, which on 65536 places left a network with random weights 0.8 grey levels off (on the
    half grid's 16384 0.1, and the one that ships 0.0003).
    """
    from engine.generator.dmfn import HALF, grid_of

    if not demand.many or demand.precision != AUTO or demand.device != "cpu":
        return False
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return False
    return grid_of(names) == HALF and not has_bfloat16()


# By the `format` of a model's manifest; a model of any other is refused.
BACKENDS: dict[str, Loader] = {"safetensors": _safetensors}
