"""The shelf of references: photos are dropped on it, told apart, and filled from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QMenu

from engine.edit.session import read_session, write_session
from engine.photo import photo_from_array, save_photo
from gui.main_window import MainWindow
from gui.panels.reference_parts import Dot
from gui.references import References
from tests.gui.conftest import face_at
from tests.gui.gestures import cards, idle
from tests.gui.gestures import drop_reference as drop

LEFT = Qt.MouseButton.LeftButton
THEIRS = 330, 250  # the size of the reference's photo


@pytest.fixture
def reference_path(tmp_path: Path, fake) -> Path:
    """A photo of one person."""
    fake.shown[THEIRS] = (face_at(60, 30, 150),)
    rng = np.random.default_rng(5)
    pixels = rng.integers(0, 255, (THEIRS[1], THEIRS[0], 3)).astype(np.uint8)
    return save_photo(photo_from_array(pixels), tmp_path / "IMG_2.png")


def settled(qtbot, window: MainWindow, hand) -> None:
    """Until every photo of the shelf is looked at."""
    qtbot.waitUntil(lambda: not window.references.awaited)
    qtbot.waitUntil(lambda: all(known.taken for known in window.references.shelf))
    hand.settle()


def dot(window: MainWindow, reference: int | None, region: str) -> Dot:
    """A cell of the table; None is the row of what is painted."""
    names = ["" if reference is None else list(window.inspector.references.cards)[reference]]
    return window.inspector.references.table.dots[(names[0], region)]


@pytest.fixture
def shelved(qtbot, faced: MainWindow, reference_path: Path, hand) -> MainWindow:
    """The window with two faces in the photo and one reference on the shelf."""
    drop(faced, reference_path)
    qtbot.waitUntil(lambda: bool(faced.references.shelf))
    settled(qtbot, faced, hand)
    return faced


# Onto the shelf.


def test_a_photo_that_is_dropped_becomes_a_reference_and_is_told_of(
    qtbot, faced: MainWindow, reference_path: Path, hand
) -> None:
    section = faced.inspector.references
    assert section.empty.isVisibleTo(section)
    drop(faced, reference_path)
    assert "IMG_2.png" in section.waits.text()
    qtbot.waitUntil(lambda: bool(faced.references.shelf))
    settled(qtbot, faced, hand)
    assert len(faced.editor.tabs) == 1  # it is not opened
    (card,) = cards(faced)
    assert card.says.text() == "Happiness 90 %"
    assert (card.who.text(), card.who.toolTip()) == ("Same person", "likeness 0.60")
    assert not card.anyway.isVisibleTo(card)
    assert not section.empty.isVisibleTo(section)
    assert faced.document.history.titles == ["Reference"]


def test_each_face_gets_its_own_person_out_of_a_group(
    qtbot, faced: MainWindow, fake, reference_path: Path, hand
) -> None:
    fake.shown[THEIRS] = (face_at(10, 30, 120), face_at(180, 30, 120))
    fake.likeness = {(40, 10): 0.1, (40, 180): 0.7, (270, 10): 0.6, (270, 180): 0.05}
    drop(faced, reference_path)
    qtbot.waitUntil(lambda: len(faced.document.edit.shelf) == 2)
    subjects = [subject.id for subject in faced.document.edit.subjects]
    places = {one.subject: one.face.box[0] for one in faced.document.edit.shelf}
    assert places == {subjects[0]: 180, subjects[1]: 10}
    settled(qtbot, faced, hand)
    assert cards(faced)[0].who.toolTip().endswith("likeness 0.70")
    faced.document.select(1)
    (card,) = cards(faced)
    assert card.who.toolTip().endswith("likeness 0.60")
    assert not card.anyway.isVisibleTo(card)


def test_another_face_of_its_photo_is_chosen_by_a_click(
    qtbot, faced: MainWindow, fake, reference_path: Path, hand
) -> None:
    fake.faces = fake.faces[:1]
    fake.shown[THEIRS] = (face_at(10, 30, 120), face_at(180, 30, 120))
    fake.likeness = {(40, 10): 0.3, (40, 180): 0.7, (270, 10): 0.0, (270, 180): 0.0}
    drop(faced, reference_path)
    qtbot.waitUntil(lambda: bool(faced.references.shelf))
    settled(qtbot, faced, hand)
    (card,) = cards(faced)
    assert [face.isChecked() for face in card.faces] == [False, True]
    qtbot.mouseClick(card.faces[0], LEFT)
    assert faced.document.edit.shelf[0].face.box[0] == 10
    (card,) = cards(faced)
    assert [face.isChecked() for face in card.faces] == [True, False]
    assert card.who.toolTip().endswith("likeness 0.30")


def test_of_a_group_without_this_person_the_face_is_asked_for(
    qtbot, faced: MainWindow, fake, reference_path: Path, hand
) -> None:
    fake.faces = fake.faces[:1]
    fake.shown[THEIRS] = tuple(face_at(5 + 40 * n, 30, 120) for n in range(5))
    fake.likeness = {(40, 5 + 40 * n): 0.02 * n for n in range(5)}
    fake.likeness |= {(270, left): 0.0 for _, left in tuple(fake.likeness)}
    drop(faced, reference_path)
    qtbot.waitUntil(lambda: bool(faced.references.shelf))
    settled(qtbot, faced, hand)
    (card,) = cards(faced)
    assert card.which.text() == "Which of these is this person? Click the face."
    assert len(card.faces) == 5
    assert all(face.geometry().right() < card.width() for face in card.faces)
    qtbot.mouseClick(card.faces[2], LEFT)
    assert faced.document.edit.shelf[0].face.box[0] == 85


@pytest.mark.parametrize("trouble", ["none", "small", "broken"])
def test_what_is_no_reference_is_told_in_a_sentence(
    qtbot, faced: MainWindow, fake, reference_path: Path, trouble: str
) -> None:
    fake.shown[THEIRS] = () if trouble == "none" else (face_at(60, 30, 20),)
    if trouble == "broken":
        reference_path.write_bytes(b"no picture")
    drop(faced, reference_path)
    section = faced.inspector.references
    qtbot.waitUntil(lambda: section.trouble.isVisibleTo(section))
    words = {
        "none": "IMG_2.png shows no face",
        "small": "The face in IMG_2.png is only",
        "broken": "IMG_2.png is not a photo Mien can read",
    }
    assert section.trouble.text().startswith(words[trouble])
    assert not faced.document.edit.shelf
    assert not faced.references.awaited


def test_photos_are_asked_for_by_the_button(
    qtbot, faced: MainWindow, reference_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(reference_path)], ""))
    section = faced.inspector.references
    qtbot.mouseClick(section.empty, LEFT)
    qtbot.waitUntil(lambda: len(cards(faced)) == 1)
    assert section.add.isVisibleTo(section)  # for the next one


def test_an_open_photo_becomes_a_reference_and_closing_it_takes_nothing_away(
    qtbot, faced: MainWindow, fake, reference_path: Path, hand, monkeypatch, tmp_path: Path
) -> None:
    first = faced.document.tab
    faced.open(reference_path)
    qtbot.waitUntil(lambda: faced.document.path == reference_path)
    qtbot.waitUntil(lambda: faced.document.faces is not None)
    other = faced.document.tab
    faced.editor.tabs.show(first)
    menus: list[QMenu] = []
    monkeypatch.setattr(QMenu, "popup", lambda menu, _at: menus.append(menu))
    bar = faced.tab_bar.bar
    bar.customContextMenuRequested.emit(bar.tabRect(0).center())
    assert not menus[0].actions()[0].isEnabled()  # no photo is a reference of its own
    bar.customContextMenuRequested.emit(bar.tabRect(1).center())
    menus[1].actions()[0].trigger()
    qtbot.waitUntil(lambda: len(cards(faced)) == 1)
    settled(qtbot, faced, hand)
    for menu in menus:
        menu.deleteLater()
    faced.editor.tabs.close(other)
    reference_path.unlink()
    hand.hide_mouth()
    hand.fill()
    assert fake.requests[-1].references[0].name == "IMG_2.png"
    path = write_session(faced.document.edit, tmp_path / "a.mien")
    assert len(read_session(path).shelf) == 1


def test_a_photo_stands_on_the_shelf_but_once(qtbot, shelved: MainWindow, reference_path) -> None:
    drop(shelved, reference_path)
    qtbot.waitUntil(lambda: not shelved.references.awaited)
    assert len(shelved.document.edit.shelf) == 1
    assert shelved.status._message.text() == "IMG_2.png is on the shelf already."


def test_one_that_is_looked_at_goes_on_the_shelf_of_the_photo_it_was_dropped_on(
    qtbot, faced: MainWindow, another_path: Path, reference_path: Path, fake
) -> None:
    fake.preview_gate.clear()
    first = faced.document.tab
    drop(faced, reference_path)
    faced.open(another_path)
    qtbot.waitUntil(lambda: faced.document.path == another_path)
    fake.preview_gate.set()
    qtbot.waitUntil(lambda: len(first.edit.shelf) == 1)
    assert not faced.document.edit.shelf
    assert not cards(faced)


# Someone else.


def test_someone_else_is_marked_and_used_only_if_told(
    qtbot, faced: MainWindow, fake, reference_path: Path, hand
) -> None:
    fake.likeness = {(40, 60): 0.08, (270, 60): 0.05}
    drop(faced, reference_path)
    qtbot.waitUntil(lambda: bool(faced.references.shelf))
    settled(qtbot, faced, hand)
    (card,) = cards(faced)
    assert card.anyway.isVisibleTo(card)
    # Nothing is taken from it, and no cell looks as if something were.
    assert not dot(faced, 0, "mouth").isChecked()
    assert dot(faced, None, "mouth").isChecked()
    hand.hide_mouth()
    hand.fill()
    assert not fake.requests[-1].references[0].sure
    assert "IMG_2.png" not in faced.strip.buttons[0].toolTip()
    qtbot.mouseClick(card.anyway, LEFT)
    hand.settle()
    assert not card.anyway.isVisibleTo(card)
    assert dot(faced, 0, "mouth").isChecked()
    hand.key(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(faced.strip.buttons) == 2)
    (asked,) = fake.requests[-1].references
    assert asked.sure
    assert asked.of == 0
    assert "IMG_2.png" in faced.strip.buttons[1].toolTip()


# What it may give.


def test_the_preview_and_the_fill_follow_the_table(qtbot, shelved: MainWindow, fake, hand) -> None:
    hand.hide_mouth()
    assert fake.previews[-1].references[0].regions == ("eyes", "brows", "nose", "mouth", "skin")
    assert not dot(shelved, None, "mouth").isChecked()
    qtbot.mouseClick(dot(shelved, 0, "mouth"), LEFT)
    assert dot(shelved, None, "mouth").isChecked()  # nobody gives it: it is painted
    hand.settle()
    assert fake.previews[-1].references[0].regions == ("eyes", "brows", "nose", "skin")
    hand.fill()
    assert fake.requests[-1].references[0].regions == ("eyes", "brows", "nose", "skin")
    assert "from IMG_2.png: eyes, brows, nose, skin" in shelved.strip.buttons[0].toolTip()
    qtbot.mouseClick(dot(shelved, None, "mouth"), LEFT)  # painted no more: anybody may give it
    assert dot(shelved, 0, "mouth").isChecked()
    qtbot.mouseClick(dot(shelved, None, "eyes"), LEFT)
    assert not dot(shelved, 0, "eyes").isChecked()


def test_a_hole_is_filled_again_once_its_references_are_others(
    qtbot, shelved: MainWindow, fake, hand
) -> None:
    hand.hide_mouth()
    hand.fill()
    hand.key(Qt.Key.Key_Return)  # so it is filled already
    assert len(fake.requests) == 1
    cards(shelved)[0].strength.setValue(40)
    hand.settle()
    hand.key(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(shelved.strip.buttons) == 2)
    assert fake.requests[-1].references[0].strength == 0.4
    shelved.actions_["undo"].trigger()
    shelved.actions_["undo"].trigger()
    assert shelved.document.edit.shelf[0].strength == 1.0
    assert cards(shelved)[0].strength.value() == 100


def test_a_drag_of_the_strength_is_one_step(qtbot, shelved: MainWindow) -> None:
    slider = cards(shelved)[0].strength
    slider.setSliderDown(True)
    for value in (90, 80, 70):
        slider.setValue(value)
    slider.setSliderDown(False)
    assert shelved.document.edit.shelf[0].strength == 0.7
    assert shelved.document.history.titles == ["Reference", "Reference strength"]


def test_the_expression_of_the_reference_is_asked_for(
    qtbot, shelved: MainWindow, fake, hand, pick
) -> None:
    pick(shelved.inspector.references.expression, "reference")
    hand.hide_mouth()
    hand.fill()
    assert fake.requests[-1].options.expression == "reference"
    shelved.actions_["undo"].trigger()


def test_removing_takes_it_out_of_the_fill_and_undo_brings_it_back(
    qtbot, shelved: MainWindow, fake, hand
) -> None:
    qtbot.mouseClick(cards(shelved)[0].remove, LEFT)
    section = shelved.inspector.references
    assert not section.cards
    assert section.empty.isVisibleTo(section)
    hand.hide_mouth()
    hand.fill()
    assert fake.requests[-1].references == ()
    for _ in range(3):
        shelved.actions_["undo"].trigger()
    assert len(cards(shelved)) == 1


def test_two_references_share_the_regions(
    qtbot, shelved: MainWindow, fake, hand, tmp_path: Path
) -> None:
    fake.shown[(300, 240)] = (face_at(50, 30, 140),)
    pixels = np.full((240, 300, 3), 90, np.uint8)
    drop(shelved, save_photo(photo_from_array(pixels), tmp_path / "third.png"))
    qtbot.waitUntil(lambda: len(cards(shelved)) == 2)
    settled(qtbot, shelved, hand)
    qtbot.mouseClick(dot(shelved, 0, "eyes"), LEFT)
    qtbot.mouseClick(dot(shelved, 1, "skin"), LEFT)
    assert not dot(shelved, None, "eyes").isChecked()
    hand.hide_mouth()
    hand.fill()
    first, second = fake.requests[-1].references
    assert first.regions == ("brows", "nose", "mouth", "skin")
    assert second.regions == ("eyes", "brows", "nose", "mouth")
    told = shelved.strip.buttons[0].toolTip()
    assert "from IMG_2.png: brows, nose, mouth, skin" in told
    assert "from third.png: eyes, brows, nose, mouth" in told


# Beside everything else.


def test_neither_a_fill_nor_the_window_waits_for_a_photo(
    qtbot, faced: MainWindow, fake, reference_path: Path, hand
) -> None:
    hand.hide_mouth()
    fake.gate.clear()
    hand.key(Qt.Key.Key_Return)
    qtbot.waitUntil(fake.started.is_set)
    drop(faced, reference_path)
    qtbot.waitUntil(lambda: len(cards(faced)) == 1)  # while the fill is held
    assert faced.editor.is_filling
    fake.gate.set()
    idle(qtbot, faced)


@pytest.mark.usefixtures("sessions")
def test_a_session_shows_its_shelf_again(
    qtbot, shelved: MainWindow, hand, reference_path: Path, tmp_path: Path
) -> None:
    path = write_session(shelved.document.edit, tmp_path / "a.mien")
    reference_path.unlink()
    shelved.document.history.mark_saved()
    shelved.actions_["close"].trigger()
    assert not cards(shelved)
    shelved.open(path)
    qtbot.waitUntil(lambda: len(cards(shelved)) == 1)
    settled(qtbot, shelved, hand)
    assert cards(shelved)[0].says.text() == "Happiness 90 %"
    assert cards(shelved)[0].who.text() == "Same person"


@pytest.mark.usefixtures("sessions")
def test_a_reference_is_work_that_is_kept_against_a_crash(
    qtbot, shelved: MainWindow, monkeypatch
) -> None:
    kept: list[Path] = []
    shelved.editor.keeper.kept.connect(kept.append)
    qtbot.waitUntil(lambda: bool(kept), timeout=10_000)
    assert len(read_session(kept[-1]).shelf) == 1


def test_the_shelf_speaks_korean_and_stays(qtbot, shelved: MainWindow) -> None:
    shelved.speak("ko")
    (card,) = cards(shelved)
    assert (card.says.text(), card.who.text()) == ("기쁨 90 %", "같은 사람")
    assert shelved.inspector.references.expression.itemText(1) == "참고 사진대로"
    shelved.speak("en")
    assert len(cards(shelved)) == 1


def test_a_look_that_is_over_after_the_tab_is_gone_changes_nothing(
    qtbot, faced: MainWindow, reference_path: Path, fake
) -> None:
    fake.preview_gate.clear()
    drop(faced, reference_path)
    faced.document.history.mark_saved()
    faced.actions_["close"].trigger()
    fake.preview_gate.set()
    references: References = faced.references
    qtbot.waitUntil(lambda: not references._awaited)
    assert not faced.document.is_open
    assert references.shelf == ()
