"""How a landmark network is trained; the bundled configurations lie in configs/landmarks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from training.configuration import CONFIGS
from training.network_config import NetworkConfig

REFINEMENTS = ("graph", "nodes")  # engine.face.landmarks.REFINEMENTS, without loading torch


@dataclass(frozen=True)
class LandmarkConfig(NetworkConfig):
    """What is not said here is in `NetworkConfig`.

    refinement: "graph" or "nodes" (see LandmarkNetwork).
    """

    KIND: ClassVar[str] = "landmark"
    FOLDER: ClassVar = CONFIGS / "landmarks"

    name: str = "landmarks"
    refinement: str = "graph"
    minutes: float | None = 25.0
    warmup_steps: int = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        self.refuse(
            (
                self.refinement not in REFINEMENTS,
                f"refinement is '{self.refinement}'; choose {' or '.join(REFINEMENTS)}.",
            ),
        )
