"""ONNX files, written: the few parts of the format that a network of layers takes.

ONNX is a message of protocol buffers, which is pairs of a field's number and its bytes; a package
for that would be larger than what it is needed for. The numbers are those of onnx.proto3.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

IR_VERSION, OPSET = 8, 13
_FLOAT, _INT64 = 1, 7  # TensorProto.DataType
Attribute = int | str | float | Sequence[int]


class OnnxGraph:
    """A graph in the making; nodes come in the order they are run in.

    Names are the caller's, each given once. What an `add_...` makes it returns the name of, so
    that calls can be nested.
    """

    def __init__(self, name: str) -> None:
        self._parts = [_text(2, name)]
        self._nodes = 0

    def add_input(self, name: str, shape: Iterable[int]) -> str:
        """An input, float32."""
        self._parts.append(_message(11, _value(name, shape)))
        return name

    def add_output(self, name: str, shape: Iterable[int]) -> str:
        """An output, float32; some node gives it."""
        self._parts.append(_message(12, _value(name, shape)))
        return name

    def add_tensor(self, name: str, values: np.ndarray) -> str:
        """A constant: whole numbers become int64, others float32."""
        whole = np.issubdtype(values.dtype, np.integer)
        data = np.ascontiguousarray(values, np.dtype("<i8" if whole else "<f4"))
        head = b"".join(_number(1, size) for size in data.shape)
        head += _number(2, _INT64 if whole else _FLOAT) + _text(8, name)
        head += _key(9, 2) + _varint(data.nbytes)
        self._parts.append(_key(5, 2) + _varint(len(head) + data.nbytes) + head)
        self._parts.append(data.tobytes())  # apart: weights are copied no more than they must be
        return name

    def add_node(
        self, kind: str, inputs: Iterable[str], output: str | None = None, **attributes: Attribute
    ) -> str:
        """A node of an ONNX operator with one output, called so or by number. An input that is
        left out is ""."""
        self._nodes += 1
        name = f"{kind} {self._nodes}"
        output = output or name
        body = b"".join(_text(1, source) for source in inputs) + _text(2, output)
        body += _text(3, name) + _text(4, kind)
        body += b"".join(_message(5, _attribute(*pair)) for pair in attributes.items())
        self._parts.append(_message(1, body))
        return output

    def to_bytes(self) -> bytes:
        """The file."""
        length = sum(len(part) for part in self._parts)
        head = _number(1, IR_VERSION) + _text(2, "mien")
        head += _message(8, _text(1, "") + _number(2, OPSET)) + _key(7, 2) + _varint(length)
        return b"".join([head, *self._parts])


def _value(name: str, shape: Iterable[int]) -> bytes:
    sizes = b"".join(_message(1, _number(1, size)) for size in shape)
    return _text(1, name) + _message(2, _message(1, _number(1, _FLOAT) + _message(2, sizes)))


def _attribute(name: str, value: Attribute) -> bytes:
    if isinstance(value, int):
        return _text(1, name) + _number(3, value) + _number(20, 2)
    if isinstance(value, float):
        return _text(1, name) + _key(2, 5) + np.array(value, "<f4").tobytes() + _number(20, 1)
    if isinstance(value, str):
        return _text(1, name) + _text(4, value) + _number(20, 3)
    return _text(1, name) + b"".join(_number(8, one) for one in value) + _number(20, 7)


def _number(field: int, value: int) -> bytes:
    return _key(field, 0) + _varint(value)


def _text(field: int, value: str) -> bytes:
    return _message(field, value.encode())


def _message(field: int, body: bytes) -> bytes:
    return _key(field, 2) + _varint(len(body)) + body


def _key(field: int, wire: int) -> bytes:
    return _varint(field << 3 | wire)


def _varint(value: int) -> bytes:
    """Seven bits a byte, lowest first; negative numbers as 64 bits."""
    value &= 2**64 - 1
    made = bytearray()
    while value > 127:
        made.append(value & 127 | 128)
        value >>= 7
    made.append(value)
    return bytes(made)
