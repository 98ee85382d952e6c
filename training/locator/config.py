"""How a locator is trained: a TOML file of these fields; the bundled ones lie in
training/configs/locator."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from engine.errors import MienError

FOLDER = Path(__file__).parents[1] / "configs" / "locator"


@dataclass(frozen=True)
class LocatorConfig:
    """samples: the length of the learning-rate schedule; None schedules over `minutes` of training,
    whatever the calls they are spread over. holes: drawn beforehand. precision: "32-true" or
    "bf16-mixed". threads: of PyTorch on a CPU, 0 leaves its choice."""

    name: str = "locator"
    batch: int = 48
    samples: int | None = None
    minutes: float | None = 45.0
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.02
    warmup_steps: int = 200
    ema: float = 0.999
    precision: str = "bf16-mixed"
    holes: int = 4000
    threads: int = 1
    seed: int = 0
    checkpoint_seconds: float = 60.0
    log_steps: int = 50

    def __post_init__(self) -> None:
        if self.batch < 2:
            raise MienError(f"Training configuration: batch {self.batch} must be at least 2.")
        if self.samples is None and self.minutes is None:
            raise MienError("Training configuration: give samples or minutes, or it has no end.")
        if self.precision not in ("32-true", "bf16-mixed"):
            raise MienError(
                f"Training configuration: precision is '{self.precision}'; choose 32-true or "
                "bf16-mixed."
            )

    def changed(self, **values: Any) -> LocatorConfig:
        """The same with those fields that are not None replaced."""
        return replace(self, **{k: v for k, v in values.items() if v is not None})

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for checkpoints and logs."""
        return asdict(self)


def load_config(name: str) -> LocatorConfig:
    """A bundled configuration by name, or one from a TOML file. Raises MienError."""
    path = Path(name) if name.endswith(".toml") else FOLDER / f"{name}.toml"
    if not path.is_file():
        names = ", ".join(sorted(p.stem for p in FOLDER.glob("*.toml")))
        raise MienError(
            f"There is no locator configuration '{name}'; choose one of {names} or give a TOML "
            "file."
        )
    try:
        return from_dict(tomllib.loads(path.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise MienError(f"{path} is not a TOML file ({error}); mend that line.") from error


def from_dict(values: dict[str, Any]) -> LocatorConfig:
    """The inverse of `LocatorConfig.as_dict`. Raises MienError for a field that is none."""
    unknown = set(values) - {entry.name for entry in fields(LocatorConfig)}
    if unknown:
        raise MienError(f"Training configuration: unknown field {', '.join(sorted(unknown))}.")
    return LocatorConfig(**values)
