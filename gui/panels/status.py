"""The status line: zoom, message, and progress with its Cancel."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QWidget

from gui.actions import Actions
from gui.panels.widgets import give_focus_back
from gui.translation import say, tr

NOTICE = 9000  # milliseconds


class StatusLine(QWidget):
    """Quiet while nothing runs."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("status")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._zoom, self._pointer, self._message = QLabel(), QLabel(), QLabel()
        for label in (self._zoom, self._pointer, self._message):
            label.setObjectName("quiet")
        self._message.setMinimumWidth(40)
        self._message.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._zoom.setMinimumWidth(52)
        self._pointer.setMinimumWidth(96)
        self.undo = QPushButton(tr("Take it back"))
        self.undo.setObjectName("small")
        self.undo.clicked.connect(self._take_back)
        self.undo.hide()
        self._undoes: Callable[[], object] | None = None
        self.stage = QLabel()
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setFixedSize(170, 6)
        self.bar.setAccessibleName(tr("Progress"))
        self.cancel = QPushButton(tr("Cancel  Esc"))
        self.cancel.setObjectName("small")
        self.cancel.clicked.connect(actions["cancel"].trigger)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 14, 0)
        row.setSpacing(16)
        row.addWidget(self._zoom)
        row.addWidget(self._pointer)
        row.addWidget(self.undo)
        row.addWidget(self._message, 1)
        for widget in (self.stage, self.bar, self.cancel):
            row.addWidget(widget)
        self._told = ""
        self._noticed = QTimer(self)
        self._noticed.setSingleShot(True)
        self._noticed.setInterval(NOTICE)
        self._noticed.timeout.connect(self._end_notice)
        self.setFixedHeight(38)
        self.show_busy(False)

    def show_zoom(self, zoom: float | None) -> None:
        """None: there is nothing to zoom."""
        if zoom is None:
            self._zoom.clear()
            return
        percent = zoom * 100
        self._zoom.setText(f"{percent:.0f} %" if percent >= 10 else f"{percent:.1f} %")

    def show_pointer(self, point: tuple[float, float] | None) -> None:
        self._pointer.setText("" if point is None else f"{int(point[0])}, {int(point[1])}")

    def tell(self, message: str) -> None:
        """One line, in the interface's language even where the engine said it."""
        self._told = say(message)
        if not self._noticed.isActive():
            self._message.setText(self._told)

    def notice(self, message: str, undo: Callable[[], object] | None = None) -> None:
        """A line that must not be missed: it stays, whatever is told meanwhile. undo: what takes
        back what the line is about, on a button beside it."""
        self._message.setText(message)
        self._undoes = undo
        self.undo.setVisible(undo is not None)
        self._noticed.start()

    def _take_back(self) -> None:
        undo = self._undoes
        self._noticed.stop()
        self._end_notice()
        give_focus_back(self)
        if undo is not None:
            undo()

    def _end_notice(self) -> None:
        self._undoes = None
        self.undo.hide()
        self._message.setText(self._told)

    def show_busy(self, busy: bool) -> None:
        for widget in (self.stage, self.bar, self.cancel):
            widget.setVisible(busy)
        if busy:
            self.bar.setValue(0)
            self.stage.setText("")

    def show_progress(self, stage: str, done: float) -> None:
        self.stage.setText(stages().get(stage, ""))
        self.bar.setValue(round(done * 1000))


def stages() -> dict[str, str]:
    """The words for the engine's stages."""
    return {
        "load": tr("Loading the model"),
        "find": tr("Looking for faces"),
        "prior": tr("Solving the prior"),
        "generate": tr("Sharpening"),
        "texture": tr("Filling texture"),
        "blend": tr("Blending"),
        "save": tr("Saving"),
        "mask": tr("Changing the mask"),
        "wait": tr("Waiting for another photo's fill"),
    }
