"""What an evaluation of photos looks like: contact sheets, and one HTML page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from engine.mask.file import open_mask
from engine.photo import open_photo
from training import report as html
from training.photo_figures import SHAPE
from training.sheets import stacked, write_sheet
from training.sources import PICTURES

SHOWN = 12  # photos of a sheet
SIDE = 224  # pixels of a picture in it
WIDER = 0.35  # of the hole's box: how much of the photo around it is shown
# (figure, its title, its format)
COLUMNS = (
    ("lpips", "LPIPS", ".4f"),
    ("lpips_256", "LPIPS at 256", ".4f"),
    ("edges", "lips' edges", ".2f"),
    ("background", "background", ".4f"),
    ("mesh_off", "mesh off", ".3f"),
    ("fineness", "fineness", ".2f"),
    ("true_fineness", "of the truth", ".2f"),
    ("seconds", "CPU s", ".2f"),
)


def write_pages(
    folder: Path, out: Path, report: dict[str, Any], figures: dict[str, list[dict[str, Any]]]
) -> None:
    """Write `sheet.png` (the first photos), `wrong.png` (those that are wrong, where any is) and
    `report.html` under `out`."""
    methods = [row["method"] for row in report["rows"] if (out / "fills" / row["method"]).is_dir()]
    names = [case["name"] for case in figures[methods[0]]]
    wrong = dict.fromkeys(name for m in methods for name in _wrong(figures[m]))
    sections = [html.text(protocol(report)), html.table(*mean_table(report["rows"]))]
    sections += [html.section("Mouths", html.table(*shape_table(report["rows"])))]
    sheets = {"sheet.png": (names, "the first photos"), "wrong.png": (list(wrong), "wrong ones")}
    for file, (shown, caption) in sheets.items():
        if shown:
            sheet = contact_sheet(folder, out, methods, shown[:SHOWN])
            write_sheet(out / file, sheet)
            sections.append(html.image(sheet, caption))
        else:
            (out / file).unlink(missing_ok=True)
    for row in report["rows"]:
        lines = html.table(*case_table(figures[row["method"]]))
        sections.append(html.section(f"Every photo, {row['method']}", lines))
    html.write_page(out / "report.html", "Evaluation of photos", sections)


def protocol(report: dict[str, Any]) -> str:
    """What was measured on what, in a line."""
    return (
        f"{report['photos']} photos through the whole program at their own size, a face found in "
        f"{report['faces']} of the untouched ones; seed {report['seed']}, landmark module "
        f"{'on' if report['landmarks'] else 'off'}, emotion {report['emotion']}."
    )


def mean_table(rows: list[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """(header, lines): a line a method, and one of ratios where there is a method to compare."""
    header = ["method", *(title for _, title, _ in COLUMNS), "painted", "wrong"]
    lines = []
    for row in rows:
        cells = [cell(row, name, form) for name, _, form in COLUMNS]
        share = f"{100 * row['painted']:.0f} %"
        lines.append([row["method"], *cells, share, f"{len(row['wrong'])} of {row['photos']}"])
        if "ratio" in row:
            ratios = [cell(row["ratio"], name, ".3f") for name, *_ in COLUMNS]
            lines.append(["new / before", *ratios, "", ""])
    return header, lines


def shape_table(rows: list[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """(header, lines): of every method what became of mouths: for each figure fill / truth, the
    correlation, the smile's share and the neutral ones' excess."""
    header = [
        "method",
        *(name.replace("_", " ") for name in SHAPE),
        "smiles kept",
        "unsmiling kept",
    ]
    lines = []
    for row in rows:
        told = row["shapes"]
        cells = []
        for name in SHAPE:
            one = told.get(name)
            if one is None:
                cells.append("-")
                continue
            words = f"{one['fill']:.3f} / {one['truth']:.3f}, r {cell(one, 'correlation', '.2f')}"
            if "smile" in one:
                words += f", smile {one['smile']:.2f}, neutral {one['excess']:.2f}"
            cells.append(words)
        kept = [cell(told, name, ".2f") for name in ("smiles_kept", "unsmiling_kept")]
        lines.append([row["method"], *cells, *kept])
    return header, lines


def case_table(cases: list[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """(header, lines): a line a photo."""
    header = ["photo", *(title for _, title, _ in COLUMNS), "wrong"]
    return header, [
        [c["name"], *(cell(c, name, form) for name, _, form in COLUMNS), ", ".join(c["wrong"])]
        for c in cases
    ]


def cell(figures: dict[str, Any], name: str, form: str) -> str:
    """One figure, "-" where it was not measured."""
    value = figures.get(name)
    return "-" if value is None else format(value, form)


def contact_sheet(folder: Path, out: Path, methods: list[str], names: list[str]) -> np.ndarray:
    """photo | fill of each method | truth around the hole, a row a photo."""
    rows = []
    for name in names:
        mask = open_mask(_file(folder / "masks", name)).hole
        places = [_file(folder / "photos", name)]
        places += [out / "fills" / method / f"{name}.png" for method in methods]
        places.append(_file(folder / "truth", name))
        rows.append([_around(open_photo(place).rgb8, mask) for place in places])
    return stacked(rows, ["photo", *methods, "truth"])


def _file(folder: Path, name: str) -> Path:
    paths = sorted(path for path in folder.iterdir() if path.stem == name)
    return next(path for path in paths if path.suffix.lower() in PICTURES)


def _around(picture: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """A square of the picture around the hole, SIDE x SIDE."""
    x, y, width, height = cv2.boundingRect(hole.astype(np.uint8))
    half = (0.5 + WIDER) * max(width, height)
    middle = np.array([x + width / 2, y + height / 2])
    by = SIDE / (2 * half)
    if by < 0.7:  # the warp takes single pixels
        picture = cv2.GaussianBlur(picture, (0, 0), 0.45 / by)
    matrix = np.column_stack([by * np.eye(2), SIDE / 2 - 0.5 - by * (middle - 0.5)])
    return cv2.warpAffine(picture, matrix, (SIDE, SIDE), borderValue=(255, 255, 255))


def _wrong(cases: list[dict[str, Any]]) -> list[str]:
    return [case["name"] for case in cases if case["wrong"]]
