"""The models: which are installed, whether they are whole; one imported, removed, used."""

from __future__ import annotations

import threading
from pathlib import Path

from PySide6.QtCore import QLocale, Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from engine.base.errors import MienError
from engine.catalogue.exemplars import EXEMPLARS
from engine.catalogue.imported import FILLS, import_file, is_own, remove_model
from engine.catalogue.weights import Manifest, installed, verify
from gui.base.screen import open_at
from gui.dialogs.questions import may_delete
from gui.panels.widgets import quiet
from gui.translation import say, tr
from gui.worker import Failure, Worker

CHOSEN = (*FILLS, EXEMPLARS)  # kinds that can be chosen to fill with, and beside them
SHOWN = 12  # digits of a checksum; all of them by pointing at it


class ModelsDialog(QDialog):
    """Signals: `chosen` with the name of the model to fill with from now on; `listed` once another
    is installed, or one less."""

    chosen = Signal(str)
    listed = Signal()

    def __init__(self, current: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Models"))
        open_at(self, 860, 460)
        self._current = current
        self._worker = Worker("models", self)
        self._states: dict[str, str] = {}
        intro = quiet(
            tr(
                "A model is weights without code: safetensors files alone are imported. The "
                "checksum says whether a file is the one that its maker names."
            )
        )
        intro.setWordWrap(True)
        self.list = QTreeWidget()
        self.list.setObjectName("queue")
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setAccessibleName(tr("Models"))
        titles = [tr("Name"), tr("What for"), tr("Size"), "SHA-256", tr("State")]
        self.list.setHeaderLabels(titles)
        self.list.currentItemChanged.connect(lambda *_: self._show_possible())
        self.told = QLabel()
        self.told.setWordWrap(True)
        self.told.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.use, self.bring = QPushButton(tr("Fill with it")), QPushButton(tr("Import…"))
        self.remove, self.check = QPushButton(tr("Remove…")), QPushButton(tr("Check all"))
        self.use.setObjectName("primary")
        close = QPushButton(tr("Close"))
        for button, does in (
            (self.use, self._use),
            (self.bring, self._import),
            (self.remove, self._remove),
            (self.check, self._check),
            (close, self.accept),
        ):
            button.setAutoDefault(False)
            button.clicked.connect(does)
        row = QHBoxLayout()
        row.setSpacing(9)
        for button in (self.bring, self.remove, self.check):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(close)
        row.addWidget(self.use)
        column = QVBoxLayout(self)
        column.setContentsMargins(22, 20, 22, 16)
        column.setSpacing(12)
        column.addWidget(intro)
        column.addWidget(self.list, 1)
        column.addWidget(self.told)
        column.addLayout(row)
        self.finished.connect(lambda _code: self._worker.close())
        self.refresh()

    @property
    def model(self) -> Manifest | None:
        """The one that is pointed at."""
        item = self.list.currentItem()
        return None if item is None else item.data(0, Qt.ItemDataRole.UserRole)

    def refresh(self, name: str = "") -> None:
        """Show what is installed, those that fill first; `name` is pointed at."""
        wanted = name or (self.model.name if self.model else self._current)
        self.list.clear()
        models = sorted(installed(), key=lambda m: (m.kind not in FILLS, m.kind, m.title))
        for model in models:
            size = QLocale.system().formattedDataSize(
                model.bytes, 1, QLocale.DataSizeFormat.DataSizeSIFormat
            )
            uses = tr("fills with it") if model.name == self._current else ""
            whose = tr("your own") if is_own(model) else tr("came with Mien")
            state = self._states.get(model.name) or uses or whose
            cells = [model.title, words().get(model.kind, model.kind), size]
            item = QTreeWidgetItem([*cells, model.sha256[:SHOWN] + "…", say(state)])
            item.setData(0, Qt.ItemDataRole.UserRole, model)
            item.setToolTip(0, f"{model.name}\n{model.folder}\n{model.licence}".strip())
            item.setToolTip(3, model.sha256)
            item.setToolTip(4, say(state))
            self.list.addTopLevelItem(item)
            if model.name == wanted:
                self.list.setCurrentItem(item)
        header = self.list.header()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        self._show_possible()

    def _show_possible(self) -> None:
        model = self.model
        may = model is not None and model.kind in CHOSEN and model.name != self._current
        self.use.setEnabled(may)
        self.remove.setEnabled(model is not None and is_own(model))

    def _use(self) -> None:
        model = self.model
        if model is not None:
            if model.kind in FILLS:
                self._current = model.name
            else:
                self.told.setText(tr("Detail is taken of '{name}'.").format(name=model.name))
            self.chosen.emit(model.name)
            self.refresh()

    def _import(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self,
            tr("Import a model"),
            "",
            tr("Models ({patterns})").format(patterns="*.safetensors"),
        )
        if name:
            self.take(Path(name))

    def take(self, path: Path) -> None:
        """Import a file, off the GUI thread."""

        def job(progress: object, cancel: threading.Event) -> Manifest:
            return import_file(path)

        def done(model: Manifest) -> None:
            told = tr("'{name}' is imported. SHA-256: {sum}")
            self.told.setText(told.format(name=model.name, sum=model.sha256))
            self.listed.emit()
            self.refresh(model.name)

        self.told.setText(tr("Importing…"))
        self._worker.submit(job, done, self._on_failed)

    def _remove(self) -> None:
        model = self.model
        title = tr("Remove the model '{name}'?")
        if model is None or not may_delete(
            self,
            title.format(name=model.name),
            tr("Its files are deleted; fills stay as they are."),
        ):
            return
        try:
            remove_model(model)
        except MienError as error:
            self.told.setText(say(str(error)))
            return
        if model.name == self._current:
            self._current = next((m.name for m in installed() if m.default), "prior")
            self.chosen.emit(self._current)
        self.told.setText("")
        self.listed.emit()
        self.refresh()

    def _check(self) -> None:
        models = installed()

        def job(progress: object, cancel: threading.Event) -> dict[str, str]:
            return {model.name: _state(model) for model in models if not cancel.is_set()}

        def done(states: dict[str, str]) -> None:
            self._states = {name: state or tr("whole") for name, state in states.items()}
            wrong = sum(bool(state) for state in states.values())
            good = tr("All files are what their checksums say.")
            bad = tr("Damaged or missing: {count}").format(count=wrong)
            self.told.setText(bad if wrong else good)
            self.refresh()

        self.told.setText(tr("Reading all files…"))
        self._worker.submit(job, done, self._on_failed)

    def _on_failed(self, failure: Failure) -> None:
        self.told.setText(say(failure.sentence))


def _state(model: Manifest) -> str:
    """What is wrong with a model's files, "" where nothing is."""
    try:
        verify(model)
    except MienError as error:
        return str(error)
    return ""


def words() -> dict[str, str]:
    """What models of each kind are for."""
    return {
        "generator": tr("fills: sharpens"),
        "prior": tr("fills: quick and soft"),
        "detail": tr("paints fine detail"),
        "exemplars": tr("faces of your own, for detail"),
        "faces": tr("finds faces"),
        "landmarks": tr("face shape"),
        "shapes": tr("face shape"),
        "emotion": tr("expression"),
        "judge": tr("measures expressions"),
        "locator": tr("finds hidden faces"),
        "worn": tr("sees what is worn"),
        "recognition": tr("tells people apart"),
    }
