"""Names of files made of others: words in the window, fields for the engine."""

from __future__ import annotations

import pytest

from gui.main_window import MainWindow
from gui.panels.name_line import NameLine, worded
from gui.translation import set_language


@pytest.mark.parametrize(("code", "shown"), [("en", "[photo]-done"), ("ko", "[사진]-done")])
def test_a_name_is_shown_in_words_and_meant_in_fields(qtbot, code: str, shown: str) -> None:
    set_language(code)
    line = NameLine()
    line.show_pattern("{stem}-done")
    assert line.text() == shown
    assert line.pattern == "{stem}-done"
    line.setText("{number:03}-" + shown)  # either may be typed
    assert line.pattern == "{number:03}-{stem}-done"
    assert worded("{number:03} {nobody}").endswith(":03] {nobody}")
    set_language("en")


def test_the_batch_shows_no_braces(window: MainWindow) -> None:
    window.actions_["batch"].trigger()
    dialog = window.batches.dialog
    assert dialog is not None
    options = dialog.options
    assert options.name.text() == "[photo]"
    assert options.values["name"] == "{stem}"
    assert "{" not in options.name.toolTip() + options.pattern.placeholderText()
