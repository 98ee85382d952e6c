"""Questions before something is deleted for good."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from gui.dialogs.messages import Answer, ask
from gui.translation import tr


def may_delete(parent: QWidget, title: str, text: str) -> bool:
    """Whether something is deleted: title asks, text says what is lost."""
    cancel, delete = Answer("", tr("Cancel"), "escape"), Answer("delete", tr("Delete"), "primary")
    return ask(parent, "delete-outline", title, text, cancel, delete) == "delete"
