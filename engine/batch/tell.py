"""Telling how a batch goes: a live bar on a terminal, plain lines in a pipe, JSON for programs."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import unicodedata
from collections.abc import Iterator
from typing import Any, Protocol, TextIO

from engine.batch.log import DOUBTFUL, EXISTS, FILLED, NO_MASK, NOTHING, UNWORN, Record
from engine.batch.plan import Item
from engine.batch.runner import Status, Summary

WORDS = {
    FILLED: "filled",
    EXISTS: "was there",
    NO_MASK: "no mask",
    NOTHING: "nothing to fill",
    UNWORN: "nothing worn",
    DOUBTFUL: "left out",
}


class Teller(Protocol):
    """What a run tells: its beginning, every photo, its end, and why it was refused."""

    def begin(self, items: list[Item]) -> None: ...
    def entered(self, item: Item, stage: str) -> None: ...
    def report(self, status: Status, record: Record) -> None: ...
    def stopping(self) -> None: ...
    def end(self, summary: Summary) -> None: ...
    def hint(self, text: str) -> None: ...
    def refuse(self, text: str) -> None: ...


@contextlib.contextmanager
def teller_for(as_json: bool) -> Iterator[Teller]:
    """The teller that suits where the output goes."""
    if as_json:
        yield Json(sys.stdout)
    elif sys.stdout.isatty():
        with Bar() as bar:
            yield bar
    else:
        yield Lines(sys.stdout, sys.stderr)


class Lines:
    """One plain line a photo; failures go to the other stream."""

    def __init__(self, out: TextIO, err: TextIO) -> None:
        self._out, self._err = out, err

    def begin(self, items: list[Item]) -> None:
        """Nothing: the first photo's line says how many there are."""

    def entered(self, item: Item, stage: str) -> None:
        """Nothing: stages are for live views."""

    def report(self, status: Status, record: Record) -> None:
        left = f", {clock(status.left)} left" if status.left else ""
        place = f"[{status.done}/{status.total}] " if status.total else ""
        line = f"{place}{record.photo}: {line_of(record)}"
        _say(line + left, self._err if record.error else self._out)

    def stopping(self) -> None:
        _say("Stopping after the photo in hand; again to give it up.", self._err)

    def end(self, summary: Summary) -> None:
        _say(sentence_of(summary), self._out)

    def hint(self, text: str) -> None:
        _say(text, self._err)

    def refuse(self, text: str) -> None:
        _say(text, self._err)


class Json:
    """One object a line: "begin", "stage", "photo", "result", "error"."""

    def __init__(self, out: TextIO) -> None:
        self._out, self._lock = out, threading.Lock()

    def _tell(self, event: str, **values: Any) -> None:
        text = json.dumps({"event": event, **values}) + "\n"
        with self._lock, contextlib.suppress(BrokenPipeError):
            self._out.write(text)
            self._out.flush()

    def begin(self, items: list[Item]) -> None:
        self._tell("begin", total=len(items), photos=[item.name for item in items])

    def entered(self, item: Item, stage: str) -> None:
        self._tell("stage", photo=item.name, number=item.number, stage=stage)

    def report(self, status: Status, record: Record) -> None:
        left = None if status.left is None else round(status.left, 1)
        self._tell(
            "photo", done=status.done, total=status.total, remaining=left, **record.as_dict()
        )

    def stopping(self) -> None:
        self._tell("stopping")

    def end(self, summary: Summary) -> None:
        self._tell("result", **summary.as_dict())

    def hint(self, text: str) -> None:
        self._tell("hint", message=text)

    def refuse(self, text: str) -> None:
        self._tell("error", message=text)


class Bar(Lines):
    """A live bar with the time left; lines for what went wrong scroll above it."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        super().__init__(sys.stdout, sys.stderr)
        self._console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=self._console,
        )
        self._task: Any = None

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def begin(self, items: list[Item]) -> None:
        self._task = self._progress.add_task("", total=len(items))

    def entered(self, item: Item, stage: str) -> None:
        if self._task is not None and stage == "fill":
            self._progress.update(self._task, description=_short(item.name))

    def report(self, status: Status, record: Record) -> None:
        if record.error or record.note or not status.total:
            line = one_line(f"{record.photo}: {line_of(record)}")
            self._console.print(line, soft_wrap=True)
        if self._task is not None:
            self._progress.update(self._task, completed=status.done)

    def stopping(self) -> None:
        self._console.print("Stopping after the photo in hand; again to give it up.")

    def end(self, summary: Summary) -> None:
        self._console.print(sentence_of(summary), soft_wrap=True)

    def hint(self, text: str) -> None:
        self._progress.stop()
        super().hint(text)

    def refuse(self, text: str) -> None:
        self.hint(text)


def line_of(record: Record) -> str:
    """What became of a photo, in a few words."""
    if record.error:
        return record.error
    words = WORDS.get(record.state, record.state)
    if record.state == FILLED:
        words += f", {record.total:.1f} s"
    return f"{words} ({record.note})" if record.note else words


def sentence_of(summary: Summary) -> str:
    """How a batch ended."""
    told = summary.as_dict()
    text = (
        "{filled} filled, {failed} failed, {without_mask} without a mask, {existing} were there "
        "already"
    ).format(**told)
    if told["nothing_found"]:
        text += ", {nothing_found} with nothing to fill".format(**told)
    if told["nothing_worn"]:
        text += ", {nothing_worn} with nothing worn".format(**told)
    if told["left_out"]:
        text += ", {left_out} left out for doubt".format(**told)
    elif told["doubtful"]:
        text += "; in {doubtful} a face may lie wrong".format(**told)
    if summary.stopped:
        left = summary.total - len(summary.records)
        text += f"; stopped with {left} to go, and the same command goes on"
    return text + "."


def clock(seconds: float) -> str:
    """Seconds as m:ss or h:mm:ss."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _short(name: str, most: int = 36) -> str:
    return name if len(name) <= most else "…" + name[-most + 1 :]


def one_line(text: str) -> str:
    """A text whose line breaks and other signs that a console obeys are written out: a file may be
    called anything."""
    return "".join(
        letter.encode("unicode_escape").decode() if unicodedata.category(letter) == "Cc" else letter
        for letter in text
    )


def _say(text: str, stream: TextIO) -> None:
    """Print in whatever the console can show: what it cannot is escaped, never an error."""
    text = one_line(text)
    encoding = getattr(stream, "encoding", None) or "utf-8"
    with contextlib.suppress(BrokenPipeError):
        print(text.encode(encoding, "backslashreplace").decode(encoding), file=stream, flush=True)
