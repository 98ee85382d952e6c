"""Reading a TensorFlow Lite graph: its operations, and its constants, sparse ones written out.

Needs the package `tflite`, which only the conversion asks for (training.face_networks.convert).
"""

# pyright: reportMissingImports=false

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np


class Graph:
    """One TensorFlow Lite graph. constants: the values of tensors that are known before it runs,
    as float32 (or whole numbers). operations: (name, inputs, outputs, options, custom options)."""

    def __init__(self, data: bytes) -> None:
        import tflite

        self._model = tflite.Model.GetRootAs(data, 0)
        self._graph = self._model.Subgraphs(0)
        self.inputs = [int(i) for i in self._graph.InputsAsNumpy()]
        self.outputs = [int(i) for i in self._graph.OutputsAsNumpy()]
        self.constants: dict[int, np.ndarray] = {}
        for i in range(self._graph.TensorsLength()):
            value = self._constant(self._graph.Tensors(i))
            if value is not None:
                self.constants[i] = value
        self.operations = list(self._operations())

    def shape(self, tensor: int) -> list[int]:
        """A tensor's shape, channels last."""
        return [int(n) for n in self._graph.Tensors(tensor).ShapeAsNumpy()]

    def name(self, tensor: int) -> str:
        """The name that TensorFlow gave a tensor."""
        return self._graph.Tensors(tensor).Name().decode()

    def _constant(self, tensor: Any) -> np.ndarray | None:
        import tflite

        data = self._model.Buffers(tensor.Buffer()).DataAsNumpy()
        if isinstance(data, int) or not len(data):
            return None
        kinds = {
            tflite.TensorType.FLOAT32: np.float32,
            tflite.TensorType.FLOAT16: np.float16,
            tflite.TensorType.INT32: np.int32,
        }
        values = data.view(kinds[tensor.Type()])
        shape = tensor.ShapeAsNumpy() if tensor.ShapeLength() else ()
        sparsity = tensor.Sparsity()
        return values.reshape(shape) if sparsity is None else dense(values, shape, sparsity)

    def _operations(self) -> Iterable[tuple[str, list[int], list[int], Any, bytes]]:
        import tflite

        names = {v: k for k, v in vars(tflite.BuiltinOperator).items() if isinstance(v, int)}
        for number in range(self._graph.OperatorsLength()):
            operation = self._graph.Operators(number)
            code = self._model.OperatorCodes(operation.OpcodeIndex())
            builtin = names[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
            name = code.CustomCode().decode() if code.CustomCode() else builtin
            inputs = [int(i) for i in operation.InputsAsNumpy()]
            outputs = [int(i) for i in operation.OutputsAsNumpy()]
            if name in ("DEQUANTIZE", "DENSIFY"):
                self.constants[outputs[0]] = self.constants[inputs[0]]
                continue
            custom = operation.CustomOptionsAsNumpy()
            custom = b"" if isinstance(custom, int) else custom.tobytes()
            yield name, inputs, outputs, _options(name, operation), custom


def dense(values: np.ndarray, shape: Iterable[int], sparsity: Any) -> np.ndarray:
    """A sparse tensor of TensorFlow Lite, zeros filled in.

    Its dimensions are traversed in a given order, blocks last; each is dense, or lists the indices
    that are there (schema of TensorFlow Lite, `SparsityParameters`).
    """
    shape = [int(n) for n in shape]
    order = [int(i) for i in sparsity.TraversalOrderAsNumpy()]
    blocks = [] if sparsity.BlockMapIsNone() else [int(i) for i in sparsity.BlockMapAsNumpy()]
    levels = [sparsity.DimMetadata(i) for i in range(sparsity.DimMetadataLength())]
    # For each value so far: its index on each level.
    places = np.zeros((1, 0), np.int64)
    before = np.zeros(1, np.int64)  # position of each within its level
    for level in levels:
        if level.Format() == 0:  # dense
            size = level.DenseSize()
            index = np.tile(np.arange(size), len(places))
            owner = np.repeat(np.arange(len(places)), size)
            before = before[owner] * size + index
        else:
            segments = _vector(level, "ArraySegments")
            counts = segments[before + 1] - segments[before]
            owner = np.repeat(np.arange(len(places)), counts)
            first = np.repeat(segments[before], counts)
            within = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
            before = first + within
            index = _vector(level, "ArrayIndices")[before]
        places = np.column_stack([places[owner], index])
    full = np.zeros((len(places), len(shape)), np.int64)
    for level, dimension in enumerate(order):
        if dimension < len(shape):
            full[:, dimension] += places[:, level]
        else:
            block = blocks[dimension - len(shape)]
            full[:, block] = full[:, block] * levels[level].DenseSize() + places[:, level]
    result = np.zeros(shape, values.dtype)
    result[tuple(full.T)] = values[before]
    return result


def _vector(level: Any, name: str) -> np.ndarray:
    """The segments or indices of a sparse level: the schema keeps them in one of three types."""
    import tflite

    kinds = (tflite.Int32Vector, tflite.Uint16Vector, tflite.Uint8Vector)
    vector = kinds[getattr(level, f"{name}Type")() - 1]()
    table = getattr(level, name)()
    vector.Init(table.Bytes, table.Pos)
    return vector.ValuesAsNumpy().astype(np.int64)


def _options(name: str, operation: Any) -> Any:
    """The options of a built-in operation, None where it has none that count."""
    import tflite

    kinds = {
        "CONV_2D": tflite.Conv2DOptions,
        "DEPTHWISE_CONV_2D": tflite.DepthwiseConv2DOptions,
        "MAX_POOL_2D": tflite.Pool2DOptions,
        "CONCATENATION": tflite.ConcatenationOptions,
        "RESIZE_BILINEAR": tflite.ResizeBilinearOptions,
        "DEPTH_TO_SPACE": tflite.DepthToSpaceOptions,
        "ADD": tflite.AddOptions,
        "MUL": tflite.MulOptions,
    }
    if name not in kinds:
        return None
    options, table = kinds[name](), operation.BuiltinOptions()
    options.Init(table.Bytes, table.Pos)
    return options
