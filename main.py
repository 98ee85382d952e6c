"""The one door to Mien: no verb opens the editor, a verb does its job without one."""

from __future__ import annotations

import io
import json
import logging
import multiprocessing
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.base.errors import Cancelled, MienError
from engine.base.libraries import missing_for_window, missing_library
from engine.batch.tell import one_line
from engine.batch.verb import batch
from engine.modules.options import takes_wishes
from engine.reference.options import (
    ExpressionOption,
    ReferenceFaceOption,
    ReferenceOption,
    SamePersonOption,
)
from training.verbs import app as training_app

VERBS = ("inpaint", "batch", "prepare", "train", "evaluate", "models", "doctor")
# What OpenCV asks of a Debian or Ubuntu, and what the editor asks beside it.
LIBRARIES = "libgl1 libglib2.0-0"
EDITOR_LIBRARIES = (
    "libegl1 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0 "
    "libdbus-1-3 libfontconfig1"
)
TRAINING_PACKAGES = ("lightning_fabric", "tensorboard", "stlpips_pytorch", "skimage", "scipy")

app = typer.Typer(
    name="mien",
    help="Mien paints hidden parts of faces back. Without a verb it opens the editor: "
    "mien [PHOTO ...]",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.add_typer(training_app)


def _print_version(asked: bool) -> None:
    if asked:
        from engine.doctor import mien_version

        typer.echo(f"Mien {mien_version()}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print it."),
    ] = False,
) -> None:
    """What holds without a verb."""


