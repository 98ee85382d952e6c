"""What a person may do to a photo, beside the model of it: paint, fill, choose, go back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
)
from PySide6.QtCore import QPoint, QPointF, Qt

from engine.base.hidden import PAINTED
from engine.edit.kept_masks import keep_mask, kept_masks
from engine.mask import paint_segment
from engine.photo import photo_from_array
from gui.canvas.viewport import Viewport
from tests.gui.model import Filled, Model, State

SIZE = (560, 300)  # more than a tile each way, and a pyramid of two levels
RADIUS, HARDNESS = 22.0, 0.8
points = st.tuples(st.integers(-20, 580), st.integers(-20, 320))


class Hands(RuleBasedStateMachine):
    """What a person may do to a photo."""

    def __init__(self, qtbot, window, fake, hand, folder: Path, shown: list, holds: dict) -> None:
        super().__init__()
        self.bot, self.window, self.fake, self.hand = qtbot, window, fake, hand
        self.folder, self.failures, self.holds = folder, shown, holds
        self.filling: tuple[Model, int, int] | None = None  # whose, hole, variant
        self.saving: tuple[Model, Path, State] | None = None
        self.models: list[Model] = []  # of the tabs, in their order
        self.stroke: tuple[np.ndarray, bool, tuple[int, int]] | None = None
        self.kept: np.ndarray | None = None  # the mask that was kept under a name last
        self.files = 0

    @property
    def document(self):
        return self.window.document

    def until(self, condition) -> None:
        self.bot.waitUntil(condition, timeout=20_000)

    @initialize()
    def open(self) -> None:
        for tab in self.window.editor.tabs:
            self.window.editor.tabs.close(tab)
        self._open()

    def _open(self) -> None:
        rng = np.random.default_rng(self.files)
        photo = photo_from_array(rng.integers(0, 255, (SIZE[1], SIZE[0], 3)).astype(np.uint8))
        self.window.editor.opening.open_pasted(photo)
        self.until(lambda: self.document.photo is photo and self.document.faces is not None)
        self._look()
        model = Model(photo.pixels)
        model.states.append(State((), np.zeros(SIZE[::-1], np.uint8)))
        self.models.append(model)
        self._show(model)

    def _show(self, model: Model) -> None:
        """This photo is shown, by now."""
        self.model, model.tab = model, self.document.tab
        self.stroke = None

    @property
    def is_filling(self) -> bool:
        """Whether the shown photo is being filled."""
        return self.filling is not None and self.filling[0] is self.model

    @property
    def is_saving(self) -> bool:
        return self.saving is not None and self.saving[0] is self.model

    def _look(self) -> None:
        # One to one, at whole pixels: what the hand does is what the model does, to the bit.
        self.window.canvas.set_view(Viewport(1.0, 40.0, 40.0))
        view = self.window.canvas.view
        self.window.canvas.view = Viewport(1.0, round(view.x), round(view.y))

    # Painting.

    def _painted(self, mask: np.ndarray, start, end, erase: bool) -> np.ndarray:
        mask = mask.copy()
        paint_segment(mask, start, end, RADIUS, HARDNESS, erase)
        return mask

    @precondition(lambda self: self.stroke is None)
    @rule(start=points, end=points, erase=st.booleans())
    def paint(self, start, end, erase) -> None:
        self.press(start, erase)
        self.drag(end)
        self.release()

    @precondition(lambda self: self.stroke is None)
    @rule(start=points, erase=st.booleans())
    def press(self, start, erase) -> None:
        self.window.canvas.set_tool("eraser" if erase else "brush")
        self.window.canvas.set_brush(2 * RADIUS, HARDNESS)  # opening makes it suit the photo
        self.window.canvas.tool.press(start, Qt.KeyboardModifier.NoModifier, 1.0)
        stamp = self._painted(np.zeros(SIZE[::-1], np.uint8), start, start, False)
        self.stroke = stamp, erase, start

    @precondition(lambda self: self.stroke is not None)
    @rule(end=points)
    def drag(self, end) -> None:
        stamp, erase, start = self.stroke
        self.window.canvas.tool.drag(end, 1.0)
        self.stroke = self._painted(stamp, start, end, False), erase, end

    @precondition(lambda self: self.stroke is not None)
    @rule()
    def release(self) -> None:
        self.window.canvas.tool.release(self.stroke[2])
        mask = self._shown_mask()
        self.stroke = None
        self.model.paint(mask)

    @precondition(lambda self: self.stroke is not None and self.filling is None)
    @rule()
    def take_back(self) -> None:
        self.window.canvas.tool.cancel()
        self.stroke = None

    @rule()
    def invert(self) -> None:
        self.window.actions_["mask_invert"].trigger()
        self.model.paint(255 - self.model.mask)

    @rule()
    def clear(self) -> None:
        if self.window.actions_["mask_clear"].isEnabled():
            self.window.actions_["mask_clear"].trigger()
            self.model.paint(np.zeros_like(self.model.mask))

    # Filling.

    @precondition(lambda self: self.filling is None and self.saving is None)
    @rule(late=st.booleans())
    def fill(self, late: bool) -> None:
        mask = self.model.mask
        self.fake.gate.clear()
        self.window.editor.fill()
        if not (mask >= PAINTED).any():
            assert not self.window.editor.is_busy
            return
        self.filling = self.model, self.model.hole_of(mask), 0
        if not late:
            self.land()

    @precondition(lambda self: self.filling is None and self.saving is None)
    @rule(late=st.booleans())
    def more(self, late: bool) -> None:
        one = self.window.editor.results.round
        self.fake.gate.clear()
        self.window.editor.more()
        if one is None:
            assert not self.window.editor.is_busy
            return
        variant = 1 + max(result.options.variant for result in one.results)
        self.filling = self.model, self._hole(one.results[0].layer.id), variant
        if not late:
            self.land()

    def _hole(self, layer: str) -> int:
        return self.model.known[layer]

    @precondition(lambda self: self.filling is not None)
    @rule()
    def land(self) -> None:
        model, hole, variant = self.filling
        self.fake.gate.set()
        self.until(lambda: not self.window.editor.desk.runs("fill"))
        layer = next(layer for layer in model.tab.edit.shown if layer.id not in model.known)
        assert layer.fill.patches[0].pixels[0, 0].tolist() == [variant, 255, 0]
        model.show(Filled(hole, variant, layer.id))
        self.filling = None

    @precondition(lambda self: self.filling is not None)
    @rule()
    def fail(self) -> None:
        self.fake.error, told = "The weights are damaged; reinstall Mien.", len(self.failures)
        self.fake.gate.set()
        self.until(lambda: len(self.failures) > told)
        self.fake.error, self.filling = None, None
        assert not self.window.editor.desk.runs("fill")

    @precondition(lambda self: self.is_filling and self.saving is None)
    @rule()
    def cancel(self) -> None:
        self.window.editor.cancel()
        self.until(lambda: not self.window.editor.is_busy)
        self.filling = None

    @rule(number=st.integers(0, 5))
    def click_in_the_strip(self, number: int) -> None:
        buttons = self.window.strip.buttons
        if buttons and self.window.strip.isVisible():
            button = buttons[number % len(buttons)]
            result = self.window.strip._shown[number % len(buttons)]
            current = self.window.editor.results.current
            button.click()
            if result is not current:
                hole = self._hole(result.layer.id)
                self.model.show(Filled(hole, result.options.variant, result.layer.id))

    # Layers and the list of steps.

    @rule(number=st.integers(0, 9))
    def go_to_a_step(self, number: int) -> None:
        steps = self.window.layers.steps
        if not self.window.editor.is_busy and steps.count():
            number %= len(self.model.states)
            steps.itemClicked.emit(steps.item(number))
            self.model.at = number

    @rule(upwards=st.booleans(), row=st.integers(0, 3))
    def move_a_layer(self, upwards: bool, row: int) -> None:
        fills, panel = list(self.model.state.fills), self.window.layers
        assert panel.layers.count() >= len(fills)
        if panel.layers.count() != len(fills) or len(fills) < 2:
            return
        row %= len(fills)
        panel.layers.setCurrentRow(row)
        button = panel.up if upwards else panel.down
        at = len(fills) - 1 - row
        to = at + (1 if upwards else -1)
        assert button.isEnabled() == (0 <= to < len(fills))
        if button.isEnabled():
            button.click()
            fills.insert(to, fills.pop(at))
            self.model.push(replace(self.model.state, fills=tuple(fills)))

    # Going back.

    @precondition(lambda self: not self.is_filling)
    @rule(row=st.integers(0, 3))
    def delete_a_layer(self, row: int) -> None:
        panel, fills = self.window.layers, self.model.state.fills
        if row >= panel.layers.count():
            return
        panel.layers.setCurrentRow(row)
        hole = self._hole(panel._chosen().id)
        panel.delete.click()
        kept = tuple(fill for fill in fills if fill.hole != hole)
        self.model.push(replace(self.model.state, fills=kept))

    @rule(name=st.text("abc 가나", min_size=1, max_size=8))
    def rename_a_layer(self, name: str) -> None:
        """A step that changes nothing that is seen."""
        panel = self.window.layers
        hole = panel._hole_at(0)
        if hole is not None and panel._chosen_hole() is not None:
            before = len(self.document.history.titles), self.document.history.position
            panel._name(hole, name.strip())
            if (len(self.document.history.titles), self.document.history.position) != before:
                self.model.push(self.model.state)

    @precondition(lambda self: self.stroke is None and len(self.model.snapshots) < 3)
    @rule()
    def take_a_snapshot(self) -> None:
        self.document.take_snapshot(f"Snapshot {len(self.model.snapshots)}")
        self.model.snapshots.append(self.model.state)

    @precondition(lambda self: self.stroke is None and not self.is_filling)
    @rule(number=st.integers(0, 2))
    def go_to_a_snapshot(self, number: int) -> None:
        if number < len(self.model.snapshots):
            before = self.document.history.position, len(self.document.history.titles)
            self.document.go_to_snapshot(number)
            if (self.document.history.position, len(self.document.history.titles)) != before:
                self.model.push(self.model.snapshots[number])

    @precondition(lambda self: self.stroke is None)
    @rule(turn=st.sampled_from([15, 90, 200, 345]), beside=st.booleans())
    def look_otherwise(self, turn: int, beside: bool) -> None:
        """Turned, and beside the photo as it was opened: the photo stays what it is."""
        canvas, action = self.window.canvas, self.window.actions_["beside_before"]
        action.setChecked(beside)
        canvas.turn_to(turn)
        canvas.grab()
        if beside:
            self.window.side_by_side.pane.grab()
        action.setChecked(False)
        canvas.turn_to(0)
        self._look()

    @precondition(lambda self: self.stroke is None)
    @rule(place=st.tuples(st.floats(0.05, 0.95), st.floats(0.05, 0.95)), turn=st.booleans())
    def look_by_the_navigator(self, place: tuple[float, float], turn: bool) -> None:
        """What is seen moves, the photo does not."""
        canvas, navigator = self.window.canvas, self.window.navigator
        canvas.turn_to(75 if turn else 0)
        canvas.zoom_to(6.0)
        assert navigator.isVisible()
        navigator.grab()
        across, down = place[0] * navigator.width(), place[1] * navigator.height()
        self.bot.mouseClick(
            navigator, Qt.MouseButton.LeftButton, pos=QPoint(int(across), int(down))
        )
        seen = navigator.seen.boundingRect()
        assert seen.adjusted(-2, -2, 2, 2).contains(QPointF(across, down))
        canvas.turn_to(0)
        canvas.fit()
        assert not navigator.isVisible()
        self._look()

    @precondition(lambda self: self.stroke is None and self.saving is None)
    @rule(again=st.booleans())
    def keep_a_mask_or_put_it(self, again: bool) -> None:
        """In whatever photo it is put: all are as large, and nobody is in them."""
        mask = self.model.mask
        if not again and mask.any():
            keep_mask("kept", self.document.edit.mask, None)
            self.kept = mask
        elif self.kept is not None:
            (kept,) = kept_masks()
            self.window.kept_masks.put(kept)
            self.until(lambda: not self.window.editor.desk.runs("mask"))
            self.model.paint(np.maximum(mask, self.kept))

    @precondition(lambda self: self.stroke is None and not self.is_filling)
    @rule(corners=st.lists(points, min_size=3, max_size=4, unique=True), snaps=st.booleans())
    def lasso(self, corners: list, snaps: bool) -> None:
        """Whatever area it closes, it is one step, and undone it is gone."""
        window = self.window
        window.actions_["snap"].setChecked(snaps)
        window.actions_["tool_lasso"].setChecked(True)
        window.canvas.repaint()
        for corner in corners:
            self.hand.click(*corner)
        window.canvas.tool.key(Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier)
        window.canvas.tool.cancel()
        window.actions_["tool_brush"].setChecked(True)
        self.model.paint(self.document.edit.mask.to_mask().pixels)

    @rule()
    def undo(self) -> None:
        if self.window.actions_["undo"].isEnabled():
            self.window.actions_["undo"].trigger()
            self.model.at -= 1
        else:
            assert self.model.at == 0 or self.window.editor.is_busy

    @rule()
    def redo(self) -> None:
        if self.window.actions_["redo"].isEnabled():
            self.window.actions_["redo"].trigger()
            self.model.at += 1
        else:
            assert self.model.at + 1 == len(self.model.states) or self.window.editor.is_busy

    def _shown_mask(self) -> np.ndarray:
        if self.stroke is None:
            return self.model.mask
        stamp, erase, _ = self.stroke
        if erase:
            return np.minimum(self.model.mask, 255 - stamp)
        return np.maximum(self.model.mask, stamp)
