"""How an emotion network is trained; see configs/emotion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from training.config import PRECISIONS
from training.configuration import CONFIGS, Config

NETWORKS = ("attention", "plain", "squeeze")
OPTIMISERS = ("adamw", "sgd")


@dataclass(frozen=True)
class EmotionConfig(Config):
    """What is not said here is in `Config`.

    network: "attention" is the program's, "plain" and "squeeze" are judges. width: of its first
    layer. sources: the sets trained on. balance: 0 draws every face equally often, 1 every class,
    between them a class of n faces counts n ** (1 - balance). sides: the picture's side in pixels
    in each third of the training; the first lessons need no detail and cost a half. holes: hide
    parts in half of the samples. precision: "32-true" or "bf16-mixed". processes, each with its
    batch, and threads of each: on a CPU that other work shares, processes of one thread waste
    least.
    """

    KIND: ClassVar[str] = "emotion"
    FOLDER: ClassVar = CONFIGS / "emotion"

    name: str = "emotion"
    network: str = "attention"
    width: int = 24
    sources: tuple[str, ...] = ("fer2013", "ckplus")
    sides: tuple[int, int, int] = (32, 40, 48)
    holes: bool = True
    balance: float = 0.0
    batch: int = 96
    minutes: float | None = 35.0
    optimiser: str = "adamw"
    learning_rate: float = 2e-3
    warmup: float = 0.08
    floor: float = 0.002
    clip: float = 5.0
    weight_decay: float = 0.02
    smoothing: float = 0.1
    ema: float = 0.998
    precision: str = "bf16-mixed"
    processes: int = 1
    threads: int = 1
    checkpoint_seconds: float = 120.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.refuse(
            (self.network not in NETWORKS, f"network is one of {', '.join(NETWORKS)}."),
            (self.optimiser not in OPTIMISERS, f"optimiser is one of {', '.join(OPTIMISERS)}."),
            (
                len(self.sides) != 3 or not all(24 <= side <= 48 for side in self.sides),
                f"sides {self.sides} are not three numbers from 24 to 48.",
            ),
            (not 1 <= self.processes <= 64, "processes must be from 1 to 64."),
            (self.precision not in PRECISIONS, f"precision is one of {', '.join(PRECISIONS)}."),
            (self.batch < 2, f"batch {self.batch} must be at least 2."),
            (
                self.width < 8 or self.width % 4 != 0,
                f"width {self.width} is no multiple of 4 from 8 on.",
            ),
            (not 0 <= self.balance <= 1, f"balance {self.balance} is not between 0 and 1."),
        )
