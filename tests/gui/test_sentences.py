"""Whatever the engine says, the editor says it in the person's language."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QFileDialog, QLabel, QPushButton, QToolButton

import engine
import gui
from engine.base.errors import MienError
from engine.mask import Mask
from engine.mask.file import open_mask, save_mask
from engine.photo import open_photo, photo_from_array, save_photo
from engine.photo.file import IncompletePhotoError
from gui.dialogs.messages import FailureDialog
from gui.main_window import MainWindow
from gui.translation import LANGUAGES, folder, say, set_language
from gui.worker import Failure

ENGINE, GUI = Path(engine.__file__).parent, Path(gui.__file__).parent
Function = ast.FunctionDef


class Source:
    """The sentences of a package, found in its source.

    Values are numbered: "{0} is empty". What a function makes is followed into that function, and
    a variable to what it is set to in the same function or file.
    """

    def __init__(self, *folders: Path) -> None:
        self.trees = {
            path: ast.parse(path.read_text(encoding="utf-8"))
            for folder in folders
            for path in sorted(folder.rglob("*.py"))
        }
        self.errors = self._errors()
        self.functions: dict[str, list[Function]] = {}
        for tree in self.trees.values():
            for node in ast.walk(tree):
                if isinstance(node, Function):
                    self.functions.setdefault(node.name, []).append(node)

    def _errors(self) -> set[str]:
        """The class of errors, and every class that is made of it, however deep."""
        classes = [
            node
            for tree in self.trees.values()
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef)
        ]
        found = {"MienError"}
        while (
            more := {one.name for one in classes if {_name(base) for base in one.bases} & found}
            - found
        ):
            found |= more
        return found

    def sentences(self) -> dict[str, str]:
        """Every sentence of an error, of what went wrong otherwise, and of a batch's notes, and
        where it stands."""
        found: dict[str, str] = {}
        for path, tree in self.trees.items():
            for around in (tree, *(n for n in ast.walk(tree) if isinstance(n, Function))):
                for node in ast.walk(around):
                    for told in self._told(node):
                        for text in self._texts(told, around, tree):
                            found.setdefault(text, f"{path.name}:{told.lineno}")
        return found

    def _told(self, node: ast.AST) -> list[ast.expr]:
        if isinstance(node, ast.Assign):
            return [node.value] if any(_name(t) == "note" for t in node.targets) else []
        if not isinstance(node, ast.Call):
            return []
        notes = [keyword.value for keyword in node.keywords if keyword.arg == "note"]
        return notes + (node.args if _name(node.func) in {*self.errors, "Failure"} else [])

    def _texts(self, node: ast.expr, around: ast.AST, tree: ast.Module) -> Iterator[str]:
        text = template(node)
        if text is not None and " " in re.sub(r"\{\d+\}", "", text).strip():
            yield text
        if isinstance(node, ast.IfExp):
            yield from self._texts(node.body, around, tree)
            yield from self._texts(node.orelse, around, tree)
        elif isinstance(node, ast.Name):
            for value in _set(node.id, around, tree):
                yield from self._texts(value, around, tree)
        elif isinstance(node, ast.Call):
            for made in self.functions.get(_name(node.func), ()):
                for inner in ast.walk(made):
                    if isinstance(inner, ast.Return) and inner.value is not None:
                        yield from self._texts(inner.value, made, tree)
        # A sentence within a sentence: "{name}: {the mask is ...}".
        if isinstance(node, ast.JoinedStr):
            for part in node.values:
                if isinstance(part, ast.FormattedValue):
                    yield from self._texts(part.value, around, tree)


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _set(name: str, *places: ast.AST) -> list[ast.expr]:
    """What a variable is set to in the first of the places that sets it."""
    for place in places:
        body = ast.walk(place) if isinstance(place, Function) else place.body  # type: ignore[attr-defined]
        values = [
            node.value
            for node in body
            if isinstance(node, ast.Assign) and any(_name(t) == name for t in node.targets)
        ]
        if values:
            return values
    return []


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
    said = Source(ENGINE, GUI).sentences()
    assert len(said) > 120
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


def test_a_batchs_notes_are_said_whatever_stands_in_them(qapp) -> None:
    set_language("ko")
    both = (
        "The format cannot hold: transparency, 16-bit depth. "
        "It was encoded anew as a whole: it is a lossless JPEG."
    )
    said = say(both)
    assert said == (
        "이 형식에는 다음이 담기지 않습니다: 투명도, 16비트 색 깊이. "
        "사진 전체를 다시 인코딩했습니다: 무손실 JPEG임."
    )
    assert say("No glasses or scratches or spots was found.") == (
        "채울 곳(안경, 긁힌 자국이나 얼룩)을 찾지 못했습니다."
    )
    doubt = "A face may lie wrong: little of the face is seen (0.62)."
    assert "얼굴이 거의 보이지 않습니다" in say(f"{doubt} {both}")
    assert "encoded" not in say(f"{doubt} {both}")


def test_subclasses_of_the_error_are_said(tmp_path: Path, qapp) -> None:
    set_language("ko")
    whole = save_photo(photo_from_array(np.zeros((90, 90, 3), np.uint8)), tmp_path / "반.jpg")
    whole.write_bytes(whole.read_bytes()[:-40])
    with pytest.raises(IncompletePhotoError) as raised:
        open_photo(whole)
    assert say(str(raised.value)).startswith("반.jpg은(는) 완전하지 않습니다.")


def test_the_file_dialog_speaks_the_language(qtbot, qapp) -> None:
    set_language("ko")
    dialog = QFileDialog()
    dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
    qtbot.addWidget(dialog)
    texts = [label.text() for label in dialog.findChildren(QLabel)]
    texts += [button.text() for button in dialog.findChildren(QPushButton)]
    texts += [button.toolTip() for button in dialog.findChildren(QToolButton)]
    assert len([text for text in texts if text]) > 8
    assert not [text for text in texts if re.search("[A-Za-z]{3}", text)]


def test_one_thing_has_one_word() -> None:
    """What two words were in use for; the second is not used any more."""
    tables = "".join((folder() / name).read_text("utf-8") for name in ("ko.json", "ko-engine.json"))
    for word, other in (
        ("특징점", "랜드마크"),
        ("표정 유지", "표정 그대로"),
        ("레이어", "채운 층"),
    ):
        assert word in tables
        assert other not in tables
