"""Running a batch on this machine: the stages of different photos overlap, memory stays bounded.

While one photo is filled, the next ones are decoded and their faces found, and the ones before are
encoded. What one thread does to a photo another does not see: a work is handed on, never shared.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from engine.base.errors import Cancelled
from engine.batch.job import LOG_NAME, BatchJob
from engine.batch.log import (
    DOUBTFUL,
    EXISTS,
    FAILED,
    FILLED,
    NO_MASK,
    NOTHING,
    UNWORN,
    Log,
    Record,
    locked,
)
from engine.batch.plan import Item, plan_batch
from engine.batch.settle import Settler, going_on
from engine.batch.work import (
    DECODE,
    ENCODE,
    FILL,
    FIND,
    STAGES,
    Entered,
    Work,
    begin,
    decode,
    encode,
    fill,
    find,
    stage,
)
from engine.batch.workers import Budget, Workers, bytes_needed, choose_workers, share_threads
from engine.fill import create_batch_inpainter
from engine.inpaint import Inpainter


@dataclass(frozen=True)
class Summary:
    """How a batch ended, photo by photo in the order of the plan. stopped: before its end."""

    records: tuple[Record, ...] = ()
    total: int = 0
    seconds: float = 0.0
    stopped: bool = False

    def count(self, state: str) -> int:
        """How many photos ended in a state."""
        return sum(record.state == state for record in self.records)

    def as_dict(self) -> dict[str, Any]:
        """Plain figures for `--json`."""
        return {
            "filled": self.count(FILLED),
            "failed": self.count(FAILED),
            "without_mask": self.count(NO_MASK),
            "existing": self.count(EXISTS),
            "nothing_found": self.count(NOTHING),
            "nothing_worn": self.count(UNWORN),
            "doubtful": sum(bool(record.doubtful) for record in self.records),
            "left_out": self.count(DOUBTFUL),
            "total": self.total,
            "seconds": round(self.seconds, 3),
            "stopped": self.stopped,
        }


@dataclass
class Control:
    """What others may do to a run: `stop` lets the photos in hand be finished, `pause` holds it
    before the next one."""

    stop: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.go.set()

    def pause(self) -> None:
        self.go.clear()

    def resume(self) -> None:
        self.go.set()

    def cancel(self) -> None:
        self.stop.set()
        self.go.set()

    def wait(self) -> bool:
        """Wait while paused; whether to go on."""
        self.go.wait()
        return not self.stop.is_set()


@dataclass(frozen=True)
class Status:
    """Where a run is after a photo: how many are done of how many, seconds that are left (None
    while nothing can be said)."""

    done: int
    total: int
    left: float | None


Report = Callable[[Status, Record], None]
Create = Callable[[], Inpainter]


def run_batch(
    job: BatchJob,
    *,
    report: Report | None = None,
    entered: Entered | None = None,
    control: Control | None = None,
    create: Create = create_batch_inpainter,
    workers: Workers | None = None,
    wait: bool = False,
    planned: Callable[[list[Item]], None] | None = None,
) -> Summary:
    """Fill every photo of a job, and log each in the output folder.

    report: told in the caller's thread after every photo. entered: told, in any thread, when a
    photo enters a stage. create: makes an inpainter; each filling thread has one of its own.
    wait: take turns with another run on the same output instead of being refused. planned: told
    the items before the first is begun. Raises MienError, NothingMatchedError among them, where
    the batch as a whole cannot be done; a photo that cannot is only reported.
    """
    items = plan_batch(job)
    with locked(job.output, wait=wait):
        log = Log(log_path(job))
        if planned is not None:
            planned(items)
        settler = Settler(job, items, log)
        run = Run(going_on(job, log), log, settler, control or Control(), create, workers)
        return run.over(items, report, entered)


def log_path(job: BatchJob) -> Path:
    """The log of a job."""
    return job.output / LOG_NAME


class Clock:
    """How long the rest will take, from the photos that took any time."""

    def __init__(self, total: int) -> None:
        self._total, self._done, self._worked = total, 0, 0
        self._started = time.perf_counter()

    def tick(self, record: Record) -> Status:
        """One more photo is done."""
        self._done += 1
        self._worked += record.state in (FILLED, FAILED, NOTHING, UNWORN, DOUBTFUL)
        left = None
        if self._worked:
            left = (time.perf_counter() - self._started) / self._worked * (self._total - self._done)
        return Status(self._done, self._total, left)

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._started


class Run:
    """One run's threads. `over` may be called once."""

    def __init__(
        self,
        job: BatchJob,
        log: Log,
        settler: Settler,
        control: Control,
        create: Create,
        workers: Workers | None = None,
    ) -> None:
        self._job, self._log, self._settler, self._control = job, log, settler, control
        self._create = create
        self._workers = workers or choose_workers(job)
        share_threads(self._workers)
        self._entered: Entered | None = None
        self._finished: queue.SimpleQueue[Work] = queue.SimpleQueue()
        self._own = threading.local()
        self._hard = threading.Event()  # a second Ctrl+C: what is in hand is given up too

    def over(
        self, items: Iterable[Item], report: Report | None, entered: Entered | None
    ) -> Summary:
        """Fill the items; see run_batch."""
        items, self._entered = list(items), entered
        clock, records = Clock(len(items)), dict[int, Record]()
        workers = self._workers
        budget = Budget(workers.memory)
        with contextlib.ExitStack() as stack:
            pools = [
                stack.enter_context(ThreadPoolExecutor(count, thread_name_prefix=name))
                for count, name in (
                    (workers.decoders, DECODE),
                    (workers.finders, FIND),
                    (workers.fillers, FILL),
                    (workers.encoders, ENCODE),
                )
            ]
            # Leaving for an error must not wait for photos that nobody will ask for.
            stack.callback(self._hard.set)
            self._pools = dict(zip(STAGES, pools, strict=True))
            waiting, under_way = iter(items), dict[int, int]()
            upcoming = next(waiting, None)
            needed = bytes_needed(upcoming)
            while upcoming is not None or under_way:
                if self._control.stop.is_set():
                    upcoming = None
                while (
                    upcoming is not None
                    and len(under_way) < workers.at_once
                    and budget.take(needed)
                ):
                    under_way[upcoming.number] = needed
                    work = begin(upcoming, self._job)
                    self._pools[DECODE].submit(self._guard, self._decode, work)
                    upcoming = next(waiting, None)
                    needed = bytes_needed(upcoming)
                if not under_way:
                    continue
                with contextlib.suppress(queue.Empty):
                    work = self._finished.get(timeout=0.5)
                    budget.give(under_way.pop(work.item.number))
                    if work.record.state == FILLED and work.record.output_sha256 is None:
                        continue  # given up because the run was stopped
                    self._settler.commit(work)
                    records[work.item.number] = _slim(work.record)
                    if report is not None:
                        report(clock.tick(work.record), work.record)
        stopped = self._control.stop.is_set() and len(records) < len(items)
        ordered = tuple(records[number] for number in sorted(records))
        return Summary(ordered, len(items), clock.seconds, stopped)

    # In the threads.

    def _guard(self, step: Callable[[Work], None], work: Work) -> None:
        """Do a step; whatever happens, the work comes back."""
        try:
            step(work)
        except Cancelled:
            work.drop()
            self._finished.put(work)
        except BaseException as error:
            work.end(FAILED, f"{work.item.name} could not be filled ({error!r}).")
            self._finished.put(work)

    def _hand_on(self, work: Work, to: str, step: Callable[[Work], None]) -> None:
        if work.is_over:
            self._finished.put(work)
        else:
            self._pools[to].submit(self._guard, step, work)

    def _decode(self, work: Work) -> None:
        self._may_go_on()
        if not work.is_over:
            with stage(work, DECODE, self._entered):
                self._settler.settle(work)
                if not work.is_over:
                    decode(work, self._job)
        self._hand_on(work, FIND, self._find)

    def _find(self, work: Work) -> None:
        self._may_go_on()
        with stage(work, FIND, self._entered):
            find(work, self._job, self._inpainter(), self._hard)
        self._hand_on(work, FILL, self._fill)

    def _fill(self, work: Work) -> None:
        self._may_go_on()
        with stage(work, FILL, self._entered):
            fill(work, self._job, self._inpainter(), self._hard)
        self._hand_on(work, ENCODE, self._encode)

    def _encode(self, work: Work) -> None:
        # No question of going on: what is filled is written.
        with stage(work, ENCODE, self._entered):
            encode(work, self._job, self._settler.temporary_for(work))
        self._finished.put(work)

    def _may_go_on(self) -> None:
        if self._hard.is_set() or not self._control.wait():
            raise Cancelled

    def _inpainter(self) -> Inpainter:
        """This thread's own: an inpainter serves one thread."""
        if not hasattr(self._own, "inpainter"):
            self._own.inpainter = self._create()
        return self._own.inpainter


def _slim(record: Record) -> Record:
    """The record without what only the log keeps, so that a summary of 100,000 photos is small."""
    return replace(record, laid=[], readings=[])
