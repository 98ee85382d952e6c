"""The first minute: three hints over the sample, each gone once it is followed."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from gui.canvas.canvas import Canvas
from gui.document import Document
from gui.editor import Editor
from gui.settings import Settings
from gui.translation import tr

MARGIN = 18  # pixels between the panel and the canvas's lower edge
SEEN = "hints_seen"  # setting


class HintPanel(QFrame):
    """What to press next, and how far that is."""

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas)
        self.setObjectName("offer")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.step, self.words, self.skip = QLabel(), QLabel(), QPushButton(tr("No hints"))
        self.step.setProperty("quiet", True)
        self.words.setObjectName("question")
        self.skip.setObjectName("link")
        self.skip.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        told = QVBoxLayout()
        told.setSpacing(2)
        told.addWidget(self.step)
        told.addWidget(self.words)
        row = QHBoxLayout(self)
        row.setContentsMargins(18, 11, 10, 11)
        row.setSpacing(18)
        row.addLayout(told)
        row.addWidget(self.skip)
        self.hide()


class Hints(QObject):
    """Leads through glasses, Enter, and holding C, in the sample it was begun with."""

    def __init__(
        self, canvas: Canvas, document: Document, editor: Editor, settings: Settings
    ) -> None:
        super().__init__(canvas)
        self._canvas, self._document, self._settings = canvas, document, settings
        self._at: int | None = None
        self._tab: object = None
        self.panel = HintPanel(canvas)
        self.panel.skip.clicked.connect(self.end)
        document.mask_changed.connect(lambda _box: self._reach(1, document.has_mask))
        editor.filled.connect(lambda _result: self._reach(2, True))
        canvas.before_shown.connect(lambda on: self._reach(3, on))
        canvas.view_changed.connect(lambda _zoom: self._place())
        document.opened.connect(self._show)

    def expect(self) -> None:
        """The sample is being opened: the hints begin with it, unless they were followed before."""
        if not self._settings.flag(SEEN, False):
            self._at, self._tab = 0, None

    def translate(self) -> None:
        self._show()

    def end(self) -> None:
        """They are not shown again."""
        self._at = None
        self._settings.keep(SEEN, True)
        self._show()
        self._canvas.setFocus()

    def _reach(self, step: int, done: bool) -> None:
        if self._at == step - 1 and done and self._document.tab is self._tab:
            self._at = step
            if step == len(words()):
                self.end()
            self._show()

    def _show(self) -> None:
        tab = self._document.tab
        if self._at is not None and self._tab is None:
            self._tab = tab  # the sample, which was waited for
        shown = self._at is not None and tab is not None and tab is self._tab
        self.panel.setVisible(shown)
        if shown and self._at is not None:
            steps = words()
            told = tr("Step {number} of {count}").format(number=self._at + 1, count=len(steps))
            self.panel.step.setText(told)
            self.panel.words.setText(steps[self._at])
            self.panel.skip.setText(tr("No hints"))
            self._place()

    def _place(self) -> None:
        if self.panel.isHidden():
            return
        layout = self.panel.layout()
        assert layout is not None
        self.panel.setFixedSize(layout.totalSizeHint())  # of the words by now
        room, size = self._canvas.size(), self.panel.size()
        x = max(8, (room.width() - size.width()) // 2)
        self.panel.move(x, max(8, room.height() - size.height() - MARGIN))
        self.panel.raise_()


def words() -> tuple[str, ...]:
    """What is to be done, step by step."""
    return (
        tr("Press Glasses at the right: they are masked."),
        tr("Press Enter: the face behind them comes back."),
        tr("Hold C to see how it was."),
    )
