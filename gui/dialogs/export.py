"""The photo for somewhere else: format, quality, size, what is said of it; how large the file gets
and how it looks are shown before it is written."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QLocale, QSize, Qt, QTimer
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from engine.photo import Photo, photo_of, save_losses
from engine.photo.export import ALL, COPYRIGHT, NONE, Export, encoded, prepared
from gui.dialogs.messages import loss_words
from gui.dialogs.turned import LYING, SETTING, UPRIGHT
from gui.panels.fields import FORMATS, Chips, Choice
from gui.panels.form import Form
from gui.panels.presets import Presets, fitting
from gui.panels.widgets import VALUE_WIDTH, Slider, quiet, tabular
from gui.qimage import image_of
from gui.settings import Settings
from gui.translation import say, tr
from gui.worker import Failure, Worker

LOOK = QSize(240, 240)  # logical pixels of the part that is shown one to one
SETTLING_MS = 250  # after a change, before it is encoded to be measured
GRADED = (".jpg", ".webp", ".avif", ".jxl")  # that have a quality
SIZES = (6000, 3840, 2560, 2048, 1600, 1080)  # pixels of the longer side
BEST = 92  # the quality that is proposed
DEEP = (".png", ".tif", ".jxl")  # that hold 16 bits a sample
DEFAULTS: dict[str, Any] = {
    "format": ".jpg",
    "quality": BEST,
    "longest": "",
    "depth": "",
    "metadata": ALL,
}


def built_in() -> dict[str, dict[str, Any]]:
    """The presets that are always there."""
    return {
        tr("Whole, as JPEG"): {},
        tr("For print"): {"format": ".tif"},
        tr("For the web"): {"quality": 82, "longest": "2048", "metadata": COPYRIGHT},
        tr("To send"): {"quality": 80, "longest": "1600", "metadata": NONE},
    }


class ExportDialog(QDialog):
    """`export` is what was chosen. photo: makes the photo as it looks now, off the GUI thread.
    size: its (width, height). middle: the place, in its pixels, that is looked at. may_lie: whether
    it is a JPEG that keeps its blocks only on its side. is_deep: whether it has more than 8 bits a
    sample, which need not be kept."""

    def __init__(
        self,
        photo: Callable[[], Photo],
        size: tuple[int, int],
        middle: tuple[float, float],
        settings: Settings,
        parent: QWidget | None = None,
        may_lie: bool = False,
        is_deep: bool = False,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Export"))
        self._may_lie, self._is_deep = may_lie, is_deep
        self._photo, self._size, self._middle = photo, size, middle
        self._settings = settings
        self._made: Photo | None = None
        self._is_taking = self._is_stood_up = False
        self._number = 0
        self._worker = Worker("export", self)
        self._settling = QTimer(self)
        self._settling.setSingleShot(True)
        self._settling.setInterval(SETTLING_MS)
        self._settling.timeout.connect(self._measure)
        self._build()
        self._take()

    def _build(self) -> None:
        self.format = Choice(tr("Format"), dict(FORMATS))
        self.quality, self._percent = Slider(tr("Quality")), QLabel()
        self.quality.setRange(1, 100)
        self._percent.setFixedWidth(VALUE_WIDTH)
        self._percent.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._percent.setFont(tabular(self._percent.font()))
        whole = tr("As it is, {size} px").format(size=max(self._size))
        # Those that are larger than the photo, too: a preset means them for the next one.
        at_most = {str(size): tr("At most {size} px").format(size=size) for size in SIZES}
        self.longest = Chips(
            tr("Longer side"),
            {"": tr("As it is"), **{str(size): str(size) for size in SIZES}},
            {"": whole, **at_most},
        )
        self.bit_depth = Choice(tr("Depth"), {"": tr("As the photo"), "8": tr("8 bit")})
        self.metadata = Choice(
            tr("Metadata"),
            {ALL: tr("Keep all"), COPYRIGHT: tr("Author and copyright"), NONE: tr("None")},
        )
        self.presets = Presets(
            self._settings,
            "export_presets",
            built_in(),
            DEFAULTS,
            lambda: None if self._lies else self.values,
        )
        self.lying = QCheckBox(tr("On its side, in the blocks it has"))
        self.lying.setToolTip(
            tr("Nothing outside the mask changes, and its mark turns it wherever it is shown.")
        )
        self.look = QLabel()
        self.look.setObjectName("sheet")
        self.look.setFixedSize(LOOK)
        self.look.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.look.setAccessibleName(tr("A part of the result, one to one"))
        self.told, self.lost = QLabel(), quiet()
        self.lost.setWordWrap(True)
        self.cancel, self.save = QPushButton(tr("Cancel")), QPushButton(tr("Save…"))
        self.save.setObjectName("primary")
        self.save.setDefault(True)
        self.cancel.setAutoDefault(False)
        self.cancel.clicked.connect(self.reject)
        self.save.clicked.connect(self.accept)
        form = self._form = Form()
        form.row("preset", tr("Preset"), self.presets)
        form.setRowMinimumHeight(form.rowCount(), 6)
        form.row("format", tr("Format"), self.format)
        self._graded = QWidget()
        self._graded.setFocusProxy(self.quality)
        graded = QHBoxLayout(self._graded)
        graded.setContentsMargins(0, 0, 0, 0)
        graded.addWidget(self.quality, 1)
        graded.addWidget(self._percent)
        form.row("quality", tr("Quality"), self._graded)
        form.row("depth", tr("Depth"), self.bit_depth)
        form.row("longest", tr("Longer side"), self.longest)
        form.row("metadata", tr("Metadata"), self.metadata)
        form.wide(self.lying)
        fields = QVBoxLayout()
        fields.setSpacing(10)
        fields.addLayout(form)
        fields.addSpacing(4)
        fields.addWidget(self.told)
        fields.addWidget(self.lost)
        fields.addStretch(1)
        middle = QHBoxLayout()
        middle.setSpacing(20)
        middle.addWidget(self.look, 0, Qt.AlignmentFlag.AlignTop)
        middle.addLayout(fields, 1)
        bottom = QHBoxLayout()
        bottom.setSpacing(9)
        bottom.addStretch(1)
        bottom.addWidget(self.cancel)
        bottom.addWidget(self.save)
        column = QVBoxLayout(self)
        column.setContentsMargins(22, 22, 22, 16)
        column.setSpacing(18)
        column.addLayout(middle)
        column.addLayout(bottom)
        self.setMinimumSize(760, 400)

    def _take(self) -> None:
        """What was chosen the last time."""
        settings = self._settings
        last = {
            name: settings.text(f"export_{name}", default)
            for name, default in DEFAULTS.items()
            if isinstance(default, str)
        }
        self.lying.setChecked(self._may_lie and settings.text(SETTING) == LYING)
        self.show_values(last | {"quality": round(settings.number("export_quality", BEST))})
        self.lying.toggled.connect(lambda _on: self._on_change())
        self.lying.clicked.connect(self._stand_up)
        for chooser in self._choosers.values():
            chooser.changed.connect(self._on_change)
        self.quality.valueChanged.connect(lambda _value: self._on_change())
        self.presets.chosen.connect(self._use_preset)

    @property
    def _choosers(self) -> dict[str, Choice | Chips]:
        """By the names of what is chosen with them."""
        return {
            "format": self.format,
            "longest": self.longest,
            "depth": self.bit_depth,
            "metadata": self.metadata,
        }

    @property
    def values(self) -> dict[str, Any]:
        """What is chosen, as a preset keeps it: the names and kinds of DEFAULTS."""
        chosen = {name: chooser.value for name, chooser in self._choosers.items()}
        return {"quality": self.quality.value(), **chosen}

    def show_values(self, values: dict[str, Any]) -> None:
        """Choose these; what they lack, or what cannot be chosen, is as at first."""
        sound = fitting(values, DEFAULTS)
        self._is_taking = True
        for name, chooser in self._choosers.items():
            known = chooser.findData(sound[name]) >= 0
            chooser.choose(sound[name] if known else DEFAULTS[name])
        self.quality.setValue(min(max(sound["quality"], 1), 100))
        self._is_taking = False
        self._on_change()

    def _stand_up(self, lies: bool) -> None:
        """Ticked or unticked by hand; a preset that unticks it says nothing of other photos."""
        self._is_stood_up = not lies

    def _use_preset(self, values: dict[str, Any]) -> None:
        self.lying.setChecked(False)  # blocks that are kept have a size and a quality of their own
        self.show_values(values)

    @property
    def export(self) -> Export:
        suffix, longest = self.format.value, self.longest.value
        if self._lies:
            return Export(suffix, None, None, self.metadata.value, True)
        quality = self.quality.value() if suffix in GRADED else None
        size = int(longest) if longest else None
        depth = 8 if self._may_flatten and self.bit_depth.value else None
        return Export(suffix, quality, size, self.metadata.value, depth=depth)

    @property
    def _may_flatten(self) -> bool:
        """Whether there are more bits than are needed, and the format would keep them."""
        return self._is_deep and self.format.value in DEEP

    @property
    def _lies(self) -> bool:
        """Whether the JPEG's own blocks are kept, and with them its quality and its size."""
        return self._may_lie and self.format.value == ".jpg" and self.lying.isChecked()

    def _on_change(self) -> None:
        if self._is_taking:
            return  # a preset is one change
        graded = self.format.value in GRADED and not self._lies
        self.lying.setVisible(self._may_lie and self.format.value == ".jpg")
        self.longest.setEnabled(not self._lies)
        self._form.show_row("depth", self._may_flatten)
        self.presets.follow()
        self._graded.setEnabled(graded)
        self._percent.setText(f"{self.quality.value()}" if graded else "–")
        self.told.setText(tr("Measuring…"))
        self._settling.start()

    def _measure(self) -> None:
        """Encode it as it would be written: how many bytes, and how it looks then."""
        self._number += 1
        number, export, middle = self._number, self.export, self._middle
        ratio = self.devicePixelRatioF()
        room = round(LOOK.width() * ratio), round(LOOK.height() * ratio)

        def job(progress: object, cancel: threading.Event) -> tuple:
            if self._made is None:
                self._made = self._photo()
            made = prepared(self._made, export)
            data = encoded(self._made, export)
            lost = save_losses(made, Path(f"photo{export.suffix}"), export.quality)
            share = made.size[0] / self._size[0]
            shown = photo_of(data, Path(f"photo{export.suffix}")).rgb8
            place = middle[0] * share, middle[1] * share
            return made.size, len(data), lost, image_of(cut_around(shown, place, room))

        def done(answer: tuple) -> None:
            if number == self._number:
                size, count, lost, image = answer
                self._show(size, count, lost, image, ratio)

        def failed(failure: Failure) -> None:
            if number == self._number:
                self.told.setText(say(failure.sentence))

        self._worker.submit(job, done, failed)

    def _show(
        self, size: tuple[int, int], count: int, lost: list, image: QImage, ratio: float
    ) -> None:
        bytes_ = QLocale.system().formattedDataSize(
            count, 1, QLocale.DataSizeFormat.DataSizeSIFormat
        )
        self.told.setText(f"{size[0]} × {size[1]}  ·  {bytes_}")
        text = tr("This format cannot hold: {lost}.").format(lost=loss_words(lost))
        self.lost.setText(text if lost else "")
        picture = QPixmap.fromImage(image)
        picture.setDevicePixelRatio(ratio)
        self.look.setPixmap(picture)

    def done(self, result: int) -> None:
        self._settling.stop()
        if result == QDialog.DialogCode.Accepted:
            keep = self._settings.keep
            for name, value in self.values.items():
                keep(f"export_{name}", value)
            if self._lies:
                keep(SETTING, LYING)
            elif self._is_stood_up and self._settings.text(SETTING):
                keep(SETTING, UPRIGHT)
        self._worker.close()
        super().done(result)


def cut_around(
    pixels: np.ndarray, middle: tuple[float, float], room: tuple[int, int]
) -> np.ndarray:
    """The part of a picture around a place, as large as the room, inside the picture."""
    height, width = pixels.shape[:2]
    wide, high = min(room[0], width), min(room[1], height)
    left = min(max(round(middle[0] - wide / 2), 0), width - wide)
    top = min(max(round(middle[1] - high / 2), 0), height - high)
    return np.ascontiguousarray(pixels[top : top + high, left : left + wide])
