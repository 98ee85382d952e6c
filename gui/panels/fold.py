"""A part of a panel under a title that folds it away."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from gui import theme
from gui.panels.widgets import give_focus_back
from gui.settings import Settings
from gui.translation import tr

CHEVRON = 14  # pixels left of a title


class FoldTitle(QAbstractButton):
    """The title of a part: a press opens or closes it."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.setObjectName("foldTitle")
        self.setText(title)
        self.setCheckable(True)
        self.setChecked(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        font = self.font()
        font.setPixelSize(12)
        font.setBold(True)
        self.setFont(font)
        self.toggled.connect(self._name)
        self._name()

    def say(self, title: str) -> None:
        """Another title."""
        if title != self.text():
            self.setText(title)
            self.updateGeometry()
            self._name()

    def say_quietly(self) -> None:
        """As a line of a section, not as its title."""
        font = self.font()
        font.setPixelSize(13)
        font.setBold(False)
        self.setFont(font)

    def _name(self) -> None:
        state = tr("open") if self.isChecked() else tr("folded away")
        self.setAccessibleName(f"{self.text()}: {state}")

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance(self.text()) + CHEVRON + 4, 22)

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme.colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        strong = self.underMouse() or self.hasFocus()
        ink = QColor(colours.text if strong else colours.quiet)
        painter.setPen(QPen(ink, 1.6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        middle = QPointF(4, self.height() / 2)
        ends = ((-3.5, -2), (0, 2), (3.5, -2))
        if not self.isChecked():
            ends = ((-2, -3.5), (2, 0), (-2, 3.5))
        painter.drawPolyline([middle + QPointF(x, y) for x, y in ends])
        area = QRectF(CHEVRON, 0, self.width() - CHEVRON, self.height())
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, self.text())
        if self.hasFocus():
            painter.setPen(QPen(ink, 1, Qt.PenStyle.DashLine))
            start = QPointF(CHEVRON, self.height() - 2)
            width = self.fontMetrics().horizontalAdvance(self.text())
            painter.drawLine(start, start + QPointF(width, 0))


class Fold(QWidget):
    """A title, what stands beside it, and a body that it folds away; remembered by its name."""

    def __init__(
        self,
        title: str,
        body: QWidget,
        settings: Settings,
        name: str,
        *,
        beside: QWidget | None = None,
        is_open: bool = True,
    ) -> None:
        super().__init__()
        self.title, self.body = FoldTitle(title), body
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.title, 1)
        if beside is not None:
            head.addWidget(beside)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(5)
        column.addLayout(head)
        column.addWidget(body)
        self.title.toggled.connect(body.setVisible)
        self.title.setChecked(settings.flag(f"open_{name}", is_open))
        body.setVisible(self.title.isChecked())
        self.title.toggled.connect(lambda on: settings.keep(f"open_{name}", on))
        self.title.clicked.connect(lambda: give_focus_back(self))
