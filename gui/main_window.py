"""The editor's window: puts document, editor, canvas and panels together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMainWindow,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from engine.inpaint import FillResult, create_inpainter
from gui import theme
from gui.actions import FILE, VIEW, Actions
from gui.canvas.canvas import Canvas
from gui.dialogs.messages import FailureDialog, ShortcutsDialog, about
from gui.document import Document
from gui.editor import Editor, faces_line
from gui.files import Files, photos_in
from gui.masks import Masks
from gui.modules import Modules
from gui.panels.header import Header
from gui.panels.inspector import Inspector
from gui.panels.rail import TOOLS, Rail
from gui.panels.status import StatusLine
from gui.panels.strip import Strip
from gui.panels.welcome import Welcome
from gui.readout import Readings
from gui.school import School
from gui.settings import Settings
from gui.translation import LANGUAGES, tr
from gui.worker import Failure

SAMPLE = Path(__file__).parents[1] / "resources" / "samples" / "portrait.jpg"


class MainWindow(QMainWindow):
    """Composition only: what happens is the editor's, what is seen the panels'."""

    def __init__(self, settings: Settings | None = None, create=create_inpainter) -> None:
        super().__init__()
        self.settings = settings or Settings()
        self.document = Document(self)
        self.editor = Editor(self.document, create, self)
        self.actions_ = Actions(self)
        for name, shown in (("mesh", True), ("mask_shown", True), ("preview", True)):
            self.actions_[name].setChecked(self.settings.flag(name, shown))
        self._given_up: int | None = None  # the revision whose fills may be lost on closing
        self._build()
        self.files = Files(self, self.document, self.editor, self.settings)
        self.masks = Masks(self, self.document, self.editor, self.actions_)
        self.modules = Modules(self.actions_, self.inspector.modules, self.editor, self.settings)
        self.school = School(self, self.settings)
        self._connect()
        self._restore()
        self._refresh()

    # Building.

    def _build(self) -> None:
        self.setWindowTitle("Mien")
        self.setAcceptDrops(True)
        self.resize(1280, 820)
        self.setMinimumSize(760, 480)
        self.canvas = Canvas(self.document)
        self.header, self.rail = Header(self.actions_), Rail(self.actions_)
        self.inspector, self.status = Inspector(self.actions_), StatusLine(self.actions_)
        self.strip = Strip(self.actions_, self.editor.results)
        self.welcome = Welcome(self.actions_)
        self.stage = QStackedWidget()
        self.stage.addWidget(self.welcome)
        self.stage.addWidget(self.canvas)
        work = QVBoxLayout()
        work.setSpacing(0)
        work.addWidget(self.stage, 1)
        work.addWidget(self.strip)
        middle = QHBoxLayout()
        middle.setSpacing(0)
        middle.addWidget(self.rail)
        middle.addLayout(work, 1)
        middle.addWidget(self.inspector)
        column = QVBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.header)
        column.addLayout(middle, 1)
        column.addWidget(self.status)
        centre = QWidget()
        centre.setLayout(column)
        self.setCentralWidget(centre)
        menus = self.actions_.fill_menus()
        self.recent = menus[FILE].addMenu(tr("Open &recent"))
        menus[FILE].insertMenu(self.actions_["sample"], self.recent)
        self.recent.aboutToShow.connect(lambda: self.files.list_recent(self.recent))
        looks = menus[VIEW].addMenu(tr("&Theme"))
        names = {"system": tr("System"), "dark": tr("Dark"), "light": tr("Light")}
        for name, text in names.items():
            looks.addAction(text).triggered.connect(lambda _=False, n=name: self.set_theme(n))
        tongues = menus[VIEW].addMenu(tr("&Language"))
        for code, text in LANGUAGES.items():
            tongues.addAction(text).triggered.connect(lambda _=False, c=code: self._speak(c))

    def _connect(self) -> None:
        act, canvas, editor = self.actions_, self.canvas, self.editor
        document, history, files = self.document, self.document.history, self.files
        for name, slot in (
            ("open", files.ask_open),
            ("sample", lambda: self.open(SAMPLE)),
            ("paste", files.paste),
            ("save", files.save),
            ("save_as", files.save_as),
            ("save_session", files.save_session),
            ("quit", self.close),
            ("undo", history.undo),
            ("redo", history.redo),
            ("fill", editor.fill),
            ("more", editor.more),
            ("result_next", lambda: editor.results.step(True)),
            ("result_back", lambda: editor.results.step(False)),
            ("cancel", editor.cancel),
            ("brush_smaller", lambda: canvas.step_brush(False)),
            ("brush_larger", lambda: canvas.step_brush(True)),
            ("nodes_reset", lambda: document.set_nodes((), tr("Reset landmarks"))),
            ("face_next", self._next_face),
            ("zoom_in", lambda: canvas.zoom_step(True)),
            ("zoom_out", lambda: canvas.zoom_step(False)),
            ("fit", canvas.fit),
            ("actual", lambda: canvas.zoom_to(1.0)),
            ("split", canvas.set_split),
            ("mesh", canvas.set_mesh_shown),
            ("mask_shown", canvas.set_mask_shown),
            ("preview", editor.readout.show_preview),
            ("training", self.school.show),
            ("about", self._about),
            ("shortcuts", lambda: ShortcutsDialog(self).exec()),
        ):
            act.connect(name, slot)
        for tool in TOOLS:
            act.connect(f"tool_{tool}", lambda on, t=tool: on and canvas.set_tool(t))
        self.header.held.connect(canvas.hold_before)
        canvas.view_changed.connect(self.status.show_zoom)
        canvas.pointer_moved.connect(self.status.show_pointer)
        canvas.brush_resized.connect(self._show_brush)
        canvas.brush_resized.connect(self._keep_brush)
        panel = self.inspector
        panel.brush_changed.connect(canvas.set_brush)
        panel.brush_changed.connect(self._keep_brush)
        panel.part_chosen.connect(lambda p: self.masks.add_part(p, panel.parts[p].text()))
        panel.model_chosen.connect(lambda name: self._choose("model", name))
        panel.device_chosen.connect(lambda name: self._choose("device", name))
        panel.expression.face_chosen.connect(document.select)
        document.opened.connect(self._on_opened)
        document.faces_changed.connect(self._show_faces)
        document.mask_changed.connect(lambda _box: self._refresh())
        document.nodes_changed.connect(self._show_readings)
        document.selected_changed.connect(self._show_readings)
        document.renamed.connect(self._refresh)
        history.changed.connect(self._refresh)
        editor.loaded.connect(canvas.take_pyramid)
        editor.readout.previewed.connect(canvas.set_preview)
        editor.readout.read.connect(canvas.show_readings)
        editor.readout.read.connect(self._show_readings)
        editor.results.changed.connect(self._refresh)
        editor.options_changed.connect(lambda options: canvas.set_dragging(options.landmarks))
        editor.busy_changed.connect(self._on_busy)
        editor.progressed.connect(self.status.show_progress)
        editor.filled.connect(self._on_filled)
        editor.failed.connect(self._on_failed)
        editor.devices_known.connect(
            lambda devices: self.inspector.show_devices(devices, editor.options.device)
        )
        for teller in (editor, files, self.masks, self.school):
            teller.told.connect(self.status.tell)
        self.school.learnt.connect(lambda _name: self._list_models())
        self.school.chosen.connect(self._use_model)
        self.school.ended.connect(self.close)

    def _restore(self) -> None:
        keep = self.settings
        self.restoreGeometry(keep.state("geometry"))
        self.canvas.set_brush(keep.number("brush_size", 60), keep.number("brush_hardness", 0.8))
        self.actions_["tool_brush"].setChecked(True)
        self.inspector.show_devices(["cpu"], "auto")
        self.editor.options = replace(
            self.editor.options,
            model=keep.text("model", "default"),
            device=keep.text("device", "auto"),
        )
        self._list_models()
        self.canvas.set_dragging(self.editor.options.landmarks)
        for name, slot in (
            ("mesh", self.canvas.set_mesh_shown),
            ("mask_shown", self.canvas.set_mask_shown),
            ("preview", self.editor.readout.show_preview),
        ):
            slot(self.actions_[name].isChecked())
        self._show_brush()

    # Opening.

    def open(self, path: Path) -> None:
        """Open a photo, after asking about unsaved fills of this one."""
        self.files.open(path)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if photos_in(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = photos_in(event.mimeData())
        if paths:
            event.acceptProposedAction()
            self.open(paths[0])

    def _on_opened(self) -> None:
        if self.document.path is not None:
            self.settings.add_recent(self.document.path)
        self.stage.setCurrentWidget(self.canvas)
        self.canvas.setFocus()
        self.inspector.show_result(None)
        self.status.tell("")
        # A brush that suits the photo: a twentieth of its shorter side.
        if not self.settings.flag("brush_chosen", False):
            self.canvas.set_brush(min(self.document.size) / 20)
            self._show_brush()
        self._refresh()

    # Choices.

    def _choose(self, field: str, value: str) -> None:
        self.editor.options = replace(self.editor.options, **{field: value})
        self.settings.keep(field, value)

    def _list_models(self) -> None:
        """Show what is installed; a chosen model that is gone gives way to the default."""
        from engine.generator.weights import installed

        models, model = installed(), self.editor.options.model
        if model not in {manifest.name for manifest in models}:
            model = "default"
        default = next((m.name for m in models if m.default), "prior")
        self.inspector.show_models(models, default if model == "default" else model)
        self.editor.options = replace(self.editor.options, model=model)

    def _use_model(self, name: str) -> None:
        self._list_models()
        self.inspector.model.setCurrentIndex(self.inspector.model.findData(name))

    def _next_face(self) -> None:
        count = self._face_count()
        if count:
            self.document.select((self.document.selected + 1) % count)

    def _face_count(self) -> int:
        """Known faces, and those that only a fill found."""
        found = (reading.face + 1 for reading in self.editor.readout.readings.faces)
        return max(len(self.document.subjects), max(found, default=0))

    def _on_busy(self, busy: bool) -> None:
        self.status.show_busy(busy)
        self._refresh()

    def _on_filled(self, result: FillResult) -> None:
        self.inspector.show_result(result)
        self.status.tell(tr("Filled in {seconds:.1f} s.").format(seconds=result.seconds))

    def _on_failed(self, failure: Failure) -> None:
        FailureDialog(failure, self).exec()

    # What is shown.

    def _refresh(self) -> None:
        document, history, busy = self.document, self.document.history, self.editor.is_busy
        painted = document.is_open and document.has_mask
        results = self.editor.results
        rounds = results.round is not None
        self.actions_.enable(
            {
                "photo": document.is_open,
                "mask": painted and not busy,
                "fill": (painted or results.current is not None) and not busy,
                "results": rounds and not busy,
                "nodes": bool(document.nodes) and not busy,
                "faces": self._face_count() > 1,
                "idle": document.is_open and not busy,
                "undo": history.can_undo and not busy,
                "redo": history.can_redo and not busy,
                "busy": busy,
            }
        )
        name = document.path.name if document.path else tr("Pasted") if document.is_open else ""
        self.header.show_file(name, document.size, document.is_changed)
        self.header.compare.setEnabled(document.is_open)
        self.setWindowTitle(f"{name}[*] — Mien" if name else "Mien[*]")
        self.setWindowModified(document.is_changed)

    def _show_faces(self) -> None:
        document = self.document
        self._show_readings()
        if document.faces is None:
            self.inspector.show_faces(tr("Looking for faces…"), False)
            return
        count = len(document.faces) + len(document.frames)
        meshed = any(face.mesh is not None for face in document.faces)
        self.inspector.show_faces(faces_line(count), meshed)

    def _show_readings(self, _readings: Readings | None = None) -> None:
        document, readings = self.document, self.editor.readout.readings
        count, selected = self._face_count(), document.selected
        self.inspector.expression.show_readings(readings, selected, count)
        dragged = sum(node.face == selected for node in document.nodes)
        self.inspector.modules.show_nodes(readings.of(selected), dragged)
        self.actions_["face_next"].setEnabled(count > 1)
        self.actions_["nodes_reset"].setEnabled(bool(document.nodes) and not self.editor.is_busy)

    def _show_brush(self) -> None:
        brush = self.canvas.brush
        self.inspector.show_brush(brush.size, brush.hardness)

    def _keep_brush(self, *_: object) -> None:
        """The person chose a size: it is no longer made to suit each photo."""
        self.settings.keep("brush_chosen", True)

    def set_theme(self, name: str) -> None:
        """Dark, light or the system's, now and at the next start."""
        from PySide6.QtWidgets import QApplication

        application = QApplication.instance()
        assert isinstance(application, QApplication)
        theme.apply_theme(application, name)
        self.settings.keep("theme", name)
        self.actions_.tint()
        self.welcome.tint()
        self.update()

    def _speak(self, code: str) -> None:
        self.settings.keep("language", code)
        self.status.tell(tr("The language changes at the next start."))

    def _about(self) -> None:
        from engine.doctor import mien_version

        about(self, mien_version())

    # Events.

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.editor.is_busy:
            self.editor.cancel()
        elif event.key() == Qt.Key.Key_C and not event.isAutoRepeat():
            self.canvas.hold_before(True)
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_C and not event.isAutoRepeat():
            self.canvas.hold_before(False)
        else:
            super().keyReleaseEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and not self.isActiveWindow():
            self.canvas.hold_before(False)

    def closeEvent(self, event: QCloseEvent) -> None:
        # Each question may end in closing later: when the photo is saved, the training ended.
        if self._given_up != self.document.revision:
            if not self.files.may_leave(self.close):
                event.ignore()
                return
            self._given_up = self.document.revision
        if not self.school.may_leave():
            if not self.school.is_closing:
                self._given_up = None
            event.ignore()
            return
        keep, brush = self.settings, self.canvas.brush
        keep.keep("geometry", self.saveGeometry())
        keep.keep("brush_size", brush.size)
        keep.keep("brush_hardness", brush.hardness)
        for name in ("mesh", "mask_shown", "preview"):
            keep.keep(name, self.actions_[name].isChecked())
        self.school.close()
        self.editor.close()
        event.accept()
