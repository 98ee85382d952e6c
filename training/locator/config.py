"""How a locator is trained; the bundled configurations lie in configs/locator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from training.configuration import CONFIGS
from training.network_config import NetworkConfig


@dataclass(frozen=True)
class LocatorConfig(NetworkConfig):
    """All of it is said in `NetworkConfig`."""

    KIND: ClassVar[str] = "locator"
    FOLDER: ClassVar = CONFIGS / "locator"

    name: str = "locator"
    batch: int = 48
    minutes: float | None = 45.0
    learning_rate: float = 1.5e-3
    warmup_steps: int = 200
    clip: float = 2.0
    ema: float = 0.999
    holes: int = 4000
    threads: int = 1
