"""What a batch is asked to do, as plain values: they are written down, compared and sent."""

from __future__ import annotations

import hashlib
import json
import re
import string
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from engine.base.device import EXACT
from engine.base.errors import MienError
from engine.face.parts import PARTS
from engine.inpaint import FillOptions
from engine.mask.file import parse_colour
from engine.photo import SAVE_SUFFIXES
from engine.worn import THINGS

SKIP, RENAME, OVERWRITE, RESUME = "skip", "rename", "overwrite", "resume"
CONFLICTS = (RESUME, SKIP, RENAME, OVERWRITE)
# What a rule may name of every face: its parts, and what it wears.
NAMED_PARTS = (*PARTS, *(thing for thing in THINGS if thing not in PARTS))
KEEP_FORMAT = "keep"
# A photo with a face that may lie wrong is saved, saved and named, or left.
DOUBT_KEEP, DOUBT_FLAG, DOUBT_SKIP = "keep", "flag", "skip"
DOUBTFUL_CHOICES = (DOUBT_FLAG, DOUBT_KEEP, DOUBT_SKIP)
NAME_FIELDS = ("stem", "name", "number", "model", "emotion")
PATTERN_FIELDS = ("stem", "name")
# In the order they are tried; '*' stands for any ending of a picture.
MASK_PATTERNS = (
    "{stem}.*",
    "{name}.*",
    "{stem}_mask.*",
    "{stem}-mask.*",
    "{stem}.mask.*",
    "{stem} mask.*",
    "{stem}mask.*",
    "mask_{stem}.*",
)
LOG_NAME = "mien-batch.jsonl"


class NothingMatchedError(MienError):
    """No photo of a batch has anything to fill: what was asked for is another thing than what is
    there. items: the photos all the same, as `plan_batch` gives them."""

    def __init__(self, sentence: str, items: Iterable[Any] = ()) -> None:
        super().__init__(sentence)
        self.items = tuple(items)


@dataclass(frozen=True)
class MaskRule:
    """Where the holes come from.

    folder: masks by name, looked for by `patterns` in the photo's own subfolder, then at the top;
    None looks beside the photos. file: one mask for all. Instead of mask files: `transparent`
    fills what is transparent, `marker` ("#ff0000", "red") what is painted in that colour, `parts`
    these parts of every face or what it wears (of NAMED_PARTS), `scratches` the scratches and spots
    that are found. With a folder or a file, `marker` is looked for in the mask's picture. invert:
    masks' pictures keep what is white in them. sure: masks that would repaint nearly everything are
    meant. grow: pixels more all around, None for as many as what a mask hugs shows at its border.
    """

    folder: Path | None = None
    file: Path | None = None
    patterns: tuple[str, ...] = MASK_PATTERNS
    transparent: bool = False
    marker: str | None = None
    parts: tuple[str, ...] = ()
    scratches: bool = False
    invert: bool = False
    sure: bool = False
    grow: int | None = None

    def __post_init__(self) -> None:
        for part in self.parts:
            if part not in NAMED_PARTS:
                known = ", ".join(NAMED_PARTS)
                raise MienError(f"'{part}' is no part of a face; choose of {known}.")
        if self.marker is not None:
            parse_colour(self.marker)
        for pattern in self.patterns:
            _check_fields(pattern, PATTERN_FIELDS, "mask pattern", needs=("stem", "name"))
        if self.folder is not None and self.file is not None:
            raise MienError("Masks come from a folder or from one file, not from both.")
        if self.has_files and (self.transparent or self.parts or self.scratches):
            raise MienError("Give masks, or a rule that needs none, not both.")
        if self.invert and not self.needs_files:
            raise MienError("Only masks can be inverted; give some, or leave the rule as it is.")
        if self.grow is not None and self.grow < 0:
            raise MienError("A mask is grown by 0 pixels or more.")

    @property
    def has_files(self) -> bool:
        """Whether masks are pictures that were named."""
        return self.folder is not None or self.file is not None

    @property
    def needs_files(self) -> bool:
        """Whether a photo without a mask's picture has no hole."""
        ruled = self.transparent or self.marker is not None or self.parts or self.scratches
        return self.has_files or not ruled

    @property
    def needs_faces(self) -> bool:
        """Whether the faces must be found before the hole is known."""
        return bool(self.parts) or self.scratches

    @property
    def is_of_worn(self) -> bool:
        """Whether only what people wear is filled, and so nothing on who wears nothing."""
        other = self.transparent or self.marker is not None or self.scratches
        return bool(self.parts) and not other and all(part in THINGS for part in self.parts)

    @property
    def words(self) -> str:
        """What is filled, for a sentence."""
        named = [part.replace("_", " ") for part in self.parts]
        named += ["scratches or spots"] * self.scratches + ["transparent area"] * self.transparent
        named += [f"area marked {self.marker}"] if self.marker and not self.has_files else []
        return " or ".join(named) or "mask"


