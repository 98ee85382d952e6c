"""Korean is complete, and both themes can be read."""

from __future__ import annotations

import ast
import json
import string
from pathlib import Path

import pytest
from PySide6.QtGui import QColor

import engine.modules
import gui
from gui import theme
from gui.translation import LANGUAGES, folder, set_language, tr

SOURCES = [
    *sorted(Path(gui.__file__).parent.rglob("*.py")),
    *sorted(Path(engine.modules.__file__).parent.rglob("*.py")),
]


def texts() -> set[str]:
    """Every literal given to tr() or mark() in the source of editor and modules."""
    found = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("tr", "mark")
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                found.add(node.args[0].value)
    return found


def fields(text: str) -> set[str | None]:
    return {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}


@pytest.mark.parametrize("code", [code for code in LANGUAGES if code != "en"])
def test_every_text_has_a_translation_and_none_is_left_over(code: str) -> None:
    table = json.loads((folder() / f"{code}.json").read_text(encoding="utf-8"))
    assert set(table) == texts()
    for source, target in table.items():
        assert fields(source) == fields(target), source
        assert target.strip()


def test_the_language_changes_words_and_falls_back_to_english(qapp) -> None:
    assert set_language("ko") == "ko"
    assert tr("Brush") == "브러시"
    assert tr("A text nobody translated") == "A text nobody translated"
    assert set_language("en") == "en"
    assert tr("Brush") == "Brush"
    assert set_language("xx") in LANGUAGES
    set_language("en")


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast ratio."""

    def luminance(colour: str) -> float:
        c = QColor(colour)
        parts = [
            v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4
            for v in (c.redF(), c.greenF(), c.blueF())
        ]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colours", [theme.DARK, theme.LIGHT], ids=["dark", "light"])
def test_text_can_be_read(colours: theme.Colours) -> None:
    for ground in (colours.window, colours.field, colours.hover):
        assert contrast(colours.text, ground) >= 7
    for ground in (colours.window, colours.field):
        assert contrast(colours.quiet, ground) >= 4.5
    assert contrast(colours.on_accent, colours.accent) >= 4.5
    for bar in (colours.seen, colours.predicted):
        assert contrast(bar, colours.window) >= 3


def test_what_a_format_cannot_hold_is_said_in_the_users_language() -> None:
    """Every clause the engine has for a loss is one the question translates."""
    import engine.photo.camera
    import engine.photo.decode
    import engine.photo.encode
    import engine.photo.jpeg
    import engine.photo.layered
    from engine.photo import behind, xmp

    clauses = {said for _, said in engine.photo.camera.AUXILIARY}
    clauses |= {said for *_, said in xmp.GONE} - {""} | {xmp.CREDENTIALS, xmp.UNREADABLE}
    clauses |= {behind.PICTURES, behind.DATA}

    readers = (engine.photo.camera, engine.photo.decode, engine.photo.jpeg, engine.photo.layered)
    for module in (*readers, engine.photo.encode):
        tree = ast.parse(Path(module.__file__ or "").read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call | ast.AugAssign):
                continue
            if isinstance(node, ast.Call):
                name = node.func
                lost = isinstance(name, ast.Attribute) and name.attr == "append"
                lost = lost and "lost" in ast.unparse(name.value)
                values = node.args if lost else []
                values = [*values, *(k.value for k in node.keywords if k.arg == "lost")]
            else:
                values = [node.value] if "lost" in ast.unparse(node.target) else []
            for value in values:
                keys = {id(k) for d in ast.walk(value) if isinstance(d, ast.Dict) for k in d.keys}
                clauses |= {
                    part.value
                    for part in ast.walk(value)
                    if isinstance(part, ast.Constant)
                    and isinstance(part.value, str)
                    and id(part) not in keys
                }
    clauses = {clause for clause in clauses if len(clause) > 2 and clause not in ("mode",)}
    assert len(clauses) > 15
    assert clauses - {"IPTC"} <= texts()


@pytest.mark.parametrize("colours", [theme.DARK, theme.LIGHT], ids=["dark", "light"])
def test_lines_that_mean_something_can_be_seen(colours: theme.Colours) -> None:
    for ground in (colours.window, colours.field):
        assert contrast(colours.edge, ground) >= 3
    style = theme._style(colours)
    for control in ("QComboBox", "QLineEdit", "QCheckBox::indicator", "QSlider::groove"):
        rules = [rule for rule in style.split("}") if control in rule.split("{")[0]]
        assert any(colours.edge in rule for rule in rules), control
