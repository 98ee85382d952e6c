"""Layers and history at the right: what is shown of every hole, every step to go back to."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from engine.edit.edit import Layer
from gui import theme
from gui.document import Document
from gui.panels.lists import KEY, TITLE, NamedList, PlainList
from gui.panels.snapshots import Snapshots
from gui.panels.widgets import Slider, give_focus_back, quiet, section
from gui.results import Results
from gui.translation import tr

WIDTH, SIDE = 232, 40
POSITION = Qt.ItemDataRole.UserRole


class LayersPanel(QWidget):
    """Everything it shows is read off the document's edit and history; it keeps nothing."""

    def __init__(self, document: Document, results: Results, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("layers")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(WIDTH)
        self._document, self._results = document, results
        self._is_sliding = False
        self.layers, self.steps = NamedList(tr("Layers"), SIDE), PlainList(tr("History"))
        self.layers.setIconSize(QSize(SIDE, SIDE))
        self.layers.itemChanged.connect(self._on_ticked)
        self.layers.currentItemChanged.connect(lambda *_: self._show_chosen())
        self.layers.itemClicked.connect(lambda _item: give_focus_back(self))
        self.steps.itemClicked.connect(self._on_step)
        self.opacity = Slider(tr("Layer opacity"))
        self.opacity.setRange(0, 100)
        self.opacity.valueChanged.connect(self._on_opacity)
        self.opacity.sliderReleased.connect(self._on_released)
        self._percent = quiet()
        self._percent.setMinimumWidth(38)
        self.up = self._button("arrow-up", tr("Layer up"), True)
        self.down = self._button("arrow-down", tr("Layer down"), False)
        self.delete = QToolButton()
        theme.Sign(self.delete, "delete-outline")
        self.delete.setToolTip(tr("Delete the layer  (Del)"))
        self.delete.setAccessibleName(tr("Delete the layer"))
        self.delete.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.delete.clicked.connect(self._delete)
        self.layers.named.connect(self._name)
        self.layers.deleted.connect(lambda _hole: self._delete())
        head, seen = QHBoxLayout(), QHBoxLayout()
        head.setSpacing(2)
        head.addWidget(section(tr("Layers")), 1)
        for button in (self.up, self.down, self.delete):
            head.addWidget(button)
        seen.setSpacing(6)
        seen.addWidget(self.opacity, 1)
        seen.addWidget(self._percent)
        self.snapshots = Snapshots(document)
        self._nothing = QLabel(tr("Every fill becomes a layer here."))
        self._nothing.setWordWrap(True)
        self._nothing.setProperty("quiet", True)
        column = QVBoxLayout(self)
        column.setContentsMargins(13, 12, 12, 12)
        column.setSpacing(7)
        column.addLayout(head)
        column.addWidget(self._nothing)
        column.addWidget(self.layers, 3)
        column.addLayout(seen)
        column.addSpacing(4)
        column.addWidget(self.snapshots)
        column.addSpacing(4)
        column.addWidget(section(tr("History")))
        column.addWidget(self.steps, 4)
        results.changed.connect(self.refresh)
        document.opened.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the edit as it is; costs nothing while the panel is hidden."""
        if not self.isVisible():
            return
        self._list_layers()
        self.snapshots.refresh()
        self._list_steps()

    def showEvent(self, event) -> None:
        super().showEvent(event)
        self.refresh()

    # Layers.

    def _list_layers(self) -> None:
        chosen = self._chosen_hole()
        edit = self._document.edit if self._document.is_open else None
        holes = list(dict.fromkeys(layer.hole for layer in edit.layers)) if edit else []
        listed = {self._hole_at(row) for row in range(self.layers.count())}
        chosen = next((hole for hole in reversed(holes) if hole not in listed), chosen)
        self.layers.blockSignals(True)
        self.layers.clear()
        for hole in reversed(holes):  # the highest first, as it lies
            assert edit is not None
            layer = _seen(edit.of_hole(hole))
            result = self._results.result_of(layer)
            title, line = result.label
            title = layer.name or title
            item = QListWidgetItem(f"{title}\n{line}")
            picture = QPixmap.fromImage(result.thumbnail)
            picture.setDevicePixelRatio(picture.width() / SIDE)
            icon = QIcon(picture)
            icon.addPixmap(picture, QIcon.Mode.Selected)  # or Qt tints the chosen one
            item.setIcon(icon)
            item.setData(KEY, hole)
            item.setData(TITLE, title)
            flags = Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEditable
            item.setFlags(item.flags() | flags)
            state = Qt.CheckState.Checked if layer.visible else Qt.CheckState.Unchecked
            item.setCheckState(state)
            told = (tr("Tick to show the fill, untick to hide it"), tr("Double-click to rename it"))
            item.setToolTip("\n".join(told))
            self.layers.addItem(item)
            if hole == chosen:
                self.layers.setCurrentItem(item)
        if self.layers.currentRow() < 0 and holes:
            self.layers.setCurrentRow(0)
        self.layers.blockSignals(False)
        self._nothing.setVisible(not holes)
        self.layers.setVisible(bool(holes))
        self._show_chosen()

    def _hole_at(self, row: int) -> str | None:
        item = self.layers.item(row)
        return None if item is None else item.data(KEY)

    def _chosen_hole(self) -> str | None:
        return self._hole_at(self.layers.currentRow())

    def _chosen(self) -> Layer | None:
        hole = self._chosen_hole()
        layers = self._document.edit.of_hole(hole) if hole is not None else ()
        return _seen(layers) if layers else None

    def _show_chosen(self) -> None:
        layer = self._chosen()
        for widget in (self.opacity, self._percent, self.up, self.down, self.delete):
            widget.setEnabled(layer is not None)
            widget.setVisible(layer is not None)
        if layer is None:
            return
        percent = round(100 * layer.opacity)
        self.opacity.blockSignals(True)
        self.opacity.setValue(percent)
        self.opacity.blockSignals(False)
        self._percent.setText(f"{percent} %")
        row, count = self.layers.currentRow(), self.layers.count()
        self.up.setEnabled(row > 0)
        self.down.setEnabled(row + 1 < count)

    def _on_ticked(self, item: QListWidgetItem) -> None:
        layer = _seen(self._document.edit.of_hole(item.data(KEY)))
        visible = item.checkState() == Qt.CheckState.Checked
        if visible != layer.visible:
            title = tr("Show a layer") if visible else tr("Hide a layer")
            self._document.change_layer(replace(layer, visible=visible), title)

    def _on_opacity(self, percent: int) -> None:
        layer = self._chosen()
        if layer is not None and percent != round(100 * layer.opacity):
            changed = replace(layer, opacity=percent / 100)
            # A whole drag is one step.
            self._document.change_layer(changed, tr("Layer opacity"), anew=not self._is_sliding)
            self._is_sliding = self.opacity.isSliderDown()

    def _on_released(self) -> None:
        self._is_sliding = False

    def _button(self, icon: str, name: str, upwards: bool) -> QToolButton:
        button = QToolButton()
        theme.Sign(button, icon)
        button.setToolTip(name)
        button.setAccessibleName(name)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda: self._move(upwards, name))
        return button

    def _move(self, upwards: bool, title: str) -> None:
        hole = self._chosen_hole()
        if hole is not None:
            self._document.move_hole(hole, title, upwards=upwards)
            give_focus_back(self)

    def _delete(self) -> None:
        hole = self._chosen_hole()
        if hole is not None:
            self._document.delete_hole(hole, tr("Delete the layer"))
            give_focus_back(self)

    def _name(self, hole: str, name: str) -> None:
        self._document.name_hole(hole, name, tr("Rename the layer"))
        give_focus_back(self)

    # Steps.

    def _list_steps(self) -> None:
        history = self._document.history
        titles = [tr("As opened"), *history.titles] if self._document.is_open else []
        self.steps.clear()
        for position, title in enumerate(titles):
            item = QListWidgetItem(title)
            item.setData(POSITION, position)
            if position > history.position:
                item.setForeground(self.palette().placeholderText())
            self.steps.addItem(item)
        if titles:
            self.steps.setCurrentRow(history.position)
            self.steps.scrollToItem(self.steps.item(history.position))

    def _on_step(self, item: QListWidgetItem) -> None:
        self._document.history.go(item.data(POSITION))
        give_focus_back(self)


def _seen(layers: tuple[Layer, ...]) -> Layer:
    """What is seen of a hole; of a hidden one, what would be."""
    return next((layer for layer in layers if layer.visible), layers[-1])
