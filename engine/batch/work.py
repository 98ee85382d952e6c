"""One photo of a batch, stage by stage: decode, find, fill, encode.

The same functions run in this process, in several threads, or on another machine; nothing here
knows of folders, logs or other photos.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

from engine.base.errors import Cancelled, MienError
from engine.batch.job import DOUBT_KEEP, DOUBT_SKIP, BatchJob
from engine.batch.log import DOUBTFUL, FAILED, FILLED, NO_MASK, NOTHING, UNWORN, Record, digest_of
from engine.batch.masks import open_hole
from engine.batch.plan import Item
from engine.batch.references import reader
from engine.face.finder import Face
from engine.inpaint import FillRequest, Inpainter
from engine.mask import Mask
from engine.mask.file import refuse_doubtful
from engine.mask.grow import grow_mask
from engine.photo import Photo, open_photo, save_losses, write_photo

DECODE, FIND, FILL, ENCODE = "decode", "find", "fill", "encode"
STAGES: tuple[str, ...] = (DECODE, FIND, FILL, ENCODE)
Entered = Callable[[Item, str], None]


@dataclass
class Work:
    """A photo on its way through the stages. `is_over` once there is nothing more to do."""

    item: Item
    record: Record
    photo: Photo | None = None
    mask: Mask | None = None
    faces: tuple[Face, ...] | None = None
    temporary: Path | None = None
    target: Path | None = None
    replaces: bool = False  # whether a result at `target` may be replaced

    @property
    def is_over(self) -> bool:
        return self.record.state != FILLED or self.record.output_sha256 is not None

    def end(self, state: str, error: str = "", note: str = "") -> None:
        """Nothing more will be done; the pixels go."""
        self.record.state, self.record.error = state, error
        self.record.note = note or self.record.note
        self.drop()

    def drop(self) -> None:
        """Let the pixels go."""
        self.photo = self.mask = self.faces = None


def begin(item: Item, job: BatchJob) -> Work:
    """The work on an item; it is over at once where there is no hole."""
    mask = None if item.mask is None else item.mask.name
    work = Work(item, Record(item.name, FILLED, mask, job=job.digest), target=item.target)
    if not item.has_hole:
        work.end(NO_MASK)
    return work


@contextmanager
def stage(work: Work, name: str, entered: Entered | None = None) -> Iterator[None]:
    """Time a stage of a work, and end the work with a sentence where it fails."""
    if entered is not None:
        entered(work.item, name)
    started = time.perf_counter()
    photo = work.item.name
    try:
        yield
    except Cancelled:
        raise
    except MienError as error:
        work.end(FAILED, str(error))
    except MemoryError:
        work.end(FAILED, f"{photo} does not fit into memory; close other programs.")
    except Exception as error:  # a batch outlives whatever one file provokes
        work.end(FAILED, f"{photo} could not be filled ({type(error).__name__}: {error}).")
    finally:
        spent = work.record.seconds.get(name, 0.0) + time.perf_counter() - started
        work.record.seconds[name] = round(spent, 4)


def decode(work: Work, job: BatchJob) -> None:
    """Open photo and mask, and note what they are by their content."""
    item, rule = work.item, job.masks
    work.record.input_sha256 = work.record.input_sha256 or digest_of(item.photo)
    work.photo = photo = open_photo(item.photo)
    orientation, (width, height) = photo.metadata.orientation, photo.size
    if orientation != 1:
        lay = (height, width) if orientation >= 5 else (width, height)
        work.record.turned = [orientation, *lay]
    if item.mask is None:
        if not rule.needs_faces:
            _rule(work, job)
        return
    work.record.mask_sha256 = work.record.mask_sha256 or digest_of(item.mask)
    mask = open_hole(item.mask, photo, rule)
    if mask.is_empty:
        raise MienError(
            f"The mask {item.mask.name} is all black; paint white what should be filled, or "
            "invert it (--invert) to fill what is black."
        )
    if not rule.sure:
        refuse_doubtful(mask, item.mask.name)
    work.mask, work.record.grown = grow_mask(photo.rgb8, mask, rule.grow)


def find(work: Work, job: BatchJob, inpainter: Inpainter, stop: Event | None = None) -> None:
    """Find the faces; where the rule needs them, the hole too."""
    assert work.photo is not None
    work.faces = inpainter.find_faces(work.photo, stop)
    if work.mask is None:
        _rule(work, job)


def _rule(work: Work, job: BatchJob) -> None:
    from engine.batch.rules import hole_of

    assert work.photo is not None
    work.mask, work.record.grown = hole_of(work.photo, job.masks, work.faces or ())
    if work.mask.is_empty:
        work.record.faces = None if work.faces is None else len(work.faces)
        without = work.faces is not None and not any(f.mesh is not None for f in work.faces)
        if job.masks.is_of_worn and not without:
            work.end(UNWORN)
            return
        what = "face" if job.masks.parts and without else job.masks.words
        work.end(NOTHING, note=f"No {what} was found.")


def fill(work: Work, job: BatchJob, inpainter: Inpainter, stop: Event | None = None) -> None:
    """Fill the hole and lay the patches on the photo."""
    from engine.batch.rules import made_opaque

    assert work.photo is not None
    assert work.mask is not None
    request = FillRequest(work.photo, work.mask, job.options, work.faces)
    if work.item.references is not None:
        found = reader.read(
            work.item.references, job.masks, work.item.photo, request, inpainter, stop
        )
        request = replace(request, references=found)
    result = inpainter.fill(request, None, stop)
    work.photo = work.photo.apply(*result.patches)
    if job.masks.transparent:
        work.photo = made_opaque(work.photo, work.mask)
    told, record = result.as_dict(), work.record
    record.faces, record.model, record.device = len(result.faces), result.model, result.device
    record.precision, record.backend = result.precision, result.backend
    record.laid = [
        {k: p[k] for k in ("box", "kind", "laid", "confidence", "seconds")} for p in told["patches"]
    ]
    record.readings, record.doubtful = told["readings"], told["doubtful"]
    record.references = [one for one in told["references"] if one["shares"]]
    if result.doubts and job.doubtful != DOUBT_KEEP:
        record.note = " ".join(doubt.sentence for doubt in result.doubts)
        if job.doubtful == DOUBT_SKIP:
            work.end(DOUBTFUL)


def encode(work: Work, job: BatchJob, temporary: Path) -> None:
    """Write the result under a name that is not its own yet.

    The name keeps its ending, which says the format.
    """
    assert work.photo is not None
    lost = save_losses(work.photo, temporary, job.quality)
    if lost:
        told = f"The format cannot hold: {', '.join(str(loss) for loss in lost)}."
        work.record.note = f"{work.record.note} {told}".strip()
    try:
        written = write_photo(
            work.photo, temporary, overwrite=True, quality=job.quality, lying=job.lying
        )
    except MienError as error:
        # The name it has for the moment says nothing to anybody.
        named = temporary.name if work.target is None else work.target.name
        raise MienError(str(error).replace(temporary.name, named)) from error
    work.record.outside = written.outside
    if written.notice:
        told = f"It was encoded anew as a whole: {written.why}."
        work.record.note = f"{work.record.note} {told}".strip()
    work.temporary = temporary
    work.record.output_sha256 = digest_of(temporary)
    work.drop()


def process(
    item: Item,
    job: BatchJob,
    inpainter: Inpainter,
    temporary: Path,
    *,
    entered: Entered | None = None,
) -> Work:
    """All stages of one photo, one after the other; the result lies at `temporary`."""
    work = begin(item, job)
    steps = (
        (DECODE, lambda: decode(work, job)),
        (FIND, lambda: find(work, job, inpainter)),
        (FILL, lambda: fill(work, job, inpainter)),
        (ENCODE, lambda: encode(work, job, temporary)),
    )
    for name, step in steps:
        if work.is_over:
            break
        with stage(work, name, entered):
            step()
    work.drop()
    return work
