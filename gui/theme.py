"""Colours, palette and style sheet: dark and light, quiet, one accent."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPalette
from PySide6.QtWidgets import QAbstractButton, QApplication

from gui.signs import sign
from gui.translation import mark

THEMES = ("system", "dark", "light")
# What the mask is drawn in; each is seen on skin, on dark and on light grounds.
MASK_COLOURS = {"blue": "#5b7cff", "green": "#2fd07a", "red": "#ff4d5e", "yellow": "#ffd23f"}
MASK_NAMES = {
    "blue": mark("Blue mask"),
    "green": mark("Green mask"),
    "red": mark("Red mask"),
    "yellow": mark("Yellow mask"),
}


@dataclass(frozen=True)
class Colours:
    """One theme. window: panels. canvas: around the photo. field: controls. line: hairlines that
    only part. edge: borders that say where a control is, at least 3 : 1 on window and field.
    text, quiet: contrast at least 4.5 : 1 on window and field. accent, on_accent: the one button
    that matters. seen, predicted: the photo's bars and nodes, the fill's; at least 3 : 1 on
    window. warning: overlays."""

    window: str
    canvas: str
    field: str
    hover: str
    line: str
    edge: str
    text: str
    quiet: str
    accent: str
    on_accent: str
    seen: str = "#7fd6c2"
    predicted: str = "#ffb066"
    warning: str = "#ffb066"


DARK = Colours(
    window="#1e1f22",
    canvas="#101114",
    field="#2b2d33",
    hover="#363942",
    line="#34363c",
    edge="#7f838d",
    text="#e6e7ea",
    quiet="#a3a7b0",
    accent="#4169f0",
    on_accent="#ffffff",
)
LIGHT = Colours(
    window="#f4f5f7",
    canvas="#d9dbe0",
    field="#ffffff",
    hover="#e6e9f0",
    line="#cdd0d7",
    edge="#858993",
    text="#1c1d20",
    quiet="#5a5f6a",
    accent="#2f55d4",
    on_accent="#ffffff",
    seen="#0d8f76",
    predicted="#b45c09",
)

_current = DARK
_mask = "blue"


def mask_colour() -> str:
    """The colour the mask is drawn in."""
    return MASK_COLOURS[_mask]


def set_mask_colour(name: str) -> str:
    """Draw the mask in a colour of MASK_COLOURS; an unknown name is the first. The name used."""
    global _mask
    _mask = name if name in MASK_COLOURS else "blue"
    return _mask


class Themes(QObject):
    """Signal `rethemed` once other colours are in use: who has drawn something in the old ones
    draws it anew."""

    rethemed = Signal()


_themes = Themes()


def themes() -> Themes:
    """Who tells of a change of colours."""
    return _themes


def colours() -> Colours:
    """The colours in use."""
    return _current


def apply_theme(application: QApplication, theme: str = "system") -> Colours:
    """Use "dark", "light" or the system's choice for the whole program."""
    global _current
    if theme == "system":
        scheme = QGuiApplication.styleHints().colorScheme()
        _current = LIGHT if scheme == Qt.ColorScheme.Light else DARK
    else:
        _current = LIGHT if theme == "light" else DARK
    application.setStyle("Fusion")
    application.setPalette(_palette(_current))
    application.setStyleSheet(_style(_current))
    _themes.rethemed.emit()
    return _current


def icon(name: str) -> QIcon:
    """A Material Design icon in the theme's colours; ask again after a change of theme."""
    faint = _blend(_current.quiet, _current.window)
    return sign(name, _current.text, faint, _current.on_accent)


class Sign(QObject):
    """Keeps a button's icon in the theme's colours."""

    def __init__(self, button: QAbstractButton, name: str) -> None:
        super().__init__(button)
        self._button, self._name = button, name
        _themes.rethemed.connect(self.tint)
        self.tint()

    def tint(self) -> None:
        self._button.setIcon(icon(self._name))


def program_icon() -> QIcon:
    """Mien's own icon, in every size it is drawn for."""
    icon = QIcon()
    for picture in sorted((_icons() / "mien").glob("*.png")):
        icon.addFile(str(picture))
    return icon


def _icons() -> Path:
    root = Path(getattr(sys, "_MEIPASS", Path(__file__).parents[1]))
    return root / "resources" / "icons"


