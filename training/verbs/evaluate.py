"""evaluate: fills of faces kept aside, measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.base.errors import MienError
from engine.modules.options import takes_wishes
from training.verbs.apps import DeviceOption, JsonOption, PrecisionOption, app

LpipsOption = Annotated[
    Path | None, typer.Option(help="LPIPS-Alex weights; without them LPIPS is left out.")
]


@app.command()
@takes_wishes
def evaluate(
    faces: Annotated[
        Path | None, typer.Option(help="A zip or folder of photos, or prepared faces.")
    ] = None,
    photos: Annotated[
        Path | None,
        typer.Option(
            help="Instead: a folder with photos/, masks/ and truth/ of equal names, measured at "
            "their own size."
        ),
    ] = None,
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="Where pictures and figures go.")],
    holes: Annotated[
        list[str] | None, typer.Option(help="Kinds of hole, or things that are worn ('worn': any).")
    ] = None,
    model: Annotated[list[str] | None, typer.Option(help="Models; may be repeated.")] = None,
    limit: Annotated[int | None, typer.Option(help="Use at most so many faces.")] = None,
    source: Annotated[str | None, typer.Option(help="Only faces of this source.")] = None,
    seed: Annotated[int, typer.Option(help="Of the holes.")] = 0,
    side: Annotated[int, typer.Option(help="Crop side in pixels.")] = 256,
    lpips: LpipsOption = None,
    judges: Annotated[
        bool, typer.Option(help="Judge expression and geometry by networks no loss knows.")
    ] = True,
    baselines: Annotated[
        bool, typer.Option(help="Measure OpenCV's two and the prior alone as well.")
    ] = True,
    aligned: Annotated[
        bool, typer.Option("--aligned", help="Bare crops placed by the untouched face instead.")
    ] = False,
    inside: Annotated[
        str, typer.Option(help="What covers the face: flat (one colour) or worn (things).")
    ] = "flat",
    without_steps: Annotated[
        bool,
        typer.Option("--without-steps", help="Each step of a fill left out in turn (--aligned)."),
    ] = False,
    against: Annotated[
        Path | None, typer.Option(help="With --photos: an earlier results folder to compare with.")
    ] = None,
    exemplars: Annotated[
        str, typer.Option(help="With --photos: a library of faces to take detail of.")
    ] = "",
    references: Annotated[
        bool,
        typer.Option(
            "--references",
            help="With --photos: without, with right and with wrong ones of references/ beside "
            "them; a folder of such folders is a kind each.",
        ),
    ] = False,
    pairs: Annotated[
        Path | None,
        typer.Option(
            help="Instead: zips with two photos a person; things are drawn over one, the other is "
            "the reference. --holes: of which kinds."
        ),
    ] = None,
    person: Annotated[
        list[str] | None, typer.Option(help="With --pairs: only these. May be repeated.")
    ] = None,
    device: DeviceOption = "auto",
    precision: PrecisionOption = "auto",
    as_json: JsonOption = False,
    wishes: dict[str, Any],
) -> None:
    """Measure what the whole program makes of photos with something over the face.

    Beside it OpenCV's two and the prior alone; --aligned measures the networks on bare crops,
    --photos whole photos at their own size.
    """
    if sum(given is not None for given in (faces, photos, pairs)) != 1:
        raise MienError(
            "Name faces (--faces), a folder of photos (--photos) or pairs (--pairs) to measure."
        )
    if pairs is not None:
        from training.pairs import KINDS, lay_over

        if unknown := set(holes or ()) - set(KINDS):
            raise MienError(
                f"'{min(unknown)}' is no kind of --pairs; choose of {', '.join(KINDS)}."
            )
    if person and pairs is None:
        raise MienError("People are named in pairs; give --pairs.")
    if photos is None and pairs is None and exemplars:
        raise MienError("A library of faces is for photos at their own size; give --photos.")
    if photos is None and against is not None:
        raise MienError("Only photos are compared with earlier ones; give --photos, not --faces.")
    if photos is None and references:
        raise MienError("Only photos have references beside them; give --photos, not --faces.")
    if photos is not None and (holes or source or aligned or without_steps or inside != "flat"):
        raise MienError(
            "Photos bring their own masks: --holes, --inside, --source, --aligned and "
            "--without-steps are for --faces."
        )
    from engine.base.device import check_device, check_precision
    from engine.catalogue.exemplars import check_exemplars
    from engine.catalogue.weights import find_filler

    models = tuple(model or ("default",))
    for name in models:  # before torch and the photos, which take seconds
        find_filler(name)
    check_exemplars(exemplars)
    check_device(device)
    check_precision(precision)
    if faces is None:
        from training.evaluate_photos import PhotosOptions, evaluate_photos

        chosen = PhotosOptions(
            models=models,
            limit=limit,
            seed=seed,
            lpips=lpips,
            device=device,
            precision=precision,
            against=against,
            exemplars=exemplars,
            **wishes,
        )
        if references or pairs is not None:
            from training.evaluate_references import evaluate_references

            if pairs is not None:
                folders = lay_over(
                    pairs, output / "cases", holes or (), limit=limit, people=person or ()
                )
            else:
                assert photos is not None
                folders = _kinds_in(photos)
            told = evaluate_references(folders, output, chosen)
            typer.echo(json.dumps(told) if as_json else _reference_table(told))
            return
        assert photos is not None
        told = evaluate_photos(photos, output, chosen)
        typer.echo(json.dumps(told) if as_json else _photo_table(told, output))
        return
    assert faces is not None
    from training.evaluate import EvaluateOptions
    from training.evaluate import evaluate as run

    options = EvaluateOptions(
        holes=tuple(holes or ("centre",)),
        models=models,
        limit=limit,
        source=source,
        seed=seed,
        lpips=lpips,
        device=device,
        precision=precision,
        side=side,
        baselines=baselines,
        judges=judges,
        aligned=aligned,
        inside=inside,
        steps=without_steps,
        **wishes,
    )
    report = run(faces, output, options)
    typer.echo(json.dumps(report) if as_json else _table(report))


def _kinds_in(folder: Path) -> list[Path]:
    """A folder of cases, or the folders of cases in a folder."""
    within = sorted(path.parent for path in folder.glob("*/references") if path.is_dir())
    return within or [folder]


def _reference_table(report: dict[str, Any]) -> str:
    from training.evaluate_references import reference_tables
    from training.report import markdown

    tables = reference_tables(report).items()
    return "\n\n".join(f"{kind}:\n{markdown(*table)}" for kind, table in tables)


def _table(report: dict[str, Any]) -> str:
    from training.evaluation_pages import COLUMNS, cell, protocol

    lines = [protocol(report)]
    for row in report["rows"]:
        known = [c for c in COLUMNS if c[0] != "seconds" and row.get(c[0]) is not None]
        figures = "  ".join(f"{title} {cell(row, name, form)}" for name, title, form in known)
        lines.append(f"{row['holes']:<11} {row['method']:<14} {figures}")
    return "\n".join(lines)


def _photo_table(report: dict[str, Any], output: Path) -> str:
    from training.photo_pages import case_table, mean_table, protocol, shape_table
    from training.report import markdown

    figures = json.loads((output / "cases.json").read_text(encoding="utf-8"))
    parts = [protocol(report)]
    for method, cases in figures.items():
        if cases:
            parts.append(f"{method}:\n{markdown(*case_table(cases))}")
    parts += [markdown(*mean_table(report["rows"])), markdown(*shape_table(report["rows"]))]
    for row in report["rows"]:
        parts += [f"wrong, {row['method']}: {n}: {', '.join(why)}" for n, why in row["wrong"]]
    return "\n".join(parts)
