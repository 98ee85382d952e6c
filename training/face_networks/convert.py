"""MediaPipe's face networks as ONNX: `python -m training.face_networks.convert WHEEL FOLDER`.

Made once, when the model `faces` of the catalogue was made; neither the program nor a training
needs it. It reads the networks out of the wheel of mediapipe 0.10.21 and needs what the extra
`convert` names, in an environment of its own (MediaPipe's own requirements exclude it).

The graphs stay what they are, operation by operation, in ONNX's order of channels first. Three
things change. Weights that TensorFlow Lite keeps sparse or as halves and widens at each start are
written dense, as halves, which OpenCV widens when it reads them. Detectors give their boxes and
scores as rows of anchors. And the attention mesh is cut at its custom operations (which eyes and
lips lie where on its features), which no ONNX has: `engine.face.face_networks` does them between
the two halves.
"""

# pyright: reportMissingImports=false

from __future__ import annotations

import ast
import contextlib
import json
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from training.face_networks.onnx_writer import Writer
from training.face_networks.tflite_graph import Graph

DETECTION, LANDMARK = "mediapipe/modules/face_detection/", "mediapipe/modules/face_landmark/"
FULL_RANGE = DETECTION + "face_detection_full_range_sparse.tflite"
SHORT_RANGE = DETECTION + "face_detection_short_range.tflite"
ATTENTION = LANDMARK + "face_landmark_with_attention.tflite"
CONNECTIONS = "mediapipe/python/solutions/face_mesh_connections.py"
PERSON = "mediapipe/modules/selfie_segmentation/selfie_segmentation.tflite"
LICENCE = "mediapipe-0.10.21.dist-info/LICENSE"
PARTS = ("lips", "left_eye", "right_eye")  # in the order of the attention mesh's cuts
CUSTOM = ("Landmarks2TransformMatrix", "TransformTensorBilinear", "TransformLandmarks")
_MATRIX, _GATHER, _PLACE = CUSTOM


NOTICE = """\
The networks in this folder are those of MediaPipe 0.10.21, Copyright 2019 to 2023 The MediaPipe
Authors, licensed under the Apache License, Version 2.0 (see LICENSE):

faces.onnx        face_detection_full_range_sparse.tflite
short_range.onnx  face_detection_short_range.tflite
mesh.onnx, mesh_parts.onnx  face_landmark_with_attention.tflite
person.onnx       selfie_segmentation.tflite

Changes: they were converted to ONNX; sparse weights were written out; the mesh was cut at its three
custom operations. mesh.json holds the links of its tessellation and which nodes it refines.
"""

CARD = """\
# Face detectors, mesh and silhouette

Find faces in a photo, read their mesh of 478 nodes, the irises included, and part people from what
is behind them. They are networks of
[MediaPipe](https://github.com/google-ai-edge/mediapipe) 0.10.21 (Apache-2.0; LICENSE and NOTICE lie
beside this card), the mesh that all other networks here were taught by. They run on OpenCV's dnn.

| file | what it is |
|---|---|
| faces.onnx | BlazeFace, full range: faces from some 5 % of a picture's side on |
| short_range.onnx | BlazeFace, short range: faces that fill much of a picture |
| mesh.onnx | attention mesh: 468 nodes, and features of the face |
| mesh_parts.onnx | its second look: lips, eyes and irises on those features |
| person.onnx | selfie segmentation: which pixels of a portrait are a person |
| mesh.json | links between the nodes, and which are looked at twice |

BlazeFace: Bazarevsky et al. 2019, arXiv 1907.05047. Attention mesh: Grishchenko et al. 2020, arXiv
2006.10962.

- Made by `python -m training.face_networks.convert`, out of MediaPipe's wheel. Boxes and nodes are
  the package's to 0.0002 and 0.05 pixels, silhouettes to 0.0001:
  `tests/engine/test_face_networks.py` compares them where it is installed.
- Trained by their makers on photos that we do not know; their model cards report how they do by
  region, skin and sex, and name what they are not for: telling who somebody is, surveillance,
  decisions about people.
- Limits: profiles, heads more than about 45 degrees out of the upright (the program turns the photo
  for those), faces of which more than half is covered.
"""


def detector(data: bytes) -> bytes:
    """A detector: `image` 1 x 3 x S x S in [-1, 1] -> `boxes` 1 x N x 16 and `scores` 1 x N x 1,
    a row an anchor."""
    graph = Graph(data)
    boxes, scores = sorted(graph.outputs, key=lambda tensor: -graph.shape(tensor)[-1])
    return Writer(graph, {graph.inputs[0]: "image"}, {boxes: "boxes", scores: "scores"}).model()


