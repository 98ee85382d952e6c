"""How many threads a batch has, and how many photos are in memory at a time."""

from __future__ import annotations

import os
from dataclasses import dataclass

from engine.batch.job import BatchJob
from engine.batch.plan import Item

# Photo and its filled copy, 8-bit view, mask, hole, what the finder and the texture hold.
BYTES_A_PIXEL = 24
BYTES_A_FILLER = 1_200_000_000  # networks of their own, and what torch holds to work
CORES_A_FILLER = 8  # the networks are small: beyond, more threads help one fill little
SHARE_OF_MEMORY = 0.5  # of what is free when the batch starts
LEAST_MEMORY = 512 * 2**20


@dataclass(frozen=True)
class Workers:
    """Threads by stage; memory: bytes the photos under way may take together."""

    decoders: int = 1
    finders: int = 1
    fillers: int = 1
    encoders: int = 1
    memory: int = LEAST_MEMORY

    @property
    def at_once(self) -> int:
        """Photos under way: one for every thread, and one waiting for each filler."""
        return self.decoders + self.finders + 2 * self.fillers + self.encoders


def choose_workers(job: BatchJob, jobs: int | None = None) -> Workers:
    """By cores and free memory. jobs: how many photos are filled at a time, None to choose."""
    import psutil

    free = psutil.virtual_memory().available
    memory = max(LEAST_MEMORY, int(SHARE_OF_MEMORY * free))
    fillers = jobs or max(1, min(cores() // CORES_A_FILLER, (free - memory) // BYTES_A_FILLER))
    if jobs is None and fillers > 1 and _has_accelerator(job):
        fillers = 1  # one card, one queue
    pictures = max(1, min(4, cores() // 2))
    return Workers(pictures, 1 if fillers < 4 else 2, fillers, pictures, memory)


def cores() -> int:
    """The cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def share_threads(workers: Workers) -> None:
    """Give each of several fillers its share of the cores."""
    if workers.fillers > 1:
        import torch

        torch.set_num_threads(max(1, cores() // workers.fillers))


def _has_accelerator(job: BatchJob) -> bool:
    from engine.base.device import choose_device
    from engine.base.errors import MienError

    try:
        return choose_device(job.options.device) != "cpu"
    except MienError:
        return False


def bytes_needed(item: Item | None) -> int:
    """Roughly what a photo takes on its way, by its size in pixels; 0 for none."""
    from PIL import Image

    if item is None or not item.has_hole:
        return 0
    try:
        with Image.open(item.photo) as image:
            width, height = image.size
            deep = image.mode.startswith(("I", "F"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        # Not Pillow's, or damaged: a raw file unpacks to about ten times itself.
        try:
            return 10 * item.photo.stat().st_size
        except OSError:
            return 0
    return width * height * BYTES_A_PIXEL * (2 if deep else 1)


class Budget:
    """Bytes to share; one photo is always let in, however large. For one thread."""

    def __init__(self, limit: int) -> None:
        self._limit, self._taken = limit, 0

    def take(self, amount: int) -> bool:
        """Whether there was room; it is taken then."""
        if self._taken and self._taken + amount > self._limit:
            return False
        self._taken += amount
        return True

    def give(self, amount: int) -> None:
        self._taken -= amount
