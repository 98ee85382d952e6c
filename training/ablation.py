"""The comparison: eight trainings that differ only in which of three ideas are on.

Feature: the perceptual and feature losses. Emotion, landmark: a module with its loss. All eight
see the same samples and holes from the same first weights, for the same number of samples, and are
measured on the same seeded holes. Rows in the order of the report this project began with.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.base.errors import Cancelled, MienError
from engine.catalogue import weights
from engine.fill.networks import PRIOR, load_networks
from engine.modules.registry import MODULES, Wishes, only
from training import report as html
from training.checkpoint import EMA, LATEST, load_average, load_checkpoint
from training.config import ModuleSwitches, TrainingConfig
from training.configuration import write_text
from training.evaluate import EvaluateOptions, Method, evaluate, model_method
from training.evaluation_pages import COLUMNS, cell
from training.failures import explained
from training.learner import as_networks
from training.run import read_log
from training.trainer import train

BUDGET, TABLE, PAGE, RESULTS = "budget.json", "ablation.md", "ablation.html", "results"
MEASURED_STEPS = 8  # to find how many samples fit into the time given
FEATURE = ("perceptual", "feature", "alignment")  # losses


@dataclass(frozen=True)
class Row:
    """One training of the comparison."""

    number: int
    feature: bool = False
    emotion: bool = False
    landmark: bool = False

    def config(self, whole: TrainingConfig) -> TrainingConfig:
        """The configuration with everything on, without what this row lacks."""
        off = {} if self.feature else dict.fromkeys(FEATURE, 0.0)
        off |= {} if self.emotion else {"emotion": 0.0}
        off |= {} if self.landmark else {"landmark": 0.0}
        switches = ModuleSwitches(self.landmark, self.emotion, whole.modules.dropout)
        return replace(
            whole,
            name=f"ablation {self.number}",
            modules=switches,
            weights=replace(whole.weights, **off),
        )

    @property
    def wishes(self) -> Wishes:
        """The modules' state in which the row is measured: a module that was trained is on."""
        return only(*(module.key for module in MODULES if getattr(self, module.key)))


ROWS = (
    Row(1),
    Row(2, landmark=True),
    Row(3, emotion=True),
    Row(4, feature=True),
    Row(5, emotion=True, landmark=True),
    Row(6, feature=True, landmark=True),
    Row(7, feature=True, emotion=True),
    Row(8, feature=True, emotion=True, landmark=True),
)


@dataclass(frozen=True)
class AblationOptions:
    """faces, val: prepared faces to train on and to measure on. run: the folder. samples: of each
    training; or minutes: as many samples as the dearest one does in so long; the configuration's
    if neither. holes, limit, lpips: of the evaluation. rows: numbers of those to train."""

    faces: Path
    val: Path
    run: Path
    samples: int | None = None
    minutes: float | None = None
    side: int = 64
    holes: tuple[str, ...] = ("centre", "mouth")
    limit: int | None = None
    lpips: Path | None = None
    judges: bool = True
    seed: int = 0
    device: str = "auto"
    rows: tuple[int, ...] = tuple(row.number for row in ROWS)


def ablation(
    options: AblationOptions,
    tell: Callable[[dict[str, Any]], None] | None = None,
    stop: threading.Event | None = None,
    whole: TrainingConfig | None = None,
) -> dict[str, Any]:
    """Train what is not trained yet, measure, and write the table.

    whole: the configuration with everything on, `ablation.toml` if None. stop: ends it after the
    step at hand, raising Cancelled; the same call goes on. Returns the evaluation's report, its
    rows with "number", "feature", "emotion", "landmark", "samples". Raises MienError.
    """
    tell, stop = tell or (lambda event: None), stop or threading.Event()
    unknown = set(options.rows) - {row.number for row in ROWS}
    if unknown:
        raise MienError(
            f"There is no row {min(unknown)}; the comparison has rows 1 to {len(ROWS)}."
        )
    chosen = [row for row in ROWS if row.number in options.rows]
    with explained():
        options.run.mkdir(parents=True, exist_ok=True)
        whole = (whole or TrainingConfig.load("ablation")).changed(
            side=options.side, seed=options.seed
        )
        whole = replace(whole, samples=_budget(options, whole, stop), minutes=None)
        for row in chosen:
            folder = options.run / str(row.number)
            if _finished(folder, whole):
                continue
            tell({"event": "row", "row": row.number, "samples": whole.samples})
            _train(row.config(whole), options, folder, tell, stop)
        measured = _measure(chosen, options, whole)
    _write(options, measured)
    return measured


