"""A model of the window's photos so simple that it can be read (see test_model.py)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from engine.base.hidden import PAINTED
from gui.tab import Tab


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
    snapshots: list[State] = field(default_factory=list)
    kept: int = 0  # how many of them a session holds

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
    def is_saved(self) -> bool:
        worked = any(one.fills or one.mask.any() for one in self.snapshots[self.kept :])
        return self.state.fills == self.saved and not worked

    @property
    def question(self) -> str:
        """What is asked before the photo may go."""
        if not self.is_saved:
            return "save"
        kept = self.saved_mask is not None and np.array_equal(self.mask, self.saved_mask)
        return "" if kept or not self.mask.any() else "mask"
