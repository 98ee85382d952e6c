"""What is chosen and kept for the next start: model, device, brush, and how the mask looks."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject

from gui import theme
from gui.brush_size import BrushSize
from gui.canvas.canvas import Canvas
from gui.canvas.surface import MASK_OPACITY
from gui.editor import Editor
from gui.panels.inspector import Inspector
from gui.settings import Settings


class Choices(QObject):
    """One state behind the inspector's controls, the canvas, the editor's options and the
    settings."""

    def __init__(self, canvas: Canvas, editor: Editor, settings: Settings) -> None:
        super().__init__(editor)
        self._canvas, self._editor, self._settings = canvas, editor, settings
        self._panel: Inspector | None = None
        self._devices = ["cpu"]
        theme.set_mask_colour(settings.text("mask_colour"))
        canvas.set_brush(settings.number("brush_size", 60), settings.number("brush_hardness", 0.8))
        self._size = BrushSize(canvas, editor.document, settings)
        canvas.set_mask_opacity(settings.number("mask_opacity", MASK_OPACITY))
        editor.options = replace(
            editor.options,
            model=settings.text("model", "default"),
            device=settings.text("device", "auto"),
            exemplars=settings.text("exemplars"),
        )
        canvas.brush_resized.connect(self._size.take)
        canvas.brush_resized.connect(self._show_brush)
        canvas.brush_resized.connect(self._keep_brush)
        editor.devices_known.connect(self._on_devices)
        editor.document.opened.connect(self._suit_brush)

    def show_in(self, panel: Inspector) -> None:
        """The inspector that shows the choices, and makes them."""
        self._panel = panel
        panel.brush_changed.connect(self._size.set_value)
        panel.brush_unit_chosen.connect(self._measure_in)
        panel.brush_changed.connect(self._keep_brush)
        panel.mask_opacity_changed.connect(self._set_mask_opacity)
        panel.mask_colour_chosen.connect(self._set_mask_colour)
        panel.model_chosen.connect(lambda name: self._choose("model", name))
        panel.device_chosen.connect(lambda name: self._choose("device", name))
        panel.exemplars_chosen.connect(lambda name: self._choose("exemplars", name))
        panel.show_devices(self._devices, self._editor.options.device)
        self.list_models()
        self._show_brush()
        self._show_mask_look()

    def list_models(self) -> None:
        """Show what is installed; a chosen model that is gone gives way to the default, a library
        of faces to none."""
        from engine.catalogue.exemplars import EXEMPLARS, NONE
        from engine.catalogue.weights import installed

        models, model = installed(), self._editor.options.model
        libraries = [manifest for manifest in models if manifest.kind == EXEMPLARS]
        chosen = self._editor.options.exemplars
        if chosen not in {manifest.name for manifest in libraries}:
            chosen = NONE
        if model not in {manifest.name for manifest in models}:
            model = "default"
        default = next((m.name for m in models if m.default), "prior")
        if self._panel is not None:
            self._panel.show_models(models, default if model == "default" else model)
            self._panel.show_exemplars(libraries, chosen)
        self._editor.options = replace(self._editor.options, model=model, exemplars=chosen)

    @property
    def model(self) -> str:
        """The name of the model that is filled with."""
        from engine.catalogue.weights import installed

        name = self._editor.options.model
        default = next((m.name for m in installed() if m.default), "prior")
        return default if name == "default" else name

    def use_model(self, name: str) -> None:
        """Fill with a model from now on, or with the detail of a library of faces."""
        from engine.catalogue.exemplars import installed_exemplars

        self.list_models()
        if name in {manifest.name for manifest in installed_exemplars()}:
            if self._panel is not None:
                self._panel.exemplars.setCurrentIndex(self._panel.exemplars.findData(name))
            self._choose("exemplars", name)
            return
        if self._panel is not None:
            self._panel.model.setCurrentIndex(self._panel.model.findData(name))
        self._choose("model", name)

    def keep(self) -> None:
        """Write down what no signal told of."""
        brush = self._canvas.brush
        self._settings.keep("brush_size", brush.size)
        self._settings.keep("brush_hardness", brush.hardness)

    def _choose(self, field: str, value: str) -> None:
        self._editor.options = replace(self._editor.options, **{field: value})
        self._settings.keep(field, value)

    def _on_devices(self, devices: list[str]) -> None:
        self._devices = devices
        if self._panel is not None:
            self._panel.show_devices(devices, self._editor.options.device)

    def _suit_brush(self) -> None:
        """A brush that suits the photo: a twentieth of its shorter side."""
        document = self._editor.document
        if document.is_open and not self._settings.flag("brush_chosen", False):
            self._canvas.set_brush(min(document.size) / 20)
            self._size.take()
            self._show_brush()

    def _show_brush(self) -> None:
        brush = self._canvas.brush
        if self._panel is not None:
            self._panel.show_brush(self._size.value, brush.hardness, self._size.unit)

    def _measure_in(self, unit: str) -> None:
        self._size.measure_in(unit)
        self._show_brush()

    def _keep_brush(self, *_: object) -> None:
        """The person chose a size: it is no longer made to suit each photo."""
        self._settings.keep("brush_chosen", True)

    def _set_mask_opacity(self, opacity: float) -> None:
        self._canvas.set_mask_opacity(opacity)
        self._settings.keep("mask_opacity", opacity)

    def _set_mask_colour(self, name: str) -> None:
        self._settings.keep("mask_colour", theme.set_mask_colour(name))
        self._show_mask_look()
        self._canvas.update()

    def _show_mask_look(self) -> None:
        if self._panel is not None:
            colour = self._settings.text("mask_colour", "blue")
            self._panel.show_mask(self._canvas.mask_opacity, colour)
