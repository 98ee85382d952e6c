"""The head of a JPEG XL codestream: how large the picture is, and what its colours are.

The library at hand reads and writes pixels alone. What they mean stands in the first bits of the
codestream (ISO/IEC 18181-1, image header): read here, and written anew where a photo's colours are
others than sRGB. Profiles that are written out (ICC) are packed by an entropy coder and are not
read; encoders name what can be named by numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.photo.colour import primaries_of

SIGNATURE = b"\xff\x0a"
LINEAR, SRGB, PQ, HLG = 8, 13, 16, 18  # transfer curves as ITU-T H.273 numbers them
_D65 = (0.3127, 0.3290)
_WHITES = {1: _D65, 10: (1 / 3, 1 / 3), 11: (0.314, 0.351)}
_PRIMARIES = {1: 1, 9: 9, 11: 12}  # JPEG XL's numbers, and ITU-T H.273's
_CUSTOM = 2
_BRIGHTEST = 0x70E2  # 10,000 cd/m2 as a half float: what PQ reaches
# Each row: (bits that follow, what is added to them).
_ENUM = ((0, 0), (0, 1), (4, 2), (6, 18))
_DEPTH = ((0, 8), (0, 10), (0, 12), (6, 1))
_SIDE = ((9, 1), (13, 1), (18, 1), (30, 1))
_POINT = ((19, 0), (19, 524288), (20, 1048576), (21, 2097152))


@dataclass(frozen=True)
class Colours:
    """What a picture's numbers mean. white: (x, y). primaries: x and y of red, green and blue, None
    for grey. curve: LINEAR, SRGB, PQ, HLG or another of ITU-T H.273. gamma: instead of a curve, the
    power that numbers are raised to for light."""

    white: tuple[float, float] = _D65
    primaries: tuple[float, ...] | None = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
    curve: int = SRGB
    gamma: float | None = None

    @property
    def code_points(self) -> tuple[int, int] | None:
        """(primaries, curve) by ITU-T H.273, None where there are no such numbers."""
        if self.gamma is not None or self.primaries is None:
            return None
        for number in (1, 9, 11, 12):
            known = primaries_of(number)
            if known is not None and _near((*known[0], *known[1]), (*self.white, *self.primaries)):
                return number, self.curve
        return None


def _near(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return all(abs(a - b) < 5e-4 for a, b in zip(one, other, strict=True))


@dataclass(frozen=True)
class Head:
    """size: (width, height) as it lies. colours: None where a profile is written out. depth,
    between: the bits that say the depth, and those from there to the colours. end: where the
    picture's own words end, in bits. is_plain: nothing is said that `with_colours` would lose."""

    size: tuple[int, int]
    colours: Colours | None
    depth: str
    between: str
    end: int
    is_plain: bool


