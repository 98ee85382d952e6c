"""The section of references: photos are dropped on it, and it says what each may give."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from engine.reference.reference import AS_SHOWN, KEEP
from gui.actions import Actions, button_for
from gui.drops import dropped
from gui.panels.also_seen import AlsoSeenPanel
from gui.panels.reference_parts import ReferenceCard, RegionTable
from gui.panels.widgets import Chooser, named_row, quiet, shrinkable
from gui.references import Known, References
from gui.translation import tr


class ReferencesSection(QWidget):
    """Everything it shows is read off the shelf; it keeps nothing. Signal `looked_at` with the id
    of a reference whose picture was pressed."""

    looked_at = Signal(str)

    def __init__(
        self,
        actions: Actions,
        references: References,
        also: AlsoSeenPanel,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.also = also
        self._references = references
        self.setAcceptDrops(True)
        self.add = button_for(actions, "reference_add", tr("Add photo…"))
        self.add.setObjectName("small")
        self.add.setParent(self)  # stands beside the section's title, wherever that is
        self.trouble = QLabel()
        self.trouble.setObjectName("doubt")
        self.trouble.setWordWrap(True)
        self.waits = quiet()
        self.cards: dict[str, ReferenceCard] = {}
        self.table = RegionTable()
        self.expression = Chooser(tr("Expression"))
        self.expression.addItem(tr("Keep"), KEEP)
        self.expression.addItem(tr("As in the reference"), AS_SHOWN)
        self.expression.setToolTip(
            tr("What the photo says of the expression is kept, or the reference's is taken over")
        )
        self.empty = button_for(actions, "reference_add", tr("Drop a photo of this person here"))
        self.empty.setObjectName("drop")
        self._build()
        references.changed.connect(self.refresh)
        self.table.given.connect(references.let_give)
        self.table.painted.connect(references.paint)
        self.expression.chosen.connect(references.set_expression)
        self.refresh()

    def _build(self) -> None:
        shrinkable(self.empty)
        private = tr(
            "Faces are compared on this computer alone. Nothing is sent, no name is stored."
        )
        for button in (self.add, self.empty):
            button.setToolTip(f"{button.toolTip()}\n{private}")
        self._cards = QVBoxLayout()
        self._cards.setSpacing(6)
        self._choices = QWidget()
        shrinkable(self.expression)
        choices = QVBoxLayout(self._choices)
        choices.setContentsMargins(0, 0, 0, 0)
        choices.setSpacing(6)
        choices.addWidget(self.table)
        choices.addLayout(named_row(tr("Expression"), self.expression))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.empty)
        column.addLayout(self._cards)
        column.addWidget(self.waits)
        column.addWidget(self.trouble)
        column.addWidget(self.also)
        column.addWidget(self._choices)

    def refresh(self) -> None:
        """Show the shelf of the chosen face."""
        references = self._references
        shelf, awaited = references.shelf, references.awaited
        self._list(shelf)
        for known in shelf:
            self.cards[known.shelved.id].show_known(known)
        self.add.setVisible(bool(shelf or awaited or references.trouble))
        self.empty.setVisible(not shelf and not awaited and not references.trouble)
        self.waits.setVisible(bool(awaited))
        self.waits.setText(tr("Looking at {name}…").format(name=awaited[0]) if awaited else "")
        self.trouble.setVisible(bool(references.trouble))
        self.trouble.setText(references.trouble)
        self._choices.setVisible(bool(shelf))
        self.table.show_shelf(shelf)
        if shelf:
            self.expression.setCurrentIndex(self.expression.findData(references.expression))

    def _list(self, shelf: tuple[Known, ...]) -> None:
        names = [known.shelved.id for known in shelf]
        if names == list(self.cards):
            return
        for name in set(self.cards) - set(names):
            card = self.cards.pop(name)
            self._cards.removeWidget(card)
            card.deleteLater()
        kept, self.cards = self.cards, {}
        for place, name in enumerate(names):
            card = self.cards[name] = kept.get(name) or self._card(name)
            self._cards.insertWidget(place, card)

    def _card(self, name: str) -> ReferenceCard:
        card, references = ReferenceCard(), self._references
        card.removed.connect(lambda: references.remove(name))
        card.picture.clicked.connect(lambda: self.looked_at.emit(name))
        card.used_anyway.connect(lambda: references.use_anyway(name))
        card.face_chosen.connect(lambda face: references.choose_face(name, face))
        card.strength_set.connect(
            lambda value, anew: references.set_strength(name, value, anew=anew)
        )
        return card

    # What is dropped here is a reference, anywhere else it is opened.

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()
            self._show_drop(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._show_drop(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self._show_drop(False)
        found = dropped(event.mimeData())
        event.acceptProposedAction()
        self._references.add(*found.photos)
        if found.folders and not found.sentence:
            found.sentence = tr("{name} is a folder; drop the photos in it.").format(
                name=found.folders[0].name
            )
        if found.sentence:
            self._references.complain(found.sentence)

    def _show_drop(self, over: bool) -> None:
        self.empty.setProperty("over", over)
        self.empty.style().unpolish(self.empty)
        self.empty.style().polish(self.empty)
