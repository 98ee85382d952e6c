"""A run's folder: what a training writes down for people, and how it is read again.

`config.json`; `log.jsonl`, one row a line; `report.html`, everything in one file; TensorBoard
events under `events/`; of a generator `sheet.png`, the newest sample fills, and older ones under
`sheets/`. Beside them lie the weights: `state.safetensors`, which a resumed run goes on from, and
of a generator averages in float16: `ema.safetensors`, the newest; `best.safetensors`, by the faces
kept apart; `ema-N`, after N samples.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from torch.utils.tensorboard import SummaryWriter

from training import report
from training.configuration import Config, write_text
from training.sheets import write_sheet

LOG = "log.jsonl"
SHEET = "sheet.png"
REPORT = "report.html"
SHOWN_SHEETS = 4  # in a report: the first, and the newest
_NO_CURVES = {"event", "step", "samples", "seconds", "skipped", "remaining", "epochs"}


class RunFolder:
    """Writes one run's figures and sheets. from_step: a resumed run drops later rows, which it
    will see again."""

    def __init__(self, folder: Path, config: Config, from_step: int = 0) -> None:
        self.folder, self.config = folder, config
        kept = [row for row in read_log(folder) if row["step"] <= from_step]
        lines = "".join(json.dumps(row) + "\n" for row in kept)
        write_text(folder / LOG, lines)
        self._writer = SummaryWriter(str(folder / "events"), purge_step=from_step + 1)

    def log(self, row: dict[str, Any]) -> None:
        """Add one row: every number but the step goes to TensorBoard too, by its name."""
        with (self.folder / LOG).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        for name, value in row.items():
            if name != "step" and isinstance(value, int | float):
                self._writer.add_scalar(name, value, row["step"])

    def sheet(self, step: int, sheet: np.ndarray) -> Path:
        """Keep a sheet of sample fills; returns the file with the newest."""
        write_sheet(self.folder / "sheets" / f"{step:07d}.jpg", sheet)
        write_sheet(self.folder / SHEET, sheet)
        self._writer.add_image("fills", sheet, step, dataformats="HWC")
        self._writer.flush()
        return self.folder / SHEET

    def write_report(self) -> None:
        """`report.html` as things stand."""
        rows = read_log(self.folder)
        names = dict.fromkeys(name for row in rows for name in row if name not in _NO_CURVES)
        curves = []
        for name in names:
            known = [row for row in rows if name in row]
            curves.append(
                report.curve(name, [row["step"] for row in known], [row[name] for row in known])
            )
        last = rows[-1] if rows else {}
        figures = [(name, value) for name, value in last.items() if name != "event"]
        sheets = sorted((self.folder / "sheets").glob("*.jpg"))
        shown = list(dict.fromkeys([*sheets[:1], *sheets[1 - SHOWN_SHEETS :]]))
        sections = [
            report.section("Where it stands", report.table(("figure", "newest"), figures)),
            report.section("Curves", *curves),
        ]
        if shown:
            pictures = (report.image(p.read_bytes(), f"step {int(p.stem)}") for p in shown)
            sections.append(report.section("Sample fills", *pictures))
        settings = json.dumps(self.config.as_dict(), indent=2)
        sections.append(report.section("Configuration", report.code(settings)))
        report.write_page(self.folder / REPORT, f"Training of {self.config.name}", sections)

    def close(self) -> None:
        """The last report; frees the event file."""
        self.write_report()
        self._writer.close()


def read_log(folder: Path) -> list[dict[str, Any]]:
    """The rows of a run so far; a line that a crash cut short is left out."""
    path = folder / LOG
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            rows.append(json.loads(line))
        except ValueError:
            continue
    return rows
