"""What the fill may know of the face, and what is asked of it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from engine.modules.module import Module
from engine.modules.registry import MODULES, wishes
from engine.readings import FaceReading
from gui import asked
from gui.actions import Actions, check_for
from gui.panels.glyphs import LOOKS
from gui.panels.looks import LookStrip
from gui.panels.widgets import Chooser, Slider, quiet, shrinkable, slider_row
from gui.translation import tr


class ModulesSection(QWidget):
    """A check box for every module, which is its action; beside and below it what can be wished of
    it. What is chosen by looking at small faces, and its strength, stands apart in `asking`, which
    another section shows. Signals: `wished` with the wish's name and its value, by the person only;
    `looked` once somebody looks at the faces."""

    wished = Signal(str, object)
    looked = Signal()

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.checks: dict[str, QCheckBox] = {}
        self.choosers: dict[str, Chooser] = {}
        self.sliders: dict[str, Slider] = {}
        self.strips: dict[str, LookStrip] = {}
        self.asking, self.words = QWidget(), quiet()
        self._asking = QVBoxLayout(self.asking)
        self._asking.setContentsMargins(0, 0, 0, 0)
        self._asking.setSpacing(5)
        self._percents: dict[str, QLabel] = {}
        self.nodes = quiet()
        self.nodes.setParent(self)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        self._row = QHBoxLayout()
        self._column.addLayout(self._row)
        for module in MODULES:
            self._add(module, actions)
        self._column.addWidget(self.nodes)

    def _add(self, module: Module, actions: Actions) -> None:
        check = self.checks[module.name] = check_for(actions, module.name, tr(module.title))
        row = self._row
        facts = wishes(module.wish).values()
        if any(f["title"] and f["choices"] and not f["parts"] for f in facts):
            row = QHBoxLayout()  # with a chooser beside it
            self._column.addLayout(row)
        row.addWidget(check, 1)
        for name, facts in wishes(module.wish).items():
            if not facts["title"]:
                continue
            if facts["parts"] and set(facts["parts"]) <= set(LOOKS):
                self._add_strip(name, facts)
            elif facts["choices"]:
                row.addWidget(self._chooser(name, facts, module.off.get(name)), 1)
                row.setSpacing(12)
            elif facts["bounds"]:
                self._add_slider(name, facts)

    def _chooser(self, name: str, facts: dict[str, Any], off: object) -> Chooser:
        chooser = self.choosers[name] = Chooser(tr(facts["title"]))
        chooser.setToolTip(tr(facts["tip"]))
        others = [value for value in facts["choices"] if value not in facts["words"]]
        for value in (*facts["words"], *others):
            if value != off:
                chooser.addItem(asked.word(name, value), value)
        shrinkable(chooser)
        chooser.chosen.connect(lambda value: self.wished.emit(name, value))
        return chooser

    def _add_strip(self, name: str, facts: dict[str, Any]) -> None:
        words = {value: asked.word(name, value) for value in facts["parts"]}
        strip = self.strips[name] = LookStrip(tr(facts["title"]), words, facts["default"])
        strip.chosen.connect(lambda value: self.wished.emit(name, value))
        strip.pointed.connect(lambda word: self.words.setText(word or self._word))
        strip.entered.connect(self.looked)
        self._word = ""
        self._asking.addWidget(strip)
        self._asking.addWidget(self.words)

    def show_look(self, value: str, picture: QImage) -> None:
        """The person's face as a choice would have it."""
        for strip in self.strips.values():
            strip.show_picture(value, picture)

    def clear_looks(self) -> None:
        """Another face: the drawn ones again."""
        for strip in self.strips.values():
            strip.clear()

    def _add_slider(self, name: str, facts: dict[str, Any]) -> None:
        least, most = (round(100 * bound) for bound in facts["bounds"])
        row, slider, percent = slider_row(tr(facts["title"]), least, most)
        slider.setPageStep(10)
        slider.setToolTip(tr(facts["tip"]))
        slider.valueChanged.connect(lambda value: self._on_slider(name, value))
        self.sliders[name], self._percents[name] = slider, percent
        (self._asking if facts["scales"] in self.strips else self._column).addLayout(row)

    def show_wishes(self, wanted: dict[str, Any], on: set[str]) -> None:
        """wanted: every wish by name, as it is with all modules on; on: those that are."""
        for module in MODULES:
            for name, facts in wishes(module.wish).items():
                value, scaled = wanted[name], facts["scales"]
                if name in self.choosers:
                    chooser = self.choosers[name]
                    chooser.blockSignals(True)
                    chooser.setCurrentIndex(chooser.findData(value))
                    chooser.blockSignals(False)
                    chooser.setEnabled(module.name in on)
                elif name in self.strips:
                    self.strips[name].choose(value)
                    self.strips[name].setEnabled(module.name in on)
                    self._word = asked.word(name, value) if asked.asks(name, value) else ""
                    self._word = self._word or tr("As the rest of the face tells")
                    self.words.setText(self._word)
                elif name in self.sliders:
                    slider, percent = self.sliders[name], self._percents[name]
                    slider.blockSignals(True)
                    slider.setValue(round(value * 100))
                    slider.blockSignals(False)
                    percent.setText(f"{value * 100:.0f} %")
                    # What is kept has no strength.
                    used = not scaled or asked.asks(scaled, wanted[scaled])
                    for widget in (slider, percent):
                        widget.setEnabled(module.name in on and used)

    def show_nodes(self, reading: FaceReading | None, dragged: int) -> None:
        """How many nodes were dragged."""
        if reading is None or reading.mesh is None:
            self.nodes.setText(tr("not installed") if reading is not None else "")
            self.nodes.setVisible(bool(self.nodes.text()))
            return
        self.nodes.setVisible(dragged > 0)
        self.nodes.setText(tr("{count} dragged").format(count=dragged) if dragged else "")

    def _on_slider(self, name: str, value: int) -> None:
        self._percents[name].setText(f"{value} %")
        self.wished.emit(name, value / 100)
