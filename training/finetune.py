"""Fine-tuning: a user's photos in, a model of the user's own out, measured before and after.

A run goes through stages (prepare, before, train, after, export), each of which leaves its result
in the run's folder; the same call goes on where a stopped one left off. Some faces are held out
from the first: before and after are measured on them alone.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.base.device import EXACT
from engine.base.errors import Cancelled, MienError
from engine.catalogue import weights
from engine.catalogue.weights import Manifest
from engine.fill.networks import load_networks
from engine.modules.branches import kinds
from engine.modules.registry import MODULES
from training.checkpoint import BEST, EMA, LATEST, load_average
from training.config import ModuleSwitches, TrainingConfig
from training.configuration import write_text
from training.evaluate import EvaluateOptions, evaluate, model_method
from training.faces import FaceShards, write_shard
from training.failures import explained
from training.learner import BRANCHES, as_networks, split
from training.prepare import PrepareOptions, prepare
from training.trainer import train

Tell = Callable[[dict[str, Any]], None]

FEWEST = 8  # faces
HELD_OUT, FEWEST_HELD_OUT, MOST_MEASURED = 0.1, 4, 24
HOLES = ("centre", "mouth", "eyes")
FIGURES = ("psnr", "ssim", "hole_mae", "distance")
FACES, TRAINED, HELD = "faces", "train", "held-out"  # folders of a run
RECORD, RESULT = "finetune.json", "result.json"
BETTER, WORSE, SAME = "better", "worse", "no clear difference"


@dataclass(frozen=True)
class FinetuneOptions:
    """folder: the photos. minutes: of training, all calls of a run together. name: of the new
    model; the folder's if None. run: the run's folder; in the user's data if None. side: of the
    crops in training. model: what it begins as."""

    folder: Path
    minutes: float
    name: str | None = None
    run: Path | None = None
    side: int = 256
    model: str = weights.DEFAULT
    device: str = "auto"

    @property
    def model_name(self) -> str:
        """The new model's name, fit for a folder."""
        return self.name or re.sub(r"[^\w-]+", "-", self.folder.resolve().name).strip("-") or "mine"

    @property
    def run_folder(self) -> Path:
        """Where the run lies."""
        return self.run or weights.user_folder().parent / "runs" / self.model_name


def finetune(
    options: FinetuneOptions, tell: Tell | None = None, stop: threading.Event | None = None
) -> dict[str, Any]:
    """Fine-tune a model on the faces of a folder and install the result as a user's model.

    tell: gets an event (a dict with "event": stage, step, sheet, checkpoint) as things go on.
    stop: ends it, raising Cancelled; the same call goes on. Returns {"model", "before", "after"
    (means over HOLES by FIGURES), "verdict", "faces", "held_out"}. Raises MienError.
    """
    tell, stop = tell or (lambda event: None), stop or threading.Event()
    run = options.run_folder
    base = weights.find(options.model)
    _check(options, run)

    def stage(name: str) -> Callable[[float], None]:
        def done(share: float) -> None:
            tell({"event": "stage", "stage": name, "done": round(min(1.0, share), 4)})
            if stop.is_set():
                raise Cancelled

        done(0.0)
        return done

    with explained():
        run.mkdir(parents=True, exist_ok=True)
        _record(options, run)
        faces, held_out = _prepared(options, run, stage("prepare"))
        before = _measured(run, "before", None, options, stage("before"))
        training = stage("train")

        def report(event: dict[str, Any]) -> None:
            if event["event"] in ("step", "sheet", "checkpoint"):
                tell(event)

        config = _config(options, base)
        prior = weights.find("prior").folder if config.input == "prior" else None
        start = None if base.kind == "prior" else _tensors(base)
        train(
            config,
            run / TRAINED,
            run,
            prior,
            start=start,
            device=options.device,
            report=report,
            stop=stop,
        )
        training(1.0)  # raises where it was stopped
        (run / "after" / "report.json").unlink(missing_ok=True)  # of an earlier, shorter training
        tensors = _learnt(run, base)
        after = _measured(run, "after", tensors, options, stage("after"))
        export = stage("export")
        manifest = _install(options, base, tensors, {"before": before, "after": after}, faces)
        export(1.0)
    result = {
        "model": manifest.name,
        "before": before,
        "after": after,
        "verdict": verdict(_cases(run / "before"), _cases(run / "after")),
        "faces": faces,
        "held_out": held_out,
    }
    write_text(run / RESULT, json.dumps(result, indent=2) + "\n")
    return result


