"""Printed pictures: told from photographs, and filled in rows of dots."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from engine.face.parts import part_mask
from engine.inpaint import FillRequest
from engine.mask import Mask
from engine.photo import photo_from_array
from engine.photo.screen import screen_of

PERIOD = 5.0


def printed(picture: np.ndarray, angles: tuple[float, ...] = (15, 75, 0)) -> np.ndarray:
    """A picture as a press prints it, scanned: a screen turned by an angle for each colour."""
    ys, xs = np.mgrid[: picture.shape[0], : picture.shape[1]]
    inks = []
    for channel, turn in enumerate(np.deg2rad(angles)):
        u, v = xs * np.cos(turn) + ys * np.sin(turn), ys * np.cos(turn) - xs * np.sin(turn)
        screen = (np.cos(u * 2 * np.pi / PERIOD) + np.cos(v * 2 * np.pi / PERIOD)) / 4
        inks.append(255 / (1 + np.exp(-9 * (picture[..., channel] / 255 - 0.5 + 0.9 * screen))))
    return cv2.GaussianBlur(np.stack(inks, -1), (0, 0), 0.8).clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def portrait(astronaut) -> np.ndarray:
    return cv2.resize(astronaut[:260, 110:340], None, fx=2.5, fy=2.5, interpolation=cv2.INTER_CUBIC)


@pytest.fixture(scope="module")
def scan(portrait) -> np.ndarray:
    return printed(portrait)


def middle(picture: np.ndarray) -> np.ndarray:
    hole = np.zeros(picture.shape[:2], bool)
    height, width = hole.shape
    hole[height // 2 : height // 2 + 80, width // 2 - 60 : width // 2 + 60] = True
    return hole


def test_a_print_is_told_by_its_rows_of_dots(scan, portrait) -> None:
    screen = screen_of(scan, middle(scan))
    assert screen is not None
    for dots, angle in zip(screen.dots, (15, 75, 0), strict=True):
        lengths = np.hypot(*dots.waves.T)
        assert lengths == pytest.approx([1 / PERIOD] * 2, rel=0.01)
        turned = np.rad2deg(np.arctan2(dots.waves[:, 1], dots.waves[:, 0])) % 90
        off = np.abs((turned - angle + 45) % 90 - 45)
        assert off.max() < 0.6
    grey = printed(np.repeat(portrait[..., 1:2], 3, 2), (45, 45, 45))
    assert screen_of(grey, middle(grey)) is not None
    deep = scan.astype(np.uint16) * 257
    assert screen_of(deep, middle(scan)) is not None


def test_a_photograph_is_no_print(portrait) -> None:
    rng = np.random.default_rng(0)
    noisy = (portrait + rng.normal(0, 12, portrait.shape)).clip(0, 255).astype(np.uint8)
    ys, xs = np.mgrid[: portrait.shape[0], : portrait.shape[1]]
    blinds = (portrait * (0.6 + 0.4 * (np.sin(ys / 20) > 0))[..., None]).astype(np.uint8)
    lines = (portrait * (0.7 + 0.3 * np.sin(ys * 1.2))[..., None]).astype(np.uint8)  # of a screen
    knitted = portrait.copy()  # at one side alone
    weave = 60 * (np.cos(xs[:, :120]) + np.cos(ys[:, :120]))
    knitted[:, :120] = (knitted[:, :120] + weave[..., None]).clip(0, 255).astype(np.uint8)
    for picture in (portrait, noisy, blinds, lines, np.full_like(portrait, 120)):
        assert screen_of(picture, middle(picture)) is None
    assert screen_of(knitted, middle(knitted)) is None
    assert screen_of(portrait[:60, :60], middle(portrait[:60, :60])) is None
    assert screen_of(portrait, np.zeros(portrait.shape[:2], bool)) is None


def test_greys_become_the_dots_that_were_there(scan, portrait) -> None:
    hole = middle(scan)
    covered = scan.copy()
    covered[hole] = (0, 200, 0)  # what lies there tells nothing
    screen = screen_of(covered, hole)
    assert screen is not None
    greys = screen.smoothed(scan)
    away = cv2.GaussianBlur(portrait, (0, 0), screen.sigma)
    assert np.corrcoef(greys[hole].ravel(), away[hole].ravel())[0, 1] > 0.97
    ys, xs = np.nonzero(hole)
    box = np.s_[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]
    dots = screen.kept(greys[box], (int(xs.min()), int(ys.min())))
    apart = [np.abs(p.astype(int) - scan[box]).mean() for p in (dots, greys[box])]
    assert apart[0] < 0.3 * apart[1]
    # Far beyond what was looked at nothing is known.
    assert np.array_equal(screen.kept(greys[box], (5000, 5000)), greys[box])


def test_a_mouth_is_printed_as_the_face_is(inpainter, scan, portrait) -> None:
    mesh = inpainter.find_faces(photo_from_array(portrait))[0].mesh
    photo = photo_from_array(scan)
    mask = part_mask(mesh, "mouth", photo.size)
    out = photo.apply(*inpainter.fill(FillRequest(photo, Mask(mask))).patches).pixels
    hole = mask > 0
    assert np.array_equal(out[~hole], scan[~hole])

    def fine(pixels: np.ndarray) -> np.ndarray:
        light = pixels.astype(np.float32)
        return (light - cv2.GaussianBlur(light, (0, 0), 2.0))[hole]

    # The same dots in the same places, not noise of their strength.
    ours, theirs = fine(out), fine(scan)
    assert 0.8 < ours.std() / theirs.std() < 1.2
    assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.7
