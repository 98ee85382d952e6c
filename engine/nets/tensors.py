"""Tensors in a file: kept as halves, read as float32."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from torch import Tensor, nn

Network = TypeVar("Network", bound="nn.Module")


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file, float16 widened to float32, other types as they are.
    Nothing is checked: `engine.catalogue.weights` says whether a file is the one meant."""
    import torch
    from safetensors.torch import load_file

    tensors = load_file(str(path))
    return {k: v.float() if v.dtype == torch.float16 else v for k, v in tensors.items()}


def names_in(path: Path) -> list[str]:
    """The names of the tensors in a safetensors file."""
    from safetensors import safe_open

    with safe_open(str(path), "pt") as file:
        return list(file.keys())


def write_tensors(path: Path, tensors: dict[str, Tensor], *, halved: bool = True) -> None:
    """Write tensors, wherever they lie, as a safetensors file: of float32 as float16 where
    `halved`, of other types as they are."""
    import torch
    from safetensors.torch import save_file

    small = {
        name: (t.half() if halved and t.dtype == torch.float32 else t).detach().cpu().contiguous()
        for name, t in tensors.items()
    }
    save_file(small, str(path))


def adopted(make: Callable[[], Network], tensors: dict[str, Tensor]) -> Network:
    """The network that `make` makes, with these tensors for its state, which are its own from then
    on. It is made without memory: starting values would only be thrown away, and drawing them
    takes longer than reading the weights. All of its buffers must be part of its state."""
    import torch

    with torch.device("meta"):
        network = make()
    network.load_state_dict(tensors, assign=True)
    return network
