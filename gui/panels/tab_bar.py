"""The bar of open photos, above what belongs to the one that is shown."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QTabBar, QToolButton, QWidget

from gui import theme
from gui.actions import Actions
from gui.base.operation import Desk
from gui.panels.widgets import give_focus_back
from gui.tab import Tab
from gui.tabs import Tabs
from gui.translation import tr

HEIGHT, NARROWEST, WIDEST = 36, 150, 260


class TabBar(QWidget):
    """Hidden while at most one photo is open. Signals: `close_asked` with a tab; `menu_asked` with
    a tab and the place on the screen."""

    close_asked = Signal(object)
    menu_asked = Signal(object, object)

    def __init__(
        self, actions: Actions, tabs: Tabs, desk: Desk, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("tabs")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(HEIGHT)
        self._tabs, self._desk = tabs, desk
        self._listed: list[Tab] = []
        self.bar = _Bar()
        self.bar.setAccessibleName(tr("Open photos"))
        self.bar.currentChanged.connect(self._on_chosen)
        self.bar.tabMoved.connect(self._on_moved)
        self.bar.close_asked.connect(self._on_close)
        self.bar.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.bar.customContextMenuRequested.connect(self._on_menu)
        self.bar.tabBarClicked.connect(lambda _number: give_focus_back(self))
        add = QToolButton()
        add.setObjectName("addTab")
        theme.Sign(add, "plus")
        add.setIconSize(QSize(16, 16))
        add.setToolTip(actions["open"].toolTip())
        add.setAccessibleName(tr("Open photos"))
        add.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        add.clicked.connect(actions["open"].trigger)
        self._close_tip = actions["close"].toolTip()
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 8, 0)
        row.setSpacing(4)
        row.addWidget(self.bar)
        row.addWidget(add)
        row.addStretch(1)
        theme.themes().rethemed.connect(self.refresh)
        tabs.changed.connect(self.refresh)
        desk.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show which photos are open, which is shown, which are not saved or being filled."""
        self.bar.blockSignals(True)
        listed = list(self._tabs)
        if listed != self._listed:
            self._list(listed)
        for number, (tab, name) in enumerate(zip(listed, self._tabs.names(), strict=True)):
            text = name.replace("&", "&&")
            text = text if tab.is_saved else "● " + text
            if text != self.bar.tabText(number):
                self.bar.setTabText(number, text)
            path = str(tab.path) if tab.path else name
            state = "" if tab.is_saved else tr("Not saved")
            filling = self._desk.is_busy_with(tab)
            if filling and tab is not self._tabs.shown:
                state = tr("Being filled")
            busy = theme.icon("progress-clock") if filling else None
            icon = busy or (theme.icon("check") if tab.is_news else None)
            if icon is not None:
                self.bar.setTabIcon(number, icon)
            elif not self.bar.tabIcon(number).isNull():
                self.bar.setTabIcon(number, QIcon())
            self.bar.setTabToolTip(number, f"{path}\n{state}" if state else path)
        if self._tabs.shown in listed:
            self.bar.setCurrentIndex(listed.index(self._tabs.shown))
        self.bar.blockSignals(False)
        self.setVisible(len(listed) > 1)

    def _list(self, listed: list[Tab]) -> None:
        while self.bar.count():
            self.bar.removeTab(0)
        for _tab in listed:
            number = self.bar.addTab("")
            button = QToolButton()
            button.setObjectName("closeTab")
            theme.Sign(button, "close")
            button.setIconSize(QSize(13, 13))
            button.setToolTip(self._close_tip)
            button.setAccessibleName(tr("Close"))
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(lambda _=False, one=_tab: self.close_asked.emit(one))
            self.bar.setTabButton(number, QTabBar.ButtonPosition.RightSide, button)
        self._listed = listed

    def _on_chosen(self, number: int) -> None:
        if 0 <= number < len(self._listed):
            self._tabs.show(self._listed[number])

    def _on_moved(self, start: int, end: int) -> None:
        self._listed.insert(end, self._listed.pop(start))
        self._tabs.move(start, end)

    def _on_menu(self, at: QPoint) -> None:
        number = self.bar.tabAt(at)
        if number >= 0:
            self.menu_asked.emit(self._listed[number], self.bar.mapToGlobal(at))

    def _on_close(self, number: int) -> None:
        self.close_asked.emit(self._listed[number])


class _Bar(QTabBar):
    """Tabs that the middle button closes. Signal `close_asked` with the number of one."""

    close_asked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setMovable(True)
        self.setExpanding(False)
        self.setDrawBase(False)
        self.setElideMode(Qt.TextElideMode.ElideMiddle)
        self.setUsesScrollButtons(True)
        self.setDocumentMode(True)
        self.setIconSize(QSize(14, 14))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)

    def tabSizeHint(self, index: int) -> QSize:
        hint = super().tabSizeHint(index)
        return QSize(min(hint.width(), WIDEST), HEIGHT - 1)

    def minimumTabSizeHint(self, index: int) -> QSize:
        """Names are shortened this far; where more tabs are open, they are scrolled."""
        return QSize(min(self.tabSizeHint(index).width(), NARROWEST), HEIGHT - 1)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, HEIGHT - 1)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        number = self.tabAt(event.position().toPoint())
        if event.button() == Qt.MouseButton.MiddleButton and number >= 0:
            self.close_asked.emit(number)
