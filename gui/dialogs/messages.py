"""The dialogs that tell or ask: a failure, unsaved fills, what saving would lose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QMessageBox,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.translation import say, tr
from gui.worker import Failure

NAMED = 6  # names in one sentence


class FailureDialog(QDialog):
    """One sentence, and behind a button the detail that can be copied into a report."""

    def __init__(self, failure: Failure, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.failure = failure
        self.setWindowTitle("Mien")
        self.setMinimumWidth(460)
        said = say(failure.sentence)
        mark, sentence = QLabel(), QLabel(said)
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
            lambda: QGuiApplication.clipboard().setText(f"{said}\n\n{failure.detail}")
        )
        close = QPushButton(tr("Close"))
        close.setDefault(True)
        close.clicked.connect(self.reject)
        bottom = QHBoxLayout()
        for button in (show, copy):
            button.setAutoDefault(False)
            bottom.addWidget(button)
        bottom.addStretch(1)
        bottom.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(16)
        column.addLayout(top)
        column.addWidget(self.detail)
        column.addLayout(bottom)
        close.setFocus()


@dataclass(frozen=True)
class Answer:
    """A button of a question. kind: "primary" the suggested one, "escape" what Escape means."""

    name: str
    text: str
    kind: str = ""


class Question(QDialog):
    """A title that asks, a line that explains, and buttons that say what they do."""

    def __init__(
        self, parent: QWidget | None, icon: str, title: str, text: str, answers: Sequence[Answer]
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Mien")
        self.setMinimumWidth(420)
        self.answer = next((a.name for a in answers if a.kind == "escape"), answers[-1].name)
        sign, head, body = QLabel(), QLabel(title), QLabel(text)
        sign.setPixmap(theme.icon(icon).pixmap(34, 34))
        head.setObjectName("question")
        for label in (head, body):
            label.setWordWrap(True)
        body.setProperty("quiet", True)
        body.setVisible(bool(text))
        words = QVBoxLayout()
        words.setSpacing(6)
        words.addWidget(head)
        words.addWidget(body)
        words.addStretch(1)
        top = QHBoxLayout()
        top.setSpacing(16)
        top.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        top.addLayout(words, 1)
        bottom = QHBoxLayout()
        bottom.setSpacing(9)
        bottom.addStretch(1)
        self.buttons: dict[str, QPushButton] = {}
        for answer in answers:
            button = QPushButton(answer.text)
            if answer.kind == "primary":
                button.setObjectName("primary")
                button.setDefault(True)
            button.setAutoDefault(answer.kind == "primary")
            button.clicked.connect(lambda _=False, name=answer.name: self._choose(name))
            bottom.addWidget(button)
            self.buttons[answer.name] = button
        column = QVBoxLayout(self)
        column.setContentsMargins(22, 22, 22, 16)
        column.setSpacing(20)
        column.addLayout(top)
        column.addLayout(bottom)

    def _choose(self, name: str) -> None:
        self.answer = name
        self.accept()


def ask(parent: QWidget | None, icon: str, title: str, text: str, *answers: Answer) -> str:
    """The name of the answer; that of the "escape" one where the dialog is closed."""
    question = Question(parent, icon, title, text, answers)
    question.exec()
    question.deleteLater()
    return question.answer


def ask_to_save(parent: QWidget, name: str) -> QMessageBox.StandardButton:
    """Save, Discard or Cancel, for fills that are not saved yet."""
    return _may_save(parent, name, tr("{name} has fills that are not saved."))


def ask_to_save_snapshots(parent: QWidget, name: str) -> QMessageBox.StandardButton:
    """The same for snapshots, of a photo whose fills are saved."""
    text = tr("{name} has snapshots that are not saved; only a session (.mien) keeps them.")
    return _may_save(parent, name, text)


def _may_save(parent: QWidget, name: str, text: str) -> QMessageBox.StandardButton:
    button = QMessageBox.StandardButton
    answer = ask(
        parent,
        "content-save-alert-outline",
        tr("Save the changes to {name}?").format(name=name),
        text.format(name=name),
        Answer("cancel", tr("Cancel"), "escape"),
        Answer("discard", tr("Do not save")),
        Answer("save", tr("Save"), "primary"),
    )
    return {"save": button.Save, "discard": button.Discard}.get(answer, button.Cancel)


def ask_to_save_all(parent: QWidget, names: list[str]) -> QMessageBox.StandardButton:
    """Save, Discard or Cancel, for several photos with what is not saved yet."""
    button = QMessageBox.StandardButton
    title = tr("Save the changes to {count} photos?").format(count=len(names))
    text = tr("These have fills or snapshots that are not saved: {names}.")
    answer = ask(
        parent,
        "content-save-alert-outline",
        title if len(names) > 1 else tr("Save the changes to {name}?").format(name=names[0]),
        text.format(names=_listed(names)),
        Answer("cancel", tr("Cancel"), "escape"),
        Answer("discard", tr("Do not save")),
        Answer("save", tr("Save all") if len(names) > 1 else tr("Save"), "primary"),
    )
    return {"save": button.Save, "discard": button.Discard}.get(answer, button.Cancel)


def _listed(names: list[str]) -> str:
    """Names in one line, of very many the first."""
    if len(names) <= NAMED:
        return ", ".join(names)
    more = tr("and {count} more").format(count=len(names) - NAMED)
    return ", ".join(names[:NAMED]) + ", " + more


REPLACE, ELSEWHERE = "replace", "elsewhere"


def ask_to_replace(parent: QWidget, name: str) -> str:
    """What becomes of a file that another program wrote meanwhile: REPLACE, ELSEWHERE or ""."""
    return ask(
        parent,
        "file-alert-outline",
        tr("Replace {name}?").format(name=name),
        tr(
            "Another program changed {name} since Mien opened or saved it. Replacing it loses "
            "those changes."
        ).format(name=name),
        Answer("", tr("Cancel"), "escape"),
        Answer(REPLACE, tr("Replace it")),
        Answer(ELSEWHERE, tr("Save as another file…"), "primary"),
    )


MASK, PHOTO = "mask", "photo"


def ask_what_it_is(parent: QWidget, name: str) -> str:
    """What a dropped picture is that looks like a mask for the shown photo: MASK, PHOTO or ""."""
    return ask(
        parent,
        "select-group",
        tr("Use {name} as the mask?").format(name=name),
        tr("It has the photo's size and looks like a mask."),
        Answer("", tr("Cancel"), "escape"),
        Answer(PHOTO, tr("Open it as a photo")),
        Answer(MASK, tr("Use it as the mask"), "primary"),
    )


INVERTED, AS_IT_IS = "inverted", "as it is"


def ask_about_mask(parent: QWidget, name: str, share: float) -> str:
    """How to use a mask that would repaint a large share of the photo: INVERTED, AS_IT_IS or ""."""
    if share >= 1:
        text = tr("{name} would repaint the whole photo. A mask is white where it is filled.")
        inverted = ()
    else:
        text = tr(
            "{name} would repaint {percent} % of the photo. A mask is white where it is filled; "
            "many programs write it the other way round."
        )
        inverted = (Answer(INVERTED, tr("Use it inverted"), "primary"),)
    return ask(
        parent,
        "invert-colors",
        tr("Fill nearly everything?") if share < 1 else tr("Fill everything?"),
        text.format(name=name, percent=round(100 * share)) if inverted else text.format(name=name),
        Answer("", tr("Cancel"), "escape"),
        Answer(AS_IT_IS, tr("Use it all the same")),
        *inverted,
    )


def ask_to_open_part(parent: QWidget, sentence: str) -> bool:
    """Whether to open what is there of a photo whose file ends early."""
    return (
        ask(
            parent,
            "image-broken-variant",
            tr("Open the part that is there?"),
            say(sentence),
            Answer("leave", tr("Cancel"), "escape"),
            Answer("open", tr("Open the part that is there"), "primary"),
        )
        == "open"
    )


def ask_to_find(parent: QWidget, sentence: str) -> bool:
    """Whether to say where a session's photo is now."""
    answers = (
        Answer("later", tr("Not now"), "escape"),
        Answer("find", tr("Find the photo…"), "primary"),
    )
    title = tr("The session's photo was not found")
    return ask(parent, "image-search-outline", title, say(sentence), *answers) == "find"


