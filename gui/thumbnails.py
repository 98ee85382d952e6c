"""Small pictures of photos' files, made in the background and kept."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QImageReader

from engine.base.errors import MienError
from engine.photo import open_photo
from gui.qimage import image_from_rgb, resize
from gui.worker import Worker

KEPT, BYTES = 600, 2**27  # pictures that are kept at most, and what they take
AROUND = 1.5  # a picture's side to that of the face in it
READ_AT = 1400  # pixels of the longer side in which a face is cut out
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Wanted:
    """A picture of a file: of all of it, or around a face (box x, y, width, height in its pixels).
    side: pixels of its longer side at most."""

    path: Path
    side: int
    face: Box | None = None


class Thumbnails(QObject):
    """Signal `made` with what was wanted, once `of` has it. What was wanted last is made first."""

    made = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker = Worker("thumbnails", self)
        self._made: OrderedDict[Wanted, QImage] = OrderedDict()
        self._left: deque[Wanted] = deque(maxlen=KEPT // 2)
        self._making: Wanted | None = None
        self._bytes = 0

    def close(self) -> None:
        self._left.clear()
        self._worker.close()

    def of(self, wanted: Wanted) -> QImage | None:
        """The picture, None until it is made: `made` tells. Null where none can be read."""
        image = self._made.get(wanted)
        if image is not None:
            self._made.move_to_end(wanted)
        elif wanted != self._making and wanted not in self._left:
            self._left.append(wanted)
            self._next()
        return image

    def forget(self, path: Path) -> None:
        """The file is another one by now."""
        for wanted in [one for one in self._made if one.path == path]:
            self._drop(wanted)
        if self._making is not None and self._making.path == path:
            self._left.append(self._making)  # it may have been read before

    def _next(self) -> None:
        if self._making is not None or not self._left:
            return
        wanted = self._making = self._left.pop()

        def job(progress: object, cancel: threading.Event) -> QImage:
            return picture_of(wanted)

        self._worker.submit(
            job,
            lambda image: self._take(wanted, image),
            lambda _failure: self._take(wanted, QImage()),
        )

    def _take(self, wanted: Wanted, image: QImage) -> None:
        self._making = None
        self._drop(wanted)
        self._made[wanted] = image
        self._bytes += image.sizeInBytes()
        while len(self._made) > KEPT or (self._bytes > BYTES and len(self._made) > 1):
            self._drop(next(iter(self._made)))
        self.made.emit(wanted)
        self._next()

    def _drop(self, wanted: Wanted) -> None:
        image = self._made.pop(wanted, None)
        if image is not None:
            self._bytes -= image.sizeInBytes()


def picture_of(wanted: Wanted) -> QImage:
    """Read it; a null image where the file holds no picture that is read."""
    if wanted.face is None:
        return _small(wanted.path, wanted.side)[0]
    image, share = _small(wanted.path, READ_AT)
    if image.isNull():
        return image
    x, y, width, height = (share * value for value in wanted.face)
    side = AROUND * max(width, height)
    area = QRectF(x + (width - side) / 2, y + (height - side) / 2, side, side)
    cut = image.copy(area.toAlignedRect().intersected(image.rect()))
    keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    return cut.scaled(QSize(wanted.side, wanted.side), keep, smooth)


def _small(path: Path, longest: int) -> tuple[QImage, float]:
    """A photo with a longer side of so many pixels at most, and its share of the photo's size. A
    JPEG is read at an eighth, a quarter or half of its size where that is enough."""
    reader = QImageReader(str(path))
    reader.setAutoTransform(True)
    size = reader.size()
    if size.isValid():
        share = min(1.0, longest / max(size.width(), size.height()))
        reader.setScaledSize(size * share)
        image = reader.read()
        if not image.isNull():
            return image.convertToFormat(QImage.Format.Format_RGB32), share
    try:  # what Qt does not read
        photo = open_photo(path)
    except (MienError, MemoryError):
        return QImage(), 1.0
    share = min(1.0, longest / max(photo.size))
    wide, high = (max(1, round(share * side)) for side in photo.size)
    small = resize(np.ascontiguousarray(photo.own8), (wide, high))
    return image_from_rgb(photo.to_srgb(small)).copy(), share
