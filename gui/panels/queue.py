"""The queue of a batch: every photo with its mask, its result and what became of it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPixmap, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from engine.batch import Item
from engine.batch.log import DOUBTFUL, EXISTS, FAILED, FILLED, NO_MASK, NOTHING, UNWORN
from gui import theme
from gui.qimage import image_from_rgb, resize
from gui.translation import tr
from gui.worker import Worker

PHOTO, NAME, MASK, RESULT, STATE = range(5)
SIDE = 56  # of a thumbnail
NARROW = 520  # pixels of a list that has no room for the masks' names
KEPT = 1500  # thumbnails in memory
Index = QModelIndex | QPersistentModelIndex


@dataclass
class Row:
    """A photo of the queue. state: "" while it waits, a stage while it is worked on, then how it
    ended. detail: the sentence of a failure or a note."""

    item: Item
    state: str = ""
    detail: str = ""
    seconds: float = 0.0
    result: Path | None = None


def words() -> dict[str, str]:
    """The words for states and stages."""
    return {
        "": tr("Waiting"),
        "decode": tr("Opening…"),
        "find": tr("Finding faces…"),
        "fill": tr("Filling…"),
        "encode": tr("Saving…"),
        FILLED: tr("Filled"),
        FAILED: tr("Failed"),
        NO_MASK: tr("No mask"),
        EXISTS: tr("Was there already"),
        NOTHING: tr("Nothing to fill"),
        UNWORN: tr("Nothing worn"),
        DOUBTFUL: tr("Left out for doubt"),
    }


class QueueModel(QAbstractTableModel):
    """The rows; thumbnails are made off the GUI thread when a row is first looked at."""

    def __init__(self, worker: Worker, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: list[Row] = []
        self._places: dict[str, int] = {}
        self._worker = worker
        self._pictures: OrderedDict[Path, QPixmap | None] = OrderedDict()

    def show(self, items: list[Item]) -> None:
        """Another queue; all wait."""
        self.beginResetModel()
        self.rows = [Row(item) for item in items]
        self._places = {row.item.name: number for number, row in enumerate(self.rows)}
        self.endResetModel()

    def renew(self) -> None:
        """Every photo waits again."""
        self.show([row.item for row in self.rows])

    def set_state(self, name: str, state: str, **values: Any) -> int | None:
        """Another state of the photo of this name; its row."""
        number = self._places.get(name)
        if number is None:
            return None
        row = self.rows[number]
        row.state = state
        for key, value in values.items():
            setattr(row, key, value)
        if row.result is not None:
            self._pictures.pop(row.result, None)
        self.dataChanged.emit(self.index(number, 0), self.index(number, STATE))
        return number

    def add(self, item: Item) -> None:
        """One more photo, at the end: a watched folder grows."""
        at = len(self.rows)
        self.beginInsertRows(QModelIndex(), at, at)
        self.rows.append(Row(item))
        self._places[item.name] = at
        self.endInsertRows()

    # Qt's side.

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else STATE + 1

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            titles = ("", tr("Photo"), tr("Mask"), tr("Result"), tr("State"))
            return titles[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = self.rows[index.row()], index.column()
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._text(row, column)
            case Qt.ItemDataRole.DecorationRole:
                return self._picture(row, column, index.row())
            case Qt.ItemDataRole.ToolTipRole:
                return row.detail or (str(row.item.photo) if column in (PHOTO, NAME) else None)
            case Qt.ItemDataRole.ForegroundRole if column == STATE:
                return self._colour(row)
            case Qt.ItemDataRole.ForegroundRole if column == MASK:
                return QColor(theme.colours().quiet)
            case Qt.ItemDataRole.AccessibleTextRole if column in (PHOTO, RESULT):
                return row.item.name if column == PHOTO else tr("Result")
        return None

    def _text(self, row: Row, column: int) -> str | None:
        if column == NAME:
            return row.item.name
        if column == MASK:
            return row.item.mask.name if row.item.mask else ("" if row.item.has_hole else "—")
        if column == STATE:
            state = row.state if row.state or row.item.has_hole else NO_MASK
            text = words().get(state, state)
            if state == FILLED:
                text += "  " + tr("{seconds:.1f} s").format(seconds=row.seconds)
            return f"{text}\n{row.detail}" if row.detail else text
        return None

    def _colour(self, row: Row) -> QColor:
        colours = theme.colours()
        if row.state == FAILED:
            return QColor(colours.predicted)
        if row.state in (FILLED, EXISTS):
            return QColor(colours.seen)
        working = row.state in ("decode", "find", "fill", "encode")
        return QColor(colours.text if working else colours.quiet)

    def _picture(self, row: Row, column: int, number: int) -> QPixmap | None:
        if column == PHOTO:
            path, mask = row.item.photo, row.item.mask
        elif column == RESULT and row.result is not None:
            path, mask = row.result, None
        else:
            return None
        if path in self._pictures:
            self._pictures.move_to_end(path)
            return self._pictures[path]
        self._pictures[path] = None  # asked for
        while len(self._pictures) > KEPT:
            self._pictures.popitem(last=False)
        name = row.item.name

        def made(image: QImage) -> None:
            self._pictures[path] = QPixmap.fromImage(image)
            place = self._places.get(name)
            if place is not None:
                here = self.index(place, column)
                self.dataChanged.emit(here, here, [Qt.ItemDataRole.DecorationRole])

        self._worker.submit(lambda _progress, _cancel: thumbnail(path, mask), made)
        return None


def thumbnail(path: Path, mask: Path | None) -> QImage:
    """A photo in SIDE x SIDE, its mask tinted over it; an empty image where it cannot be read."""
    from engine.base.errors import MienError
    from engine.mask.file import open_mask
    from engine.photo import open_photo

    try:
        photo = open_photo(path)
    except MienError:
        return QImage()
    scale = 2 * SIDE / max(photo.size)
    size = tuple(max(1, round(side * min(1.0, scale))) for side in photo.size)
    small = resize(np.ascontiguousarray(photo.rgb8), (size[0], size[1]))
    if mask is not None:
        try:
            hole = resize(open_mask(mask, photo.size).pixels, (size[0], size[1]))
        except MienError:
            hole = None
        if hole is not None:
            tint = QColor(theme.mask_colour())
            share = (hole.astype(np.float32) / 255 * 0.6)[..., None]
            colour = np.array([tint.red(), tint.green(), tint.blue()], np.float32)
            small = (small * (1 - share) + colour * share + 0.5).astype(np.uint8)
    return image_from_rgb(small).scaled(
        QSize(SIDE, SIDE),
        Qt.AspectRatioMode.KeepAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )


class QueueView(QTableView):
    """The list, a row a photo. `opened` is called with the row that was double-clicked."""

    def __init__(self, model: QueueModel, opened: Callable[[Row], None]) -> None:
        super().__init__()
        self.setObjectName("queue")
        self.setModel(model)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(True)
        self.setIconSize(QSize(SIDE, SIDE))
        self.setTabKeyNavigation(False)
        self.setAccessibleName(tr("Queue"))
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(SIDE + 16)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for column, mode in (
            (PHOTO, QHeaderView.ResizeMode.Fixed),
            (NAME, QHeaderView.ResizeMode.Interactive),
            (MASK, QHeaderView.ResizeMode.Interactive),
            (RESULT, QHeaderView.ResizeMode.Fixed),
            (STATE, QHeaderView.ResizeMode.Stretch),
        ):
            header.setSectionResizeMode(column, mode)
        for column, width in ((PHOTO, SIDE + 12), (MASK, 110), (RESULT, SIDE + 12)):
            self.setColumnWidth(column, width)
        self.doubleClicked.connect(lambda index: opened(model.rows[index.row()]))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The state, which tells what went wrong, keeps the most room; where there is little, the
        mask is only shown on its photo."""
        super().resizeEvent(event)
        room = self.viewport().width()
        self.setColumnHidden(MASK, room < NARROW)
        others = self.columnWidth(PHOTO) + self.columnWidth(RESULT)
        others += 0 if room < NARROW else self.columnWidth(MASK)
        self.setColumnWidth(NAME, min(260, max(100, round(0.42 * (room - others)))))

    @property
    def selected(self) -> Row | None:
        """The chosen row."""
        rows = self.selectionModel().selectedRows()
        model = self.model()
        assert isinstance(model, QueueModel)
        return model.rows[rows[0].row()] if rows else None
