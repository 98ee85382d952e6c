"""The real window beside a model of it so simple that it can be read: whatever is done, in
whatever order, both show the same.

`MIEN_STEPS` is how many steps are taken: 20,000 before a release, a hundred thousand is a night's.

    MIEN_STEPS=20000 pytest tests/gui/test_model.py
"""

from __future__ import annotations

import os
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from PySide6.QtWidgets import QMessageBox

import gui.dialogs.messages
import gui.main_window
import gui.saving
from engine.photo import open_photo, write_photo
from gui.canvas.pyramid import Pyramid
from tests.gui.hands import SIZE, Hands

STEPS = int(os.environ.get("MIEN_STEPS", "240"))
STEPS_OF_ONE = 30  # from opening a photo on
MOST_TABS = 4


class Sitting(Hands):
    """And with several of them: files and tabs."""

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
        self.model.kept = len(self.model.snapshots)
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
        unsaved = [model for model in asks if not model.is_saved]
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
            assert model.tab.is_saved == model.is_saved
            dotted = self.window.tab_bar.bar.tabText(number).startswith("●")
            assert dotted != model.tab.is_saved
        seen, mask = self.model.picture(), self._shown_mask()
        assert np.array_equal(document.pixels, seen)
        assert np.array_equal(document.mask, mask)
        assert document.is_changed != self.model.is_saved
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
    monkeypatch.setenv("MIEN_MASKS", str(tmp_path / "masks"))
    monkeypatch.setattr(gui.main_window.FailureDialog, "exec", lambda self: shown.append(self))

    def answer(question: str, value):
        def ask(*_):
            holds["asked"] = question
            return value

        return ask

    messages, stay = gui.dialogs.messages, QMessageBox.StandardButton.Cancel
    monkeypatch.setattr(messages, "ask_to_save", answer("save", stay))
    monkeypatch.setattr(messages, "ask_to_save_snapshots", answer("save", stay))
    monkeypatch.setattr(messages, "ask_to_stop_fill", answer("stop", False))
    monkeypatch.setattr(messages, "ask_to_drop_mask", answer("mask", False))
    monkeypatch.setattr(messages, "ask_to_save_all", answer("all", stay))
    monkeypatch.setattr(messages, "ask_to_drop_masks", answer("masks", False))

    def save(photo, path, **how):
        holds["save"].wait(20)
        return write_photo(photo, path, **how)

    monkeypatch.setattr(gui.saving, "write_photo", save)
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
