"""Opening, saving and leaving a photo, with the questions that go with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMenu, QMessageBox, QWidget

from engine.photo import OPEN_SUFFIXES, SAVE_SUFFIXES, photo_from_array, save_losses
from gui.dialogs import messages
from gui.document import Document
from gui.editor import Editor
from gui.qimage import rgb_from_image
from gui.settings import Settings
from gui.translation import tr

FILTERS = (
    "JPEG (*.jpg *.jpeg);;PNG (*.png);;WebP (*.webp);;TIFF (*.tif *.tiff);;BMP (*.bmp);;"
    "AVIF (*.avif)"
)


class Files(QObject):
    """Signal `told`, one line for the status. `then` runs once after the next save succeeds."""

    told = Signal(str)

    def __init__(
        self, window: QWidget, document: Document, editor: Editor, settings: Settings
    ) -> None:
        super().__init__(window)
        self._window, self._document, self._editor = window, document, editor
        self._settings = settings
        self._then: Callable[[], object] | None = None
        editor.saved.connect(self._on_saved)
        editor.failed.connect(lambda _failure: self._forget())

    # Opening.

    def open(self, path: Path) -> None:
        """Open a photo, after asking about unsaved fills of this one."""
        if self.may_leave():
            self._editor.open(path)

    def ask_open(self) -> None:
        patterns = " ".join(f"*{suffix}" for suffix in OPEN_SUFFIXES)
        folder = str(self._document.path.parent) if self._document.path else ""
        name, _ = QFileDialog.getOpenFileName(
            self._window,
            tr("Open a photo"),
            folder,
            tr("Photos ({patterns})").format(patterns=patterns),
        )
        if name:
            self.open(Path(name))

    def list_recent(self, menu: QMenu) -> None:
        """Fill the menu of photos opened last."""
        menu.clear()
        paths = self._settings.recent()
        for path in paths:
            menu.addAction(path.name).triggered.connect(lambda _=False, p=path: self.open(p))
        if not paths:
            menu.addAction(tr("Nothing yet")).setEnabled(False)

    def paste(self) -> None:
        """Open what was copied: a photo's file, or a picture."""
        data = QGuiApplication.clipboard().mimeData()
        paths = photos_in(data)
        if paths:
            self.open(paths[0])
        elif data.hasImage() and self.may_leave():
            image = QGuiApplication.clipboard().image()
            self._editor.open_pasted(photo_from_array(rgb_from_image(image)))
        elif not data.hasImage():
            self.told.emit(tr("The clipboard holds no photo."))

    # Saving.

    def save(self) -> None:
        """Over the file saved last; what was opened is not replaced without being asked for."""
        document = self._document
        if document.photo is None or document.path is None or document.path == document.photo.path:
            self.save_as()
        else:
            self._editor.save(document.path, overwrite=True)

    def save_as(self) -> None:
        document = self._document
        if document.photo is None:
            return
        start = document.path or Path.home() / "photo.png"
        if document.path == document.photo.path:
            writable = start.suffix.lower() in SAVE_SUFFIXES
            start = start.with_name(f"{start.stem}-mien{start.suffix if writable else '.tif'}")
        name, chosen = QFileDialog.getSaveFileName(
            self._window, tr("Save as"), str(start), FILTERS, _filter_of(start)
        )
        if not name:
            self._forget()
            return
        path = Path(name)
        if path.suffix.lower() not in SAVE_SUFFIXES:
            path = path.with_name(path.name + "." + chosen.split("*.")[1].split(")")[0].split()[0])
        losses = save_losses(document.photo, path)
        if losses and not messages.ask_about_losses(self._window, losses):
            self._forget()
            return
        # The file dialog asked before naming a file that exists.
        self._editor.save(path, overwrite=path == Path(name))

    def may_leave(self, then: Callable[[], object] | None = None) -> bool:
        """Whether the photo may go: saved, or the person gives its fills up.

        Where the answer is to save, this is not yet so; `then` runs once it is saved.
        """
        document = self._document
        if not document.is_changed:
            return True
        name = document.path.name if document.path else tr("The photo")
        answer = messages.ask_to_save(self._window, name)
        if answer == QMessageBox.StandardButton.Save:
            self._then = then
            self.save()
        return answer == QMessageBox.StandardButton.Discard

    def _on_saved(self, path: Path) -> None:
        self._settings.add_recent(path)
        then, self._then = self._then, None
        if then is not None:
            then()

    def _forget(self) -> None:
        self._then = None


def photos_in(data: QMimeData) -> list[Path]:
    """The photos among dragged or copied files."""
    paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    return [path for path in paths if path.suffix.lower() in OPEN_SUFFIXES]


def _filter_of(path: Path) -> str:
    wanted = f"*{path.suffix.lower()}"
    return next((f for f in FILTERS.split(";;") if wanted in f), FILTERS.split(";;")[0])
