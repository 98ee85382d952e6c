"""A training's state in one safetensors file: networks, averages, optimisers, step, RNG.

Tensors are prefixed by what they belong to; everything else is JSON in the file's metadata. No
pickle, so a checkpoint from a stranger can be opened.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from engine.base.errors import MienError

LATEST = "state.safetensors"
EMA = "ema.safetensors"
BEST = "best.safetensors"


def save_checkpoint(
    path: Path,
    modules: dict[str, dict[str, Tensor]],
    optimisers: dict[str, dict[str, Any]],
    facts: dict[str, Any],
) -> None:
    """Write a checkpoint, whole or not at all.

    modules: state dicts by name. optimisers: `state_dict()`s by name. facts: JSON values.
    """
    tensors = {f"{m}/{k}": v for m, state in modules.items() for k, v in state.items()}
    scalars: dict[str, Any] = {}
    for name, state in optimisers.items():
        scalars[name] = {"groups": state["param_groups"], "state": {}}
        for index, entries in state["state"].items():
            for key, value in entries.items():
                if isinstance(value, Tensor):
                    tensors[f"optimiser.{name}/{index}/{key}"] = value
                else:
                    scalars[name]["state"].setdefault(str(index), {})[key] = value
    tensors["rng/torch"] = torch.get_rng_state()
    # safetensors refuses tensors that share memory.
    tensors = {key: tensor.detach().cpu().clone().contiguous() for key, tensor in tensors.items()}
    metadata = {"facts": json.dumps(facts), "optimisers": json.dumps(scalars)}
    temporary = path.with_suffix(".tmp")
    save_file(tensors, str(temporary), metadata=metadata)
    temporary.replace(path)


def save_average(path: Path, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
    """Write averaged weights as float16, whole or not at all; facts: JSON values."""
    halves = {k: v.detach().half().cpu().contiguous() for k, v in tensors.items()}
    temporary = path.with_suffix(".tmp")
    save_file(halves, str(temporary), metadata={"facts": json.dumps(facts)})
    temporary.replace(path)


def load_average(path: Path) -> dict[str, Tensor]:
    """The float32 weights of a file by `save_average`, or of any safetensors file. Raises
    MienError."""
    try:
        with safe_open(str(path), framework="pt") as file:
            return {key: file.get_tensor(key).float() for key in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise MienError(f"{path} holds no weights ({error}); give a run's {EMA}.") from error


def load_checkpoint(
    path: Path,
) -> tuple[dict[str, dict[str, Tensor]], dict[str, dict[str, Any]], dict[str, Any]]:
    """(modules, optimisers, facts) as given to `save_checkpoint`; the RNG state is under
    modules["rng"]["torch"]. Raises MienError for a file that is no checkpoint."""
    try:
        with safe_open(str(path), framework="pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            metadata = file.metadata() or {}
        facts, scalars = json.loads(metadata["facts"]), json.loads(metadata["optimisers"])
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise MienError(
            f"{path} is not a training checkpoint ({error}); start the run anew."
        ) from error
    modules: dict[str, dict[str, Tensor]] = {}
    optimisers = {
        name: {
            "param_groups": entry["groups"],
            "state": {int(i): dict(values) for i, values in entry["state"].items()},
        }
        for name, entry in scalars.items()
    }
    for key, tensor in tensors.items():
        owner, _, rest = key.partition("/")
        if owner.startswith("optimiser."):
            index, _, field = rest.partition("/")
            state = optimisers[owner.removeprefix("optimiser.")]["state"]
            state.setdefault(int(index), {})[field] = tensor
        else:
            modules.setdefault(owner, {})[rest] = tensor
    return modules, optimisers, facts