@dataclass(frozen=True)
class BatchJob:
    """A whole batch.

    inputs: folders (taken whole, subfolders kept) and single photos. output: the results' folder.
    format: "keep" or an ending to convert to (".png"). name: how results are called, of the fields
    {stem} {name} {number} {model} {emotion}; the ending is added. conflict: what to do where a
    result exists: "resume" goes on where the same batch was (by content), "skip" leaves it,
    "rename" numbers the new one, "overwrite" replaces it. quality: 1..100 for JPEG and WebP, None
    keeps the photo's own. doubtful: what becomes of a photo with a face that may lie wrong: "flag"
    saves it and says so, "keep" saves it and leaves that to the log, "skip" leaves it out.
    references: a folder with other photos of the people (see engine.batch.references). lying: JPEGs
    on their sides stay so, with their orientation tag. sidecars: what other programs keep beside
    photos is copied beside the results. Raises MienError for what cannot be meant.
    """

    inputs: tuple[Path, ...]
    output: Path
    masks: MaskRule = field(default_factory=MaskRule)
    options: FillOptions = field(default_factory=FillOptions)
    format: str = KEEP_FORMAT
    name: str = "{stem}"
    conflict: str = RESUME
    quality: int | None = None
    doubtful: str = DOUBT_FLAG
    references: Path | None = None
    lying: bool = False
    sidecars: bool = False

    def __post_init__(self) -> None:
        if not self.inputs:
            raise MienError("Give a folder of photos, or photos.")
        if self.conflict not in CONFLICTS:
            raise MienError(f"'{self.conflict}' is none of {', '.join(CONFLICTS)}.")
        if self.doubtful not in DOUBTFUL_CHOICES:
            raise MienError(
                f"'{self.doubtful}' is no way with doubtful photos; choose one of "
                f"{', '.join(DOUBTFUL_CHOICES)}."
            )
        if self.format != KEEP_FORMAT:
            ending = "." + self.format.lower().lstrip(".")
            if ending not in SAVE_SUFFIXES:
                known = ", ".join(suffix.lstrip(".") for suffix in SAVE_SUFFIXES)
                raise MienError(
                    f"'{self.format}' is no format to save in; keep, or one of {known}."
                )
            object.__setattr__(self, "format", ending)
        if self.quality is not None and not 1 <= self.quality <= 100:
            raise MienError(f"A quality of {self.quality} is not between 1 and 100.")
        _check_fields(self.name, NAME_FIELDS, "name", needs=("stem", "name", "number"))
        if re.search(r"[/\\\0]", self.name):
            raise MienError("A name for results has no '/' in it; subfolders are kept as they are.")

    def exactly(self) -> BatchJob:
        """The same in exact precision."""
        return replace(self, options=replace(self.options, precision=EXACT))

    @property
    def digest(self) -> str:
        """16 hex digits that change with everything that is asked of a result. Precision is not:
        it is how a result is calculated, and a line of the log says it by itself."""
        rule = replace(self.masks, folder=None, file=None, patterns=MASK_PATTERNS, sure=False)
        options = asdict(self.options)
        del options["precision"]
        if not options["exemplars"]:
            del options["exemplars"]  # older than that choice
        told = [asdict(rule), options, self.format, self.quality, *["lying"] * self.lying]
        told += ["sidecars"] * self.sidecars
        if self.references is None:
            del options["expression"]  # of references
        else:
            told.append(self.references)
        text = json.dumps(told, default=str, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def _check_fields(
    pattern: str, known: tuple[str, ...], what: str, *, needs: tuple[str, ...]
) -> None:
    try:
        names = [name for _, name, _, _ in string.Formatter().parse(pattern) if name is not None]
        pattern.format(**{name: 1 if name == "number" else "x" for name in known})
    except (ValueError, KeyError, IndexError, AttributeError):
        fields = ", ".join(f"{{{name}}}" for name in known)
        raise MienError(f"The {what} '{pattern}' may name only {fields}.") from None
    if not set(names) & set(needs):
        fields = " or ".join(f"{{{name}}}" for name in needs)
        raise MienError(f"The {what} '{pattern}' is the same for every photo; put {fields} in it.")
