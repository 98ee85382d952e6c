"""What each kind of scan says of coefficients (ITU-T T.81, annexes F and G)."""

from __future__ import annotations

import numpy as np

from engine.photo.huffman import RAW, Items, size_of
from engine.photo.jpeg_frame import Frame, Scan

_AC = 16
_ZRL, _MOST_RUN = 0xF0, 0x7FFF  # sixteen zeros; the longest run of blocks that end


def items_of(frame: Frame, scan: Scan, coefficients: list[np.ndarray]) -> tuple[Items, int]:
    """(what a scan says of each component's rows x columns x 64 coefficients, the blocks between
    restart markers)."""
    blocks, parts = _in_order(frame, scan, coefficients)
    count = len(parts)
    interval = scan.restart * count
    if scan.first > 0:
        table = _AC + scan.parts[0][2]
        band = blocks[:, scan.first : scan.last + 1]
        if scan.high:
            return _refined(band, scan.low, table, interval), interval
        return _band(_shifted(band, scan.low), None, table, interval, runs=True), interval
    if scan.high:
        bits = (blocks[:, 0] >> scan.low) & 1
        return _row(np.full(len(blocks), RAW), np.zeros(len(blocks)), bits, bits * 0 + 1), interval
    steps = _differences(blocks[:, 0] >> scan.low, parts, interval)
    number = np.tile(
        np.array([scan.parts[part][1] for part in parts], np.uint8), len(blocks) // count
    )
    if scan.last == 0:
        return _row(number, *_said(steps)[:3]), interval
    table = np.tile(
        np.array([_AC + scan.parts[p][2] for p in parts], np.uint8), len(blocks) // count
    )
    return _band(blocks[:, 1:], (number, steps), table, interval, runs=False), interval


def _in_order(
    frame: Frame, scan: Scan, coefficients: list[np.ndarray]
) -> tuple[np.ndarray, list[int]]:
    """(N x 64 blocks as they come, which part of the scan each of an MCU's blocks is of)."""
    if len(scan.parts) == 1:
        place = scan.parts[0][0]
        columns, rows = frame.blocks(frame.components[place])
        return coefficients[place][:rows, :columns].reshape(-1, 64), [0]
    across, down = frame.mcus
    groups, parts = [], []
    for number, (place, _, _) in enumerate(scan.parts):
        component, own = frame.components[place], coefficients[place]
        rows, columns = down * component.v, across * component.h
        if own.shape[:2] != (rows, columns):
            # What fills up the last MCUs is seen by nobody: the brightness of the block that is
            # coded before it goes on, which costs least.
            filled = np.zeros((rows, columns, 64), np.int16)
            filled[: len(own), : own.shape[1]] = own
            filled[: len(own), own.shape[1] :, 0] = own[:, -1:, 0]
            for row in range(len(own), rows):
                ends = filled[row - 1, component.h - 1 :: component.h, 0]
                filled[row, :, 0] = np.repeat(ends, component.h)
            own = filled
        own = own.reshape(down, component.v, across, component.h, 64).swapaxes(1, 2)
        groups.append(own.reshape(down * across, -1, 64))
        parts += [number] * (component.v * component.h)
    return np.concatenate(groups, axis=1).reshape(-1, 64), parts


def _differences(levels: np.ndarray, parts: list[int], interval: int) -> np.ndarray:
    """Each block's first coefficient less that of the block before of its component (F.1.1.5.1)."""
    levels = levels.astype(np.int32)
    table, result = levels.reshape(-1, len(parts)), np.empty_like(levels).reshape(-1, len(parts))
    every = interval // len(parts)
    for part in sorted(set(parts)):
        own = [place for place, one in enumerate(parts) if one == part]
        row = table[:, own].reshape(-1)
        before = np.concatenate([[0], row[:-1]])
        if every:
            before[:: every * len(own)] = 0
        result[:, own] = (row - before).reshape(-1, len(own))
    return result.reshape(-1)


