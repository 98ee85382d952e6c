"""Training the generator: one step, the loop around it, and what a run leaves behind.

A run is a folder: `config.json`, `state.safetensors` (everything a resumed run needs),
`ema.safetensors` (the averaged generator in float16, ready to export) and TensorBoard events.
Device, precision and processes are Lightning Fabric's.
"""

from __future__ import annotations

import json
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import lightning_fabric
import torch
from torch import Tensor, nn

from engine.errors import MienError
from engine.generator.dmfn import CONTEXT, Dmfn, paint, sharpen, window_of
from engine.prior import FacePrior
from training import losses
from training.checkpoint import EMA, LATEST, load_checkpoint, save_checkpoint
from training.config import TrainingConfig, from_dict
from training.crops import TrainingCrops, crop_batches
from training.discriminator import Discriminator
from training.faces import FaceShards
from training.perceptual import StVgg
from training.sheets import Sheets

Report = Callable[[dict[str, Any]], None]
CONFIG = "config.json"


def train(
    config: TrainingConfig,
    faces: Path,
    run: Path,
    prior: Path | None = None,
    *,
    start: dict[str, Tensor] | None = None,
    device: str = "auto",
    devices: int = 1,
    report: Report | None = None,
) -> None:
    """Train until the configuration's end or its minutes are over; a run folder that exists is
    gone on with.

    faces: a folder of prepared shards. prior: the fitted prior's file, needed by input "prior".
    start: generator weights to begin from, for a new run only. Raises MienError for what does not
    fit together.
    """
    if config.input == "prior" and prior is None:
        raise MienError("Sharpening needs a face prior; fit one with 'main.py train prior'.")
    run.mkdir(parents=True, exist_ok=True)
    strategy = "auto" if devices == 1 else "ddp_spawn" if device == "cpu" else "ddp"
    fabric = lightning_fabric.Fabric(
        accelerator={"auto": "auto", "cpu": "cpu", "cuda": "cuda", "mps": "mps"}[device],
        devices=devices,
        strategy=strategy,
        precision=config.precision,  # type: ignore[arg-type]
    )
    fabric.launch(_run, config.as_dict(), faces, run, prior, start, report)  # type: ignore[arg-type]


