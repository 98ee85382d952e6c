"""The masks that are kept under names: one put on the photo, renamed, deleted."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from engine.base.errors import MienError
from engine.edit.kept_masks import KeptMask, delete_mask, kept_masks, rename_mask
from engine.face import mesh as nodes
from gui import theme
from gui.base.screen import open_at
from gui.dialogs.questions import may_delete
from gui.panels.lists import KEY, TITLE, NamedList
from gui.panels.widgets import quiet
from gui.qimage import image_from_argb, resize
from gui.translation import say, tr

LOOK = QSize(56, 56)  # logical pixels of the small picture of a mask


class KeptMasksDialog(QDialog):
    """`chosen` is the one that is to be put on the photo, None where none is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Kept masks"))
        self.setMinimumSize(440, 360)
        open_at(self, 480, 460)
        self.chosen: KeptMask | None = None
        self._kept: dict[str, KeptMask] = {}
        intro = quiet(
            tr(
                "A kept mask goes where the chosen face lies, as large as it is; in a photo "
                "without a face to the same place of the picture."
            )
        )
        intro.setWordWrap(True)
        self.list = NamedList(tr("Kept masks"), LOOK.width())
        self.list.setObjectName("recovery")
        self.list.setIconSize(LOOK)
        self.list.setEditTriggers(NamedList.EditTrigger.EditKeyPressed)
        self.list.currentItemChanged.connect(lambda *_: self._show_possible())
        self.list.itemDoubleClicked.connect(lambda _item: self._put())
        self.list.named.connect(self._rename)
        self.list.deleted.connect(self._delete)
        self.nothing = QLabel(
            tr("Nothing is kept yet: mask something, then Mask, Keep under a name.")
        )
        self.nothing.setObjectName("sheet")
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.nothing.setWordWrap(True)
        self.told = QLabel()
        self.told.setWordWrap(True)
        self.rename, self.delete = QPushButton(tr("Rename")), QPushButton(tr("Delete…"))
        self.rename.setToolTip("F2")
        self.delete.setToolTip("Del")
        close, self.put = QPushButton(tr("Close")), QPushButton(tr("Put on the photo"))
        self.put.setObjectName("primary")
        self.put.setDefault(True)
        self.rename.clicked.connect(lambda: self.list.editItem(self.list.currentItem()))
        self.delete.clicked.connect(lambda: self._delete(self._key()))
        close.clicked.connect(self.reject)
        self.put.clicked.connect(self._put)
        row = QHBoxLayout()
        row.setSpacing(9)
        for button in (self.rename, self.delete, close):
            button.setAutoDefault(False)
            row.addWidget(button)
        row.insertStretch(2, 1)
        row.addWidget(self.put)
        column = QVBoxLayout(self)
        column.setContentsMargins(22, 20, 22, 16)
        column.setSpacing(12)
        column.addWidget(intro)
        column.addWidget(self.list, 1)
        column.addWidget(self.nothing, 1)
        column.addWidget(self.told)
        column.addLayout(row)
        self.refresh()
        self.list.setFocus()

    @property
    def kept(self) -> KeptMask | None:
        """The one that is pointed at."""
        return self._kept.get(self._key())

    def refresh(self, key: str = "") -> None:
        """Show what there is; `key` is pointed at, else the first."""
        wanted = key or self._key()
        self._kept = {one.path.name: one for one in kept_masks()}
        self.list.clear()
        for name, one in self._kept.items():
            size = f"{one.size[0]} × {one.size[1]}"
            item = QListWidgetItem(f"{one.name}\n{tr('damaged') if one.trouble else size}")
            item.setData(KEY, name)
            item.setData(TITLE, one.name)
            if not one.trouble:
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            item.setToolTip(say(one.trouble) if one.trouble else one.name)
            item.setIcon(_icon(one, self.devicePixelRatioF()))
            self.list.addItem(item)
            if name == wanted:
                self.list.setCurrentItem(item)
        if self.list.currentRow() < 0:
            self.list.setCurrentRow(0)
        self.list.setVisible(bool(self._kept))
        self.nothing.setVisible(not self._kept)
        self._show_possible()

    def _key(self) -> str:
        item = self.list.currentItem()
        return "" if item is None else item.data(KEY)

    def _show_possible(self) -> None:
        kept = self.kept
        sound = kept is not None and not kept.trouble
        self.put.setEnabled(sound)
        self.rename.setEnabled(sound)
        self.delete.setEnabled(kept is not None)
        self.told.setText(say(kept.trouble) if kept is not None else "")
        self.told.setVisible(bool(self.told.text()))

    def _put(self) -> None:
        if self.put.isEnabled():
            self.chosen = self.kept
            self.accept()

    def _rename(self, key: str, name: str) -> None:
        if not name or key not in self._kept:
            return
        try:
            rename_mask(self._kept[key], name)
        except MienError as error:
            self._tell(error)
        else:
            self.refresh(key)

    def _delete(self, key: str) -> None:
        kept = self._kept.get(key)
        if kept is None:
            return
        title = tr("Delete the mask '{name}'?").format(name=kept.name)
        if may_delete(self, title, tr("It is gone for good; photos stay as they are.")):
            try:
                delete_mask(kept)
            except MienError as error:
                self._tell(error)
            else:
                self.refresh()

    def _tell(self, error: MienError) -> None:
        self.told.setText(say(str(error)))
        self.told.show()


def _icon(kept: KeptMask, ratio: float) -> QIcon:
    """The mask, and the face it lies on."""
    if kept.small is None:
        return theme.icon("alert-circle-outline")
    picture = QPixmap(LOOK * ratio)
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    x, y, wide, high = kept.box
    scale = min(LOOK.width() / wide, LOOK.height() / high)
    width, height = max(1.0, wide * scale), max(1.0, high * scale)
    sheet = QRectF((LOOK.width() - width) / 2, (LOOK.height() - height) / 2, width, height)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setClipRect(sheet)
    painter.fillRect(sheet, QColor(theme.DARK.canvas))
    pixels = max(1, round(width * ratio)), max(1, round(height * ratio))
    # White, as much as is filled, multiplied.
    white = resize(kept.small, pixels).astype(np.uint32) * np.uint32(0x01010101)
    painter.drawImage(sheet, image_from_argb(white))
    if kept.mesh is not None:
        oval = ((kept.mesh[list(nodes.OVAL)] - (x, y)) * scale).tolist()
        painter.setPen(QPen(QColor(theme.DARK.seen), 1.2))
        painter.drawPolygon(QPolygonF([sheet.topLeft() + QPointF(*point) for point in oval]))
    painter.end()
    icon = QIcon(picture)
    icon.addPixmap(picture, QIcon.Mode.Selected)  # or Qt tints the chosen one
    return icon