def _said(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(size, bits that tell the number, how many) of numbers (F.1.2.1)."""
    size = size_of(np.abs(numbers))
    extra = np.where(numbers < 0, numbers + (1 << size.astype(np.int32)) - 1, numbers)
    return size, extra, size


def _shifted(band: np.ndarray, low: int) -> np.ndarray:
    """Coefficients without their last bits, towards zero (G.1.2.2)."""
    return band if not low else np.sign(band) * (np.abs(band) >> low)


def _row(table: np.ndarray, symbol: np.ndarray, extra: np.ndarray, bits: np.ndarray) -> Items:
    """One item for each block."""
    starts = np.arange(len(table) + 1)
    return Items(table.astype(np.uint8), symbol.astype(np.uint8), extra, bits, starts)


def _band(
    band: np.ndarray,
    first: tuple[np.ndarray, np.ndarray] | None,
    table: np.ndarray | int,
    interval: int,
    runs: bool,
) -> Items:
    """Runs of zeros and what follows them (F.1.2.2). first: a DC table and difference of each
    block, which comes before. runs: blocks that end are counted together (G.1.2.2)."""
    count, width = band.shape
    flat = np.flatnonzero(band)
    block, place = np.divmod(flat, width)
    value = band.reshape(-1)[flat].astype(np.int32)
    fresh = np.ones(len(block), bool)
    fresh[1:] = block[1:] != block[:-1]
    before = np.where(fresh, -1, np.concatenate([[-1], place[:-1]]))
    zeros = place - before - 1
    many = zeros >> 4
    numbers = np.bincount(block, minlength=count)
    longs = np.bincount(block, many, count).astype(np.int64)
    last = np.full(count, -1)
    ending = np.append(np.flatnonzero(fresh)[1:] - 1, len(block) - 1) if len(block) else []
    last[block[ending]] = place[ending]
    ends, run = _ends(last < width - 1, numbers == 0, interval, runs)
    lead = int(first is not None)
    starts = np.concatenate([[0], np.cumsum(lead + numbers + longs + ends)])
    total = int(starts[-1])
    tables = np.empty(total, np.uint8)
    tables[:] = table if isinstance(table, int) else np.repeat(table, np.diff(starts))
    symbol, extra = np.full(total, _ZRL, np.uint8), np.zeros(total, np.int32)
    bits = np.zeros(total, np.uint8)
    if first is not None:
        at = starts[:-1]
        tables[at] = first[0]
        symbol[at], extra[at], bits[at] = _said(first[1])
    # Behind the block's first item: the values before it, and all the sixteens up to its own.
    number = np.arange(len(block)) - (np.cumsum(numbers) - numbers)[block]
    sixteens = np.cumsum(many) - (np.cumsum(longs) - longs)[block]
    at = starts[block] + lead + number + sixteens
    size, extra[at], bits[at] = _said(value)
    symbol[at] = (zeros & 15) << 4 | size
    at = starts[1:][ends] - 1
    size = size_of(run[ends]) - 1
    symbol[at], bits[at] = size << 4, size
    extra[at] = run[ends] - (1 << size.astype(np.int32))
    return Items(tables, symbol, extra, bits, starts)


def _ends(
    ends: np.ndarray, empty: np.ndarray, interval: int, runs: bool
) -> tuple[np.ndarray, np.ndarray]:
    """(which blocks say that a run of blocks ends with them, how many blocks it has)."""
    ones = np.ones(len(ends), np.int64)
    if not runs:
        return ends, ones
    number = np.arange(len(ends))
    opens = ends & ~(empty & np.concatenate([[False], ends[:-1]]))
    if interval:
        opens |= ends & (number % interval == 0)
    begun = np.maximum.accumulate(np.where(opens | ~ends, number, 0))
    opens |= ends & ((number - begun) % _MOST_RUN == 0)
    group = np.cumsum(opens | ~ends) - 1
    return opens, np.bincount(group)[group]


def _refined(band: np.ndarray, low: int, table: int, interval: int) -> Items:
    """One more bit of each coefficient (G.1.2.3)."""
    count, width = band.shape
    levels = np.abs(band) >> low
    new = levels == 1
    last = np.where(new.any(1), width - 1 - np.argmax(new[:, ::-1], axis=1), -1)
    owner, behind, symbol, extra, bits = _stops(band, levels, last)
    ends, run = _ends(last < width - 1, last < 0, interval, runs=True)
    size = size_of(run[ends]) - 1
    block, place = np.nonzero(levels > 1)  # a bit of a value that is known already
    wide, nothing = 2 * width + 2, np.zeros(len(block), np.int64)
    rank = np.argsort(
        np.concatenate(
            [
                owner * wide + 2 * (behind + 1),
                np.flatnonzero(ends) * wide + 2 * (last[ends] + 1),
                block * wide + 2 * place + 1,
            ]
        ),
        kind="stable",
    )
    blocks = np.concatenate([owner, np.flatnonzero(ends), block])
    tables = np.concatenate([np.full(len(owner) + len(size), table), nothing + RAW])
    symbol = np.concatenate([symbol, size.astype(np.int64) << 4, nothing])
    extra = np.concatenate(
        [extra, run[ends] - (1 << size.astype(np.int64)), levels[block, place] & 1]
    )
    bits = np.concatenate([bits, size.astype(np.int64), nothing + 1])
    return Items(
        tables[rank].astype(np.uint8),
        symbol[rank].astype(np.uint8),
        extra[rank],
        bits[rank].astype(np.uint8),
        np.concatenate([[0], np.cumsum(np.bincount(blocks, minlength=count))]),
    )


def _stops(
    band: np.ndarray, levels: np.ndarray, last: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Where a refining scan names a coefficient: new values, and every sixteenth zero before one.

    (block, the coefficient named before it in the block or -1, symbol, sign, how many bits).
    """
    busy = np.flatnonzero(last >= 0)
    block, place = np.indices((len(busy), band.shape[1])).reshape(2, -1)
    level = levels[busy].reshape(-1)
    new, zero = level == 1, (level == 0).astype(np.int64)
    # Zeros since the block's last new value.
    summed, number = np.cumsum(zero), np.arange(len(level))
    since = np.maximum.accumulate(np.where(new | (place == 0), number, 0))
    passed = summed - np.where(new[since], summed[since], summed[since] - zero[since])
    run = np.concatenate([[0], passed[:-1]])[: len(passed)]
    run[place == 0] = 0
    stops = np.flatnonzero(new | ((level == 0) & (passed % 16 == 0) & (place < last[busy][block])))
    owner, is_new = busy[block[stops]], new[stops].astype(np.int64)
    again = np.zeros(len(stops), bool)
    again[1:] = owner[1:] == owner[:-1]
    behind = np.where(again, np.concatenate([[0], place[stops]])[: len(stops)], -1)
    positive = band[busy].reshape(-1)[stops] > 0
    symbol = np.where(is_new == 1, (run[stops] % 16) << 4 | 1, _ZRL)
    return owner, behind, symbol, positive * is_new, is_new