class _Bits:
    """Bits of a codestream, the lowest of a byte first."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self._data, self.at = data, at

    def take(self, count: int) -> int:
        value = 0
        for place in range(count):
            byte = self.at >> 3
            if byte >= len(self._data):
                raise ValueError("the head of a JPEG XL ends early")
            value |= (self._data[byte] >> (self.at & 7) & 1) << place
            self.at += 1
        return value

    def choice(self, rows: tuple[tuple[int, int], ...]) -> int:
        bits, more = rows[self.take(2)]
        return self.take(bits) + more


def read_head(stream: bytes) -> Head:
    """The head of a bare codestream. Raises ValueError for none."""
    if stream[:2] != SIGNATURE:
        raise ValueError("no JPEG XL codestream")
    bits = _Bits(stream[: 2**14], 16)
    size = _size(bits)
    if bits.take(1):  # 8 bit, no other channels, made for the eye, sRGB, and no more
        return Head(size, Colours(), "000", "1" + "00" + "1", bits.at, bits.take(1) == 1)
    has_more = bits.take(1)
    if has_more:
        _skip_more(bits)
    start = bits.at
    _skip_depth(bits)
    depth = _told(stream, start, bits.at)
    start = bits.at
    bits.take(1)
    for _ in range(bits.choice(((0, 0), (0, 1), (4, 2), (12, 1)))):
        _skip_channel(bits)
    bits.take(1)
    between = _told(stream, start, bits.at)
    colours = _colours(bits)
    if colours is None:
        return Head(size, None, depth, between, bits.at, False)
    # No extensions, and the transforms as they always are.
    plain = not has_more and bits.take(2) == 0
    return Head(size, colours, depth, between, bits.at, plain and bits.take(1) == 1)


def _size(bits: _Bits) -> tuple[int, int]:
    small = bits.take(1)
    height = (bits.take(5) + 1) * 8 if small else bits.choice(_SIDE)
    ratio = bits.take(3)
    if ratio:
        across, down = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))[ratio - 1]
        return height * across // down, height
    return (bits.take(5) + 1) * 8 if small else bits.choice(_SIDE), height


def _skip_more(bits: _Bits) -> None:
    """Orientation, and what a film or a picture with a preview has."""
    bits.take(3)
    if bits.take(1):
        _size(bits)
    if bits.take(2):
        raise ValueError("a JPEG XL with a preview or an animation")


def _skip_depth(bits: _Bits) -> None:
    if bits.take(1):
        bits.choice(((0, 32), (0, 16), (0, 24), (6, 1)))
        bits.take(4)
    else:
        bits.choice(_DEPTH)


def _skip_channel(bits: _Bits) -> None:
    if bits.take(1):
        return
    kind = bits.choice(_ENUM)
    _skip_depth(bits)
    bits.choice(((0, 0), (0, 3), (0, 4), (3, 1)))
    bits.take(8 * bits.choice(((0, 0), (4, 0), (5, 16), (10, 48))))
    if kind == 0:
        bits.take(1)
    elif kind == 2:
        bits.take(64)
    elif kind == 5:
        bits.choice(((0, 1), (2, 0), (4, 3), (8, 19)))


def _colours(bits: _Bits) -> Colours | None:
    if bits.take(1):
        return Colours()
    has_profile, space = bits.take(1), bits.choice(_ENUM)
    if has_profile or space > 1:
        return None
    number = bits.choice(_ENUM)
    white = _point(bits) if number == _CUSTOM else _WHITES.get(number, _D65)
    primaries: tuple[float, ...] | None = None
    if space == 0:
        number = bits.choice(_ENUM)
        known = primaries_of(_PRIMARIES.get(number, 1))
        assert known is not None
        primaries = known[1]
        if number == _CUSTOM:
            primaries = (*_point(bits), *_point(bits), *_point(bits))
    gamma = 1e7 / max(1, bits.take(24)) if bits.take(1) else None
    curve = SRGB if gamma else bits.choice(_ENUM)
    bits.choice(_ENUM)  # how to convert
    return Colours(white, primaries, curve, gamma)


def _point(bits: _Bits) -> tuple[float, float]:
    x, y = bits.choice(_POINT), bits.choice(_POINT)
    return _signed(x) / 1e6, _signed(y) / 1e6


def _signed(value: int) -> int:
    return value >> 1 if value % 2 == 0 else -(value >> 1) - 1


def with_colours(stream: bytes, colours: Colours, depth: int | None = None) -> bytes:
    """A codestream that says these colours of its numbers, and that they are of so many bits; what
    they are stays. Raises ValueError for a head with more in it than our encoder writes."""
    head = read_head(stream)
    if not head.is_plain:
        raise ValueError("the head of this JPEG XL cannot be changed")
    before = _Bits(stream, len(SIGNATURE) * 8)
    _size(before)
    told = _told(stream, len(SIGNATURE) * 8, before.at) + "0"
    # PQ says how bright it gets among what is seldom said.
    says_more = colours.curve == PQ and colours.gamma is None
    told += "1" + "000" + "000" if says_more else "0"
    told += head.depth if depth is None else "0" + _chosen(depth, _DEPTH)
    told += head.between + _colour_bits(colours)
    if says_more:
        told += "0" + _number(_BRIGHTEST, 16) + _number(0, 16) + "0" + _number(0, 16)
    told += "00" + "1"
    told += "0" * (-len(told) % 8)
    made = bytes(int(told[at : at + 8][::-1], 2) for at in range(0, len(told), 8))
    return SIGNATURE + made + stream[-(-(head.end + 1) // 8) :]


def _told(stream: bytes, start: int, end: int) -> str:
    bits = _Bits(stream, start)
    return "".join(str(bits.take(1)) for _ in range(end - start))


def _number(value: int, count: int) -> str:
    return "".join(str(value >> place & 1) for place in range(count))


def _chosen(value: int, rows: tuple[tuple[int, int], ...]) -> str:
    for selector, (bits, more) in enumerate(rows):
        if 0 <= value - more < 2**bits:
            return _number(selector, 2) + _number(value - more, bits)
    raise ValueError(f"{value} cannot be said in a JPEG XL")


def _colour_bits(colours: Colours) -> str:
    if colours == Colours():
        return "1"
    told = "00" + _chosen(0 if colours.primaries is not None else 1, _ENUM)
    named = {white: number for number, white in _WHITES.items()}
    if colours.white in named:
        told += _chosen(named[colours.white], _ENUM)
    else:
        told += _chosen(_CUSTOM, _ENUM) + _point_bits(colours.white)
    if colours.primaries is not None:
        for number, other in _PRIMARIES.items():
            known = primaries_of(other)
            if known is not None and known[1] == colours.primaries:
                told += _chosen(number, _ENUM)
                break
        else:
            told += _chosen(_CUSTOM, _ENUM)
            for at in (0, 2, 4):
                told += _point_bits(colours.primaries[at : at + 2])
    if colours.gamma is not None:
        told += "1" + _number(round(1e7 / colours.gamma), 24)
    else:
        told += "0" + _chosen(colours.curve, _ENUM)
    return told + _chosen(1, _ENUM)  # relative colorimetric


def _point_bits(point: tuple[float, ...]) -> str:
    values = [round(value * 1e6) for value in point]
    return "".join(_chosen(2 * v if v >= 0 else -2 * v - 1, _POINT) for v in values)
