"""The question how a turned photo is saved whose blocks cannot stand upright."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from gui.dialogs.messages import Answer, ask
from gui.settings import Settings
from gui.translation import tr

SETTING = "lying"  # what was chosen: LYING, UPRIGHT, or nothing yet
LYING, UPRIGHT = "lying", "upright"


def ask_how_it_lies(parent: QWidget, settings: Settings, name: str) -> str:
    """LYING or UPRIGHT, "" where it is not to be saved; asked once, then remembered (the export
    dialog has it as a switch)."""
    told = settings.text(SETTING)
    if told in (LYING, UPRIGHT):
        return told
    answer = ask(
        parent,
        "phone-rotate-landscape",
        tr("Leave {name} on its side?").format(name=name),
        tr(
            "This photo lies on its side in its file, and its size is no whole number of its JPEG "
            "blocks. Left on its side, with the mark that turns it wherever it is shown, nothing "
            "outside the mask changes. Stood upright, all of it is encoded anew."
        ),
        Answer("cancel", tr("Cancel"), "escape"),
        Answer(UPRIGHT, tr("Stand it upright")),
        Answer(LYING, tr("Leave it on its side"), "primary"),
    )
    if answer not in (LYING, UPRIGHT):
        return ""
    settings.keep(SETTING, answer)
    return answer
