"""Writing a part of a TensorFlow Lite graph as ONNX, operation by operation.

Needs the packages `onnx` and `tflite`, which only the conversion asks for
(training.face_networks.convert).
"""

# pyright: reportMissingImports=false

from __future__ import annotations

from typing import Any

import numpy as np

from training.face_networks.tflite_graph import Graph

OPSET = 13


class Writer:
    """The ONNX of a part of a graph: from some tensors to others. `names`: of the outputs."""

    def __init__(self, graph: Graph, inputs: dict[int, str], outputs: dict[int, str]) -> None:
        self.graph, self.inputs, self.outputs = graph, inputs, outputs
        self.nodes: list[Any] = []
        self.values: list[Any] = []
        self._given: set[str] = set()

    def model(self) -> bytes:
        """The part as a file's bytes."""
        from onnx import TensorProto, checker, helper

        for operation in self._needed():
            self._write(*operation)
        for tensor, name in self.outputs.items():
            self._rows(tensor, name)

        def value(name: str, shape: list[int]) -> Any:
            return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

        inputs = [value(n, _first(self.graph.shape(t))) for t, n in self.inputs.items()]
        outputs = [value(n, self._flat(t)) for t, n in self.outputs.items()]
        graph = helper.make_graph(self.nodes, "faces", inputs, outputs, self.values)
        opset = helper.make_opsetid("", OPSET)
        model = helper.make_model(graph, opset_imports=[opset], ir_version=8)
        checker.check_model(model)
        return model.SerializeToString()

    def _needed(self) -> list[tuple[str, list[int], list[int], Any, bytes]]:
        """The operations between the inputs and the outputs, in the graph's order."""
        wanted, chosen = set(self.outputs), []
        for operation in reversed(self.graph.operations):
            _, inputs, outputs, *_ = operation
            if wanted.isdisjoint(outputs) or not set(outputs).isdisjoint(self.inputs):
                continue
            chosen.append(operation)
            wanted |= set(inputs) - set(self.inputs)
        return chosen[::-1]

    def _flat(self, tensor: int) -> list[int]:
        shape = self.graph.shape(tensor)
        return shape if len(shape) == 3 else _first(shape)

    def _rows(self, tensor: int, name: str) -> None:
        self._node("Identity", [self._name(tensor)], name)

    def _name(self, tensor: int) -> str:
        return self.inputs.get(tensor, f"t{tensor}")

    def _constant(self, name: str, value: np.ndarray, *, half: bool = False) -> str:
        from onnx import numpy_helper

        if name not in self._given:
            self._given.add(name)
            value = value.astype(np.float16) if half else value
            self.values.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def _node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def _write(
        self, name: str, inputs: list[int], outputs: list[int], options: Any, _: bytes
    ) -> None:
        out, given = f"t{outputs[0]}", self._name(inputs[0])
        constants, shape = self.graph.constants, self.graph.shape(outputs[0])
        if name in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            self._convolution(name, inputs, outputs[0], options)
        elif name == "RELU":
            self._node("Relu", [given], out)
        elif name == "PRELU":
            slope = constants[inputs[1]].reshape(-1, 1, 1)
            self._node("PRelu", [given, self._constant(f"{out}_slope", slope, half=True)], out)
        elif name in ("ADD", "MUL"):
            both = [given, self._name(inputs[1])]
            kind = name.title()
            self._activated(kind, both, out, options.FusedActivationFunction())
        elif name == "LOGISTIC":
            self._node("Sigmoid", [given], out)
        elif name == "HARD_SWISH":
            gate = self._node("HardSigmoid", [given], f"{out}_gate", alpha=1 / 6, beta=0.5)
            self._node("Mul", [given, gate], out)
        elif name == "AVERAGE_POOL_2D":
            assert shape[1:3] == [1, 1], "only means of whole planes are known here"
            self._node("GlobalAveragePool", [given], out)
        elif name == "Convolution2DTransposeBias":
            self._enlarging(inputs, outputs[0])
        elif name == "PAD":
            rows = constants[inputs[1]].reshape(-1, 2)[[0, 3, 1, 2]]
            pads = self._constant(f"{out}_pads", rows.T.reshape(-1).astype(np.int64))
            self._node("Pad", [given, pads], out)
        elif name == "MAX_POOL_2D":
            kernel = [options.FilterHeight(), options.FilterWidth()]
            strides = [options.StrideH(), options.StrideW()]
            self._node("MaxPool", [given], out, kernel_shape=kernel, strides=strides)
        elif name == "RESIZE_BILINEAR":
            self._enlarge(given, out, _first(shape), options)
        elif name == "DEPTH_TO_SPACE":
            self._node("DepthToSpace", [given], out, blocksize=options.BlockSize(), mode="DCR")
        elif name == "CONCATENATION":
            assert len(shape) == 3
            given = [self._name(i) for i in inputs]
            self._node("Concat", given, out, axis=options.Axis())
        elif name == "RESHAPE":
            if len(self.graph.shape(inputs[0])) == 4:
                given = self._node("Transpose", [given], f"{out}_last", perm=[0, 2, 3, 1])
            wanted = self._constant(f"{out}_shape", np.array(shape, np.int64))
            self._node("Reshape", [given, wanted], out)
        else:
            raise NotImplementedError(name)

    def _convolution(self, name: str, inputs: list[int], output: int, options: Any) -> None:
        import tflite

        deep, out = name == "DEPTHWISE_CONV_2D", f"t{output}"
        weight = self.graph.constants[inputs[1]]
        weight = weight.transpose(3, 0, 1, 2) if deep else weight.transpose(0, 3, 1, 2)
        strides = [options.StrideH(), options.StrideW()]
        pads = [0, 0, 0, 0]
        if options.Padding() == tflite.Padding.SAME:
            pads = self._same(inputs[0], output, weight.shape[2:], strides)
        given = self._name(inputs[0])
        if pads[:2] != pads[2:]:  # OpenCV pads convolutions alike on both sides
            around = np.array([0, 0, *pads[:2], 0, 0, *pads[2:]], np.int64)
            given = self._node("Pad", [given, self._constant(f"{out}_pads", around)], f"{out}_in")
            pads = [0, 0, 0, 0]
        activation = options.FusedActivationFunction()
        told = [
            given,
            self._constant(f"{out}_weight", weight, half=True),
            self._constant(f"{out}_bias", self.graph.constants[inputs[2]], half=True),
        ]
        self._activated(
            "Conv",
            told,
            out,
            activation,
            kernel_shape=list(weight.shape[2:]),
            strides=strides,
            pads=pads,
            group=weight.shape[0] if deep else 1,
        )

    def _enlarging(self, inputs: list[int], output: int) -> None:
        """A transposed convolution whose steps are as wide as its kernel, MediaPipe's own
        operation."""
        out, weight = f"t{output}", self.graph.constants[inputs[1]].transpose(3, 0, 1, 2)
        kernel = list(weight.shape[2:])
        before, after = self.graph.shape(inputs[0])[1:3], self.graph.shape(output)[1:3]
        assert [b * k for b, k in zip(before, kernel, strict=True)] == after
        told = [
            self._name(inputs[0]),
            self._constant(f"{out}_weight", weight, half=True),
            self._constant(f"{out}_bias", self.graph.constants[inputs[2]], half=True),
        ]
        self._node("ConvTranspose", told, out, kernel_shape=kernel, strides=kernel)

    def _activated(
        self, kind: str, inputs: list[str], out: str, activation: int, **attributes: Any
    ) -> None:
        """A node, and the activation that TensorFlow Lite has fused with it."""
        assert activation in (0, 1), "no other activation than ReLU is known here"
        self._node(kind, inputs, f"{out}_linear" if activation else out, **attributes)
        if activation:
            self._node("Relu", [f"{out}_linear"], out)

    def _same(self, given: int, output: int, kernel: Any, strides: list[int]) -> list[int]:
        """TensorFlow's SAME: as many pixels as are needed, the odd one at the end."""
        before, after = self.graph.shape(given)[1:3], self.graph.shape(output)[1:3]
        needed = [
            max(0, (a - 1) * s + k - b)
            for b, a, k, s in zip(before, after, kernel, strides, strict=True)
        ]
        return [n // 2 for n in needed] + [n - n // 2 for n in needed]

    def _enlarge(self, given: str, out: str, shape: list[int], options: Any) -> None:
        place = "asymmetric"
        if options.HalfPixelCenters():
            place = "half_pixel"
        elif options.AlignCorners():
            place = "align_corners"
        size = self._constant(f"{out}_size", np.array(shape, np.int64))
        self._node(
            "Resize",
            [given, "", "", size],
            out,
            mode="linear",
            coordinate_transformation_mode=place,
        )


def _first(shape: list[int]) -> list[int]:
    """A shape of channels last with its channels first."""
    return [shape[0], shape[3], *shape[1:3]] if len(shape) == 4 else shape
