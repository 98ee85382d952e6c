"""A picture beside the photo, and the view turned: what is seen stays over what is meant."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication

from engine.photo import photo_from_array, save_photo
from gui.canvas.viewport import fitted
from gui.main_window import MainWindow
from tests.gui.conftest import face_at
from tests.gui.gestures import stroke

LEFT = Qt.MouseButton.LeftButton


def wheel(widget, at: QPoint, notches: int = 1) -> None:
    turn = QWheelEvent(
        QPointF(at),
        widget.mapToGlobal(QPointF(at)),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, turn)


def test_before_stands_beside_after_and_both_move_as_one(qtbot, opened: MainWindow, hand) -> None:
    pane, canvas = opened.side_by_side.pane, opened.canvas
    hand.stroke((100, 100), (160, 100))
    hand.fill()
    opened.actions_["beside_before"].trigger()
    QApplication.processEvents()
    assert pane.isVisible()
    assert pane.geometry().right() < opened.stage.geometry().left()
    assert canvas.is_fitted  # in the half that is left for it
    assert pane.view == canvas.view
    wheel(pane, pane.rect().center(), 10)
    assert pane.view == canvas.view
    assert not canvas.is_fitted
    before = canvas.view
    qtbot.mousePress(pane, LEFT, pos=QPoint(100, 100))
    qtbot.mouseMove(pane, QPoint(130, 90))
    qtbot.mouseRelease(pane, LEFT, pos=QPoint(130, 90))
    assert (canvas.view.x - before.x, canvas.view.y - before.y) == pytest.approx((30, -10), abs=1)
    # What is seen: without the fill here, with it there.
    canvas.zoom_to(5.0)
    canvas.look_at(130, 100)
    QApplication.processEvents()
    here, there = pane.grab().toImage(), canvas.grab().toImage()
    seen = [image.pixelColor(image.rect().center()).getRgb()[:3] for image in (here, there)]
    assert seen[0] == pytest.approx((130, 100, 230), abs=3)
    assert seen[1][1] > 250
    opened.actions_["beside_before"].trigger()
    assert not pane.isVisible()


@pytest.fixture
def referred(qtbot, faced: MainWindow, fake, tmp_path) -> MainWindow:
    """With a reference of the first face on the shelf."""
    fake.shown[(330, 250)] = (face_at(60, 30, 100),)
    pixels = np.full((250, 330, 3), 90, np.uint8)
    faced.references.add(save_photo(photo_from_array(pixels), tmp_path / "IMG_2.png"))
    qtbot.waitUntil(lambda: bool(faced.references.shelf) and not faced.references.awaited)
    return faced


def test_a_reference_stands_beside_the_photo_face_on_face(qtbot, referred: MainWindow) -> None:
    pane, canvas = referred.side_by_side.pane, referred.canvas
    (card,) = referred.inspector.references.cards.values()
    qtbot.mouseClick(card.picture, LEFT)
    qtbot.waitUntil(lambda: pane.words == "IMG_2.png")
    assert referred.actions_["beside_reference"].isChecked()
    assert pane.geometry().left() > referred.stage.geometry().right()
    # The same node of both faces, and twice as large, as theirs is half as large.
    mine, theirs = face_at(40, 40, 200).mesh, face_at(60, 30, 100).mesh
    assert mine is not None
    assert theirs is not None
    for node in (33, 61, 152):
        there = pane.view.to_widget(*theirs[node].tolist()).toTuple()
        assert there == pytest.approx(canvas.view.to_widget(*mine[node].tolist()).toTuple())
    assert pane.view.scale == pytest.approx(2 * canvas.view.scale)
    referred.references.remove(referred.references.shelf[0].shelved.id)
    assert pane.words == "Put a photo of this person on the Reference shelf."


def test_the_two_exclude_each_other_and_a_divided_view(opened: MainWindow) -> None:
    names = ("beside_before", "beside_reference", "split")
    before, reference, split = (opened.actions_[name] for name in names)
    split.trigger()
    before.trigger()
    assert not split.isChecked()
    reference.trigger()
    assert not before.isChecked()
    assert opened.side_by_side.pane.isVisible()
    reference.trigger()
    assert not opened.side_by_side.pane.isVisible()


def test_a_language_changes_and_the_pane_stays(opened: MainWindow) -> None:
    opened.actions_["beside_before"].trigger()
    opened.speak("ko")
    QApplication.processEvents()
    assert opened.side_by_side.pane.isVisible()
    assert opened.side_by_side.pane.words == "전"


# Turned.


@pytest.mark.parametrize("turn", [15, 90, 200, 345])
def test_a_turned_photo_is_whole_and_in_the_middle(turn: int, opened: MainWindow) -> None:
    canvas = opened.canvas
    canvas.turn_to(turn)
    whole = canvas.seen((0, 0, *opened.document.size))
    assert QRectF(canvas.rect()).contains(whole)
    middle = QPointF(canvas.width() / 2, canvas.height() / 2)
    assert whole.center().toTuple() == pytest.approx(middle.toTuple(), abs=1)
    assert canvas.is_fitted


def test_turning_leaves_the_photo_and_what_is_in_the_middle(qtbot, opened: MainWindow) -> None:
    canvas = opened.canvas
    canvas.zoom_to(4.0)
    canvas.look_at(140, 120)
    for _ in range(6):
        qtbot.keyClick(canvas, Qt.Key.Key_6)
    assert canvas.turn == 90
    middle = canvas.sheet(QPointF(canvas.width() / 2, canvas.height() / 2))
    assert canvas.view.to_photo(middle) == pytest.approx((140, 120))
    qtbot.keyClick(canvas, Qt.Key.Key_5)
    assert canvas.turn == 0
    assert not opened.document.history.titles
    canvas.fit()
    assert canvas.view == fitted(opened.document.size, canvas.size().toSizeF())


def test_a_brush_paints_under_the_pointer_of_a_turned_view(qtbot, opened: MainWindow) -> None:
    canvas = opened.canvas
    canvas.set_brush(20, 1.0)
    canvas.turn_to(90)
    at = canvas.laid.map(canvas.view.to_widget(300, 60)).toPoint()
    qtbot.mousePress(canvas, LEFT, pos=at)
    qtbot.mouseRelease(canvas, LEFT, pos=at)
    y, x = np.nonzero(opened.document.mask)
    assert (x.mean(), y.mean()) == pytest.approx((300, 60), abs=1.5)
    # What is drawn there is the photo's pixel of that place.
    canvas.set_mask_shown(False)
    seen = (
        canvas.grab()
        .toImage()
        .pixelColor(canvas.laid.map(canvas.view.to_widget(60, 200)).toPoint())
    )
    assert seen.getRgb()[:3] == pytest.approx((60, 200, 4), abs=4)
    canvas.turn_to(0)
    stroke(qtbot, opened, (30, 30))
    assert opened.document.mask[30, 30] == 255
