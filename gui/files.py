"""Opening, saving and leaving photos, with the questions that go with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMenu, QMessageBox, QWidget

from engine.edit.session import SUFFIX
from engine.photo import (
    OPEN_SUFFIXES,
    SAVE_SUFFIXES,
    may_lie,
    photo_from_array,
    save_losses,
)
from engine.photo.export import may_flatten
from gui.dialogs import messages
from gui.dialogs.recovery import ask_to_recover
from gui.dialogs.turned import LYING, ask_how_it_lies
from gui.document import Document
from gui.drops import dropped, is_mask_for
from gui.editor import Editor
from gui.keeper import orphans
from gui.opening import Astray
from gui.qimage import rgb_from_image
from gui.settings import Settings
from gui.tab import Tab
from gui.translation import tr

FILTERS = (
    "JPEG (*.jpg *.jpeg);;PNG (*.png);;WebP (*.webp);;TIFF (*.tif *.tiff);;BMP (*.bmp);;"
    "AVIF (*.avif);;JPEG XL (*.jxl)"
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
        editor.saving.saved.connect(settings.add_recent)
        editor.opening.astray.connect(self._find)
        editor.opening.incomplete.connect(self._open_part)

    # Opening.

    def open(self, *paths: Path) -> None:
        """Open photos and sessions, each in a tab; one that is open already is shown. Of several
        the first is shown."""
        for number, path in enumerate(paths):
            there = self._editor.tabs.find(path)
            if there is not None:
                if not number:
                    self._editor.tabs.show(there)
            elif path.suffix.lower() == SUFFIX:
                self._editor.opening.open_session(path, show=not number)
            else:
                self._editor.opening.open(path, show=not number)

    def open_dropped(self, path: Path) -> None:
        """Open a file that was dropped; one that looks like a mask for the shown photo is offered
        as that."""
        document = self._document
        if document.is_open and path != document.path and is_mask_for(path, document.size):
            answer = messages.ask_what_it_is(self._window, path.name)
            if answer == messages.MASK:
                self._editor.mask_work.open(path)
            if answer != messages.PHOTO:
                return
        self.open(path)

    def recover(self) -> bool:
        """Offer what killed processes left, in one list; whether any is gone on with.

        What is neither taken nor given up is offered again at the next start."""
        left = orphans()
        if not left:
            return False
        taken, given_up = ask_to_recover(self._window, left)
        for orphan in given_up:
            orphan.remove()
        for number, orphan in enumerate(taken):
            self._editor.opening.open_session(orphan.path, orphan=orphan, show=not number)
        return bool(taken)

    def _open_part(self, path: Path, sentence: str) -> None:
        """A photo's file ends early: what is there can be opened."""
        if messages.ask_to_open_part(self._window, sentence):
            self._editor.opening.open(path, partial=True)

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
            self._editor.opening.open_session(astray.session, Path(name), astray.orphan)

    def ask_open(self) -> None:
        folder = str(self._document.path.parent) if self._document.path else ""
        names, _ = QFileDialog.getOpenFileNames(
            self._window,
            tr("Open photos"),
            folder,
            _patterns((*OPEN_SUFFIXES, SUFFIX)),
        )
        self.open(*(Path(name) for name in names))

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
        paths = dropped(data).photos
        if paths:
            self.open(*paths)
        elif data.hasImage():
            image = QGuiApplication.clipboard().image()
            self._editor.opening.open_pasted(photo_from_array(rgb_from_image(image)))
        else:
            self.told.emit(tr("The clipboard holds no photo."))

    # Saving.

    def save(self, then: Callable[[], object] | None = None) -> None:
        """Over the file saved last; what was opened is not replaced without being asked for.

        `then` is what follows once it is saved; if it never is, nothing follows."""
        document = self._document
        if document.photo is None or document.path is None or document.path == document.photo.path:
            self.save_as(then)
        else:
            self._write(document.path, True, then)

    def save_as(self, then: Callable[[], object] | None = None) -> None:
        document = self._document
        if document.photo is None:
            return
        start = document.path or Path.home() / "photo.png"
        word = "mien" if document.path == document.photo.path else ""
        path, overwrite = self._ask_where(tr("Save as"), start, word)
        if path is not None:
            self._write(path, overwrite, then)

    def save_copy(self) -> None:
        """Write the photo as it looks now to another file, and go on with the one it is."""
        document = self._document
        if document.photo is None:
            return
        start = document.path or Path.home() / "photo.png"
        path, overwrite = self._ask_where(tr("Save a copy"), start, "copy")
        if path is not None and (lies := self._lies(path)) is not None:
            self._editor.saving.save(path, overwrite=overwrite, is_copy=True, lying=lies)

    def export(self) -> None:
        """A copy in another format, quality or size, looked at before it is written."""
        from gui.dialogs.export import ExportDialog

        document = self._document
        photo, picture = document.photo, document.picture
        if photo is None or picture is None:
            return
        subjects = document.subjects
        box = (0, 0, *photo.size) if not subjects else subjects[document.selected].box
        middle = box[0] + box[2] / 2, box[1] + box[3] / 2
        lies = may_lie(photo, Path("photo.jpg"))
        dialog = ExportDialog(
            picture.photo,
            photo.size,
            middle,
            self._settings,
            self._window,
            may_lie=lies,
            is_deep=may_flatten(photo),
        )
        accepted, wanted = dialog.exec(), dialog.export
        dialog.deleteLater()
        if not accepted:
            return
        start = document.path or Path.home() / "photo.png"
        start = start.with_name(f"{start.stem}-export{wanted.suffix}")
        name, _ = QFileDialog.getSaveFileName(
            self._window, tr("Export"), str(start), _filter_of(start)
        )
        if name:
            path = Path(name)
            if path.suffix.lower() not in SAVE_SUFFIXES:
                path = path.with_name(path.name + wanted.suffix)
            # The file dialog asked before naming a file that exists.
            self._editor.saving.export(path, wanted, overwrite=path == Path(name))

    def copy(self) -> None:
        """The photo as it looks now, to the clipboard."""
        self._editor.saving.copy(lambda image: QGuiApplication.clipboard().setImage(image))

    def _ask_where(self, title: str, start: Path, word: str) -> tuple[Path | None, bool]:
        """A file to save to, and whether it may be replaced; None where nobody wants to. start: the
        photo's own; the proposed name has a `word` behind it."""
        photo = self._document.photo
        assert photo is not None
        if word:
            writable = start.suffix.lower() in SAVE_SUFFIXES
            start = start.with_name(f"{start.stem}-{word}{start.suffix if writable else '.tif'}")
        name, chosen = QFileDialog.getSaveFileName(
            self._window, title, str(start), FILTERS, _filter_of(start)
        )
        if not name:
            return None, False
        path = Path(name)
        if path.suffix.lower() not in SAVE_SUFFIXES:
            path = path.with_name(path.name + "." + chosen.split("*.")[1].split(")")[0].split()[0])
        losses = save_losses(photo, path)
        if losses and not messages.ask_about_losses(self._window, losses):
            return None, False
        # The file dialog asked before naming a file that exists.
        return path, path == Path(name)

    def _write(self, path: Path, overwrite: bool, then: Callable[[], object] | None) -> None:
        tab, saving = self._document.tab, self._editor.saving
        lies = self._lies(path)
        if lies is None:
            return

        def changed() -> None:
            answer = self._ask_about_change(tab, path)
            if answer == messages.REPLACE:
                saving.save(path, overwrite=overwrite, then=then, lying=lies)
            elif answer == messages.ELSEWHERE:
                self.save_as(then)

        saving.save(path, overwrite=overwrite, then=then, changed=changed, lying=lies)

    def _lies(self, path: Path) -> bool | None:
        """Whether a turned JPEG is left on its side; None where it is not to be saved."""
        photo = self._document.photo
        if photo is None or not may_lie(photo, path):
            return False
        answer = ask_how_it_lies(self._window, self._settings, path.name)
        return answer == LYING if answer else None

    def _ask_about_change(self, tab: Tab | None, path: Path) -> str:
        """What to do with a file that another program wrote meanwhile; "" where its photo is not
        open any more."""
        if tab is None or tab not in self._editor.tabs:
            return ""
        self._editor.tabs.show(tab)
        return messages.ask_to_replace(self._window, path.name)

    def save_session(self, then: Callable[[], object] | None = None) -> None:
        """Layers, mask and all, to go on another day; `then` as of `save`."""
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
            self._write_session(path, then)

    def _write_session(self, path: Path, then: Callable[[], object] | None) -> None:
        tab = self._document.tab

        def changed() -> None:
            answer = self._ask_about_change(tab, path)
            if answer == messages.REPLACE:
                self._editor.saving.save_session(path, then)
            elif answer == messages.ELSEWHERE:
                self.save_session(then)

        self._editor.saving.save_session(path, then, changed)

    # Leaving.

    def close(self, tab: Tab | None = None) -> None:
        """Close a photo's tab, the shown one by default, after asking about what would be lost."""
        tab = tab or self._document.tab
        if tab is None or tab not in self._editor.tabs:
            return
        if self.may_leave(lambda: self.close(tab), tab):
            self._editor.tabs.close(tab)

    def may_leave(self, then: Callable[[], object] | None = None, tab: Tab | None = None) -> bool:
        """Whether a photo may go, the shown one by default: saved, or the person gives up what
        would be lost.

        Where it is still being saved, or the answer is to save, this is not yet so; `then` asks
        again once it is.
        """
        tab = tab or self._document.tab
        if tab is None:
            return True
        if self._editor.saving.after(tab, then):
            return False
        if self._is_settled(tab):
            return True
        self._editor.tabs.show(tab)  # what is asked about is seen
        name = tab.path.name if tab.path else tr("The photo")
        if self._editor.is_filling and not messages.ask_to_stop_fill(self._window, name):
            return False
        if not tab.is_saved:
            ask = messages.ask_to_save
            if tab.is_look_saved:
                ask = messages.ask_to_save_snapshots
            answer = ask(self._window, name)
            if answer == QMessageBox.StandardButton.Save:
                self._editor.drop(tab)
                self._save_what_is_unsaved(tab, then)
            may = answer == QMessageBox.StandardButton.Discard
        else:
            may = tab.is_mask_saved or messages.ask_to_drop_mask(self._window, name)
        if may:
            self._editor.drop(tab)
        return may

    def may_leave_all(self, then: Callable[[], object] | None = None) -> bool:
        """Whether all photos may go, as `may_leave`: several that would lose something are asked
        about in one question."""
        tabs = self._editor.tabs
        for tab in tabs:
            if self._editor.saving.after(tab, then):
                return False
        unsaved = [tab for tab in tabs if not tab.is_saved]
        unsettled = [tab for tab in tabs if not self._is_settled(tab)]
        if len(unsettled) < 2:
            return all(self.may_leave(then, tab) for tab in unsettled)
        if not unsaved:
            names = [tab.name for tab in unsettled]
            may = messages.ask_to_drop_masks(self._window, names)
        else:
            answer = messages.ask_to_save_all(self._window, [tab.name for tab in unsaved])
            if answer == QMessageBox.StandardButton.Save:
                self._save_each(unsaved, then)
            may = answer == QMessageBox.StandardButton.Discard
        if may:
            for tab in unsettled:
                self._editor.drop(tab)
        return may

    def _save_each(self, tabs: list[Tab], then: Callable[[], object] | None) -> None:
        """Save one photo after the other, each of them seen; where one is not, the rest wait."""
        if not tabs:
            if then is not None:
                then()
            return
        tab, *rest = tabs
        self._editor.drop(tab)
        self._editor.tabs.show(tab)
        self._save_what_is_unsaved(tab, lambda: self._save_each(rest, then))

    def _save_what_is_unsaved(self, tab: Tab, then: Callable[[], object] | None) -> None:
        """Of the shown tab: its picture, or, where that is saved, the snapshots, which a session
        alone holds."""
        self.save_session(then) if tab.is_look_saved else self.save(then)

    def _is_settled(self, tab: Tab) -> bool:
        """Whether nothing would be lost with a tab."""
        return tab.is_saved and tab.is_mask_saved and not self._editor.is_filling_of(tab)


def _patterns(suffixes: tuple[str, ...]) -> str:
    return tr("Photos ({patterns})").format(patterns=" ".join(f"*{s}" for s in suffixes))


def _filter_of(path: Path) -> str:
    wanted = f"*{path.suffix.lower()}"
    return next((f for f in FILTERS.split(";;") if wanted in f), FILTERS.split(";;")[0])
