"""The verb `batch`: options in, progress and an exit code out."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.base.device import AUTO
from engine.base.errors import MienError
from engine.batch.inputs import passed_over, read_list
from engine.batch.job import (
    CONFLICTS,
    DOUBT_FLAG,
    DOUBTFUL_CHOICES,
    KEEP_FORMAT,
    MASK_PATTERNS,
    OVERWRITE,
    RESUME,
    BatchJob,
    MaskRule,
    NothingMatchedError,
)
from engine.batch.log import FAILED, NOTHING, UNWORN
from engine.batch.runner import Control, Summary, run_batch
from engine.batch.tell import Teller, teller_for
from engine.catalogue.options import ExemplarsOption
from engine.inpaint import FillOptions
from engine.mask.grow import parse_grow
from engine.modules.options import takes_wishes
from engine.reference import EXPRESSIONS
from engine.reference.options import ExpressionOption, ReferencesOption

INTERRUPTED = 130


@takes_wishes
def batch(
    inputs: Annotated[
        list[Path] | None, typer.Argument(help="Folders (subfolders are kept) and photos.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The folder for the results.")
    ] = None,
    masks: Annotated[
        Path | None,
        typer.Option(help="A folder of masks of the same names, or one mask for all photos."),
    ] = None,
    mask_pattern: Annotated[
        list[str] | None,
        typer.Option(help="How masks are named: '{stem}_m.png', '{name}.*'. May be repeated."),
    ] = None,
    transparent: Annotated[
        bool, typer.Option("--transparent", help="Fill what is transparent.")
    ] = False,
    marker: Annotated[
        str | None, typer.Option(help="Fill what is painted in this colour: red, '#ff0000'.")
    ] = None,
    part: Annotated[
        list[str] | None,
        typer.Option(
            help="Fill a part of every face (eyes, mouth, skin, ...), or what is worn on it, where "
            "it is: glasses, face_mask. May be repeated."
        ),
    ] = None,
    scratches: Annotated[
        bool, typer.Option("--scratches", help="Find scratches and spots, and fill them.")
    ] = False,
    invert: Annotated[
        bool, typer.Option("--invert", help="Fill what is black in the masks instead.")
    ] = False,
    grow: Annotated[
        str,
        typer.Option(
            help="Pixels every mask is made larger by; auto: as far as what it hugs shows at its "
            "border."
        ),
    ] = "auto",
    yes: Annotated[bool, typer.Option("--yes", help="Fill even nearly whole photos.")] = False,
    list_: Annotated[
        Path | None,
        typer.Option("--list", help="A text file with one photo a line; - reads it from a pipe."),
    ] = None,
    format_: Annotated[
        str, typer.Option("--format", help="keep, or convert to jpg, png, webp, tif, jxl.")
    ] = KEEP_FORMAT,
    quality: Annotated[
        int | None, typer.Option(help="1 to 100, of JPEG, WebP, AVIF and JPEG XL.")
    ] = None,
    name: Annotated[
        str, typer.Option(help="How results are called: {stem} {name} {number} {model} {emotion}.")
    ] = "{stem}",
    conflict: Annotated[
        str, typer.Option(help=f"Where a result exists: {', '.join(CONFLICTS)}.")
    ] = RESUME,
    overwrite: Annotated[bool, typer.Option(help="The same as --conflict overwrite.")] = False,
    doubtful: Annotated[
        str,
        typer.Option(
            help=f"Photos with a face that may lie wrong: {', '.join(DOUBTFUL_CHOICES)}. Saved and "
            "named, saved, or left out."
        ),
    ] = DOUBT_FLAG,
    references: ReferencesOption = None,
    expression: ExpressionOption = EXPRESSIONS[0],
    model: Annotated[
        str, typer.Option(help="An installed model, or 'prior' for no sharpening.")
    ] = "default",
    exemplars: ExemplarsOption = "",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    precision: Annotated[
        str,
        typer.Option(
            help="auto: what is fastest here (on a cluster exact); exact: float32 anywhere."
        ),
    ] = AUTO,
    seed: Annotated[int, typer.Option(help="Equal seeds give equal fills on one device.")] = 0,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Photos filled at a time; by cores and memory.")
    ] = None,
    lying: Annotated[
        bool,
        typer.Option("--lying", help="Leave turned JPEGs on their sides, with orientation tag."),
    ] = False,
    sidecars: Annotated[
        bool,
        typer.Option(
            "--sidecars",
            help="Copy what other programs keep beside photos (.xmp, .pp3, .dop, Takeout's .json).",
        ),
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait while another batch writes to the output folder.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Stay, and fill photos as they come in.")
    ] = False,
    ray: Annotated[
        str | None, typer.Option(help="Fill on a Ray cluster: its address, or auto.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a line; take pause, go and stop.")
    ] = False,
    *,
    wishes: dict[str, Any],
) -> None:
    """Fill many photos; a bad file is reported and the rest goes on (exit code 1).

    Holes come from mask pictures, from what is transparent or painted in a colour, from parts of
    faces, or from scratches that are found. The same command goes on where a stopped one was. When
    nothing matches, the exit code is 2.
    """
    paths = list(inputs or ())
    if list_ is not None:
        paths += _listed(list_)
    if output is None:
        raise typer.BadParameter("Give the folder for the results: -o FOLDER.")
    if watch and ray is not None:
        raise typer.BadParameter("--watch fills on this machine; leave --ray out.")
    if references is not None and ray is not None:
        raise typer.BadParameter("--references are read on this machine; leave --ray out.")
    job = BatchJob(
        tuple(paths),
        output,
        MaskRule(
            folder=masks if masks is not None and not masks.is_file() else None,
            file=masks if masks is not None and masks.is_file() else None,
            patterns=tuple(mask_pattern or ()) or MASK_PATTERNS,
            transparent=transparent,
            marker=marker,
            parts=tuple(part or ()),
            scratches=scratches,
            invert=invert,
            sure=yes,
            grow=parse_grow(grow),
        ),
        FillOptions(
            model=model,
            exemplars=exemplars,
            device=device,
            precision=precision,
            seed=seed,
            expression=expression,
            **wishes,
        ),
        format=format_,
        quality=quality,
        name=name,
        conflict=OVERWRITE if overwrite else conflict,
        doubtful=doubtful,
        references=references,
        lying=lying,
        sidecars=sidecars,
    )
    _check_model(job)
    control = Control()
    listening = as_json and (list_ is None or str(list_) != "-")
    with teller_for(as_json) as teller, _interruptible(control, teller):
        if listening:
            _listen(control)
        try:
            summary = _run(job, teller, control, jobs=jobs, wait=wait, watch=watch, ray=ray)
        except NothingMatchedError as error:
            teller.refuse(str(error))
            raise typer.Exit(2) from None
        except MienError as error:
            if not as_json:
                raise
            teller.refuse(str(error))
            raise typer.Exit(1) from None
        teller.end(summary)
        if unread := passed_over(job):
            named = ", ".join(unread[:8]) + (", ..." if len(unread) > 8 else "")
            one = len(unread) == 1
            are = "file of a kind that is not read was" if one else "files of unread kinds were"
            teller.hint(f"{len(unread)} {are} passed over: {named}.")
        code = _code(summary, job, teller)
    if code:
        raise typer.Exit(code)


def _run(
    job: BatchJob,
    teller: Teller,
    control: Control,
    *,
    jobs: int | None,
    wait: bool,
    watch: bool,
    ray: str | None,
) -> Summary:
    from engine.batch.workers import choose_workers

    if ray is not None:
        from engine.batch.cluster import run_on_ray

        return run_on_ray(
            job,
            ray,
            report=teller.report,
            planned=teller.begin,
            control=control,
            wait=wait,
        )
    if watch:
        from engine.batch.watch import watch_folder

        return watch_folder(
            job, report=teller.report, entered=teller.entered, control=control, wait=wait
        )
    return run_batch(
        job,
        report=teller.report,
        entered=teller.entered,
        planned=teller.begin,
        control=control,
        wait=wait,
        workers=choose_workers(job, jobs),
    )


def _code(summary: Summary, job: BatchJob, teller: Teller) -> int:
    if summary.stopped:
        return INTERRUPTED
    if summary.count(FAILED):
        return 1
    if summary.records and summary.count(UNWORN) == len(summary.records):
        teller.hint(f"Nobody in these photos wears {job.masks.words}; every photo stays as it is.")
        return 0
    found_none = summary.count(NOTHING) + summary.count(UNWORN)
    if summary.records and found_none == len(summary.records):
        teller.hint(
            f"No {job.masks.words} was found in any photo; look at one of them with "
            "'inpaint', or give masks with --masks."
        )
        return 2
    return 0


def _listed(path: Path) -> list[Path]:
    try:
        if str(path) == "-":
            return list(read_list(sys.stdin.read(), Path()))
        return list(read_list(path.read_text(encoding="utf-8-sig"), path.parent))
    except (OSError, UnicodeDecodeError) as error:
        raise MienError(
            f"The list {path} could not be read ({error}); it is text in UTF-8, a path a line."
        ) from None


def _check_model(job: BatchJob) -> None:
    """Refuse a model that is unknown, or fills nothing, before 300 photos each fail for it."""
    from engine.catalogue.exemplars import check_exemplars
    from engine.catalogue.weights import find_filler

    find_filler(job.options.model)
    check_exemplars(job.options.exemplars)


@contextlib.contextmanager
def _interruptible(control: Control, teller: Teller) -> Iterator[None]:
    """The first Ctrl+C lets the photo in hand be finished, the second gives it up."""

    def interrupt(_number: int, _frame: object) -> None:
        if control.stop.is_set():
            raise KeyboardInterrupt
        control.cancel()
        teller.stopping()

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = [name for name in ("SIGINT", "SIGTERM") if hasattr(signal, name)]
    earlier = {name: signal.signal(getattr(signal, name), interrupt) for name in names}
    try:
        yield
    finally:
        for name, handler in earlier.items():
            signal.signal(getattr(signal, name), handler)


def _listen(control: Control) -> None:
    """Take pause, go and stop, one a line, from whoever started this."""
    orders = {"pause": control.pause, "go": control.resume, "stop": control.cancel}

    def read() -> None:
        with contextlib.suppress(OSError, ValueError):
            for line in sys.stdin:
                orders.get(line.strip(), lambda: None)()

    threading.Thread(target=read, daemon=True, name="orders").start()
