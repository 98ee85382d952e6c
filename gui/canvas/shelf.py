"""Where the levels of photos behind the shown one wait, in bounded memory."""

from __future__ import annotations

from engine.photo import Photo
from gui.canvas.levels import Levels, levels_of
from gui.canvas.viewport import Viewport
from gui.tab import Tab

LARGEST_BEHIND = 2**28  # bytes of levels that the photos behind the shown one hold


class Shelf:
    """The levels of all open photos. shown: those that are drawn, None while no photo is."""

    def __init__(self) -> None:
        self.shown: Levels | None = None
        self.levels: dict[Tab, Levels] = {}  # the one that was shown last is the last
        self._loaded: dict[Photo, Levels] = {}  # of photos that were not shown yet

    def take(self, levels: Levels, tab: Tab | None) -> bool:
        """Levels that were made off the GUI thread; whether they are those of the shown tab, and
        drawn from now on."""
        if tab is None or tab.photo is not levels.photo or self.shown is None:
            self._loaded[levels.photo] = levels
            self._bound()
            return False
        levels.view, levels.is_fitted = self.shown.view, self.shown.is_fitted
        levels.catch_up(tab)
        self.levels[tab] = self.shown = levels
        return True

    def put_back(self, tab: Tab | None, view: Viewport, *, is_fitted: bool) -> None:
        """Another photo will be shown; this one was looked at like that."""
        levels, self.shown = self.shown, None
        if tab is not None and levels is not None:
            levels.view, levels.is_fitted, levels.edit = view, is_fitted, tab.now
            self.levels[tab] = self.levels.pop(tab)

    def show(self, tab: Tab) -> Levels:
        """The levels of the tab that is shown from now on, as it is by now."""
        levels = self.levels.pop(tab, None) or self._loaded.pop(tab.photo, None)
        levels = levels or levels_of(tab.photo, tab.now)
        levels.catch_up(tab)
        self.levels[tab] = self.shown = levels
        self._bound()
        return levels

    def forget(self, tab: Tab) -> None:
        """The photo is closed."""
        self.levels.pop(tab, None)
        self._loaded.pop(tab.photo, None)

    def _bound(self) -> None:
        """Of the photos behind the shown one, those looked at last keep all their levels."""
        room = LARGEST_BEHIND
        behind = [*self._loaded.values(), *self.levels.values()]
        for levels in reversed([one for one in behind if one is not self.shown]):
            if levels.bytes > room:
                levels.thin()
            room -= min(room, levels.bytes)
