"""The batch window: drop a folder, see photos and masks, start, and go on editing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from engine.base.errors import MienError
from engine.batch import Item, NothingMatchedError, plan_batch
from engine.batch.job import LOG_NAME
from engine.batch.log import EXISTS, FILLED
from engine.photo import OPEN_SUFFIXES
from gui.base.screen import open_at
from gui.batch_process import BatchProcess, outcome
from gui.dialogs.training import clock
from gui.panels.batch_options import BatchOptions
from gui.panels.batch_presets import ONE, PART, SCRATCHES
from gui.panels.name_line import worded
from gui.panels.queue import QueueModel, QueueView, Row, words
from gui.panels.widgets import Elided, quiet, tabular
from gui.settings import Settings
from gui.translation import say, tr
from gui.worker import Failure, Worker

EMPTY, QUEUE, LOG = range(3)
SETTLING_MS = 250  # after a keystroke, before the folders are read
LARGEST_LOG = 20_000  # lines kept in the window; the file keeps all


class BatchDialog(QDialog):
    """Not modal: one goes on editing beside it. Signal `open_requested` with a photo's path."""

    open_requested = Signal(object)

    def __init__(
        self, process: BatchProcess, settings: Settings, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Batch"))
        self.setAcceptDrops(True)
        open_at(self, 1100, 740)
        self.setMinimumSize(760, 480)
        self.inputs: tuple[Path, ...] = ()
        self._process, self._settings = process, settings
        self._worker = Worker("batch", self)
        self._trouble = tr("Drop a folder of photos first.")
        self._plan_number = 0
        self._detail = ""  # of the trouble: what was looked for, what is there
        self._is_unmatched = False  # whether masks are asked for and none is there
        self._settling = QTimer(self, singleShot=True)
        self._settling.setInterval(SETTLING_MS)
        self._settling.timeout.connect(self._plan)
        self._build()
        self._connect()
        self._refresh()

    def _build(self) -> None:
        self.source = Elided(Qt.TextElideMode.ElideRight)
        self.folder = QPushButton(tr("Choose a folder…"))
        self.photos = QPushButton(tr("Choose photos…"))
        self.model = QueueModel(self._worker, self)
        self.queue = QueueView(self.model, self._open_row)
        self.empty = QLabel(tr("Drop a folder or photos here."))
        self.empty.setObjectName("sheet")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.log = QPlainTextEdit()
        self.log.setReadOnly(True)
        self.log.setMaximumBlockCount(LARGEST_LOG)
        self.log.setAccessibleName(tr("Log"))
        self.stack = QStackedWidget()
        for widget in (self.empty, self.queue, self.log):
            self.stack.addWidget(widget)
        self.options = BatchOptions(self._settings)
        self.stage, self.left = QLabel(), quiet()
        self.stage.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.stage.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.left.setFont(tabular(self.left.font()))
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        self.bar.setAccessibleName(tr("Progress"))
        self.show_log = QPushButton(tr("Log"))
        self.show_log.setCheckable(True)
        self.open_result = QPushButton(tr("Open result"))
        self.results = QPushButton(tr("Show results"))
        self.pause, self.stop = QPushButton(tr("Pause")), QPushButton(tr("Cancel"))
        self.start = QPushButton(tr("Start"))
        self.start.setObjectName("primary")

        above = QHBoxLayout()
        above.setSpacing(8)
        above.addWidget(self.source, 1)
        above.addWidget(self.folder)
        above.addWidget(self.photos)
        left = QVBoxLayout()
        left.setSpacing(10)
        left.addLayout(above)
        left.addWidget(self.stack, 1)
        left.addWidget(self._build_others())
        middle = QHBoxLayout()
        middle.setSpacing(18)
        middle.addLayout(left, 1)
        middle.addWidget(self.options)
        told = QHBoxLayout()
        told.addWidget(self.stage, 1)
        told.addWidget(self.left)
        below = QHBoxLayout()
        below.setSpacing(8)
        for button in (self.show_log, self.open_result, self.results):
            below.addWidget(button)
        below.addStretch(1)
        for button in (self.pause, self.stop, self.start):
            below.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(10)
        column.addLayout(middle, 1)
        column.addLayout(told)
        column.addWidget(self.bar)
        column.addSpacing(2)
        column.addLayout(below)
        for button in self.findChildren(QPushButton):
            button.setAutoDefault(False)  # Enter in a field must not begin an hour of work
        self.queue.setFocus()

    def _build_others(self) -> QWidget:
        """What else can be filled, where no photo has a mask."""
        self.others = QWidget()
        row = QHBoxLayout(self.others)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(quiet(tr("Fill instead:")))
        self.other_rules: dict[str, QPushButton] = {}
        words = {
            PART: tr("A part of every face, or what it wears"),
            SCRATCHES: tr("Scratches and spots"),
            ONE: tr("One mask for all"),
        }
        for rule, text in words.items():
            button = self.other_rules[rule] = QPushButton(text)
            button.clicked.connect(lambda _=False, r=rule: self.options.rule.choose(r))
            row.addWidget(button)
        row.addStretch(1)
        return self.others

    def _connect(self) -> None:
        self.folder.clicked.connect(self._choose_folder)
        self.photos.clicked.connect(self._choose_photos)
        self.start.clicked.connect(self._start)
        self.pause.clicked.connect(self._pause)
        self.stop.clicked.connect(self._process.stop)
        self.show_log.toggled.connect(lambda _on: self._refresh())
        self.open_result.clicked.connect(self._open_result)
        self.results.clicked.connect(self._show_results)
        self.queue.selectionModel().selectionChanged.connect(lambda *_: self._refresh())
        self.model.modelReset.connect(self._refresh)
        self.options.rule_changed.connect(self._settling.start)
        self.options.changed.connect(self._refresh)
        process = self._process
        process.told.connect(self._take)
        process.changed.connect(self._refresh)
        process.finished.connect(self._show_end)
        process.failed.connect(self._show_failure)

    # What is chosen.

    def take(self, paths: list[Path]) -> None:
        """Another batch of folders and photos."""
        if self._process.is_running or not paths:
            return
        self.inputs = tuple(paths)
        first = paths[0] if paths[0].is_dir() else paths[0].parent
        self.options.output.line.setText(str(first.with_name(f"{first.name}-mien")))
        self._plan()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if not self._process.is_running and _dropped(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.take(_dropped(event))

    def _choose_folder(self) -> None:
        start = str(self.inputs[0]) if self.inputs else self._settings.text("batch_folder")
        chosen = QFileDialog.getExistingDirectory(self, tr("Photos"), start)
        if chosen:
            self._settings.keep("batch_folder", chosen)
            self.take([Path(chosen)])

    def _choose_photos(self) -> None:
        patterns = " ".join(f"*{suffix}" for suffix in OPEN_SUFFIXES)
        kinds = tr("Photos ({patterns})").format(patterns=patterns)
        chosen, _ = QFileDialog.getOpenFileNames(self, tr("Photos"), "", kinds)
        self.take([Path(name) for name in chosen])

    def _plan(self) -> None:
        """Read the folders anew, off the GUI thread."""
        self._settling.stop()
        if self._process.is_running or not self.inputs:
            return
        self._plan_number += 1
        number = self._plan_number
        try:
            job = self.options.job(self.inputs)
        except MienError as error:
            self._say_trouble(str(error))
            return

        def planned(items: list[Item]) -> None:
            if number == self._plan_number and not self._process.is_running:
                self._trouble, self._detail, self._is_unmatched = "", "", False
                self.model.show(items)

        def failed(failure: Failure) -> None:
            if number != self._plan_number or self._process.is_running:
                return
            error = failure.error
            self._is_unmatched = isinstance(error, NothingMatchedError)
            if isinstance(error, NothingMatchedError):
                self.model.show(list(error.items))
                self._trouble = tr("None of these photos has a mask.")
                self._detail = say(failure.sentence)
                self._refresh()
            else:
                self.model.show([])
                self._say_trouble(failure.sentence)

        self._worker.submit(lambda _progress, _cancel: plan_batch(job), planned, failed)

    def _say_trouble(self, sentence: str) -> None:
        self._trouble, self._detail = worded(say(sentence)), ""
        self._refresh()

    # Running.

    def _start(self) -> None:
        try:
            job = self.options.job(self.inputs)
        except MienError as error:
            self._say_trouble(str(error))
            return
        self.options.remember()
        self.log.clear()
        self.model.renew()
        self.bar.setValue(0)
        self.left.setText("")
        self.stage.setText(tr("Starting…"))
        self._process.start(job, watch=self.options.watch.isChecked())

    def _pause(self) -> None:
        if self._process.is_paused:
            self._process.go()
        else:
            self._process.pause()

    def _take(self, event: dict[str, Any]) -> None:
        kind, name = event["event"], str(event.get("photo", ""))
        if kind == "stage":
            self.model.set_state(name, str(event.get("stage", "")))
            self.stage.setText(f"{words().get(str(event.get('stage')), '')} {name}".strip())
        elif kind == "photo":
            self._take_photo(event, name)

    def _take_photo(self, event: dict[str, Any], name: str) -> None:
        job = self._process.job
        assert job is not None
        output = event.get("output")
        result = job.output / str(output) if output else None
        state = str(event.get("state"))
        detail = say(str(event.get("error") or event.get("note") or ""))
        values = {
            "detail": detail,
            "seconds": sum((event.get("seconds") or {}).values()),
            "result": result if state in (FILLED, EXISTS) else None,
        }
        if self.model.set_state(name, state, **values) is None and result is not None:
            self.model.add(Item(len(self.model.rows) + 1, job.inputs[0] / name, name, None, result))
            self.model.set_state(name, state, **values)
        text = f"{name}: {words().get(state, state)}"
        self.log.appendPlainText(f"{text}. {detail}" if detail else text)
        total, left = int(event.get("total") or 0), event.get("remaining")
        if total:
            self.bar.setValue(round(1000 * int(event.get("done") or 0) / total))
        if isinstance(left, int | float):
            self.left.setText(tr("{time} left").format(time=clock(left)) if left else "")
        self._refresh()

    def _show_end(self, result: dict[str, Any]) -> None:
        told = f"{outcome(result)}."
        self.stage.setText(told)
        self.stage.setToolTip("")
        self.left.setText("")
        self.log.appendPlainText(told)

    def _show_failure(self, failure: Failure) -> None:
        sentence = say(failure.sentence)
        self.stage.setText(sentence)
        self.stage.setToolTip(failure.detail)
        self.log.appendPlainText(f"{sentence}\n{failure.detail}")
        self.left.setText("")

    # What is shown.

    def _open_row(self, row: Row) -> None:
        self.open_requested.emit(row.result or row.item.photo)

    def _open_result(self) -> None:
        row = self.queue.selected
        if row is not None and row.result is not None:
            self.open_requested.emit(row.result)

    def _show_results(self) -> None:
        job = self._process.job
        if job is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(job.output)))

    def _refresh(self) -> None:
        process, rows = self._process, self.model.rows
        running, job = process.is_running, process.job
        trouble = self._why_not()
        self.source.show_text(
            self._inputs_line(), "\n".join(str(path) for path in self.inputs[:20])
        )
        self.others.setVisible(self._is_unmatched and not running)
        page = QUEUE if rows else EMPTY
        self.stack.setCurrentIndex(LOG if self.show_log.isChecked() else page)
        self.start.setEnabled(not running and not trouble)
        self.start.setToolTip(self._detail or trouble)
        self.pause.setEnabled(running and not process.is_stopping)
        self.pause.setText(tr("Go on") if process.is_paused else tr("Pause"))
        self.stop.setEnabled(running and not process.is_stopping)
        for widget in (self.folder, self.photos):
            widget.setEnabled(not running)
        self.options.set_running(running)
        row = self.queue.selected
        self.open_result.setEnabled(row is not None and row.result is not None)
        made = job is not None and (job.output / LOG_NAME).exists()
        self.results.setEnabled(made)
        if process.is_stopping:
            self.stage.setText(tr("Finishing the photo in hand…"))
        elif process.is_paused:
            self.stage.setText(tr("Paused after the photo in hand."))
        elif not running and (job is None or trouble):
            self.stage.setText(trouble or tr("Ready"))

    def _inputs_line(self) -> str:
        rows = self.model.rows
        if not self.inputs:
            return tr("No photos yet")
        where = self.inputs[0].name
        if len(self.inputs) > 1:
            where += " …"
        masked = sum(row.item.has_hole for row in rows)
        text = tr("{count} photos").format(count=len(rows))
        if masked < len(rows):
            text += ", " + tr("{count} with a mask").format(count=masked)
        return f"{where}  ·  {text}"

    def _why_not(self) -> str:
        """Why a batch cannot begin, "" when it can."""
        if not self.inputs:
            return tr("Drop a folder of photos first.")
        if self.options.output.path is None:
            return tr("Choose a folder for the results.")
        try:
            self.options.job(self.inputs)
        except MienError as error:
            return worded(say(str(error)))
        return self._trouble

    def end(self) -> None:
        """For the program's end."""
        self._settling.stop()
        self._worker.close()
        self.close()


def _dropped(event: QDragEnterEvent | QDropEvent) -> list[Path]:
    """The folders and photos that hang at the pointer."""
    urls = event.mimeData().urls()
    paths = [Path(url.toLocalFile()) for url in urls if url.isLocalFile()]
    return [path for path in paths if path.is_dir() or path.suffix.lower() in OPEN_SUFFIXES]
