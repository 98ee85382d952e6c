"""Takes the pictures of README.md: the real editor, the real engine, the sample photo.

    make screenshots            (or: python docs/take_screenshots.py [--only NAME] [--folder DIR])

Runs without a display on Linux, where a window may wait for ever for a manager to show it (set
QT_QPA_PLATFORM to have another), and on the current one elsewhere. Everything is done by events and
waited for by signal; no position on the screen is assumed, only object names and the photo's own
coordinates, so that panels may come and go.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from PIL import Image, ImageDraw
from PySide6.QtCore import (
    QBuffer,
    QElapsedTimer,
    QEvent,
    QEventLoop,
    QPoint,
    QPointF,
    QSettings,
    Qt,
    QTimer,
    SignalInstance,
)
from PySide6.QtGui import QAction, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from engine.fill import create_inpainter
from engine.inpaint import FillRequest
from engine.mask import Mask
from engine.photo import open_photo, photo_from_array
from gui import theme
from gui.main_window import SAMPLE, MainWindow
from gui.settings import Settings
from gui.translation import set_language
from training.worn import wear

SIZE = (1280, 820)
ENLARGED = 3
QUALITY = 82  # of the WebP files
GLASSES = 2  # which of those that can be drawn
PATIENCE = 180_000  # milliseconds: a first fill loads the networks
MOUTH, EYE = ((61, 0.32), (291, 0.32)), ((33, 0.24), (133, 0.24))  # mesh nodes, brush in eyes' span


def pause(milliseconds: int) -> None:
    """Let the program run on. QTest.qWait would keep Python's lock, and starve its workers."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


