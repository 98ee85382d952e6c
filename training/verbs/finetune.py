"""train finetune: a user's photos in, a model of the user's own out."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.base.errors import Cancelled, MienError
from training.verbs.apps import DeviceOption, JsonOption, train_app


@train_app.command("finetune")
def train_finetune(
    folder: Annotated[Path, typer.Argument(help="A folder or zip of photos, one face each.")],
    minutes: Annotated[float, typer.Option(help="Of training, all calls of a run together.")] = 20,
    name: Annotated[str | None, typer.Option(help="The new model; the folder's name.")] = None,
    run: Annotated[
        Path | None, typer.Option(help="The run's folder; one that exists is resumed.")
    ] = None,
    side: Annotated[int, typer.Option(help="Crop side in pixels.")] = 256,
    model: Annotated[str, typer.Option(help="The model to begin as.")] = "default",
    device: DeviceOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Fine-tune a model on your own photos; the same command goes on with a stopped run.

    Ctrl-C, or a line "stop" on standard input, ends it with everything learnt kept.
    """
    tell = tell_json if as_json else _Teller()
    stop = threading.Event()
    try:
        with stopping(stop):
            from engine.base.device import check_device
            from engine.catalogue.weights import find_filler

            find_filler(model)
            check_device(device)
            # Imported while a stop is listened for: torch takes seconds.
            from training.finetune import FinetuneOptions, finetune

            options = FinetuneOptions(folder, minutes, name, run, side, model, device)
            result = finetune(options, tell, stop)
    except Cancelled:
        tell({"event": "stopped"})
        return
    except MienError as error:
        if not as_json:
            raise
        tell({"event": "error", "message": str(error)})
        raise typer.Exit(1) from error
    tell({"event": "result", **result})


@contextlib.contextmanager
def stopping(stop: threading.Event) -> Iterator[None]:
    """Set `stop` on Ctrl-C, on a polite kill, and on a line "stop" from whoever started us."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: stop.set()) for number in numbers]
    if sys.stdin is not None and not sys.stdin.isatty():
        threading.Thread(target=_listen, args=(stop,), daemon=True).start()
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _listen(stop: threading.Event) -> None:
    # The bare file: a thread that waits inside sys.stdin would keep its lock at the program's end.
    heard = b""
    with contextlib.suppress(OSError, ValueError):
        while data := os.read(sys.stdin.fileno(), 1024):
            heard += data
            lines = heard.split(b"\n")
            heard = lines.pop()
            if any(line.strip() == b"stop" for line in lines):
                stop.set()
                return


def tell_json(event: dict[str, Any]) -> None:
    """One event, a line of JSON on standard output."""
    print(json.dumps(event, ensure_ascii=False), flush=True)


class _Teller:
    """Events in words."""

    def __init__(self) -> None:
        self._stage = ""

    def __call__(self, event: dict[str, Any]) -> None:
        kind = event["event"]
        if kind == "stage" and event["stage"] != self._stage:
            self._stage = event["stage"]
            print(_STAGES[self._stage], flush=True)
        elif kind == "step":
            minutes = event["remaining"] / 60
            print(
                f"  step {event['step']}, {event['samples']} samples, loss {event['total']:.4f}, "
                f"{minutes:.1f} minutes left",
                flush=True,
            )
        elif kind == "stopped":
            print("Stopped; the same command goes on.", flush=True)
        elif kind == "result":
            for when in ("before", "after"):
                figures = "  ".join(f"{k} {v:g}" for k, v in event[when].items())
                print(f"{when:<7} {figures}")
            print(
                f"The model '{event['model']}' is installed: {event['verdict']} on "
                f"{event['held_out']} faces held out.",
                flush=True,
            )


_STAGES = {
    "prepare": "Preparing the faces",
    "before": "Measuring the model as it is",
    "train": "Training",
    "after": "Measuring what was learnt",
    "export": "Writing the model",
}
