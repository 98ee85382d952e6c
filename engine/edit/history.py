"""The edits of one photo, oldest first, and where we are among them.

Each step is a whole edit that shares tiles and layers with its neighbours. Memory is bounded in
bytes: what only older steps hold is moved to a file without a name, which the system reads back
when such a step is gone to, and which no crash leaves behind.
"""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from engine.edit.edit import Edit, Layer, Snapshot
from engine.edit.tiles import TiledMask, full_tile

LARGEST_MEMORY = 2**30  # bytes of tiles and patches that are held in memory
LARGEST_DISK = 8 * 2**30
FEWEST_STEPS = 2  # the newest are kept whatever they cost


@dataclass(eq=False)
class Step:
    """A named edit. bytes: what it holds that the step before does not. on_disk: whether those
    were moved to disk."""

    title: str
    edit: Edit
    bytes: int = 0
    on_disk: bool = False


class History:
    """Raises nothing; going beyond either end goes nowhere."""

    def __init__(self, edit: Edit) -> None:
        self._steps = [Step("", edit)]
        self._at = 0
        self._spill = Spill()

    @property
    def edit(self) -> Edit:
        """Where we are."""
        return self._steps[self._at].edit

    @property
    def titles(self) -> list[str]:
        """What was done, undone steps included."""
        return [step.title for step in self._steps[1:]]

    @property
    def edits(self) -> list[Edit]:
        """All of them, the first before anything was done."""
        return [step.edit for step in self._steps]

    @property
    def position(self) -> int:
        """How many steps are done."""
        return self._at

    @property
    def can_undo(self) -> bool:
        return self._at > 0

    @property
    def can_redo(self) -> bool:
        return self._at + 1 < len(self._steps)

    @property
    def memory(self) -> int:
        """Bytes of tiles and patches held in memory."""
        return sum(step.bytes for step in self._steps if not step.on_disk)

    def push(self, title: str, edit: Edit, *, anew: bool = True) -> None:
        """A step was done; what was undone is forgotten. Not anew, it goes on with the step
        before it, where that one has the same title."""
        del self._steps[self._at + 1 :]
        if not anew and self._at and self._steps[-1].title == title:
            del self._steps[-1]
            self._at -= 1
        own = sum(array.nbytes for array in _arrays(edit, but=self.edit))
        self._steps.append(Step(title, edit, own))
        self._at += 1
        self._bound()

    def go(self, position: int) -> None:
        """Be where `position` steps are done."""
        self._at = min(max(position, 0), len(self._steps) - 1)

    def amend(self, change: Callable[[Edit], Edit]) -> None:
        """Something became known that no step did: change every edit."""
        for step in self._steps:
            step.edit = change(step.edit)

    def _bound(self) -> None:
        for step in self._steps[:-1]:
            if self.memory <= LARGEST_MEMORY:
                break
            if not step.on_disk and step.bytes:
                self._move_to_disk(step)
        while self._spill.bytes > LARGEST_DISK and len(self._steps) > FEWEST_STEPS:
            del self._steps[0]
            self._at -= 1
            self._steps[0].title = ""
            # Its file is shared with others: the room comes back with the last of them.
            self._spill.bytes -= self._steps[0].bytes
            self._steps[0].bytes = 0

    def _move_to_disk(self, step: Step) -> None:
        """Move what the step holds and the newest edit does not; equal arrays stay one."""
        kept = {id(array) for array in _arrays(self._steps[-1].edit)}
        before = self._steps[self._steps.index(step) - 1].edit if step.title else None
        mine = [a for a in _arrays(step.edit, but=before) if id(a) not in kept]
        moved = self._spill.move(mine)
        if moved is None:
            return
        for other in self._steps:
            other.edit = _moved(other.edit, moved)
        step.on_disk = True


class Spill:
    """Arrays on disk that look like arrays in memory."""

    def __init__(self) -> None:
        self.bytes = 0

    def move(self, arrays: list[np.ndarray]) -> dict[int, np.ndarray] | None:
        """id of each array -> an equal read-only one on disk; None where the disk refuses."""
        moved: dict[int, np.ndarray] = {}
        total = sum(array.nbytes for array in arrays)
        if not total:
            return moved
        try:
            # Not closed here: the mapping lives as long as one of its arrays.
            with tempfile.TemporaryFile(prefix="mien-") as file:
                for array in arrays:
                    file.write(np.ascontiguousarray(array).data)
                file.flush()
                memory = mmap.mmap(file.fileno(), total, access=mmap.ACCESS_READ)
        except OSError:
            return None
        start = 0
        for array in arrays:
            flat = np.frombuffer(memory, array.dtype, array.size, start)
            moved[id(array)] = flat.reshape(array.shape)
            start += array.nbytes
        self.bytes += total
        return moved


def _arrays(edit: Edit, but: Edit | None = None) -> Iterator[np.ndarray]:
    """Every array an edit holds, once; without those that `but` holds in the same place."""
    seen: set[int] = set()
    masks = [edit.mask, *(layer.mask for layer in edit.layers)]
    old: set[int] = set()
    if but is not None:
        old = {
            id(tile)
            for m in (but.mask, *(la.mask for la in but.layers))
            for tile in m.tiles.values()
        }
        old |= {id(p.pixels) for layer in but.layers for p in layer.patches}
        old |= {id(p.alpha) for layer in but.layers for p in layer.patches}
    for mask in masks:
        for tile in mask.tiles.values():
            if tile is full_tile(*tile.shape):
                continue  # one for all masks
            if id(tile) not in seen and id(tile) not in old:
                seen.add(id(tile))
                yield tile
    for layer in edit.layers:
        for patch in layer.patches:
            for array in (patch.pixels, patch.alpha):
                if id(array) not in seen and id(array) not in old:
                    seen.add(id(array))
                    yield array


def _moved(edit: Edit, moved: dict[int, np.ndarray]) -> Edit:
    """The edit with arrays from disk where they are there; itself where none is."""
    mask = _moved_mask(edit.mask, moved)
    layers = tuple(_moved_layer(layer, moved) for layer in edit.layers)
    snapshots = tuple(_moved_snapshot(one, moved) for one in edit.snapshots)
    pairs = (
        *zip(layers, edit.layers, strict=True),
        *zip(snapshots, edit.snapshots, strict=True),
    )
    if mask is edit.mask and all(a is b for a, b in pairs):
        return edit
    return replace(edit, mask=mask, layers=layers, snapshots=snapshots)


def _moved_snapshot(snapshot: Snapshot, moved: dict[int, np.ndarray]) -> Snapshot:
    edit = _moved(snapshot.edit, moved)
    return snapshot if edit is snapshot.edit else replace(snapshot, edit=edit)


def _moved_mask(mask: TiledMask, moved: dict[int, np.ndarray]) -> TiledMask:
    if not any(id(tile) in moved for tile in mask.tiles.values()):
        return mask
    return mask.with_tiles({key: moved.get(id(t), t) for key, t in mask.tiles.items()})


def _moved_layer(layer: Layer, moved: dict[int, np.ndarray]) -> Layer:
    mask = _moved_mask(layer.mask, moved)
    if mask is layer.mask and not any(id(p.pixels) in moved for p in layer.patches):
        return layer
    patches = tuple(
        replace(
            patch,
            pixels=moved.get(id(patch.pixels), patch.pixels),
            alpha=moved.get(id(patch.alpha), patch.alpha),
        )
        for patch in layer.patches
    )
    return replace(layer, mask=mask, fill=replace(layer.fill, patches=patches))