ModelOption = Annotated[str, typer.Option(help="An installed model, or 'prior' for no sharpening.")]
DeviceOption = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
PrecisionOption = Annotated[
    str, typer.Option(help="auto: what is fastest here; exact: float32 on any processor.")
]
SeedOption = Annotated[int, typer.Option(help="Equal seeds give equal fills on one device.")]
FaceOption = Annotated[
    list[str] | None,
    typer.Option("--face", help="Where a face is: X,Y,WIDTH,HEIGHT[,ANGLE]. May be repeated."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
GrowOption = Annotated[
    str,
    typer.Option(
        help="Pixels the mask is made larger by; auto: as far as what it hugs shows at its border."
    ),
]
VariantOption = Annotated[int, typer.Option(help="0 the most probable fill, 1, 2, ... others.")]


@app.command()
@takes_wishes
def inpaint(
    photo: Annotated[Path, typer.Argument(help="The photo to fill.")],
    mask: Annotated[
        Path,
        typer.Option(
            help="A picture of the photo's size: white is filled, or what is drawn on a "
            "transparent or black ground."
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the result.")],
    face: FaceOption = None,
    model: ModelOption = "default",
    device: DeviceOption = "auto",
    precision: PrecisionOption = "auto",
    seed: SeedOption = 0,
    variant: VariantOption = 0,
    reference: ReferenceOption = None,
    reference_face: ReferenceFaceOption = None,
    expression: ExpressionOption = "keep",
    same_person: SamePersonOption = False,
    invert: Annotated[bool, typer.Option("--invert", help="Fill what is black instead.")] = False,
    marker: Annotated[
        str | None,
        typer.Option(
            help="The mask is a photo, and what is painted on it in this colour is filled: red, "
            "#ff0000 or 255,0,0."
        ),
    ] = None,
    grow: GrowOption = "auto",
    yes: Annotated[bool, typer.Option("--yes", help="Fill even nearly the whole photo.")] = False,
    partial: Annotated[
        bool, typer.Option("--partial", help="Of a file that ends early, open what is there.")
    ] = False,
    lying: Annotated[
        bool,
        typer.Option("--lying", help="Leave a turned JPEG on its side, with its orientation tag."),
    ] = False,
    overwrite: Annotated[bool, typer.Option(help="Replace OUTPUT if it exists.")] = False,
    steps: Annotated[
        Path | None, typer.Option(help="A folder for the picture after every step, for developers.")
    ] = None,
    as_json: JsonOption = False,
    *,
    wishes: dict[str, Any],
) -> None:
    """Fill the masked part of one photo."""
    from engine.base.device import check_device
    from engine.catalogue.weights import find_filler
    from engine.face.frames import parse_frame
    from engine.fill import create_inpainter
    from engine.inpaint import FillOptions, FillRequest
    from engine.mask.file import open_mask, parse_colour, refuse_doubtful
    from engine.mask.grow import grow_mask, parse_grow
    from engine.photo import (
        changed_on_disk,
        check_destination,
        check_room,
        open_photo,
        save_losses,
        write_photo,
    )
    from engine.reference.files import read_references, refuse_strangers, told_of_references

    frames = tuple(parse_frame(text) for text in face or ())
    options = FillOptions(
        model=model,
        device=device,
        precision=precision,
        seed=seed,
        frames=frames,
        variant=variant,
        expression=expression,
        **wishes,
    )
    check_destination(output, overwrite=overwrite)
    find_filler(model)  # what cannot be is said before anything is loaded
    check_device(device)
    by = parse_grow(grow)
    colour = None if marker is None else parse_colour(marker)
    picture = _open_whole(open_photo, photo, partial)
    check_room(picture, output)
    lost = save_losses(picture, output)
    if lost and not as_json:
        typer.echo(f"{output.name} will be without {', '.join(lost)}.", err=True)
    turned = picture.metadata.orientation
    hole = open_mask(mask, picture.size, invert=invert, marker=colour, orientation=turned)
    if hole.is_empty:
        raise MienError(
            f"The mask {mask} is all black; paint white what should be filled, or invert it "
            "(--invert) to fill what is black."
        )
    if not yes:
        refuse_doubtful(hole, mask.name)
    hole, by = grow_mask(picture.rgb8, hole, by)
    watch = None
    if steps is not None:
        from engine.fill.record import StepPictures

        watch = StepPictures(steps)
    inpainter = create_inpainter(watch)
    references = read_references(
        reference or (), reference_face or (), inpainter.find_faces, same_person
    )
    result = inpainter.fill(FillRequest(picture, hole, options, references=references))
    refuse_strangers(references, result.references)
    if (
        output.exists()
        and photo.exists()
        and output.samefile(photo)
        and (changed_on_disk(picture.stamp, output))
    ):
        raise MienError(f"{output} was changed by another program meanwhile; fill it again.")
    filled = picture.apply(*result.patches)
    written = write_photo(filled, output, overwrite=overwrite, lying=lying)
    saved = written.path
    if as_json:
        told = {
            "output": str(saved),
            "outside": written.outside,
            "grown": by,
            "lost": lost,
            **result.as_dict(),
        }
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    kinds = ", ".join(f"{patch.kind} {patch.seconds:.2f} s" for patch in result.patches)
    typer.echo(f"{saved}: {result.seconds:.1f} s on {result.device}, {result.model} ({kinds})")
    for line in told_of_references(references, result.references):
        typer.echo(line)
    if written.notice:
        typer.echo(written.notice)
    for doubt in result.doubts:
        place = ",".join(f"{v:g}" for v in doubt.as_dict()["frame"])
        typer.echo(f"{doubt.sentence} If it does, draw its frame: it was --face {place}.")
    if grow == "auto" and by:
        typer.echo(f"The mask hugged what it hides and was grown by {by} pixels (--grow 0: not).")


def _open_whole(open_photo, path: Path, partial: bool):
    """The photo; of one that ends early the sentence names the option that opens it."""
    from engine.photo import IncompletePhotoError

    try:
        return open_photo(path, partial=partial)
    except IncompletePhotoError as error:
        sentence = str(error).rstrip(".")
        raise MienError(f"{sentence} (--partial).") from error


app.command()(batch)


@app.command()
def models(as_json: JsonOption = False) -> None:
    """List the installed models and check their files."""
    from engine.doctor import model_table

    rows = model_table()
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        typer.echo(f"{row['name']:<20} {row['kind']:<10} {row['state']:<10} {row['title']}")


@app.command()
def doctor(as_json: JsonOption = False) -> None:
    """Versions, devices and installed models: what to send with a question."""
    from engine.doctor import examine

    findings = examine()
    if as_json:
        typer.echo(json.dumps(findings, indent=2))
        return
    for key, value in findings.items():
        if isinstance(value, dict):
            typer.echo(f"{key}:")
            for name, entry in value.items():
                typer.echo(f"  {name}: {entry}")
        elif isinstance(value, list):
            typer.echo(f"{key}:")
            for entry in value:
                typer.echo(f"  {entry}")
        else:
            typer.echo(f"{key}: {value}")


def main(arguments: list[str] | None = None) -> int:
    """Run a verb, or the editor; the process's exit code."""
    # Torch's threads spin while they wait. Beside a training, or any busy program, that turns a
    # preview of a third of a second into ten seconds; asleep, they cost nothing. It is read when
    # torch is loaded, which happens later.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    arguments = sys.argv[1:] if arguments is None else arguments
    for name in ("stdout", "stderr"):
        # A desktop's starter, or a service, may close them; there is nobody to tell then.
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        # A name that a console's encoding lacks is shown escaped; it must not end a verb.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    if not arguments or not _is_for_verbs(arguments[0]):
        return _open_editor([Path(argument) for argument in arguments])
    try:
        # A typer.Exit comes back as its code here; a verb itself returns None.
        code = app(arguments, standalone_mode=False)
        sys.stdout.flush()
    except MienError as error:
        _refuse(arguments, one_line(str(error)))
        return 1
    except (BrokenPipeError, SystemExit) as error:
        # Whoever read has read enough: what was asked for is done, and told to nobody. (Typer
        # makes a failure of it.)
        if isinstance(error, SystemExit) and not isinstance(error.__context__, BrokenPipeError):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Cancelled:
        print("Cancelled; nothing was changed.", file=sys.stderr)
        return 130
    except (KeyboardInterrupt, typer.Abort):
        print("Interrupted.", file=sys.stderr)
        return 130
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in TRAINING_PACKAGES:
            raise
        _refuse(arguments, missing_package(str(error.name)))
        return 1
    except ImportError as error:
        library = missing_library(error)
        if library is None:
            raise
        print(_install(library, "Mien", LIBRARIES), file=sys.stderr)
        return 1
    except Exception as error:
        # Usage errors are click's, or the copy of click inside newer releases of Typer.
        show, code = getattr(error, "show", None), getattr(error, "exit_code", None)
        if show is None or code is None:
            raise
        if "--json" in arguments:
            told = getattr(error, "format_message", None)
            words = told() if told else str(error)
            print(json.dumps({"event": "error", "message": words}), flush=True)
        show()
    return code if isinstance(code, int) else 0


def _refuse(arguments: list[str], sentence: str) -> None:
    """Say why nothing was done: who reads JSON, the editor's panel above all, is told in it."""
    if "--json" in arguments:
        print(json.dumps({"event": "error", "message": sentence}), flush=True)
    print(sentence, file=sys.stderr)


def missing_package(name: str) -> str:
    """The sentence for a verb whose Python package is not there."""
    if getattr(sys, "frozen", False):
        return (
            f"This verb needs the package {name}, which the installed program does not carry; "
            "run it from Mien's source, set up with: make setup"
        )
    return (
        f"This verb needs the package {name}, which comes with the training extra: "
        "pip install -e '.[training]' in Mien's folder."
    )


def _install(library: str, who: str, packages: str) -> str:
    """The sentence for a library that `who` needs, with the packages that bring all of them."""
    return (
        f"{who} needs the system's library {library}, which is not installed. On Debian and "
        f"Ubuntu: sudo apt install {packages}."
    )


def _open_editor(photos: list[Path]) -> int:
    """The editor, or one sentence on what this computer lacks for it."""
    hint = "Without an editor: mien inpaint PHOTO --mask MASK -o OUTPUT (see mien --help)."
    screens = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform == "linux" and not any(os.environ.get(name) for name in screens):
        print(f"The editor needs a display, and there is none. {hint}", file=sys.stderr)
        return 1
    try:
        from gui.app import run
    except ImportError as error:
        library = missing_library(error)
        if library is None:
            raise
    else:
        library = missing_for_window()
    if library is not None:
        told = _install(library, "The editor", f"{LIBRARIES} {EDITOR_LIBRARIES}")
        print(f"{told} {hint}", file=sys.stderr)
        return 1
    return run(photos)


def _is_for_verbs(argument: str) -> bool:
    """Whether the command line takes it: a verb, an option, or a word that can be no photo."""
    if argument in VERBS or argument.startswith("-"):
        return True
    return not Path(argument).suffix and not Path(argument).exists()


if __name__ == "__main__":
    multiprocessing.freeze_support()  # 'prepare' starts workers, in a frozen bundle too
    sys.exit(main())
