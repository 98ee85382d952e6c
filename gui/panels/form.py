"""A form: rows of a name and what belongs to it, under small titles."""

from __future__ import annotations

from PySide6.QtWidgets import QGridLayout, QLineEdit, QWidget

from gui.panels.widgets import quiet, section


class Form(QGridLayout):
    """Two columns, of which the second takes what room there is."""

    def __init__(self) -> None:
        super().__init__()
        self.setHorizontalSpacing(10)
        self.setVerticalSpacing(8)
        self.setColumnStretch(1, 1)
        self._rows: dict[str, tuple[QWidget, ...]] = {}

    def title(self, text: str) -> None:
        """The title of the rows below it."""
        title = section(text)
        title.setContentsMargins(0, 8 if self.count() else 0, 0, 0)
        self.wide(title)

    def wide(self, widget: QWidget) -> None:
        """A row that needs no name beside it."""
        self.addWidget(widget, self.rowCount(), 0, 1, 2)

    def row(self, name: str, title: str, widget: QWidget) -> None:
        """A widget with its title at the left; `name` is what `show_row` knows it by."""
        label = quiet(title)
        label.setBuddy(widget.findChild(QLineEdit) or widget)
        if not widget.accessibleName():
            widget.setAccessibleName(title)
        number = self.rowCount()
        self.addWidget(label, number, 0)
        self.addWidget(widget, number, 1)
        self._rows[name] = (label, widget)

    def show_row(self, name: str, shown: bool) -> None:
        """Show a row, title and all, or leave it out."""
        for widget in self._rows[name]:
            widget.setVisible(shown)
