"""What can be undone: changes of the mask and of the photo, kept as compressed differences.

QUndoStack counts commands, but a stroke costs kilobytes and a fill megabytes; this history is
bounded by bytes instead.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from engine.face.finder import Face, FaceFrame
    from engine.readings import DraggedNode
    from gui.document import Document

TILE = 256
LARGEST_HISTORY = 512 * 2**20  # bytes; the newest command is kept whatever it costs
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Piece:
    """A rectangle of a buffer before and after, compressed."""

    box: Box
    before: bytes
    after: bytes

    @property
    def bytes(self) -> int:
        return len(self.before) + len(self.after)


@dataclass(frozen=True)
class NodeChange:
    """The dragged nodes before and after. Their face numbers hold while `numbered` (the drawn
    frames and the found faces) is as it was."""

    before: tuple[DraggedNode, ...]
    after: tuple[DraggedNode, ...]
    numbered: tuple[tuple[FaceFrame, ...], tuple[Face, ...] | None]


@dataclass(frozen=True)
class Command:
    """One step of the history: what it is called, the pieces of mask and photo it changed, the
    nodes it moved. states: the photo's state (see Document.state) before and after it."""

    title: str
    mask: tuple[Piece, ...] = ()
    pixels: tuple[Piece, ...] = ()
    nodes: NodeChange | None = None
    states: tuple[int, int] | None = None

    @property
    def bytes(self) -> int:
        return sum(piece.bytes for piece in (*self.mask, *self.pixels))

    @property
    def is_empty(self) -> bool:
        return not (self.mask or self.pixels or self.nodes or self.states)


class Recorder:
    """Remembers the tiles of a buffer before they are painted on, and makes pieces of them."""

    def __init__(self, buffer: np.ndarray) -> None:
        self._buffer = buffer
        self._before: dict[tuple[int, int], np.ndarray] = {}

    def touch(self, box: Box) -> None:
        """The rectangle (x, y, width, height) is about to change."""
        x, y, width, height = box
        for row in range(y // TILE, (y + height - 1) // TILE + 1):
            for column in range(x // TILE, (x + width - 1) // TILE + 1):
                if (row, column) not in self._before:
                    self._before[row, column] = self._tile(row, column).copy()

    def pieces(self) -> tuple[Piece, ...]:
        """The tiles that really changed."""
        made = []
        for (row, column), before in self._before.items():
            after = self._tile(row, column)
            if not np.array_equal(before, after):
                box = (column * TILE, row * TILE, before.shape[1], before.shape[0])
                made.append(Piece(box, pack(before), pack(after)))
        return tuple(made)

    def _tile(self, row: int, column: int) -> np.ndarray:
        return self._buffer[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE]


def pack(array: np.ndarray) -> bytes:
    """The bytes of an array, compressed fast."""
    return zlib.compress(np.ascontiguousarray(array).tobytes(), 1)


def restore(buffer: np.ndarray, pieces: Iterable[Piece], *, undo: bool) -> list[Box]:
    """Put pieces back into their buffer; the boxes that changed."""
    boxes = []
    for piece in pieces:
        x, y, width, height = piece.box
        part = buffer[y : y + height, x : x + width]
        data = zlib.decompress(piece.before if undo else piece.after)
        part[...] = np.frombuffer(data, buffer.dtype).reshape(part.shape)
        boxes.append(piece.box)
    return boxes


class History(QObject):
    """The commands of one document, oldest first, and where we are among them."""

    changed = Signal()

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self._document = document
        self._commands: list[Command] = []
        self._position = 0
        self._saved: int | None = 0

    @property
    def titles(self) -> list[str]:
        return [command.title for command in self._commands]

    @property
    def position(self) -> int:
        """How many commands are done."""
        return self._position

    @property
    def can_undo(self) -> bool:
        return self._position > 0

    @property
    def can_redo(self) -> bool:
        return self._position < len(self._commands)

    @property
    def is_saved(self) -> bool:
        """Whether the photo on disk has every fill of this one."""
        if self._saved is None:
            return False
        low, high = sorted((self._saved, self._position))
        return not any(command.pixels for command in self._commands[low:high])

    def push(self, command: Command) -> None:
        """Take note of a command that is done already."""
        if command.is_empty:
            return
        if self._saved is not None and self._saved > self._position:
            self._saved = None if not self.is_saved else self._position
        del self._commands[self._position :]
        self._commands.append(command)
        self._position += 1
        while sum(c.bytes for c in self._commands) > LARGEST_HISTORY and len(self._commands) > 1:
            oldest = self._commands.pop(0)
            self._position -= 1
            if self._saved is not None:
                kept = self._saved > 0 or not oldest.pixels
                self._saved = max(0, self._saved - 1) if kept else None
        self.changed.emit()

    def undo(self) -> None:
        if self.can_undo:
            self._position -= 1
            self._document.restore(self._commands[self._position], undo=True)
            self.changed.emit()

    def redo(self) -> None:
        if self.can_redo:
            self._document.restore(self._commands[self._position], undo=False)
            self._position += 1
            self.changed.emit()

    def clear(self) -> None:
        self._commands.clear()
        self._position, self._saved = 0, 0
        self.changed.emit()

    def mark_saved(self) -> None:
        self._saved = self._position
        self.changed.emit()
