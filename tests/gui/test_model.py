"""The real window beside a model of it so simple that it can be read: whatever is done, in
whatever order, both show the same.

`MIEN_STEPS` is how many steps are taken; a hundred thousand is a night's.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox

import gui.dialogs.messages
import gui.main_window
import gui.saving
from engine.base.hidden import PAINTED
from engine.mask import paint_segment
from engine.photo import open_photo, photo_from_array, save_photo
from gui.canvas.pyramid import Pyramid
from gui.canvas.viewport import Viewport
from gui.tab import Tab

STEPS = int(os.environ.get("MIEN_STEPS", "240"))
STEPS_OF_ONE = 30  # from opening a photo on
SIZE = (560, 300)  # more than a tile each way, and a pyramid of two levels
MOST_TABS = 4
RADIUS, HARDNESS = 22.0, 0.8
points = st.tuples(st.integers(-20, 580), st.integers(-20, 320))


@dataclass(frozen=True)
class Filled:
    """What is seen of one hole. layer: the id by which the window knows it."""

    hole: int
    variant: int
    layer: str


@dataclass(frozen=True, eq=False)
class State:
    fills: tuple[Filled, ...]
    mask: np.ndarray


@dataclass(eq=False)
class Model:
    """Photo, holes as they were painted, the states one can go back to."""

    photo: np.ndarray
    holes: list[np.ndarray] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    at: int = 0
    known: dict[str, int] = field(default_factory=dict)  # the hole of every layer there was
    saved: tuple[Filled, ...] = ()
    saved_mask: np.ndarray | None = None
    tab: Tab | None = None

    @property
    def state(self) -> State:
        return self.states[self.at]

    @property
    def mask(self) -> np.ndarray:
        return self.state.mask

    def push(self, state: State) -> None:
        self.states[self.at + 1 :] = [state]
        self.at += 1

    def paint(self, mask: np.ndarray) -> None:
        if not np.array_equal(mask, self.mask):
            self.push(replace(self.state, mask=mask))

    def picture(self, state: State | None = None) -> np.ndarray:
        seen = self.photo.copy()
        for fill in (state or self.state).fills:
            seen = self.laid(seen, fill)
        return seen

    def laid(self, below: np.ndarray, fill: Filled) -> np.ndarray:
        mask = self.holes[fill.hole]
        rows, columns = np.nonzero(mask >= PAINTED)
        alpha = np.zeros(mask.shape, np.uint32)
        box = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        alpha[box] = mask[box]
        above = np.array([fill.variant, 255, 0], np.uint32)
        mixed = below * (255 - alpha[..., None]) + above * alpha[..., None]
        return ((mixed + 127) // 255).astype(np.uint8)

    def hole_of(self, mask: np.ndarray) -> int:
        """The hole that filling a mask fills: one that was undone, or a new one."""
        for state in reversed(self.states):
            for fill in state.fills:
                rest = tuple(f for f in state.fills if f.hole != fill.hole)
                there = any(f.hole == fill.hole for f in self.state.fills)
                undone = not there and rest == self.state.fills
                if undone and np.array_equal(self.holes[fill.hole], mask):
                    return fill.hole
        self.holes.append(mask)
        return len(self.holes) - 1

    def show(self, fill: Filled) -> None:
        """A fill landed or was chosen."""
        self.known[fill.layer] = fill.hole
        fills, mask = list(self.state.fills), self.mask
        places = [n for n, one in enumerate(fills) if one.hole == fill.hole]
        if places:
            fills[places[0]] = fill
        else:
            fills.append(fill)
            mask = np.where(self.holes[fill.hole] > 0, np.uint8(0), mask)
        self.push(State(tuple(fills), mask))

    @property
    def question(self) -> str:
        """What is asked before the photo may go."""
        if self.state.fills != self.saved:
            return "save"
        kept = self.saved_mask is not None and np.array_equal(self.mask, self.saved_mask)
        return "" if kept or not self.mask.any() else "mask"


class Sitting(RuleBasedStateMachine):
    """What a person may do."""

    def __init__(self, qtbot, window, fake, hand, folder: Path, shown: list, holds: dict) -> None:
        super().__init__()
        self.bot, self.window, self.fake, self.hand = qtbot, window, fake, hand
        self.folder, self.failures, self.holds = folder, shown, holds
        self.filling: tuple[Model, int, int] | None = None  # whose, hole, variant
        self.saving: tuple[Model, Path, State] | None = None
        self.models: list[Model] = []  # of the tabs, in their order
        self.stroke: tuple[np.ndarray, bool, tuple[int, int]] | None = None
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

    # Files.

    @precondition(lambda self: self.saving is None)
    @rule(late=st.booleans())
    def save(self, late: bool) -> None:
        self.files += 1
        path = self.folder / f"{self.files}.png"
        self.holds["save"].clear()
        self.window.editor.saving.save(path, overwrite=True)
        self.saving = self.model, path, self.model.state
        if not late:
            self.finish_saving()

    @precondition(lambda self: self.saving is not None)
    @rule()
    def finish_saving(self) -> None:
        model, path, state = self.saving
        self.holds["save"].set()
        self.until(lambda: not self.window.editor.desk.runs("save"))
        assert np.array_equal(open_photo(path).pixels, model.picture(state))
        assert model.tab.path == path
        path.unlink()
        model.saved, self.saving = state.fills, None

    @precondition(lambda self: self.filling is None and self.saving is None and self.stroke is None)
    @rule()
    def save_and_open_the_session(self) -> None:
        self.files += 1
        path = self.folder / f"{self.files}.mien"
        self.window.editor.saving.save_session(path)
        self.until(lambda: not self.window.editor.is_busy)
        tab, state = self.document.tab, self.model.state
        self.model.saved, self.model.saved_mask = state.fills, state.mask
        assert self.window.files.may_leave()
        self.window.editor.tabs.close(tab)
        self.window.open(path)
        self.until(lambda: self.document.session == path and self.document.faces is not None)
        path.unlink()
        self._look()
        self.model.states, self.model.at = [state], 0
        self.models.remove(self.model)
        self.models.append(self.model)
        self._show(self.model)

    @precondition(lambda self: self.stroke is None)
    @rule()
    def stay(self) -> None:
        """Ask to close, and answer that one would rather go on."""
        self.holds["asked"] = ""
        expected = "stop" if self.is_filling else self.model.question
        if self.is_saving:
            expected = ""  # one waits for the save
        leaves = self.window.files.may_leave()
        assert leaves == (not expected and not self.is_saving)
        assert self.holds["asked"] == expected

    @precondition(lambda self: self.stroke is None)
    @rule()
    def stay_with_all(self) -> None:
        """The same with every photo: several are asked about at once."""
        self.holds["asked"] = ""
        asks = [m for m in self.models if m.question or (self.filling and self.filling[0] is m)]
        unsaved = [model for model in asks if model.state.fills != model.saved]
        expected = "all" if unsaved else "masks"
        if len(asks) < 2:
            (one,) = asks or (None,)
            filled = self.filling is not None and self.filling[0] is one
            expected = "" if one is None else "stop" if filled else one.question
        if self.saving is not None:
            expected = ""
        leaves = self.window.files.may_leave_all()
        assert leaves == (not expected and self.saving is None)
        assert self.holds["asked"] == expected
        self._follow()

    # Tabs.

    @precondition(lambda self: len(self.models) < MOST_TABS and self.stroke is None)
    @rule()
    def open_another(self) -> None:
        # A fill that waits holds the search for the new photo's faces up.
        if self.filling is not None:
            self.land()
        if self.saving is not None:
            self.finish_saving()
        self.files += 1
        self._open()

    @precondition(lambda self: len(self.models) > 1)
    @rule(forwards=st.booleans())
    def switch(self, forwards: bool) -> None:
        """In a stroke, too: it is taken back."""
        self.window.actions_["tab_next" if forwards else "tab_back"].trigger()
        at = self.models.index(self.model) + (1 if forwards else -1)
        self._show(self.models[at % len(self.models)])

    @precondition(lambda self: len(self.models) > 1 and self.saving is None)
    @rule(number=st.integers(0, MOST_TABS))
    def close_a_tab(self, number: int) -> None:
        """One that would lose nothing goes without a question; of another one is asked, and
        stays."""
        model = self.models[number % len(self.models)]
        self.holds["asked"] = ""
        filled = self.filling is not None and self.filling[0] is model
        expected = "stop" if filled else model.question
        if expected and model is not self.model:
            self.stroke = None  # what is asked about is shown
        self.window.files.close(model.tab)
        assert self.holds["asked"] == expected
        if not expected:
            assert model.tab not in self.window.editor.tabs
            self.models.remove(model)
        self._follow()

    @precondition(lambda self: len(self.models) > 1)
    @rule(start=st.integers(0, MOST_TABS), end=st.integers(0, MOST_TABS))
    def move_a_tab(self, start: int, end: int) -> None:
        start, end = start % len(self.models), end % len(self.models)
        self.window.tab_bar.bar.moveTab(start, end)
        self.models.insert(end, self.models.pop(start))

    def _follow(self) -> None:
        """What is shown now, where a question or a closing chose it."""
        model = next(model for model in self.models if model.tab is self.document.tab)
        if model is not self.model:
            self._show(model)

    # Always.

    def _shown_mask(self) -> np.ndarray:
        if self.stroke is None:
            return self.model.mask
        stamp, erase, _ = self.stroke
        if erase:
            return np.minimum(self.model.mask, 255 - stamp)
        return np.maximum(self.model.mask, stamp)

    @invariant()
    def what_is_shown_is_the_models(self) -> None:
        if not hasattr(self, "model"):
            return
        document, canvas = self.document, self.window.canvas
        assert [model.tab for model in self.models] == list(self.window.editor.tabs)
        assert document.tab is self.model.tab
        assert self.window.tab_bar.isVisible() == (len(self.models) > 1)
        assert self.window.tab_bar.bar.currentIndex() == self.models.index(self.model)
        assert self.window.editor.is_busy == (self.is_filling or self.is_saving)
        for number, model in enumerate(self.models):  # those behind as well
            assert len(model.tab.steps.titles) == len(model.states) - 1
            assert model.tab.steps.position == model.at
            assert model.tab.is_saved == (model.state.fills == model.saved)
            dotted = self.window.tab_bar.bar.tabText(number).startswith("●")
            assert dotted != model.tab.is_saved
        seen, mask = self.model.picture(), self._shown_mask()
        assert np.array_equal(document.pixels, seen)
        assert np.array_equal(document.mask, mask)
        assert document.is_changed == (self.model.state.fills != self.model.saved)
        assert len(document.history.titles) == len(self.model.states) - 1
        # What the canvas draws from is the same, at every level.
        for drawn, wanted in ((canvas.shelf.shown.current, seen), (canvas.shelf.shown.mask, mask)):
            top, *levels = drawn.levels
            assert np.array_equal(top.read((0, 0, *SIZE)), wanted)
            for level, anew in zip(levels, Pyramid(wanted).levels[1:], strict=True):
                assert np.array_equal(level, anew)

    def teardown(self) -> None:
        self.fake.gate.set()
        self.fake.error = None
        self.holds["save"].set()
        self.window.canvas.tool.cancel()
        self.until(lambda: not self.window.editor.desk.is_busy)


@pytest.mark.slow
def test_the_window_is_what_the_model_says(
    qtbot, window, fake, hand, tmp_path: Path, monkeypatch
) -> None:
    shown: list = []
    holds: dict = {"save": threading.Event(), "asked": ""}
    monkeypatch.setenv("MIEN_SESSIONS", str(tmp_path / "sessions"))
    monkeypatch.setattr(gui.main_window.FailureDialog, "exec", lambda self: shown.append(self))

    def answer(question: str, value):
        def ask(*_):
            holds["asked"] = question
            return value

        return ask

    messages, stay = gui.dialogs.messages, QMessageBox.StandardButton.Cancel
    monkeypatch.setattr(messages, "ask_to_save", answer("save", stay))
    monkeypatch.setattr(messages, "ask_to_stop_fill", answer("stop", False))
    monkeypatch.setattr(messages, "ask_to_drop_mask", answer("mask", False))
    monkeypatch.setattr(messages, "ask_to_save_all", answer("all", stay))
    monkeypatch.setattr(messages, "ask_to_drop_masks", answer("masks", False))

    def save(photo, path, **how):
        holds["save"].wait(20)
        return save_photo(photo, path, **how)

    monkeypatch.setattr(gui.saving, "save_photo", save)
    window.actions_["preview"].setChecked(False)
    window.actions_["layers"].setChecked(True)
    run_state_machine_as_test(
        lambda: Sitting(qtbot, window, fake, hand, tmp_path, shown, holds),
        settings=settings(
            max_examples=max(1, STEPS // STEPS_OF_ONE),
            stateful_step_count=STEPS_OF_ONE,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