def attention(data: bytes) -> tuple[bytes, bytes, list[dict[str, Any]]]:
    """The attention mesh in two halves, and the options of the cuts between them.

    First half: `image` 1 x 3 x 192 x 192 in [0, 1] -> `features` 1 x 32 x 48 x 48, `mesh`
    1 x 1404 x 1 x 1, `flag`. Second: `lips`, `left_eye`, `right_eye`, each 1 x 32 x 16 x 16 ->
    `lips_nodes`, `left_eye_nodes`, `left_iris_nodes`, `right_eye_nodes`, `right_iris_nodes`.
    """
    from flatbuffers import flexbuffers

    graph = Graph(data)
    custom = [o for o in graph.operations if o[0] in CUSTOM]
    gathers = [o for o in custom if o[0] == _GATHER]
    cuts: list[Any] = [flexbuffers.Loads(o[4]) for o in custom if o[0] == _MATRIX]
    features = gathers[0][1][0]
    made = {o[2][0]: o for o in graph.operations}

    def source(tensor: int, kinds: tuple[str, ...]) -> int:
        while made[tensor][0] in kinds:
            tensor = made[tensor][1][0]
        return tensor

    flag = next(t for t in graph.outputs if "flag" in graph.name(t))
    mesh = source(gathers[0][1][1], (_MATRIX, "MUL", "RESHAPE"))
    halves = {features: "features", mesh: "mesh", flag: "flag"}
    first = Writer(graph, {graph.inputs[0]: "image"}, halves).model()
    parts: dict[int, str] = dict(zip([o[2][0] for o in gathers], PARTS, strict=True))
    nodes = {}
    for tensor in graph.outputs:
        name = graph.name(tensor).removeprefix("output_")
        if name in (*PARTS, "left_iris", "right_iris"):
            nodes[source(tensor, ("RESHAPE", _PLACE))] = f"{name}_nodes"
    second = Writer(graph, parts, nodes).model()
    return first, second, cuts


def person(data: bytes) -> bytes:
    """Selfie segmentation: `image` 1 x 3 x 256 x 256 in [0, 1] -> `person` 1 x 1 x 256 x 256, how
    much of each pixel is one."""
    graph = Graph(data)
    return Writer(graph, {graph.inputs[0]: "image"}, {graph.outputs[0]: "person"}).model()


def facts(cuts: list[dict[str, Any]], connections: str) -> dict[str, Any]:
    """What the program has to know of the mesh (`engine.face.face_model.mesh_facts`).

    cuts: of `attention`. connections: the source of the wheel's list of links. The second look's
    nodes are in the order of the cuts' own.
    """
    sets: dict[str, Any] = {}
    for statement in ast.parse(connections).body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call):
            with contextlib.suppress(ValueError):  # of unions, which are not needed
                sets[ast.unparse(statement.targets[0])] = ast.literal_eval(statement.value.args[0])
    links = [p for n in ("TESSELATION", "LEFT_IRIS", "RIGHT_IRIS") for p in sets[f"FACEMESH_{n}"]]
    parts = {}
    for name, cut in zip(PARTS, cuts, strict=True):
        line = [cut["left_rotation_idx"], cut["right_rotation_idx"]]
        assert (cut["scale_x"], cut["scale_y"]) == (1.5, 1.5)
        assert (cut["output_width"], cut["output_height"]) == (16, 16)
        parts[name] = {"nodes": np.ravel(cut["subset_idxs"]).tolist(), "line": line}
    parts["left_eye"]["iris"] = list(range(468, 473))
    parts["right_eye"]["iris"] = list(range(473, 478))
    return {"edges": sorted({tuple(sorted(pair)) for pair in links}), "parts": parts}


def convert(wheel: Path, folder: Path) -> None:
    """Write the model that a MediaPipe wheel's networks make."""
    from engine.catalogue.weights import write_model

    with zipfile.ZipFile(wheel) as archive:
        full, short, mesh = (archive.read(n) for n in (FULL_RANGE, SHORT_RANGE, ATTENTION))
        silhouette = archive.read(PERSON)
        connections = archive.read(CONNECTIONS).decode()
        licence = archive.read(LICENCE)
    first, second, cuts = attention(mesh)
    files = {
        "faces.onnx": detector(full),
        "short_range.onnx": detector(short),
        "mesh.onnx": first,
        "mesh_parts.onnx": second,
        "person.onnx": person(silhouette),
        "mesh.json": json.dumps(facts(cuts, connections)).encode(),
        "LICENSE": licence,
        "NOTICE": NOTICE.encode(),
    }
    with tempfile.TemporaryDirectory() as made:
        paths = [Path(made) / name for name in files]
        for path, data in zip(paths, files.values(), strict=True):
            path.write_bytes(data)
        write_model(
            folder,
            paths[0],
            CARD,
            beside=paths[1:],
            name="faces",
            title="Face detectors, mesh and silhouette",
            kind="faces",
            format="onnx",
            native_crop=192,
            licence="Apache-2.0",
            figures={
                "pixels_off_the_package": {"boxes": 0.0002, "nodes": 0.05},
                "silhouette_off_the_package": 0.0001,
            },
            notes="Networks of MediaPipe 0.10.21; see CARD.md and NOTICE",
        )


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