class Sitting:
    """One window with the sample in it, and what a person would do to it."""

    def __init__(self, application: QApplication, look: str, language: str, folder: Path) -> None:
        self.folder = folder
        self._store = tempfile.TemporaryDirectory()
        home = Path(self._store.name)
        # The sample is small; enlarged it looks on the screen as a photo of today does.
        self.photo = home / SAMPLE.name
        with Image.open(SAMPLE) as sample:
            size = (ENLARGED * sample.width, ENLARGED * sample.height)
            sample.resize(size, Image.Resampling.LANCZOS).save(self.photo, quality=95)
        path = str(home / "settings.ini")
        set_language(language)
        theme.apply_theme(application, look)
        self.window = MainWindow(Settings(QSettings(path, QSettings.Format.IniFormat)))
        self.window.editor.failed.disconnect()  # a dialog would wait for a person
        self.window.editor.failed.connect(self._give_up)
        self.window.resize(*SIZE)
        self.window.show()
        QTest.qWaitForWindowExposed(self.window)

    def _give_up(self, failure) -> None:
        print(failure.sentence, failure.detail, sep="\n", file=sys.stderr)
        os._exit(1)

    @property
    def canvas(self) -> QWidget:
        return self.found(QWidget, "canvas")

    @property
    def mesh(self) -> np.ndarray:
        """The sample's face, 478 x 2 in photo pixels."""
        faces = self.window.document.faces
        assert faces, "no face was found in the sample"
        mesh = faces[0].mesh
        assert mesh is not None
        return mesh

    def found(self, kind, name: str):
        widget = self.window.findChild(kind, name)
        assert widget is not None, f"the window has no {name}"
        return widget

    def act(self, name: str) -> None:
        action = self.found(QAction, name)
        assert action.isEnabled(), f"{name} is not possible now"
        action.trigger()

    def open(self) -> None:
        document = self.window.document
        self.wait(
            document.faces_changed,
            lambda: self.window.open(self.photo),
            until=lambda: document.faces is not None,
        )

    def wait(
        self,
        signal: SignalInstance,
        do: Callable[[], object],
        until: Callable[[], object] = lambda: True,
        calm: int = 0,
    ) -> None:
        """Do it, and go on once the signal came, `until` holds, and `calm` ms without another."""
        clock, since = QElapsedTimer(), QElapsedTimer()
        heard: list[int] = []

        def hear(*_: object) -> None:
            heard.append(1)
            since.start()

        signal.connect(hear)
        do()
        clock.start()
        while not (heard and until() and since.elapsed() >= calm):
            assert clock.elapsed() < PATIENCE, "nothing came of it"
            pause(20)
        signal.disconnect(hear)
        pause(150)

    # Pointer.

    def at(self, x: float, y: float) -> QPointF:
        return QPointF(self.canvas.view.to_widget(x, y))

    def mouse(self, kind: QEvent.Type, at: QPointF, button: Qt.MouseButton) -> None:
        moving = kind == QEvent.Type.MouseMove
        held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else button
        pressed = Qt.MouseButton.NoButton if moving else button
        where, keys = self.canvas.mapToGlobal(at), Qt.KeyboardModifier.NoModifier
        QApplication.sendEvent(self.canvas, QMouseEvent(kind, at, where, pressed, held, keys))

    def drag(self, points: list[QPointF], button: Qt.MouseButton) -> None:
        self.mouse(QEvent.Type.MouseButtonPress, points[0], button)
        for point in points[1:]:
            self.mouse(QEvent.Type.MouseMove, point, button)
            pause(5)
        self.mouse(QEvent.Type.MouseButtonRelease, points[-1], button)

    def look_at_the_face(self, share: float) -> None:
        """Zoom with the wheel until the face has that share of the canvas's height, then drag it
        to the middle."""
        low, high = self.mesh.min(0), self.mesh.max(0)
        middle = (low + high) / 2
        while (high[1] - low[1]) * self.canvas.view.scale < share * self.canvas.height():
            at = self.at(*middle)
            turn = QWheelEvent(
                at,
                self.canvas.mapToGlobal(at),
                QPoint(),
                QPoint(0, 120),
                Qt.MouseButton.NoButton,
                Qt.KeyboardModifier.NoModifier,
                Qt.ScrollPhase.NoScrollPhase,
                False,
            )
            QApplication.sendEvent(self.canvas, turn)
        at, goal = self.at(*middle), QPointF(self.canvas.rect().center())
        steps = [at + (goal - at) * (i / 8) for i in range(9)]
        self.drag(steps, Qt.MouseButton.MiddleButton)

    def brush(self, *strokes) -> None:
        """Paint strokes, each from mesh node to mesh node with a brush measured in eye spans."""
        left, right = self.mesh[33], self.mesh[263]
        span = float(np.linalg.norm(right - left))

        def paint() -> None:
            for stroke in strokes:
                (start, size), (end, _) = stroke
                self.canvas.set_brush(size=size * span, hardness=0.9)
                self.canvas.brush_resized.emit()
                line = np.linspace(self.mesh[start], self.mesh[end], 12)
                self.drag([self.at(*point) for point in line], Qt.MouseButton.LeftButton)

        # The preview follows the brush; on a busy machine an empty one may come first.
        readout, shown = self.window.editor.readout, []
        readout.previewed.connect(lambda images: shown.append(bool(images)))
        self.wait(readout.previewed, paint, until=lambda: shown[-1], calm=2500)
        self.leave_the_canvas()

    def leave_the_canvas(self) -> None:
        QApplication.sendEvent(self.canvas, QEvent(QEvent.Type.Leave))

    def fill(self) -> None:
        self.wait(
            self.window.editor.filled,
            lambda: QTest.keyClick(self.canvas, Qt.Key.Key_Return),
            until=lambda: not self.window.editor.is_busy,
            calm=2500,
        )

    def check(self, name: str, on: bool) -> None:
        action = self.found(QAction, name)
        if action.isChecked() != on:
            action.trigger()

    # Pictures.

    def shoot(self, name: str) -> None:
        pause(200)
        buffer = QBuffer()
        buffer.open(QBuffer.OpenModeFlag.WriteOnly)
        assert self.window.grab().save(buffer, "PNG")
        save(Image.open(io.BytesIO(bytes(buffer.data().data()))), self.folder / f"{name}.webp")

    def close(self) -> None:
        self.window.document.history.mark_saved()
        self.window.close()
        self._store.cleanup()


