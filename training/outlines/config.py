"""How the network that sees what is worn is trained; the bundled configurations lie in
configs/worn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from training.configuration import CONFIGS
from training.network_config import NetworkConfig


@dataclass(frozen=True)
class OutlineConfig(NetworkConfig):
    """What is not said here is in `NetworkConfig`.

    drawn: pictures of dressed faces drawn beforehand, each seen many times, moved, turned and lit
    anew. bare, real: how many bare faces and faces that wear glasses are taken beside them.
    """

    KIND: ClassVar[str] = "worn"
    FOLDER: ClassVar = CONFIGS / "worn"

    name: str = "worn"
    batch: int = 24
    minutes: float | None = 26.0
    learning_rate: float = 2e-3
    weight_decay: float = 1e-3
    warmup_steps: int = 50
    ema: float = 0.995
    precision: str = "32-true"
    threads: int = 1
    drawn: int = 2200
    bare: int = 3000
    real: int = 760

    def __post_init__(self) -> None:
        super().__post_init__()
        self.refuse(
            (self.batch < 6, f"batch {self.batch} must be at least 6."),
            (min(self.drawn, self.bare) < 1, "drawn and bare must be at least 1."),
        )
