"""Which mask belongs to which photo, by name."""

from __future__ import annotations

import contextlib
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from engine.batch.inputs import PhotoFile, searched, stem_of
from engine.batch.job import MASK_PATTERNS, MaskRule
from engine.photo import OPEN_SUFFIXES
from engine.photo.names import is_picture, key_of

_SHOWN = 3  # names in a hint


class MaskFinder:
    """Finds the mask of a photo under a rule. Folders are read once, when they are first needed;
    names are compared in one normal form and any case, the exact name first. A photo of the batch
    is no other photo's mask."""

    def __init__(self, rule: MaskRule, files: Iterable[PhotoFile] = ()) -> None:
        self._rule = rule
        self._photos = {file.path for file in files}
        self._listings: dict[Path, dict[str, list[Path]]] = {}
        self._folders: dict[Path, dict[str, list[Path]]] = {}

    def mask_of(self, file: PhotoFile) -> Path | None:
        """The mask's picture, None where there is none (or the rule needs none)."""
        rule = self._rule
        if rule.file is not None:
            return rule.file
        if not rule.needs_files:
            return None
        for place in self._places(file):
            listing = self._listing(place)
            for pattern in rule.patterns:
                found = self._match(listing, pattern, file)
                if found is not None:
                    return found
        return None

    def _places(self, file: PhotoFile) -> list[Path]:
        folder = self._rule.folder
        if folder is None:
            return [file.path.parent]
        same = [folder]
        for part in file.name.parent.parts:
            same = [below for place in same for below in self._below(place, part)]
        # The top holds masks for all subfolders, unless it holds photos of its own.
        if same != [folder] and not searched(self._rule, file.path.parent):
            return [*same, folder]
        return same

    def _below(self, folder: Path, name: str) -> list[Path]:
        """The subfolders of this name in any normal form and case, the exact one first: a folder
        that two systems wrote to has both."""
        if folder not in self._folders:
            named: dict[str, list[Path]] = defaultdict(list)
            with contextlib.suppress(OSError):
                for path in sorted(folder.iterdir()):
                    if path.is_dir():
                        named[key_of(path.name)].append(path)
            self._folders[folder] = dict(named)
        found = self._folders[folder].get(key_of(name), [])
        return sorted(found, key=lambda path: path.name != name)

    def _match(self, listing: dict[str, list[Path]], pattern: str, file: PhotoFile) -> Path | None:
        wanted = stem_of(pattern).format(stem=file.path.stem, name=file.path.name)
        ending = pattern[len(stem_of(pattern)) :].lower()
        endings = (".png", *OPEN_SUFFIXES) if ending in ("", ".*") else (ending,)
        for suffix in dict.fromkeys(endings):
            candidates = [
                path
                for path in listing.get(key_of(wanted + suffix), ())
                if path not in self._photos and not _is_same(path, file.path)
            ]
            exact = [path for path in candidates if _nfc(path.name).startswith(_nfc(wanted))]
            if exact or candidates:
                return (exact or candidates)[0]
        return None

    def _listing(self, place: Path) -> dict[str, list[Path]]:
        if place not in self._listings:
            names: dict[str, list[Path]] = defaultdict(list)
            try:
                for path in sorted(place.iterdir()):
                    if is_picture(path):
                        names[key_of(path.name)].append(path)
            except OSError:
                names.clear()
            self._listings[place] = dict(names)
        return self._listings[place]

    def hint(self, files: list[PhotoFile]) -> str:
        """One sentence for a batch in which no photo has a mask: what was looked for, what is
        there, and the pattern that would match if one can be guessed."""
        rule, first = self._rule, files[0]
        where = rule.folder or first.path.parent
        wanted = [
            stem_of(p).format(stem=first.path.stem, name=first.path.name) + ".png"
            for p in rule.patterns[:_SHOWN]
        ]
        said = (
            f"None of the {len(files)} photos has a mask in {where}: that of {first.name} "
            f"would be {' or '.join(wanted)}"
        )
        there = self._pictures_of(where) - {file.path for file in files}
        if not there:
            return f"{said}, and there are no pictures; give the folder of masks, or a rule."
        guess = _guess(files, there)
        names = sorted(path.name for path in there)
        shown = ", ".join([*names[:_SHOWN], *(["..."] if len(names) > _SHOWN else [])])
        help_ = f"try --mask-pattern '{guess}'" if guess else "name them with --mask-pattern"
        return f"{said}. There are {shown}; {help_}."

    def _pictures_of(self, where: Path) -> set[Path]:
        return {path for paths in self._listing(where).values() for path in paths}


def _guess(files: list[PhotoFile], there: Iterable[Path]) -> str:
    """The pattern under which most photos would have a mask, "" for none."""
    votes: dict[str, int] = defaultdict(int)
    stems = sorted({_nfc(path.stem) for path in there}, key=len)
    for file in files[:200]:
        stem = _nfc(file.path.stem)
        for other in stems:
            at = other.casefold().find(stem.casefold())
            if at >= 0 and len(other) > len(stem):
                before, after = other[:at], other[at + len(stem) :]
                votes[f"{before}{{stem}}{after}.*"] += 1
    if not votes:
        return ""
    best = max(votes, key=lambda pattern: (votes[pattern], -len(pattern)))
    usable = best not in MASK_PATTERNS and "{" not in best.replace("{stem}", "")
    return best if usable else ""


def _is_same(one: Path, other: Path) -> bool:
    return one == other or (one.exists() and other.exists() and one.samefile(other))


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)
