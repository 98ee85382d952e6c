"""Expression and geometry of the face that is read: the photo's beside the fill's, live."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from engine.modules.emotion import WORDS
from engine.modules.registry import MODULES
from engine.readings import EMOTIONS, FaceReading
from gui import theme
from gui.panels.fold import Fold
from gui.panels.widgets import figure, quiet, tabular
from gui.readout import Readings
from gui.settings import Settings
from gui.translation import tr

NAME, FIGURES, BAR = 78, 58, 5  # pixels
Pair = tuple[float | None, float | None]


class ExpressionPanel(QWidget):
    """What is read in one line, which opens: expressions as bars, and a few figures."""

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.legend = Legend()
        self.rows = {name: EmotionRow(tr(text)) for name, text in WORDS.items()}
        self.hint = quiet()
        self.hint.setWordWrap(True)
        rows = {module.name: module.row for module in MODULES if module.row is not None}
        self.facts = {name: figure() for name in (*rows, "modules", "seconds")}
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(5)
        column.addWidget(self.hint)
        bars = QVBoxLayout()
        bars.setSpacing(0)
        for row in self.rows.values():
            bars.addWidget(row)
        column.addLayout(bars)
        names = {name: tr(row.title) for name, row in rows.items()}
        names |= {"modules": tr("Taken care of"), "seconds": tr("Time")}
        table = QVBoxLayout()
        table.setSpacing(2)
        for name, text in names.items():
            value = self.facts[name]
            value.setAccessibleName(text)
            row = QHBoxLayout()
            row.addWidget(quiet(text))
            row.addWidget(value, 1)
            table.addLayout(row)
        for name, row in rows.items():
            self.facts[name].setToolTip(tr(row.tip))
        column.addLayout(table)
        self.fold = Fold("", body, settings, "readings", beside=self.legend, is_open=False)
        self.fold.title.say_quietly()
        self.fold.title.toggled.connect(self.legend.setVisible)
        self.legend.setVisible(self.fold.title.isChecked())
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.fold)
        self.show_readings(Readings(), 0, 0)

    def show_readings(self, readings: Readings, selected: int, faces: int) -> None:
        """What is read of the selected one of so many faces."""
        reading = readings.of(selected)
        before = reading.before if reading else None
        after = reading.after if reading else None
        self.fold.title.say(_line(reading, faces))
        self.hint.setText(_hint(reading, faces))
        self.hint.setVisible(bool(self.hint.text()))
        self.legend.show_kinds(before is not None, after is not None, readings.filled)
        kind = tr("fill") if readings.filled else tr("preview")
        for name, row in self.rows.items():
            at = EMOTIONS.index(name)
            pair = (before[at] if before else None, after[at] if after else None)
            row.show_pair(pair, kind)
            row.setVisible(reading is None or pair != (None, None))
        for module in MODULES:
            if module.row is not None:
                # A preview is not the fill: what it changes says nothing of that.
                told = reading is not None and readings.filled
                share = module.row.share(reading) if told and reading is not None else None
                text = "–" if share is None else f"{share * 100:.{module.row.digits}f} %"
                self.facts[module.name].setText(text)
        self.facts["modules"].setText(_modules(reading))
        self.facts["seconds"].setText(_seconds(readings.seconds))


def _line(reading: FaceReading | None, faces: int) -> str:
    """What is read, in a few words."""
    if reading is None or reading.before is None:
        return tr("Reading…") if faces and reading is None else tr("Not read")
    was = _name(reading.before)
    if reading.after is None:
        return was
    now = _name(reading.after)
    if now == was:
        return tr("Looks the same: {expression}").format(expression=was)
    return tr("{before} became {after}").format(before=was, after=now)


def _name(likely: tuple[float, ...]) -> str:
    """The expression that is read most clearly."""
    return tr(WORDS[EMOTIONS[max(range(len(likely)), key=likely.__getitem__)]])


def _hint(reading: FaceReading | None, faces: int) -> str:
    if not faces:
        return tr("The expression is shown once a face is found.")
    if reading is None:
        return tr("Reading…")
    if reading.before is None and reading.after is None:
        return tr("Expressions cannot be read: no emotion network is installed.")
    return ""


def _modules(reading: FaceReading | None) -> str:
    if reading is None or (reading.after is None and reading.shift is None):
        return "–"
    words = {module.name: tr(module.title) for module in MODULES}
    return ", ".join(words.get(name, name) for name in reading.modules) or tr("none")


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    if seconds < 1:
        return tr("{count:.0f} ms").format(count=seconds * 1000)
    return tr("{seconds:.1f} s").format(seconds=seconds)


class EmotionRow(QWidget):
    """One expression: its name, two bars, two figures in per cent."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.pair: Pair = (None, None)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.show_pair((None, None), "")

    def show_pair(self, pair: Pair, kind: str) -> None:
        """Probabilities of photo and fill, None where there is none to show."""
        parts = []
        if pair[0] is not None:
            parts.append(tr("photo {percent:.0f} %").format(percent=pair[0] * 100))
        if pair[1] is not None:
            parts.append(f"{kind} {pair[1] * 100:.0f} %")
        self.setAccessibleName(f"{self.name}: {', '.join(parts) or tr('not read')}")
        if pair != self.pair:
            self.pair = pair
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, 18)

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme.colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(tabular(self.font()))
        middle, height = self.height() / 2, self.height()
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        read = any(value is not None for value in self.pair)
        painter.setPen(QColor(colours.text if read else colours.quiet))
        painter.drawText(QRectF(0, 0, NAME, height), left, self.name)
        room = self.width() - NAME - FIGURES - 6
        for number, (value, tint) in enumerate(
            zip(self.pair, (colours.seen, colours.predicted), strict=True)
        ):
            alone = None in self.pair
            top = middle - BAR / 2 if alone else middle - BAR - 0.75 + number * (BAR + 1.5)
            painter.setPen(Qt.PenStyle.NoPen)
            if value is None and (read or number):
                continue
            painter.setBrush(QColor(colours.line))
            painter.drawRoundedRect(QRectF(NAME, top, room, BAR), 2.5, 2.5)
            if value is not None:
                painter.setBrush(QColor(tint))
                length = max(3.0, room * min(value, 1.0))
                painter.drawRoundedRect(QRectF(NAME, top, length, BAR), 2.5, 2.5)
        half = FIGURES / 2
        for number, (value, ink) in enumerate(
            zip(self.pair, (colours.quiet, colours.text), strict=True)
        ):
            if value is not None:
                painter.setPen(QColor(ink if self.pair[1] is not None else colours.text))
                at = (
                    self.width() - half * (2 - number)
                    if None not in self.pair
                    else (self.width() - half)
                )
                painter.drawText(QRectF(at, 0, half, height), right, f"{value * 100:.0f}")


class Legend(QWidget):
    """Which colour is the photo, which the fill."""

    def __init__(self) -> None:
        super().__init__()
        self._kinds: list[tuple[str, bool]] = []
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_kinds(self, before: bool, after: bool, filled: bool) -> None:
        kinds = [(tr("photo"), False)] if before else []
        if after:
            kinds.append((tr("fill") if filled else tr("preview"), True))
        if kinds != self._kinds:
            self._kinds = kinds
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        width = sum(metrics.horizontalAdvance(text) + 25 for text, _ in self._kinds)
        return QSize(max(0, width - 11), 16)

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme.colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        x = 0
        for text, predicted in self._kinds:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.predicted if predicted else colours.seen))
            painter.drawEllipse(QRectF(x, self.height() / 2 - 4, 8, 8))
            painter.setPen(QColor(colours.quiet))
            width = self.fontMetrics().horizontalAdvance(text)
            painter.drawText(
                QRectF(x + 14, 0, width + 4, self.height()), Qt.AlignmentFlag.AlignVCenter, text
            )
            x += width + 25
