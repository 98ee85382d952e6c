"""The training panel: faces of one's own in, a model of one's own out, or a library of faces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from engine.catalogue.exemplars import EXEMPLARS
from engine.catalogue.weights import installed
from gui.base.screen import open_at
from gui.dialogs.library import library_told
from gui.dialogs.unfinished import Unfinished
from gui.panels.curve import Curve
from gui.panels.widgets import Chooser, Spinner, quiet, section, tabular
from gui.settings import Settings
from gui.trainer import LIBRARY, MODEL, Run, Trainer, new_run, runs
from gui.translation import tr
from gui.worker import Failure

MINUTES = (5, 60, 10080)  # least, suggested, most


class TrainingDialog(QDialog):
    """Not modal: one goes on editing beside it. Signal `model_chosen` with a model's name."""

    model_chosen = Signal(str)

    def __init__(self, trainer: Trainer, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Training"))
        open_at(self, 720, 640)
        self.setMinimumSize(560, 480)
        self._trainer, self._settings = trainer, settings
        self._model = ""
        self._build()
        self._connect()
        self._list_runs()
        if trainer.run is not None:
            self._show_past(trainer.run)
        self._refresh()

    def _build(self) -> None:
        intro = quiet(
            tr(
                "Teaches a copy of the model your own faces, or keeps the finest detail of sharp "
                "ones for fills to take. Everything stays on this computer; you can go on editing, "
                "and stop and resume at any time."
            )
        )
        intro.setWordWrap(True)
        self.kind = Chooser(tr("To make"))
        self.kind.addItem(tr("A model that has learnt these faces"), MODEL)
        self.kind.addItem(tr("A library of these faces' finest detail"), LIBRARY)
        self.folder = QLineEdit(self._settings.text("training_folder"))
        self.folder.setPlaceholderText(tr("A folder of portraits, a hundred or more"))
        self.browse = QPushButton(tr("Choose…"))
        self.minutes = Spinner(tr("Length"))
        self.minutes.setRange(MINUTES[0], MINUTES[2])
        self.minutes.setValue(round(self._settings.number("training_minutes", MINUTES[1])))
        self.minutes.setSuffix(" " + tr("minutes"))
        self.minutes.setFixedSize(130, 30)
        self.name = QLineEdit(self._settings.text("training_name", "my-faces"))
        self.start = QPushButton(tr("Start"))
        self.start.setObjectName("primary")
        self.unfinished = Unfinished()
        photos, length = QHBoxLayout(), QHBoxLayout()
        for row in (photos, length):
            row.setSpacing(8)
        photos.addWidget(self.folder, 1)
        photos.addWidget(self.browse)
        length.addWidget(self.minutes)
        length.addStretch(1)
        length.addWidget(self.start)
        self._form = QFormLayout()
        self._form.setHorizontalSpacing(16)
        self._form.setVerticalSpacing(10)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._length = QLabel(tr("Length"))
        self._form.addRow(tr("To make"), self.kind)
        self._form.addRow(tr("Photos"), photos)
        self._form.addRow(tr("Name of the model"), self.name)
        self._form.addRow(self._length, length)
        self._form.addRow(tr("Unfinished"), self.unfinished)
        for widget, name in (
            (self.folder, tr("Photos")),
            (self.name, tr("Name of the model")),
        ):
            widget.setAccessibleName(name)
        self.stage, self.left = QLabel(), quiet()
        self.left.setFont(tabular(self.left.font()))
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        self.bar.setAccessibleName(tr("Progress"))
        self.stop = QPushButton(tr("Stop"))
        self.curve, self.sheet = Curve(), Sheet()
        for shown in (self.curve, self.sheet):
            policy = shown.sizePolicy()
            policy.setRetainSizeWhenHidden(True)
            shown.setSizePolicy(policy)
        pictures = QHBoxLayout()
        pictures.setSpacing(12)
        pictures.addWidget(self.curve, 1)
        pictures.addWidget(self.sheet, 1)
        self.outcome = QLabel()
        self.outcome.setMinimumHeight(3 * self.outcome.fontMetrics().lineSpacing())
        self.outcome.hide()
        self.outcome.setWordWrap(True)
        self.outcome.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.use = QPushButton(tr("Use this model"))
        close = QPushButton(tr("Close"))
        close.clicked.connect(self.close)
        above, below = QHBoxLayout(), QHBoxLayout()
        above.addWidget(self.stage, 1)
        above.addWidget(self.left)
        above.addSpacing(8)
        above.addWidget(self.stop)
        below.addStretch(1)
        below.addWidget(self.use)
        below.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(22, 20, 22, 18)
        column.setSpacing(12)
        column.addWidget(intro)
        column.addLayout(self._form)
        column.addSpacing(4)
        column.addWidget(section(tr("Progress")))
        column.addLayout(above)
        column.addWidget(self.bar)
        column.addLayout(pictures, 1)
        column.addWidget(self.outcome)
        column.addLayout(below)
        for button in (self.browse, self.start, self.stop, self.use, close):
            button.setAutoDefault(False)  # Enter in a field must not begin an hour of work

    def _connect(self) -> None:
        self.browse.clicked.connect(self._browse)
        self.start.clicked.connect(self._start)
        self.unfinished.resumed.connect(self._resume)
        self.unfinished.finished.connect(lambda run: self._resume(run and run.as_it_is))
        self.unfinished.deleted.connect(self._on_changed)
        self.stop.clicked.connect(self._trainer.stop)
        self.use.clicked.connect(lambda: self.model_chosen.emit(self._model))
        self.kind.currentIndexChanged.connect(lambda _index: self._refresh())
        self.folder.textChanged.connect(self._refresh)
        self.name.textChanged.connect(self._refresh)
        trainer = self._trainer
        trainer.told.connect(self._take)
        trainer.changed.connect(self._on_changed)
        trainer.finished.connect(self._show_result)
        trainer.failed.connect(self._show_failure)
        trainer.stopped.connect(self._on_stopped)

    # What is chosen.

    def _browse(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, tr("Photos"), self.folder.text())
        if chosen:
            self.folder.setText(chosen)

    def _start(self) -> None:
        photos, name = Path(self.folder.text()).expanduser(), self.name.text().strip()
        for key, value in (
            ("training_folder", str(photos)),
            ("training_minutes", self.minutes.value()),
            ("training_name", name),
        ):
            self._settings.keep(key, value)
        kind = str(self.kind.currentData())
        self._begin(new_run(self._trainer.root, photos, self.minutes.value(), name, kind))

    def _resume(self, run: Run | None) -> None:
        if run is not None:
            self.kind.setCurrentIndex(self.kind.findData(run.kind))
            self.folder.setText(str(run.photos))
            self.name.setText(run.name)
            self._begin(run)

    def _begin(self, run: Run) -> None:
        self.curve.clear()
        self.sheet.show_picture(None)
        self._say("")
        self._model = ""
        self._show_past(run)
        self.bar.setValue(0)
        self.left.setText("")
        self.stage.setText(tr("Starting…"))
        self._trainer.start(run)

    def _list_runs(self) -> None:
        self.unfinished.show_runs([r for r in runs(self._trainer.root) if r.can_resume])

    # What is told.

    def _show_past(self, run: Run) -> None:
        """What a run told before this start of the program, or before this panel was opened."""
        for event in run.events():
            self._take(event)
            if event["event"] == "result":
                self._show_result(event)

    def _take(self, event: dict[str, Any]) -> None:
        kind = event["event"]
        if kind == "stage":
            self.stage.setText(stages().get(event.get("stage", ""), ""))
            self.bar.setValue(round(1000 * float(event.get("done", 0))))
        elif kind == "step":
            loss = event.get("total")
            if isinstance(loss, int | float):
                self.curve.add(float(event.get("samples", event.get("step", 0))), float(loss))
            seconds, remaining = event.get("seconds"), event.get("remaining")
            if isinstance(remaining, int | float):
                self.left.setText(tr("{time} left").format(time=clock(remaining)))
                if isinstance(seconds, int | float) and seconds + remaining > 0:
                    self.bar.setValue(round(1000 * seconds / (seconds + remaining)))
        elif kind == "sheet":
            self.sheet.show_picture(Path(str(event.get("path", ""))))

    def _show_result(self, event: dict[str, Any]) -> None:
        self._model = str(event.get("model", ""))
        if "library" in event:
            self._say(library_told(self._model, event["library"]))
            return
        before, after = event.get("before") or {}, event.get("after") or {}
        ready = tr("The model '{name}' is ready.").format(name=self._model)
        judged = verdicts().get(str(event.get("verdict", "")), "")
        names = figures()
        told = [
            f"{names.get(key, key)} {before[key]:{_form(key)}} → {after[key]:{_form(key)}}"
            for key in before
            if isinstance(before[key], int | float) and isinstance(after.get(key), int | float)
        ]
        self._say("\n".join(filter(None, (f"{ready} {judged}".strip(), *_pairs(told)))))

    def _say(self, text: str, detail: str = "") -> None:
        """How the run ended; the detail shows by pointing at it."""
        self.outcome.setText(text)
        self.outcome.setToolTip(detail)
        self.outcome.setVisible(bool(text))

    def _show_failure(self, failure: Failure) -> None:
        self._say(failure.sentence, failure.detail)

    def _on_stopped(self) -> None:
        if self._makes_library:
            self._say(tr("Stopped; no library was made."))
        else:
            self._say(tr("Stopped; what was learnt is kept and can be resumed."))

    @property
    def _makes_library(self) -> bool:
        return self.kind.currentData() == LIBRARY

    def _on_changed(self) -> None:
        if not self._trainer.is_running:
            self.stage.setText("")
            self.left.setText("")
            self.bar.setValue(1000 if self._model else 0)
        self._list_runs()
        self._refresh()

    def _refresh(self) -> None:
        running, stopping = self._trainer.is_running, self._trainer.is_stopping
        trouble = self._trouble()
        self.start.setEnabled(not running and not trouble)
        self.start.setToolTip(trouble)
        self.stop.setEnabled(running and not stopping)
        if stopping:
            self.stage.setText(tr("Stopping: keeping what was learnt…"))
        elif not running:
            # That the model just made exists is no trouble.
            made = bool(self._model) and self.name.text().strip() == self._model
            self.stage.setText(tr("Done") if made else trouble or tr("Ready"))
        for widget in (self.kind, self.folder, self.browse, self.name, self.minutes):
            widget.setEnabled(not running)
        for widget in (self.minutes, self._length, self.curve, self.sheet):
            widget.setVisible(not self._makes_library)
        self.use.setText(tr("Use this library") if self._makes_library else tr("Use this model"))
        self._form.setRowVisible(self.unfinished, self.unfinished.count > 0 and not running)
        self.use.setVisible(bool(self._model) and not running)

    def _trouble(self) -> str:
        """Why training cannot begin, "" when it can."""
        text, name = self.folder.text().strip(), self.name.text().strip()
        if not text:
            return tr("Choose a folder of portraits first.")
        if not Path(text).expanduser().is_dir():
            return tr("There is no such folder.")
        if not name:
            return tr("Give the model a name.")
        taken = {one.name: one.kind for one in installed()} | {"default": ""}
        if name in taken and not (self._makes_library and taken[name] == EXEMPLARS):
            return tr("There is a model of this name already.")
        return ""


def figures() -> dict[str, str]:
    """The names of what is measured before and after."""
    return {
        "psnr": "PSNR",
        "ssim": "SSIM",
        "lpips": "LPIPS",
        "hole_mae": tr("error in the hole"),
        "distance": tr("perceptual distance"),
    }


def verdicts() -> dict[str, str]:
    """What the figures come to, on faces held out from training."""
    return {
        "better": tr("It fills faces like yours better than before."),
        "worse": tr("It fills faces like yours worse than before; more photos may help."),
        "no clear difference": tr("There is no clear difference yet; train longer."),
    }


def _form(key: str) -> str:
    return ".2f" if key in ("psnr", "hole_mae") else ".4f"


def _pairs(texts: list[str]) -> list[str]:
    """Two texts a line."""
    return [", ".join(texts[at : at + 2]) for at in range(0, len(texts), 2)]


def stages() -> dict[str, str]:
    """The words for a fine-tune's stages."""
    return {
        "look": tr("Looking for sharp faces"),
        "prepare": tr("Preparing the faces"),
        "before": tr("Measuring the model as it is"),
        "train": tr("Training"),
        "after": tr("Measuring what was learnt"),
        "export": tr("Writing the model"),
    }


def clock(seconds: float) -> str:
    """Seconds as m:ss or h:mm:ss."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class Sheet(QLabel):
    """The newest sample sheet, as large as there is room."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("sheet")
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setWordWrap(True)
        self.setMinimumSize(220, 130)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self._picture = QPixmap()
        self.show_picture(None)

    def show_picture(self, path: Path | None) -> None:
        """A PNG, or none yet."""
        self._picture = QPixmap(str(path)) if path is not None else QPixmap()
        self.setAccessibleName(tr("Sample sheet"))
        self._fit()

    @property
    def has_picture(self) -> bool:
        return not self._picture.isNull()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()

    def _fit(self) -> None:
        if self._picture.isNull():
            self.setText(tr("Samples appear here: hidden, filled, original."))
            return
        ratio = self.devicePixelRatioF()
        room = (self.size() - QSize(12, 12)) * ratio
        keep, smooth = (
            Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
        picture = self._picture.scaled(room, keep, smooth)
        picture.setDevicePixelRatio(ratio)
        self.setPixmap(picture)
