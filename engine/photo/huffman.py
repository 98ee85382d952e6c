"""The coded data of a JPEG's scans, written from coefficients: all blocks at once, by arrays.

ITU-T T.81, annexes C (tables), F (sequential) and G (progressive). A scan becomes a row of items
in the order they are written, each a symbol of a table, some bits of its own, or both.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

RAW = 255  # an item without a symbol
_LONGEST = 16
_SIZE = np.zeros(65536, np.uint8)  # how many bits a number takes
for _bits in range(1, 17):
    _SIZE[1 << (_bits - 1) : 1 << _bits] = _bits


def size_of(numbers: np.ndarray) -> np.ndarray:
    """How many bits numbers from 0 to 65535 take, uint8."""
    return _SIZE[numbers]


@dataclass(frozen=True, eq=False)
class Table:
    """A Huffman table. counts: how many codes have 1, 2, ... 16 bits. values: their symbols."""

    counts: tuple[int, ...]
    values: bytes

    def codes(self) -> tuple[np.ndarray, np.ndarray]:
        """(code, length) of each of 256 symbols; length 0 for what the table cannot say."""
        codes, lengths = np.zeros(256, np.uint32), np.zeros(256, np.uint8)
        code = place = 0
        for length, count in enumerate(self.counts, 1):
            for symbol in self.values[place : place + count]:
                codes[symbol], lengths[symbol] = code, length
                code += 1
            place += count
            code <<= 1
        return codes, lengths


Tables = Mapping[tuple[int, int], Table]  # by (0 for DC or 1 for AC, number)


def read_tables(body: bytes) -> dict[tuple[int, int], Table]:
    """The tables of a DHT segment's content."""
    tables, at = {}, 0
    while at + 17 <= len(body):
        counts = tuple(body[at + 1 : at + 17])
        end = at + 17 + sum(counts)
        tables[body[at] >> 4, body[at] & 15] = Table(counts, bytes(body[at + 17 : end]))
        at = end
    return tables


def table_segment(key: tuple[int, int], table: Table) -> bytes:
    """A DHT segment of one table."""
    body = bytes([key[0] << 4 | key[1], *table.counts]) + table.values
    return struct.pack(">BBH", 0xFF, 0xC4, len(body) + 2) + body


def best_table(counts: np.ndarray) -> Table:
    """The shortest table for symbols that occur so often (256 counts; T.81, K.2): no code of more
    than 16 bits, and none of ones alone."""
    often = {symbol: int(count) for symbol, count in enumerate(counts) if count}
    weights = {**often, 256: 1 if often else 2}  # 256 takes the code that is all ones
    lengths = dict.fromkeys(weights, 0)
    trees = [(weight, [symbol]) for symbol, weight in weights.items()]
    while len(trees) > 1:
        # The rarest two are joined; of equals the last symbols first, so that 256 lies deepest.
        trees.sort(key=lambda tree: (-tree[0], max(tree[1]) == 256, max(tree[1])))
        one, other = trees.pop(), trees.pop()
        for symbol in one[1] + other[1]:
            lengths[symbol] += 1
        trees.append((one[0] + other[0], one[1] + other[1]))
    of_length = [0] * 64
    for length in lengths.values():
        of_length[length] += 1
    for length in range(63, _LONGEST, -1):
        while of_length[length]:
            shorter = length - 2
            while not of_length[shorter]:
                shorter -= 1
            of_length[length] -= 2
            of_length[length - 1] += 1
            of_length[shorter + 1] += 2
            of_length[shorter] -= 1
    longest = max((n for n in range(1, 17) if of_length[n]), default=1)
    of_length[longest] -= 1
    ranked = sorted(often, key=lambda symbol: (lengths[symbol], symbol))
    return Table(tuple(of_length[1:17]), bytes(ranked))


@dataclass(frozen=True, eq=False)
class Items:
    """What a scan says, in order. table: 16 * (0 for DC or 1 for AC) + number, RAW for none.
    symbol, extra, bits: a symbol and `bits` bits of a number after it. starts: where each block's
    items begin, and last where the row ends."""

    table: np.ndarray
    symbol: np.ndarray
    extra: np.ndarray
    bits: np.ndarray
    starts: np.ndarray


def fitting_tables(items: Items, tables: Tables) -> dict[tuple[int, int], Table]:
    """The tables that have to be other ones for a scan: those that lack one of its symbols."""
    made = {}
    for number in np.unique(items.table):
        if number == RAW:
            continue
        key = (int(number) >> 4, int(number) & 15)
        counts = np.bincount(items.symbol[items.table == number], minlength=256)
        known = tables[key].codes()[1] if key in tables else np.zeros(256, np.uint8)
        if np.any((counts > 0) & (known == 0)):
            made[key] = best_table(counts)
    return made


def write_items(items: Items, tables: Tables, restart: int) -> bytes:
    """The coded data. restart: blocks between restart markers, 0 for none."""
    code, length = np.zeros(len(items.table), np.uint64), items.bits.astype(np.int64)
    for key, table in tables.items():
        codes, lengths = table.codes()
        own = items.table == key[0] * 16 + key[1]
        if own.all():
            code[:], length = codes[items.symbol], length + lengths[items.symbol]
        else:
            code[own] = codes[items.symbol[own]]
            length[own] += lengths[items.symbol[own]]
    value = (code << items.bits.astype(np.uint64)) | items.extra.astype(np.uint64)
    blocks = len(items.starts) - 1
    ends = items.starts[[*range(restart, blocks, restart)]] if restart else np.zeros(0, np.int64)
    ends = np.append(ends, len(length)).astype(np.int64)
    total = np.concatenate([[0], np.cumsum(length)])[ends]
    pads = -np.diff(total, prepend=0) % 8
    length = np.insert(length, ends, pads)
    value = np.insert(value, ends, (1 << pads.astype(np.uint64)) - np.uint64(1))
    packed = _packed(value, length)
    return _stuffed(packed, np.cumsum(np.diff(total, prepend=0) + pads)[:-1] // 8)


def _packed(value: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Numbers of so many bits (32 at most) one behind the other, as bytes."""
    ends = np.cumsum(length)
    starts = ends - length
    word = starts >> 5
    room = (64 - (starts & 31) - length).astype(np.uint64)
    moved = value << room
    words = int(ends[-1] + 31 >> 5) + 1 if len(ends) else 0
    # No two numbers share a bit, so sums are what or would give, and exact.
    high = np.bincount(word, (moved >> np.uint64(32)).astype(np.float64), words)
    low = np.bincount(word + 1, (moved & np.uint64(0xFFFFFFFF)).astype(np.float64), words + 1)
    high += low[:words]
    return high.astype(">u4").view(np.uint8)[: int(ends[-1]) // 8 if len(ends) else 0]


def _stuffed(data: np.ndarray, boundaries: np.ndarray) -> bytes:
    """Bytes with a zero behind each 255 (B.1.1.5), and restart markers at these places."""
    full = np.flatnonzero(data == 0xFF) + 1
    marks = np.repeat(boundaries, 2)
    turns = np.arange(len(boundaries)) % 8
    said = np.stack([np.full(len(turns), 0xFF), 0xD0 + turns], 1).reshape(-1)
    places, what = np.concatenate([full, marks]), np.concatenate([np.zeros(len(full)), said])
    return np.insert(data, places.astype(np.int64), what.astype(np.uint8)).tobytes()
