"""Closed forms are solved in float32, whatever autocast says around them.

Mixed precision is for networks, which learnt with it. A linear system whose sums were taken in
bfloat16 has another solution or none at all, a blur or a resampling in it moves pixels, and what a
training sees would not be what the program fills with. So every door to a closed form is `exact`:
nobody who calls it has to know what precision the code around it has.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from engine.base.device import DEVICES

Asked = ParamSpec("Asked")
Result = TypeVar("Result")

KINDS = tuple(name for name in DEVICES if name != "auto")  # each has an autocast of its own


def exact(solve: Callable[Asked, Result]) -> Callable[Asked, Result]:
    """A function or method that calculates in float32, itself and in all it calls.

    Tensors among its arguments that are bfloat16 or float16, as networks in mixed precision answer,
    come in as float32; gradients flow through. Without autocast and with float32 nothing changes.
    """

    @wraps(solve)
    def solved(*asked: Asked.args, **named: Asked.kwargs) -> Result:
        import torch

        wide = [_widened(value) for value in asked]
        further = {name: _widened(value) for name, value in named.items()}
        mixed = [kind for kind in KINDS if torch.is_autocast_enabled(kind)]
        with ExitStack() as stack:
            for kind in mixed:
                stack.enter_context(torch.autocast(kind, enabled=False))
            return solve(*wide, **further)  # type: ignore[arg-type]

    return solved


def _widened(value: Any) -> Any:
    import torch

    narrow = isinstance(value, torch.Tensor) and value.dtype in (torch.bfloat16, torch.float16)
    return value.float() if narrow else value
