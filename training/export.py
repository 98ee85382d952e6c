"""The one place where a training becomes a model of the catalogue, and where that is said."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.catalogue.weights import Manifest, write_model

if TYPE_CHECKING:
    from torch import Tensor, nn


def export_model(
    folder: Path,
    trained: nn.Module | dict[str, Tensor],
    card: str,
    *,
    title: str,
    kind: str,
    data: str = "",
    **facts: Any,
) -> Manifest:
    """Write what was trained as the model that its folder is named after, whole or not at all.

    trained: a network, or its tensors. card: Markdown; of a network it may have the fields
    `{parameters}` (how many) and `{data}` (a line of the data and its terms), filled in here.
    facts: further fields of Manifest, and `modules` as of `write_model`. Raises MienError for a
    folder whose name could not be a model's.
    """
    if isinstance(trained, dict):
        tensors = trained
    else:
        tensors = trained.state_dict()
        count = sum(p.numel() for p in trained.parameters())
        card = card.replace("{parameters}", f"{count:,}")
        card = card.replace("{data}", f"\n- Data: {data}" if data else "")
    return write_model(folder, tensors, card, name=folder.name, title=title, kind=kind, **facts)


def read_notes(path: Path | None) -> str:
    """The text of a file on the data and its terms; empty without one."""
    return "" if path is None else path.read_text(encoding="utf-8").strip()


def told(manifest: Manifest) -> str:
    """A line on the model that was written: where, how large, the start of its checksum."""
    return f"{manifest.path}: {manifest.bytes / 2**20:.1f} MiB, {manifest.sha256[:12]}."
