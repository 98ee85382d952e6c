"""The section on top of the inspector: what the fill may know of the face."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from engine.readings import KEEP, OFF, FaceReading
from gui import expressions
from gui.actions import Actions
from gui.panels.widgets import Chooser, check_for, figure, section, shrinkable, slider_row
from gui.translation import tr

MOST = 150  # per cent


class ModulesSection(QWidget):
    """Signals carry what the person chose; the check boxes are actions."""

    emotion_chosen = Signal(str)
    strength_changed = Signal(float)

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.landmarks = check_for(actions, "landmarks", tr("Landmarks"))
        self.emotion = check_for(actions, "emotion", tr("Emotion"))
        self.nodes = figure()
        self.nodes.setProperty("quiet", True)
        self.chooser = Chooser(tr("Expression asked for"))
        self.chooser.setToolTip(tr("The expression the hidden part is given"))
        self.chooser.addItem(tr("Keep"), KEEP)
        for name, text in expressions.names().items():
            self.chooser.addItem(text, name)
        shrinkable(self.chooser)
        strength, self.strength, self._percent = slider_row(tr("Strength"), 0, MOST)
        self.strength.setPageStep(10)
        self.strength.setToolTip(tr("100 %: as the average face of that expression"))
        first, second = QHBoxLayout(), QHBoxLayout()
        first.addWidget(self.landmarks)
        first.addWidget(self.nodes, 1)
        second.addWidget(self.emotion)
        second.addWidget(self.chooser, 1)
        second.setSpacing(12)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(section(tr("Modules")))
        column.addLayout(first)
        column.addLayout(second)
        column.addLayout(strength)
        self.chooser.chosen.connect(self.emotion_chosen.emit)
        self.strength.valueChanged.connect(self._on_strength)

    def show_choice(self, emotion: str, wanted: str, strength: float) -> None:
        """emotion: what the fill is told; wanted: what it would be told with the module on."""
        self.chooser.blockSignals(True)
        self.chooser.setCurrentIndex(self.chooser.findData(wanted))
        self.chooser.blockSignals(False)
        self.strength.blockSignals(True)
        self.strength.setValue(round(strength * 100))
        self.strength.blockSignals(False)
        self._percent.setText(f"{strength * 100:.0f} %")
        self.chooser.setEnabled(emotion != OFF)
        for widget in (self.strength, self._percent):
            widget.setEnabled(emotion not in (OFF, KEEP))

    def show_nodes(self, reading: FaceReading | None, dragged: int) -> None:
        """How many nodes are predicted, or were dragged."""
        if reading is None or reading.mesh is None:
            self.nodes.setText(tr("not installed") if reading is not None else "")
            return
        hidden = 0 if reading.hidden is None else int(reading.hidden.sum())
        if dragged:
            text = tr("{count} dragged").format(count=dragged)
        else:
            text = tr("{count} hidden").format(count=hidden) if hidden else tr("all seen")
        self.nodes.setText(text)

    def _on_strength(self, value: int) -> None:
        self._percent.setText(f"{value} %")
        self.strength_changed.emit(value / 100)
