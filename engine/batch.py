"""Many photos at once: a folder in, a folder out, one bad file never stops the rest."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine.errors import MienError
from engine.inpaint import FillOptions, FillRequest, Inpainter, create_inpainter
from engine.mask import open_mask
from engine.photo import OPEN_SUFFIXES, check_destination, open_photo, save_photo

FILLED, FAILED, NO_MASK, EXISTS = "filled", "failed", "no mask", "exists"


@dataclass(frozen=True)
class Outcome:
    """What became of one photo: its path below the folder, the state, the sentence of a failure,
    seconds spent and the patches painted."""

    photo: str
    state: str
    error: str = ""
    seconds: float = 0.0
    patches: int = 0


@dataclass(frozen=True)
class Summary:
    """The outcomes of a batch, in the order of the photos' names."""

    outcomes: tuple[Outcome, ...]

    def count(self, state: str) -> int:
        """How many photos ended in a state."""
        return sum(outcome.state == state for outcome in self.outcomes)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for `--json` and logs."""
        return {
            "filled": self.count(FILLED),
            "failed": self.count(FAILED),
            "without_mask": self.count(NO_MASK),
            "existing": self.count(EXISTS),
            "photos": [asdict(outcome) for outcome in self.outcomes],
        }


Report = Callable[[int, int, Outcome], None]


def run_batch(
    folder: Path,
    masks: Path,
    output: Path,
    options: FillOptions | None = None,
    *,
    overwrite: bool = False,
    report: Report | None = None,
    cancel: threading.Event | None = None,
    inpainter: Inpainter | None = None,
) -> Summary:
    """Fill every photo of `folder` (below it too) that has a mask of the same stem.

    Masks are looked for in the same subfolder of `masks`, then at its top. Results keep the
    photos' names and subfolders; one that exists is left alone unless `overwrite`, so that a
    batch that was stopped goes on where it was. Cancelling ends it after the photo at hand.
    Raises MienError when the folders themselves cannot be used.
    """
    photos = _photos(folder, masks, output)
    inpainter = inpainter or create_inpainter()
    outcomes: list[Outcome] = []
    for number, photo in enumerate(photos, start=1):
        if cancel is not None and cancel.is_set():
            break
        name = photo.relative_to(folder)
        started = time.perf_counter()
        try:
            state, patches = _fill_one(
                photo, _mask_for(name, masks), output / name, options, overwrite, inpainter
            )
            outcome = Outcome(str(name), state, "", _since(started), patches)
        except MienError as error:
            outcome = Outcome(str(name), FAILED, str(error), _since(started))
        except Exception as error:  # the batch outlives whatever one file provokes
            sentence = f"{name} could not be filled ({type(error).__name__}: {error})."
            outcome = Outcome(str(name), FAILED, sentence, _since(started))
        outcomes.append(outcome)
        if report is not None:
            report(number, len(photos), outcome)
    return Summary(tuple(outcomes))


def _photos(folder: Path, masks: Path, output: Path) -> list[Path]:
    for place, what in ((folder, "photos"), (masks, "masks")):
        if not place.is_dir():
            raise MienError(f"There is no folder {place}; give the folder that holds the {what}.")
    if output.resolve() == folder.resolve():
        raise MienError("Results would replace the photos; give another folder for them.")
    if output.exists() and not output.is_dir():
        raise MienError(f"{output} is a file; give a folder for the results.")
    inside = [
        place.resolve()
        for place in (masks, output)
        if place.resolve() != folder.resolve() and place.resolve().is_relative_to(folder.resolve())
    ]
    photos = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in OPEN_SUFFIXES
        and path.is_file()
        and not any(path.resolve().is_relative_to(place) for place in inside)
    ]
    if not photos:
        raise MienError(f"{folder} holds no photos; JPEG, PNG, WebP, TIFF and BMP are read.")
    return photos


def _mask_for(name: Path, masks: Path) -> Path | None:
    for place in (masks / name.parent, masks):
        for suffix in (".png", *OPEN_SUFFIXES):
            for ending in (suffix, suffix.upper()):
                candidate = place / (name.stem + ending)
                if candidate.is_file():
                    return candidate
    return None


def _fill_one(
    source: Path,
    mask: Path | None,
    target: Path,
    options: FillOptions | None,
    overwrite: bool,
    inpainter: Inpainter,
) -> tuple[str, int]:
    if mask is None:
        return NO_MASK, 0
    if target.exists() and not overwrite:
        return EXISTS, 0
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MienError(f"{target.parent} could not be made ({error.strerror}).") from error
    check_destination(target, overwrite=overwrite)
    photo = open_photo(source)
    hole = open_mask(mask, photo.size)
    if hole.is_empty:
        raise MienError(f"The mask {mask.name} is all black; paint white what should be filled.")
    result = inpainter.fill(FillRequest(photo, hole, options or FillOptions()))
    photo = photo.apply(*result.patches)
    save_photo(photo, target, overwrite=overwrite)
    return FILLED, len(result.patches)


def _since(started: float) -> float:
    return round(time.perf_counter() - started, 3)
