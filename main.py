"""The one door to Mien: no verb opens the editor, a verb does its job without one."""

from __future__ import annotations

import io
import json
import logging
import multiprocessing
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from engine.base.errors import Cancelled, MienError
from engine.base.libraries import missing_for_window, missing_library
from engine.batch.tell import one_line
from engine.batch.verb import batch
from engine.inpaint_verb import JsonOption, inpaint
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


app.command()(inpaint)
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
