"""Whatever the engine says, the editor says it in the person's language."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import engine
from engine.base.errors import MienError
from engine.mask import Mask
from engine.mask.file import open_mask, save_mask
from engine.photo import open_photo
from gui.dialogs.messages import FailureDialog
from gui.main_window import MainWindow
from gui.translation import LANGUAGES, folder, say, set_language
from gui.worker import Failure

ENGINE = Path(engine.__file__).parent


def sentences(folder: Path) -> dict[str, str]:
    """Every sentence that a raised error of a package may hold, and where it stands.

    Values are numbered: "{0} is empty". Sentences that a function of the same file makes are
    followed into that function.
    """
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        functions = {n.name: n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
        constants = {
            target.id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if _is_error(node):
                for text in _texts(node.args[0], functions, constants):
                    found.setdefault(text, f"{path.name}:{node.lineno}")
    return found


def _is_error(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "MienError"
        and bool(node.args)
    )


def _texts(
    node: ast.expr, functions: dict[str, ast.FunctionDef], constants: dict[str, ast.expr]
) -> Iterator[str]:
    text = template(node)
    if text is not None:
        yield text
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body, functions, constants)
        yield from _texts(node.orelse, functions, constants)
    elif isinstance(node, ast.Name) and node.id in constants:
        yield from _texts(constants[node.id], functions, constants)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        made = functions.get(node.func.id)
        for inner in ast.walk(made) if made is not None else ():
            if isinstance(inner, ast.Return) and inner.value is not None:
                yield from _texts(inner.value, functions, constants)
    # A sentence within a sentence: "{name}: {the mask is ...}".
    if isinstance(node, ast.JoinedStr):
        for part in node.values:
            if isinstance(part, ast.FormattedValue) and isinstance(part.value, ast.Call):
                yield from _texts(part.value, functions, constants)


def template(node: ast.expr) -> str | None:
    """A literal or f-string with its values numbered, None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts, number = [], 0
        for part in node.values:
            if isinstance(part, ast.Constant):
                parts.append(str(part.value))
            else:
                parts.append(f"{{{number}}}")
                number += 1
        return "".join(parts)
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "format"
    ):
        made = template(node.func.value)
        if made is None:
            return None
        number = 0
        while "{}" in made:
            made = made.replace("{}", f"{{{number}}}", 1)
            number += 1
        return made
    return None


def field(number: int) -> str:
    return f"<value {number}>"


@pytest.fixture(autouse=True)
def _english_again(qapp):
    yield
    set_language("en")


@pytest.mark.parametrize("code", [code for code in LANGUAGES if code != "en"])
def test_every_sentence_of_the_engine_has_a_translation(code: str) -> None:
    table = json.loads((folder() / f"{code}-engine.json").read_text(encoding="utf-8"))
    said = sentences(ENGINE)
    assert len(said) > 35
    missing = {text: place for text, place in said.items() if text not in table}
    assert not missing, f"without {code}: {missing}"
    set_language(code)
    for text in said:
        assert set(re.findall(r"\{\d+\}", text)) == set(re.findall(r"\{\d+\}", table[text])), text
        sentence = re.sub(r"\{(\d+)\}", lambda m: field(int(m[1])), text)
        shown = say(sentence)
        expected = re.sub(r"\{(\d+)\}", lambda m: field(int(m[1])), table[text])
        assert shown == expected, text


def test_real_errors_are_said_in_korean(tmp_path: Path, qapp) -> None:
    set_language("ko")
    (tmp_path / "빈 사진.jpg").write_bytes(b"")
    for wrong, words in (
        (lambda: open_photo(tmp_path / "빈 사진.jpg"), "빈 사진.jpg은(는) 빈 파일입니다"),
        (lambda: open_photo(tmp_path / "none.jpg"), "파일이 없습니다"),
        (lambda: save_mask(Mask.empty((4, 4)), tmp_path / "a.jpg"), "마스크는 PNG로 저장합니다"),
    ):
        with pytest.raises(MienError) as raised:
            wrong()
        assert words in say(str(raised.value))


def test_a_sentence_within_a_sentence_is_said_too(tmp_path: Path, qapp) -> None:
    path = save_mask(Mask.empty((4, 3)), tmp_path / "mask.png")
    with pytest.raises(MienError) as raised:
        open_mask(path, (8, 8))
    set_language("ko")
    shown = say(str(raised.value))
    assert "4 x 3" in shown
    assert "크기를 같게 맞춰 주세요." in shown
    assert "make them" not in shown


def test_failures_and_the_status_line_speak_the_language(window: MainWindow) -> None:
    window.speak("ko")
    sentence = "a.png is empty; copy it again from its source."
    dialog = FailureDialog(Failure(sentence, "trace"), window)
    words = " ".join(label.text() for label in dialog.findChildren(type(window.status._message)))
    assert "빈 파일입니다" in words
    dialog.deleteLater()
    window.editor.told.emit(sentence)
    assert "빈 파일입니다" in window.status._message.text()
    window.speak("en")
    window.editor.told.emit(sentence)
    assert window.status._message.text() == sentence
