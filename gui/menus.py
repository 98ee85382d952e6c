"""The menu bar: the commands' menus, the photos opened last, and what the program looks and
speaks like."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu, QMenuBar

from gui.actions import Actions
from gui.commands.command import FILE, VIEW
from gui.files import Files
from gui.settings import Settings
from gui.translation import LANGUAGES, language, tr

Choose = Callable[[str], object]


def fill_menu_bar(
    bar: QMenuBar,
    actions: Actions,
    files: Files,
    settings: Settings,
    set_theme: Choose,
    set_language: Choose,
) -> None:
    """Every menu anew, in the interface's language. set_theme and set_language are given the code
    of what is chosen."""
    menus = actions.fill_menus(bar)
    recent = QMenu(tr("Open &recent"), menus[FILE])
    menus[FILE].insertMenu(actions["sample"], recent)
    recent.aboutToShow.connect(lambda: files.list_recent(recent))
    menus[VIEW].addSeparator()
    looks = {"system": tr("System"), "dark": tr("Dark"), "light": tr("Light")}
    chosen = settings.text("theme", "system")
    _add_choices(menus[VIEW].addMenu(tr("&Theme")), looks, chosen, set_theme)
    _add_choices(menus[VIEW].addMenu(tr("Lan&guage")), LANGUAGES, language(), set_language)


def _add_choices(menu: QMenu, words: dict[str, str], chosen: str, choose: Choose) -> None:
    """Entries of which one is ticked."""
    group = QActionGroup(menu)
    for name, text in words.items():
        action = menu.addAction(text)
        action.setObjectName(name)
        action.setCheckable(True)
        action.setChecked(name == chosen)
        group.addAction(action)
        action.triggered.connect(lambda _=False, n=name: choose(n))
