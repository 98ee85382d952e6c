"""The catalogue of models: what is installed, whether it is whole, and loading it.

A model is a folder with `manifest.json`, its weights as float16 safetensors and a `CARD.md`.
Bundled models lie in resources/models; a user's own in the data folder, where they survive an
update. A manifest's checksums are verified before anything is loaded.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from engine.base.atomic import write_atomically
from engine.base.errors import MienError
from engine.generator.backend import BACKENDS
from engine.nets.tensors import read_tensors, write_tensors

if TYPE_CHECKING:
    from torch import Tensor, nn

    class Loadable(Protocol):
        """What `load` makes a network of: a class of nn.Module with `of`."""

        @classmethod
        def of(cls, tensors: dict[str, Tensor]) -> nn.Module:
            """The network whose state these tensors are. Raises RuntimeError for another's."""
            ...


Network = TypeVar("Network", bound="Loadable")

DEFAULT = "default"
MANIFEST = "manifest.json"
TENSORS = "safetensors"  # the format of weights that can be trained further
FACES, ONNX = "faces", "onnx"  # the kind that finds faces, and the only format it comes in
CARD = "CARD.md"
_TABLES = ("modules", "beside", "figures", "retouch")  # a manifest's entries that are tables
_NAME = re.compile(r"\w[\w .-]*")  # of a model, which is a folder, and of its files

# The kinds whose float32 weights are stored as float16; a prior chooses its types itself.
HALVED = ("generator", "emotion", "judge", "landmarks", "locator", "shapes", "detail", "worn")
HALVED += ("recognition",)


@dataclass(frozen=True)
class Manifest:
    """What a model says of itself.

    name: folder and `--model` name. title: for people. kind: "prior", "generator", "emotion",
    "judge" (only measures), "landmarks", "locator", "shapes", "detail" (paints what is finer than a
    crop), "exemplars" (a library of faces), "worn" (sees what is worn), "recognition" (tells people
    apart) or "faces" (finds them). file: the weights; sha256, bytes: its. beside: further files
    that belong to it and their sha256. native_crop: side in pixels it was trained for. input:
    "prior" (sharpens the prior's fill) or "zero" (paints a zeroed hole). grid: a generator's,
    "full" as published or "half" (engine.generator.dmfn). format: of the weights; a generator's
    what runs it (engine.generator.backend). default: the one that `--model default` means. figures:
    what was measured, by protocol. retouch: of a prior, what was fitted to it
    (engine.prior.retouch). notes: where from.
    """

    name: str
    title: str
    kind: str
    file: str
    sha256: str
    bytes: int
    native_crop: int = 256
    input: str = "prior"
    grid: str = "full"
    format: str = "safetensors"
    default: bool = False
    modules: dict[str, Any] = field(default_factory=dict)
    beside: dict[str, str] = field(default_factory=dict)
    licence: str = ""
    figures: dict[str, Any] = field(default_factory=dict)
    retouch: dict[str, float] = field(default_factory=dict)
    notes: str = ""
    folder: Path = field(default=Path(), compare=False)

    @property
    def path(self) -> Path:
        """The weight file."""
        return self.folder / self.file


def bundled_folder() -> Path:
    """Where the models that ship with the program lie, in a checkout and in a frozen bundle."""
    root = Path(getattr(sys, "_MEIPASS", Path(__file__).parents[2]))
    return root / "resources" / "models"


def user_folder() -> Path:
    """Where a user's own models lie; MIEN_MODELS overrides it."""
    if "MIEN_MODELS" in os.environ:
        return Path(os.environ["MIEN_MODELS"])
    from platformdirs import user_data_path

    return user_data_path("mien", appauthor=False) / "models"


def installed() -> list[Manifest]:
    """Every model with a readable manifest, bundled first; a user's model wins by name."""
    models: dict[str, Manifest] = {}
    for root in (bundled_folder(), user_folder()):
        for folder in _folders(root):
            try:
                manifest = read_manifest(folder / MANIFEST)
            except MienError as error:
                logging.warning("%s", error)  # one broken folder must not hide the others
                continue
            models[manifest.name] = manifest
    return list(models.values())


def _folders(root: Path) -> list[Path]:
    """The models' folders of a root. One that is being written is none yet; one whose replacement
    was cut short between two renames is still the model."""
    found = sorted(path.parent for path in root.glob(f"*/{MANIFEST}"))
    kept = [folder for folder in found if not folder.name.startswith(".")]
    stranded = [f for f in found if f == _aside(_beside(f)) and not _beside(f).exists()]
    return kept + stranded


def _aside(folder: Path) -> Path:
    """Where a model lies while another takes its place."""
    return folder.with_name(f".{folder.name}.old")


