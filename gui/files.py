"""Opening, saving and leaving a photo, with the questions that go with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMenu, QMessageBox, QWidget

from engine.edit.session import SUFFIX
from engine.photo import (
    OPEN_SUFFIXES,
    SAVE_SUFFIXES,
    Photo,
    photo_from_array,
    save_losses,
)
from gui.dialogs import messages
from gui.document import Document
from gui.editor import Astray, Editor
from gui.keeper import orphans
from gui.qimage import rgb_from_image
from gui.settings import Settings
from gui.translation import tr

FILTERS = (
    "JPEG (*.jpg *.jpeg);;PNG (*.png);;WebP (*.webp);;TIFF (*.tif *.tiff);;BMP (*.bmp);;"
    "AVIF (*.avif)"
)


class Files(QObject):
    """Signal `told`, one line for the status."""

    told = Signal(str)

    def __init__(
        self, window: QWidget, document: Document, editor: Editor, settings: Settings
    ) -> None:
        super().__init__(window)
        self._window, self._document, self._editor = window, document, editor
        self._settings = settings
        editor.saved.connect(settings.add_recent)
        editor.astray.connect(self._find)

    # Opening.

    def open(self, path: Path) -> None:
        """Open a photo, after asking about unsaved fills of this one."""
        is_session = path.suffix.lower() == SUFFIX
        open_ = self._editor.open_session if is_session else self._editor.open
        if self.may_leave(lambda: self.open(path)):
            open_(path)

    def recover(self) -> bool:
        """Offer what killed processes left, photo by photo; whether one is gone on with.

        What is neither taken nor given up is offered again at the next start."""
        for orphan in orphans():
            answer = messages.ask_to_recover(self._window, orphan.photo or tr("A pasted picture"))
            if answer == messages.RECOVER:
                self._editor.open_session(orphan.path, orphan=orphan)
                return True
            if answer == messages.GIVE_UP:
                orphan.remove()
        return False

    def _find(self, astray: Astray) -> None:
        """A session's photo moved or changed: ask where it is."""
        if not messages.ask_to_find(self._window, astray.sentence):
            return
        name, _ = QFileDialog.getOpenFileName(
            self._window,
            tr("Where is {name}?").format(name=astray.photo.name),
            str(astray.session.parent),
            _patterns(OPEN_SUFFIXES),
        )
        if name:
            self._editor.open_session(astray.session, Path(name), astray.orphan)

    def ask_open(self) -> None:
        folder = str(self._document.path.parent) if self._document.path else ""
        name, _ = QFileDialog.getOpenFileName(
            self._window,
            tr("Open a photo"),
            folder,
            _patterns((*OPEN_SUFFIXES, SUFFIX)),
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
        elif data.hasImage():
            image = QGuiApplication.clipboard().image()
            photo = photo_from_array(rgb_from_image(image))
            self._open_pasted(photo)
        else:
            self.told.emit(tr("The clipboard holds no photo."))

    def _open_pasted(self, photo: Photo) -> None:
        if self.may_leave(lambda: self._open_pasted(photo)):
            self._editor.open_pasted(photo)

    # Saving.

    def save(self, then: Callable[[], object] | None = None) -> None:
        """Over the file saved last; what was opened is not replaced without being asked for.

        `then` is what follows once it is saved; if it never is, nothing follows."""
        document = self._document
        if document.photo is None or document.path is None or document.path == document.photo.path:
            self.save_as(then)
        else:
            self._editor.save(document.path, overwrite=True, then=then)

    def save_as(self, then: Callable[[], object] | None = None) -> None:
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
            return
        path = Path(name)
        if path.suffix.lower() not in SAVE_SUFFIXES:
            path = path.with_name(path.name + "." + chosen.split("*.")[1].split(")")[0].split()[0])
        losses = save_losses(document.photo, path)
        if losses and not messages.ask_about_losses(self._window, losses):
            return
        # The file dialog asked before naming a file that exists.
        self._editor.save(path, overwrite=path == Path(name), then=then)

    def save_session(self) -> None:
        """Layers, mask and all, to go on another day."""
        document = self._document
        if document.photo is None:
            return
        start = document.session or (document.path or Path.home() / "photo").with_suffix(SUFFIX)
        name, _ = QFileDialog.getSaveFileName(
            self._window, tr("Save the session"), str(start), f"Mien (*{SUFFIX})"
        )
        if name:
            path = Path(name)
            if path.suffix.lower() != SUFFIX:
                path = path.with_name(path.name + SUFFIX)
            self._editor.save_session(path)

    def may_leave(self, then: Callable[[], object] | None = None) -> bool:
        """Whether the photo may go: saved, or the person gives up what would be lost.

        Where it is still being saved, or the answer is to save, this is not yet so; `then` asks
        again once it is.
        """
        document = self._document
        if self._editor.after_saving(then):
            return False
        name = document.path.name if document.path else tr("The photo")
        if self._editor.is_filling and not messages.ask_to_stop_fill(self._window, name):
            return False
        if document.is_changed:
            answer = messages.ask_to_save(self._window, name)
            if answer == QMessageBox.StandardButton.Save:
                self._editor.drop()
                self.save(then)
            may = answer == QMessageBox.StandardButton.Discard
        else:
            may = document.history.is_mask_saved or messages.ask_to_drop_mask(self._window, name)
        if may:
            self._editor.drop()
        return may


def _patterns(suffixes: tuple[str, ...]) -> str:
    return tr("Photos ({patterns})").format(patterns=" ".join(f"*{s}" for s in suffixes))


def photos_in(data: QMimeData) -> list[Path]:
    """The photos among dragged or copied files."""
    paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    return [path for path in paths if path.suffix.lower() in (*OPEN_SUFFIXES, SUFFIX)]


def _filter_of(path: Path) -> str:
    wanted = f"*{path.suffix.lower()}"
    return next((f for f in FILTERS.split(";;") if wanted in f), FILTERS.split(";;")[0])
