"""The editor's window: puts document, editor, canvas and panels together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, Qt
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QKeyEvent,
)
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QMainWindow,
    QMessageBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from engine.inpaint import FillResult, create_inpainter
from engine.photo import OPEN_SUFFIXES, photo_from_array, save_losses
from gui import theme
from gui.actions import FILE, VIEW, Actions
from gui.canvas.canvas import Canvas
from gui.dialogs.messages import (
    FailureDialog,
    ShortcutsDialog,
    about,
    ask_about_losses,
    ask_to_save,
)
from gui.document import Document
from gui.editor import Editor, faces_line, part_of_faces
from gui.panels.header import Header
from gui.panels.inspector import Inspector
from gui.panels.rail import TOOLS, Rail
from gui.panels.status import StatusLine
from gui.panels.welcome import Welcome
from gui.qimage import rgb_from_image
from gui.settings import Settings
from gui.translation import LANGUAGES, tr
from gui.worker import Failure

GROW_STEP = 0.01  # of the photo's shorter side, for grow, shrink and feather
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
        self._save_then_close = False
        self._build()
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
        self.welcome = Welcome(self.actions_)
        self.stage = QStackedWidget()
        self.stage.addWidget(self.welcome)
        self.stage.addWidget(self.canvas)
        middle = QHBoxLayout()
        middle.setSpacing(0)
        middle.addWidget(self.rail)
        middle.addWidget(self.stage, 1)
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
        self.recent.aboutToShow.connect(self._list_recent)
        looks = menus[VIEW].addMenu(tr("&Theme"))
        names = {"system": tr("System"), "dark": tr("Dark"), "light": tr("Light")}
        for name, text in names.items():
            looks.addAction(text).triggered.connect(lambda _=False, n=name: self.set_theme(n))
        tongues = menus[VIEW].addMenu(tr("&Language"))
        for code, text in LANGUAGES.items():
            tongues.addAction(text).triggered.connect(lambda _=False, c=code: self._speak(c))

    def _connect(self) -> None:
        act, canvas, editor = self.actions_, self.canvas, self.editor
        document, history = self.document, self.document.history
        for name, slot in (
            ("open", self._ask_open),
            ("sample", lambda: self.open(SAMPLE)),
            ("paste", self._paste),
            ("save", self._save),
            ("save_as", self._save_as),
            ("quit", self.close),
            ("undo", history.undo),
            ("redo", history.redo),
            ("fill", editor.fill),
            ("cancel", editor.cancel),
            ("brush_smaller", lambda: canvas.step_brush(False)),
            ("brush_larger", lambda: canvas.step_brush(True)),
            ("mask_open", self._ask_mask),
            ("mask_save", self._ask_save_mask),
            ("mask_reuse", self._reuse_mask),
            ("mask_invert", lambda: document.change_mask(lambda m: m.invert(), tr("Invert"))),
            ("mask_grow", lambda: self._morph("grow", tr("Grow"))),
            ("mask_shrink", lambda: self._morph("shrink", tr("Shrink"))),
            ("mask_feather", lambda: self._morph("feather", tr("Feather"))),
            ("mask_clear", lambda: document.change_mask(_cleared, tr("Clear"))),
            ("zoom_in", lambda: canvas.zoom_step(True)),
            ("zoom_out", lambda: canvas.zoom_step(False)),
            ("fit", canvas.fit),
            ("actual", lambda: canvas.zoom_to(1.0)),
            ("split", canvas.set_split),
            ("mesh", canvas.set_mesh_shown),
            ("mask_shown", canvas.set_mask_shown),
            ("preview", editor.set_preview),
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
        self.inspector.brush_changed.connect(canvas.set_brush)
        self.inspector.part_chosen.connect(self._choose_part)
        self.inspector.model_chosen.connect(lambda name: self._choose("model", name))
        self.inspector.device_chosen.connect(lambda name: self._choose("device", name))
        document.opened.connect(self._on_opened)
        document.faces_changed.connect(self._show_faces)
        document.mask_changed.connect(lambda _box: self._refresh())
        document.renamed.connect(self._refresh)
        history.changed.connect(self._refresh)
        editor.loaded.connect(canvas.take_pyramid)
        editor.previewed.connect(canvas.set_preview)
        editor.busy_changed.connect(self._on_busy)
        editor.progressed.connect(self.status.show_progress)
        editor.told.connect(self.status.tell)
        editor.filled.connect(self._on_filled)
        editor.failed.connect(self._on_failed)
        editor.saved.connect(self._on_saved)
        editor.devices_known.connect(
            lambda devices: self.inspector.show_devices(devices, editor.options.device)
        )

    def _restore(self) -> None:
        from engine.generator.weights import installed

        keep = self.settings
        self.restoreGeometry(keep.state("geometry"))
        self.canvas.set_brush(keep.number("brush_size", 60), keep.number("brush_hardness", 0.8))
        self.actions_["tool_brush"].setChecked(True)
        models, model = installed(), keep.text("model", "default")
        if model not in {manifest.name for manifest in models}:
            model = "default"
        default = next((m.name for m in models if m.default), "prior")
        self.inspector.show_models(models, default if model == "default" else model)
        self.inspector.show_devices(["cpu"], "auto")
        self.editor.options = replace(
            self.editor.options, model=model, device=keep.text("device", "auto")
        )
        for name, slot in (
            ("mesh", self.canvas.set_mesh_shown),
            ("mask_shown", self.canvas.set_mask_shown),
            ("preview", self.editor.set_preview),
        ):
            slot(self.actions_[name].isChecked())
        self._show_brush()

    # Opening.

    def open(self, path: Path) -> None:
        """Open a photo, after asking about unsaved fills of this one."""
        if self._may_leave():
            self.editor.open(path)

    def _ask_open(self) -> None:
        patterns = " ".join(f"*{suffix}" for suffix in OPEN_SUFFIXES)
        folder = str(self.document.path.parent) if self.document.path else ""
        name, _ = QFileDialog.getOpenFileName(
            self, tr("Open a photo"), folder, tr("Photos ({patterns})").format(patterns=patterns)
        )
        if name:
            self.open(Path(name))

    def _list_recent(self) -> None:
        self.recent.clear()
        paths = self.settings.recent()
        for path in paths:
            self.recent.addAction(path.name).triggered.connect(lambda _=False, p=path: self.open(p))
        if not paths:
            self.recent.addAction(tr("Nothing yet")).setEnabled(False)

    def _paste(self) -> None:
        data = QGuiApplication.clipboard().mimeData()
        paths = photos_in(data)
        if paths:
            self.open(paths[0])
        elif data.hasImage() and self._may_leave():
            image = QGuiApplication.clipboard().image()
            self.editor.open_pasted(photo_from_array(rgb_from_image(image)))
        else:
            self.status.tell(tr("The clipboard holds no photo."))

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

    # Saving.

    def _save(self) -> None:
        """Over the file saved last; what was opened is not replaced without being asked for."""
        document = self.document
        if document.photo is None or document.path is None or document.path == document.photo.path:
            self._save_as()
        else:
            self.editor.save(document.path, overwrite=True)

    def _save_as(self) -> None:
        document = self.document
        if document.photo is None:
            return
        start = document.path or Path.home() / "photo.png"
        if document.path == document.photo.path:
            start = start.with_name(f"{start.stem}-mien{start.suffix}")
        filters = (
            "JPEG (*.jpg *.jpeg);;PNG (*.png);;WebP (*.webp);;TIFF (*.tif *.tiff);;BMP (*.bmp)"
        )
        name, chosen = QFileDialog.getSaveFileName(
            self, tr("Save as"), str(start), filters, _filter_of(start, filters)
        )
        if not name:
            self._save_then_close = False
            return
        path = Path(name)
        if path.suffix.lower() not in OPEN_SUFFIXES:
            path = path.with_name(path.name + "." + chosen.split("*.")[1].split(")")[0].split()[0])
        losses = save_losses(document.photo, path)
        if losses and not ask_about_losses(self, losses):
            self._save_then_close = False
            return
        # The file dialog asked before naming a file that exists.
        self.editor.save(path, overwrite=path == Path(name))

    def _on_saved(self, path: Path) -> None:
        self.settings.add_recent(path)
        if self._save_then_close:
            self.close()

    def _may_leave(self) -> bool:
        """Whether the photo may go: saved, or the person gives its fills up."""
        if not self.document.is_changed:
            return True
        name = self.document.path.name if self.document.path else tr("The photo")
        answer = ask_to_save(self, name)
        if answer == QMessageBox.StandardButton.Save:
            self._save()
        return answer == QMessageBox.StandardButton.Discard

    # Masks and fills.

    def _ask_mask(self) -> None:
        patterns = " ".join(f"*{suffix}" for suffix in OPEN_SUFFIXES)
        name, _ = QFileDialog.getOpenFileName(
            self, tr("Open a mask"), "", tr("Pictures ({patterns})").format(patterns=patterns)
        )
        if name:
            self.editor.open_mask(Path(name))

    def _ask_save_mask(self) -> None:
        path = self.document.path or Path("photo.png")
        start = str(path.with_name(f"{path.stem}-mask.png"))
        name, _ = QFileDialog.getSaveFileName(self, tr("Save the mask"), start, "PNG (*.png)")
        if name:
            self.editor.save_mask(Path(name).with_suffix(".png"))

    def _reuse_mask(self) -> None:
        last = self.document.last_mask
        if last is None or last.size != self.document.size:
            self.status.tell(tr("There is no earlier mask of this size."))
            return
        self.document.change_mask(lambda mask: mask.union(last), tr("Last mask"))

    def _morph(self, name: str, title: str) -> None:
        step = max(1.0, GROW_STEP * min(self.document.size))
        self.document.change_mask(lambda mask: getattr(mask, name)(step), title)

    def _choose_part(self, part: str) -> None:
        mask = part_of_faces(self.document, part)
        if mask is not None:
            self.document.set_mask(mask, self.inspector.parts[part].text())

    def _choose(self, field: str, value: str) -> None:
        self.editor.options = replace(self.editor.options, **{field: value})
        self.settings.keep(field, value)

    def _on_busy(self, busy: bool) -> None:
        self.status.show_busy(busy)
        self._refresh()

    def _on_filled(self, result: FillResult) -> None:
        self.inspector.show_result(result)
        self.status.tell(tr("Filled in {seconds:.1f} s.").format(seconds=result.seconds))

    def _on_failed(self, failure: Failure) -> None:
        self._save_then_close = False
        FailureDialog(failure, self).exec()

    # What is shown.

    def _refresh(self) -> None:
        document, history, busy = self.document, self.document.history, self.editor.is_busy
        painted = document.is_open and document.has_mask
        self.actions_.enable(
            {
                "photo": document.is_open,
                "mask": painted and not busy,
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
        if document.faces is None:
            self.inspector.show_faces(tr("Looking for faces…"), False)
            return
        count = len(document.faces) + len(document.frames)
        meshed = any(face.mesh is not None for face in document.faces)
        self.inspector.show_faces(faces_line(count), meshed)

    def _show_brush(self) -> None:
        brush = self.canvas.brush
        self.inspector.show_brush(brush.size, brush.hardness)

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
        if self.document.is_changed:
            self._save_then_close = True
            if not self._may_leave():
                self._save_then_close = self.editor.is_busy
                event.ignore()
                return
        keep, brush = self.settings, self.canvas.brush
        keep.keep("geometry", self.saveGeometry())
        keep.keep("brush_size", brush.size)
        keep.keep("brush_hardness", brush.hardness)
        for name in ("mesh", "mask_shown", "preview"):
            keep.keep(name, self.actions_[name].isChecked())
        self.editor.close()
        event.accept()


def photos_in(data: QMimeData) -> list[Path]:
    """The photos among dragged or copied files."""
    paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    return [path for path in paths if path.suffix.lower() in OPEN_SUFFIXES]


def _cleared(mask):
    return type(mask).empty(mask.size)


def _filter_of(path: Path, filters: str) -> str:
    wanted = f"*{path.suffix.lower()}"
    return next((f for f in filters.split(";;") if wanted in f), filters.split(";;")[0])
