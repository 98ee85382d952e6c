"""How a landmark network is trained: a TOML file of these fields; the bundled ones lie in
training/configs/landmarks."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from engine.errors import MienError
from engine.face.landmarks import REFINEMENTS

FOLDER = Path(__file__).parents[1] / "configs" / "landmarks"


@dataclass(frozen=True)
class LandmarkConfig:
    """refinement: "graph" or "nodes" (see LandmarkNetwork). samples: the length of the
    learning-rate schedule; None schedules over `minutes` of training, whatever the calls they
    are spread over. minutes: None runs to the end of `samples`. holes: drawn beforehand.
    precision: "32-true" or "bf16-mixed". threads: of PyTorch on a CPU, 0 leaves its choice.
    """

    name: str = "landmarks"
    refinement: str = "graph"
    batch: int = 64
    samples: int | None = None
    minutes: float | None = 25.0
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    warmup_steps: int = 100
    ema: float = 0.998
    precision: str = "bf16-mixed"
    holes: int = 6000
    threads: int = 0
    seed: int = 0
    checkpoint_seconds: float = 60.0
    log_steps: int = 50

    def __post_init__(self) -> None:
        for wrong, sentence in (
            (
                self.refinement not in REFINEMENTS,
                f"refinement is '{self.refinement}'; choose {' or '.join(REFINEMENTS)}.",
            ),
            (
                self.precision not in ("32-true", "bf16-mixed"),
                f"precision is '{self.precision}'; choose 32-true or bf16-mixed.",
            ),
            (self.batch < 2, f"batch {self.batch} must be at least 2."),
            (self.holes < 1, f"holes {self.holes} must be at least 1."),
            (
                self.samples is None and self.minutes is None,
                "give samples or minutes, or the training has no end.",
            ),
        ):
            if wrong:
                raise MienError(f"Training configuration: {sentence}")

    def changed(self, **values: Any) -> LandmarkConfig:
        """The same with those fields that are not None replaced."""
        return replace(self, **{k: v for k, v in values.items() if v is not None})

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for checkpoints and logs."""
        return asdict(self)


def bundled() -> list[str]:
    """The names of the bundled configurations."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load_config(name: str) -> LandmarkConfig:
    """A bundled configuration by name, or one from a TOML file. Raises MienError."""
    path = Path(name) if name.endswith(".toml") else FOLDER / f"{name}.toml"
    if not path.is_file():
        raise MienError(
            f"There is no landmark configuration '{name}'; choose one of {', '.join(bundled())} "
            "or give a TOML file."
        )
    try:
        return from_dict(tomllib.loads(path.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise MienError(f"{path} is not a TOML file ({error}); mend that line.") from error


def from_dict(values: dict[str, Any]) -> LandmarkConfig:
    """The inverse of `LandmarkConfig.as_dict`. Raises MienError for a field that is none."""
    unknown = set(values) - {entry.name for entry in fields(LandmarkConfig)}
    if unknown:
        raise MienError(f"Training configuration: unknown field {', '.join(sorted(unknown))}.")
    return LandmarkConfig(**values)