def run_config(run: Path) -> TrainingConfig:
    """The configuration an existing run was started with."""
    try:
        return from_dict(json.loads((run / CONFIG).read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise MienError(f"{run} is not a training run ({error}).") from error


def _run(
    fabric: lightning_fabric.Fabric,
    values: dict[str, Any],
    faces: Path,
    run: Path,
    prior: Path | None,
    start: dict[str, Tensor] | None,
    report: Report | None,
) -> None:
    config = from_dict(values)  # Fabric hands no frozen dataclass to spawned processes
    shards = FaceShards(faces)
    trainer = Trainer(fabric, config, prior, start)
    if (run / LATEST).exists():
        trainer.restore(run / LATEST)
    elif fabric.is_global_zero:
        text = json.dumps(config.as_dict(), indent=2) + "\n"
        (run / CONFIG).write_text(text, encoding="utf-8")
    _stop_cleanly(trainer)
    sheets = Sheets(run, shards, config.side) if fabric.is_global_zero else None
    trainer.loop(shards, run, sheets, report or (lambda row: None))


def _stop_cleanly(trainer: Trainer) -> None:
    """Ctrl-C and a polite kill end the run as its clock would: checkpoint first."""
    if threading.current_thread() is not threading.main_thread():
        return

    def stop(_number: int, _frame: object) -> None:
        trainer.stopping = True

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)


class Trainer:
    """The networks, optimisers and averages of one training, on Fabric's device."""

    def __init__(
        self,
        fabric: lightning_fabric.Fabric,
        config: TrainingConfig,
        prior: Path | None,
        start: dict[str, Tensor] | None = None,
    ) -> None:
        self.fabric, self.config = fabric, config
        self.step = 0
        self.spent = 0.0  # seconds, all calls of this run together
        self.stopping = False  # set from outside: end after this step, with a checkpoint
        torch.manual_seed(config.seed)
        generator = Dmfn()
        if config.input == "prior":
            generator.start_at_zero()
        if start is not None:
            generator.load_state_dict(start)
        layout = torch.channels_last if fabric.device.type == "cuda" else torch.contiguous_format
        generator = generator.to(memory_format=layout)  # type: ignore[call-overload]
        self.raw = generator
        self.generator, self.optimiser = self._set_up(generator)
        self.ema = {k: v.detach().clone() for k, v in generator.state_dict().items()}
        self.judge: nn.Module | None = None
        if config.weights.needs_discriminator:
            self.raw_judge = Discriminator()
            self.judge, self.judge_optimiser = self._set_up(self.raw_judge)
        device = fabric.device
        self.trunk = StVgg().to(device) if config.weights.needs_trunk else None
        self.prior = FacePrior.load(prior, device) if prior and config.input == "prior" else None

    def _set_up(self, network: nn.Module) -> tuple[Any, Any]:
        optimiser = torch.optim.Adam(
            network.parameters(), lr=self.config.learning_rate, betas=self.config.betas
        )
        return self.fabric.setup(network, optimiser)

    def fill(
        self, generator: nn.Module, crops: Tensor, holes: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """(composited fills, targets, holes) of a batch: of the whole crops, or, where the hole
        is shared, of the window around it, as the program sharpens."""
        if self.prior is None:
            return paint(generator, crops, holes), crops, holes
        shared = self.config.shared_holes or len(holes) == 1
        with torch.no_grad():
            fill = self.prior.fill(crops, holes[:1] if shared else holes)
        if shared:
            # Not always the same context: users' holes are no bounding boxes either.
            context = CONTEXT + int(torch.randint(-12, 33, ())) if self.raw.training else CONTEXT
            window = (..., *window_of(holes[:1], context))
            fill, crops, holes = fill[window], crops[window], holes[window]
        return sharpen(generator, fill, holes), crops, holes

    def train_step(self, crops: Tensor, holes: Tensor) -> dict[str, Tensor]:
        """One step of both networks; the losses by name, detached."""
        weights = self.config.weights
        output, crops, holes = self.fill(self.generator, crops, holes)
        parts: dict[str, Tensor] = {"pixel": (output - crops).abs().mean()}
        with self.fabric.autocast():
            if self.trunk is not None:
                parts |= self._trunk_losses(output, crops)
            if self.judge is not None:
                parts |= self._judge_losses(output, crops, holes)
        total = torch.stack([getattr(weights, name) * loss for name, loss in parts.items()]).sum()
        if not torch.isfinite(total):
            # One broken batch must not poison the averages; it is skipped and seen in the log.
            self.optimiser.zero_grad()
            return {"skipped": torch.ones(())}
        self.optimiser.zero_grad()
        self.fabric.backward(total)
        nn.utils.clip_grad_norm_(self.raw.parameters(), self.config.clip)
        self.optimiser.step()
        if self.judge is not None:
            parts["discriminator"] = self._judge_step(output.detach(), crops, holes)
        self._average()
        return {name: loss.detach() for name, loss in {"total": total, **parts}.items()}

    def _trunk_losses(self, output: Tensor, target: Tensor) -> dict[str, Tensor]:
        assert self.trunk is not None
        weights, parts = self.config.weights, {}
        if weights.perceptual:
            parts["perceptual"] = self.trunk.distance(output, target)
        if weights.feature or weights.alignment:
            with torch.no_grad():
                theirs = self.trunk(target)
            ours = self.trunk(output)
            parts["feature"] = losses.feature_matching(output, target, ours, theirs)
            parts["alignment"] = losses.alignment(ours[3], theirs[3])
        return parts

    def _judge_losses(self, output: Tensor, target: Tensor, holes: Tensor) -> dict[str, Tensor]:
        assert self.judge is not None
        self.raw_judge.requires_grad_(False)
        with torch.no_grad():
            real, real_maps = self.judge(target, holes)
        fake, fake_maps = self.judge(output, holes)
        self.raw_judge.requires_grad_(True)
        return {
            "matching": losses.discriminator_matching(fake_maps, real_maps),
            "adversarial": losses.relativistic(real, fake, for_generator=True),
        }

    def _judge_step(self, output: Tensor, target: Tensor, holes: Tensor) -> Tensor:
        assert self.judge is not None
        with self.fabric.autocast():
            logits, _ = self.judge(torch.cat([target, output]), torch.cat([holes, holes]))
            real, fake = logits.chunk(2)
            loss = losses.relativistic(real, fake, for_generator=False)
        self.judge_optimiser.zero_grad()
        self.fabric.backward(loss)
        self.judge_optimiser.step()
        return loss

    @torch.no_grad()
    def _average(self) -> None:
        self.step += 1
        decay = min(self.config.ema, (1 + self.step) / (10 + self.step))
        for averaged, live in zip(self.ema.values(), self.raw.state_dict().values(), strict=True):
            averaged.lerp_(live, 1 - decay)

    def loop(self, shards: FaceShards, run: Path, sheets: Sheets | None, report: Report) -> None:
        """Steps until the end, with logs, sheets and checkpoints on the way and one at the end."""
        config, fabric = self.config, self.fabric
        data = self._batches(shards)
        started = saved = time.perf_counter()
        begun_at, recent, skipped = self.step, [], 0
        while not self._over(time.perf_counter() - started):
            spent = time.perf_counter() - started
            rate = self._learning_rate(spent)
            for optimiser in self._optimisers().values():
                for group in optimiser.param_groups:
                    group["lr"] = rate
            crops, holes = next(data)
            parts = self.train_step(crops, holes)
            if "skipped" in parts:
                skipped += 1
                self.step += 1
                continue
            recent.append(parts)
            if sheets is not None and self.step % config.log_steps == 0:
                mean = {k: torch.stack([p[k] for p in recent]).mean().item() for k in recent[0]}
                recent = []
                seconds = time.perf_counter() - started
                done = (self.step - begun_at) * config.batch * fabric.world_size
                row = {
                    "step": self.step,
                    "samples": self.samples,
                    "seconds": round(self.spent + seconds, 1),
                    "rate": round(done / seconds, 2),
                    "learning_rate": rate,
                    "skipped": skipped,
                    **{name: round(value, 5) for name, value in mean.items()},
                }
                sheets.scalars(row)
                report(row)
            if sheets is not None and self.step % config.sheet_steps == 0:
                self._sheet(sheets)
            if time.perf_counter() - saved > config.checkpoint_seconds:
                self.save(run, time.perf_counter() - started)
                saved = time.perf_counter()
        self.save(run, time.perf_counter() - started)
        if sheets is not None:
            self._sheet(sheets)
            sheets.close()
            report({"step": self.step, "samples": self.samples, "finished": True})

    @property
    def samples(self) -> int:
        """Samples seen so far, all processes together."""
        return self.step * self.config.batch * self.fabric.world_size

    def _batches(self, shards: FaceShards) -> Iterator[tuple[Tensor, Tensor]]:
        config, fabric = self.config, self.fabric
        crops = TrainingCrops(
            shards, config.side, config.seed, config.batch, shared=config.shared_holes
        )
        batches = crop_batches(
            crops,
            config.batch,
            self.step,
            fabric.global_rank,
            fabric.world_size,
            config.workers,
        )
        layout = torch.channels_last if fabric.device.type == "cuda" else torch.contiguous_format
        for pixels, holes in batches:
            pixels = pixels.to(fabric.device, non_blocking=True, memory_format=layout)
            yield pixels, holes.to(fabric.device, non_blocking=True)

    def _over(self, seconds: float) -> bool:
        config = self.config
        over = self.stopping or (config.samples is not None and self.samples >= config.samples)
        over = over or (config.minutes is not None and seconds >= 60 * config.minutes)
        # One process's clock decides for all, or the others would wait for it for ever.
        return bool(self.fabric.broadcast(over)) if self.fabric.world_size > 1 else over

    def _learning_rate(self, seconds: float) -> float:
        """Linear warm-up, then a cosine down to `floor` of the full rate."""
        config = self.config
        if config.samples is not None:
            done = self.samples / config.samples
        else:
            done = seconds / (60 * (config.minutes or 1))
        warm = min(1.0, (self.step + 1) / max(1, config.warmup_steps))
        falling = 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
        return config.learning_rate * warm * (config.floor + (1 - config.floor) * falling)

    def _sheet(self, sheets: Sheets) -> None:
        live = {k: v.detach().clone() for k, v in self.raw.state_dict().items()}
        self.raw.load_state_dict(self.ema)
        self.raw.eval()
        with torch.no_grad(), self.fabric.autocast():
            sheets.fills(self.step, self.fabric.device, self._whole)
        self.raw.train()
        self.raw.load_state_dict(live)

    def _whole(self, crop: Tensor, hole: Tensor) -> Tensor:
        """One whole crop with its fill in place, as the program would return it."""
        output, _, _ = self.fill(self.raw, crop, hole)
        if output.shape != crop.shape:
            whole = crop.clone()
            whole[(..., *window_of(hole))] = output
            output = whole
        return output

    def _optimisers(self) -> dict[str, Any]:
        optimisers = {"generator": self.optimiser}
        if self.judge is not None:
            optimisers["discriminator"] = self.judge_optimiser
        return optimisers

    def save(self, run: Path, seconds: float) -> None:
        """Write the run's state and its averaged generator; only the first process writes."""
        if not self.fabric.is_global_zero:
            return
        from safetensors.torch import save_file

        modules = {"generator": self.raw.state_dict(), "ema": self.ema}
        if self.judge is not None:
            modules["discriminator"] = self.raw_judge.state_dict()
        optimisers = {name: o.state_dict() for name, o in self._optimisers().items()}
        facts = {
            "step": self.step,
            "samples": self.samples,
            "seconds": round(self.spent + seconds, 1),
            "config": self.config.as_dict(),
        }
        save_checkpoint(run / LATEST, modules, optimisers, facts)
        halves = {k: v.detach().half().cpu().contiguous() for k, v in self.ema.items()}
        temporary = run / (EMA + ".tmp")
        save_file(halves, str(temporary), metadata={"facts": json.dumps(facts)})
        temporary.replace(run / EMA)

    def restore(self, path: Path) -> None:
        """Go on from a checkpoint: weights, averages, optimisers, step and random state."""
        modules, optimisers, facts = load_checkpoint(path)
        self.raw.load_state_dict(modules["generator"])
        # In the network's own order: averaging walks both lists side by side.
        self.ema = {k: modules["ema"][k].to(self.fabric.device) for k in self.raw.state_dict()}
        if self.judge is not None and "discriminator" in modules:
            self.raw_judge.load_state_dict(modules["discriminator"])
        for name, optimiser in self._optimisers().items():
            if name in optimisers:
                optimiser.load_state_dict(optimisers[name])
        torch.set_rng_state(modules["rng"]["torch"])
        self.step, self.spent = int(facts["step"]), float(facts["seconds"])
