"""Drawing the layers of the canvas: photo, preview, mask, mesh, frames, divider."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPen

from engine.face.finder import Face, FaceFrame
from engine.inpaint import Patch
from gui.canvas.pyramid import Pyramid
from gui.canvas.viewport import Viewport
from gui.qimage import cv2, image_from_argb, image_from_rgb

LINE = 1.0  # pixels of the screen, each of the two lines around a mask
SHOWN = 128  # of a soft mask, from where on it lies inside the lines
DARK_LINE, LIGHT_LINE = np.uint32(0xFF101114), np.uint32(0xFFFFFFFF)
CHECK = 8  # device pixels of a square behind transparency


def draw_photo(painter: QPainter, pyramid: Pyramid, view: Viewport, area: QRect) -> None:
    """The photo's pixels of a widget area that lies inside the photo."""
    ratio = painter.device().devicePixelRatio()
    rect = _device(area, ratio)
    pixels = pyramid.view(view.scale * ratio, (view.x * ratio, view.y * ratio), rect)
    if pixels.shape[2] == 4:
        pixels = _on_checks(pixels, rect)
    image = image_from_rgb(pixels)
    image.setDevicePixelRatio(ratio)
    painter.drawImage(QPointF(rect[0] / ratio, rect[1] / ratio), image)


def draw_mask(
    painter: QPainter,
    mask: Pyramid,
    view: Viewport,
    area: QRect,
    colour: str,
    opacity: float,
    clear: Sequence[QRectF] = (),
) -> None:
    """The mask as a tint of one colour, and its outline as two lines side by side: a tint alone is
    hardly seen on skin of its own lightness, of a light and a dark line one is on any. clear: where
    the lines alone are drawn."""
    ratio = painter.device().devicePixelRatio()
    wide = max(1, round(LINE * ratio))
    painted = getattr(mask.levels[0], "painted", None)  # a stroke under way does not tell
    if painted is not None:
        # Around it there is nothing to draw but its lines.
        area = area.intersected(view.dirty(painted).adjusted(-wide, -wide, wide, wide))
        if area.isEmpty():
            return
    rect = x, y, width, height = _device(area, ratio)
    # With what lies around, or a partial repaint would draw its own border.
    around = (x - wide, y - wide, width + 2 * wide, height + 2 * wide)
    values = mask.view(view.scale * ratio, (view.x * ratio, view.y * ratio), around)
    if not values.any():
        return
    hole = (values >= SHOWN).view(np.uint8)
    kernel = np.ones((2 * wide + 1, 2 * wide + 1), np.uint8)
    # A table of whole numbers is looked up in a fifth of the time that NumPy's indices take.
    tinted = cv2.LUT(values, _tint(colour, opacity).view(np.int32)).view(np.uint32)
    for free in clear:
        left, top = round(free.left() * ratio) - around[0], round(free.top() * ratio) - around[1]
        across, down = round(free.width() * ratio), round(free.height() * ratio)
        tinted[max(0, top) : max(0, top + down), max(0, left) : max(0, left + across)] = 0
    border = cv2.BORDER_REPLICATE
    np.copyto(tinted, DARK_LINE, where=cv2.dilate(hole, kernel, borderType=border) > hole)
    np.copyto(tinted, LIGHT_LINE, where=cv2.erode(hole, kernel, borderType=border) < hole)
    image = image_from_argb(np.ascontiguousarray(tinted[wide:-wide, wide:-wide]))
    image.setDevicePixelRatio(ratio)
    painter.drawImage(QPointF(rect[0] / ratio, rect[1] / ratio), image)


def _device(area: QRect, ratio: float) -> tuple[int, int, int, int]:
    x0, y0 = int(np.floor(area.left() * ratio)), int(np.floor(area.top() * ratio))
    x1 = int(np.ceil((area.left() + area.width()) * ratio))
    y1 = int(np.ceil((area.top() + area.height()) * ratio))
    return x0, y0, x1 - x0, y1 - y0


def _tint(colour: str, opacity: float) -> np.ndarray:
    """Premultiplied ARGB for every mask value, 256 uint32."""
    c = QColor(colour)
    alpha = np.arange(256) / 255 * opacity
    parts = [(np.round(alpha * v)).astype(np.uint32) for v in (255, c.red(), c.green(), c.blue())]
    return (parts[0] << 24) | (parts[1] << 16) | (parts[2] << 8) | parts[3]


