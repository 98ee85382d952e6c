"""Where a result goes and what may be replaced: decided before a photo is filled, held to when
the result gets its name."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from engine.base.device import BFLOAT16, CV2, EXACT, FLOAT32, TORCH, has_bfloat16
from engine.base.errors import MienError
from engine.batch.job import OVERWRITE, RENAME, RESUME, BatchJob
from engine.batch.log import EXISTS, FAILED, PART, Log, digest_of, way_of
from engine.batch.plan import Item, free_name
from engine.batch.sidecars import copy_sidecar, sidecars_of
from engine.batch.work import Work
from engine.photo import JPEG_SUFFIXES


def going_on(job: BatchJob, log: Log) -> BatchJob:
    """The job as an earlier run of it was calculated: what was begun in float32 stays in it, so
    that the results of one batch are alike whatever machine takes it up."""
    way = log.way_of(job.digest)
    if job.conflict != RESUME or way is None or way[0] == BFLOAT16:
        return job
    if way[1] == CV2 and not has_bfloat16():
        return job  # this machine chooses no other float32
    return job.exactly()


class Settler:
    """Decides for one output folder. `protected` are the inputs and masks: nothing is ever
    written onto one, whatever links lead there."""

    def __init__(self, job: BatchJob, items: list[Item], log: Log) -> None:
        self._job, self._log = job, log
        self._protected: set[Path] = set()
        self.protect(items)

    def protect(self, items: list[Item]) -> None:
        """More inputs that must stay as they are."""
        for item in items:
            self._protected.update(p.resolve() for p in (item.photo, item.mask) if p is not None)

    def settle(self, work: Work) -> None:
        """Choose the target of a work, or end it because its result is there already.

        Notes the digests of photo and mask where they decide. Raises MienError.
        """
        job, item, record = self._job, work.item, work.record
        target = item.target
        if target.resolve() in self._protected:
            raise MienError(
                f"The result of {item.name} would replace a photo or a mask; give another "
                "output folder or another --name."
            )
        if job.conflict == OVERWRITE:
            work.replaces = True
        elif job.conflict == RENAME:
            work.target = free_name(target)
        elif job.conflict == RESUME and self._resume(work):
            return
        elif target.exists() and not work.replaces:
            record.output = self._name_of(target)
            work.end(EXISTS, note="A file of this name was there and was left as it is.")
            if job.conflict != RESUME:
                record.note = ""

    def _resume(self, work: Work) -> bool:
        """Whether the result is there already; a result of an earlier run that no longer fits
        the photo, the mask or the job may be replaced."""
        item, record, result = work.item, work.record, work.item.target
        name = self._name_of(result)
        earlier = [line for line in self._log.before(item.name) if line.get("output") == name]
        if not earlier or not result.is_file():
            return False
        record.input_sha256 = digest_of(item.photo)
        record.mask_sha256 = None if item.mask is None else digest_of(item.mask)
        there = digest_of(result)
        asked = {key: getattr(record, key) for key in ("input_sha256", "mask_sha256", "job")}
        for line in earlier:
            if line.get("output_sha256") == there:
                work.replaces = True  # our own
                exact = way_of(line) == (FLOAT32, TORCH)
                if not exact and self._job.options.precision == EXACT:
                    continue
                beside = (self._job.output / one for one in line.get("sidecars", ()))
                whole = all(path.exists() for path in beside)
                if whole and all(line.get(key) == value for key, value in asked.items()):
                    record.output, record.output_sha256 = name, there
                    work.end(EXISTS)
                    return True
        return False

    def temporary_for(self, work: Work) -> Path:
        """A name beside the target that is nobody's; its folder is made. Raises MienError."""
        assert work.target is not None
        folder = work.target.parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise MienError(f"{folder} could not be made ({error.strerror}).") from error
        return folder / (PART.format(secrets.token_hex(6)) + work.target.suffix)

    def commit(self, work: Work) -> None:
        """Log the work; then, in one step, give its result its name."""
        record, temporary = work.record, work.temporary
        if temporary is None:
            if not self._log.says(record):
                self._log.write(record)
            return
        try:
            assert work.target is not None
            if self._job.conflict == RENAME:
                work.target = free_name(work.target)
            record.output = self._name_of(work.target)
            beside = sidecars_of(work.item.photo, work.target) if self._job.sidecars else []
            record.sidecars = [self._name_of(target) for _, target in beside]
            self._log.write(record)
            try:
                _name(temporary, work.target, replace=work.replaces)
                self._bring(work, beside)
            except FileExistsError:
                self._take_back(work, f"{work.target} exists now; it was left as it is.")
            except OSError as error:
                self._take_back(
                    work, f"{work.target} could not be written ({error.strerror}); free some space."
                )
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink()

    def _bring(self, work: Work, beside: list[tuple[Path, Path]]) -> None:
        """Copy side files to the result; one that cannot be is noted."""
        assert work.target is not None
        record, failed = work.record, []
        lying = self._job.lying and work.target.suffix.lower() in JPEG_SUFFIXES
        for source, target in beside:
            try:
                if target.resolve() in self._protected or target.resolve() == source.resolve():
                    raise MienError(f"{target} is one of the photos' own; give another folder.")
                if target.exists() and not work.replaces:
                    raise MienError(f"{target} exists now; it was left as it is.")
                copy_sidecar(source, target, record.turned, lying)
            except MienError as error:
                failed.append(str(error))
                record.sidecars.remove(self._name_of(target))
        if failed:
            record.note = " ".join([record.note, *failed]).strip()
            self._log.write(record)

    def _take_back(self, work: Work, error: str) -> None:
        work.record.output_sha256 = None
        work.end(FAILED, error)
        self._log.write(work.record)

    def _name_of(self, target: Path) -> str:
        return target.relative_to(self._job.output).as_posix()


def _name(temporary: Path, target: Path, *, replace: bool) -> None:
    if replace:
        temporary.replace(target)
        return
    try:
        os.link(temporary, target)  # fails where the name is taken, in one step
    except FileExistsError:
        raise
    except (OSError, NotImplementedError, AttributeError):  # a file system without links
        if target.exists():
            raise FileExistsError(target) from None
        temporary.replace(target)
