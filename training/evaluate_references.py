"""Evaluation of references: what another photo of the person brings, and what a wrong one does.

Cases are folders with `photos`, `masks`, `truth` and `references` of equal names (training.pairs
makes them). Each photo is filled without a reference, with its own, with its own among two
strangers', and with a stranger's alone: the references of the cases before it and after it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from engine.base.errors import MienError
from engine.face.finder import Face
from engine.fill import create_inpainter
from engine.inpaint import Inpainter
from engine.photo import photo_from_array
from engine.reference.files import read_references
from engine.reference.portrait import Portrait
from training.evaluate_photos import (
    FILLS,
    REPORT,
    Known,
    Meter,
    PhotosOptions,
    expression_of,
    expressions,
    fill_options,
    filled,
    names_in,
    picture_in,
    row_of,
    write_picture,
)
from training.lpips import Lpips

NONE, ONE, SEVERAL, WRONG = "none", "one", "several", "wrong"
WITH = (NONE, ONE, SEVERAL, WRONG)
TOLD = ("lpips", "lpips_256", "ratio", "ratio_256", "smiles_kept", "identity", "who", "seconds")


def evaluate_references(
    folders: Sequence[Path],
    out: Path,
    options: PhotosOptions | None = None,
    *,
    progress: Callable[[float], None] | None = None,
) -> dict[str, Any]:
    """Fill the cases of folders (a kind each) with none, one, several and wrong references.

    progress: told how much is done, 0..1. Writes under `out` the fills as PNG
    (KIND/fills/WITH/NAME.png) and `report.json` (what is returned).

    Returns {"photos", "kinds": {kind: [{"references" (of WITH), "photos", "lpips", "lpips_256",
    "ratio", "ratio_256" (means over those of none), "smiles_kept" (None where it cannot be told),
    "identity" (mean likeness of fill and truth, see engine.reference.identity), "who" (share of
    photos whose fill is more like its truth than like any other person's), "seconds" (of
    processor time), "likeness" (of the right reference, and of wrong ones, [least, most]),
    "believed" (share of photos of which the right one, or a wrong one, was believed)}, ...]}}.
    Raises MienError where nothing can be measured, and for fewer than two cases of a kind.
    """
    options = options or PhotosOptions()
    meter = Meter(Lpips(options.lpips) if options.lpips else None)
    inpainter = create_inpainter()
    listed = {folder: names_in(folder, options.limit) for folder in folders}
    total, done = len(WITH) * sum(map(len, listed.values())), 0
    kinds: dict[str, list[dict[str, Any]]] = {}
    report: dict[str, Any] = {}
    for folder, names in listed.items():
        if len(names) < 2:
            raise MienError(f"{folder} holds one case; a stranger's photo is another case's.")
        told = expressions(folder)
        known = [meter.known(folder, name, expression_of(name, told)) for name in names]
        truths = [_look(inpainter, one, one.truth) for one in known]
        cases: dict[str, list[dict[str, Any]]] = {name: [] for name in WITH}
        for number, one in enumerate(known):
            own, before, after = (
                picture_in(folder / "references", names[(number + step) % len(names)])
                for step in (0, -1, 1)
            )
            beside = {NONE: (), ONE: (own,), SEVERAL: (before, own, after), WRONG: (after,)}
            for with_, paths in beside.items():
                references = read_references(paths, (), inpainter.find_faces)
                wanted = fill_options(options.models[0], options)
                fill, facts = filled(inpainter, one, wanted, references)
                write_picture(out / folder.name / FILLS / with_ / f"{one.name}.png", fill)
                taken = facts.pop("taken")
                figures = meter.figures(one, fill, facts)
                figures |= _identity(_look(inpainter, one, fill), truths, number)
                figures["likeness"] = {name: (x.likeness, x.same) for name, x in taken.items()}
                figures["own"] = own.name
                cases[with_].append(figures)
                done += 1
                if progress is not None:
                    progress(done / total)
        kinds[folder.name] = [_told(with_, cases[with_], cases[NONE]) for with_ in WITH]
        # Hundreds of fills take hours: what is measured is written kind by kind.
        report = {"photos": done // len(WITH), **asdict(options.wishes), "kinds": kinds}
        (out / REPORT).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return report


def reference_tables(report: dict[str, Any]) -> dict[str, tuple[list[str], list[list[str]]]]:
    """{kind: (header, lines)}: a line for each of WITH."""
    header = ["references", "LPIPS", "at 256", "ratio", "at 256", "smiles kept", "identity"]
    header += ["who", "CPU s", "likeness", "believed"]
    tables = {}
    for kind, rows in report["kinds"].items():
        lines = []
        for row in rows:
            cells = ["-" if row[name] is None else f"{row[name]:.4g}" for name in TOLD]
            alike = "-" if row["likeness"] is None else "{:.2f} to {:.2f}".format(*row["likeness"])
            believed = "-" if row["believed"] is None else f"{100 * row['believed']:.0f} %"
            lines.append([row["references"], *cells, alike, believed])
        tables[kind] = (header, lines)
    return tables


def _look(inpainter: Inpainter, known: Known, picture: np.ndarray) -> Portrait | None:
    """Who the face of a picture is."""
    if known.mesh is None:
        return None
    (told,) = inpainter.portraits(photo_from_array(picture), (Face.of_mesh(known.mesh),))
    return told


def _identity(
    look: Portrait | None, truths: Sequence[Portrait | None], number: int
) -> dict[str, Any]:
    """How much a fill is like its truth, and whether it is less like every other person's."""
    own = truths[number]
    if look is None or own is None:
        return {"identity": None, "who": None}
    others = [one for n, one in enumerate(truths) if one is not None and n != number]
    mine, *rest = look.likeness([own, *others]).tolist()
    return {"identity": mine, "who": mine > max(rest, default=-1.0)}


def _told(with_: str, cases: list[dict[str, Any]], without: list[dict[str, Any]]) -> dict[str, Any]:
    row, before = row_of(cases), row_of(without)
    looks = [
        (alike, same)
        for case in cases
        for name, (alike, same) in case["likeness"].items()
        if with_ != SEVERAL or name == case["own"]
    ]
    ratios = {
        name: round(row[of] / before[of], 3) if row[of] and before[of] else None
        for name, of in (("ratio", "lpips"), ("ratio_256", "lpips_256"))
    }
    alike = [round(value, 3) for value, _ in looks]
    return {
        "references": with_,
        "photos": len(cases),
        **{name: row[name] for name in ("lpips", "lpips_256", "seconds")},
        **ratios,
        "smiles_kept": row["shapes"].get("smiles_kept"),
        **{name: _mean([case[name] for case in cases]) for name in ("identity", "who")},
        "likeness": [min(alike), max(alike)] if alike else None,
        "believed": _mean([same for _, same in looks]),
    }


def _mean(values: list[Any]) -> float | None:
    known = [float(value) for value in values if value is not None]
    return round(float(np.mean(known)), 4) if known else None
