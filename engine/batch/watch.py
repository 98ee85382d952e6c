"""A folder that fills itself: what is there first, then every photo that comes in.

The system's notices only wake us; what is to be done is read off the folders each time, so that a
mask that comes after its photo, a folder that is moved in, or a notice that is lost all end well.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from engine.base.errors import MienError
from engine.batch.job import BatchJob
from engine.batch.log import Log, Record, locked
from engine.batch.plan import Item, plan_batch
from engine.batch.runner import Control, Create, Report, Run, Status, Summary, log_path
from engine.batch.settle import Settler, going_on
from engine.batch.work import Entered
from engine.batch.workers import Workers
from engine.fill import create_batch_inpainter

SETTLED = 2.0  # seconds a file must stay as it is: it is being copied until then
LOOK_ANYWAY = 30.0  # seconds; network drives send no notices
_STEP = 0.25

Signature = tuple[int, int]  # size in bytes, time of change


def watch_folder(
    job: BatchJob,
    *,
    report: Report | None = None,
    entered: Entered | None = None,
    control: Control | None = None,
    create: Create = create_batch_inpainter,
    settled: float = SETTLED,
    wait: bool = False,
) -> Summary:
    """Fill what lies in the job's folders and what comes in, one photo at a time, until stopped.

    A file is taken when it has not changed for `settled` seconds; one that failed is tried again
    when it changes. Raises MienError where the folders cannot be used.
    """
    folders = [given for given in job.inputs if given.is_dir()]
    if not folders:
        raise MienError("Only folders can be watched; give one.")
    control = control or Control()
    watched = [*folders, *([job.masks.folder] if job.masks.folder else [])]
    with locked(job.output, wait=wait), _woken(watched) as wake:
        watcher = _Watcher(job, control, create, settled)
        return watcher.watch(wake, report, entered)


class _Watcher:
    def __init__(self, job: BatchJob, control: Control, create: Create, settled: float) -> None:
        self._job, self._control, self._settled = job, control, settled
        self._log = Log(log_path(job))
        self._going = going_on(job, self._log)
        self._inpainter = create()
        self._seen: dict[Path, tuple[Signature, float]] = {}
        self._done: dict[str, tuple[Signature | None, Signature | None]] = {}
        self._records: list[Record] = []

    def watch(
        self, wake: threading.Event, report: Report | None, entered: Entered | None
    ) -> Summary:
        started = looked = time.monotonic()
        wake.set()
        while not self._control.stop.is_set():
            if not wake.wait(_STEP) and time.monotonic() - looked < LOOK_ANYWAY:
                continue
            wake.clear()
            looked = time.monotonic()
            self._control.wait()
            if self._fill_ready(report, entered):
                wake.set()  # something is not settled yet
                self._control.stop.wait(_STEP)
        seconds = time.monotonic() - started
        return Summary(tuple(self._records), len(self._records), seconds)

    def _fill_ready(self, report: Report | None, entered: Entered | None) -> bool:
        """Fill the photos that have settled; whether others still change."""
        try:
            items = plan_batch(self._job)
        except MienError:
            return False  # nothing there, or no mask yet
        changing = False
        for item in items:
            if self._control.stop.is_set():
                break
            if not item.has_hole:
                continue
            now = _signature(item.photo), None if item.mask is None else _signature(item.mask)
            if now[0] is None or self._done.get(item.name) == now:
                continue
            settled = [self._is_settled(path) for path in (item.photo, item.mask) if path]
            if not all(settled):
                changing = True
                continue
            self._done[item.name] = now
            self._fill(item, items, report, entered)
        return changing

    def _fill(
        self, item: Item, items: list[Item], report: Report | None, entered: Entered | None
    ) -> None:
        settler = Settler(self._job, items, self._log)
        run = Run(
            self._going, self._log, settler, self._control, lambda: self._inpainter, Workers()
        )
        summary = run.over([item], None, entered)
        for record in summary.records:
            self._records.append(record)
            if report is not None:
                report(Status(len(self._records), 0, None), record)

    def _is_settled(self, path: Path) -> bool:
        signature, now = _signature(path), time.monotonic()
        if signature is None:
            return False
        known = self._seen.get(path)
        if known is None or known[0] != signature:
            self._seen[path] = (signature, now)
            # What has lain there is settled already.
            return time.time() - path.stat().st_mtime > self._settled + 3600
        return now - known[1] >= self._settled


def _signature(path: Path) -> Signature | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_size, status.st_mtime_ns) if status.st_size else None


@contextlib.contextmanager
def _woken(folders: list[Path]) -> Iterator[threading.Event]:
    """An event that is set whenever something changes below the folders."""
    from watchdog.events import FileSystemEvent, FileSystemEventHandler
    from watchdog.observers import Observer
    from watchdog.observers.polling import PollingObserver

    wake = threading.Event()

    class Waker(FileSystemEventHandler):
        def on_any_event(self, event: FileSystemEvent) -> None:
            if event.event_type not in ("opened", "closed_no_write"):  # our own reading
                wake.set()

    def observe(kind):
        observer = kind()
        for folder in dict.fromkeys(os.path.realpath(path) for path in folders):
            observer.schedule(Waker(), folder, recursive=True)
        observer.start()
        return observer

    try:
        observer = observe(Observer)
    except OSError:  # more folders than the system watches
        observer = observe(PollingObserver)
    try:
        yield wake
    finally:
        observer.stop()
        observer.join()