def verdict(before: list[float], after: list[float]) -> str:
    """Whether fills came closer to the untouched faces: BETTER or WORSE where the mean difference
    of the same fills' distances is twice its standard error, else SAME."""
    differences = np.array(after) - np.array(before)
    if len(differences) < 2:
        return SAME
    error = float(differences.std(ddof=1)) / len(differences) ** 0.5
    mean = float(differences.mean())
    if abs(mean) <= 2 * error:
        return SAME
    return BETTER if mean < 0 else WORSE


def _check(options: FinetuneOptions, run: Path) -> None:
    """Raise MienError for what can be known before anything is done."""
    folder, name = options.folder, options.model_name
    if not folder.exists():
        raise MienError(f"There is no folder {folder}; choose one that holds photos of faces.")
    if not os.access(folder, os.R_OK | (os.X_OK if folder.is_dir() else 0)):
        raise MienError(f"{folder} cannot be read with your rights; choose another folder.")
    if options.minutes <= 0:
        raise MienError(f"{options.minutes:g} minutes are no time; give at least 1.")
    weights.check_name(name)
    mine = weights.user_folder() / name
    is_ours = (run / RESULT).exists() or (run / LATEST).exists()
    if (weights.bundled_folder() / name).exists() or (mine.exists() and not is_ours):
        raise MienError(f"There is a model '{name}' already; give the new one another name.")


def _record(options: FinetuneOptions, run: Path) -> None:
    """Write down what the run is of; a run of other photos or another model is refused."""
    facts = {
        "folder": str(options.folder.resolve()),
        "name": options.model_name,
        "model": options.model,
        "side": options.side,
    }
    path = run / RECORD
    if path.exists():
        known = json.loads(path.read_text(encoding="utf-8"))
        if known != facts:
            other = ", ".join(f"{k} {v}" for k, v in known.items() if facts.get(k) != v)
            raise MienError(f"{run} is a run of another kind ({other}); give another run folder.")
    write_text(path, json.dumps(facts, indent=2) + "\n")


def _prepared(
    options: FinetuneOptions, run: Path, done: Callable[[float], None]
) -> tuple[int, int]:
    """(faces, held-out faces); the shards of both parts are written once."""
    trained, held = run / TRAINED, run / HELD
    if not list(held.glob("*.zip")):
        if not list((run / FACES).glob("faces-*.zip")):
            asked = PrepareOptions(part=16, least=FEWEST)
            try:
                prepare([options.folder], run / FACES, asked, progress=False, report=done)
            except MienError:
                # More photos will follow: nothing may pass for the parts they will be in.
                shutil.rmtree(run / FACES, ignore_errors=True)
                raise
        shards = FaceShards(run / FACES)
        order = np.random.default_rng(0).permutation(len(shards))
        count = max(FEWEST_HELD_OUT, round(HELD_OUT * len(shards)))
        # The held-out part last: where it is, the other is whole.
        for folder, chosen in ((trained, order[count:]), (held, order[:count])):
            folder.mkdir(exist_ok=True)
            write_shard(
                folder / "faces-000.zip",
                shards.side,
                shards.margin,
                [(shards.records[i], shards.jpeg(i), shards.meshes[i]) for i in sorted(chosen)],
            )
    done(1.0)
    count = len(FaceShards(held))
    return len(FaceShards(trained)) + count, count


