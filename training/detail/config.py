"""How a detail network is trained; the bundled configurations lie in configs/detail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from training.configuration import CONFIGS
from training.network_config import NetworkConfig


@dataclass(frozen=True)
class DetailConfig(NetworkConfig):
    """What is not said here is in `NetworkConfig`.

    patch: pixels a side of a window, a multiple of 12. pixel, lpips, coarse: weights of the loss:
    of mean absolute errors, of LPIPS at the photo's size, and of both at a third of it. energy: of
    the difference of both pictures' strength in the finest two octaves, wherever it lies. phase: of
    how differently the network answers where its cells lie otherwise. adversarial: of the critic.
    """

    KIND: ClassVar[str] = "detail"
    FOLDER: ClassVar = CONFIGS / "detail"

    name: str = "detail"
    batch: int = 6
    minutes: float | None = 90.0
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    warmup_steps: int = 100
    ema: float = 0.998
    precision: str = "32-true"
    threads: int = 1
    patch: int = 192
    pixel: float = 2.0
    lpips: float = 1.0
    coarse: float = 1.0
    energy: float = 0.0
    phase: float = 0.0
    adversarial: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.refuse(
            (
                self.patch % 12 != 0 or not 144 <= self.patch <= 744,
                f"patch {self.patch} is no multiple of 12 from 144 to 744.",
            ),
            (self.batch % 2 != 0, f"batch {self.batch} must be even: windows are seen twice."),
        )
