"""What a row of the table of trainable networks says (see `training.networks`).

Cheap to import: a command line is read, and what is wrong with it said, before torch is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from training.configuration import Config

if TYPE_CHECKING:
    from training.recipe import Recipe


@dataclass(frozen=True)
class Option:
    """An option of a verb that only some networks have. of: its type, of a command line. default:
    None where it must be given, if `required`."""

    name: str
    of: Any
    help: str
    default: Any = None
    required: bool = False


@dataclass(frozen=True)
class Trainable:
    """One network that is trained, made a model and measured on the command line.

    name: of its verbs `train NAME`, `train NAME-export` and `train NAME-measure`, and the kind of
    its models. noun: of it in sentences ("No ... is installed"). config: of a run; first: the
    bundled one that is taken where none is named; configs: what may be named. train, measure: the
    help of those verbs. sources: the options that say what it learns from. kept_aside: the help of
    the option that says what it is measured on. compared: further options of measuring. recipe:
    where its Recipe is, "module:class".
    """

    name: str
    noun: str
    config: type[Config]
    first: str
    configs: str
    train: str
    measure: str
    sources: tuple[Option, ...]
    kept_aside: str
    recipe: str
    compared: tuple[Option, ...] = ()

    def load(self) -> type[Recipe[Any, Any]]:
        """Its recipe's class; torch takes seconds to load."""
        module, name = self.recipe.split(":")
        return getattr(import_module(module), name)
