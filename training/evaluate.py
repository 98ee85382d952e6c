"""Evaluation: fills of faces kept aside, measured against the untouched faces.

The protocol: aligned crops, 256 x 256 unless told otherwise, holes seeded by face and kind,
metrics on the uint8 PNGs that are written (input/, mask/, target/, output/METHOD/), in float64.
OpenCV's Telea and Navier-Stokes and the prior alone are measured beside the models.
"""

from __future__ import annotations

import json
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from engine import geometry
from engine.errors import MienError
from engine.guidance import Wishes
from engine.networks import PRIOR, Networks, load_networks
from engine.readings import EMOTION_CHOICES, EMOTIONS, KEEP
from training import judges as judging
from training.evaluation_pages import write_pages
from training.faces import FaceShards
from training.judges import Judges
from training.lpips import Lpips
from training.masks import KINDS, draw_hole
from training.metrics import hole_mae, psnr, ssim
from training.perceptual import StVgg

SIDE = 256
BIN = 0.1  # holes are reported by their share of the crop, in bins of a tenth
METRICS = (("psnr", 3), ("ssim", 4), ("lpips", 4), ("hole_mae", 3))  # with their digits

# (crop S x S x 3 uint8, hole S x S bool, mesh 478 x 2 in crop units) -> the filled crop, uint8.
Method = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class EvaluateOptions:
    """holes: kinds of training.masks. models: names of the catalogue. lpips: weight file or None.
    source: only faces whose record says so. side: of the crops in pixels. baselines: measure
    OpenCV's two and the prior too. judges: expression and geometry, by networks that take no part
    in any loss. distance: ST-VGG's too (which is a loss). landmarks, emotion: the modules' state,
    as in FillOptions. Raises MienError for an emotion that is none."""

    holes: tuple[str, ...] = ("centre",)
    models: tuple[str, ...] = ("default",)
    limit: int | None = None
    source: str | None = None
    seed: int = 0
    lpips: Path | None = None
    device: str = "auto"
    side: int = SIDE
    baselines: bool = True
    judges: bool = False
    distance: bool = False
    landmarks: bool = True
    emotion: str = KEEP

    def __post_init__(self) -> None:
        if self.emotion not in EMOTION_CHOICES:
            raise MienError(
                f"'{self.emotion}' is no emotion; choose one of {', '.join(EMOTION_CHOICES)}."
            )

    @property
    def wishes(self) -> Wishes:
        """What the modules are asked for."""
        return Wishes(landmarks=self.landmarks, emotion=self.emotion)


@dataclass(frozen=True)
class _Case:
    """One face with one hole: uint8 crop, bool hole, mesh in crop units."""

    name: str
    target: np.ndarray
    hole: np.ndarray
    mesh: np.ndarray


