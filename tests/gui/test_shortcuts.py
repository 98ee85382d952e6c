"""Keys: shortcuts are changed where they are listed, and kept; letters of menus; the way of Tab."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt

from gui.actions import Actions
from gui.dialogs.shortcuts import ShortcutsDialog
from gui.main_window import MainWindow

LEFT, CONTROL = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def dialog(window: MainWindow) -> Iterator[ShortcutsDialog]:
    made = ShortcutsDialog(window.actions_, window)
    yield made
    made.deleteLater()


def give(qtbot, dialog: ShortcutsDialog, name: str, key, modifier=Qt.KeyboardModifier.NoModifier):
    qtbot.mouseClick(dialog.keys[name], LEFT)
    assert dialog.keys[name].text() == "Press keys…"
    qtbot.keyClick(dialog.keys[name], key, modifier)


def keys(window: MainWindow, name: str) -> str:
    return window.actions_[name].shortcut().toString()


def test_other_keys_are_taken_kept_and_work(
    qtbot, opened: MainWindow, dialog: ShortcutsDialog, settings
) -> None:
    give(qtbot, dialog, "tool_eraser", Qt.Key.Key_X)
    assert dialog.keys["tool_eraser"].text() == "X"
    qtbot.keyClick(opened.canvas, Qt.Key.Key_X)
    assert opened.canvas.tool is opened.canvas.eraser
    assert "(X)" in opened.actions_["tool_eraser"].toolTip()
    again = Actions(opened, settings)
    assert again["tool_eraser"].shortcut().toString() == "X"


def test_keys_that_another_command_has_are_taken_from_it_and_that_is_said(
    qtbot, window: MainWindow, dialog: ShortcutsDialog
) -> None:
    give(qtbot, dialog, "mask_grow", Qt.Key.Key_S, CONTROL)
    assert (keys(window, "mask_grow"), keys(window, "save")) == ("Ctrl+S", "")
    assert dialog.told.text() == "Ctrl+S was Save's, which has none now."
    assert dialog.keys["save"].text() == "—"
    dialog.reset.click()
    assert (keys(window, "mask_grow"), keys(window, "save")) == ("Ctrl+]", "Ctrl+S")


def test_escape_leaves_it_and_backspace_takes_it_away(
    qtbot, window: MainWindow, dialog: ShortcutsDialog
) -> None:
    give(qtbot, dialog, "more", Qt.Key.Key_Escape)
    assert (keys(window, "more"), dialog.keys["more"].text()) == ("G", "G")
    give(qtbot, dialog, "more", Qt.Key.Key_Backspace)
    assert (keys(window, "more"), dialog.keys["more"].text()) == ("", "—")
    give(qtbot, dialog, "more", Qt.Key.Key_Tab)
    assert keys(window, "more") == "Tab"


def test_both_enters_fill_until_it_has_other_keys(window: MainWindow) -> None:
    fill = window.actions_["fill"]
    assert [one.toString() for one in fill.shortcuts()] == ["Return", "Enter"]
    window.actions_.set_shortcut("fill", "F5")
    assert [one.toString() for one in fill.shortcuts()] == ["F5"]


@pytest.mark.parametrize("code", ["en", "ko"])
def test_a_letter_of_a_menu_leads_to_one_entry(window: MainWindow, code: str) -> None:
    window.speak(code)

    def look(menu, name: str) -> None:
        letters: dict[str, str] = {}
        for action in menu.actions():
            found = re.search("&([^&])", action.text())
            if found:
                letter = found[1].lower()
                assert letter not in letters, (name, letters.get(letter), action.text())
                letters[letter] = action.text()
            if action.menu() is not None:
                look(action.menu(), action.text())

    look(window.menuBar(), "the bar")


def test_tab_goes_to_the_header_first_and_then_down(qtbot, opened: MainWindow) -> None:
    order, at = [], opened.header.compare
    for _ in range(200):
        order.append(at)
        at = at.nextInFocusChain()
        if at is order[0]:
            break
    panels = (opened.header, opened.rail, opened.inspector)
    first = [next(n for n, one in enumerate(order) if panel.isAncestorOf(one)) for panel in panels]
    assert first == sorted(first)
    header = [one for one in order if opened.header.isAncestorOf(one)]
    wanted = [opened.header.compare, opened.header.split, opened.header.save, opened.header.fill]
    assert [one for one in header if one in wanted] == wanted