def _blend(one: str, other: str) -> str:
    a, b = QColor(one), QColor(other)
    return QColor(
        (a.red() + b.red()) // 2, (a.green() + b.green()) // 2, (a.blue() + b.blue()) // 2
    ).name()


def _palette(c: Colours) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    for where, colour in (
        (role.Window, c.window),
        (role.WindowText, c.text),
        (role.Base, c.field),
        (role.AlternateBase, c.window),
        (role.Text, c.text),
        (role.Button, c.field),
        (role.ButtonText, c.text),
        (role.BrightText, c.warning),
        (role.ToolTipBase, c.field),
        (role.ToolTipText, c.text),
        (role.PlaceholderText, c.quiet),
        (role.Highlight, c.accent),
        (role.HighlightedText, c.on_accent),
        (role.Link, c.accent),
    ):
        palette.setColor(where, QColor(colour))
    disabled = QPalette.ColorGroup.Disabled
    faint = QColor(_blend(c.quiet, c.window))
    for where in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(disabled, where, faint)
    return palette


def _style(c: Colours) -> str:
    faint = _blend(c.quiet, c.window)
    check = _icons() / "check.svg"
    chevron = _icons() / ("chevron-dark.svg" if c is DARK else "chevron-light.svg")
    check, chevron = check.as_posix(), chevron.as_posix()
    return f"""
    QWidget {{ font-size: 13px; }}
    QMainWindow, QDialog {{ background: {c.window}; }}
    QMenuBar {{ background: {c.window}; border-bottom: 1px solid {c.line}; padding: 2px 6px; }}
    QMenuBar::item {{ padding: 4px 9px; border-radius: 5px; background: transparent; }}
    QMenuBar::item:selected {{ background: {c.hover}; }}
    QMenu {{ background: {c.field}; border: 1px solid {c.line}; padding: 5px; }}
    QMenu::item {{ padding: 5px 26px 5px 22px; border-radius: 4px; }}
    QMenu::item:selected {{ background: {c.accent}; color: {c.on_accent}; }}
    QMenu::item:disabled {{ color: {faint}; background: transparent; }}
    QMenu::separator {{ height: 1px; background: {c.line}; margin: 5px 8px; }}
    QToolTip {{ background: {c.field}; color: {c.text}; border: 1px solid {c.line}; padding: 4px; }}
    #header, #rail, #inspector, #layers, #status, #strip, #film {{ background: {c.window}; }}
    #header {{ border-bottom: 1px solid {c.line}; }}
    #tabs {{ background: {c.window}; border-bottom: 1px solid {c.line}; }}
    #tabs QTabBar {{ background: {c.window}; }}
    #tabs QTabBar::tab {{ background: transparent; color: {c.quiet}; border: none;
        border-bottom: 2px solid transparent; padding: 0 6px 0 12px; margin: 0; }}
    #tabs QTabBar::tab:hover {{ background: {c.hover}; color: {c.text}; }}
    #tabs QTabBar::tab:selected {{ background: {c.canvas}; color: {c.text};
        border-bottom: 2px solid {c.accent}; }}
    #tabs QTabBar::tab:focus {{ color: {c.text}; border-bottom: 2px solid {c.text}; }}
    #tabs QToolButton {{ padding: 3px; border-radius: 5px; }}
    #tabs QTabBar QToolButton {{ background: {c.window}; }}
    #tabs QToolButton#closeTab {{ background: transparent; margin: 0 4px 0 2px; }}
    #tabs QToolButton#closeTab:hover {{ background: {c.hover}; border-color: {c.edge}; }}
    #rail {{ border-right: 1px solid {c.line}; }}
    #inspector, #layers {{ border-left: 1px solid {c.line}; }}
    #strip, #film {{ border-top: 1px solid {c.line}; }}
    #film QListView {{ background: {c.window}; border: none; outline: none; }}
    #strip QScrollArea, #stripBody, #inspector QScrollArea, #inspectorBody {{
        background: {c.window}; border: none; }}
    #filling {{ border-top: 1px solid {c.line}; background: {c.window}; }}
    #status {{ border-top: 1px solid {c.line}; }}
    #brand {{ font-size: 16px; font-weight: 700; }}
    #quiet, QLabel[quiet="true"] {{ color: {c.quiet}; }}
    #section {{ color: {c.quiet}; font-size: 11px; font-weight: 700; letter-spacing: 1px; }}
    QPushButton, QComboBox, QSpinBox {{ background: {c.field}; border: 1px solid {c.line};
        border-radius: 6px; padding: 5px 11px; min-height: 18px; }}
    QComboBox, QSpinBox {{ border-color: {c.edge}; }}
    QPushButton:hover, QComboBox:hover {{ background: {c.hover}; }}
    QPushButton:focus, QComboBox:focus, QSpinBox:focus {{ border: 1px solid {c.text}; }}
    QToolButton:focus {{ border: 1px dashed {c.text}; }}
    QPushButton:disabled {{ color: {faint}; }}
    QPushButton:checked {{ border: 1px solid {c.accent}; color: {c.text}; background: {c.hover}; }}
    QPushButton#primary {{ background: {c.accent}; color: {c.on_accent}; border: none;
        font-weight: 600; padding: 7px 20px; }}
    QPushButton#primary:hover {{ background: {QColor(c.accent).lighter(112).name()}; }}
    QPushButton#primary[idle="true"] {{ background: {c.field}; color: {c.text};
        border: 1px solid {c.line}; padding: 6px 19px; }}
    QPushButton#primary[idle="true"]:hover {{ background: {c.hover}; }}
    QPushButton#primary:disabled {{ background: {c.hover}; color: {faint}; }}
    QPushButton#small {{ padding: 2px 3px; }}
    QPushButton#link {{ border: none; background: transparent; color: {c.quiet};
        padding: 4px 12px; }}
    QPushButton#link:hover, QPushButton#link:focus {{ color: {c.text}; background: {c.hover}; }}
    QPushButton#keys {{ border: 1px solid transparent; background: transparent; color: {c.quiet};
        padding: 0 6px; min-height: 18px; }}
    QPushButton#keys:hover, QPushButton#keys:focus {{ color: {c.text}; background: {c.hover}; }}
    QPushButton#keys:checked {{ color: {c.text}; border-color: {c.accent}; }}
    #palette {{ background: {c.window}; border: 1px solid {c.edge}; border-radius: 10px; }}
    #palette QLineEdit {{ font-size: 15px; padding: 7px 10px; }}
    #layers QListWidget {{ background: transparent; border: none; outline: none; }}
    #layers QListWidget::item {{ padding: 4px 3px; border-radius: 6px; }}
    #layers QListWidget::item:selected {{ background: {c.hover}; color: {c.text}; }}
    #palette QListWidget {{ background: {c.window}; border: none; outline: none; }}
    #palette QListWidget::item {{ padding: 0; border-radius: 6px; }}
    #palette QListWidget::item:selected {{ background: {c.accent}; }}
    #offer {{ background: {c.window}; border: 1px solid {c.edge}; border-radius: 10px; }}
    #reference {{ background: {c.field}; border: 1px solid {c.line}; border-radius: 8px; }}
    #reference QPushButton {{ background: {c.window}; border-color: {c.edge}; }}
    #reference QPushButton:hover {{ background: {c.hover}; }}
    QToolButton#unit {{ padding: 2px; border-radius: 5px; }}
    QToolButton#unit::menu-indicator {{ image: none; }}
    #reference QToolButton#closeCard {{ padding: 3px; border-radius: 5px; }}
    QPushButton#drop {{ background: transparent; border: 1px dashed {c.edge}; color: {c.quiet};
        padding: 5px 4px; }}
    QPushButton#drop:disabled {{ border-color: {c.line}; color: {faint}; }}
    QPushButton#drop:hover:enabled, QPushButton#drop[over="true"] {{ background: {c.hover};
        border-color: {c.accent}; color: {c.text}; }}
    #doubt {{ color: {c.predicted}; }}
    #tableHead {{ color: {c.quiet}; font-size: 11px; }}
    #question {{ font-size: 15px; font-weight: 600; }}
    QComboBox::drop-down {{ border: none; width: 26px; }}
    QComboBox::down-arrow {{ image: url("{chevron}"); width: 12px; height: 12px; }}
    QComboBox QAbstractItemView {{ background: {c.field}; border: 1px solid {c.line};
        selection-background-color: {c.accent}; selection-color: {c.on_accent}; }}
    QToolButton {{ border: 1px solid transparent; border-radius: 8px; padding: 7px; }}
    QToolButton:hover {{ background: {c.hover}; }}
    QToolButton:checked {{ background: {c.accent}; }}
    QToolButton:checked:disabled {{ background: transparent; }}
    QToolButton#result {{ border: 2px solid transparent; padding: 4px; color: {c.quiet};
        font-size: 11px; }}
    QToolButton#result:checked {{ border-color: {c.accent}; background: {c.hover};
        color: {c.text}; }}
    QToolButton#result:focus {{ border-color: {c.quiet}; }}
    #sheet {{ background: {c.field}; border: 1px solid {c.line}; border-radius: 6px;
        color: {c.quiet}; padding: 5px; }}
    #recovery {{ background: {c.field}; border: 1px solid {c.edge}; border-radius: 6px;
        outline: none; padding: 4px; }}
    #recovery::item {{ padding: 4px; border-radius: 4px; color: {c.text}; }}
    #recovery::item:selected {{ background: {c.hover}; }}
    #queue {{ background: {c.field}; border: 1px solid {c.line}; border-radius: 6px;
        selection-background-color: {c.hover}; selection-color: {c.text}; outline: none; }}
    #queue::item {{ padding: 4px 6px; border-bottom: 1px solid {c.line}; }}
    #queue QHeaderView {{ background: {c.field}; }}
    #queue QHeaderView::section {{ background: {c.field}; color: {c.quiet}; border: none;
        border-bottom: 1px solid {c.line}; padding: 6px; font-weight: 600; }}
    #batchOptions, #batchBody {{ background: {c.window}; border: none; }}
    QLineEdit {{ background: {c.field}; border: 1px solid {c.edge}; border-radius: 6px;
        padding: 5px 9px; min-height: 18px; selection-background-color: {c.accent};
        selection-color: {c.on_accent}; }}
    QLineEdit#typed {{ background: transparent; border-color: transparent; padding: 1px 0 1px 3px;
        min-height: 16px; border-radius: 4px; }}
    QLineEdit#typed:hover {{ border-color: {c.edge}; }}
    QLineEdit#typed:focus {{ background: {c.field}; border-color: {c.text}; }}
    QSpinBox QLineEdit {{ background: transparent; border: none; padding: 0; min-height: 0; }}
    QLineEdit:focus {{ border: 1px solid {c.text}; }}
    QLineEdit:disabled, QComboBox:disabled {{ color: {faint}; }}
    QSlider::sub-page:horizontal:disabled {{ background: {faint}; }}
    QSlider::groove:horizontal {{ height: 4px; background: {c.edge}; border-radius: 2px; }}
    QSlider::sub-page:horizontal {{ background: {c.accent}; border-radius: 2px; }}
    QSlider::handle:horizontal {{ width: 14px; height: 14px; margin: -5px 0; border-radius: 7px;
        background: {c.text if c is DARK else c.accent}; }}
    QSlider::handle:horizontal:focus {{ border: 2px solid {c.predicted}; }}
    QCheckBox {{ spacing: 8px; }}
    QCheckBox::indicator, #layers QListWidget::indicator, #recovery::indicator {{
        width: 15px; height: 15px; border-radius: 4px;
        border: 1px solid {c.edge}; background: {c.field}; }}
    QCheckBox::indicator:checked, #layers QListWidget::indicator:checked,
    #recovery::indicator:checked {{
        background: {c.accent}; border-color: {c.accent};
        image: url("{check}"); }}
    QCheckBox::indicator:focus {{ border: 2px solid {c.text}; }}
    QProgressBar {{ background: {c.line}; border: none; border-radius: 3px; height: 6px; }}
    QProgressBar::chunk {{ background: {c.accent}; border-radius: 3px; }}
    QScrollBar:vertical {{ background: transparent; width: 10px; }}
    QScrollBar::handle:vertical {{ background: {c.edge}; border-radius: 5px; min-height: 30px; }}
    QScrollBar:horizontal {{ background: transparent; height: 10px; }}
    QScrollBar::handle:horizontal {{ background: {c.edge}; border-radius: 5px; min-width: 30px; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
    QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
    QPlainTextEdit {{ background: {c.field}; border: 1px solid {c.line}; border-radius: 6px; }}
    """
