"""The interface's language: English in the source, others in resources/translations/CODE.json.

A translation is a flat table from the English text to the other one, so that a contributor needs
a text editor and nothing else. Qt's own buttons take Qt's own translations, and CODE-qt.json what
those lack.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from PySide6.QtCore import QLibraryInfo, QLocale, QTranslator
from PySide6.QtWidgets import QApplication

LANGUAGES = {"en": "English", "ko": "한국어"}

_current = "en"
_table: dict[str, str] = {}
_sentences: list[tuple[re.Pattern[str], str]] = []
_qt: list[QTranslator] = []


def folder() -> Path:
    """Where the tables lie, in a checkout and in a frozen bundle."""
    root = Path(getattr(sys, "_MEIPASS", Path(__file__).parents[1]))
    return root / "resources" / "translations"


def language() -> str:
    """The code of the language in use."""
    return _current


def set_language(code: str = "") -> str:
    """Use a language of LANGUAGES, or the system's where `code` is empty or unknown; its code."""
    if code not in LANGUAGES:
        code = QLocale.system().name()[:2]
    if code not in LANGUAGES:
        code = "en"
    global _current
    _current = code
    _table.clear()
    _table.update(_read(f"{code}.json"))
    # The template with the most words goes first: "{0}: {1}" fits nearly everything.
    templates = sorted(_read(f"{code}-engine.json").items(), key=lambda pair: -_literal(pair[0]))
    _sentences[:] = [(template_pattern(source), target) for source, target in templates]
    application = QApplication.instance()
    if application is not None:
        for old in _qt:
            application.removeTranslator(old)
        _qt.clear()
        translator = QTranslator()
        place = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
        if code != "en" and translator.load(f"qtbase_{code}", place):
            application.installTranslator(translator)
            _qt.append(translator)
        gaps = _Gaps(_read(f"{code}-qt.json"))
        application.installTranslator(gaps)
        _qt.append(gaps)
    return code


class _Gaps(QTranslator):
    """What Qt's own translation lacks, by the English text."""

    def __init__(self, table: dict[str, str]) -> None:
        super().__init__()
        self._words = table

    def isEmpty(self) -> bool:
        return not self._words

    def translate(
        self, context: str, text: str, disambiguation: str | None = None, n: int = -1
    ) -> str | None:
        # None goes on to the next translator, "" would be the translation.
        return self._words.get(text) if context.startswith(("QFile", "QAbstractFile")) else None


def tr(text: str) -> str:
    """The text in the interface's language. Give literals: a test looks for each in the tables."""
    return _table.get(text, text)


def mark(text: str) -> str:
    """Marks a text of a table for translation; it is translated where it is shown."""
    return text


def say(sentence: str) -> str:
    """What the engine said, in the interface's language.

    The engine tells its errors in English sentences; CODE-engine.json has each as a template with
    its values numbered, beside its translation. A sentence that fits none stays as it is; several
    in one text are said one by one.
    """
    parts = [_said(part) for part in re.split(r"(?<=[.!?]) (?=[A-Z])", sentence)]
    if all(part is not None for part in parts):
        return " ".join(part for part in parts if part is not None)
    said = _said(sentence)
    return sentence if said is None else said


def _said(sentence: str) -> str | None:
    for pattern, target in _sentences:
        found = pattern.fullmatch(sentence)
        if found is not None:
            values = found.groupdict().items()
            return _filled(target, {name: _value(text) for name, text in values})
    return None


def _value(text: str) -> str:
    """A value of a sentence: a sentence itself, a word of the interface, or a list of such."""
    said = _said(text) or _table.get(text) or _table.get(text.capitalize())
    if said is not None:
        return said
    for between in (", ", " or "):
        if between in text:
            return ", ".join(_value(part) for part in text.split(between, 1))
    return say(text)


def _filled(template: str, values: dict[str, str]) -> str:
    return re.sub(r"\{(\d+)\}", lambda field: values[f"v{field[1]}"], template)


def template_pattern(template: str) -> re.Pattern[str]:
    """What matches a template's sentences; its value {0} is the group v0."""
    parts = re.split(r"\{(\d+)\}", template)
    texts = [re.escape(part) if n % 2 == 0 else f"(?P<v{part}>.+?)" for n, part in enumerate(parts)]
    return re.compile("".join(texts), re.DOTALL)


def _literal(template: str) -> int:
    return len(re.sub(r"\{\d+\}", "", template))


def _read(name: str) -> dict[str, str]:
    path = folder() / name
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