def _budget(options: AblationOptions, whole: TrainingConfig, stop: threading.Event) -> int:
    """Samples of each training, decided once a run; the schedule of all eight hangs on it."""
    facts = {"side": whole.side, "batch": whole.batch, "seed": whole.seed}
    path = options.run / BUDGET
    if path.exists():
        known = json.loads(path.read_text(encoding="utf-8"))
        samples = known.pop("samples")
        if known != facts or (options.samples is not None and options.samples != samples):
            raise MienError(
                f"{options.run} compares trainings of another kind ({samples} samples, {known}); "
                "give another run folder."
            )
        return samples
    if options.samples is not None:
        samples = options.samples
    elif options.minutes is not None:
        samples = _samples_in(options, whole, options.minutes, stop)
    else:
        samples = whole.samples or 4000
    text = json.dumps({"samples": samples, **facts}) + "\n"
    write_text(path, text)
    return samples


def _samples_in(
    options: AblationOptions, whole: TrainingConfig, minutes: float, stop: threading.Event
) -> int:
    """How many samples the dearest training does in so many minutes on this computer."""
    tried = replace(
        ROWS[-1].config(whole),
        samples=MEASURED_STEPS * whole.batch,
        log_steps=1,
        sheet_steps=10**9,
        validation_steps=0,
    )
    folder = options.run / "speed"
    _train(tried, options, folder, lambda event: None, stop)
    rows = read_log(folder)
    # The first step warms caches up.
    seconds = (rows[-1]["seconds"] - rows[0]["seconds"]) / (rows[-1]["step"] - rows[0]["step"])
    return max(1, int(60 * minutes / seconds)) * whole.batch


def _train(
    config: TrainingConfig,
    options: AblationOptions,
    folder: Path,
    tell: Callable[[dict[str, Any]], None],
    stop: threading.Event,
) -> None:
    prior = weights.find(PRIOR).folder if config.input == "prior" else None
    train(
        config,
        options.faces,
        folder,
        prior,
        device=options.device,
        report=tell,
        stop=stop,
    )
    if stop.is_set():
        raise Cancelled


def _finished(folder: Path, whole: TrainingConfig) -> bool:
    if not (folder / LATEST).exists():
        return False
    return load_checkpoint(folder / LATEST)[2]["samples"] >= (whole.samples or 0)


def _measure(rows: list[Row], options: AblationOptions, whole: TrainingConfig) -> dict[str, Any]:
    base = load_networks(PRIOR, options.device)
    methods: dict[str, Method] = {}
    for row in rows:
        networks = as_networks(
            load_average(options.run / str(row.number) / EMA),
            base,
            name=str(row.number),
            side=whole.side,
            input=whole.input,
        )
        methods[str(row.number)] = model_method(networks, row.wishes)
    report = evaluate(
        options.val,
        options.run / RESULTS,
        EvaluateOptions(
            aligned=True,
            holes=options.holes,
            models=(),
            limit=options.limit,
            seed=options.seed,
            lpips=options.lpips,
            device=options.device,
            side=whole.side,
            judges=options.judges,
        ),
        methods=methods,
    )
    known = {str(row.number): row for row in rows}
    for line in report["rows"]:
        row = known.get(line["method"])
        if row is not None:
            line |= {
                "number": row.number,
                "feature": row.feature,
                "emotion": row.emotion,
                "landmark": row.landmark,
                "samples": whole.samples,
            }
    return report


def table(report: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """(header, lines) of the comparison: a line a training and kind of hole, with its protocol;
    the methods without a training stand first."""
    columns = [c for c in COLUMNS if any(row.get(c[0]) is not None for row in report["rows"])]
    header = ["", "feature", "emotion", "landmark", *(t for _, t, _ in columns), "protocol"]
    lines = []
    for row in report["rows"]:
        trained = "number" in row
        switches = [_yes(row[name]) if trained else "" for name in header[1:4]]
        side, samples = report["side"], f", {row['samples']} samples" if trained else ""
        protocol = (
            f"{row['holes']} {100 * row['hole_fraction']:.0f} %, {side} px, "
            f"{report['faces']} faces, seed {report['seed']}{samples}"
        )
        figures = [cell(row, name, form) for name, _, form in columns]
        lines.append([row["method"], *switches, *figures, protocol])
    return header, lines


def _yes(on: bool) -> str:
    return "yes" if on else "-"


def _write(options: AblationOptions, report: dict[str, Any]) -> None:
    """The table as Markdown, and as one HTML file with the sheets."""
    header, lines = table(report)
    note = (
        "Equal samples, seed and first weights. PSNR, SSIM and LPIPS of whole composites as "
        "uint8 PNG. Expression by a judge that no loss knows, geometry by MediaPipe on the hidden "
        "nodes, in inter-ocular distances. Figures under other protocols cannot be compared."
    )
    text = f"# Feature, emotion, landmark\n\n{html.markdown(header, lines)}\n{note}\n"
    (options.run / TABLE).write_text(text, encoding="utf-8")
    sections = [html.table(header, lines), html.text(note)]
    for kind in dict.fromkeys(row["holes"] for row in report["rows"]):
        sheet = (options.run / RESULTS / kind / "sheet.png").read_bytes()
        sections.append(html.section(kind, html.image(sheet, f"{kind} holes")))
    html.write_page(options.run / PAGE, "Feature, emotion, landmark", sections)
