"""Where else the person is seen: asked once, found in the background, taken by a click."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

import gui.reference_choices
from engine.photo import photo_from_array, save_photo
from engine.reference.album_file import faces_folder, kept_folders
from gui.main_window import MainWindow
from gui.panels.also_seen import AlsoSeenPanel
from gui.thumbnails import Thumbnails, Wanted, picture_of
from tests.gui.conftest import face_at

LEFT = Qt.MouseButton.LeftButton


def photo_of(folder: Path, name: str, size: tuple[int, int], shade: int = 90) -> Path:
    pixels = np.full((size[1], size[0], 3), shade, np.uint8)
    return save_photo(photo_from_array(pixels), folder / name)


@pytest.fixture
def sitting(tmp_path: Path, fake, monkeypatch) -> Path:
    """A folder of four photos: the first three show one person, the last another."""
    monkeypatch.setenv("MIEN_FACES", str(tmp_path / "kept"))
    folder = tmp_path / "sitting"
    folder.mkdir()
    for number in range(4):
        size = 300 + number, 250
        photo_of(folder, f"IMG_{number}.png", size, 60 * number + 10)
        fake.shown[size] = (face_at(60, 30, 150),)
        fake.people[size] = int(number == 3)
    return folder


@pytest.fixture
def asked(qtbot, window: MainWindow, sitting: Path) -> MainWindow:
    """The first one open, and the question there."""
    window.open(sitting / "IMG_0.png")
    qtbot.waitUntil(lambda: window.also_seen.state.asks, timeout=20_000)
    return window


def panel(window: MainWindow) -> AlsoSeenPanel:
    return window.inspector.references.also


def names(window: MainWindow) -> set[str]:
    return {match.path.name for match in window.also_seen.state.found}


def looked(qtbot, window: MainWindow) -> None:
    """Say yes, until the folder is looked through."""
    qtbot.mouseClick(panel(window).look, LEFT)
    qtbot.waitUntil(lambda: window.also_seen.state.looked is None and bool(names(window)))


def test_nothing_is_looked_at_before_it_is_allowed(qtbot, asked: MainWindow, fake) -> None:
    shown = panel(asked)
    assert shown.line.text() == "Look for this person in the 3 other photos of this folder?"
    assert "nothing leaves it" in shown.private.text()
    assert not faces_folder().exists()
    qtbot.mouseClick(shown.leave, LEFT)
    assert shown.isHidden()
    assert not faces_folder().exists()


def test_the_person_is_found_and_a_click_puts_a_photo_on_the_shelf(
    qtbot, asked: MainWindow
) -> None:
    looked(qtbot, asked)
    shown = panel(asked)
    assert names(asked) == {"IMG_1.png", "IMG_2.png"}
    assert shown.line.text() == "Also seen in 2 photos"
    first = shown.pictures[0]
    qtbot.waitUntil(lambda: first._image is not None)
    qtbot.mouseClick(first, LEFT)
    qtbot.waitUntil(lambda: bool(asked.references.shelf))
    (known,) = asked.references.shelf
    assert known.shelved.source.name == first.match.path.name
    assert known.shelved.face.box[:3] == (60, 30, 150)
    # What stands on the shelf is not offered again.
    assert shown.line.text() == "Also seen in 1 photo"


def test_the_answer_is_remembered_and_the_index_can_be_deleted(
    qtbot, asked: MainWindow, sitting: Path, settings, monkeypatch
) -> None:
    looked(qtbot, asked)
    asked.open(sitting / "IMG_1.png")
    qtbot.waitUntil(lambda: names(asked) == {"IMG_0.png", "IMG_2.png"})
    assert str(sitting) in settings.text("folders_looked_through")
    assert kept_folders() == 1
    told: list[str] = []
    monkeypatch.setattr(
        gui.reference_choices, "may_delete", lambda _w, _title, text: told.append(text) or True
    )
    asked.actions_["faces_forget"].trigger()
    assert "on this computer alone" in told[0]
    qtbot.waitUntil(lambda: kept_folders() == 0)
    qtbot.waitUntil(lambda: asked.also_seen.state.asks)
    asked.actions_["faces_forget"].trigger()
    assert len(told) == 1  # there is nothing to delete


def test_what_a_look_under_way_found_is_deleted_too(qtbot, asked: MainWindow, fake) -> None:
    fake.look_gate.clear()
    qtbot.mouseClick(panel(asked).look, LEFT)
    qtbot.waitUntil(lambda: asked.also_seen.state.looked is not None)
    with qtbot.waitSignal(asked.also_seen.told) as told:
        asked.also_seen.forget()
        fake.look_gate.set()
    assert told.args == ["What was kept of faces is deleted, folders: 1."]  # of the stopped look
    assert kept_folders() == 0
    assert asked.also_seen.state.asks
    assert not asked.also_seen._albums


def test_faces_are_deleted_though_the_window_closes_at_once(qtbot, asked: MainWindow, fake) -> None:
    fake.look_gate.clear()
    qtbot.mouseClick(panel(asked).look, LEFT)
    qtbot.waitUntil(lambda: asked.also_seen.state.looked is not None)
    asked.also_seen.forget()
    fake.look_gate.set()
    asked.also_seen.close()
    assert kept_folders() == 0


def test_it_is_stopped_and_gone_on_with(qtbot, asked: MainWindow, fake) -> None:
    fake.look_gate.clear()
    shown = panel(asked)
    qtbot.mouseClick(shown.look, LEFT)
    qtbot.waitUntil(lambda: shown.bar.isVisibleTo(shown))
    assert shown.line.text() == "Looking through the folder…"
    qtbot.mouseClick(shown.stop, LEFT)
    fake.look_gate.set()
    qtbot.waitUntil(lambda: asked.also_seen.state.looked is None)
    assert shown.look.text() == "Go on looking"
    qtbot.mouseClick(shown.look, LEFT)
    qtbot.waitUntil(lambda: names(asked) == {"IMG_1.png", "IMG_2.png"})


def test_open_photos_of_other_folders_are_looked_at_too(
    qtbot, asked: MainWindow, fake, tmp_path: Path
) -> None:
    fake.shown[(280, 240)] = (face_at(20, 30, 140),)
    elsewhere = photo_of(tmp_path, "holiday.png", (280, 240))
    asked.files.open(elsewhere)
    qtbot.waitUntil(lambda: asked.document.path == elsewhere)
    qtbot.waitUntil(lambda: bool(asked.document.faces))
    asked.editor.tabs.step(False)
    looked(qtbot, asked)
    qtbot.waitUntil(lambda: "holiday.png" in names(asked))
    picture = next(p for p in panel(asked).pictures if p.match.path.name == "holiday.png")
    elsewhere.unlink()  # the open tab has it
    qtbot.mouseClick(picture, LEFT)
    qtbot.waitUntil(lambda: bool(asked.references.shelf))
    assert asked.references.shelf[0].shelved.source.name == "holiday.png"


def test_nobody_else_is_said(qtbot, window: MainWindow, sitting: Path, fake) -> None:
    window.open(sitting / "IMG_3.png")
    qtbot.waitUntil(lambda: window.also_seen.state.asks, timeout=20_000)
    shown = panel(window)
    qtbot.mouseClick(shown.look, LEFT)
    text = "Not seen in the other photos of this folder."
    qtbot.waitUntil(lambda: shown.line.text() == text)


def test_thumbnails_are_of_the_whole_or_around_a_face(qtbot, tmp_path: Path) -> None:
    pixels = np.zeros((400, 600, 3), np.uint8)
    pixels[100:200, 300:400] = (250, 120, 40)
    path = save_photo(photo_from_array(pixels), tmp_path / "a.png")
    assert picture_of(Wanted(path, 120)).size().toTuple() == (120, 80)
    face = picture_of(Wanted(path, 90, (300, 100, 100, 100)))
    assert face.size().toTuple() == (90, 90)
    assert face.pixelColor(45, 45).getRgb()[:3] == pytest.approx((250, 120, 40), abs=4)
    assert face.pixelColor(5, 45).getRgb()[:3] == (0, 0, 0)
    (tmp_path / "no.jpg").write_bytes(b"no photo")
    assert picture_of(Wanted(tmp_path / "no.jpg", 90)).isNull()
    made = Thumbnails()
    wanted = Wanted(path, 60)
    assert made.of(wanted) is None
    with qtbot.waitSignal(made.made) as told:
        pass
    assert told.args == [wanted]
    image = made.of(wanted)
    assert isinstance(image, QImage)
    assert made.of(wanted) is image
    save_photo(photo_from_array(pixels[:, :400]), path, overwrite=True)
    made.forget(path)
    assert made.of(wanted) is None  # the file is another one
    with qtbot.waitSignal(made.made):
        pass
    assert made.of(wanted).size().toTuple() == (60, 60)
    made.close()


def test_thumbnails_take_so_many_bytes_at_most(qtbot, tmp_path: Path, monkeypatch) -> None:
    path = save_photo(photo_from_array(np.zeros((60, 60, 3), np.uint8)), tmp_path / "a.png")
    monkeypatch.setattr("gui.thumbnails.BYTES", 2 * 40 * 40 * 4)
    made = Thumbnails()
    for side in (38, 39, 40):
        with qtbot.waitSignal(made.made):
            made.of(Wanted(path, side))
    assert [one.side for one in made._made] == [39, 40]
    made.close()


def test_a_thumbnail_that_fails_holds_up_no_other(qtbot, tmp_path: Path, monkeypatch) -> None:
    path = save_photo(photo_from_array(np.zeros((60, 60, 3), np.uint8)), tmp_path / "a.png")
    made = Thumbnails()
    with monkeypatch.context() as patch, qtbot.waitSignal(made.made):
        patch.setattr("gui.thumbnails.picture_of", lambda _wanted: 1 / 0)
        made.of(Wanted(path, 30))
        qtbot.waitUntil(lambda: made._making is None)
    assert made.of(Wanted(path, 30)).isNull()
    with qtbot.waitSignal(made.made):
        made.of(Wanted(path, 40))
    assert not made.of(Wanted(path, 40)).isNull()
    made.close()
