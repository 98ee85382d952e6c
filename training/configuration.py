"""What every training is configured by: a TOML file of a dataclass's fields, read in one place."""

from __future__ import annotations

import json
import tomllib
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self, get_type_hints

from engine.base.atomic import write_atomically
from engine.base.errors import MienError

CONFIGS = Path(__file__).parent / "configs"
CONFIG = "config.json"  # in a run's folder


@dataclass(frozen=True)
class Config:
    """The fields that the loop of every training reads (see training.loop).

    batch: samples a step and process. samples: the length of the schedule; None schedules over
    `minutes`. minutes: wall clock of one call, or with `whole_run` of all calls of the run
    together; None runs to the end of `samples`. learning_rate: the highest. warmup_steps, or
    where `warmup` is given that share of the schedule: until it is reached. floor: share of it
    that is left at the end. clip: largest norm of a step's gradient. ema: largest decay of the
    averaged weights. checkpoint_seconds: between checkpoints. log_steps: between log rows.
    """

    KIND: ClassVar[str] = "training"  # in sentences: "There is no ... configuration"
    FOLDER: ClassVar[Path] = CONFIGS  # of the bundled ones

    name: str = "training"
    batch: int = 16
    samples: int | None = None
    minutes: float | None = None
    whole_run: bool = True
    learning_rate: float = 1e-3
    warmup_steps: int = 0
    warmup: float = 0.0
    floor: float = 0.0
    clip: float = 1.0
    ema: float = 0.999
    seed: int = 0
    checkpoint_seconds: float = 60.0
    log_steps: int = 50

    def __post_init__(self) -> None:
        self.refuse(
            (self.batch < 1, f"batch {self.batch} must be at least 1."),
            (not 0 <= self.ema < 1, f"ema {self.ema} is not between 0 and 1."),
            (not 0 <= self.warmup < 1, f"warmup {self.warmup} is not between 0 and 1."),
            (self.log_steps < 1, f"log_steps {self.log_steps} must be at least 1."),
            (
                self.samples is None and self.minutes is None,
                "give samples or minutes, or the training has no end.",
            ),
        )

    def refuse(self, *rules: tuple[bool, str]) -> None:
        """Raise MienError with the sentence of the first rule that is broken."""
        for broken, sentence in rules:
            if broken:
                raise MienError(f"{self.KIND.capitalize()} configuration: {sentence}")

    def changed(self, **values: Any) -> Self:
        """The same with those fields that are not None replaced."""
        return replace(self, **{k: v for k, v in values.items() if v is not None})

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for checkpoints and logs."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The inverse of `as_dict`. Raises MienError for a field that is none, or a value of
        another type."""
        try:
            return _made(cls, values)
        except (TypeError, ValueError, AttributeError) as error:
            raise MienError(f"{cls.KIND.capitalize()} configuration: {error}.") from error

    @classmethod
    def bundled(cls) -> list[str]:
        """The names of the bundled configurations."""
        return sorted(path.stem for path in cls.FOLDER.glob("*.toml"))

    @classmethod
    def load(cls, name: str) -> Self:
        """A bundled configuration by name, or one from a TOML file. Raises MienError."""
        path = Path(name) if name.endswith(".toml") else cls.FOLDER / f"{name}.toml"
        if not path.is_file():
            names = ", ".join(cls.bundled())
            raise MienError(
                f"There is no {cls.KIND} configuration '{name}'; choose {names} or give a TOML "
                "file."
            )
        try:
            return cls.from_dict(tomllib.loads(path.read_text(encoding="utf-8")))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise MienError(f"{path} is not a TOML file ({error}); mend that line.") from error

    @classmethod
    def of_run(cls, run: Path) -> Self:
        """The configuration an existing run was last started with. Raises MienError."""
        try:
            return cls.from_dict(json.loads((run / CONFIG).read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise MienError(f"{run} is not a {cls.KIND} run ({error}).") from error

    @classmethod
    def chosen(cls, run: Path, name: str | None, otherwise: str) -> Self:
        """What a command line means: the configuration it names; without a name that of the run,
        if there is one, else `otherwise`. Raises MienError."""
        if name is None and (run / CONFIG).exists():
            return cls.of_run(run)
        return cls.load(name or otherwise)

    def write(self, run: Path) -> None:
        """Write down in a run's folder what it is started with."""
        write_text(run / CONFIG, json.dumps(self.as_dict(), indent=2) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    write_atomically(path, lambda file: file.write(text.encode("utf-8")))


def _made(kind: type, values: dict[str, Any]) -> Any:
    """A dataclass of plain values: dictionaries become the dataclasses of their fields, lists
    tuples."""
    known = {entry.name for entry in fields(kind)}
    unknown = set(values) - known
    if unknown:
        raise ValueError(f"unknown field {', '.join(sorted(unknown))}")
    types = get_type_hints(kind)
    return kind(
        **{
            name: _made(types[name], value) if is_dataclass(types[name]) else _tuples(value)
            for name, value in values.items()
        }
    )


def _tuples(value: Any) -> Any:
    return tuple(_tuples(entry) for entry in value) if isinstance(value, list) else value
