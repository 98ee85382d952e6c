"""Several photos open at once: what they take of the memory, and what a crash leaves of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QMessageBox

import gui.canvas.levels
import gui.canvas.shelf
import gui.canvas.surface
import gui.files
import gui.saving
from engine.edit.session import read_session, sessions_folder
from gui.canvas.pyramid import Pyramid
from gui.keeper import orphans
from gui.main_window import MainWindow
from tests.gui.gestures import idle, tabs

BUTTON = QMessageBox.StandardButton
pytestmark = pytest.mark.usefixtures("sessions")


def test_photos_behind_let_their_levels_go_and_get_them_back(
    qtbot, window: MainWindow, hand, tmp_path: Path, monkeypatch
) -> None:
    rng = np.random.default_rng(1)
    for name in ("a", "b"):
        noise = rng.integers(0, 255, (1500, 2100, 3)).astype(np.uint8)
        Image.fromarray(noise).save(tmp_path / f"{name}.png")
    monkeypatch.setattr(gui.canvas.shelf, "LARGEST_BEHIND", 0)
    monkeypatch.setattr(gui.canvas.levels, "COARSE", 2**18)
    window.open(tmp_path / "a.png", tmp_path / "b.png")
    qtbot.waitUntil(lambda: len(window.editor.tabs) == 2)
    first, second = tabs(window)
    hand.stroke((700, 700))
    hand.fill()
    window.editor.tabs.show(second)
    behind = window.canvas.shelf.levels[first]
    assert not behind.is_whole
    assert behind.current.levels[1] is None
    window.editor.tabs.show(first)
    assert not window.canvas.shelf.shown.is_whole
    window.canvas.grab()  # it is drawn all the same
    hand.stroke((300, 300))
    qtbot.waitUntil(lambda: window.canvas.shelf.shown.is_whole)
    shown = window.canvas.shelf.shown
    for levels, wanted in (
        (shown.original.levels, first.photo.pixels),
        (shown.current.levels, window.document.pixels),
        (shown.mask.levels, window.document.mask),
    ):
        for level, anew in zip(levels[1:], Pyramid(wanted).levels[1:], strict=True):
            assert np.array_equal(level, anew)


def test_a_large_change_ends_where_a_small_one_does(
    qtbot, two: MainWindow, hand, monkeypatch
) -> None:
    monkeypatch.setattr(gui.canvas.levels, "AT_ONCE", 1000)
    monkeypatch.setattr(gui.canvas.levels, "PIECE", 50)
    monkeypatch.setattr(gui.canvas.surface, "SLICE", 1e-9)
    levels = two.canvas.shelf.shown
    two.actions_["mask_invert"].trigger()
    assert levels.waiting
    two.actions_["tab_next"].trigger()  # in the middle of it
    assert levels.waiting
    two.actions_["tab_next"].trigger()
    qtbot.waitUntil(lambda: not levels.waiting)
    assert two.canvas.shelf.shown is levels
    for level, anew in zip(
        levels.mask.levels[1:], Pyramid(two.document.mask).levels[1:], strict=True
    ):
        assert np.array_equal(level, anew)


def test_work_in_all_tabs_is_kept_and_comes_back(qtbot, two: MainWindow, hand, fake) -> None:
    first, second = tabs(two)
    two.editor.keeper._timer.setInterval(10)
    kept = []
    two.editor.keeper.kept.connect(kept.append)
    fake.gate.clear()
    hand.stroke((100, 100))
    two.actions_["fill"].trigger()
    qtbot.waitUntil(fake.started.is_set)
    two.editor.tabs.show(first)
    hand.stroke((200, 150))
    fake.gate.set()  # it lands behind, and is kept all the same
    idle(qtbot, two)
    paths = {one: two.editor.keeper._kept[one].path for one in (first, second)}
    qtbot.waitUntil(lambda: set(paths.values()) <= set(kept))
    qtbot.waitUntil(lambda: len(read_session(paths[second]).layers) == 1)
    assert len(read_session(paths[first]).layers) == 0
    assert not read_session(paths[first]).mask.is_blank
    two.document.set_mask(first.edit.mask.without(first.edit.mask), "Clear")
    two.actions_["close"].trigger()
    assert not paths[first].exists()
    assert paths[second].exists()


def test_all_photos_of_a_crash_are_gone_on_with(
    qtbot, two: MainWindow, hand, fake, settings, monkeypatch
) -> None:
    two.editor.keeper._timer.setInterval(10)
    for tab in tabs(two):
        two.editor.tabs.show(tab)
        hand.stroke((100, 100))
    kept = two.editor.keeper._kept
    qtbot.waitUntil(lambda: all(one.written is one.tab.edit for one in kept.values()))
    for one in kept.values():
        one.lock.unlock()  # as if this process were gone
    monkeypatch.setattr(gui.files, "ask_to_recover", lambda _w, left: (left, []))
    other = MainWindow(settings, lambda: fake)
    assert other.files.recover()
    qtbot.waitUntil(lambda: len(other.editor.tabs) == 2)
    assert {tab.path for tab in other.editor.tabs} == {tab.path for tab in two.editor.tabs}
    for tab in other.editor.tabs:
        assert not tab.edit.mask.is_blank
        tab.saved_mask = tab.edit.mask
    assert orphans() == []
    assert other.close()
    other.deleteLater()
    assert not list(sessions_folder().glob("*.mien"))
    for one in kept.values():
        one.lock = None