def ask_to_stop_fill(parent: QWidget, name: str) -> bool:
    """Whether to stop the fill that still runs, and leave."""
    text = tr("{name} is still being filled. What is painted is lost if you leave now.")
    title = tr("Stop filling and leave?")
    return _leaves(parent, title, text.format(name=name), tr("Stop and leave"))


def ask_to_drop_mask(parent: QWidget, name: str) -> bool:
    """Whether to leave although something is painted and not filled."""
    text = tr("{name} has a painted mask that is not filled yet.").format(name=name)
    return _leaves(parent, tr("Leave without filling?"), text, tr("Leave without it"))


def ask_to_drop_masks(parent: QWidget, names: list[str]) -> bool:
    """Whether to leave although several photos are painted or being filled."""
    text = tr("These are painted or still being filled: {names}. What is painted is lost.")
    title = tr("Leave without filling?")
    return _leaves(parent, title, text.format(names=_listed(names)), tr("Leave without it"))


def _leaves(parent: QWidget, title: str, text: str, leave: str) -> bool:
    answers = Answer("leave", leave), Answer("stay", tr("Keep editing"), "primary")
    return ask(parent, "brush", title, text, *answers) == "leave"


def ask_to_stop_training(parent: QWidget) -> bool:
    """Whether to stop the training that still runs, and close."""
    return (
        ask(
            parent,
            "school-outline",
            tr("Stop the training?"),
            tr("Training is still running. What it has learnt so far is kept and can be resumed."),
            Answer("stop", tr("Stop training and close")),
            Answer("keep", tr("Keep editing"), "primary"),
        )
        == "stop"
    )


