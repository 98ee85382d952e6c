"""What stands beside the photo: how it was opened, or a reference's face at the same place."""

from __future__ import annotations

import threading

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QBoxLayout, QWidget

from engine.edit.compositor import Composite, Shown
from engine.face import mesh as nodes
from engine.face.finder import Face
from gui.actions import Actions
from gui.base.operation import Operation
from gui.canvas.beside import Beside, Place
from gui.canvas.canvas import Canvas
from gui.canvas.pyramid import Pyramid
from gui.document import Document
from gui.editor import Editor
from gui.references import Known, References
from gui.translation import tr
from gui.worker import Worker

BEFORE, REFERENCE = "beside_before", "beside_reference"  # commands; one of them at most is on


class SideBySide(QObject):
    """Keeps which of the two is shown, and the pyramid of the reference that was looked at last."""

    def __init__(
        self,
        canvas: Canvas,
        document: Document,
        editor: Editor,
        references: References,
        actions: Actions,
    ) -> None:
        super().__init__(canvas)
        self.pane = Beside(canvas)
        self._canvas, self._document, self._editor = canvas, document, editor
        self._references, self._actions = references, actions
        self._worker = Worker("beside", self)
        self._row: QBoxLayout | None = None
        self._mode = ""
        self._wanted: str | None = None  # the id of the reference that is to be shown
        self._made: tuple[str, Pyramid] | None = None  # by its photo's checksum
        self._making = ""
        for signal in (document.opened, references.changed, document.faces_changed):
            signal.connect(self.refresh)

    def close(self) -> None:
        self._worker.close()

    def put_in(self, row: QBoxLayout, stage: QWidget) -> None:
        """The row that shows the stage, and now the pane."""
        self._row = row
        row.addWidget(stage, 1)
        row.addWidget(self.pane, 1)
        self._order()

    def turn(self, mode: str, on: bool) -> None:
        """Show one of the two, or none."""
        if on:
            self._actions["split"].setChecked(False)
            self._mode = mode
            self._actions[REFERENCE if mode == BEFORE else BEFORE].setChecked(False)
        elif self._mode == mode:
            self._mode = ""
        self._order()
        self.refresh()

    def look_at(self, name: str) -> None:
        """Show a reference, by its id."""
        self._wanted = name
        self._actions[REFERENCE].setChecked(True)
        self.refresh()

    def _order(self) -> None:
        """Before is left of after, and the target left of its reference."""
        if self._row is not None:
            left = QBoxLayout.Direction.LeftToRight
            right = QBoxLayout.Direction.RightToLeft
            self._row.setDirection(right if self._mode == BEFORE else left)

    def refresh(self) -> None:
        """Show what is to be seen of the shown photo by now."""
        shown = bool(self._mode) and self._document.is_open
        self.pane.setVisible(shown)
        if not shown:
            return
        if self._mode == BEFORE:
            levels = self._canvas.shelf.shown
            self.pane.show_picture(levels.original if levels else None, tr("Before"))
        else:
            self._show_reference()

    def _show_reference(self) -> None:
        known = self._known()
        if known is None:
            self.pane.show_picture(None, tr("Put a photo of this person on the Reference shelf."))
            return
        source = known.shelved.source
        if self._made is not None and self._made[0] == source.checksum:
            subjects = self._document.subjects
            mine = subjects[self._document.selected] if subjects else None
            place = _placed(known.shelved.face, mine)
            self.pane.show_picture(self._made[1], source.name, place)
            return
        self.pane.show_picture(None, tr("Looking at {name}…").format(name=source.name))
        if self._making == source.checksum:
            return
        self._making = source.checksum

        def job(progress: object, cancel: threading.Event) -> Pyramid:
            return Pyramid(Shown(Composite(source.photo)))

        def done(pyramid: Pyramid) -> None:
            self._made, self._making = (source.checksum, pyramid), ""
            self.refresh()

        def failed(_failure: object) -> None:
            self._making = ""

        making = Operation(job, self._worker, self._editor.desk)
        making.when_done(done).when_failed(failed).start()

    def _known(self) -> Known | None:
        """The reference that is shown: the one asked for, else the first of the chosen face."""
        shelf = self._references.shelf
        asked = (known for known in shelf if known.shelved.id == self._wanted)
        return next(asked, shelf[0] if shelf else None)


def _placed(theirs: Face, mine: Face | None) -> Place:
    """Where another photo lies so that its face lies over the shown one's, as large."""
    if mine is None:
        return Place()
    (x, y, unit), (own_x, own_y, own_unit) = _measures(theirs), _measures(mine)
    scale = own_unit / max(unit, 1e-6)
    return Place(scale, own_x - x * scale, own_y - y * scale)


def _measures(face: Face) -> tuple[float, float, float]:
    """The middle of a face, by its eyes where it has a mesh, and its size."""
    if face.mesh is None:
        x, y, width, height = face.box
        return x + width / 2, y + height / 2, width
    left, right = nodes.eye_centres(face.mesh)
    middle = (left + right) / 2
    return float(middle[0]), float(middle[1]), nodes.inter_ocular(face.mesh)
