"""An expression is chosen among small faces; what it needs hidden is masked by itself."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from engine.face.parts import part_mask
from engine.inpaint import Patch, Preview
from engine.modules.registry import wishes
from engine.readings import EMOTIONS
from gui.main_window import MainWindow
from gui.panels.glyphs import LOOKS
from gui.translation import set_language

LEFT = Qt.MouseButton.LeftButton


def faces(window: MainWindow) -> dict:
    return window.inspector.modules.strips["emotion"].buttons


def test_there_is_a_face_for_every_expression() -> None:
    assert set(LOOKS) == set(EMOTIONS) == set(wishes()["emotion"]["parts"])


def test_an_expression_masks_what_it_needs_and_is_shown_at_once(
    qtbot, faced: MainWindow, fake, hand
) -> None:
    qtbot.mouseClick(faces(faced)["surprise"], LEFT)
    document = faced.document
    mesh = document.subjects[0].mesh
    needed = np.zeros((300, 400), np.uint8)
    for part in ("eyes", "brows", "mouth"):
        needed |= part_mask(mesh, part, (400, 300))
    assert np.array_equal(document.mask, needed)
    assert faced.status._message.text() == "Masked for it: Eyes, Brows, Mouth. Enter fills."
    # The seven small faces are previews too, and come when they come.
    qtbot.waitUntil(
        lambda: any(p.options.emotion == "surprise" and p.mask.pixels.any() for p in fake.previews)
    )
    hand.fill()
    assert fake.requests[-1].options.emotion == "surprise"
    assert np.array_equal(fake.requests[-1].mask.pixels, needed)


def test_by_key_and_menu_it_does_the_same(faced: MainWindow, hand) -> None:
    hand.key(Qt.Key.Key_1, Qt.KeyboardModifier.AltModifier)
    assert faced.editor.options.emotion == "happiness"
    assert faced.document.has_mask
    assert faces(faced)["happiness"].isChecked()


def test_another_expression_takes_the_mask_with_it_and_none_takes_it_away(
    qtbot, faced: MainWindow
) -> None:
    qtbot.mouseClick(faces(faced)["happiness"], LEFT)
    smile = faced.document.mask.sum()
    qtbot.mouseClick(faces(faced)["anger"], LEFT)
    assert faced.document.mask.sum() > smile  # with the brows
    qtbot.mouseClick(faces(faced)["anger"], LEFT)
    assert faced.editor.options.emotion == "keep"
    assert not faced.document.has_mask


def test_what_a_person_painted_stays_as_it_is(qtbot, faced: MainWindow, hand) -> None:
    hand.hide_mouth()
    painted = faced.document.mask.copy()
    qtbot.mouseClick(faces(faced)["anger"], LEFT)
    assert np.array_equal(faced.document.mask, painted)
    qtbot.mouseClick(faces(faced)["anger"], LEFT)
    assert np.array_equal(faced.document.mask, painted)


def test_a_proposal_that_was_painted_on_is_the_persons_own(qtbot, faced: MainWindow, hand) -> None:
    qtbot.mouseClick(faces(faced)["anger"], LEFT)
    hand.stroke((300, 280), (310, 280))
    painted = faced.document.mask.copy()
    qtbot.mouseClick(faces(faced)["anger"], LEFT)
    assert np.array_equal(faced.document.mask, painted)


def test_a_filled_face_is_filled_again_instead(qtbot, faced: MainWindow, hand) -> None:
    hand.hide_mouth()
    hand.fill()
    qtbot.mouseClick(faces(faced)["surprise"], LEFT)
    assert not faced.document.has_mask
    assert faced.header.fill.text() == "Fill again  ↵"


def test_without_a_face_it_is_said(opened: MainWindow) -> None:
    faces(opened)["anger"].click()
    assert not opened.document.has_mask
    assert opened.status._message.text() == "No face was found; draw a frame around one with F."


def test_what_is_asked_before_the_faces_are_known_is_done_once_they_are(
    qtbot, window: MainWindow, photo_path, fake
) -> None:
    from tests.gui.conftest import face_at

    gate, find = threading.Event(), fake.find_faces
    fake.faces = (face_at(40, 40, 200),)
    fake.find_faces = lambda *args: (gate.wait(10), find(*args))[1]
    window.open(photo_path)
    qtbot.waitUntil(lambda: window.document.is_open)
    faces(window)["anger"].click()
    assert window.status._message.text() == "Looking for faces…"
    gate.set()
    qtbot.waitUntil(lambda: window.document.has_mask, timeout=60_000)


def test_the_faces_of_the_strip_are_the_persons_own(qtbot, faced: MainWindow, fake) -> None:
    asked: list[str] = []

    def preview(request, **_) -> Preview:
        emotion = request.options.emotion
        if emotion == "keep" or emotion == "off":
            return Preview(())
        asked.append(emotion)
        x, y, width, height = request.mask.bounds
        pixels = np.full((height, width, 3), 40 * EMOTIONS.index(emotion), np.uint8)
        alpha = request.mask.pixels[y : y + height, x : x + width].copy()
        return Preview((Patch((x, y, width, height), pixels, alpha, "face", 0.1),))

    fake.preview = preview
    strip = faced.inspector.modules.strips["emotion"]
    assert not any(button.shows_person for button in strip.buttons.values())
    assert not asked  # nothing is made before somebody looks
    at = strip.mapTo(faced, QPoint(20, 20))
    QTest.mouseMove(faced.windowHandle(), at)
    qtbot.waitUntil(lambda: all(button.shows_person for button in strip.buttons.values()))
    assert asked == list(strip.buttons)
    faced.document.select(1)  # another face: drawn ones until its own are made
    assert not any(button.shows_person for button in strip.buttons.values())
    shown = {value: button.grab().toImage() for value, button in strip.buttons.items()}
    assert len({bytes(image.constBits()) for image in shown.values()}) == len(EMOTIONS)


def test_faces_that_cannot_be_made_stay_drawn(qtbot, faced: MainWindow, fake) -> None:
    faced.looks.want()
    qtbot.waitUntil(lambda: not faced.looks._left and not faced.looks._worker.is_busy)
    assert not any(button.shows_person for button in faces(faced).values())


@pytest.mark.parametrize(("code", "words"), [("en", "Surprise"), ("ko", "놀람")])
def test_the_chosen_expression_is_named(qtbot, faced: MainWindow, code: str, words: str) -> None:
    faced.speak(code)
    panel = faced.inspector.modules
    qtbot.mouseClick(panel.strips["emotion"].buttons["surprise"], LEFT)
    assert panel.words.text() == words
    assert panel.strips["emotion"].buttons["surprise"].accessibleName() == words
    set_language("en")


def test_sections_fold_and_stay_folded(qtbot, faced: MainWindow, settings, fake) -> None:
    from gui.panels.fold import Fold

    folds = {fold.title.text(): fold for fold in faced.inspector.findChildren(Fold)}
    order = [name for name in folds if name]
    wanted = ["What should go", "Brush", "Mask", "Expression", "Reference", "Fill"]
    assert [name for name in order if name in wanted] == wanted
    qtbot.mouseClick(folds["Brush"].title, LEFT)
    assert not folds["Brush"].body.isVisible()
    assert folds["Brush"].title.accessibleName() == "Brush: folded away"
    faced.speak("en")  # the panels are built anew
    folds = {fold.title.text(): fold for fold in faced.inspector.findChildren(Fold)}
    assert folds["Brush"].body.isHidden()
    assert not folds["Mask"].body.isHidden()


def test_a_brush_size_is_typed(qtbot, faced: MainWindow) -> None:
    field = faced.inspector._size_text
    qtbot.mouseClick(field, LEFT)
    qtbot.wait(1)
    qtbot.keyClicks(field, "137")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert faced.canvas.brush.size == 137
    assert faced.canvas.hasFocus()
    assert not faced.document.has_mask  # the Return was the field's
