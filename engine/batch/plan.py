"""From a job to its list of photos, masks and results: what a run does, and a window shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from engine.base.errors import MienError
from engine.batch.inputs import PhotoFile, gather
from engine.batch.job import KEEP_FORMAT, BatchJob, NothingMatchedError
from engine.batch.masks import MaskFinder
from engine.batch.references import ReferenceFinder
from engine.photo import SAVE_SUFFIXES
from engine.photo.names import key_of

LONGEST_NAME = 255  # bytes of a file name on every file system in use


@dataclass(frozen=True)
class Item:
    """One photo of a batch.

    number: 1 .. n. photo: its file. name: its path below the folder it came from, '/' between.
    mask: the mask's picture, None where there is none or the rule needs none. target: where the
    result goes. has_hole: False where a mask is needed and missing. references: photos that may
    show what is hidden in it.
    """

    number: int
    photo: Path
    name: str
    mask: Path | None
    target: Path
    has_hole: bool = True
    references: tuple[Path, ...] = ()


def plan_batch(job: BatchJob) -> list[Item]:
    """The photos of a job in order, with masks and results. Cheap: names are read, not pictures
    (but those that may be masks).

    Raises NothingMatchedError, with what was looked for and what is there, where no photo has a
    mask, and MienError for folders that cannot be used.
    """
    files = gather(job)
    finder = MaskFinder(job.masks, files)
    masks = [finder.mask_of(file) for file in files]
    targets = name_results(job, files)
    holes = [mask is not None or not job.masks.needs_files for mask in masks]
    shelf = None
    if job.references is not None:
        filled = (file.path for file, hole in zip(files, holes, strict=True) if hole)
        shelf = ReferenceFinder(job.references, filled)
    items = [
        Item(
            number,
            file.path,
            file.name.as_posix(),
            mask,
            target,
            hole,
            shelf.of(file) if shelf is not None and hole else (),
        )
        for number, (file, mask, target, hole) in enumerate(
            zip(files, masks, targets, holes, strict=True), start=1
        )
    ]
    if job.masks.needs_files and not any(masks):
        raise NothingMatchedError(finder.hint(files), items)
    return items


def name_results(job: BatchJob, files: Iterable[PhotoFile]) -> list[Path]:
    """Where the result of each photo goes: no two in one place, in any case and normal form."""
    taken: set[str] = set()
    targets = []
    for number, file in enumerate(files, start=1):
        stem = job.name.format(
            stem=file.path.stem,
            name=file.path.name,
            number=number,
            model=job.options.model,
            emotion=job.options.emotion,
        )
        suffix = file.path.suffix if job.format == KEEP_FORMAT else job.format
        if suffix.lower() not in SAVE_SUFFIXES:
            suffix = ".png"  # what can be read but not written keeps its pixels
        folder = job.output / file.name.parent
        target = folder / (stem + suffix)
        again = 2
        while key_of(str(target)) in taken:
            target = folder / f"{stem}-{again}{suffix}"
            again += 1
        if len(target.name.encode("utf-8", "surrogateescape")) > LONGEST_NAME:
            raise MienError(f"The result's name for {file.path.name} is too long; shorten it.")
        taken.add(key_of(str(target)))
        targets.append(target)
    return targets


def free_name(target: Path) -> Path:
    """The path, or the first of `name-2`, `name-3`, ... that does not exist."""
    free, number = target, 2
    while free.exists():
        free = target.with_name(f"{target.stem}-{number}{target.suffix}")
        number += 1
    return free
