"""About: the version, each model's card and terms, and whose work the program carries."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.catalogue.weights import installed
from engine.doctor import mien_version
from gui.dialogs import about
from gui.dialogs.about import AboutDialog


@pytest.fixture
def dialog(qtbot, tmp_path: Path, monkeypatch) -> AboutDialog:
    monkeypatch.setenv("MIEN_MODELS", str(tmp_path))
    made = AboutDialog()
    qtbot.addWidget(made)
    return made


def choose(dialog: AboutDialog, title: str) -> str:
    """The text of the page of that title, as it is shown."""
    (row,) = [n for n in range(dialog.pages.count()) if dialog.pages.item(n).text() == title]
    dialog.pages.setCurrentRow(row)
    return dialog.page.toPlainText()


def test_it_begins_with_the_terms_of_code_and_models(dialog: AboutDialog) -> None:
    text = dialog.page.toPlainText()
    assert "Apache License" in text
    for manifest in installed():
        assert manifest.licence in text
    labels = [label.text() for label in dialog.findChildren(about.QLabel)]
    assert mien_version() in labels


def test_every_model_shows_its_card_with_the_terms_of_its_data(dialog: AboutDialog) -> None:
    assert len(installed()) >= 4
    for manifest in installed():
        text = choose(dialog, manifest.title)
        assert f"Terms of use: {manifest.licence}" in text
        assert len(text) > 400


def test_others_work_and_changes_are_listed(dialog: AboutDialog) -> None:
    text = choose(dialog, "Licences of others")
    for name in ("torch 2.13.0", "opencv-python 4.11.0.86", "PySide6"):
        assert name in text
    assert mien_version() in choose(dialog, "What is new")


def test_a_bundle_shows_the_list_it_carries(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "licences").mkdir()
    (tmp_path / "licences" / "THIRD-PARTY.txt").write_text("Qt <6>  LGPL-3.0", encoding="utf-8")
    monkeypatch.setattr(about, "root", lambda: tmp_path)
    text = about.third_parties()
    assert text.endswith("Qt <6>  LGPL-3.0")
    assert str(tmp_path / "licences") in text


def test_a_link_starts_no_browser(dialog: AboutDialog, monkeypatch) -> None:
    assert not dialog.page.openLinks()
    assert not dialog.page.openExternalLinks()
