"""Evaluation: fills of faces kept aside, measured against the untouched faces.

What is measured is what a user gets: a whole photo with something over the face goes through the
program's own `Inpainter`, finding, placing, filling and blending included. The aligned protocol
measures the networks alone, on crops placed by the untouched face. Both are compared on the aligned
crop, 256 x 256 unless told otherwise, holes seeded by face and kind, metrics on the uint8 PNGs that
are written (input/, mask/, target/, output/METHOD/), in float64. OpenCV's Telea and Navier-Stokes
and the prior alone are measured beside the models.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from engine.base.errors import MienError
from engine.catalogue.weights import find
from engine.face import geometry
from engine.face.frames import matrix_of
from engine.face.locator import off
from engine.fill import create_inpainter
from engine.fill.networks import PRIOR, Networks, load_networks
from engine.fill.pipeline import fill_crop, table_of, without
from engine.fill.step import Table
from engine.inpaint import FillOptions, FillRequest
from engine.mask import Mask
from engine.modules.emotion import asked_for
from engine.modules.registry import Wishes, wishes
from engine.photo import Photo
from training import judges as judging
from training.cases import THINGS, WHOLE_KINDS, Case, Face, aligned_case, faces_of, whole_case
from training.evaluation_pages import write_pages
from training.groups import by_group, groups_of
from training.judges import Judges
from training.lpips import Lpips
from training.masks import KINDS
from training.metrics import hole_mae, psnr, ssim
from training.perceptual import StVgg
from training.worn import INSIDES

SIDE = 256
BIN = 0.1  # holes are reported by their share of the crop, in bins of a tenth
METRICS = (("psnr", 3), ("ssim", 4), ("lpips", 4), ("hole_mae", 3))  # with their digits
GROUPED = ("psnr", "lpips", "smile_kept", "laying_error")

# (crop S x S x 3 uint8, hole S x S bool, mesh 478 x 2 in crop units) -> the filled crop, uint8.
Method = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
# A case -> (its filled crop, S x S x 3 uint8; what else is told of the fill).
Painter = Callable[[Case], tuple[np.ndarray, dict[str, Any]]]


@dataclass(frozen=True)
class EvaluateOptions(Wishes):
    """holes: kinds of training.cases. models: names of the catalogue. lpips: weight file or None.
    source: only faces whose record says so. side: of the crops in pixels. baselines: measure
    OpenCV's two and the prior too. judges: expression and geometry, by networks that take no part
    in any loss. distance: ST-VGG's too (which is a loss). aligned: bare crops instead of the whole
    program. inside: what covers the face of a whole photo, "flat" or "worn" (training.worn). steps:
    each model also without each of the steps that a fill can be without. Raises MienError for a
    wish or an inside that is none, and for steps of whole photos."""

    holes: tuple[str, ...] = ("centre",)
    models: tuple[str, ...] = ("default",)
    limit: int | None = None
    source: str | None = None
    seed: int = 0
    lpips: Path | None = None
    device: str = "auto"
    precision: str = "auto"
    side: int = SIDE
    baselines: bool = True
    judges: bool = False
    distance: bool = False
    aligned: bool = False
    inside: str = "flat"
    steps: bool = False

    def __post_init__(self) -> None:
        if self.inside not in INSIDES:
            raise MienError(f"'{self.inside}' covers no face; choose one of {', '.join(INSIDES)}.")
        if self.steps and not self.aligned:
            raise MienError("Steps are left out of bare crops alone; add --aligned.")
        super().__post_init__()

    @property
    def wishes(self) -> Wishes:
        """What the modules are asked for."""
        return Wishes(**{name: getattr(self, name) for name in wishes()})


def evaluate(
    faces: Path,
    out: Path,
    options: EvaluateOptions | None = None,
    *,
    methods: dict[str, Method] | None = None,
    progress: Callable[[float], None] | None = None,
) -> dict[str, Any]:
    """Measure every method on every kind of hole.

    methods: measured beside the options' models, on bare crops. progress: told how much is done,
    0..1; what it raises ends the evaluation. Writes under `out` the pictures, `report.json` (what
    is returned), `cases.json` (the figures of every face), a sheet a kind and a self-contained
    `report.html`.

    Returns {"faces", "side", "seed", "landmarks", "emotion", "protocol", "rows": [{"holes",
    "hole_fraction", "method", "psnr", "ssim", "lpips", "hole_mae", "seconds", "bins", "groups"; of
    a model on whole photos "laid" (share of photos in which a face was painted in the hole),
    "laying_error" and "laying_p90" (inter-ocular distances), "second_faces" (share of photos with
    more than one); with judges those of training.judges.FIGURES; with distance "distance"}]}.
    Raises MienError where nothing can be measured.
    """
    options = options or EvaluateOptions()
    kinds = KINDS if options.aligned else WHOLE_KINDS
    for kind in options.holes:
        if kind not in kinds:
            raise MienError(f"'{kind}' is not a kind of hole; choose one of {', '.join(kinds)}.")
    meter = _Meter(options)
    known = list(faces_of(faces, options.source, options.limit))
    if not known:
        raise MienError(f"{faces} holds no face to measure; give a folder or zip of portraits.")
    groups = [
        groups_of(f.record, f.crop(options.side), f.mesh_in_crop() * options.side) for f in known
    ]
    every: dict[str, Painter] = {**_painters(options)}
    every |= {name: crop_painter(method) for name, method in (methods or {}).items()}
    rows, figures, done = [], {}, 0
    for kind in options.holes:
        cases = [_case(known, kind, number, options) for number in range(len(known))]
        folder = out / kind
        for case in cases:
            _write(folder / "target" / f"{case.name}.png", case.target)
            _write(folder / "mask" / f"{case.name}.png", case.hole.astype(np.uint8) * 255)
            _write(folder / "input" / f"{case.name}.png", case.input)
        for name, method in every.items():
            measured, seconds = [], 0.0
            for case in cases:
                figure, taken = meter.measure(case, method, folder / "output" / name)
                measured.append(figure)
                seconds += taken
                done += 1
                if progress is not None:
                    progress(done / (len(every) * len(cases) * len(options.holes)))
            row = meter.row(kind, name, measured, seconds / len(cases))
            row["groups"] = by_group(measured, groups, GROUPED)
            rows.append(row)
            figures.setdefault(kind, {})[name] = measured
    meter.close()
    report = {
        "faces": len(known),
        "protocol": _protocol(options),
        "side": options.side,
        "seed": options.seed,
        **asdict(options.wishes),
        "rows": rows,
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    (out / "cases.json").write_text(json.dumps(figures) + "\n", encoding="utf-8")
    write_pages(out, report)
    return report


def _protocol(options: EvaluateOptions) -> str:
    if options.aligned:
        return "aligned"
    things = [kind in THINGS for kind in options.holes]
    inside = "worn" if all(things) else options.inside
    named = any(things) and inside == "flat"
    return f"whole photos, {inside}" + (", things as they are worn" if named else "")


class _Meter:
    """Everything that measures one fill, and the means over many."""

    def __init__(self, options: EvaluateOptions) -> None:
        asked = asked_for(options)
        self._lpips = Lpips(options.lpips) if options.lpips else None
        self._judges = Judges(asked and asked[0]) if options.judges else None
        self._trunk = StVgg() if options.distance else None

    def measure(self, case: Case, painter: Painter, folder: Path) -> tuple[dict[str, Any], float]:
        """(figures of the fill as it was written to `folder`, seconds it took)."""
        started = time.perf_counter()
        filled, facts = painter(case)
        seconds = time.perf_counter() - started
        # The composite is ours to guarantee, whatever a method does outside the hole.
        filled = np.where(case.hole[..., None], filled, case.target)
        path = folder / f"{case.name}.png"
        _write(path, filled)
        saved = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        figures = {
            "name": case.name,
            "hole": float(case.hole.mean()),
            "psnr": psnr(saved, case.target),
            "ssim": ssim(saved, case.target),
            "hole_mae": hole_mae(saved, case.target, case.hole),
            "lpips": None if self._lpips is None else self._lpips.measure(saved, case.target),
            **facts,
        }
        if self._trunk is not None:
            with torch.inference_mode():
                distance = self._trunk.distance(_pixels(saved), _pixels(case.target))
            figures["distance"] = float(distance)
        if self._judges is not None:
            figures |= self._judges(case.name, saved, case.target, case.hole)
        return figures, seconds

    def row(
        self, kind: str, name: str, figures: list[dict[str, Any]], seconds: float
    ) -> dict[str, Any]:
        """The means of one method on one kind of hole."""
        row = {
            "holes": kind,
            "hole_fraction": round(float(np.mean([f["hole"] for f in figures])), 4),
            "method": name,
            **_means(figures),
            "seconds": round(seconds, 4),
            "bins": _bins(figures),
        }
        row |= laying_figures(figures)
        if self._trunk is not None:
            row["distance"] = round(float(np.mean([f["distance"] for f in figures])), 5)
        if self._judges is not None:
            row |= judging.means(figures)
        return row

    def close(self) -> None:
        if self._judges is not None:
            self._judges.close()


def _pixels(picture: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(picture.transpose(2, 0, 1).copy())[None].float() / 127.5 - 1


def _means(figures: list[dict[str, Any]]) -> dict[str, float | None]:
    means: dict[str, float | None] = {}
    for name, digits in METRICS:
        values = [f[name] for f in figures]
        known = values[0] is not None
        means[name] = round(float(np.mean(values)), digits) if known else None
    return means


def _bins(figures: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The same means by the hole's share of the crop."""
    grouped: dict[str, list[dict[str, Any]]] = {}
    for figure in figures:
        low = int(figure["hole"] / BIN)
        grouped.setdefault(f"{low * 10}-{low * 10 + 10}%", []).append(figure)
    return {key: {"faces": len(g), **_means(g)} for key, g in sorted(grouped.items())}


