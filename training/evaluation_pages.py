"""What an evaluation looks like: a sheet for every kind of hole, and one HTML page for all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from training import report as html
from training.sheets import stacked, write_sheet

SHOWN = 12  # faces of a sheet
SHEET = "sheet.png"
# (figure, its title, its format); those that were not measured are left out.
COLUMNS = (
    ("psnr", "PSNR", ".2f"),
    ("ssim", "SSIM", ".4f"),
    ("lpips", "LPIPS", ".4f"),
    ("distance", "ST-VGG", ".5f"),
    ("hole_mae", "hole MAE", ".2f"),
    ("emotion_agreement", "emotion agrees", ".3f"),
    ("smile_kept", "smile kept", ".3f"),
    ("asked_rate", "asked emotion seen", ".3f"),
    ("landmark_nme", "landmark NME", ".4f"),
    ("mesh_found", "mesh found", ".3f"),
    ("laid", "laid", ".3f"),
    ("laying_error", "off", ".3f"),
    ("laying_p90", "off, 90 %", ".3f"),
    ("second_faces", "second faces", ".3f"),
    ("seconds", "seconds", ".3f"),
)


def write_pages(out: Path, report: dict[str, Any]) -> None:
    """Write `KIND/sheet.png` for every kind of hole and `report.html` under `out`."""
    sections = [html.text(protocol(report))]
    for kind in dict.fromkeys(row["holes"] for row in report["rows"]):
        rows = [row for row in report["rows"] if row["holes"] == kind]
        sheet = kind_sheet(out / kind, [row["method"] for row in rows])
        write_sheet(out / kind / SHEET, sheet)
        title = f"{kind} ({100 * rows[0]['hole_fraction']:.0f} % of the crop)"
        table = html.table(*figure_table(rows))
        caption = f"the first {min(SHOWN, report['faces'])} faces"
        sections.append(html.section(title, table, html.image(sheet, caption)))
    html.write_page(out / "report.html", "Evaluation of fills", sections)


def protocol(report: dict[str, Any]) -> str:
    """What was measured on what, in a line."""
    side = report["side"]
    return (
        f"{report['faces']} faces never trained on, {report['protocol']}, compared on aligned "
        f"crops of {side} x {side}, holes with seed {report['seed']}, as uint8 PNG; landmark "
        f"module {'on' if report['landmarks'] else 'off'}, emotion {report['emotion']}."
    )


def figure_table(rows: list[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """(header, lines): a line a method, the figures that were measured."""
    columns = [c for c in COLUMNS if any(row.get(c[0]) is not None for row in rows)]
    header = ["method", *(title for _, title, _ in columns)]
    return header, [[row["method"], *(cell(row, n, f) for n, _, f in columns)] for row in rows]


def cell(row: dict[str, Any], name: str, form: str) -> str:
    """One figure, "-" where it was not measured."""
    value = row.get(name)
    return "-" if value is None else format(value, form)


def kind_sheet(folder: Path, methods: list[str]) -> np.ndarray:
    """input | mask | output of each method | target for the first faces, from the pictures that
    were measured."""
    names = sorted(path.name for path in (folder / "target").glob("*.png"))[:SHOWN]
    columns = [folder / "input", folder / "mask", *(folder / "output" / m for m in methods)]
    columns.append(folder / "target")
    rows = [[_read(column / name) for column in columns] for name in names]
    return stacked(rows, ["input", "mask", *methods, "target"])


def _read(path: Path) -> np.ndarray:
    return cv2.cvtColor(cv2.imread(str(path), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
