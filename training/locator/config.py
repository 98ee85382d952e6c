"""How a locator is trained; the bundled configurations lie in configs/locator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from training.config import PRECISIONS
from training.configuration import CONFIGS, Config


@dataclass(frozen=True)
class LocatorConfig(Config):
    """What is not said here is in `Config`.

    holes: drawn beforehand. precision: "32-true" or "bf16-mixed". threads: of PyTorch on a CPU, 0
    leaves its choice.
    """

    KIND: ClassVar[str] = "locator"
    FOLDER: ClassVar = CONFIGS / "locator"

    name: str = "locator"
    batch: int = 48
    minutes: float | None = 45.0
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.02
    warmup_steps: int = 200
    floor: float = 0.01
    clip: float = 2.0
    ema: float = 0.999
    precision: str = "bf16-mixed"
    holes: int = 4000
    threads: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        self.refuse(
            (self.batch < 2, f"batch {self.batch} must be at least 2."),
            (self.precision not in PRECISIONS, f"precision is one of {', '.join(PRECISIONS)}."),
            (self.holes < 1, f"holes {self.holes} must be at least 1."),
        )