def _beside(aside: Path) -> Path:
    """The inverse of `_aside`."""
    return aside.with_name(aside.name.removeprefix(".").removesuffix(".old"))


def read_manifest(path: Path) -> Manifest:
    """The manifest in a file. Raises MienError when it is not one, or names what lies elsewhere."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        manifest = Manifest(**values, folder=path.parent)
        _check(manifest)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise MienError(
            f"{path} is not a model's manifest ({error}); remove its folder or import it again."
        ) from error
    return manifest


def _check(manifest: Manifest) -> None:
    """Raise ValueError or KeyError for a value of another type, and for a name or a file that
    leads elsewhere: a manifest comes from anywhere, and its names become paths."""
    types = {"str": str, "int": int, "bool": bool}
    for entry in fields(Manifest):
        kind = types.get(str(entry.type), dict if entry.name in _TABLES else None)
        if kind is not None and not isinstance(getattr(manifest, entry.name), kind):
            raise ValueError(f"{entry.name} is no {kind.__name__}")
    if not _is_name(manifest.name):
        raise ValueError(f"'{manifest.name}' is no name")
    for file in _files(manifest):
        if not _NAME.fullmatch(str(file)):
            raise ValueError(f"'{file}' is no file beside it")


def check_name(name: str) -> None:
    """Raise MienError for a name that could not be a model's: it becomes a folder's."""
    if not _is_name(name):
        raise MienError(f"'{name}' is no name for a model; use letters, digits, - and _.")


def _is_name(name: str) -> bool:
    return bool(_NAME.fullmatch(name)) and not name.endswith((".", " ")) and name != DEFAULT


def _files(manifest: Manifest) -> dict[str, str]:
    """The weight files of a model and their checksums."""
    files = {manifest.file: manifest.sha256, **manifest.beside}
    if manifest.modules:
        files[manifest.modules["file"]] = manifest.modules["sha256"]
    return files


def find(name: str = DEFAULT) -> Manifest:
    """The model of that name. Raises MienError.

    "default" is the default generator, or the prior alone where no generator is installed.
    """
    models = installed()
    if name == DEFAULT:
        chosen = [m for m in models if m.kind == "prior"]
        chosen += [m for m in models if m.kind == "generator" and m.default]
    else:
        chosen = [m for m in models if m.name == name]
    if not chosen:
        names = ", ".join(m.name for m in models) or "none"
        raise MienError(f"There is no model '{name}' (installed: {names}); choose one of them.")
    return chosen[-1]


def find_filler(name: str = DEFAULT) -> Manifest:
    """The model of that name, if it fills: a generator or the prior. Raises MienError."""
    manifest = find(name)
    if manifest.kind not in ("prior", "generator"):
        raise MienError(f"'{name}' fills nothing; choose a generator or 'prior' (see 'models').")
    check_format(manifest)
    return manifest


def check_format(manifest: Manifest) -> None:
    """Raise MienError for a model of a format that this program does not run."""
    if manifest.format not in (BACKENDS if manifest.kind != FACES else (ONNX,)):
        raise MienError(
            f"'{manifest.name}' is a model in the format {manifest.format}, which this Mien does "
            f"not run ({', '.join(BACKENDS)}); choose another model or a newer Mien."
        )


def verify(manifest: Manifest) -> None:
    """Check a model's files against its manifest. Raises MienError when one is missing or
    changed, or when nothing here runs its format."""
    check_format(manifest)
    for file, expected in _files(manifest).items():
        path = manifest.folder / file
        if not path.is_file():
            raise MienError(
                f"The weights of '{manifest.name}' are missing ({path}); reinstall Mien or import "
                "the model again."
            )
        if checksum(path) != expected:
            raise MienError(
                f"The weights of '{manifest.name}' are damaged ({path}); reinstall Mien or import "
                "the model again."
            )


def load_tensors(manifest: Manifest) -> dict[str, Tensor]:
    """The verified tensors of a model, halves widened to float32. Raises MienError, also for a
    model that another back end runs: it has none."""
    verify(manifest)
    if manifest.format != TENSORS:
        raise MienError(
            f"'{manifest.name}' is a model in the format {manifest.format}, which only fills; to "
            f"train or measure its network, choose the {TENSORS} model it was made of."
        )
    return read_tensors(manifest.path)


def newest(kind: str) -> Manifest | None:
    """The installed model of a kind, the last of several; None where there is none."""
    return next((m for m in reversed(installed()) if m.kind == kind), None)


def load(kind: str, network: type[Network], device: str = "cpu") -> Network | None:
    """The installed network of a kind, frozen and in eval mode; None where none is installed.

    network: its class, which says by `of` how tensors become one. Raises MienError where a file is
    damaged.
    """
    manifest = newest(kind)
    if manifest is None:
        return None
    made: Any = network.of(load_tensors(manifest))
    return made.to(device).eval().requires_grad_(False)


def load_modules(manifest: Manifest) -> dict[str, Tensor] | None:
    """The verified tensors of a model's modules, None where it has none."""
    if not manifest.modules:
        return None
    verify(manifest)
    return read_tensors(manifest.folder / manifest.modules["file"])


