"""What a batch is asked to do: where holes come from, how faces are filled, where results go."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QCheckBox,
    QColorDialog,
    QFrame,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from engine.base.errors import MienError
from engine.batch import BatchJob, MaskRule
from engine.batch.job import (
    DOUBT_FLAG,
    DOUBT_KEEP,
    DOUBT_SKIP,
    KEEP_FORMAT,
    MASK_PATTERNS,
    NAME_FIELDS,
    NAMED_PARTS,
    OVERWRITE,
    RENAME,
    RESUME,
    SKIP,
)
from engine.catalogue.exemplars import installed_exemplars
from engine.catalogue.imported import FILLS
from engine.catalogue.weights import installed
from engine.inpaint import FillOptions
from engine.mask.grow import parse_grow
from engine.readings import KEEP, OFF
from gui import asked, parts
from gui.panels.batch_presets import (
    DEFAULTS,
    MARKER,
    NAMED,
    ONE,
    PART,
    PLACES,
    SCRATCHES,
    TRANSPARENT,
    batch_wishes,
    built_in,
)
from gui.panels.fields import FORMATS, Choice, PathLine
from gui.panels.form import Form
from gui.panels.name_line import NameLine, worded
from gui.panels.presets import Presets, fitting, values_of
from gui.settings import Settings
from gui.translation import tr

WIDTH = 330


def part_words() -> dict[str, str]:
    """The words for face parts and for what is worn."""
    named = {name: tr(text) for name, text in parts.NAMES.items()}
    return named | {"eyes": tr("Both eyes"), "face": tr("Whole face")}


class BatchOptions(QWidget):
    """The column of options. `rule_changed` when the queue must be looked at again, `changed` at
    every change."""

    changed = Signal()
    rule_changed = Signal()

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self._build()
        self.take(values_of(settings.text("batch_options")))
        self._connect()

    def _build(self) -> None:
        self.setFixedWidth(WIDTH)
        defaults = {name: value for name, value in DEFAULTS.items() if name not in PLACES}
        self.presets = Presets(
            self._settings,
            "batch_presets",
            built_in(),
            defaults,
            lambda: {name: self.values[name] for name in defaults},
        )
        self.rule = Choice(
            tr("What is filled"),
            {
                NAMED: tr("Masks of the same names"),
                ONE: tr("One mask for all"),
                PART: tr("A part of every face, or what it wears"),
                SCRATCHES: tr("Scratches and spots"),
                TRANSPARENT: tr("What is transparent"),
                MARKER: tr("What is marked in a colour"),
            },
        )
        self.masks = PathLine(tr("Masks"), tr("Beside the photos"))
        self.pattern = NameLine()
        self.pattern.setPlaceholderText(worded("{stem}_mask.png"))
        self.pattern.setToolTip(
            tr("How masks are named, if neither as the photo nor with “mask” before or after.")
        )
        self.one_mask = PathLine(tr("Mask"), tr("A picture, white where to fill"), folder=False)
        self.part = Choice(tr("Part"), {part: part_words().get(part, part) for part in NAMED_PARTS})
        self.marker = QPushButton()
        self.marker.setAccessibleName(tr("Marker's colour"))
        self.grow = QLineEdit()
        self.grow.setPlaceholderText(tr("by itself"))
        self.grow.setToolTip(
            tr(
                "Widens every mask by so many pixels. By itself: as far as what a mask hugs shows "
                "at its border."
            )
        )
        self.invert = QCheckBox(tr("Masks are inverted"))
        self.invert.setToolTip(tr("Fills what is black in the masks."))
        self.sure = QCheckBox(tr("Nearly whole photos, too"))
        self.sure.setToolTip(
            tr("Fills even where a mask would repaint nearly everything; else such masks fail.")
        )
        self.wished = {name: _control(name, facts) for name, facts in batch_wishes().items()}
        models = {"default": tr("Default")}
        models |= {m.name: m.name for m in installed() if m.kind in FILLS and not m.default}
        self.model = Choice(tr("Model"), models)
        self.exemplars = Choice(
            tr("Faces of your own"),
            {"": tr("None")} | {m.name: m.title for m in installed_exemplars()},
        )
        self.output = PathLine(tr("Results"), tr("A folder of their own"))
        self.format = Choice(tr("Format"), {KEEP_FORMAT: tr("As the photo"), **FORMATS})
        self.name = NameLine()
        self.name.setToolTip(
            tr("What results are called; the ending is added. Fields: {fields}").format(
                fields=" ".join(worded(f"{{{name}}}") for name in NAME_FIELDS)
            )
        )
        self.conflict = Choice(
            tr("If a result exists"),
            {
                RESUME: tr("Go on where it was"),
                SKIP: tr("Leave it"),
                RENAME: tr("Number the new one"),
                OVERWRITE: tr("Replace it"),
            },
        )
        self.doubtful = Choice(
            tr("If a face may lie wrong"),
            {
                DOUBT_FLAG: tr("Save it and say so"),
                DOUBT_KEEP: tr("Save it"),
                DOUBT_SKIP: tr("Leave it out"),
            },
        )
        self.sidecars = QCheckBox(tr("Copy side files, too"))
        self.sidecars.setToolTip(
            tr("What other programs keep beside photos: .xmp, .pp3, .dop, Google's .json.")
        )
        self.lying = QCheckBox(tr("Leave turned JPEGs on their sides"))
        self.lying.setToolTip(
            tr(
                "With the mark that turns them wherever they are shown: nothing outside the mask "
                "changes. Stood upright, some are encoded anew."
            )
        )
        self.watch = QCheckBox(tr("Keep watching the folder"))
        self.watch.setToolTip(tr("Stays, and fills photos as they come in."))

        form = self._form = Form()
        form.title(tr("Preset"))
        form.wide(self.presets)
        form.title(tr("What is filled"))
        form.wide(self.rule)
        for name, title, widget in (
            ("masks", tr("Masks"), self.masks),
            ("pattern", tr("Named"), self.pattern),
            ("mask", tr("Mask"), self.one_mask),
            ("part", tr("Part"), self.part),
            ("marker", tr("Colour"), self.marker),
            ("grow", tr("Widen"), self.grow),
        ):
            form.row(name, title, widget)
        form.wide(self.invert)
        form.wide(self.sure)
        form.title(tr("Fill"))
        for name, control in self.wished.items():
            if isinstance(control, Choice):
                form.row(name, control.accessibleName(), control)
        form.row("model", tr("Model"), self.model)
        form.row("exemplars", tr("Faces of your own"), self.exemplars)
        for control in self.wished.values():
            if isinstance(control, QCheckBox):
                form.wide(control)
        form.title(tr("Results"))
        for name, title, widget in (
            ("output", tr("Folder"), self.output),
            ("format", tr("Format"), self.format),
            ("name", tr("Name"), self.name),
            ("conflict", tr("Existing"), self.conflict),
            ("doubtful", tr("Doubtful"), self.doubtful),
        ):
            form.row(name, title, widget)
        form.wide(self.lying)
        form.wide(self.sidecars)
        form.wide(self.watch)
        body = QWidget()
        body.setObjectName("batchBody")
        inner = QVBoxLayout(body)
        inner.setContentsMargins(2, 0, 12, 0)
        inner.addLayout(form)
        inner.addStretch(1)
        area = QScrollArea()
        area.setObjectName("batchOptions")
        area.setWidget(body)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(area)

    def _connect(self) -> None:
        for chooser in (self.rule, self.part, self.format, self.conflict, self.doubtful):
            chooser.currentIndexChanged.connect(lambda _index: self._on_rule())
        for chooser in (self.model, self.exemplars):
            chooser.currentIndexChanged.connect(lambda _index: self.changed.emit())
        for control in self.wished.values():
            if isinstance(control, Choice):
                control.currentIndexChanged.connect(lambda _index: self.changed.emit())
            else:
                control.toggled.connect(lambda _on: self.changed.emit())
        for path in (self.masks, self.one_mask, self.output):
            path.changed.connect(self._on_rule)
        for line in (self.pattern, self.name):
            line.textChanged.connect(lambda _text: self._on_rule())
        self.grow.textChanged.connect(lambda _text: self.changed.emit())
        self.marker.clicked.connect(self._choose_colour)
        for box in (self.invert, self.sure, self.sidecars, self.lying):
            box.toggled.connect(lambda _on: self.changed.emit())
        self.presets.chosen.connect(self._use_preset)
        self.changed.connect(self.presets.follow)
        self.presets.follow()

    # Values.

    @property
    def values(self) -> dict[str, Any]:
        """What is chosen, as plain values; places are left out of presets, not of these."""
        return {
            "rule": self.rule.value,
            "masks": self.masks.line.text(),
            "pattern": self.pattern.pattern,
            "mask": self.one_mask.line.text(),
            "part": self.part.value,
            "marker": self.marker.text(),
            "invert": self.invert.isChecked(),
            "sure": self.sure.isChecked(),
            "grow": self.grow.text(),
            **{
                name: control.value if isinstance(control, Choice) else control.isChecked()
                for name, control in self.wished.items()
            },
            "model": self.model.value,
            "exemplars": self.exemplars.value,
            "format": self.format.value,
            "name": self.name.pattern,
            "conflict": self.conflict.value,
            "doubtful": self.doubtful.value,
            "sidecars": self.sidecars.isChecked(),
            "lying": self.lying.isChecked(),
        }

    def take(self, values: dict[str, Any]) -> None:
        """Show these values; what they lack is as at first."""
        values = fitting(values, DEFAULTS)
        for chooser in ("rule", "part", "model", "exemplars", "format", "conflict", "doubtful"):
            getattr(self, chooser).choose(values[chooser])
        self.masks.line.setText(values["masks"])
        self.one_mask.line.setText(values["mask"])
        self.grow.setText(values["grow"])
        for line in ("pattern", "name"):
            getattr(self, line).show_pattern(values[line])
        for box in ("invert", "sure", "sidecars", "lying"):
            getattr(self, box).setChecked(values[box])
        for name, control in self.wished.items():
            if isinstance(control, Choice):
                control.choose(values[name])
            else:
                control.setChecked(values[name])
        self._show_colour(values["marker"])
        self._show_rows()

    def remember(self) -> None:
        """Keep the values for the next start."""
        self._settings.keep("batch_options", json.dumps(self.values))

    def job(self, inputs: tuple[Path, ...]) -> BatchJob:
        """The job that is described. Raises MienError in a sentence where it cannot be meant."""
        values, rule = self.values, MaskRule()
        pattern = values["pattern"].strip()
        patterns = (pattern,) if pattern else MASK_PATTERNS
        inverts = values["invert"] and values["rule"] in (NAMED, ONE)
        match values["rule"]:
            case "named":
                rule = MaskRule(folder=self.masks.path, patterns=patterns)
            case "one":
                rule = MaskRule(file=self.one_mask.path or Path())
            case "part":
                rule = MaskRule(parts=(values["part"],))
            case "scratches":
                rule = MaskRule(scratches=True)
            case "transparent":
                rule = MaskRule(transparent=True)
            case "marker":
                rule = MaskRule(marker=values["marker"])
        wished = {name: values[name] for name in self.wished}
        chosen = {name: values[name] for name in ("model", "exemplars")}
        options = FillOptions(**chosen, **wished)
        return BatchJob(
            inputs,
            self.output.path or Path(),
            replace(rule, grow=_number(values["grow"]), invert=inverts, sure=values["sure"]),
            options,
            format=values["format"],
            name=values["name"].strip() or "{stem}",
            conflict=values["conflict"],
            doubtful=values["doubtful"],
            sidecars=values["sidecars"],
            lying=values["lying"] and self._writes_jpeg,
        )

    def set_running(self, running: bool) -> None:
        """Nothing can be changed while a batch runs."""
        self.setEnabled(not running)

    def _on_rule(self) -> None:
        self._show_rows()
        self.changed.emit()
        self.rule_changed.emit()

    def _show_rows(self) -> None:
        rule = self.rule.value
        shown = {NAMED: ("masks", "pattern"), ONE: ("mask",), PART: ("part",), MARKER: ("marker",)}
        for name in ("masks", "pattern", "mask", "part", "marker"):
            self._form.show_row(name, name in shown.get(rule, ()))
        self.invert.setVisible(rule in (NAMED, ONE))
        self.lying.setVisible(self._writes_jpeg)

    @property
    def _writes_jpeg(self) -> bool:
        return self.format.value in (KEEP_FORMAT, ".jpg")

    def _use_preset(self, values: dict[str, Any]) -> None:
        self.take({key: self.values[key] for key in PLACES} | values)
        self._on_rule()

    def _choose_colour(self) -> None:
        colour = QColorDialog.getColor(QColor(self.marker.text()), self, tr("Marker's colour"))
        if colour.isValid():
            self._show_colour(colour.name())
            self._on_rule()

    def _show_colour(self, name: str) -> None:
        colour = QColor(name) if QColor(name).isValid() else QColor("#ff0000")
        text = "#000000" if colour.lightnessF() > 0.5 else "#ffffff"
        self.marker.setText(colour.name())
        self.marker.setStyleSheet(f"background: {colour.name()}; color: {text};")


def _control(name: str, facts: dict[str, Any]) -> Choice | QCheckBox:
    """What a wish is made with."""
    title = tr(facts["batch"] or asked.module_of(name).title)
    if not facts["choices"]:
        return QCheckBox(title)
    kept = {KEEP: tr("Kept"), OFF: tr("Off")}
    return Choice(title, {c: kept.get(c) or asked.word(name, c) for c in facts["choices"]})


def _number(text: str) -> int | None:
    """The pixels to widen by, None for as many as it takes."""
    try:
        return parse_grow(text.strip() or "auto")
    except MienError:
        raise MienError(tr("“Widen” is a number of pixels.")) from None
