"""A window on a photo, with an inpainter that answers at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QSettings, Qt
from PySide6.QtWidgets import QApplication, QComboBox

from engine.base.errors import Cancelled, MienError
from engine.face.doubt import Doubt
from engine.face.finder import Face, FaceFrame
from engine.face.shape import load_shapes
from engine.inpaint import FillRequest, FillResult, Patch, Preview, Progress
from engine.photo import photo_from_array, save_photo
from engine.readings import EMOTIONS, KEEP, OFF, FaceReading
from engine.reference import Taken
from engine.reference.portrait import Portrait
from engine.worn import outline
from engine.worn.outline import Seen
from gui import theme
from gui.dialogs.messages import FailureDialog, Question
from gui.main_window import MainWindow
from gui.settings import Settings
from gui.translation import set_language

THEIRS = 330, 250  # the size of the photo of `awake`
LIDS = ((159, 145), (386, 374), (160, 144), (158, 153), (385, 380), (387, 373))


def face_at(x: float, y: float, side: float) -> Face:
    """The mean face in a square of the photo."""
    space = load_shapes()
    assert space is not None
    mesh = (space.mean * side + (x, y)).astype(np.float32)
    return Face((x, y, side, side), 1.0, 0.0, mesh)


def shut(face: Face) -> Face:
    """The face with lids that meet."""
    assert face.mesh is not None
    mesh = face.mesh.copy()
    for upper, lower in LIDS:
        mesh[[upper, lower]] = mesh[[upper, lower]].mean(0)
    return replace(face, mesh=mesh)


def probabilities(emotion: str, share: float) -> tuple[float, ...]:
    rest = (1 - share) / (len(EMOTIONS) - 1)
    return tuple(share if name == emotion else rest for name in EMOTIONS)


class FakeInpainter:
    """Fills green, with the variant's number in red. The photo reads as happy; a fill as what was
    asked for. Nodes under the mask are hidden.

    `gate` holds a fill until it is set, `preview_gate` a preview; `error` makes a fill fail;
    `kind` is that of its patches, `suggestions` the frames it guesses at, `doubts` what it
    says of its faces. `shown` are the faces of other photos by their size, in place of `faces`;
    `likeness` is how much a face of a reference is like one of the photo, by the left edges of
    their boxes: 0.6 where nothing else is said.
    """

    def __init__(self) -> None:
        self.gate, self.preview_gate = threading.Event(), threading.Event()
        self.gate.set()
        self.preview_gate.set()
        self.started = threading.Event()
        self.error: str | None = None
        self.kind = "face"
        self.suggestions: tuple[FaceFrame, ...] = ()
        self.doubts: tuple[Doubt, ...] = ()
        self.requests: list[FillRequest] = []
        self.previews: list[FillRequest] = []
        self.faces: tuple[Face, ...] = ()
        self.near: tuple[Face, ...] = ()
        self.search_gate = threading.Event()
        self.shown: dict[tuple[int, int], tuple[Face, ...]] = {}
        self.likeness: dict[tuple[float, float], float] = {}
        self.people: dict[tuple[int, int], int] = {}
        self.look_gate = threading.Event()
        self.look_gate.set()

    def portraits(self, photo, faces, mask=None, options=None) -> tuple[Portrait | None, ...]:
        """`people` says who is in a photo, by its size: all in it are the same, 0 by default.
        `look_gate` holds the look."""
        self.look_gate.wait(5)
        told = np.eye(8, dtype=np.float32)[[self.people.get(photo.size, 0)]]
        return tuple(
            None if face.mesh is None else Portrait(face.box, face.box[2], told, None, (0.3, 0.3))
            for face in faces
        )

    def find_faces(self, photo, cancel=None, first=None) -> tuple[Face, ...]:
        """`near` are told first, and the rest once `search_gate` is set."""
        if self.near and first is not None:
            first(self.near)
            self.search_gate.wait(5)
        return self.shown.get(photo.size, self.faces)

    def _taken(self, request: FillRequest) -> tuple[Taken, ...]:
        """What became of references: those of one's own person give all they may."""
        found = []
        faces = request.faces or self.faces
        for number, reference in enumerate(request.references):
            for face, shown in enumerate(faces):
                if reference.of not in (None, face) or not request.mask.pixels.any():
                    continue
                place = shown.box[0], reference.face.box[0]
                likeness = self.likeness.get(place, 0.6)
                same = reference.sure or likeness >= 0.2
                shares = dict.fromkeys(reference.regions, reference.strength) if same else {}
                found.append(Taken(face, number, reference.name, likeness, same, shares))
        return tuple(found)

    def preview(
        self,
        request: FillRequest,
        *,
        detailed: bool = False,
        cancel: threading.Event | None = None,
    ) -> Preview:
        self.previews.append(request)
        self.preview_gate.wait(5)
        readings = tuple(self._reading(n, f, request) for n, f in enumerate(request.faces or ()))
        return Preview((), readings, self._taken(request))

    def _reading(self, number: int, face: Face, request: FillRequest) -> FaceReading:
        assert face.mesh is not None
        options = request.options
        mesh = face.mesh.copy()
        x, y = mesh.astype(int).T
        hidden = request.mask.pixels[y, x] > 127
        for node in options.nodes:
            if node.face == number:
                mesh[node.node] = node.x, node.y
        before, after = probabilities("happiness", 0.9), None
        if hidden.any():
            named = options.emotion not in (KEEP, OFF)
            share = 0.5 * options.strength if named else 0.8
            after = probabilities(options.emotion if named else "happiness", share)
        modules = ("landmarks",) * options.landmarks + ("emotion",) * (options.emotion != OFF)
        shift = 0.02 if hidden.any() else None
        return FaceReading(number, before, after, mesh, hidden, shift, modules, face.mesh)

    def fill(
        self,
        request: FillRequest,
        progress: Callable[[Progress], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> FillResult:
        self.requests.append(request)
        if progress is not None:
            progress(Progress("generate", 0.5))
        self.started.set()
        while not self.gate.wait(0.01):
            if cancel is not None and cancel.is_set():
                raise Cancelled
        if self.error is not None:
            raise MienError(self.error)
        box = request.mask.bounds
        assert box is not None
        x, y, width, height = box
        pixels = np.zeros((height, width, 3), request.photo.pixels.dtype)
        pixels[..., 0] = request.options.variant
        pixels[..., 1] = np.iinfo(pixels.dtype).max
        alpha = request.mask.pixels[y : y + height, x : x + width].copy()
        patch = Patch(box, pixels, alpha, self.kind, 0.1)
        readings = tuple(self._reading(n, f, request) for n, f in enumerate(self.faces))
        result = FillResult((patch,), self.faces, "fake", "cpu", 0.1, readings)
        object.__setattr__(result, "suggestions", self.suggestions)
        object.__setattr__(result, "doubts", self.doubts)
        object.__setattr__(result, "references", self._taken(request))
        return result


@pytest.fixture(autouse=True)
def _no_question_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A question that no test answers fails at once instead of waiting for a person."""

    def ask(question: Question) -> int:
        raise AssertionError(f"nobody answers: {sorted(question.buttons)}")

    def show(dialog: FailureDialog) -> int:
        raise AssertionError(f"nobody expects a failure: {dialog.failure.detail}")

    monkeypatch.setattr(Question, "exec", ask)
    monkeypatch.setattr(FailureDialog, "exec", show)


@pytest.fixture
def fake() -> FakeInpainter:
    return FakeInpainter()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat))


@pytest.fixture
def window(qtbot, qapp: QApplication, fake: FakeInpainter, settings) -> Iterator[MainWindow]:
    set_language("en")
    theme.apply_theme(qapp, "dark")
    shown = MainWindow(settings, lambda: fake)
    shown.resize(1100, 760)
    shown.show()
    qtbot.waitExposed(shown)
    yield shown
    fake.gate.set()
    shown.files.may_leave_all = lambda then=None: True  # type: ignore[method-assign]
    shown.close()
    shown.deleteLater()


@pytest.fixture
def photo_path(tmp_path: Path) -> Path:
    y, x = np.mgrid[:300, :400]
    pixels = np.stack([x % 256, y % 256, (x + y) % 256], -1).astype(np.uint8)
    return save_photo(photo_from_array(pixels), tmp_path / "사진.png")


@pytest.fixture
def another_path(tmp_path: Path) -> Path:
    pixels = np.full((260, 340, 3), (200, 90, 40), np.uint8)
    return save_photo(photo_from_array(pixels), tmp_path / "other.png")


@pytest.fixture
def opened(qtbot, window: MainWindow, photo_path: Path) -> MainWindow:
    """The window with the photo open and the search for faces over."""
    window.open(photo_path)
    qtbot.waitUntil(lambda: window.document.faces is not None)
    return window


@pytest.fixture
def faced(qtbot, window: MainWindow, photo_path: Path, fake: FakeInpainter) -> MainWindow:
    """The same with two faces in the photo, read."""
    fake.faces = (face_at(40, 40, 200), face_at(270, 100, 100))
    window.open(photo_path)
    # Above all the mesh's list of edges is read, once a session.
    qtbot.waitUntil(lambda: len(window.editor.readout.readings.faces) == 2, timeout=60_000)
    return window


class Hand:
    """A person at the canvas. Points are photo coordinates."""

    def __init__(self, qtbot, window: MainWindow) -> None:
        self._bot, self._window = qtbot, window

    def at(self, x: float, y: float) -> QPoint:
        """The canvas point of a photo coordinate."""
        return self._window.canvas.view.to_widget(x, y).toPoint()

    def press(self, x: float, y: float) -> None:
        self._bot.mousePress(self._window.canvas, Qt.MouseButton.LeftButton, pos=self.at(x, y))

    def release(self, x: float, y: float) -> None:
        self._bot.mouseRelease(self._window.canvas, Qt.MouseButton.LeftButton, pos=self.at(x, y))

    def click(self, x: float, y: float) -> None:
        self._bot.mouseClick(self._window.canvas, Qt.MouseButton.LeftButton, pos=self.at(x, y))

    def key(self, key, modifier=Qt.KeyboardModifier.NoModifier) -> None:
        self._bot.keyClick(self._window.canvas, key, modifier)

    def stroke(self, *points: tuple[float, float]) -> None:
        """Press, drag and release."""
        self.press(*points[0])
        # QTest's mouse moves carry no button: drags go through the tool as the canvas calls it.
        for point in points[1:]:
            self._window.canvas.tool.drag(point, 1.0)
        self.release(*points[-1])

    def fill(self) -> None:
        self.key(Qt.Key.Key_Return)
        window = self._window
        self._bot.waitUntil(lambda: not window.editor.is_busy and not window.document.has_mask)

    def settle(self) -> None:
        """Until the readout has answered everything that was asked."""
        readout = self._window.editor.readout
        self._bot.waitUntil(lambda: not readout._asked and not readout._timer.isActive())

    def hide_mouth(self) -> None:
        """Paint over the mouth of the first face of `faced`."""
        self._window.canvas.set_brush(60)
        self.stroke((115, 188), (165, 188))
        self.settle()

    def place(self, node: int, face: int = 0) -> tuple[float, float]:
        """Where a node is drawn."""
        shape = self._window.canvas.mesh.shape(face)
        assert shape is not None
        x, y = shape.points[node].tolist()
        return x, y

    def drag_node(self, node: int, dx: float, dy: float) -> None:
        x, y = self.place(node)
        self.stroke((x, y), (x + dx / 2, y + dy / 2), (x + dx, y + dy))


@pytest.fixture
def pick(qtbot) -> Callable[[QComboBox, object], None]:
    """Goes to a chooser by keyboard, and with its arrow keys to an entry."""

    def picked(chooser: QComboBox, data: object) -> None:
        chooser.setFocus(Qt.FocusReason.TabFocusReason)
        away = chooser.findData(data) - chooser.currentIndex()
        for _ in range(abs(away)):
            qtbot.keyClick(chooser, Qt.Key.Key_Down if away > 0 else Qt.Key.Key_Up)

    return picked


@pytest.fixture
def hand(qtbot, window: MainWindow) -> Hand:
    return Hand(qtbot, window)


@pytest.fixture
def sessions(tmp_path: Path, monkeypatch) -> Path:
    """A folder of its own for what the editor keeps against a crash."""
    monkeypatch.setenv("MIEN_SESSIONS", str(tmp_path / "sessions"))
    return tmp_path / "sessions"


@pytest.fixture
def two(qtbot, opened: MainWindow, another_path: Path) -> MainWindow:
    """The window with two photos; the second is shown."""
    opened.open(another_path)
    qtbot.waitUntil(lambda: opened.document.path == another_path)
    qtbot.waitUntil(lambda: opened.document.faces is not None)
    return opened


@pytest.fixture
def blinking(qtbot, window: MainWindow, photo_path: Path, fake) -> MainWindow:
    """Two faces, the second with its eyes closed."""
    fake.faces = (face_at(40, 40, 200), shut(face_at(270, 100, 100)))
    window.open(photo_path)
    qtbot.waitUntil(lambda: len(window.editor.readout.readings.faces) == 2, timeout=60_000)
    return window


@pytest.fixture
def awake(tmp_path: Path, fake) -> Path:
    """Another photo of both, with open eyes; the second face lies at the left."""
    fake.shown[THEIRS] = (face_at(10, 30, 120), face_at(180, 30, 120))
    fake.likeness = {(40, 10): 0.1, (40, 180): 0.7, (270, 10): 0.6, (270, 180): 0.05}
    pixels = np.full((THEIRS[1], THEIRS[0], 3), 120, np.uint8)
    return save_photo(photo_from_array(pixels), tmp_path / "next.png")


@pytest.fixture
def wears(monkeypatch) -> dict[str, int]:
    """How many of the faces that are looked at wear a thing: a box of 40 x 20 at their middle."""
    worn: dict[str, int] = {}
    left = dict(worn)

    def look(rgb, mesh, thing, network=None):
        left.setdefault(thing, worn.get(thing, 0))
        if not left[thing]:
            return None
        left[thing] -= 1
        x, y = mesh.mean(0).astype(int).tolist()
        return Seen(thing, (x - 20, y - 10, 40, 20), np.full((20, 40), 255, np.uint8))

    monkeypatch.setattr(outline, "see", look)
    return worn
