"""A line for names of files that are made of others: fields are words, not a programmer's."""

from __future__ import annotations

import re

from PySide6.QtWidgets import QLineEdit

from gui.translation import tr


class NameLine(QLineEdit):
    """Shows [photo]-mien where the pattern is {stem}-mien; either may be typed."""

    @property
    def pattern(self) -> str:
        """What the engine calls it."""
        names = {word: name for name, word in words().items()}
        return _exchanged(self.text(), r"\[", r"\]", names, "{", "}")

    def show_pattern(self, pattern: str) -> None:
        self.setText(worded(pattern))


def words() -> dict[str, str]:
    """The fields' words, by the engine's names."""
    return {
        "stem": tr("photo"),
        "name": tr("photo with its ending"),
        "number": tr("number"),
        "model": tr("model"),
        "emotion": tr("expression"),
    }


def worded(pattern: str) -> str:
    """A pattern in words."""
    return _exchanged(pattern, r"\{", r"\}", words(), "[", "]")


def _exchanged(text: str, left: str, right: str, names: dict[str, str], *ends: str) -> str:
    """Each known field with its other name between `ends`; how it is written, behind a colon,
    stays."""
    known = "|".join(re.escape(name) for name in names)
    start, end = ends

    def exchange(found: re.Match[str]) -> str:
        return f"{start}{names[found[1]]}{found[2] or ''}{end}"

    return re.sub(f"{left}({known})(:[^{right}]*)?{right}", exchange, text)
