"""Masks under names, in the window: kept, put back, put on another photo, renamed, deleted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QInputDialog, QLineEdit

from engine.edit.kept_masks import kept_masks
from gui.dialogs.kept_masks import KeptMasksDialog
from gui.dialogs.messages import Question
from gui.main_window import MainWindow
from tests.gui.conftest import face_at
from tests.gui.gestures import fill, idle, stroke

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setenv("MIEN_MASKS", str(tmp_path / "masks"))
    return tmp_path / "masks"


def keep(qtbot, window: MainWindow, monkeypatch, name: str) -> list[str]:
    """Keep the mask under a name; the one that was proposed."""
    proposed = []

    def ask(_parent, _title: str, _label: str, _echo, text: str) -> tuple[str, bool]:
        proposed.append(text)
        return name, True

    monkeypatch.setattr(QInputDialog, "getText", ask)
    qtbot.keyClick(
        window.canvas,
        Qt.Key.Key_K,
        Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier,
    )
    idle(qtbot, window)
    qtbot.waitUntil(lambda: any(one.name == name for one in kept_masks()))
    return proposed


def put(qtbot, window: MainWindow, monkeypatch, name: str) -> None:
    """Choose one in the list."""

    def choose(dialog: KeptMasksDialog) -> int:
        dialog.show()
        row = next(
            row
            for row in range(dialog.list.count())
            if dialog.list.item(row).text().startswith(name)
        )
        dialog.list.setCurrentRow(row)
        qtbot.mouseClick(dialog.put, LEFT)
        return dialog.result()

    monkeypatch.setattr(KeptMasksDialog, "exec", choose)
    qtbot.keyClick(window.canvas, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    idle(qtbot, window)


def test_it_is_put_back_on_the_same_photo_to_the_bit(qtbot, faced: MainWindow, monkeypatch) -> None:
    stroke(qtbot, faced, (110, 120), (180, 130))
    painted = np.array(faced.document.mask)
    assert keep(qtbot, faced, monkeypatch, "안경") == ["사진"]
    faced.actions_["mask_clear"].trigger()
    stroke(qtbot, faced, (30, 280))
    beside = np.array(faced.document.mask)
    put(qtbot, faced, monkeypatch, "안경")
    assert np.array_equal(faced.document.mask, np.maximum(painted, beside))
    assert faced.document.history.titles[-1] == "Mask of 안경"
    assert faced.status._told == "'안경' is put on the face."
    faced.actions_["undo"].trigger()
    assert np.array_equal(faced.document.mask, beside)


def test_it_lies_on_the_chosen_face_as_large_as_that_is(
    qtbot, faced: MainWindow, monkeypatch
) -> None:
    """It was made on the second face, although the first was chosen, and goes to the first."""
    stroke(qtbot, faced, (300, 140), (330, 140))
    x, y = np.nonzero(faced.document.mask > 127)[::-1]
    keep(qtbot, faced, monkeypatch, "mouth")
    faced.actions_["mask_clear"].trigger()
    assert faced.document.selected == 0
    put(qtbot, faced, monkeypatch, "mouth")
    left, top = np.nonzero(faced.document.mask > 127)[::-1]
    there = (x.mean() - 270) * 2 + 40, (y.mean() - 100) * 2 + 40
    assert (left.mean(), top.mean()) == pytest.approx(there, abs=2)
    assert np.ptp(left) == pytest.approx(2 * np.ptp(x), abs=4)


def test_it_waits_for_the_faces_of_another_photo(
    qtbot, faced: MainWindow, fake, another_path: Path, monkeypatch
) -> None:
    stroke(qtbot, faced, (140, 140))
    keep(qtbot, faced, monkeypatch, "nose")
    (kept,) = kept_masks()
    fake.shown[(340, 260)] = (face_at(180, 120, 100),)
    faced.open(another_path)
    qtbot.waitUntil(lambda: faced.document.path == another_path)
    with monkeypatch.context() as patch:
        patch.setattr(type(faced.document), "faces", property(lambda _self: None))
        faced.kept_masks.put(kept)
        assert faced.status._told == "Looking for faces…"
    faced.document.faces_changed.emit()
    qtbot.waitUntil(lambda: faced.document.has_mask)
    x, y = np.nonzero(faced.document.mask > 127)[::-1]
    assert (x.mean(), y.mean()) == pytest.approx((230, 170), abs=2)


def test_without_faces_it_goes_where_it_was_in_the_picture(
    qtbot, two: MainWindow, monkeypatch
) -> None:
    stroke(qtbot, two, (170, 130))
    keep(qtbot, two, monkeypatch, "dust")
    two.actions_["tab_back"].trigger()
    assert two.document.size == (400, 300)
    put(qtbot, two, monkeypatch, "dust")
    x, y = np.nonzero(two.document.mask > 127)[::-1]
    assert (x.mean(), y.mean()) == pytest.approx((200, 150), abs=2)
    assert two.status._told == "'dust' is put where it was in the picture."


def test_the_mask_of_a_fill_can_be_kept(qtbot, opened: MainWindow, monkeypatch) -> None:
    assert not opened.actions_["mask_keep"].isEnabled()
    stroke(qtbot, opened, (200, 150), (240, 150))
    fill(qtbot, opened)
    filled = opened.document.edit.hole
    keep(qtbot, opened, monkeypatch, "fill")
    put(qtbot, opened, monkeypatch, "fill")
    assert opened.document.edit.mask.same(filled)


@pytest.mark.parametrize("answer", ["replace", ""])
def test_a_name_that_is_taken_is_asked_about(
    qtbot, opened: MainWindow, monkeypatch, answer: str
) -> None:
    stroke(qtbot, opened, (100, 100))
    keep(qtbot, opened, monkeypatch, "one")
    before = kept_masks()[0].path.read_bytes()
    stroke(qtbot, opened, (300, 200))

    def click(question: Question) -> int:
        question.buttons[answer].click()
        return 1

    monkeypatch.setattr(Question, "exec", click)
    keep(qtbot, opened, monkeypatch, "one")
    qtbot.waitUntil(lambda: (kept_masks()[0].path.read_bytes() != before) == bool(answer))
    assert len(kept_masks()) == 1


def test_they_are_renamed_and_deleted_in_the_list(qtbot, opened: MainWindow, monkeypatch) -> None:
    stroke(qtbot, opened, (100, 100))
    for name in ("one", "two"):
        keep(qtbot, opened, monkeypatch, name)
    dialog = KeptMasksDialog(opened)
    dialog.show()
    dialog.list.setFocus()
    assert dialog.list.currentItem().text() == "one\n400 × 300"
    rename(qtbot, dialog, "two")
    taken = "There is a mask called 'two' already; choose another name."
    qtbot.waitUntil(lambda: dialog.told.text() == taken)
    rename(qtbot, dialog, "zebra")
    qtbot.waitUntil(lambda: [one.name for one in kept_masks()] == ["two", "zebra"])
    assert dialog.kept.name == "zebra"  # it is still pointed at
    answers = ["", "delete"]

    def click(question: Question) -> int:
        question.buttons[answers.pop(0)].click()
        return 1

    monkeypatch.setattr(Question, "exec", click)
    qtbot.keyClick(dialog.list, Qt.Key.Key_Delete)
    assert len(kept_masks()) == 2
    qtbot.mouseClick(dialog.delete, LEFT)
    assert [one.name for one in kept_masks()] == ["two"]
    dialog.kept.path.write_bytes(b"")
    dialog.refresh()
    assert "is damaged" in dialog.told.text()
    assert not dialog.put.isEnabled()
    answers.append("delete")
    qtbot.mouseClick(dialog.delete, LEFT)
    assert dialog.nothing.isVisible()
    assert not dialog.list.isVisible()
    dialog.deleteLater()


def rename(qtbot, dialog: KeptMasksDialog, name: str) -> None:
    """F2, a name, Enter: which renames, and puts nothing on the photo."""
    qtbot.keyClick(dialog.list, Qt.Key.Key_F2)
    editor = dialog.list.findChild(QLineEdit)
    editor.selectAll()
    qtbot.keyClicks(editor, name)
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert dialog.chosen is None
    assert dialog.isVisible()
