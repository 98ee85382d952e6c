"""Every command of the program in one table, each whole in its row: name, menu, words, icon,
shortcut, tooltip, when it is possible and what it does.

Menus, tool rail, buttons, tooltips, the command palette and the overview of shortcuts are made
from the table. A new command is one row; a new tool is one file and one line of
`gui.canvas.toolbox.TOOLS`, its row is made here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from engine.modules import MODULES
from engine.modules.module import Module
from engine.readings import KEEP
from gui import expressions, parts, theme
from gui.canvas.toolbox import TOOLS
from gui.translation import mark, tr

if TYPE_CHECKING:
    from gui.main_window import MainWindow


@dataclass(frozen=True)
class Now:
    """What is so at this moment; the predicates of the table ask it.

    open: a photo is. busy: a fill or save runs. painted: the mask holds something. filled: the
    photo shows a fill. round: there are fills to choose from. nodes: some were dragged. faces: how
    many. tabs: how many photos are open. meshed: the chosen face has a mesh, so that parts can be
    masked. asked: an expression is.
    """

    open: bool = False
    busy: bool = False
    painted: bool = False
    filled: bool = False
    round: bool = False
    nodes: bool = False
    faces: int = 0
    tabs: int = 0
    meshed: bool = False
    asked: bool = False
    undo: bool = False
    redo: bool = False


def always(now: Now) -> bool:
    return True


def opened(now: Now) -> bool:
    return now.open


def idle(now: Now) -> bool:
    return now.open and not now.busy


def masked(now: Now) -> bool:
    return now.painted and not now.busy


def chosen_from(now: Now) -> bool:
    return now.round and not now.busy


@dataclass(frozen=True)
class Spec:
    """One command.

    does: called with the window; of a checkable one with the window and its new state. when:
    whether it is possible. tip: more than the words say. gap: a line in the menu before it.
    checkable: it stays on or off; group: one of several that exclude each other. kept: the state
    it has at the first start, remembered from then on.
    """

    name: str
    menu: str
    text: str
    does: Callable[..., object]
    shortcut: str = ""
    icon: str = ""
    when: Callable[[Now], bool] = always
    tip: str = ""
    gap: bool = False
    checkable: bool = False
    group: str = ""
    kept: bool | None = None

    @property
    def stays(self) -> bool:
        """Whether it is on or off, rather than done."""
        return self.checkable or bool(self.group) or self.kept is not None


FILE, EDIT, TOOL, MASK, FACE, VIEW, MORE, HELP = (
    mark("&File"),
    mark("&Edit"),
    mark("T&ool"),
    mark("&Mask"),
    mark("F&ace"),
    mark("&View"),
    mark("&Tools"),
    mark("&Help"),
)
PART, ASK = mark("Mask a &part"), mark("E&xpression")
WITHIN = {PART: MASK, ASK: FACE}  # menus within menus


def _tool(tool: type) -> Spec:
    """The row of a tool, as its file declares it."""
    return Spec(
        f"tool_{tool.name}",
        TOOL,
        tool.text,
        lambda w, on: on and w.canvas.set_tool(tool.name),
        tool.shortcut,
        tool.icon,
        opened,
        tool.tip,
        group="tool",
    )


def _part(part: str) -> Spec:
    return Spec(
        f"part_{part}",
        PART,
        parts.NAMES[part],
        lambda w: w.masks.add_part(part),
        when=lambda now: now.meshed,
    )


def _module(module: Module) -> Spec:
    switch = lambda w, _on: w.modules.switch()  # noqa: E731
    return Spec(module.name, FACE, module.menu, switch, module.shortcut, kept=True)


def _ask(emotion: str, text: str, number: int) -> Spec:
    return Spec(
        f"ask_{emotion}",
        ASK,
        text,
        lambda w, on: on and w.modules.ask(emotion),
        f"Alt+{number}",
        group="ask",
    )


SPECS: tuple[Spec, ...] = (
    Spec(
        "open", FILE, mark("&Open…"), lambda w: w.files.ask_open(), "Ctrl+O", "folder-open-outline"
    ),
    Spec("sample", FILE, mark("Open the sample"), lambda w: w.open_sample()),
    Spec("paste", FILE, mark("Open from clipboard"), lambda w: w.files.paste(), "Ctrl+V"),
    Spec(
        "save",
        FILE,
        mark("&Save"),
        lambda w: w.files.save(),
        "Ctrl+S",
        "content-save-outline",
        idle,
        gap=True,
    ),
    Spec(
        "save_as", FILE, mark("Save &as…"), lambda w: w.files.save_as(), "Ctrl+Shift+S", when=idle
    ),
    Spec(
        "save_session",
        FILE,
        mark("Save the sess&ion…"),
        lambda w: w.files.save_session(),
        "Ctrl+Alt+S",
        when=idle,
        tip=mark("Layers, mask and all, to go on another day"),
    ),
    Spec(
        "close",
        FILE,
        mark("&Close the photo"),
        lambda w: w.files.close(),
        "Ctrl+W",
        when=opened,
        gap=True,
    ),
    Spec("quit", FILE, mark("&Quit"), lambda w: w.close(), "Ctrl+Q"),
    Spec(
        "undo",
        EDIT,
        mark("&Undo"),
        lambda w: w.document.history.undo(),
        "Ctrl+Z",
        "undo",
        lambda now: now.undo and not now.busy,
    ),
    Spec(
        "redo",
        EDIT,
        mark("&Redo"),
        lambda w: w.document.history.redo(),
        "Ctrl+Shift+Z",
        "redo",
        lambda now: now.redo and not now.busy,
    ),
    Spec(
        "fill",
        EDIT,
        mark("&Fill"),
        lambda w: w.editor.fill(),
        "Return",
        "auto-fix",
        lambda now: (now.painted or now.filled) and not now.busy,
        gap=True,
    ),
    Spec(
        "more",
        EDIT,
        mark("&More like this"),
        lambda w: w.editor.more(),
        "G",
        "image-multiple-outline",
        chosen_from,
        mark("Another fill of the same hole"),
    ),
    Spec(
        "result_next",
        EDIT,
        mark("Next result"),
        lambda w: w.editor.results.step(True),
        ".",
        when=chosen_from,
    ),
    Spec(
        "result_back",
        EDIT,
        mark("Previous result"),
        lambda w: w.editor.results.step(False),
        ",",
        when=chosen_from,
    ),
    Spec(
        "cancel",
        EDIT,
        mark("Cancel the fill"),
        lambda w: w.editor.cancel(),
        icon="close",
        when=lambda now: now.busy,
    ),
    *(_tool(tool) for tool in TOOLS),
    Spec(
        "brush_smaller",
        TOOL,
        mark("Smaller brush"),
        lambda w: w.canvas.step_brush(False),
        "[",
        gap=True,
    ),
    Spec("brush_larger", TOOL, mark("Larger brush"), lambda w: w.canvas.step_brush(True), "]"),
    Spec("mask_open", MASK, mark("&Open a mask…"), lambda w: w.masks.ask_open(), when=opened),
    Spec("mask_save", MASK, mark("&Save the mask…"), lambda w: w.masks.ask_save(), when=masked),
    Spec(
        "mask_reuse",
        MASK,
        mark("Use the last mask again"),
        lambda w: w.masks.reuse(),
        "Ctrl+Shift+M",
        when=opened,
    ),
    Spec(
        "mask_invert",
        MASK,
        mark("&Invert"),
        lambda w: w.masks.invert(),
        "Ctrl+I",
        "select-inverse",
        opened,
        gap=True,
    ),
    Spec("mask_grow", MASK, mark("&Grow"), lambda w: w.masks.grow(), "Ctrl+]", when=masked),
    Spec("mask_shrink", MASK, mark("S&hrink"), lambda w: w.masks.shrink(), "Ctrl+[", when=masked),
    Spec("mask_feather", MASK, mark("&Feather"), lambda w: w.masks.feather(), when=masked),
    Spec("mask_clear", MASK, mark("&Clear"), lambda w: w.masks.clear(), "Ctrl+D", when=masked),
    *(_part(part) for part in parts.NAMES),
    Spec(
        "parts_all",
        MASK,
        mark("Parts of &all faces"),
        lambda w, on: w.masks.set_all(on),
        tip=mark("A part is masked in every face, not in the chosen one alone"),
        checkable=True,
    ),
    *(_module(module) for module in MODULES),
    _ask(KEEP, mark("&Keep the expression"), 0),
    *(_ask(name, text, n + 1) for n, (name, text) in enumerate(expressions.NAMES.items())),
    Spec(
        "stronger",
        ASK,
        mark("&Stronger expression"),
        lambda w: w.modules.step_strength(True),
        "Alt+Up",
        when=lambda now: now.asked,
        gap=True,
    ),
    Spec(
        "weaker",
        ASK,
        mark("&Weaker expression"),
        lambda w: w.modules.step_strength(False),
        "Alt+Down",
        when=lambda now: now.asked,
    ),
    Spec(
        "nodes_reset",
        FACE,
        mark("&Reset dragged landmarks"),
        lambda w: w.document.set_nodes((), tr("Reset landmarks")),
        "Shift+N",
        when=lambda now: now.nodes and not now.busy,
        gap=True,
    ),
    Spec(
        "face_next",
        FACE,
        mark("Choose the &next face"),
        lambda w: w.faces.next(),
        "Shift+F",
        when=lambda now: now.faces > 1,
        gap=True,
    ),
    Spec(
        "face_remove",
        FACE,
        mark("Re&move the chosen face"),
        lambda w: w.faces.remove(),
        "Shift+Del",
        when=lambda now: now.faces > 0 and not now.busy,
        tip=mark("For what is no face, or must not be touched"),
    ),
    Spec(
        "zoom_in", VIEW, mark("Zoom &in"), lambda w: w.canvas.zoom_step(True), "Ctrl++", when=opened
    ),
    Spec(
        "zoom_out",
        VIEW,
        mark("Zoom &out"),
        lambda w: w.canvas.zoom_step(False),
        "Ctrl+-",
        when=opened,
    ),
    Spec("fit", VIEW, mark("&Fit"), lambda w: w.canvas.fit(), "0", "fit-to-page-outline", opened),
    Spec("actual", VIEW, mark("&1:1"), lambda w: w.canvas.zoom_to(1.0), "1", when=opened),
    Spec(
        "tab_next",
        VIEW,
        mark("&Next photo"),
        lambda w: w.editor.tabs.step(True),
        "Ctrl+Tab",
        when=lambda now: now.tabs > 1,
        gap=True,
    ),
    Spec(
        "tab_back",
        VIEW,
        mark("Pre&vious photo"),
        lambda w: w.editor.tabs.step(False),
        "Ctrl+Shift+Tab",
        when=lambda now: now.tabs > 1,
    ),
    Spec(
        "split",
        VIEW,
        mark("&Before / after"),
        lambda w, on: w.canvas.set_split(on),
        "\\",
        "compare",
        opened,
        gap=True,
        checkable=True,
    ),
    Spec(
        "mesh",
        VIEW,
        mark("Show the &mesh"),
        lambda w, on: w.canvas.set_mesh_shown(on),
        "M",
        kept=True,
    ),
    Spec(
        "mask_shown",
        VIEW,
        mark("Show the mas&k"),
        lambda w, on: w.canvas.set_mask_shown(on),
        "K",
        kept=True,
    ),
    Spec(
        "layers",
        VIEW,
        mark("&Layers and history"),
        lambda w, on: w.layers.setVisible(on),
        "H",
        "layers-outline",
        kept=False,
    ),
    Spec(
        "preview",
        VIEW,
        mark("&Preview while painting"),
        lambda w, on: w.editor.readout.show_preview(on),
        "P",
        kept=True,
    ),
    Spec(
        "batch",
        MORE,
        mark("&Batch…"),
        lambda w: w.batches.show(),
        "Ctrl+Shift+B",
        "image-multiple-outline",
    ),
    Spec(
        "training", MORE, mark("&Training…"), lambda w: w.school.show(), "Ctrl+T", "school-outline"
    ),
    Spec(
        "palette",
        HELP,
        mark("&Find a command…"),
        lambda w: w.find_command(),
        "Ctrl+Shift+P",
        "magnify",
    ),
    Spec("shortcuts", HELP, mark("&Keyboard shortcuts"), lambda w: w.show_shortcuts(), "F1"),
    Spec("about", HELP, mark("&About Mien"), lambda w: w.show_about()),
)


class Actions:
    """The QActions of a window, by name, each bound to what its row says."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._actions: dict[str, QAction] = {}
        self._groups: dict[str, QActionGroup] = {}
        self._specs = SPECS  # of this window: what is added later is in the next one
        for spec in self._specs:
            action = QAction(window)
            action.setObjectName(spec.name)
            action.setCheckable(spec.stays)
            keys = [QKeySequence(spec.shortcut)] if spec.shortcut else []
            if spec.name == "fill":
                keys.append(QKeySequence(Qt.Key.Key_Enter))
            action.setShortcuts(keys)
            if spec.group:
                if spec.group not in self._groups:
                    self._groups[spec.group] = QActionGroup(window)
                self._groups[spec.group].addAction(action)
            if spec.kept is not None:
                action.setChecked(window.settings.flag(spec.name, spec.kept))
            self._actions[spec.name] = action
        self.translate()
        self.tint()

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def bind(self) -> None:
        """Connect every action with what it does; what is remembered takes effect."""
        window = self._window
        for spec in self._specs:
            action = self._actions[spec.name]
            if not spec.stays:
                action.triggered.connect(lambda _=False, does=spec.does: does(window))
                continue
            action.toggled.connect(lambda on, does=spec.does: does(window, on))
            if spec.kept is not None:
                keep = window.settings.keep
                action.toggled.connect(lambda on, name=spec.name, keep=keep: keep(name, on))
                spec.does(window, action.isChecked())

    def translate(self) -> None:
        """The words in the interface's language."""
        native = QKeySequence.SequenceFormat.NativeText
        for spec in self._specs:
            action = self._actions[spec.name]
            action.setText(tr(spec.text))
            key = action.shortcut().toString(native)
            head = plain(tr(spec.text)) + (f"  ({key})" if key else "")
            action.setToolTip(f"{head}\n{tr(spec.tip)}" if spec.tip else head)

    def tint(self) -> None:
        """Icons in the theme's colours."""
        for spec in self._specs:
            if spec.icon:
                self._actions[spec.name].setIcon(theme.icon(spec.icon))

    def enable(self, now: Now) -> None:
        """Switch on what is possible now."""
        for spec in self._specs:
            self._actions[spec.name].setEnabled(spec.when(now))

    def fill_menus(self, bar: QMenuBar) -> dict[str, QMenu]:
        """The menu bar, emptied before; the menus by their English names."""
        bar.clear()
        menus: dict[str, QMenu] = {}
        for spec in self._specs:
            if spec.menu not in menus:
                within: Any = menus[WITHIN[spec.menu]] if spec.menu in WITHIN else bar
                menus[spec.menu] = within.addMenu(tr(spec.menu))
            if spec.gap:
                menus[spec.menu].addSeparator()
            menus[spec.menu].addAction(self._actions[spec.name])
        return menus


def plain(text: str) -> str:
    """A menu text without its mnemonic; Korean ones carry it in brackets at the end."""
    text = text.split("(&")[0] if "(&" in text else text
    return text.replace("&", "").rstrip("…").strip()


def shortcut_of(parent: QWidget, name: str) -> str:
    """The first shortcut of a command as it is written on this system."""
    action = parent.findChild(QAction, name)
    return (
        "" if action is None else action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
    )
