"""Modules, readings, dragged nodes, variants: what makes a fill the person's own."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from engine.readings import DraggedNode
from gui.main_window import MainWindow

LEFT = Qt.MouseButton.LeftButton
CORNER = 61  # the mouth's left corner


def green(window: MainWindow) -> list[int]:
    return window.document.pixels[188, 140].tolist()


def test_the_photo_is_read_as_soon_as_faces_are_found(faced: MainWindow, fake) -> None:
    panel = faced.inspector.expression
    assert panel.rows["happiness"].accessibleName() == "Happiness: photo 90 %"
    assert fake.previews[-1].mask.is_empty
    chooser = faced.inspector.faces.chooser
    assert not chooser.isHidden()
    assert chooser.count() == 2


@pytest.mark.parametrize(
    ("box", "field", "off"), [("landmarks", "landmarks", False), ("emotion", "emotion", "off")]
)
def test_a_check_box_changes_the_options_and_the_preview(
    qtbot, faced: MainWindow, fake, box, field, off
) -> None:
    before = getattr(faced.editor.options, field)
    check = faced.inspector.modules.checks[box]
    qtbot.mouseClick(check, LEFT, pos=QPoint(10, check.height() // 2))
    assert getattr(faced.editor.options, field) == off
    assert not faced.actions_[box].isChecked()
    qtbot.waitUntil(lambda: getattr(fake.previews[-1].options, field) == off)
    faced.actions_[box].trigger()
    assert getattr(faced.editor.options, field) == before
    assert check.isChecked()


def test_a_named_emotion_is_asked_for_with_a_strength(qtbot, faced: MainWindow, fake, hand) -> None:
    panel = faced.inspector.modules
    assert not panel.sliders["strength"].isEnabled()
    hand.hide_mouth()
    qtbot.mouseClick(panel.strips["emotion"].buttons["surprise"], LEFT)
    assert faced.editor.options.emotion == "surprise"
    assert faced.actions_["ask_surprise"].isChecked()
    assert panel.sliders["strength"].isEnabled()
    panel.sliders["strength"].setFocus()
    qtbot.keyClick(panel.sliders["strength"], Qt.Key.Key_PageUp)
    assert faced.editor.options.strength == pytest.approx(1.1)
    qtbot.waitUntil(lambda: any(asked.options.strength == 1.1 for asked in fake.previews))
    hand.settle()
    row = faced.inspector.expression.rows["surprise"]
    assert row.accessibleName() == "Surprise: photo 2 %, preview 55 %"


def test_a_key_asks_for_an_expression_and_switches_the_module_on(faced: MainWindow, hand) -> None:
    faced.actions_["emotion"].setChecked(False)
    assert faced.editor.options.emotion == "off"
    assert not faced.inspector.modules.strips["emotion"].isEnabled()
    hand.key(Qt.Key.Key_1, Qt.KeyboardModifier.AltModifier)
    assert faced.editor.options.emotion == "happiness"
    assert faced.inspector.modules.checks["emotion"].isChecked()
    hand.key(Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert faced.editor.options.strength == pytest.approx(1.1)


def test_modules_are_remembered(faced: MainWindow, settings, fake) -> None:
    faced.actions_["landmarks"].setChecked(False)
    faced.actions_["ask_fear"].setChecked(True)
    faced.modules.want("strength", 0.6)
    faced.actions_["mask_clear"].trigger()  # what the expression needs hidden was masked
    faced.close()
    again = MainWindow(settings, lambda: fake)
    options = again.editor.options
    assert (options.landmarks, options.emotion, options.strength) == (False, "keep", 0.6)
    assert again.inspector.modules.strips["emotion"].value == "keep"
    assert again.inspector.modules.sliders["strength"].value() == 60
    again.close()


def test_the_newest_request_wins_and_those_between_are_never_asked(
    qtbot, faced: MainWindow, fake, hand
) -> None:
    hand.hide_mouth()
    asked = len(fake.previews)
    fake.preview_gate = threading.Event()  # the next preview hangs
    faced.modules.want("strength", 0.9)
    qtbot.waitUntil(lambda: len(fake.previews) == asked + 1)
    for name in ("anger", "fear", "sadness", "surprise"):
        faced.actions_[f"ask_{name}"].setChecked(True)
        qtbot.wait(60)
    assert len(fake.previews) == asked + 1
    fake.preview_gate.set()
    hand.settle()
    assert len(fake.previews) == asked + 2
    assert fake.previews[-1].options.emotion == "surprise"
    after = faced.editor.readout.readings.of(0).after
    assert after == pytest.approx((0.55 / 6,) * 6 + (0.45,))


def test_readings_follow_a_stroke_while_it_is_painted(qtbot, faced: MainWindow, hand) -> None:
    canvas = faced.canvas
    canvas.set_brush(60)
    hand.press(115, 188)
    canvas.tool.drag((165, 188), 1.0)
    qtbot.waitUntil(lambda: faced.editor.readout.readings.of(0).after is not None)
    assert faced.canvas.mesh.has_hidden
    hand.release(165, 188)


def test_the_hand_chooses_the_face_that_is_read(faced: MainWindow, hand) -> None:
    faced.actions_["tool_pan"].setChecked(True)
    hand.click(320, 150)
    assert faced.document.selected == 1
    assert faced.inspector.faces.chooser.currentIndex() == 1
    hand.key(Qt.Key.Key_F, Qt.KeyboardModifier.ShiftModifier)
    assert faced.document.selected == 0


def test_only_hidden_nodes_can_be_dragged(faced: MainWindow, hand) -> None:
    faced.actions_["tool_node"].setChecked(True)
    hand.drag_node(CORNER, 0, -20)
    assert faced.document.nodes == ()
    faced.actions_["tool_brush"].setChecked(True)
    hand.hide_mouth()
    hand.key(Qt.Key.Key_N)
    x, y = hand.place(CORNER)
    hand.drag_node(CORNER, -4, 0)
    (node,) = faced.document.nodes
    assert (node.face, node.node) == (0, CORNER)
    assert (node.x, node.y) == pytest.approx((x - 4, y), abs=1)


def test_a_drag_is_one_step_and_the_fill_takes_it(qtbot, faced: MainWindow, fake, hand) -> None:
    hand.hide_mouth()
    faced.actions_["tool_node"].setChecked(True)
    steps = faced.document.history.position
    hand.drag_node(CORNER, -10, -10)
    nodes = faced.document.nodes
    assert faced.document.history.position == steps + 1
    qtbot.waitUntil(lambda: fake.previews[-1].options.nodes == nodes)
    faced.actions_["undo"].trigger()
    assert faced.document.nodes == ()
    faced.actions_["redo"].trigger()
    assert faced.document.nodes == nodes
    hand.fill()
    assert fake.requests[-1].options.nodes == nodes
    assert faced.document.nodes == ()
    faced.actions_["undo"].trigger()
    assert faced.document.nodes == nodes
    assert faced.document.has_mask
    faced.actions_["nodes_reset"].trigger()
    assert faced.document.nodes == ()
    assert not faced.actions_["nodes_reset"].isEnabled()


def test_escape_takes_a_drag_back(faced: MainWindow, hand) -> None:
    hand.hide_mouth()
    faced.actions_["tool_node"].setChecked(True)
    steps = faced.document.history.position
    x, y = hand.place(CORNER)
    hand.press(x, y)
    faced.canvas.tool.drag((x, y - 30), 1.0)
    assert faced.document.nodes
    hand.key(Qt.Key.Key_Escape)
    hand.release(x, y - 30)
    assert faced.document.nodes == ()
    assert faced.document.history.position == steps


def test_nodes_can_be_moved_by_keys(faced: MainWindow, hand) -> None:
    hand.hide_mouth()
    faced.actions_["tool_node"].setChecked(True)
    canvas, steps = faced.canvas, faced.document.history.position
    hand.key(Qt.Key.Key_PageDown)
    assert canvas.nodes.chosen == (0, CORNER)
    x, y = hand.place(CORNER)
    hand.key(Qt.Key.Key_Up)
    (node,) = faced.document.nodes
    assert node.x == pytest.approx(x)
    assert y - 3 < node.y < y
    assert faced.document.history.position == steps + 1
    hand.key(Qt.Key.Key_Delete)
    assert faced.document.nodes == ()


def test_a_handle_that_is_pulled_out_of_the_face_stays_behind(faced: MainWindow, hand) -> None:
    hand.hide_mouth()
    faced.actions_["tool_node"].setChecked(True)
    canvas = faced.canvas
    x, y = hand.place(CORNER)
    hand.press(x, y)
    canvas.tool.drag((x - 6, y), 1.0)
    assert hand.place(CORNER) == pytest.approx((x - 6, y), abs=0.5)
    calm = canvas.grab().toImage()
    assert canvas.nodes._behind(canvas.view) is None
    # Beyond what faces do the handle stops, and a tie to the pointer says so.
    canvas.tool.drag((x - 70, y - 40), 1.0)
    stopped = hand.place(CORNER)
    assert 3 < np.hypot(stopped[0] - x, stopped[1] - y) < 40
    tied, there = canvas.nodes._behind(canvas.view), canvas.view.to_widget(x - 70, y - 40)
    assert (tied.x(), tied.y()) == pytest.approx((there.x(), there.y()), abs=2)
    assert canvas.grab().toImage() != calm
    canvas.tool.drag((x - 90, y - 50), 1.0)
    assert hand.place(CORNER) == pytest.approx(stopped, abs=1)
    hand.release(x - 90, y - 50)
    assert canvas.nodes._behind(canvas.view) is None
    (node,) = faced.document.nodes
    assert (node.x, node.y) == pytest.approx(stopped, abs=0.5)


def test_the_neighbours_of_a_handle_follow_at_once(faced: MainWindow, hand) -> None:
    hand.hide_mouth()
    faced.actions_["tool_node"].setChecked(True)
    before = faced.canvas.mesh.shape(0)
    assert before is not None
    hand.press(*hand.place(CORNER))
    x, y = hand.place(CORNER)
    faced.canvas.tool.drag((x - 5, y + 4), 1.0)
    after = faced.canvas.mesh.shape(0)
    assert after is not None
    went = after.points - before.points
    assert not went[~before.hidden].any()
    assert went[146] @ (-5, 4) > 5  # a node of the lips beside the corner
    assert np.linalg.norm(went[291]) < 0.8 * np.linalg.norm(went[CORNER])
    hand.release(x - 5, y + 4)


def test_a_second_handle_leaves_the_first_where_it_was_put(faced: MainWindow, hand) -> None:
    hand.hide_mouth()
    faced.actions_["tool_node"].setChecked(True)
    hand.drag_node(CORNER, -5, 0)
    first = hand.place(CORNER)
    hand.drag_node(17, 0, 90)
    assert hand.place(CORNER) == pytest.approx(first, abs=0.7)
    assert len(faced.document.nodes) == 2


def test_without_the_module_nothing_can_be_dragged(faced: MainWindow, hand) -> None:
    hand.hide_mouth()
    faced.actions_["landmarks"].setChecked(False)
    faced.actions_["tool_node"].setChecked(True)
    hand.drag_node(CORNER, 0, -20)
    assert faced.document.nodes == ()


def test_a_dragged_node_stays_with_its_face_whatever_is_framed(faced: MainWindow) -> None:
    from engine.face.finder import FaceFrame

    document = faced.document
    document.set_nodes((DraggedNode(0, CORNER, 100, 100), DraggedNode(1, CORNER, 300, 150)), "drag")
    document.set_frames((FaceFrame(270, 100, 100, 100),))
    assert [face.box[0] for face in document.subjects] == [270, 40]
    # The frame takes the place of the second face; the first is number 1 now.
    assert document.nodes == (DraggedNode(1, CORNER, 100, 100),)
    document.history.undo()
    assert document.frames == ()
    assert len(document.nodes) == 2
    document.history.undo()
    assert document.nodes == ()


def test_variants_replace_each_other_and_can_be_chosen(
    qtbot, faced: MainWindow, fake, hand
) -> None:
    document, strip = faced.document, faced.strip
    before = document.pixels.copy()
    assert strip.isHidden()
    assert not faced.actions_["more"].isEnabled()
    hand.hide_mouth()
    painted = document.mask.copy()
    hand.fill()
    assert not strip.isHidden()
    for number in (1, 2):
        hand.key(Qt.Key.Key_G)
        qtbot.waitUntil(lambda n=number: len(strip.buttons) == n + 1)
        assert fake.requests[-1].options.variant == number
        assert np.array_equal(fake.requests[-1].photo.pixels, before)
        assert np.array_equal(fake.requests[-1].mask.pixels, painted)
        assert green(faced) == [number, 255, 0]
    qtbot.mouseClick(strip.buttons[0], LEFT)
    assert green(faced) == [0, 255, 0]
    assert [button.isChecked() for button in strip.buttons] == [True, False, False]
    # Chosen, varied, varied, filled, painted: each is a step, and none lies on another.
    for expected in ([2, 255, 0], [1, 255, 0], [0, 255, 0]):
        faced.actions_["undo"].trigger()
        assert green(faced) == expected
    faced.actions_["undo"].trigger()
    assert np.array_equal(document.pixels, before)
    assert np.array_equal(document.mask, painted)


def test_an_undone_fill_can_be_chosen_again(qtbot, faced: MainWindow, hand) -> None:
    hand.hide_mouth()
    hand.fill()
    faced.actions_["undo"].trigger()
    assert not faced.strip.isHidden()
    assert not faced.strip.buttons[0].isChecked()
    qtbot.mouseClick(faced.strip.buttons[0], LEFT)
    assert green(faced) == [0, 255, 0]
    assert not faced.document.has_mask
    assert faced.strip.buttons[0].isChecked()


def test_other_settings_fill_the_last_mask_again(qtbot, faced: MainWindow, fake, hand) -> None:
    hand.hide_mouth()
    hand.fill()
    row = faced.inspector.expression.rows["happiness"]
    assert row.accessibleName() == "Happiness: photo 90 %, fill 80 %"
    hand.key(Qt.Key.Key_Return)  # the same settings: nothing to do
    assert len(fake.requests) == 1
    faced.actions_["ask_happiness"].setChecked(True)
    hand.key(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(faced.strip.buttons) == 2)
    assert [b.accessibleName() for b in faced.strip.buttons] == [
        "Expression kept, best guess",
        "Happiness 100 %, best guess",
    ]
    assert row.accessibleName() == "Happiness: photo 90 %, fill 50 %"
    faced.actions_["result_back"].trigger()
    assert row.accessibleName() == "Happiness: photo 90 %, fill 80 %"


def test_another_mask_begins_another_round(qtbot, faced: MainWindow, hand) -> None:
    hand.hide_mouth()
    hand.fill()
    faced.actions_["more"].trigger()
    qtbot.waitUntil(lambda: len(faced.strip.buttons) == 2)
    hand.stroke((300, 250))
    hand.fill()
    assert len(faced.strip.buttons) == 1
    faced.actions_["undo"].trigger()  # back where the first round's fill is shown
    assert len(faced.strip.buttons) == 2
    assert green(faced) == [1, 255, 0]


def test_results_are_bounded(qtbot, faced: MainWindow, monkeypatch, hand) -> None:
    import gui.results

    monkeypatch.setattr(gui.results, "LARGEST_COUNT", 3)
    hand.hide_mouth()
    hand.fill()
    for number in range(1, 5):
        faced.actions_["more"].trigger()
        qtbot.waitUntil(lambda n=number: green(faced) == [n, 255, 0])
    variants = [r.options.variant for r in faced.editor.results.round.results]
    assert variants == [2, 3, 4]
    assert len(faced.strip.buttons) == 3


def test_a_new_photo_has_no_results(qtbot, faced: MainWindow, another_path, hand) -> None:
    hand.hide_mouth()
    hand.fill()
    faced.open(another_path)
    qtbot.waitUntil(lambda: faced.strip.isHidden())
    assert faced.editor.results.round is None
