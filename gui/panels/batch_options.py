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
    QComboBox,
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QInputDialog,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from engine.batch import BatchJob, MaskRule
from engine.batch.job import KEEP_FORMAT, MASK_PATTERNS, OVERWRITE, RENAME, RESUME, SKIP
from engine.face.parts import PARTS
from engine.generator.weights import installed
from engine.inpaint import FillOptions
from engine.photo import OPEN_SUFFIXES
from engine.readings import EMOTIONS, KEEP, OFF
from gui.panels.widgets import quiet, section
from gui.settings import Settings
from gui.translation import tr

NAMED, ONE, PART, SCRATCHES, TRANSPARENT, MARKER = (
    *("named", "one", "part", "scratches", "transparent", "marker"),
)
WIDTH = 300
DEFAULTS: dict[str, Any] = {
    "rule": NAMED,
    "masks": "",
    "pattern": "",
    "mask": "",
    "part": "glasses",
    "marker": "#ff0000",
    "grow": "",
    "emotion": KEEP,
    "landmarks": True,
    "model": "default",
    "format": KEEP_FORMAT,
    "name": "{stem}",
    "conflict": RESUME,
}


def built_in() -> dict[str, dict[str, Any]]:
    """The presets that are always there."""
    return {
        tr("Masks by name"): {"rule": NAMED},
        tr("Take glasses off"): {"rule": PART, "part": "glasses"},
        tr("Give a smile"): {"rule": PART, "part": "mouth", "emotion": "happiness"},
        tr("Old prints"): {"rule": SCRATCHES, "format": ".png"},
        tr("Marked in red"): {"rule": MARKER, "marker": "#ff0000"},
    }


def part_words() -> dict[str, str]:
    """The words for face parts."""
    return {
        "left_eye": tr("Left eye"),
        "right_eye": tr("Right eye"),
        "eyes": tr("Both eyes"),
        "glasses": tr("Glasses"),
        "brows": tr("Brows"),
        "nose": tr("Nose"),
        "mouth": tr("Mouth"),
        "lower_face": tr("Lower face"),
        "skin": tr("Skin"),
        "hair": tr("Hair"),
        "face": tr("Whole face"),
        "left_half": tr("Left half"),
        "right_half": tr("Right half"),
    }


class Chooser(QComboBox):
    """A chooser that the wheel changes only once it was clicked."""

    def __init__(self, title: str, entries: dict[str, str]) -> None:
        super().__init__()
        self.setAccessibleName(title)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        for value, text in entries.items():
            self.addItem(text, value)

    def choose(self, value: str) -> None:
        at = self.findData(value)
        self.setCurrentIndex(max(at, 0))

    @property
    def value(self) -> str:
        return str(self.currentData())

    def wheelEvent(self, event) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class PathLine(QWidget):
    """A path that can be typed, dropped or chosen."""

    changed = Signal()

    def __init__(self, title: str, hint: str, *, folder: bool = True) -> None:
        super().__init__()
        self._title, self._folder = title, folder
        self.line = QLineEdit()
        self.line.setPlaceholderText(hint)
        self.line.setAccessibleName(title)
        self.line.textChanged.connect(lambda _text: self.changed.emit())
        self.button = QPushButton("…")
        self.button.setObjectName("small")
        self.button.setFixedWidth(34)
        self.button.setAccessibleName(f"{title}: {tr('Choose…')}")
        self.button.setAutoDefault(False)
        self.button.clicked.connect(self._choose)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.line, 1)
        row.addWidget(self.button)

    @property
    def path(self) -> Path | None:
        text = self.line.text().strip()
        return Path(text).expanduser() if text else None

    def _choose(self) -> None:
        if self._folder:
            chosen = QFileDialog.getExistingDirectory(self, self._title, self.line.text())
        else:
            patterns = " ".join(f"*{suffix}" for suffix in OPEN_SUFFIXES)
            pictures = tr("Pictures ({patterns})").format(patterns=patterns)
            chosen, _ = QFileDialog.getOpenFileName(self, self._title, self.line.text(), pictures)
        if chosen:
            self.line.setText(chosen)