def save(picture: Image.Image, path: Path) -> None:
    """Write a picture so that a checkout stays small."""
    picture.convert("RGB").save(path, "WEBP", quality=QUALITY, method=6)
    print(f"{path.name}: {picture.width} x {picture.height}, {path.stat().st_size // 1024} KiB")


def take_welcome(application: QApplication, folder: Path) -> None:
    sitting = Sitting(application, "dark", "en", folder)
    sitting.shoot("welcome")
    sitting.close()


def take_dark(application: QApplication, folder: Path) -> None:
    """After a fill: the result and its readings."""
    sitting = Sitting(application, "dark", "en", folder)
    sitting.open()
    sitting.look_at_the_face(0.55)
    sitting.brush(MOUTH, EYE)
    sitting.fill()
    sitting.shoot("editor-dark")
    sitting.close()


def take_fill(_: QApplication, folder: Path) -> None:
    """The strip of before, mask and after: dark glasses that were drawn over the sample."""
    inpainter, photo = create_inpainter(), open_photo(SAMPLE)
    (face,) = inpainter.find_faces(photo)
    assert face.mesh is not None
    mesh = face.mesh[:, :2]
    worn = wear(photo.rgb8, mesh, "sunglasses", np.random.default_rng(GLASSES))
    before = photo_from_array(worn.photo)
    filled = inpainter.fill(FillRequest(before, Mask(worn.mask)))
    after = before.apply(*filled.patches).rgb8
    save(strip(worn.photo, worn.mask, after, mesh), folder / "fill.webp")


def take_light(application: QApplication, folder: Path) -> None:
    """Before and after, divided."""
    sitting = Sitting(application, "light", "en", folder)
    sitting.open()
    sitting.look_at_the_face(0.55)
    sitting.brush(MOUTH)
    sitting.fill()
    sitting.check("split", True)
    sitting.shoot("editor-light")
    sitting.close()


def take_korean(application: QApplication, folder: Path) -> None:
    """While painting: the mask with its lines, and the preview under it."""
    sitting = Sitting(application, "dark", "ko", folder)
    sitting.open()
    sitting.look_at_the_face(0.55)
    sitting.brush(MOUTH)
    sitting.shoot("editor-korean")
    sitting.close()


def strip(before: np.ndarray, mask: np.ndarray, after: np.ndarray, mesh: np.ndarray) -> Image.Image:
    """The face three times, side by side: as it was, what is hidden, and filled."""
    low, high = mesh.min(0), mesh.max(0)
    middle, half = (low + high) / 2, 0.75 * float((high - low).max())
    left, top = (int(v) for v in np.maximum(middle - half, 0))
    right, bottom = (int(v) for v in middle + half)
    tint = np.array([91, 124, 255])
    weight = mask[..., None] / 255 * 0.85
    hidden = (before[..., :3] * (1 - weight) + tint * weight).astype(np.uint8)
    side, gap = 320, 8
    picture = Image.new("RGB", (3 * side + 2 * gap, side), "#ffffff")
    drawing = ImageDraw.Draw(picture)
    for number, pixels in enumerate((before, hidden, after)):
        cut = Image.fromarray(pixels[top:bottom, left:right, :3])
        at = number * (side + gap)
        picture.paste(cut.resize((side, side), Image.Resampling.LANCZOS), (at, 0))
        drawing.rectangle((at, 0, at + side - 1, side - 1), outline="#c8c8c8")
    return picture


SHOTS = {
    "welcome": take_welcome,
    "dark": take_dark,
    "fill": take_fill,
    "light": take_light,
    "korean": take_korean,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=SHOTS, action="append")
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent)
    options = parser.parse_args()
    if sys.platform == "linux":
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QApplication(sys.argv[:1])
    options.folder.mkdir(parents=True, exist_ok=True)
    for name in options.only or SHOTS:
        SHOTS[name](application, options.folder)


if __name__ == "__main__":
    main()
