"""How an emotion network is trained: a TOML file of these fields; see configs/emotion."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from engine.errors import MienError

FOLDER = Path(__file__).parents[1] / "configs" / "emotion"
NETWORKS = ("attention", "plain", "squeeze")
OPTIMISERS = ("adamw", "sgd")


@dataclass(frozen=True)
class EmotionConfig:
    """network: "attention" is the program's, "plain" and "squeeze" are judges. width: of its first
    layer. sources: the sets trained on. balance: 0 draws every face equally often, 1 every class,
    between them a class of n faces counts n ** (1 - balance). sides: the picture's side in pixels
    in each third of the training; the first lessons need no detail and cost a half. holes: hide
    parts in half of the samples. minutes: wall clock, all calls of a run together. ema: largest
    decay of the averaged weights. processes, each with its batch, and threads of each: on a CPU
    that other work shares, processes of one thread waste least.
    """

    network: str = "attention"
    width: int = 24
    sources: tuple[str, ...] = ("fer2013", "ckplus")
    sides: tuple[int, int, int] = (32, 40, 48)
    holes: bool = True
    balance: float = 0.0
    batch: int = 96
    minutes: float = 35.0
    optimiser: str = "adamw"
    learning_rate: float = 2e-3
    warmup: float = 0.08
    weight_decay: float = 0.02
    smoothing: float = 0.1
    ema: float = 0.998
    bf16: bool = True
    processes: int = 1
    threads: int = 1
    seed: int = 0
    checkpoint_seconds: float = 120.0
    log_steps: int = 50

    def __post_init__(self) -> None:
        for wrong, sentence in (
            (self.network not in NETWORKS, f"network is one of {', '.join(NETWORKS)}."),
            (self.optimiser not in OPTIMISERS, f"optimiser is one of {', '.join(OPTIMISERS)}."),
            (
                len(self.sides) != 3 or not all(24 <= side <= 48 for side in self.sides),
                f"sides {self.sides} are not three numbers from 24 to 48.",
            ),
            (not 0 <= self.balance <= 1, f"balance {self.balance} is not between 0 and 1."),
            (not 1 <= self.processes <= 64, "processes must be from 1 to 64."),
            (self.batch < 2, f"batch {self.batch} must be at least 2."),
            (self.width < 4 or self.width % 4, f"width {self.width} is not a multiple of 4."),
            (self.minutes <= 0, "minutes must be more than 0."),
        ):
            if wrong:
                raise MienError(f"Emotion configuration: {sentence}")

    def changed(self, **values: Any) -> EmotionConfig:
        """The same with those fields that are not None replaced."""
        return replace(self, **{k: v for k, v in values.items() if v is not None})

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for checkpoints and logs."""
        return asdict(self)


def from_dict(values: dict[str, Any]) -> EmotionConfig:
    """The inverse of `EmotionConfig.as_dict`. Raises MienError for a field that is none."""
    unknown = set(values) - {entry.name for entry in fields(EmotionConfig)}
    if unknown:
        raise MienError(f"Emotion configuration: unknown field {', '.join(sorted(unknown))}.")
    values = dict(values)
    for name in {"sources", "sides"} & set(values):
        values[name] = tuple(values[name])
    return EmotionConfig(**values)


def load_config(name: str) -> EmotionConfig:
    """A bundled configuration by name (emotion, judge, judge2), or one from a TOML file.

    Raises MienError.
    """
    path = Path(name) if name.endswith(".toml") else FOLDER / f"{name}.toml"
    if not path.is_file():
        names = ", ".join(sorted(p.stem for p in FOLDER.glob("*.toml")))
        raise MienError(
            f"There is no emotion configuration '{name}'; choose {names} or give a TOML file."
        )
    try:
        return from_dict(tomllib.loads(path.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise MienError(f"{path} is not a TOML file ({error}); mend that line.") from error
