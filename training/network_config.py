"""What the networks of the table are configured by, beside what every training is."""

from __future__ import annotations

from dataclasses import dataclass

from training.config import PRECISIONS
from training.configuration import Config


@dataclass(frozen=True)
class NetworkConfig(Config):
    """What is not said here is in `Config`.

    weight_decay: of AdamW. precision: "32-true" or "bf16-mixed". holes: drawn beforehand. threads:
    of PyTorch on a CPU, 0 leaves its choice.
    """

    batch: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    floor: float = 0.01
    ema: float = 0.998
    precision: str = "bf16-mixed"
    holes: int = 6000
    threads: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.refuse(
            (self.precision not in PRECISIONS, f"precision is one of {', '.join(PRECISIONS)}."),
            (self.batch < 2, f"batch {self.batch} must be at least 2."),
            (self.holes < 1, f"holes {self.holes} must be at least 1."),
        )
