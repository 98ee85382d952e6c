"""The dialogs that tell or ask: a failure, unsaved fills, what saving would lose, shortcuts."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase, QGuiApplication, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMessageBox,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.actions import SPECS, plain
from gui.translation import tr
from gui.worker import Failure


class FailureDialog(QDialog):
    """One sentence, and behind a button the detail that can be copied into a report."""

    def __init__(self, failure: Failure, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Mien")
        self.setMinimumWidth(460)
        mark, sentence = QLabel(), QLabel(failure.sentence)
        mark.setPixmap(theme.icon("alert-circle-outline").pixmap(32, 32))
        sentence.setWordWrap(True)
        sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        top = QHBoxLayout()
        top.setSpacing(14)
        top.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        top.addWidget(sentence, 1)
        self.detail = QPlainTextEdit(failure.detail)
        self.detail.setReadOnly(True)
        self.detail.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.detail.setMinimumHeight(190)
        self.detail.hide()
        show, copy = QPushButton(tr("Detail")), QPushButton(tr("Copy"))
        show.setCheckable(True)
        show.toggled.connect(self.detail.setVisible)
        show.toggled.connect(lambda _on: self.adjustSize())
        copy.clicked.connect(
            lambda: QGuiApplication.clipboard().setText(f"{failure.sentence}\n\n{failure.detail}")
        )
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        bottom = QHBoxLayout()
        for button in (show, copy):
            button.setAutoDefault(False)
            bottom.addWidget(button)
        bottom.addStretch(1)
        bottom.addWidget(buttons)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(16)
        column.addLayout(top)
        column.addWidget(self.detail)
        column.addLayout(bottom)


class ShortcutsDialog(QDialog):
    """Every shortcut, in three columns."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Keyboard shortcuts"))
        grid = QGridLayout(self)
        grid.setContentsMargins(22, 20, 22, 18)
        grid.setHorizontalSpacing(18)
        grid.setVerticalSpacing(7)
        native = QKeySequence.SequenceFormat.NativeText
        rows = [
            (plain(tr(spec.text)), QKeySequence(spec.shortcut).toString(native))
            for spec in SPECS
            if spec.shortcut
        ]
        rows += [
            (tr("Move the view"), tr("Space + drag, middle button")),
            (tr("Zoom at the pointer"), tr("Wheel")),
            (tr("Brush size"), tr("Alt + wheel")),
            (tr("Straight stroke"), tr("Shift + click")),
            (tr("Take away (lasso, rectangle)"), tr("Alt + drag")),
            (tr("See the photo as opened"), "C"),
            (tr("Read a face (hand tool)"), tr("Click")),
            (tr("Next landmark (landmark tool)"), "PgDn"),
            (tr("Move a landmark"), tr("Arrow keys")),
            (tr("Release a landmark"), tr("Alt + click, Delete")),
        ]
        height = -(-len(rows) // 3)
        for number, (text, key) in enumerate(rows):
            column = 2 * (number // height)
            keys = QLabel(key)
            keys.setProperty("quiet", True)
            grid.addWidget(QLabel(text), number % height, column)
            grid.addWidget(keys, number % height, column + 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        grid.addWidget(buttons, height, 0, 1, 6)


def ask_to_save(parent: QWidget, name: str) -> QMessageBox.StandardButton:
    """Save, Discard or Cancel, for fills that are not saved yet."""
    button = QMessageBox.StandardButton
    box = QMessageBox(
        QMessageBox.Icon.Question,
        "Mien",
        tr("{name} has fills that are not saved.").format(name=name),
        button.Save | button.Discard | button.Cancel,
        parent,
    )
    box.setDefaultButton(button.Save)
    return QMessageBox.StandardButton(box.exec())


RECOVER, GIVE_UP, LATER = "recover", "give up", "later"


def ask_to_recover(parent: QWidget, name: str) -> str:
    """What becomes of work that was left when Mien was ended: RECOVER, GIVE_UP or LATER."""
    text = tr("Mien ended unexpectedly. Your work on {name} was kept.").format(name=name)
    box = QMessageBox(QMessageBox.Icon.Question, "Mien", text, parent=parent)
    go_on = box.addButton(tr("Go on with it"), QMessageBox.ButtonRole.AcceptRole)
    drop = box.addButton(tr("Delete it"), QMessageBox.ButtonRole.DestructiveRole)
    later = box.addButton(tr("Not now"), QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(go_on)
    box.setEscapeButton(later)
    box.exec()
    if box.clickedButton() is go_on:
        return RECOVER
    return GIVE_UP if box.clickedButton() is drop else LATER


def ask_to_find(parent: QWidget, sentence: str) -> bool:
    """Whether to say where a session's photo is now."""
    box = QMessageBox(QMessageBox.Icon.Question, "Mien", sentence, parent=parent)
    find = box.addButton(tr("Find the photo…"), QMessageBox.ButtonRole.AcceptRole)
    box.addButton(tr("Not now"), QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(find)
    box.exec()
    return box.clickedButton() is find


def ask_to_stop_fill(parent: QWidget, name: str) -> bool:
    """Whether to stop the fill that still runs, and leave."""
    text = tr("{name} is still being filled. What is painted is lost if you leave now.")
    return _ask(parent, text.format(name=name), tr("Stop and leave"))


def ask_to_drop_mask(parent: QWidget, name: str) -> bool:
    """Whether to leave although something is painted and not filled."""
    text = tr("{name} has a painted mask that is not filled yet.").format(name=name)
    return _ask(parent, text, tr("Leave without it"))


def _ask(parent: QWidget, text: str, leave: str) -> bool:
    box = QMessageBox(QMessageBox.Icon.Question, "Mien", text, parent=parent)
    go = box.addButton(leave, QMessageBox.ButtonRole.DestructiveRole)
    stay = box.addButton(tr("Keep editing"), QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(stay)
    box.setEscapeButton(stay)
    box.exec()
    return box.clickedButton() is go


def ask_to_stop_training(parent: QWidget) -> bool:
    """Whether to stop the training that still runs, and close."""
    box = QMessageBox(
        QMessageBox.Icon.Question,
        "Mien",
        tr("Training is still running. What it has learnt so far is kept and can be resumed."),
        parent=parent,
    )
    stop = box.addButton(tr("Stop training and close"), QMessageBox.ButtonRole.AcceptRole)
    keep = box.addButton(tr("Keep editing"), QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(keep)
    box.exec()
    return box.clickedButton() is stop


def ask_about_losses(parent: QWidget, losses: list[str]) -> bool:
    """Whether to save although the format cannot hold something."""
    button = QMessageBox.StandardButton
    words = {
        "16-bit depth": tr("16-bit depth"),
        "transparency": tr("transparency"),
        "metadata and colour profile": tr("metadata and colour profile"),
        "EXIF": "EXIF",
    }
    lost = ", ".join(words.get(loss, loss) for loss in losses)
    box = QMessageBox(
        QMessageBox.Icon.Warning,
        "Mien",
        tr("This format cannot hold: {lost}. Save anyway?").format(lost=lost),
        button.Save | button.Cancel,
        parent,
    )
    return box.exec() == button.Save


def about(parent: QWidget, version: str) -> None:
    """What this program is."""
    text = tr(
        "Paints hidden parts of faces back, expression and geometry kept. "
        "Everything happens on this computer."
    )
    QMessageBox.about(parent, tr("About Mien"), f"<b>Mien {version}</b><p>{text}</p>")
