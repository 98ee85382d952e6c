"""What the trainings say on the terminal: a line an event, in words or as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

_TOLD_APART = {"event", "step", "samples", "seconds", "rate", "remaining", "learning_rate"}


def printer(as_json: bool) -> Callable[[dict[str, Any]], None]:
    """What a training's `report` is to be."""
    return print_json if as_json else print_row


def print_json(row: dict[str, Any]) -> None:
    """One event of a training as a line of JSON."""
    print(json.dumps(row), flush=True)


def print_row(row: dict[str, Any]) -> None:
    """One event of a training in words; those without figures are left out."""
    kind = row["event"]
    if kind == "finished":
        print(f"Finished after {row['samples']} samples.", flush=True)
    elif kind == "stopped":
        print(f"Stopped after {row['samples']} samples; the same command goes on.", flush=True)
    elif kind == "step":
        print(
            f"{row['seconds']:8.0f} s  step {row['step']}  {row['samples']} samples  "
            f"{row['rate']:.1f}/s  {_figures(row)}",
            flush=True,
        )
    elif kind == "validation":
        print(f"            step {row['step']}  {_figures(row)}", flush=True)


def _figures(row: dict[str, Any]) -> str:
    """The rest of a row; a count of 0 says nothing."""
    rest = {k: v for k, v in row.items() if k not in _TOLD_APART and v != 0}
    return "  ".join(
        f"{k} {v:.4f}" if isinstance(v, float) else f"{k} {v}" for k, v in rest.items()
    )
