"""A generator's training configuration; the bundled ones lie in configs/."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from engine.modules.registry import MODULES
from training.configuration import Config

INPUTS = ("prior", "zero")
PRECISIONS = ("32-true", "bf16-mixed")
GRIDS = ("full", "half")


@dataclass(frozen=True)
class Weights:
    """Weight of each loss; 0 leaves it out of the computation altogether.

    pixel: L1. perceptual: ST-LPIPS distance. lpips: LPIPS-Alex, whose weights the user brings
    (`--lpips`); it is cheap enough for a CPU, and figures by it are then no longer independent.
    feature, alignment: on the ST-VGG trunk. matching, adversarial: by the discriminator. projected:
    by heads on the trunk's maps, on the part that `perceptual` looks at. emotion, landmark: by the
    frozen networks that read expression and geometry.
    """

    pixel: float = 1.0
    perceptual: float = 0.0
    lpips: float = 0.0
    feature: float = 0.0
    alignment: float = 0.0
    matching: float = 0.0
    adversarial: float = 0.0
    projected: float = 0.0
    emotion: float = 0.0
    landmark: float = 0.0

    @property
    def needs_trunk(self) -> bool:
        return bool(self.perceptual or self.projected or self.feature or self.alignment)

    @property
    def needs_discriminator(self) -> bool:
        return bool(self.matching or self.adversarial)


@dataclass(frozen=True)
class ModuleSwitches:
    """Which modules are trained beside the generator, and how often a sample is not told what a
    module knows, so that one set of weights serves every state of the checkboxes."""

    landmark: bool = False
    emotion: bool = False
    dropout: float = 0.3

    @property
    def on(self) -> tuple[str, ...]:
        """The keys of those that are trained."""
        return tuple(module.key for module in MODULES if getattr(self, module.key, False))

    def __bool__(self) -> bool:
        return bool(self.on)


@dataclass(frozen=True)
class TrainingConfig(Config):
    """How a generator is trained; what is not said here is in `Config`.

    input: "prior" sharpens the prior's fill, "zero" is the published form. grid: of the
    generator, "full" or "half" (see engine.generator.dmfn). side: crop in pixels. growth: crop
    sides before that, [share of the schedule it lasts to, side] in turn. balanced: draw dark-
    skinned and Asian faces as often as training.balance has it. astray: share of the samples whose
    frame is placed clearly wrong. patch: side of the part around a place in the hole that the
    trunk's losses look at, 0 for all. adversary_from: share of the schedule before which no
    adversary is asked. train_generator: False freezes it, only the modules learn. shared_holes:
    one hole a batch, cheaper on a CPU. keep_minutes: between numbered averages that stay, None
    keeps none. sheet_steps: between sheets of sample fills. validation_steps: between looks at
    `validation_faces` faces kept out of the training (at most a tenth of them), by which
    `best.safetensors` is chosen; 0 never looks. lpips_file: the LPIPS-Alex weights that
    weights.lpips needs.
    """

    name: str = "generator"
    input: str = "prior"
    grid: str = "full"
    side: int = 256
    growth: tuple[tuple[float, int], ...] = ()
    balanced: bool = False
    astray: float = 0.0
    patch: int = 0
    adversary_from: float = 0.0
    batch: int = 16
    samples: int | None = None
    minutes: float | None = None
    whole_run: bool = False
    train_generator: bool = True
    learning_rate: float = 2e-4
    betas: tuple[float, float] = (0.5, 0.999)
    warmup_steps: int = 50
    floor: float = 0.05
    clip: float = 1.0
    ema: float = 0.999
    precision: str = "bf16-mixed"
    shared_holes: bool = False
    seed: int = 0
    workers: int = 0
    checkpoint_seconds: float = 120.0
    keep_minutes: float | None = None
    log_steps: int = 20
    sheet_steps: int = 200
    validation_steps: int = 500
    validation_faces: int = 16
    lpips_file: str = ""
    modules: ModuleSwitches = field(default_factory=ModuleSwitches)
    weights: Weights = field(default_factory=Weights)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.refuse(
            (self.input not in INPUTS, f"input is '{self.input}'; choose prior or zero."),
            (self.precision not in PRECISIONS, f"precision is one of {', '.join(PRECISIONS)}."),
            (self.grid not in GRIDS, f"grid is '{self.grid}'; choose full or half."),
            *(
                (side % 32 != 0 or side < 32, f"side {side} is not a multiple of 32.")
                for side in (self.side, *(side for _, side in self.growth))
            ),
            (not 0 <= self.astray <= 1, f"astray {self.astray} is not between 0 and 1."),
            (
                not 0 <= self.adversary_from <= 1,
                f"adversary_from {self.adversary_from} is not between 0 and 1.",
            ),
            (
                not 0 <= self.modules.dropout < 1,
                f"dropout {self.modules.dropout} is not between 0 and 1.",
            ),
            (
                not any(asdict(self.weights).values()),
                "every loss has the weight 0; give one of them more.",
            ),
            (
                not self.train_generator and not self.modules,
                "nothing would learn; switch a module on or train_generator.",
            ),
        )

    def side_at(self, done: float) -> int:
        """The crop's side when `done` (0..1) of the schedule is behind."""
        return next((side for until, side in self.growth if done < until), self.side)