def _on_checks(pixels: np.ndarray, rect: tuple[int, int, int, int]) -> np.ndarray:
    """RGBA over a checkerboard that stands still while the view is repainted in parts."""
    x = (np.arange(rect[2]) + rect[0]) // CHECK
    y = (np.arange(rect[3]) + rect[1]) // CHECK
    board = np.where((x[None] + y[:, None]) % 2 == 0, 204, 160).astype(np.uint16)[..., None]
    alpha = pixels[..., 3:].astype(np.uint16)
    mixed = (pixels[..., :3] * alpha + board * (255 - alpha) + 127) // 255
    return mixed.astype(np.uint8)


def preview_image(patch: Patch) -> tuple[tuple[int, int, int, int], QImage]:
    """A patch as an image to be drawn over its box."""
    rgb = patch.pixels if patch.pixels.dtype == np.uint8 else (patch.pixels >> 8).astype(np.uint8)
    alpha = patch.alpha.astype(np.uint32)
    argb = alpha << 24
    for channel, place in ((0, 16), (1, 8), (2, 0)):
        argb |= ((rgb[..., channel].astype(np.uint32) * alpha + 127) // 255) << place
    return patch.box, image_from_argb(argb).copy()


def draw_preview(
    painter: QPainter,
    images: Sequence[tuple[tuple[int, int, int, int], QImage]],
    view: Viewport,
) -> None:
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    for box, image in images:
        painter.drawImage(view.rect_to_widget(box), image)


def draw_face_box(painter: QPainter, face: Face, view: Viewport, colour: str) -> None:
    """A face without a mesh: its box alone."""
    pen = QPen(QColor(colour), 1.2, Qt.PenStyle.DashLine)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(view.rect_to_widget(face.box), 6, 6)


def draw_frame(painter: QPainter, frame: FaceFrame, view: Viewport, colour: str) -> None:
    """A face frame the user drew, with its corners marked."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    centre = view.to_widget(frame.x + frame.width / 2, frame.y + frame.height / 2)
    size = (frame.width * view.scale, frame.height * view.scale)
    painter.save()
    painter.translate(centre)
    painter.rotate(frame.angle)
    rect = QRectF(-size[0] / 2, -size[1] / 2, size[0], size[1])
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(0, 0, 0, 140), 3))
    painter.drawRoundedRect(rect, 8, 8)
    painter.setPen(QPen(QColor(colour), 1.6, Qt.PenStyle.DashLine))
    painter.drawRoundedRect(rect, 8, 8)
    painter.restore()


def draw_divider(
    painter: QPainter, x: float, top: float, height: int, before: str, after: str
) -> None:
    """The line between before and after at `x`, its handle, and its two words at `top`."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(0, 0, 0, 120), 3))
    painter.drawLine(QLineF(x, 0, x, height))
    painter.setPen(QPen(QColor("#ffffff"), 1.4))
    painter.drawLine(QLineF(x, 0, x, height))
    middle = QPointF(x, height / 2)
    painter.setBrush(QColor("#ffffff"))
    painter.setPen(QPen(QColor(0, 0, 0, 90), 1))
    painter.drawEllipse(middle, 13, 13)
    painter.setPen(QPen(QColor("#30333a"), 2))
    for side in (-1, 1):
        painter.drawLine(QLineF(x + 4 * side, middle.y() - 4, x + 8 * side, middle.y()))
        painter.drawLine(QLineF(x + 8 * side, middle.y(), x + 4 * side, middle.y() + 4))
    draw_tag(painter, before, QPointF(x - 12, top), right=True)
    draw_tag(painter, after, QPointF(x + 12, top), right=False)


def draw_tag(painter: QPainter, text: str, at: QPointF, *, right: bool) -> None:
    """A word on a dark pill; `at` is its top corner, the right one if `right`."""
    font = QFont(painter.font())
    font.setPixelSize(12)
    painter.setFont(font)
    width = painter.fontMetrics().horizontalAdvance(text) + 18
    rect = QRectF(at.x() - (width if right else 0), at.y(), width, 24)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(16, 17, 20, 200))
    painter.drawRoundedRect(rect, 12, 12)
    painter.setPen(QColor("#f0f1f4"))
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, text)
