"""Which files of folders and lists are photos: side files, masks and results are none."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from engine.base.errors import MienError
from engine.batch.job import MASK_PATTERNS, BatchJob, MaskRule
from engine.photo.names import SIDE_NAMES, is_picture, is_side_file, key_of

# What other systems leave among photos.
SIDE_FOLDERS = {".thumbnails", ".trash", ".trashes", "$recycle.bin", "#recycle"} | SIDE_NAMES
# Pictures that are not read: named, where they lie among photos.
UNREAD = {
    *(".jp2", ".j2k", ".jpx", ".jpf", ".jxr", ".wdp", ".exr", ".hdr", ".tga", ".pcx", ".sgi"),
    *(".ppm", ".pgm", ".pbm", ".pnm", ".pam", ".svg", ".eps", ".ai", ".pdf", ".xcf", ".clip"),
    *(".afphoto", ".heics", ".avifs", ".insp", ".dcm", ".fits", ".ico", ".jps"),
}
_LOOKED_AT = 192  # pixels a side are enough to tell a mask from a photo


@dataclass(frozen=True)
class PhotoFile:
    """A photo to fill: where it lies, and its path below the folder it was found in."""

    path: Path
    name: Path


def read_list(text: str, base: Path) -> tuple[Path, ...]:
    """The paths of a list, one a line; empty lines and those that begin with # are passed over.
    Relative ones start at `base`. With NULs in it (find -print0) they part the paths, whatever
    these are made of."""
    if "\0" in text:
        return tuple(base / path for path in text.split("\0") if path.strip("\r\n"))
    lines = (line.strip("\r\n\ufeff") for line in text.split("\n"))
    return tuple(base / line for line in lines if line.strip() and not line.startswith("#"))


def gather(job: BatchJob) -> list[PhotoFile]:
    """The photos of a job, in the order of their names.

    Left out: side files, what lies in the masks', the references' or the output's folder below an
    input, and masks that lie among the photos. Raises MienError for inputs and outputs that cannot
    be used.
    """
    _check(job)  # of several photos, one that is not there fails by itself
    apart = [job.output, *([job.masks.folder] if job.masks.folder else [])]
    if job.references is not None and job.references not in job.inputs:
        apart.append(job.references)
    found: dict[Path, PhotoFile] = {}
    taken: set[str] = set()
    several = sum(given.is_dir() for given in job.inputs) > 1
    for given in job.inputs:
        if given.is_dir():
            files = _in_folder(given, apart)
            if several:  # each keeps its own name below the output
                files = [PhotoFile(s.path, Path(_absolute(given).name) / s.name) for s in files]
        else:
            files = [PhotoFile(given, Path(given.name))]
        for file in files:
            path = _absolute(file.path)
            if path not in found:
                found[path] = _apart_from(taken, file)
    if job.masks.file is not None:
        found.pop(_absolute(job.masks.file), None)
    files = _without_masks(list(found.values()), job)
    if not files:
        where = ", ".join(str(given) for given in job.inputs)
        raise MienError(f"{where} holds no photos; JPEG, PNG, WebP, TIFF and BMP are read.")
    return sorted(files, key=lambda file: (key_of(file.name.as_posix()), str(file.path)))


def _apart_from(taken: set[str], file: PhotoFile) -> PhotoFile:
    """The file under a name no other has: photos of several folders may be called the same."""
    name, number = file.name, 1
    while key_of(name.as_posix()) in taken:
        folder = file.path.absolute().parent.name
        name = Path(folder if number == 1 else f"{folder}-{number}") / file.name
        number += 1
    taken.add(key_of(name.as_posix()))
    return PhotoFile(file.path, name)


def _check(job: BatchJob) -> None:
    for given in job.inputs:
        if not given.exists() and not (len(job.inputs) > 1 and is_picture(given)):
            raise MienError(f"There is no {given}; give a folder of photos, or photos.")
        if given.is_dir() and _absolute(given) == _absolute(job.output):
            raise MienError("Results would replace the photos; give another folder for them.")
    masks = job.masks
    if masks.folder is not None and not masks.folder.is_dir():
        raise MienError(f"There is no folder {masks.folder}; give the folder that holds the masks.")
    if masks.file is not None and not masks.file.is_file():
        raise MienError(f"There is no mask {masks.file}; check the name.")
    if job.output.exists() and not job.output.is_dir():
        raise MienError(f"{job.output} is a file; give a folder for the results.")


def _in_folder(folder: Path, apart: list[Path]) -> list[PhotoFile]:
    top = _absolute(folder)
    kept_out = {_absolute(place) for place in apart} - {top}
    files = []
    for place, folders, names in os.walk(folder):
        here = Path(place)
        folders[:] = sorted(
            name
            for name in folders
            if name.lower() not in SIDE_FOLDERS
            and not name.startswith(".")
            and _absolute(here / name) not in kept_out
        )
        for name in sorted(names):
            path = here / name
            if is_picture(path) and path.is_file():
                files.append(PhotoFile(path, path.relative_to(folder)))
    return files


def _without_masks(files: list[PhotoFile], job: BatchJob) -> list[PhotoFile]:
    """The photos among pictures: a picture whose name makes it the mask of another one in its
    folder is a mask if it also looks like one."""
    alike: dict[tuple[Path, str], list[Path]] = defaultdict(list)
    for file in files:
        alike[file.path.parent, key_of(file.path.stem)].append(file.path)
    stems = {stem_of(pattern) for pattern in (*job.masks.patterns, *MASK_PATTERNS)}
    affixes = [key_of(stem).split("{stem}") for stem in stems if "{stem}" in stem]
    affixes = [(before, after) for before, after in affixes if before or after]
    surely, suspects = set(), set()
    for file in files:
        photo = file.path
        # Where masks are looked for, "a_mask.png" needs no look; "a.png" beside "a.jpg" does.
        trusted = job.masks.needs_files and searched(job.masks, photo.parent)
        for stem in stems:
            named = key_of(stem.format(stem=photo.stem, name=photo.name))
            others = {path for path in alike.get((photo.parent, named), ()) if path != photo}
            (surely if trusted and stem != "{stem}" else suspects).update(others)
        own = key_of(photo.stem)
        if any(own.startswith(before) and own.endswith(after) for before, after in affixes):
            suspects.add(photo)  # the mask of a photo that is not here
    masks = surely | {path for path in suspects - surely if looks_like_mask(path)}
    return [file for file in files if file.path not in masks]


def searched(rule: MaskRule, place: Path) -> bool:
    """Whether masks are looked for in a folder of photos."""
    return rule.folder is None or _absolute(place).is_relative_to(_absolute(rule.folder))


def stem_of(pattern: str) -> str:
    """A mask pattern without its ending."""
    return pattern[: pattern.rindex(".")] if "." in pattern.rpartition("}")[2] else pattern


def looks_like_mask(path: Path) -> bool:
    """Whether a picture is grey and nearly all of it in two tones, or a transparent cut-out of
    one colour: what masks are and photos are not."""
    import numpy as np
    from PIL import Image

    try:
        with Image.open(path) as image:
            image.draft("RGB", (_LOOKED_AT, _LOOKED_AT))
            small = image.convert("RGBA").resize(
                (min(_LOOKED_AT, image.width), min(_LOOKED_AT, image.height)), Image.Resampling.BOX
            )
    except (OSError, ValueError, SyntaxError, MemoryError, Image.DecompressionBombError):
        return False
    pixels = np.asarray(small).astype(np.int16)
    colour, alpha = pixels[..., :3], pixels[..., 3]
    if np.ptp(alpha) > 128:
        shown = colour[alpha > 128]
        return bool(len(shown) == 0 or (np.ptp(shown, axis=0).max() <= 24))
    if np.abs(colour - colour.mean(2, keepdims=True)).max() > 24:
        # A class map: a handful of flat colours.
        flat = np.unique(colour.reshape(-1, 3) // 8, axis=0, return_counts=True)[1]
        return bool(np.sort(flat)[::-1][:8].sum() > 0.97 * flat.sum() and len(flat) < 400)
    grey = colour.mean(2)
    low, high = grey.min(), grey.max()
    if high - low < 2:
        return bool(high < 8 or low > 247)  # an empty or a full one
    near = np.minimum(grey - low, high - grey) <= max(2.0, 0.06 * (high - low))
    return bool(near.mean() > 0.9)


def passed_over(job: BatchJob) -> list[str]:
    """The names of pictures below a job's folders whose kind is not read; what programs keep
    beside photos is none."""
    found = []
    for given in job.inputs:
        for place, folders, names in os.walk(given):
            folders[:] = [name for name in folders if name.lower() not in SIDE_FOLDERS]
            found += [
                (Path(place) / name).relative_to(given).as_posix()
                for name in names
                if Path(name).suffix.lower() in UNREAD and not is_side_file(Path(name))
            ]
    return sorted(found, key=key_of)


def _absolute(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # a circle of links
        return path.absolute()
