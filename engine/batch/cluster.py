"""A batch on many machines, through Ray: the same work on one photo, elsewhere.

Photos and masks travel as bytes, results come back as bytes, so no shared disk is needed; names,
conflicts, log and lock stay here. A worker that dies costs its photo a second try on another.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.base.errors import MienError
from engine.batch.job import BatchJob
from engine.batch.log import FAILED, Log, Record, locked
from engine.batch.plan import Item, plan_batch
from engine.batch.runner import Clock, Control, Create, Report, Summary, log_path
from engine.batch.settle import Settler
from engine.batch.work import DECODE, Work, begin, process, stage
from engine.fill import create_inpainter

RETRIES = 1  # on another worker, when one dies: a photo that kills a second one is set aside
WAITING = 2  # photos on their way for every worker

_inpainters: dict[str, Any] = {}


@dataclass(frozen=True)
class Parcel:
    """What travels: a photo, its mask, and what to do."""

    item: Item
    job: BatchJob
    photo: bytes
    mask: bytes | None
    threads: int


def run_on_ray(
    job: BatchJob,
    address: str = "auto",
    *,
    report: Report | None = None,
    planned: Callable[[list[Item]], None] | None = None,
    control: Control | None = None,
    create: Create = create_inpainter,
    threads: int | None = None,
    wait: bool = False,
) -> Summary:
    """Fill every photo of a job on the Ray cluster at `address` ("auto": the one this machine
    belongs to). threads: of a worker, and so the cores it takes; None for the machine's own count
    here. Every worker calculates exactly, whatever precision is asked for: equal threads and
    machines of one kind give the bytes of an exact local run.

    Raises MienError where Ray is missing or the cluster does not answer.
    """
    ray = _connected(address)
    items = plan_batch(job)
    with locked(job.output, wait=wait):
        log = Log(log_path(job))
        if planned is not None:
            planned(items)
        # Workers may be unlike, and others may join: what is fastest differs, float32 does not.
        settler = Settler(job, items, log)
        sender = _Sender(ray, job.exactly(), settler, control or Control(), create, threads)
        return sender.over(items, report)


def _connected(address: str) -> Any:
    try:
        import ray  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise MienError(
            "--ray needs the package ray, which comes with the cluster extra: "
            "pip install 'mien[cluster]'."
        ) from None
    if not ray.is_initialized():
        # A worker that the machine's memory ends does not count as dead: such a photo would be
        # tried for ever.
        os.environ.setdefault("RAY_task_oom_retries", str(RETRIES))
        try:
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        except ray.exceptions.AuthenticationError as error:
            raise MienError(
                f"The Ray cluster at '{address}' wants a token: put the one of its head into "
                "~/.ray/auth_token or RAY_AUTH_TOKEN, with RAY_AUTH_MODE=token."
            ) from error
        except (ConnectionError, ValueError, RuntimeError, TimeoutError) as error:
            raise MienError(
                f"No Ray cluster answers at '{address}' ({str(error).splitlines()[0]}); "
                "start one with: ray start --head. One that wants a token answers only with "
                "RAY_AUTH_MODE=token and the token in ~/.ray/auth_token."
            ) from error
    return ray


class _Sender:
    """Sends photos out and takes results in; a few are under way for every worker."""

    def __init__(
        self,
        ray: Any,
        job: BatchJob,
        settler: Settler,
        control: Control,
        create: Create,
        threads: int | None,
    ) -> None:
        import torch

        self._ray, self._job, self._settler, self._control = ray, job, settler, control
        self._threads = threads or torch.get_num_threads()
        # Workers on this machine find the program where it is; others have it installed.
        root = str(Path(__file__).parents[2])
        places = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
        # A worker asks for its threads' cores, but never for more than any machine has.
        largest = max((node["Resources"].get("CPU", 1) for node in ray.nodes()), default=1)
        self._cores = max(1, min(self._threads, int(largest)))
        remote = ray.remote(
            num_cpus=self._cores,
            num_gpus=1 if job.options.device == "cuda" else 0,
            max_retries=RETRIES,
            # A task that raised would raise again; one whose worker died would not.
            retry_exceptions=False,
            runtime_env={"env_vars": {"PYTHONPATH": places, "OMP_NUM_THREADS": str(self._threads)}},
        )(_process_parcel)
        self._send = lambda parcel: remote.remote(parcel, create)

    def over(self, items: list[Item], report: Report | None) -> Summary:
        clock, records = Clock(len(items)), dict[int, Record]()
        under_way: dict[Any, Work] = {}
        waiting = iter(items)
        upcoming = next(waiting, None)

        def end(work: Work) -> None:
            self._settler.commit(work)
            records[work.item.number] = replace(work.record, laid=[], readings=[])
            if report is not None:
                report(clock.tick(work.record), work.record)

        while upcoming is not None or under_way:
            if not self._control.go.is_set() and not under_way:
                self._control.wait()
            if self._control.stop.is_set():
                upcoming = None
            while (
                upcoming is not None and self._control.go.is_set() and len(under_way) < self._room()
            ):
                work = begin(upcoming, self._job)
                reference = self._begin(work)
                if reference is None:
                    end(work)
                else:
                    under_way[reference] = work
                upcoming = next(waiting, None)
            if under_way:
                ready, _ = self._ray.wait(list(under_way), num_returns=1, timeout=0.5)
                for reference in ready:
                    work = under_way.pop(reference)
                    self._take(work, reference)
                    end(work)
        ordered = tuple(records[number] for number in sorted(records))
        stopped = self._control.stop.is_set() and len(records) < len(items)
        return Summary(ordered, len(items), clock.seconds, stopped)

    def _room(self) -> int:
        workers = int(self._ray.cluster_resources().get("CPU", 1)) // self._cores
        return max(1, WAITING * workers)

    def _begin(self, work: Work) -> Any:
        """The reference of a photo that was sent, None where nothing is to be done."""
        if work.is_over:
            return None
        with stage(work, DECODE):
            self._settler.settle(work)
            if not work.is_over:
                item = work.item
                photo = _bytes_of(item.photo)
                mask = None if item.mask is None else _bytes_of(item.mask)
                parcel = Parcel(item, self._job, photo, mask, self._threads)
                return self._send(self._ray.put(parcel))
        return None

    def _take(self, work: Work, reference: Any) -> None:
        """The record and the result of a photo that came back."""
        name = work.item.name
        try:
            record, data = self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            errors, reason = self._ray.exceptions, str(error).strip().splitlines()[-1].rstrip(".")
            raised = isinstance(error, errors.RayTaskError)
            where = "a worker" if raised else f"{RETRIES + 1} workers"
            if isinstance(error, errors.OutOfMemoryError):
                reason = "it takes more memory than they have"
            work.end(FAILED, f"{name} could not be filled on {where} ({reason}).")
            return
        work.record = record
        if data is None:
            return
        with stage(work, "store"):
            work.temporary = self._settler.temporary_for(work)
            try:
                work.temporary.write_bytes(data)
            except OSError as error:
                raise MienError(
                    f"{work.target} could not be written ({error.strerror}); free some space."
                ) from error


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise MienError(f"{path} could not be read ({error.strerror}).") from error


def _process_parcel(parcel: Parcel, create: Create) -> tuple[Record, bytes | None]:
    """On a worker: one photo, from bytes to bytes. The networks stay loaded for the next one."""
    import socket

    import torch

    torch.set_num_threads(parcel.threads)
    key = f"{create.__module__}.{create.__qualname__}"
    if key not in _inpainters:
        _inpainters[key] = create()
    item = parcel.item
    with tempfile.TemporaryDirectory(prefix="mien-") as folder:
        (Path(folder) / "masks").mkdir()
        photo = Path(folder) / item.photo.name
        photo.write_bytes(parcel.photo)
        mask = None
        if item.mask is not None and parcel.mask is not None:
            mask = Path(folder) / "masks" / item.mask.name
            mask.write_bytes(parcel.mask)
        here = replace(item, photo=photo, mask=mask)
        temporary = Path(folder) / f"result{item.target.suffix}"
        work = process(here, parcel.job, _inpainters[key], temporary)
        work.record.worker = f"{socket.gethostname()}:{os.getpid()}"
        done = work.temporary is not None
        return work.record, temporary.read_bytes() if done else None
