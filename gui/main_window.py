"""The editor's window: puts document, editor, canvas and panels together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QKeyEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QApplication,
)

from engine.fill import create_inpainter
from engine.inpaint import FillResult
from gui import theme
from gui.asked import drags
from gui.base.screen import open_at
from gui.composition import HEIGHT, WIDTH, Composition
from gui.dialogs.messages import FailureDialog
from gui.dialogs.palette import Palette
from gui.drops import Dropped, dropped
from gui.menus import fill_menu_bar
from gui.possible import Possible
from gui.results import Result
from gui.settings import Settings
from gui.tab import Tab
from gui.translation import set_language, tr
from gui.worker import Failure

SAMPLE = Path(__file__).parents[1] / "resources" / "samples" / "portrait.jpg"
WORN_SAMPLE = SAMPLE.with_name("portrait-glasses.jpg")  # the same, wearing glasses


LOW = 720  # pixels of height below which the strip of results takes less of it


class MainWindow(Composition):
    """Connections only: what happens is the editor's, what is seen the panels', and what can be
    asked for stands in `gui.commands`."""

    def __init__(self, settings: Settings | None = None, create=create_inpainter) -> None:
        super().__init__(settings or Settings(), create)
        self.modules.asked_for.connect(self.masks.propose)
        self.spots.waiting.connect(self.canvas.show_waiting)
        self._given_up: tuple | None = None  # what may be lost on closing: the photos' revisions
        self.setWindowTitle("Mien")
        self.setWindowIcon(theme.program_icon())
        self.setAcceptDrops(True)
        self.setMinimumSize(760, 480)
        open_at(self, WIDTH, HEIGHT)
        self._build()
        self._connect()
        self.restoreGeometry(self.settings.state("geometry"))
        self.canvas.set_dragging(drags(self.editor.options))
        self.actions_.bind(self)
        self.actions_["tool_brush"].setChecked(True)
        self._possible = Possible(
            self.actions_,
            self.document,
            self.editor,
            self.masks,
            self.modules,
            self.open_eyes,
            self.film,
        )
        self._show_title()
        self.welcome.setFocus()

    # Building.

    def _build(self) -> None:
        """Menus and panels, in the interface's language, connected."""
        self.build_panels()
        self._build_menus()
        panel, canvas = self.inspector, self.canvas
        self.header.held.connect(canvas.hold_before)
        panel.faces.face_chosen.connect(self.document.select)
        panel.references.looked_at.connect(self.side_by_side.look_at)
        self.welcome.chosen.connect(self.open)
        self.strip.wants_room.connect(self._make_room)
        self.strip.pointed.connect(self._glance)
        self.tab_bar.close_asked.connect(self.files.close)
        self.tab_bar.menu_asked.connect(self.reference_choices.offer)
        self.strip.refresh()
        self.modules.show_in(panel.modules)
        panel.modules.looked.connect(self.looks.want)
        self.looks.made.connect(panel.modules.show_look)
        self.looks.cleared.connect(panel.modules.clear_looks)
        self.choices.show_in(panel)
        self.welcome.show_recent(self.settings.recent())
        self.stage.setCurrentWidget(canvas if self.document.is_open else self.welcome)
        if self.actions_["panels"].isChecked():
            self.show_panels(False)

    def _show_zoom(self) -> None:
        self.status.show_zoom(self.canvas.zoom if self.document.is_open else None)

    def _build_menus(self) -> None:
        fill_menu_bar(
            self.menuBar(), self.actions_, self.files, self.settings, self.set_theme, self.speak
        )

    def _connect(self) -> None:
        canvas, editor, document = self.canvas, self.editor, self.document
        canvas.view_changed.connect(lambda _zoom: self._show_zoom())
        canvas.pointer_moved.connect(lambda point: self.status.show_pointer(point))
        canvas.face_removed.connect(self.faces.remove)
        document.opened.connect(self._on_opened)
        editor.tabs.added.connect(self._on_added)
        editor.tabs.closed.connect(canvas.shelf.forget)
        for signal in (document.opened, document.history.changed, document.renamed):
            signal.connect(self._show_title)
        editor.opening.loaded.connect(canvas.take_levels)
        editor.opening.loaded.connect(lambda _levels: self.side_by_side.refresh())
        editor.saving.saved.connect(self.thumbnails.forget)
        canvas.levels_wanted.connect(editor.opening.need_levels)
        editor.readout.previewed.connect(canvas.set_preview)
        editor.readout.read.connect(canvas.show_readings)
        editor.options_changed.connect(lambda options: canvas.set_dragging(drags(options)))
        editor.busy_changed.connect(lambda busy: self.status.show_busy(busy))
        editor.progressed.connect(lambda stage, done: self.status.show_progress(stage, done))
        editor.filled.connect(self._on_filled)
        editor.failed.connect(self._on_failed)
        tellers = (editor, self.files, self.masks, self.faces, self.offers, self.references)
        tellers = (*tellers, self.also_seen, self.reference_choices, self.film, self.kept_masks)
        for teller in (*tellers, canvas, self.spots, self.open_eyes, self.school, self.batches):
            teller.told.connect(lambda line: self.status.tell(line))
        self.masks.noticed.connect(lambda line, undo: self.status.notice(line, undo))
        self.school.learnt.connect(lambda _name: self.choices.list_models())
        self.school.chosen.connect(self.choices.use_model)
        self.school.ended.connect(self.close)
        self.batches.open_requested.connect(self.open)
        self.batches.ended.connect(self.close)

    # Opening.

    def open(self, *paths: Path) -> None:
        """Open photos, each in a tab."""
        self.files.open(*paths)

    def open_sample(self) -> None:
        self.hints.expect()
        self.open(WORN_SAMPLE)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        # Whatever it is gets an answer: what cannot be opened is told.
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        found = dropped(event.mimeData())
        if found.photos or found.folders or found.sentence:
            event.acceptProposedAction()
        # Whoever dropped it must not wait for the answer to a question.
        QTimer.singleShot(0, lambda: self._take(found))

    def _take(self, found: Dropped) -> None:
        if len(found.photos) == 1 and not found.folders:
            self.files.open_dropped(found.photos[0])
        else:
            self.open(*found.photos)
        if found.folders:
            self.batches.show([*found.folders])
        if found.sentence:
            self.status.notice(found.sentence)

    def _on_added(self, tab: Tab) -> None:
        if tab.photo.path is not None:
            self.settings.add_recent(tab.session or tab.photo.path)

    def _on_opened(self) -> None:
        """Another photo is shown, or none."""
        self._show_zoom()
        tab = self.document.tab
        page = self.welcome if tab is None else self.canvas
        self.stage.setCurrentWidget(page)
        page.setFocus()
        if tab is None:
            self.welcome.show_recent(self.settings.recent())
            self.status.show_pointer(None)
            return
        if tab.is_news and tab.last is not None:
            self.offers.take(tab.last)
        tab.is_news = False

    # What is shown.

    def _on_filled(self, result: FillResult) -> None:
        self.offers.take(result)
        self.status.tell(tr("Filled in {seconds:.1f} s.").format(seconds=result.seconds))

    def _on_failed(self, failure: Failure) -> None:
        FailureDialog(failure, self).exec()

    def _show_title(self) -> None:
        document = self.document
        name = "" if document.tab is None else document.tab.name
        self.setWindowTitle(f"{name}[*] — Mien" if name else "Mien[*]")
        self.setWindowModified(document.is_changed)

    def _make_room(self, strip: Callable[[], object]) -> None:
        """The strip comes or goes: a photo that was shown whole is shown whole in the room that is
        left, anything else stays where it is."""
        if self.canvas.is_fitted:
            strip()
            self.column.activate()
            return
        with self.canvas.standing_still():
            strip()
            self.column.activate()

    def _glance(self, result: Result | None) -> None:
        """A result is pointed at in the strip: the photo shows it for that long."""
        if result is None:
            self.canvas.glance(None)
        elif self.document.is_open:
            self.canvas.glance(self.editor.results.edit_with(result), " · ".join(result.label))

    def set_theme(self, name: str) -> None:
        """Dark, light or the system's, now and at the next start."""
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        theme.apply_theme(application, name)
        self.settings.keep("theme", name)
        self._build_menus()

    def speak(self, code: str) -> None:
        """Another language, at once and from now on; the work is untouched."""
        self.settings.keep("language", set_language(code))
        self.actions_.translate()
        old, focused = self.centre, self.canvas.hasFocus()
        with self.canvas.standing_still():
            self.stage.removeWidget(self.canvas)
            self.canvas.setParent(None)
            self.side_by_side.pane.setParent(None)
            self.loading.setParent(None)
            self._build()
            self.canvas.setAccessibleName(tr("Photo"))
            self.centre.show()
            QApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)
            for layout in (self.layout(), self.column):
                if layout is not None:
                    layout.activate()
        old.deleteLater()
        self.school.rebuild()
        self.batches.rebuild()
        self.offers.translate()
        self.eye_offer.translate()
        self.hints.translate()
        self.navigator.translate()
        self.side_by_side.refresh()
        self._show_zoom()
        self.status.show_busy(self.editor.is_busy)
        if focused:
            self.canvas.setFocus()

    def show_panels(self, on: bool) -> None:
        """What stands around the photo, or the photo alone."""
        for panel in (self.rail, self.inspector):
            panel.setVisible(on)
        self.layers.setVisible(on and self.actions_["layers"].isChecked())
        self.film_strip.setVisible(on and self.actions_["film"].isChecked())
        self.strip.allow(on)

    def show_full_screen(self, on: bool) -> None:
        """On the whole screen, or as it was."""
        self.showFullScreen() if on else self.showNormal()

    def find_command(self) -> None:
        Palette(self.actions_, self).exec()

    def show_shortcuts(self) -> None:
        from gui.dialogs.shortcuts import ShortcutsDialog

        ShortcutsDialog(self.actions_, self).exec()

    def show_about(self) -> None:
        from gui.dialogs.about import AboutDialog

        AboutDialog(self).exec()

    def show_models(self) -> None:
        from gui.dialogs.models import ModelsDialog

        dialog = ModelsDialog(self.choices.model, self)
        dialog.chosen.connect(self.choices.use_model)
        dialog.listed.connect(self.choices.list_models)
        dialog.exec()
        dialog.deleteLater()

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

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.strip.show_compactly(self.height() < LOW)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and not self.isActiveWindow():
            self.canvas.hold_before(False)

    def closeEvent(self, event: QCloseEvent) -> None:
        # Each question may end in closing later: when the photos are saved, the training ended.
        state = tuple(tab.revision for tab in self.editor.tabs)
        if self._given_up != state:
            if not self.files.may_leave_all(self.close):
                event.ignore()
                return
            self._given_up = state
        for place in (self.school, self.batches):
            if not place.may_leave():
                if not place.is_closing:
                    self._given_up = None
                event.ignore()
                return
        self.settings.keep("geometry", self.saveGeometry())
        self.choices.keep()
        self.school.close()
        self.batches.close()
        self.references.close()
        self.side_by_side.close()
        self.also_seen.close()
        self.film.close()
        self.thumbnails.close()
        self.looks.close()
        self.editor.close()
        event.accept()