def _config(options: FinetuneOptions, base: Manifest) -> TrainingConfig:
    config = TrainingConfig.load("finetune")
    kept = {} if base.kind == "prior" else weights.load_modules(base) or {}
    known = kinds(kept)
    switches = ModuleSwitches(
        **{
            module.key: module.key in known and (module.prepared or module.load("cpu") is not None)
            for module in MODULES
        }
    )
    return config.changed(
        name=options.model_name,
        side=options.side,
        minutes=options.minutes,
        input=base.input,
        grid=base.grid,
        modules=switches,
    )


def _tensors(base: Manifest) -> dict[str, Any]:
    modules = weights.load_modules(base) or {}
    return weights.load_tensors(base) | {BRANCHES + name: t for name, t in modules.items()}


def _learnt(run: Path, base: Manifest) -> dict[str, Any]:
    """The run's averaged weights, the best where faces were kept apart to tell; modules that were
    not trained are the base model's."""
    tensors = load_average(run / BEST if (run / BEST).exists() else run / EMA)
    kept = {} if base.kind == "prior" else weights.load_modules(base) or {}
    return {BRANCHES + name: tensor for name, tensor in kept.items()} | tensors


def _measured(
    run: Path,
    when: str,
    tensors: dict[str, Any] | None,
    options: FinetuneOptions,
    done: Callable[[float], None],
) -> dict[str, float]:
    """Means over HOLES on the held-out faces, measured once a stage; tensors: None measures the
    model it begins as."""
    out = run / when
    if not (out / "report.json").exists():
        networks = load_networks(options.model, options.device, EXACT)
        if tensors is not None:
            networks = as_networks(tensors, networks, name=options.model_name)
        asked = EvaluateOptions(
            aligned=True,
            holes=HOLES,
            models=(),
            limit=MOST_MEASURED,
            device=options.device,
            baselines=False,
            distance=True,
        )
        methods = {networks.name: model_method(networks, asked.wishes)}
        evaluate(run / HELD, out, asked, methods=methods, progress=done)
    done(1.0)
    rows = json.loads((out / "report.json").read_text(encoding="utf-8"))["rows"]
    return {name: round(float(np.mean([row[name] for row in rows])), 5) for name in FIGURES}


def _cases(out: Path) -> list[float]:
    """The distance of every fill of an evaluation of one model, in a fixed order."""
    kinds = json.loads((out / "cases.json").read_text(encoding="utf-8"))
    return [case["distance"] for kind in HOLES for m in kinds[kind].values() for case in m]


def _install(
    options: FinetuneOptions,
    base: Manifest,
    tensors: dict[str, Any],
    measured: dict[str, dict[str, float]],
    faces: int,
) -> Manifest:
    """Write the run's result into the user's models, with what was measured."""
    generator, modules = split(tensors)
    figures = {f"held-out faces, {when}": values for when, values in measured.items()}
    name = options.model_name
    return weights.write_model(
        weights.user_folder() / name,
        generator,
        _card(name, base, figures, faces),
        modules=modules or None,
        name=name,
        title=name,
        kind="generator",
        native_crop=base.native_crop if base.kind == "generator" else options.side,
        input=base.input,
        grid=base.grid,
        licence=base.licence,
        figures=figures,
        notes=f"{base.name}, fine-tuned on {faces} faces",
    )


def _card(name: str, base: Manifest, figures: dict[str, dict[str, float]], faces: int) -> str:
    lines = [
        f"| {when} | " + " | ".join(f"{value:g}" for value in row.values()) + " |"
        for when, row in figures.items()
    ]
    return (
        f"# {name}\n\n"
        f"The model `{base.name}`, fine-tuned on this computer on {faces} faces chosen by its "
        "user, some of them held out to measure on. The faces and their terms are the user's; "
        f"whatever `{base.name}` was trained on and its terms apply too.\n\n"
        f"Means over the holes {', '.join(HOLES)}, 256 x 256 aligned crops. The held-out photos "
        "may show people who are in the training photos too.\n\n"
        f"| | {' | '.join(FIGURES)} |\n|{'---|' * (len(FIGURES) + 1)}\n" + "\n".join(lines) + "\n"
    )