def laying_figures(figures: list[dict[str, Any]]) -> dict[str, Any]:
    """How well faces were placed, over the fills that tell it; {} where none does."""
    told = [f for f in figures if "laid" in f]
    if not told:
        return {}
    errors = [f["laying_error"] for f in told if f["laying_error"] is not None]
    return {
        "laid": round(float(np.mean([f["laid"] for f in told])), 4),
        "laying_error": round(float(np.mean(errors)), 4) if errors else None,
        "laying_p90": round(float(np.percentile(errors, 90)), 4) if errors else None,
        "second_faces": round(float(np.mean([f["second_faces"] for f in told])), 4),
    }


def _case(known: list[Face], kind: str, number: int, options: EvaluateOptions) -> Case:
    face = known[number]
    if options.aligned:
        return aligned_case(face, kind, number, options.side, options.seed)
    other = known[(number + 1) % len(known)]
    return whole_case(face, kind, number, options.side, options.seed, options.inside, other)


def _painters(options: EvaluateOptions) -> dict[str, Painter]:
    painters: dict[str, Painter] = {}
    if options.baselines:
        for name, flag in (("telea", cv2.INPAINT_TELEA), ("navier-stokes", cv2.INPAINT_NS)):
            painters[name] = _opencv(flag)
    names = (PRIOR, *options.models) if options.baselines else options.models
    for name in dict.fromkeys(names):
        if options.aligned:
            networks = load_networks(name, options.device, options.precision)
            painters[networks.name] = crop_painter(model_method(networks, options.wishes))
            table = table_of(networks)
            for step in table if options.steps else ():
                if not step.required:
                    shorter = without(step.name, table)
                    method = model_method(networks, options.wishes, shorter)
                    painters[f"without {step.name}"] = crop_painter(method)
        else:
            painters[find(name).name] = _program(name, options)
    return painters