def load_prior(manifest: Manifest) -> dict[str, Tensor]:
    """The verified tensors of a prior: its components and, of newer date, its modules' rows."""
    return load_tensors(manifest) | (load_modules(manifest) or {})


def write_model(
    folder: Path,
    tensors: dict[str, Tensor] | Path,
    card: str,
    *,
    modules: dict[str, Tensor] | None = None,
    beside: Sequence[Path] = (),
    **facts: Any,
) -> Manifest:
    """Write a model: float32 tensors become float16, the manifest gets size and checksum.

    tensors: or, of another `format`, the file that its back end runs, which is copied.
    `modules` are the tensors of a generator's modules, or a prior's rows for them, kept in a file
    of their own: they are small and change more often. `beside` are further files, copied. `facts`
    are fields of Manifest (name, title, kind, ...). An existing model stays until the new
    one is whole and in its place. Returns the manifest. Raises MienError for a name that is none.
    """
    check_name(facts["name"])
    check_name(folder.name)
    building = _building(folder)
    if isinstance(tensors, Path):
        file = facts["kind"] + tensors.suffix
        shutil.copyfile(tensors, building / file)
    else:
        file = f"{facts['kind']}.safetensors"
        write_tensors(building / file, tensors, halved=facts["kind"] in HALVED)
    size = (building / file).stat().st_size
    if modules:
        path = building / "modules.safetensors"
        write_tensors(path, modules)
        facts["modules"] = {
            "file": path.name,
            "sha256": checksum(path),
            "bytes": path.stat().st_size,
            "parameters": _parameters(modules),
        }
    for path in beside:
        shutil.copyfile(path, building / path.name)
    facts["beside"] = {path.name: checksum(path) for path in beside}
    manifest = Manifest(
        file=file, sha256=checksum(building / file), bytes=size, folder=folder, **facts
    )
    (building / MANIFEST).write_bytes(_as_json(manifest))
    (building / CARD).write_text(card, encoding="utf-8")
    _put(building, folder)
    return manifest


def write_retouch(manifest: Manifest, retouch: dict[str, float]) -> Manifest:
    """A prior's manifest with what was fitted to it, written whole or not at all. Its weights stay
    as they are. Returns the manifest as it is now."""
    changed = replace(manifest, retouch=retouch)
    write_atomically(manifest.folder / MANIFEST, lambda file: file.write(_as_json(changed)))
    return changed


def _as_json(manifest: Manifest) -> bytes:
    values = asdict(manifest)
    del values["folder"]
    return (json.dumps(values, indent=2, ensure_ascii=False) + "\n").encode("utf-8")


def _building(folder: Path) -> Path:
    """An empty folder to make a model in that will lie in `folder`."""
    building = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    return building


def _put(building: Path, folder: Path) -> None:
    """Let a finished folder take the place of another, which is deleted only afterwards."""
    old = _aside(folder)
    if folder.exists():
        shutil.rmtree(old, ignore_errors=True)
        folder.replace(old)
    try:
        building.replace(folder)
    except OSError:
        if old.exists():
            old.replace(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _parameters(modules: dict[str, Tensor]) -> dict[str, int]:
    """Learnt numbers by module; the graph and the mean mesh are given, not learnt."""
    counts: dict[str, int] = {}
    for name, tensor in modules.items():
        module, _, rest = name.partition(".")
        if rest not in ("adjacency", "mean"):
            counts[module] = counts.get(module, 0) + tensor.numel()
    return counts


def import_model(source: Path) -> Manifest:
    """Copy a model's folder into the user's models after checking it: its manifest, weights and
    card, nothing else that lies there. Raises MienError."""
    manifest = read_manifest(source / MANIFEST)
    verify(manifest)
    target = user_folder() / manifest.name
    if target.exists():
        raise MienError(f"A model '{manifest.name}' is installed already; rename one of the two.")
    building = _building(target)
    for name in (MANIFEST, CARD, *_files(manifest)):
        if (source / name).is_file():
            shutil.copyfile(source / name, building / name)
    verify(replace(manifest, folder=building))
    _put(building, target)
    return read_manifest(target / MANIFEST)


def checksum(path: Path) -> str:
    """The sha256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
