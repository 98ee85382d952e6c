"""The inspector at the right, in the order of work: what should go, brush, mask, expression,
references, and how to fill."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QHBoxLayout,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from engine.catalogue.imported import FILLS
from engine.catalogue.weights import Manifest
from engine.inpaint import FillResult
from gui import theme
from gui.actions import Actions, button_for, check_for
from gui.document import Document
from gui.editor import Editor
from gui.panels.also_seen import AlsoSeenPanel
from gui.panels.brush_unit import UnitButton
from gui.panels.expression import ExpressionPanel
from gui.panels.faces import FacesSection
from gui.panels.fold import Fold
from gui.panels.modules import ModulesSection
from gui.panels.references import ReferencesSection
from gui.panels.widgets import Chooser, Swatch, shrinkable, slider_row, typed_row
from gui.references import References
from gui.settings import Settings
from gui.translation import tr

WIDTH, WIDEST = 292, 460
GAP = 4  # pixels before a section, beside the column's own
LARGEST_BRUSH = 1000
UNIT_GAP = 6  # pixels between a brush's value and what it is measured in


class Grip(QWidget):
    """The edge by which the inspector is made wider. Signal `dragged` with the width wanted."""

    dragged = Signal(int)

    def __init__(self, panel: QWidget) -> None:
        super().__init__(panel)
        self._panel = panel
        self.setFixedWidth(5)
        self.setCursor(Qt.CursorShape.SplitHCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            right = self._panel.mapToGlobal(self._panel.rect().topRight()).x()
            self.dragged.emit(right - round(event.globalPosition().x()))


class Inspector(QWidget):
    """Signals carry what the person chose; the panel itself decides nothing."""

    brush_changed = Signal(float, float)
    brush_unit_chosen = Signal(str)
    mask_opacity_changed = Signal(float)
    mask_colour_chosen = Signal(str)
    model_chosen = Signal(str)
    device_chosen = Signal(str)
    exemplars_chosen = Signal(str)

    def __init__(
        self,
        actions: Actions,
        document: Document,
        editor: Editor,
        references: References,
        also: AlsoSeenPanel,
        settings: Settings,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._document, self._readout, self._settings = document, editor.readout, settings
        self.setObjectName("inspector")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        body = QWidget()
        body.setObjectName("inspectorBody")
        self._column = QVBoxLayout(body)
        self._column.setContentsMargins(11, 8, 16, 10)
        self._column.setSpacing(GAP)
        self.modules = ModulesSection(actions)
        self.faces = FacesSection(actions, document)
        self.references = ReferencesSection(actions, references, also)
        self.expression = ExpressionPanel(settings)
        self._add("go", tr("What should go"), self.faces, self.faces.everyone)
        self._add("brush", tr("Brush"), self._brush())
        self._add("mask", tr("Mask"), self._mask(actions))
        self._add("expression", tr("Expression"), self._expression())
        self._add("reference", tr("Reference"), self.references, self.references.add)
        self._column.addStretch(1)
        # How to fill stays in view, however long the rest gets.
        self.filling = QWidget()
        self.filling.setObjectName("filling")
        self.filling.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        below = QVBoxLayout(self.filling)
        below.setContentsMargins(11, 7, 26, 9)
        below.addWidget(Fold(tr("Fill"), self._fill(actions), settings, "fill"))
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(body)
        grip = Grip(self)
        grip.dragged.connect(self._widen)
        outer = QHBoxLayout(self)
        outer.setContentsMargins(1, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(grip)
        column = QVBoxLayout()
        column.setSpacing(0)
        column.addWidget(scroll, 1)
        column.addWidget(self.filling)
        outer.addLayout(column, 1)
        self._widen(round(settings.number("inspector_width", WIDTH)))
        editor.readout.read.connect(self._show_readings)
        for signal in (document.faces_changed, document.nodes_changed, document.selected_changed):
            signal.connect(self._show_readings)
        document.opened.connect(self._show_last)
        editor.filled.connect(self.show_result)
        self._show_readings()
        self._show_last()

    def _add(self, name: str, title: str, body: QWidget, beside: QWidget | None = None) -> None:
        if self._column.count():
            self._column.addSpacing(GAP)
        self._column.addWidget(Fold(title, body, self._settings, name, beside=beside))

    def _widen(self, width: int) -> None:
        width = min(max(width, WIDTH), WIDEST)
        self.setFixedWidth(width)
        self._settings.keep("inspector_width", width)

    def _expression(self) -> QWidget:
        body, column = _body()
        column.addWidget(self.modules.asking)
        column.addWidget(self.expression)
        return body

    def _show_readings(self, *_: object) -> None:
        """What is read of the chosen face."""
        document, readings = self._document, self._readout.readings
        selected = document.selected
        # Known faces, and those that only a fill found.
        found = (reading.face + 1 for reading in readings.faces)
        count = max(len(document.subjects), max(found, default=0))
        self.expression.show_readings(readings, selected, count)
        dragged = sum(node.face == selected for node in document.nodes)
        self.modules.show_nodes(readings.of(selected), dragged)

    def _show_last(self) -> None:
        self.show_result(None if self._document.tab is None else self._document.tab.last)

    def show_brush(self, size: float, hardness: float, unit: str) -> None:
        """Values set elsewhere, by key or wheel; size in a unit of `gui.brush_size`."""
        self.units.show_unit(unit)
        self._size_text.setToolTip(self.units.words)
        for slider, value in (
            (self.brush_size, to_slider(size)),
            (self.brush_hardness, hardness * 100),
        ):
            slider.blockSignals(True)
            slider.setValue(round(value))
            slider.blockSignals(False)
        self._show_numbers(size, hardness)

    def _show_numbers(self, size: float, hardness: float) -> None:
        self._size_text.setText(f"{size:.0f}")
        self._hardness_text.setText(f"{hardness * 100:.0f}")

    def show_mask(self, opacity: float, colour: str) -> None:
        """How the mask is drawn."""
        self.mask_opacity.blockSignals(True)
        self.mask_opacity.setValue(round(opacity * 100))
        self.mask_opacity.blockSignals(False)
        self._opacity_text.setText(f"{opacity * 100:.0f} %")
        for name, button in self.mask_colours.items():
            button.setChecked(name == colour)

    def show_models(self, models: list[Manifest], current: str) -> None:
        """The generators, and the prior as the one without sharpening."""
        self.model.blockSignals(True)
        self.model.clear()
        fills = [m for m in models if m.kind in FILLS]  # the rest only look
        for manifest in sorted(fills, key=lambda m: (m.kind == "prior", not m.default)):
            soft = manifest.kind == "prior"
            title = tr("Quick and soft, no fine detail") if soft else manifest.title
            self.model.addItem(title, manifest.name)
        self.model.setCurrentIndex(max(0, self.model.findData(current)))
        self.model.blockSignals(False)

    def show_exemplars(self, libraries: list[Manifest], current: str) -> None:
        """The libraries of faces, and none; nothing where there are none to choose."""
        self.exemplars.blockSignals(True)
        self.exemplars.clear()
        self.exemplars.addItem(tr("No faces of your own"), "")
        for manifest in libraries:
            self.exemplars.addItem(manifest.title, manifest.name)
        self.exemplars.setCurrentIndex(max(0, self.exemplars.findData(current)))
        self.exemplars.blockSignals(False)
        self.exemplars.setVisible(bool(libraries))

    def show_devices(self, devices: list[str], current: str) -> None:
        """auto and what this machine has."""
        words = {"auto": tr("Automatic"), "cpu": "CPU", "cuda": "GPU · CUDA", "mps": "GPU · Metal"}
        self.device.blockSignals(True)
        self.device.clear()
        for name in ("auto", *devices):
            self.device.addItem(words.get(name, name), name)
        self.device.setCurrentIndex(max(0, self.device.findData(current)))
        self.device.blockSignals(False)

    def show_result(self, result: FillResult | None) -> None:
        """What the last fill took."""
        parts = []
        if result is not None:
            faces = sum(patch.kind == "face" for patch in result.patches)
            textures = len(result.patches) - faces
            line = tr("{seconds:.1f} s on {device}")
            parts.append(line.format(seconds=result.seconds, device=result.device.upper()))
            if faces:
                parts.append(tr("face parts: {count}").format(count=faces))
            if textures:
                parts.append(tr("texture parts: {count}").format(count=textures))
        self.expression.facts["seconds"].setToolTip("\n".join(parts))

    def _brush(self) -> QWidget:
        body, column = _body()
        size, self.brush_size, self._size_text = typed_row(tr("Size"), 0, 1000)
        hardness, self.brush_hardness, self._hardness_text = typed_row(tr("Hardness"), 0, 100)
        self.units = UnitButton()
        self.units.chosen.connect(self.brush_unit_chosen)
        size.addWidget(self.units)
        for row in (size, hardness):
            row.setSpacing(UNIT_GAP)
        hardness.addSpacing(self.units.width() + UNIT_GAP)  # its value stands below the size's
        column.addLayout(size)
        column.addLayout(hardness)
        for slider in (self.brush_size, self.brush_hardness):
            slider.valueChanged.connect(self._on_brush)
        self._size_text.entered.connect(self._on_typed)
        self._hardness_text.entered.connect(self._on_typed)
        return body

    def _on_typed(self) -> None:
        """Numbers that were typed are taken as they are, whatever the slider's steps."""
        brush = self._size_text.number, self._hardness_text.number
        if brush[0] is not None and brush[1] is not None:
            size, hardness = max(1.0, brush[0]), min(max(brush[1], 0.0), 100.0) / 100
            self.show_brush(size, hardness, self.units.unit)
            self.brush_changed.emit(size, hardness)

    def _on_brush(self) -> None:
        size, hardness = from_slider(self.brush_size.value()), self.brush_hardness.value() / 100
        self._show_numbers(size, hardness)
        self.brush_changed.emit(size, hardness)

    def _mask(self, actions: Actions) -> QWidget:
        body, column = _body()
        grid = QGridLayout()
        grid.setSpacing(6)
        texts = {
            "mask_invert": tr("Invert"),
            "mask_grow": tr("Grow"),
            "mask_shrink": tr("Shrink"),
            "mask_feather": tr("Feather"),
            "mask_clear": tr("Clear"),
            "mask_reuse": tr("Reuse"),
        }
        for number, (name, text) in enumerate(texts.items()):
            button = button_for(actions, name, text)
            button.setObjectName("small")
            shrinkable(button)
            grid.addWidget(button, number // 3, number % 3)
        column.addLayout(grid)
        opacity, self.mask_opacity, self._opacity_text = slider_row(tr("Opacity"), 10, 100)
        self.mask_opacity.valueChanged.connect(self._on_opacity)
        column.addLayout(opacity)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(check_for(actions, "mask_shown", tr("Show the mask")), 1)
        self.mask_colours: dict[str, Swatch] = {}
        group = QButtonGroup(self)
        for name, text in theme.MASK_NAMES.items():
            swatch = Swatch(theme.MASK_COLOURS[name], tr(text))
            swatch.clicked.connect(lambda _=False, n=name: self.mask_colour_chosen.emit(n))
            group.addButton(swatch)
            row.addWidget(swatch)
            self.mask_colours[name] = swatch
        column.addLayout(row)
        return body

    def _on_opacity(self, value: int) -> None:
        self._opacity_text.setText(f"{value} %")
        self.mask_opacity_changed.emit(value / 100)

    def _fill(self, actions: Actions) -> QWidget:
        body, column = _body()
        column.addWidget(self.modules)
        self.model, self.device = Chooser(tr("Model")), Chooser(tr("Device"))
        row = QHBoxLayout()
        row.setSpacing(6)
        for box in (self.model, self.device):
            shrinkable(box)
            box.setToolTip(box.accessibleName())
            row.addWidget(box, 1)
        column.addLayout(row)
        self.model.chosen.connect(self.model_chosen.emit)
        self.device.chosen.connect(self.device_chosen.emit)
        self.exemplars = Chooser(tr("Faces of your own"))
        shrinkable(self.exemplars)
        self.exemplars.setToolTip(
            tr("Hidden eyes, mouths and noses take their finest detail of this library's faces.")
        )
        self.exemplars.chosen.connect(self.exemplars_chosen.emit)
        self.exemplars.hide()
        column.addWidget(self.exemplars)
        checks = QHBoxLayout()
        checks.addWidget(check_for(actions, "preview", tr("Live preview")), 1)
        checks.addWidget(check_for(actions, "mesh", tr("Mesh")), 1)
        column.addLayout(checks)
        return body


def _body() -> tuple[QWidget, QVBoxLayout]:
    """The inside of a section."""
    body = QWidget()
    column = QVBoxLayout(body)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(5)
    return body, column


def to_slider(size: float) -> float:
    """A brush's diameter on a slider that is fine for small brushes: 1 .. 1000 pixels, cubic."""
    return 1000 * ((min(max(size, 1), LARGEST_BRUSH) - 1) / (LARGEST_BRUSH - 1)) ** (1 / 3)


def from_slider(value: float) -> float:
    """The inverse of `to_slider`."""
    return 1 + (LARGEST_BRUSH - 1) * (value / 1000) ** 3
