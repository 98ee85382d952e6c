"""Evaluation: fills of faces kept aside, measured against the untouched faces.

The protocol: 256 x 256 aligned crops, holes seeded by face and kind, metrics on the uint8 PNGs
that are written (input/, mask/, target/, output/METHOD/), in float64. OpenCV's Telea and
Navier-Stokes and the prior alone are always measured beside the models.
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

from engine import geometry
from engine.errors import MienError
from engine.networks import PRIOR, load_networks
from training.faces import FaceShards
from training.lpips import Lpips
from training.masks import KINDS, draw_hole
from training.metrics import hole_mae, psnr, ssim

SIDE = 256
BIN = 0.1  # holes are reported by their share of the crop, in bins of a tenth


@dataclass(frozen=True)
class EvaluateOptions:
    """holes: kinds of training.masks. models: names of the catalogue. lpips: weight file or None.
    source: only faces whose record says so."""

    holes: tuple[str, ...] = ("centre",)
    models: tuple[str, ...] = ("default",)
    limit: int | None = None
    source: str | None = None
    seed: int = 0
    lpips: Path | None = None
    device: str = "auto"


@dataclass(frozen=True)
class _Case:
    """One face with one hole: uint8 crop, bool hole."""

    name: str
    target: np.ndarray
    hole: np.ndarray


Method = Callable[[np.ndarray, np.ndarray], np.ndarray]


def evaluate(faces: Path, out: Path, options: EvaluateOptions | None = None) -> dict[str, Any]:
    """Measure every method on every kind of hole; writes pictures and `report.json` under `out`.

    Returns {"faces", "side", "seed", "rows": [{"holes", "hole_fraction", "method", "psnr", "ssim",
    "lpips", "hole_mae", "seconds", "bins"}]}. Raises MienError where nothing can be measured.
    """
    options = options or EvaluateOptions()
    for kind in options.holes:
        if kind not in KINDS:
            raise MienError(f"'{kind}' is not a kind of hole; choose one of {', '.join(KINDS)}.")
    lpips = Lpips(options.lpips) if options.lpips else None
    crops = list(_crops(faces, options))
    if not crops:
        raise MienError(f"{faces} holds no face to measure; give a folder or zip of portraits.")
    methods = _methods(options)
    rows = []
    for kind in options.holes:
        cases = [
            _Case(name, crop, _hole(kind, number, mesh, options.seed))
            for number, (name, crop, mesh) in enumerate(crops)
        ]
        folder = out / kind
        for case in cases:
            _write(folder / "target" / f"{case.name}.png", case.target)
            _write(folder / "mask" / f"{case.name}.png", case.hole.astype(np.uint8) * 255)
            hidden = np.where(case.hole[..., None], np.uint8(255), case.target)
            _write(folder / "input" / f"{case.name}.png", hidden)
        for name, method in methods.items():
            rows.append(_measure(kind, name, method, cases, folder, lpips))
    report = {"faces": len(crops), "side": SIDE, "seed": options.seed, "rows": rows}
    out.mkdir(parents=True, exist_ok=True)
    (out / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return report


def _measure(
    kind: str, name: str, method: Method, cases: list[_Case], folder: Path, lpips: Lpips | None
) -> dict[str, Any]:
    figures, seconds = [], 0.0
    for case in cases:
        started = time.perf_counter()
        filled = method(case.target, case.hole)
        seconds += time.perf_counter() - started
        # The composite is ours to guarantee, whatever a method does outside the hole.
        filled = np.where(case.hole[..., None], filled, case.target)
        path = folder / "output" / name / f"{case.name}.png"
        _write(path, filled)
        saved = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        figures.append(
            {
                "hole": float(case.hole.mean()),
                "psnr": psnr(saved, case.target),
                "ssim": ssim(saved, case.target),
                "hole_mae": hole_mae(saved, case.target, case.hole),
                "lpips": None if lpips is None else lpips(saved, case.target),
            }
        )
    return {
        "holes": kind,
        "hole_fraction": round(float(np.mean([f["hole"] for f in figures])), 4),
        "method": name,
        **_means(figures),
        "seconds": round(seconds / len(cases), 4),
        "bins": _bins(figures),
    }


def _means(figures: list[dict[str, Any]]) -> dict[str, float | None]:
    means: dict[str, float | None] = {}
    for name, digits in (("psnr", 3), ("ssim", 4), ("lpips", 4), ("hole_mae", 3)):
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
        return lambda crop, hole: cv2.inpaint(crop, hole.astype(np.uint8), 3, flag)

    methods: dict[str, Method] = {
        "telea": opencv(cv2.INPAINT_TELEA),
        "navier-stokes": opencv(cv2.INPAINT_NS),
    }
    for name in dict.fromkeys((PRIOR, *options.models)):
        networks = load_networks(name, options.device)

        def fill(crop: np.ndarray, hole: np.ndarray, networks=networks) -> np.ndarray:
            filled = networks.fill(crop.astype(np.float32) / 255, hole)
            return (filled * 255 + 0.5).astype(np.uint8)

        methods[networks.name] = fill
    return methods


def _hole(kind: str, number: int, mesh: np.ndarray, seed: int) -> np.ndarray:
    rng = np.random.default_rng((seed, KINDS.index(kind), number))
    return draw_hole(kind, SIDE, rng, mesh)


def _crops(faces: Path, options: EvaluateOptions) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """(name, crop SIDE x SIDE x 3, mesh 478 x 2 in crop pixels) of every usable face."""
    found = 0
    for name, record, crop, mesh in _all_crops(faces):
        if options.source and record.get("source") != options.source:
            continue
        yield f"{found:05d}-{Path(name).stem}", crop, mesh
        found += 1
        if options.limit is not None and found >= options.limit:
            return


def _all_crops(
    faces: Path,
) -> Iterator[tuple[str, dict[str, Any], np.ndarray, np.ndarray]]:
    shards = _prepared(faces)
    if shards is not None:
        for index, record in enumerate(shards.records):
            name = record.get("name", str(index))
            yield name, record, shards.crop(index, SIDE), shards.mesh_in_crop(index, SIDE)
        return
    from engine.face.finder import MediaPipeFinder
    from training.prepare import locate
    from training.sources import iter_photos

    finder = MediaPipeFinder()
    for name, record, rgb in iter_photos(faces):
        mesh = locate(rgb, finder)
        if mesh is not None:
            frame = geometry.frame_from_mesh(mesh)
            crop = geometry.cut(rgb, frame, SIDE)
            yield name, record, crop, geometry.transform(frame, mesh) * SIDE


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