def evaluate(
    faces: Path,
    out: Path,
    options: EvaluateOptions | None = None,
    *,
    methods: dict[str, Method] | None = None,
    progress: Callable[[float], None] | None = None,
) -> dict[str, Any]:
    """Measure every method on every kind of hole.

    methods: measured beside the options' models. progress: told how much is done, 0..1; what it
    raises ends the evaluation. Writes under `out` the pictures, `report.json` (what is returned),
    `cases.json` (the figures of every face), a sheet a kind and a self-contained `report.html`.

    Returns {"faces", "side", "seed", "landmarks", "emotion", "rows": [{"holes", "hole_fraction",
    "method", "psnr", "ssim", "lpips", "hole_mae", "seconds", "bins"; with judges those of
    training.judges.FIGURES; with distance "distance"}]}. Raises MienError where nothing can be
    measured.
    """
    options = options or EvaluateOptions()
    for kind in options.holes:
        if kind not in KINDS:
            raise MienError(f"'{kind}' is not a kind of hole; choose one of {', '.join(KINDS)}.")
    meter = _Meter(options)
    crops = list(_crops(faces, options))
    if not crops:
        raise MienError(f"{faces} holds no face to measure; give a folder or zip of portraits.")
    methods = {**_methods(options), **(methods or {})}
    rows, figures, done = [], {}, 0
    for kind in options.holes:
        cases = [
            _Case(name, crop, _hole(kind, number, mesh, options), mesh / options.side)
            for number, (name, crop, mesh) in enumerate(crops)
        ]
        folder = out / kind
        for case in cases:
            _write(folder / "target" / f"{case.name}.png", case.target)
            _write(folder / "mask" / f"{case.name}.png", case.hole.astype(np.uint8) * 255)
            hidden = np.where(case.hole[..., None], np.uint8(255), case.target)
            _write(folder / "input" / f"{case.name}.png", hidden)
        for name, method in methods.items():
            measured, seconds = [], 0.0
            for case in cases:
                figure, taken = meter.measure(case, method, folder / "output" / name)
                measured.append(figure)
                seconds += taken
                done += 1
                if progress is not None:
                    progress(done / (len(methods) * len(cases) * len(options.holes)))
            rows.append(meter.row(kind, name, measured, seconds / len(cases)))
            figures.setdefault(kind, {})[name] = measured
    meter.close()
    report = {
        "faces": len(crops),
        "side": options.side,
        "seed": options.seed,
        "landmarks": options.landmarks,
        "emotion": options.emotion,
        "rows": rows,
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    (out / "cases.json").write_text(json.dumps(figures) + "\n", encoding="utf-8")
    write_pages(out, report)
    return report


class _Meter:
    """Everything that measures one fill, and the means over many."""

    def __init__(self, options: EvaluateOptions) -> None:
        asked = options.emotion if options.emotion in EMOTIONS else None
        self._lpips = Lpips(options.lpips) if options.lpips else None
        self._judges = Judges(asked) if options.judges else None
        self._trunk = StVgg() if options.distance else None

    def measure(self, case: _Case, method: Method, folder: Path) -> tuple[dict[str, Any], float]:
        """(figures of the fill as it was written to `folder`, seconds it took)."""
        started = time.perf_counter()
        filled = method(case.target, case.hole, case.mesh)
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


def _methods(options: EvaluateOptions) -> dict[str, Method]:
    def opencv(flag: int) -> Method:
        return lambda crop, hole, mesh: cv2.inpaint(crop, hole.astype(np.uint8), 3, flag)

    methods: dict[str, Method] = {}
    if options.baselines:
        methods["telea"] = opencv(cv2.INPAINT_TELEA)
        methods["navier-stokes"] = opencv(cv2.INPAINT_NS)
    names = (PRIOR, *options.models) if options.baselines else options.models
    for name in dict.fromkeys(names):
        networks = load_networks(name, options.device)
        methods[networks.name] = model_method(networks, options.wishes)
    return methods


def model_method(networks: Networks, wishes: Wishes) -> Method:
    """A model's fill, its modules in the state of `wishes`, as the program would do it."""

    def fill(crop: np.ndarray, hole: np.ndarray, mesh: np.ndarray) -> np.ndarray:
        pixels = crop.astype(np.float32) / 255
        guidance = networks.look(pixels, hole, mesh, wishes)
        return (networks.fill(pixels, hole, guidance=guidance) * 255 + 0.5).astype(np.uint8)

    return fill


def _hole(kind: str, number: int, mesh: np.ndarray, options: EvaluateOptions) -> np.ndarray:
    rng = np.random.default_rng((options.seed, KINDS.index(kind), number))
    return draw_hole(kind, options.side, rng, mesh)


def _crops(faces: Path, options: EvaluateOptions) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """(name, crop S x S x 3, mesh 478 x 2 in crop pixels) of every usable face."""
    found = 0
    for name, record, crop, mesh in _all_crops(faces, options.side):
        if options.source and record.get("source") != options.source:
            continue
        yield f"{found:05d}-{Path(name).stem}", crop, mesh
        found += 1
        if options.limit is not None and found >= options.limit:
            return


def _all_crops(
    faces: Path, side: int
) -> Iterator[tuple[str, dict[str, Any], np.ndarray, np.ndarray]]:
    shards = _prepared(faces)
    if shards is not None:
        for index, record in enumerate(shards.records):
            name = record.get("name", str(index))
            yield name, record, shards.crop(index, side), shards.mesh_in_crop(index, side)
        return
    from engine.face.finder import MediaPipeFinder
    from training.prepare import locate
    from training.sources import iter_photos

    finder = MediaPipeFinder()
    for name, record, rgb in iter_photos(faces):
        mesh = locate(rgb, finder)
        if mesh is not None:
            frame = geometry.frame_from_mesh(mesh)
            crop = geometry.cut(rgb, frame, side)
            yield name, record, crop, geometry.transform(frame, mesh) * side


def _prepared(faces: Path) -> FaceShards | None:
    """The prepared faces in a folder or shard, None where it holds plain photos."""
    paths = sorted(faces.glob("*.zip")) if faces.is_dir() else [faces]
    paths = [p for p in paths if p.suffix == ".zip" and p.is_file() and _is_shard(p)]
    return FaceShards(paths) if paths else None


def _is_shard(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return "meshes.npy" in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False


def _write(path: Path, picture: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if picture.ndim == 3:
        picture = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    if not cv2.imwrite(str(path), picture):
        raise MienError(f"{path} could not be written; check the disk.")