def ask_to_stop_batch(parent: QWidget) -> bool:
    """Whether to stop the batch that still runs, and close."""
    answer = ask(
        parent,
        "image-multiple-outline",
        tr("Stop the batch?"),
        tr("A batch is still running. What is filled is kept, and it can be gone on with."),
        Answer("stop", tr("Stop the batch and close")),
        Answer("keep", tr("Keep editing"), "primary"),
    )
    return answer == "stop"


def loss_words(losses: list[str]) -> str:
    """What a format cannot hold, as a list in the interface's language."""
    words = {
        "16-bit depth": tr("16-bit depth"),
        "transparency": tr("transparency"),
        "metadata and colour profile": tr("metadata and colour profile"),
        "CMYK inks (it becomes RGB)": tr("CMYK inks (it becomes RGB)"),
        "Lab colours (it becomes RGB)": tr("Lab colours (it becomes RGB)"),
        "extra channels": tr("extra channels"),
        "floating-point values": tr("floating-point values"),
        "32-bit depth": tr("32-bit depth"),
        "EXIF fields above 64 KB": tr("EXIF fields above 64 KB"),
        "XMP above 64 KB": tr("XMP above 64 KB"),
        "the second part of its XMP": tr("the second part of its XMP"),
        "the comment": tr("the comment"),
        "text chunks": tr("text chunks"),
        "the other pictures of the file": tr("the other pictures of the file"),
        "the layers": tr("the layers"),
        "the HDR gain map": tr("the HDR gain map"),
        "its colour profile": tr("its colour profile"),
        "its colour profile (it becomes sRGB)": tr("its colour profile (it becomes sRGB)"),
        "HDR brightness (it becomes sRGB)": tr("HDR brightness (it becomes sRGB)"),
        "the video behind the picture": tr("the video behind the picture"),
        "the data behind the picture": tr("the data behind the picture"),
        "the depth map": tr("the depth map"),
        "the portrait matte": tr("the portrait matte"),
        "the sound": tr("the sound"),
        "its place in a burst": tr("its place in a burst"),
        "the panorama's projection": tr("the panorama's projection"),
        "the content credentials": tr("the content credentials"),
        "XMP that cannot be read": tr("XMP that cannot be read"),
        "the palette": tr("the palette"),
        "one bit a pixel": tr("one bit a pixel"),
        "the depth above 8 bit": tr("the depth above 8 bit"),
        "the raw data (this is the camera's preview)": tr(
            "the raw data (this is the camera's preview)"
        ),
        "the raw data (this is one development of it)": tr(
            "the raw data (this is one development of it)"
        ),
        "IPTC": "IPTC",
    }
    return ", ".join(words.get(loss, loss) for loss in losses)


def ask_about_losses(parent: QWidget, losses: list[str]) -> bool:
    """Whether to save although the format cannot hold something."""
    lost = loss_words(losses)
    return (
        ask(
            parent,
            "file-alert-outline",
            tr("Save in this format?"),
            tr("This format cannot hold: {lost}.").format(lost=lost),
            Answer("cancel", tr("Cancel"), "escape"),
            Answer("save", tr("Save anyway"), "primary"),
        )
        == "save"
    )