class BatchOptions(QWidget):
    """The column of options. `rule_changed` when the queue must be looked at again, `changed` at
    every change."""

    changed = Signal()
    rule_changed = Signal()

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self._build()
        self._list_presets()
        self.take(_values(settings.text("batch_options")))
        self._connect()

    def _build(self) -> None:
        self.setFixedWidth(WIDTH)
        self.preset = Chooser(tr("Preset"), {})
        self.keep = QPushButton(tr("Keep…"))
        self.forget = QPushButton(tr("Forget"))
        self.rule = Chooser(
            tr("What is filled"),
            {
                NAMED: tr("Masks of the same names"),
                ONE: tr("One mask for all"),
                PART: tr("A part of every face"),
                SCRATCHES: tr("Scratches and spots"),
                TRANSPARENT: tr("What is transparent"),
                MARKER: tr("What is marked in a colour"),
            },
        )
        self.masks = PathLine(tr("Masks"), tr("Beside the photos"))
        self.pattern = QLineEdit()
        self.pattern.setPlaceholderText("{stem}_mask.png")
        self.pattern.setToolTip(
            tr("How masks are named, if neither as the photo nor with “mask” before or after.")
        )
        self.one_mask = PathLine(tr("Mask"), tr("A picture, white where to fill"), folder=False)
        self.part = Chooser(tr("Part"), {part: part_words().get(part, part) for part in PARTS})
        self.marker = QPushButton()
        self.marker.setAccessibleName(tr("Marker's colour"))
        self.grow = QLineEdit()
        self.grow.setPlaceholderText("0")
        self.grow.setToolTip(tr("Widens every mask by so many pixels."))
        emotions = {
            "anger": tr("Anger"),
            "disgust": tr("Disgust"),
            "fear": tr("Fear"),
            "happiness": tr("Happiness"),
            "neutral": tr("Neutral"),
            "sadness": tr("Sadness"),
            "surprise": tr("Surprise"),
        }
        kept = {KEEP: tr("Kept"), OFF: tr("Off")}
        self.emotion = Chooser(
            tr("Expression"), kept | {name: emotions.get(name, name) for name in EMOTIONS}
        )
        self.landmarks = QCheckBox(tr("Keep the geometry (landmarks)"))
        models = {"default": tr("Default")}
        models |= {m.name: m.name for m in installed() if not m.default}
        self.model = Chooser(tr("Model"), models)
        self.output = PathLine(tr("Results"), tr("A folder of their own"))
        self.format = Chooser(
            tr("Format"),
            {
                KEEP_FORMAT: tr("As the photo"),
                ".jpg": "JPEG",
                ".png": "PNG",
                ".webp": "WebP",
                ".tif": "TIFF",
            },
        )
        self.name = QLineEdit()
        self.name.setToolTip(
            tr("What results are called; the ending is added. Fields: {fields}").format(
                fields="{stem} {name} {number} {model} {emotion}"
            )
        )
        self.conflict = Chooser(
            tr("If a result exists"),
            {
                RESUME: tr("Go on where it was"),
                SKIP: tr("Leave it"),
                RENAME: tr("Number the new one"),
                OVERWRITE: tr("Replace it"),
            },
        )
        self.watch = QCheckBox(tr("Keep watching the folder"))
        self.watch.setToolTip(tr("Stays, and fills photos as they come in."))

        presets = QHBoxLayout()
        presets.setSpacing(6)
        presets.addWidget(self.preset, 1)
        for button in (self.keep, self.forget):
            button.setObjectName("small")
            button.setAutoDefault(False)
            presets.addWidget(button)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(8)
        self._grid.setColumnStretch(1, 1)
        self._rows: dict[str, tuple[QWidget, ...]] = {}
        self._title(tr("Preset"))
        self._grid.addLayout(presets, self._grid.rowCount(), 0, 1, 2)
        self._title(tr("What is filled"))
        self._wide(self.rule)
        for name, title, widget in (
            ("masks", tr("Masks"), self.masks),
            ("pattern", tr("Named"), self.pattern),
            ("mask", tr("Mask"), self.one_mask),
            ("part", tr("Part"), self.part),
            ("marker", tr("Colour"), self.marker),
            ("grow", tr("Widen"), self.grow),
        ):
            self._row(name, title, widget)
        self._title(tr("Fill"))
        self._row("emotion", tr("Expression"), self.emotion)
        self._row("model", tr("Model"), self.model)
        self._wide(self.landmarks)
        self._title(tr("Results"))
        for name, title, widget in (
            ("output", tr("Folder"), self.output),
            ("format", tr("Format"), self.format),
            ("name", tr("Name"), self.name),
            ("conflict", tr("Existing"), self.conflict),
        ):
            self._row(name, title, widget)
        self._wide(self.watch)
        body = QWidget()
        body.setObjectName("batchBody")
        inner = QVBoxLayout(body)
        inner.setContentsMargins(2, 0, 12, 0)
        inner.addLayout(self._grid)
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

    def _title(self, text: str) -> None:
        title = section(text)
        title.setContentsMargins(0, 8 if self._grid.count() else 0, 0, 0)
        self._grid.addWidget(title, self._grid.rowCount(), 0, 1, 2)

    def _wide(self, widget: QWidget) -> None:
        self._grid.addWidget(widget, self._grid.rowCount(), 0, 1, 2)

    def _row(self, name: str, title: str, widget: QWidget) -> None:
        label = quiet(title)
        label.setBuddy(widget.findChild(QLineEdit) or widget)
        if not widget.accessibleName():
            widget.setAccessibleName(title)
        number = self._grid.rowCount()
        self._grid.addWidget(label, number, 0)
        self._grid.addWidget(widget, number, 1)
        self._rows[name] = (label, widget)

    def _connect(self) -> None:
        for chooser in (self.rule, self.part, self.format, self.conflict):
            chooser.currentIndexChanged.connect(lambda _index: self._on_rule())
        for chooser in (self.emotion, self.model):
            chooser.currentIndexChanged.connect(lambda _index: self.changed.emit())
        for path in (self.masks, self.one_mask, self.output):
            path.changed.connect(self._on_rule)
        for line in (self.pattern, self.name):
            line.textChanged.connect(lambda _text: self._on_rule())
        self.grow.textChanged.connect(lambda _text: self.changed.emit())
        self.marker.clicked.connect(self._choose_colour)
        self.preset.activated.connect(lambda _index: self._use_preset())
        self.keep.clicked.connect(self._keep_preset)
        self.forget.clicked.connect(self._forget_preset)

    # Values.

    @property
    def values(self) -> dict[str, Any]:
        """What is chosen, as plain values; places are left out of presets, not of these."""
        return {
            "rule": self.rule.value,
            "masks": self.masks.line.text(),
            "pattern": self.pattern.text(),
            "mask": self.one_mask.line.text(),
            "part": self.part.value,
            "marker": self.marker.text(),
            "grow": self.grow.text(),
            "emotion": self.emotion.value,
            "landmarks": self.landmarks.isChecked(),
            "model": self.model.value,
            "format": self.format.value,
            "name": self.name.text(),
            "conflict": self.conflict.value,
        }

    def take(self, values: dict[str, Any]) -> None:
        """Show these values; what they lack is as at first."""
        values = DEFAULTS | {
            k: v for k, v in values.items() if isinstance(v, type(DEFAULTS.get(k)))
        }
        for chooser in ("rule", "part", "emotion", "model", "format", "conflict"):
            getattr(self, chooser).choose(values[chooser])
        self.masks.line.setText(values["masks"])
        self.one_mask.line.setText(values["mask"])
        for line in ("pattern", "grow", "name"):
            getattr(self, line).setText(values[line])
        self.landmarks.setChecked(values["landmarks"])
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
        grow = _number(values["grow"])
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
        options = FillOptions(
            model=values["model"], emotion=values["emotion"], landmarks=values["landmarks"]
        )
        return BatchJob(
            inputs,
            self.output.path or Path(),
            replace(rule, grow=grow),
            options,
            format=values["format"],
            name=values["name"].strip() or "{stem}",
            conflict=values["conflict"],
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
            for widget in self._rows[name]:
                widget.setVisible(name in shown.get(rule, ()))

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

    # Presets.

    def _own(self) -> dict[str, dict[str, Any]]:
        own = _values(self._settings.text("batch_presets"))
        return {name: values for name, values in own.items() if isinstance(values, dict)}

    def _list_presets(self, chosen: str = "") -> None:
        self.preset.clear()
        self.preset.addItem(tr("Choose…"), "")
        for name in (*built_in(), *self._own()):
            self.preset.addItem(name, name)
        self.preset.choose(chosen)
        self.forget.setEnabled(chosen in self._own())

    def _use_preset(self) -> None:
        name = self.preset.value
        self.forget.setEnabled(name in self._own())
        values = {**built_in(), **self._own()}.get(name)
        if values is not None:
            places = {key: self.values[key] for key in ("masks", "mask")}
            self.take(places | values)
            self._on_rule()

    def _keep_preset(self) -> None:
        name, sure = QInputDialog.getText(self, tr("Keep as a preset"), tr("Name"))
        name = name.strip()
        if sure and name and name not in built_in():
            places = ("masks", "mask")
            values = {k: v for k, v in self.values.items() if k not in places}
            self._settings.keep("batch_presets", json.dumps(self._own() | {name: values}))
            self._list_presets(name)

    def _forget_preset(self) -> None:
        own = self._own()
        own.pop(self.preset.value, None)
        self._settings.keep("batch_presets", json.dumps(own))
        self._list_presets()


def _values(text: str) -> dict[str, Any]:
    try:
        values = json.loads(text or "{}")
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}


def _number(text: str) -> float:
    from engine.errors import MienError

    try:
        return float(text.strip() or 0)
    except ValueError:
        raise MienError(tr("“Widen” is a number of pixels.")) from None
