"""Every action of the program in one table: menus, tooltips and shortcuts come from here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu

from gui import theme
from gui.translation import mark, tr


@dataclass(frozen=True)
class Spec:
    """One action. needs: "" always, "photo", "mask", "fill" (something to fill), "idle" (a photo
    and no fill running), "undo", "redo", "busy", "results", "nodes", "faces" (several); a gap in
    the menu before it if `gap`."""

    name: str
    menu: str
    text: str
    shortcut: str = ""
    icon: str = ""
    needs: str = ""
    checkable: bool = False
    gap: bool = False


FILE, EDIT, MASK, FACE, VIEW, TOOLS, HELP = (
    mark("&File"),
    mark("&Edit"),
    mark("&Mask"),
    mark("F&ace"),
    mark("&View"),
    mark("&Tools"),
    mark("&Help"),
)

SPECS = (
    Spec("open", FILE, mark("&Open…"), "Ctrl+O", "folder-open-outline"),
    Spec("sample", FILE, mark("Open the sample")),
    Spec("paste", FILE, mark("Open from clipboard"), "Ctrl+V"),
    Spec("save", FILE, mark("&Save"), "Ctrl+S", "content-save-outline", "idle", gap=True),
    Spec("save_as", FILE, mark("Save &as…"), "Ctrl+Shift+S", "", "idle"),
    Spec("save_session", FILE, mark("Save the sess&ion…"), "Ctrl+Alt+S", "", "idle"),
    Spec("quit", FILE, mark("&Quit"), "Ctrl+Q", gap=True),
    Spec("undo", EDIT, mark("&Undo"), "Ctrl+Z", "undo", "undo"),
    Spec("redo", EDIT, mark("&Redo"), "Ctrl+Shift+Z", "redo", "redo"),
    Spec("fill", EDIT, mark("&Fill"), "Return", "auto-fix", "fill", gap=True),
    Spec("more", EDIT, mark("&More like this"), "G", "image-multiple-outline", "results"),
    Spec("result_next", EDIT, mark("Next result"), ".", "", "results"),
    Spec("result_back", EDIT, mark("Previous result"), ",", "", "results"),
    Spec("cancel", EDIT, mark("Cancel the fill"), "", "close", "busy"),
    Spec("tool_pan", EDIT, mark("Hand"), "V", "hand-back-right-outline", "", True, gap=True),
    Spec("tool_brush", EDIT, mark("Brush"), "B", "brush", "", True),
    Spec("tool_eraser", EDIT, mark("Eraser"), "E", "eraser", "", True),
    Spec("tool_lasso", EDIT, mark("Lasso"), "L", "lasso", "", True),
    Spec("tool_rectangle", EDIT, mark("Rectangle"), "R", "selection", "", True),
    Spec("tool_frame", EDIT, mark("Face frame"), "F", "account-box-outline", "", True),
    Spec("tool_node", EDIT, mark("Landmarks"), "N", "vector-triangle", "", True),
    Spec("brush_smaller", EDIT, mark("Smaller brush"), "[", gap=True),
    Spec("brush_larger", EDIT, mark("Larger brush"), "]"),
    Spec("mask_open", MASK, mark("&Open a mask…"), "", "", "photo"),
    Spec("mask_save", MASK, mark("&Save the mask…"), "", "", "mask"),
    Spec("mask_reuse", MASK, mark("Use the last mask again"), "Ctrl+Shift+M", "", "photo"),
    Spec("mask_invert", MASK, mark("&Invert"), "Ctrl+I", "select-inverse", "photo", gap=True),
    Spec("mask_grow", MASK, mark("&Grow"), "Ctrl+]", "", "mask"),
    Spec("mask_shrink", MASK, mark("S&hrink"), "Ctrl+[", "", "mask"),
    Spec("mask_feather", MASK, mark("&Feather"), "", "", "mask"),
    Spec("mask_clear", MASK, mark("&Clear"), "Ctrl+D", "", "mask"),
    Spec("landmarks", FACE, mark("&Landmarks module"), "Shift+L", "", "", True),
    Spec("emotion", FACE, mark("&Emotion module"), "Shift+E", "", "", True),
    Spec("ask_keep", FACE, mark("&Keep the expression"), "Alt+0", "", "", True, gap=True),
    Spec("ask_happiness", FACE, mark("Happiness"), "Alt+1", "", "", True),
    Spec("ask_neutral", FACE, mark("Neutral"), "Alt+2", "", "", True),
    Spec("ask_surprise", FACE, mark("Surprise"), "Alt+3", "", "", True),
    Spec("ask_sadness", FACE, mark("Sadness"), "Alt+4", "", "", True),
    Spec("ask_anger", FACE, mark("Anger"), "Alt+5", "", "", True),
    Spec("ask_fear", FACE, mark("Fear"), "Alt+6", "", "", True),
    Spec("ask_disgust", FACE, mark("Disgust"), "Alt+7", "", "", True),
    Spec("stronger", FACE, mark("&Stronger expression"), "Alt+Up", gap=True),
    Spec("weaker", FACE, mark("&Weaker expression"), "Alt+Down"),
    Spec("nodes_reset", FACE, mark("&Reset dragged landmarks"), "Shift+N", "", "nodes", gap=True),
    Spec("face_next", FACE, mark("Read the &next face"), "Shift+F", "", "faces"),
    Spec("zoom_in", VIEW, mark("Zoom &in"), "Ctrl++", "", "photo"),
    Spec("zoom_out", VIEW, mark("Zoom &out"), "Ctrl+-", "", "photo"),
    Spec("fit", VIEW, mark("&Fit"), "0", "fit-to-page-outline", "photo"),
    Spec("actual", VIEW, mark("&1:1"), "1", "", "photo"),
    Spec("split", VIEW, mark("&Before / after"), "\\", "compare", "photo", True, gap=True),
    Spec("mesh", VIEW, mark("Show the &mesh"), "M", "", "", True),
    Spec("mask_shown", VIEW, mark("Show the mas&k"), "K", "", "", True),
    Spec("preview", VIEW, mark("&Preview while painting"), "P", "", "", True),
    Spec("training", TOOLS, mark("&Training…"), "Ctrl+T", "school-outline"),
    Spec("about", HELP, mark("&About Mien")),
    Spec("shortcuts", HELP, mark("&Keyboard shortcuts"), "F1"),
)


class Actions:
    """The QActions of a window, by name."""

    def __init__(self, window: QMainWindow) -> None:
        self._window = window
        self._actions: dict[str, QAction] = {}
        for spec in SPECS:
            action = QAction(tr(spec.text), window)
            action.setObjectName(spec.name)
            action.setCheckable(spec.checkable)
            if spec.shortcut:
                keys = [QKeySequence(spec.shortcut)]
                if spec.name == "fill":
                    keys.append(QKeySequence(Qt.Key.Key_Enter))
                action.setShortcuts(keys)
                shown = keys[0].toString(QKeySequence.SequenceFormat.NativeText)
                action.setToolTip(f"{plain(tr(spec.text))}  ({shown})")
            self._actions[spec.name] = action
        self.tint()

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def connect(self, name: str, slot: Callable[..., object]) -> None:
        """Call `slot` when the action is triggered; checkable ones hand over their state."""
        action = self._actions[name]
        if action.isCheckable():
            action.toggled.connect(slot)
        else:
            action.triggered.connect(lambda _checked=False: slot())

    def tint(self) -> None:
        """Icons in the theme's colours."""
        for spec in SPECS:
            if spec.icon:
                self._actions[spec.name].setIcon(theme.icon(spec.icon))

    def enable(self, states: dict[str, bool]) -> None:
        """Switch actions on by what they need; what needs nothing is not touched."""
        for spec in SPECS:
            if spec.needs:
                self._actions[spec.name].setEnabled(states[spec.needs])

    def fill_menus(self) -> dict[str, QMenu]:
        """The menu bar; the menus by their English names."""
        menus: dict[str, QMenu] = {}
        for spec in SPECS:
            if spec.menu not in menus:
                menus[spec.menu] = self._window.menuBar().addMenu(tr(spec.menu))
            if spec.gap:
                menus[spec.menu].addSeparator()
            menus[spec.menu].addAction(self._actions[spec.name])
        return menus


def plain(text: str) -> str:
    """A menu text without its mnemonic; Korean ones carry it in brackets at the end."""
    text = text.split("(&")[0] if "(&" in text else text
    return text.replace("&", "").rstrip("…").strip()
