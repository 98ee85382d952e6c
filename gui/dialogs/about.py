"""What this program is: its version, what its models were trained on, whose work it carries."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from engine.catalogue.weights import Manifest, installed
from engine.doctor import mien_version
from gui import theme
from gui.base.screen import open_at
from gui.panels.widgets import quiet
from gui.translation import tr

TEXT = Qt.ItemDataRole.UserRole  # of a page's entry: (text, whether it is Markdown)
MARK = 72  # pixels of the icon


class AboutDialog(QDialog):
    """A list of pages, and the page chosen: the program, each model's card, licences, changes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("About Mien"))
        open_at(self, 820, 560)
        self.setMinimumSize(560, 380)
        self.pages, self.page = QListWidget(), QTextBrowser()
        self.pages.setObjectName("pages")
        self.pages.setAccessibleName(tr("Pages"))
        self.pages.setFixedWidth(210)
        self.pages.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.pages.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.pages.setStyleSheet("#pages { padding: 4px; } #pages::item { padding: 6px 8px; }")
        self.page.setAccessibleName(tr("About Mien"))
        # A link in a card must not start a browser from an offline program.
        self.page.setOpenLinks(False)
        self.page.document().setDocumentMargin(16)
        self._add(tr("The program"), program_text(), markdown=True)
        for manifest in installed():
            self._add(manifest.title, card(manifest), markdown=True)
        self._add(tr("Licences of others"), third_parties(), markdown=False)
        if changes := _read(root() / "CHANGELOG.md"):
            self._add(tr("What is new"), changes, markdown=True)
        self.pages.currentItemChanged.connect(lambda item, _before: self._show(item))
        self.pages.setCurrentRow(0)
        mark, name, version = QLabel(), QLabel("Mien"), quiet(mien_version())
        mark.setPixmap(theme.program_icon().pixmap(QSize(MARK, MARK), self.devicePixelRatioF()))
        name.setStyleSheet("font-size: 24px; font-weight: 700;")
        version.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        title = QVBoxLayout()
        title.setSpacing(2)
        title.addStretch(1)
        title.addWidget(name)
        title.addWidget(version)
        title.addStretch(1)
        head, body, column = QHBoxLayout(), QHBoxLayout(), QVBoxLayout(self)
        head.setSpacing(14)
        head.addWidget(mark)
        head.addLayout(title)
        head.addStretch(1)
        body.setSpacing(12)
        body.addWidget(self.pages)
        body.addWidget(self.page, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column.setContentsMargins(22, 18, 22, 18)
        column.setSpacing(14)
        column.addLayout(head)
        column.addLayout(body, 1)
        column.addWidget(buttons)
        self.pages.setFocus()

    def _add(self, name: str, text: str, *, markdown: bool) -> None:
        item = QListWidgetItem(name, self.pages)
        item.setData(TEXT, (text, markdown))
        item.setToolTip(name)

    def _show(self, item: QListWidgetItem | None) -> None:
        if item is None:
            return
        text, markdown = item.data(TEXT)
        if markdown:
            self.page.setMarkdown(text)
        else:
            self.page.setHtml(f"<pre style='white-space: pre-wrap'>{_escaped(text)}</pre>")
        self.page.verticalScrollBar().setValue(0)


def root() -> Path:
    """The project's folder, in a checkout and in a frozen bundle."""
    return Path(getattr(sys, "_MEIPASS", Path(__file__).parents[2]))


def program_text() -> str:
    """What the program is, and the terms of its code and of its models, in Markdown."""
    said = tr(
        "Paints hidden parts of faces back, expression and geometry kept. "
        "Everything happens on this computer."
    )
    code = tr("The code is licensed under the Apache License, version 2.0.")
    weights = tr("The models have terms of their own, by the photos they were trained on:")
    rows = "\n".join(f"- **{each.title}**: {each.licence}" for each in installed())
    return f"{said}\n\n{code}\n\n{weights}\n\n{rows}\n"


def card(manifest: Manifest) -> str:
    """A model's card, in Markdown, after its terms in a line."""
    text = _read(manifest.folder / "CARD.md") or f"# {manifest.title}\n"
    terms = tr("Terms of use: {terms}").format(terms=manifest.licence)
    return f"*{terms}*\n\n{text}"


def third_parties() -> str:
    """Whose work this is built of: a bundle's own list, else the installed packages'."""
    carried = root() / "licences"
    if text := _read(carried / "THIRD-PARTY.txt"):
        told = tr("The licences in full are in {folder}.").format(folder=carried)
        return f"{told}\n\n{text}"
    rows = []
    for wanted in metadata.requires("mien") or ():
        name = wanted.split(";")[0].split("=")[0].rstrip("<>~!").strip()
        try:
            found = metadata.metadata(name)
        except metadata.PackageNotFoundError:
            continue
        stated = found.get_all("License-Expression") or found.get_all("License") or [""]
        rows.append(f"{name} {found['Version']}  {(stated[0].splitlines() or [''])[0]}".strip())
    return "\n".join(sorted(set(rows), key=str.lower))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
