"""How a landmark network is trained; the bundled configurations lie in configs/landmarks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from training.config import PRECISIONS
from training.configuration import CONFIGS, Config

REFINEMENTS = ("graph", "nodes")  # engine.face.landmarks.REFINEMENTS, without loading torch


@dataclass(frozen=True)
class LandmarkConfig(Config):
    """What is not said here is in `Config`.

    refinement: "graph" or "nodes" (see LandmarkNetwork). holes: drawn beforehand. precision:
    "32-true" or "bf16-mixed". threads: of PyTorch on a CPU, 0 leaves its choice.
    """

    KIND: ClassVar[str] = "landmark"
    FOLDER: ClassVar = CONFIGS / "landmarks"

    name: str = "landmarks"
    refinement: str = "graph"
    batch: int = 64
    minutes: float | None = 25.0
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    warmup_steps: int = 100
    floor: float = 0.01
    ema: float = 0.998
    precision: str = "bf16-mixed"
    holes: int = 6000
    threads: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.refuse(
            (
                self.refinement not in REFINEMENTS,
                f"refinement is '{self.refinement}'; choose {' or '.join(REFINEMENTS)}.",
            ),
            (self.precision not in PRECISIONS, f"precision is one of {', '.join(PRECISIONS)}."),
            (self.batch < 2, f"batch {self.batch} must be at least 2."),
            (self.holes < 1, f"holes {self.holes} must be at least 1."),
        )
