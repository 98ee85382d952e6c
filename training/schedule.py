"""Where a run stands: steps, samples and seconds, when it is over, and its learning rate."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from training.configuration import Config

if TYPE_CHECKING:
    import lightning_fabric


class Clock:
    """The schedule of one run. world: processes that train together.

    step: steps so far, of all calls. spent: seconds of earlier calls.
    """

    def __init__(self, config: Config, world: int = 1) -> None:
        self._config, self._world = config, world
        self.step, self.spent = 0, 0.0
        self._begun, self._first = time.perf_counter(), 0
        self._agreed: float | None = None

    def start(self) -> None:
        """The call's training begins now, where a checkpoint may have put it."""
        self._begun, self._first = time.perf_counter(), self.step

    @property
    def samples(self) -> int:
        """Samples seen so far, all processes together."""
        return self.step * self._config.batch * self._world

    @property
    def seconds(self) -> float:
        """Wall clock so far, all calls of this run together."""
        if self._agreed is not None:
            return self._agreed
        return self.spent + time.perf_counter() - self._begun

    def agree(self, fabric: lightning_fabric.Fabric) -> None:
        """Let the first process's clock count for all until the next call: of the learning rate,
        and of the end, or they would wait for each other for ever."""
        if self._world > 1:
            self._agreed = None
            self._agreed = fabric.broadcast(self.seconds)

    @property
    def _counted(self) -> float:
        """The seconds that the configuration's minutes are about."""
        return self.seconds if self._config.whole_run else self.seconds - self.spent

    def done(self) -> float:
        """How much of the schedule is behind, 0..1 and beyond."""
        config = self._config
        if config.samples is not None:
            return self.samples / config.samples
        return self._counted / max(1e-9, 60 * (config.minutes or 0))

    def over(self) -> bool:
        """Whether the configuration's samples or minutes are used up."""
        minutes = self._config.minutes
        return self.done() >= 1 or (minutes is not None and self._counted >= 60 * minutes)

    def learning_rate(self) -> float:
        """Linear warm-up, then a cosine down to `floor` of the full rate."""
        config, done = self._config, min(1.0, self.done())
        if config.warmup:
            warm = min(1.0, 0.1 + 0.9 * done / config.warmup)
            done = max(0.0, (done - config.warmup) / (1 - config.warmup))
        else:
            warm = min(1.0, (self.step + 1) / max(1, config.warmup_steps))
        falling = 0.5 * (1 + math.cos(math.pi * done))
        return config.learning_rate * warm * (config.floor + (1 - config.floor) * falling)

    def progress(self) -> dict[str, Any]:
        """Step, samples, seconds, remaining (seconds), rate (samples a second of this call)."""
        config = self._config
        here = self.seconds - self.spent
        rate = (self.step - self._first) * config.batch * self._world / max(here, 1e-9)
        remaining = math.inf
        if config.samples is not None:
            remaining = (config.samples - self.samples) / max(rate, 1e-9)
        if config.minutes is not None:
            remaining = min(remaining, 60 * config.minutes - self._counted)
        return {
            "step": self.step,
            "samples": self.samples,
            "seconds": round(self.seconds, 1),
            "remaining": round(max(0.0, remaining), 1),
            "rate": round(rate, 2),
        }