def _opencv(flag: int) -> Painter:
    def paint(case: Case) -> tuple[np.ndarray, dict[str, Any]]:
        if case.shown is None or case.photo_hole is None:
            return cv2.inpaint(case.target, case.hole.astype(np.uint8), 3, flag), {}
        filled = cv2.inpaint(case.shown, case.photo_hole.astype(np.uint8), 3, flag)
        return geometry.cut(filled, case.face.frame, len(case.hole)), {}

    return paint


def crop_painter(method: Method) -> Painter:
    """A method that fills bare crops, measured."""
    return lambda case: (method(case.target, case.hole, case.mesh), {})


def _program(model: str, options: EvaluateOptions) -> Painter:
    """The whole program: nothing is known but the photo as it is shown and the mask."""
    inpainter = create_inpainter()
    wanted = FillOptions(
        model=model,
        device=options.device,
        precision=options.precision,
        seed=options.seed,
        **asdict(options.wishes),
    )

    def paint(case: Case) -> tuple[np.ndarray, dict[str, Any]]:
        assert case.shown is not None
        assert case.photo_hole is not None
        photo = Photo(case.shown, None, "PNG")
        mask = Mask(case.photo_hole.astype(np.uint8) * np.uint8(255))
        result = inpainter.fill(FillRequest(photo, mask, wanted))
        filled = photo
        for patch in result.patches:
            filled = filled.apply(patch)
        painted = [p for p in result.patches if p.kind == "face"]
        facts: dict[str, Any] = {
            "laid": bool(painted),
            "second_faces": len(painted) > 1,
            "laying_error": None,
        }
        if painted:
            errors = [off(matrix_of(face), case.face.frame) for face in result.faces]
            facts["laying_error"] = min(errors)
        return geometry.cut(filled.rgb8, case.face.frame, len(case.hole)), facts

    return paint


def model_method(networks: Networks, wishes: Wishes, table: Table | None = None) -> Method:
    """A model's fill, its modules in the state of `wishes`, as the program would do it; or by
    another table of steps."""

    def fill(crop: np.ndarray, hole: np.ndarray, mesh: np.ndarray) -> np.ndarray:
        pixels = crop.astype(np.float32) / 255
        guidance = networks.look(pixels, hole, mesh, wishes)
        return (fill_crop(networks, pixels, hole, guidance, table=table) * 255 + 0.5).astype(
            np.uint8
        )

    return fill


def _write(path: Path, picture: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if picture.ndim == 3:
        picture = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    if not cv2.imwrite(str(path), picture):
        raise MienError(f"{path} could not be written; check the disk.")
