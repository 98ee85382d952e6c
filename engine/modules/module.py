"""What a module is: one thing that a fill may know of a face, switched on and off by itself.

Cheap to import, as every module is: what a person may ask for is known before torch is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from torch import Tensor, nn

    from engine.face.shape import ShapeModel
    from engine.prior import FacePrior, Observation
    from engine.prior.knowledge import Knowledge
    from engine.prior.prior import Changed, Posterior
    from engine.readings import FaceReading

# How far a wish is pushed -> the face that was solved, changed so far.
Push = Callable[[float], "Changed"]
Moved = tuple[int, float, float]  # (node, x, y) in crop units
# The nodes that are expected of a face, 1 x 478 x 2 in crop units -> those of this person.
Person = Callable[["Tensor"], "Tensor"]


def mark(text: str) -> str:
    """Marks a text that the editor shows; it is translated there."""
    return text


def wish(
    default: Any,
    help: str,
    *,
    choices: tuple[str, ...] = (),
    bounds: tuple[float, float] | None = None,
    title: str = "",
    tip: str = "",
    remembered: bool = False,
    words: Mapping[str, str] = MappingProxyType({}),
    menu: Mapping[str, str] = MappingProxyType({}),
    labels: Mapping[Any, str] = MappingProxyType({}),
    batch: str = "",
    scales: str = "",
    parts: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> Any:
    """A field of a module's wishes: something a person may ask for.

    help: for the command line. choices, bounds: what it may be.

    The rest is the editor's. title, tip: of the control in the inspector; without a title there is
    none. remembered: kept for the next photo. words: what choices are called there, in this order;
    others go by their names. menu: the choices that are commands as well, and what those are
    called; one wish at most has them. labels: what a fill's label says of a value; of another one
    that is not the default it says the choice's name. batch: the control's title in the batch
    window; without one it is the module's. scales: the wish of which this one is the strength; it
    can be set while that one asks for something. parts: of the choices that change a face, which
    of its parts (engine.face.parts) they need hidden; where nothing is, these are proposed.
    """
    return field(
        default=default,
        metadata={
            "help": help,
            "choices": choices,
            "bounds": bounds,
            "title": title,
            "tip": tip,
            "remembered": remembered,
            "words": words,
            "menu": menu,
            "labels": labels,
            "batch": batch,
            "scales": scales,
            "parts": parts,
        },
    )


def is_wish(entry: Field[Any]) -> bool:
    """Whether a dataclass's field was declared by `wish`."""
    return "help" in entry.metadata and entry.default is not MISSING


@dataclass
class Sight:
    """What is seen of B crops; every module adds what it reads.

    crop: B x 3 x S x S in [-1, 1]. hole: B x 1 x S x S of 0 and 1, None where nothing is hidden
    from who reads. mesh: 478 x 2 in crop units as found in the photo. networks: by the names of
    their modules. nodes: B x 478 x 2 in crop units, the face's own, of which `hidden` (B x 478 of
    0 and 1) are predictions. told: the nodes as the fill is to have them. moved: those the user
    dragged, and undragged: the nodes without that, None where nothing was. pushed: whether a module
    is asked to change the face. variant: 0 for the most probable face. decided: whether hidden
    lips are those of an open or a closed mouth (engine.face.mouth). open: whether it is asked to
    be, None for no wish. person: what other photos tell of hidden nodes. visible: B x 7
    probabilities of EMOTIONS read off what is not hidden. further: what other modules read, and
    the emotion module of a face as it was solved, by their names.
    """

    crop: Tensor
    hole: Tensor | None = None
    mesh: Tensor | None = None
    networks: Mapping[str, Any] = field(default_factory=dict)
    knowledge: Knowledge | None = None
    shapes: ShapeModel | None = None
    nodes: Tensor | None = None
    hidden: Tensor | None = None
    told: Tensor | None = None
    moved: tuple[Moved, ...] = ()
    undragged: Tensor | None = None
    pushed: bool = False
    variant: int = 0
    decided: bool = False
    open: bool | None = None
    person: Person | None = None
    visible: Tensor | None = None
    further: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Solved:
    """The face as the prior solved it: z (1 x K), and what the pixels say of it. settle: a changed
    mesh (1 x 478 x 2) -> the same with what has the last word. show: a changed face -> how it will
    look in its crop, 1 x 3 x s x s in [-1, 1]."""

    z: Tensor
    prior: FacePrior
    posterior: Posterior
    settle: Callable[[Tensor], Tensor]
    show: Callable[[Changed], Tensor]


@dataclass(frozen=True)
class Row:
    """A line of the editor's table of readings. share: of a reading, shown in per cent with so many
    digits behind the point."""

    title: str
    tip: str
    share: Callable[[FaceReading], float | None]
    digits: int = 0


class Module:
    """One module, whole: what may be asked of it, what it reads and what it says.

    name: on the command line, in readings and in the editor. key: of its branch in a model's
    weights and in training configurations. title, menu, shortcut: of its check box. off: the
    wishes with which it has no say. wish: the dataclass of its wishes, one of the bases of
    engine.modules.Wishes. row: what the editor shows of it, None for nothing. drags: nodes that a
    person drags have a say with it alone; the editor counts them beside its check box. presets: of
    the batch window: by their names, the part of a face that is filled and what is wished.
    prepared: what it says in training lies in prepared faces; the others' networks read it off the
    untouched crop.
    """

    name: str
    key: str
    title: str
    menu: str
    shortcut: str = ""
    off: Mapping[str, Any] = MappingProxyType({})
    wish: type
    row: ClassVar[Row | None] = None
    drags: ClassVar[bool] = False
    presets: ClassVar[Mapping[str, tuple[str, Mapping[str, Any]]]] = MappingProxyType({})
    prepared: ClassVar[bool] = False

    def is_on(self, wishes: Any) -> bool:
        """Whether these wishes give it a say."""
        return any(getattr(wishes, name) != value for name, value in self.off.items())

    def load(self, device: str) -> Any:
        """Its installed network, None where it has or finds none."""
        return None

    def see(self, sight: Sight) -> None:
        """Add to a sight what it reads off the visible part, whether it is on or off."""

    def shaped(self, sight: Sight, nodes: Tensor, wishes: Any, push: float) -> Tensor:
        """A mesh (B x 478 x 2, crop units) as it is with what is asked of it, pushed so far; seen
        nodes stay."""
        return nodes

    def condition(self, sight: Sight, wishes: Any) -> tuple[Tensor, ...] | None:
        """What its branch of the generator is told, None where it has nothing to say."""
        raise NotImplementedError

    def observe(self, sight: Sight, wishes: Any) -> Observation | None:
        """What it says to the face prior, None for nothing."""
        return None

    def pushes(self, sight: Sight, wishes: Any) -> bool:
        """Whether it is asked to paint the face otherwise than the prior solved it."""
        return False

    def change(self, sight: Sight, wishes: Any, push: Push, solved: Solved) -> Changed:
        """The face as it is asked for, no further from the one that was solved than is needed."""
        raise NotImplementedError

    def branch(self, stride: int) -> nn.Module | None:
        """Its untrained branch for a generator with cells of `stride` pixels: called with its
        condition, rows, columns and side (see engine.generator.branches), it returns Hints."""
        return None

    def reading(self, sight: Sight, filled: Tensor | None, wishes: Any) -> dict[str, Any]:
        """What is read of a face, and of its filled crop (1 x 3 x S x S in [-1, 1]): fields of
        FaceReading, or "figures"."""
        return {}
