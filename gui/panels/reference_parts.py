"""What the section of references is made of: a picture with its face marked, a card for each
reference, and the table of what each may give."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from engine.modules.emotion import WORDS
from engine.readings import EMOTIONS
from engine.reference import REGIONS
from gui import parts, theme
from gui.panels.widgets import Elided, Slider, give_focus_back, quiet, tabular
from gui.references import Known, painted_regions
from gui.sought import Candidate
from gui.translation import tr

PICTURE, SMALL, TINY = 60, 36, 22  # pixels of a picture's side
COLUMNS = 6  # of faces to choose from
MOST = 3  # expressions that a tool tip names
FEWEST = 2  # faces from which on they are offered to choose from


class FacePicture(QAbstractButton):
    """A photo around a face, with the face marked. Checkable where another one can be chosen."""

    def __init__(self, side: int, *, marked: bool = True) -> None:
        super().__init__()
        self._candidate: Candidate | None = None
        self._marked = marked
        self.setFixedSize(side, side)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def show_candidate(self, candidate: Candidate | None) -> None:
        if candidate is not self._candidate:
            self._candidate = candidate
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        colours, area = theme.colours(), QRectF(self.rect())
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        round_ = QPainterPath()
        round_.addRoundedRect(area.adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)
        painter.fillPath(round_, QColor(colours.hover))
        if self._candidate is not None:
            painter.save()
            painter.setClipPath(round_)
            painter.drawImage(area, _zoomed(self._candidate, self._marked))
            painter.restore()
            if self._marked:
                x, y, width, height = self._candidate.place
                side = area.width()
                place = QRectF(x * side, y * side, width * side, height * side)
                painter.setPen(QPen(QColor(0, 0, 0, 110), 2.6))
                painter.drawRoundedRect(place, 4, 4)
                painter.setPen(QPen(QColor("#ffffff"), 1.3))
                painter.drawRoundedRect(place, 4, 4)
        chosen = self.isChecked() or self.hasFocus()
        if chosen:
            painter.setPen(QPen(QColor(colours.accent if self.isChecked() else colours.text), 2))
            painter.drawRoundedRect(area.adjusted(1, 1, -1, -1), 5, 5)


def _zoomed(candidate: Candidate, whole: bool) -> QImage:
    """The picture of a face; not whole, the face alone."""
    if whole:
        return candidate.picture
    side, (x, y, width, height) = candidate.picture.width(), candidate.place
    cut = QRectF(x * side, y * side, width * side, height * side).toAlignedRect()
    grown = max(cut.width(), cut.height())
    cut.moveLeft(cut.left() - (grown - cut.width()) // 2)
    cut.moveTop(cut.top() - (grown - cut.height()) // 2)
    cut.setSize(QSize(grown, grown))
    return candidate.picture.copy(cut.intersected(candidate.picture.rect()))


class ReferenceCard(QFrame):
    """One reference. Signals: `removed`, `used_anyway`; `face_chosen` with a face; `strength_set`
    with it from 0 to 1, and whether a new drag begins."""

    removed = Signal()
    used_anyway = Signal()
    face_chosen = Signal(object)
    strength_set = Signal(float, bool)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("reference")
        self.picture = FacePicture(PICTURE)
        self.picture.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.picture.setCursor(Qt.CursorShape.PointingHandCursor)
        self.name, self.says = Elided(), Elided(Qt.TextElideMode.ElideRight)
        self.says.setProperty("quiet", True)
        self.remove = QToolButton()
        self.remove.setObjectName("closeCard")
        theme.Sign(self.remove, "close")
        self.remove.setIconSize(QSize(13, 13))
        self.remove.setFixedSize(22, 22)
        self.remove.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.remove.clicked.connect(self.removed)
        self.strength = Slider(tr("Strength"))
        self.strength.setRange(0, 100)
        self.strength.setToolTip(tr("How much of what it shows is taken"))
        self.strength.valueChanged.connect(self._on_strength)
        self.strength.sliderReleased.connect(self._on_released)
        self._percent = QLabel()
        self._percent.setFont(tabular(self._percent.font()))
        self._percent.setFixedWidth(42)
        self._percent.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._is_sliding = False
        self.who = Elided(Qt.TextElideMode.ElideRight)
        self.anyway = QPushButton(tr("Use anyway"))
        self.anyway.setObjectName("small")
        self.anyway.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.anyway.clicked.connect(self.used_anyway)
        self.which = quiet()
        self.which.setWordWrap(True)
        self._faces: list[FacePicture] = []
        self._listed: tuple[Candidate, ...] = ()
        self._build()

    def _build(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(self.name, 1)
        head.addWidget(self.remove)
        told = QVBoxLayout()
        told.setSpacing(1)
        told.addLayout(head)
        told.addWidget(self.says)
        told.addWidget(self.who)
        top = QHBoxLayout()
        top.setSpacing(10)
        top.addWidget(self.picture, 0, Qt.AlignmentFlag.AlignTop)
        top.addLayout(told, 1)
        self._choice, grid = QWidget(), QGridLayout()
        grid.setSpacing(4)
        grid.setColumnStretch(COLUMNS, 1)
        self._grid = grid
        choice = QVBoxLayout(self._choice)
        choice.setContentsMargins(0, 0, 0, 0)
        choice.setSpacing(4)
        choice.addWidget(self.which)
        choice.addLayout(grid)
        self._sliding = QWidget()
        sliding = QHBoxLayout(self._sliding)
        sliding.setContentsMargins(0, 0, 0, 0)
        sliding.setSpacing(10)
        title = quiet(tr("Strength"))
        title.setFixedWidth(PICTURE)
        sliding.addWidget(title)
        sliding.addWidget(self.strength, 1)
        sliding.addWidget(self._percent)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(6)
        column.addLayout(top)
        column.addWidget(self._choice)
        column.addWidget(self._sliding)
        column.addWidget(self.anyway)

    def show_known(self, known: Known) -> None:
        """What is known of it."""
        one = known.shelved
        self.picture.show_candidate(known.candidate)
        self.name.show_text(one.source.name)
        look = tr("See {name} beside the photo").format(name=one.source.name)
        self.picture.setAccessibleName(look)
        self.picture.setToolTip(look)
        remove = tr("Remove {name} from the shelf").format(name=one.source.name)
        self.remove.setToolTip(remove)
        self.remove.setAccessibleName(remove)
        self.says.show_text(_says(known), "\n".join(_read(known)))
        percent = round(100 * one.strength)
        self.strength.blockSignals(True)
        self.strength.setValue(percent)
        self.strength.blockSignals(False)
        self._percent.setText(f"{percent} %")
        doubtful = known.is_doubtful
        self.who.show_text(*_who(known))
        self.who.setObjectName("doubt" if doubtful else "quiet")
        self.who.style().unpolish(self.who)
        self.who.style().polish(self.who)
        self.anyway.setVisible(doubtful)
        self._sliding.setVisible(not doubtful)
        self._list_faces(known)

    def _list_faces(self, known: Known) -> None:
        listed = known.others if len(known.others) >= FEWEST else ()
        if listed != self._listed:
            for face in self._faces:
                self._grid.removeWidget(face)
                face.deleteLater()
            self._faces, self._listed = [], listed
            for number, candidate in enumerate(listed):
                face = FacePicture(SMALL, marked=False)
                face.setCheckable(True)
                face.setFocusPolicy(Qt.FocusPolicy.TabFocus)
                face.show_candidate(candidate)
                text = tr("Face {number} of {count}").format(number=number + 1, count=len(listed))
                face.setAccessibleName(text)
                face.setToolTip(tr("This face of the photo is meant"))
                face.clicked.connect(lambda _=False, c=candidate: self.face_chosen.emit(c.face))
                self._grid.addWidget(face, number // COLUMNS, number % COLUMNS)
                self._faces.append(face)
        for face, candidate in zip(self._faces, listed, strict=True):
            face.setChecked(candidate is known.candidate)
        self._choice.setVisible(bool(listed))
        # Nobody in it is surely the same person: the eye decides.
        asks = tr("Which of these is this person? Click the face.")
        self.which.setText(asks if known.is_doubtful else tr("Faces in this photo"))

    @property
    def faces(self) -> list[FacePicture]:
        """The faces to choose from, none where there is but one."""
        return self._faces

    def _on_strength(self, percent: int) -> None:
        self._percent.setText(f"{percent} %")
        self.strength_set.emit(percent / 100, not self._is_sliding)
        self._is_sliding = self.strength.isSliderDown()

    def _on_released(self) -> None:
        self._is_sliding = False


def _says(known: Known) -> str:
    """The expression it shows."""
    if known.candidate is None:
        return tr("Looking at it…")
    read = _read(known)
    return read[0] if read else ""


def _read(known: Known) -> list[str]:
    """The clearest expressions that it shows, in words."""
    expression = None if known.candidate is None else known.candidate.expression
    if expression is None:
        return []
    read = sorted(zip(expression, EMOTIONS, strict=True), reverse=True)
    return [f"{tr(WORDS[name])} {share * 100:.0f} %" for share, name in read[:MOST]]


def _who(known: Known) -> tuple[str, str]:
    """Whether it is the same person, and the figure behind that."""
    if known.taken is None:
        return "", ""
    likeness = tr("likeness {value:.2f}").format(value=known.taken.likeness)
    if known.is_doubtful:
        why = tr("Nothing is taken from it unless you say that it is this person")
        return tr("May be someone else"), f"{likeness}\n{why}"
    if known.taken.turned:
        return tr("Turned otherwise"), tr("The face looks another way there; nothing can be taken")
    return tr("Same person"), likeness


class Dot(QAbstractButton):
    """A cell of the table: on or off."""

    def __init__(self) -> None:
        super().__init__()
        self.setCheckable(True)
        self.setFixedSize(24, 22)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme.colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = QPointF(self.width() / 2, self.height() / 2)
        edge = colours.accent if self.isChecked() else colours.edge
        painter.setOpacity(1.0 if self.isEnabled() else 0.35)
        painter.setPen(QPen(QColor(colours.text if self.hasFocus() else edge), 1.4))
        painter.setBrush(QColor(colours.field))
        painter.drawEllipse(middle, 7, 7)
        if self.isChecked():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.accent))
            painter.drawEllipse(middle, 4.2, 4.2)


class RegionTable(QWidget):
    """Of each region whether it is painted, or which references may give it. Signals: `given` with
    a reference's id, a region and whether; `painted` with a region and whether."""

    given = Signal(str, str, bool)
    painted = Signal(str, bool)

    def __init__(self) -> None:
        super().__init__()
        self.dots: dict[tuple[str, str], Dot] = {}  # by reference ("" painted) and region
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(2)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(0, 1)
        for column, region in enumerate(REGIONS, 1):
            head = quiet(tr(parts.NAMES[region]))
            head.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            head.setObjectName("tableHead")
            self._grid.addWidget(head, 0, column)
        self._names: list[QWidget] = []
        self._add_row("", quiet(tr("Painted")), tr("Painted"))
        self._listed: list[str] = []

    def show_shelf(self, shelf: tuple[Known, ...]) -> None:
        listed = [known.shelved.id for known in shelf]
        if listed != self._listed:
            self._list(shelf)
            self._listed = listed
        painted = painted_regions(shelf)
        doubtful = {known.shelved.id for known in shelf if known.is_doubtful}
        for (name, region), dot in self.dots.items():
            one = next((k.shelved for k in shelf if k.shelved.id == name), None)
            # Who may be someone else gives nothing, and nothing looks as if it did.
            gives = one is not None and name not in doubtful and region in one.regions
            dot.setChecked(region in painted if one is None else gives)
            dot.setEnabled(name not in doubtful)
        for known, name in zip(shelf, self._names[1:], strict=True):
            assert isinstance(name, FacePicture)
            name.show_candidate(known.candidate)

    def _list(self, shelf: tuple[Known, ...]) -> None:
        for widget in (*self._names[1:], *(dot for (n, _), dot in self.dots.items() if n)):
            self._grid.removeWidget(widget)
            widget.deleteLater()
        self._names = self._names[:1]
        self.dots = {key: dot for key, dot in self.dots.items() if not key[0]}
        for known in shelf:
            picture = FacePicture(TINY, marked=False)
            picture.setEnabled(False)
            picture.setAccessibleName(known.shelved.source.name)
            picture.setToolTip(known.shelved.source.name)
            self._add_row(known.shelved.id, picture, known.shelved.source.name)

    def _add_row(self, name: str, widget: QWidget, title: str) -> None:
        row = len(self._names) + 1
        self._names.append(widget)
        self._grid.addWidget(widget, row, 0)
        for column, region in enumerate(REGIONS, 1):
            dot = self.dots[(name, region)] = Dot()
            text = f"{tr(parts.NAMES[region])}: {title}"
            dot.setAccessibleName(text)
            dot.setToolTip(text)
            dot.clicked.connect(lambda on, n=name, r=region: self._on_clicked(n, r, on))
            self._grid.addWidget(dot, row, column, Qt.AlignmentFlag.AlignHCenter)

    def _on_clicked(self, name: str, region: str, on: bool) -> None:
        if name:
            self.given.emit(name, region, on)
        else:
            self.painted.emit(region, on)
        give_focus_back(self)
