"""The ONNX files we write are read, and say what was meant."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from engine.generator.onnx_file import OnnxGraph

RANDOM = np.random.default_rng(0)


def run(graph: OnnxGraph, **inputs: np.ndarray) -> np.ndarray:
    network = cv2.dnn.readNetFromONNX(np.frombuffer(graph.to_bytes(), np.uint8))
    for name, values in inputs.items():
        network.setInput(values, name)
    return network.forward("y")


def test_tensors_nodes_and_attributes_of_every_kind_arrive() -> None:
    x = RANDOM.random((1, 2, 5, 7), np.float32)
    weights = RANDOM.random((300, 2, 1, 1), np.float32)  # sizes of more than seven bits
    graph = OnnxGraph("small")
    graph.add_input("x", x.shape)
    graph.add_output("y", (1, 4, 10, 7))
    kernel = graph.add_tensor("kernel", weights)
    wide = graph.add_node("Conv", ["x", kernel], kernel_shape=[1, 1])
    ends = [graph.add_tensor(f"at {n}", np.array([n])) for n in (-3, 2**31 - 1, 1)]
    three = graph.add_node("Slice", [wide, *ends])  # whole numbers, negative ones among them
    soft = graph.add_node("LeakyRelu", [three], alpha=0.25)
    one = graph.add_node("Slice", ["x", graph.add_tensor("0", np.array([0])), ends[2], ends[2]])
    both = graph.add_node("Concat", [soft, one], axis=1)
    scales = graph.add_tensor("scales", np.array([1, 1, 2, 1], np.float32))
    kind = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric"}
    graph.add_node("Resize", [both, "", scales], "y", nearest_mode="floor", **kind)
    wanted = np.einsum("kc,bchw->bkhw", weights[-3:, :, 0, 0], x)
    wanted = np.where(wanted < 0, 0.25 * wanted, wanted)
    wanted = np.concatenate([wanted, x[:, :1]], 1).repeat(2, 2)
    np.testing.assert_allclose(run(graph, x=x), wanted, rtol=1e-5, atol=1e-6)


def test_negative_and_fractional_attributes_keep_their_sign() -> None:
    x = RANDOM.standard_normal((1, 3, 4, 4)).astype(np.float32)
    graph = OnnxGraph("signs")
    graph.add_input("x", x.shape)
    graph.add_output("y", x.shape)
    graph.add_node("Softmax", [graph.add_node("Elu", ["x"], alpha=2.5)], "y", axis=-1)
    elu = np.where(x < 0, 2.5 * (np.exp(x) - 1), x)
    exponents = np.exp(elu - elu.max(-1, keepdims=True))
    wanted = exponents / exponents.sum(-1, keepdims=True)
    np.testing.assert_allclose(run(graph, x=x), wanted, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float64, np.float16])
def test_other_floats_become_float32(dtype: type) -> None:
    added = np.array([0.5, -2.0], dtype).reshape(1, 2, 1, 1)
    graph = OnnxGraph("sum")
    graph.add_input("x", (1, 2, 3, 3))
    graph.add_output("y", (1, 2, 3, 3))
    graph.add_node("Add", ["x", graph.add_tensor("added", added)], "y")
    x = RANDOM.random((1, 2, 3, 3), np.float32)
    np.testing.assert_allclose(run(graph, x=x), x + added.astype(np.float32), atol=1e-6)
