"""A batch in a process of its own: this very program with the verb `batch`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from gui.base.program import Program, program
from gui.translation import tr

if TYPE_CHECKING:
    from engine.batch import BatchJob

GRACE_MS = 120_000  # after asking to stop: the photo in hand is finished
MOST_ARGUMENTS = 100  # inputs; more go into a list


def arguments(job: BatchJob, *, watch: bool = False, list_: Path | None = None) -> list[str]:
    """The command line of a job. list_: a file that names the inputs, for many of them."""
    # Here, for the window must not wait for what a batch needs.
    from engine.batch.job import DOUBT_FLAG, KEEP_FORMAT, MASK_PATTERNS
    from engine.modules.options import as_arguments

    rule, options = job.masks, job.options
    line = ["batch", "--json", "-o", str(job.output), "--conflict", job.conflict]
    line += ["--list", str(list_)] if list_ else []
    masks = rule.folder or rule.file
    line += ["--masks", str(masks)] if masks else []
    if rule.patterns != MASK_PATTERNS:
        line += [part for pattern in rule.patterns for part in ("--mask-pattern", pattern)]
    line += ["--transparent"] if rule.transparent else []
    line += ["--marker", rule.marker] if rule.marker else []
    line += [word for part in rule.parts for word in ("--part", part)]
    line += ["--scratches"] if rule.scratches else []
    line += ["--invert"] if rule.invert else []
    line += ["--yes"] if rule.sure else []
    line += [] if rule.grow is None else ["--grow", str(rule.grow)]
    line += ["--format", job.format.lstrip(".")] if job.format != KEEP_FORMAT else []
    line += ["--quality", str(job.quality)] if job.quality is not None else []
    line += ["--name", job.name, "--model", options.model, "--device", options.device]
    line += ["--precision", options.precision, "--seed", str(options.seed), *as_arguments(options)]
    line += ["--exemplars", options.exemplars] if options.exemplars else []
    line += [] if job.doubtful == DOUBT_FLAG else ["--doubtful", job.doubtful]
    line += ["--lying"] if job.lying else []
    line += ["--sidecars"] if job.sidecars else []
    line += ["--watch"] if watch else []
    # Behind "--", a photo may be called anything.
    return line if list_ else [*line, "--", *(str(path) for path in job.inputs)]


def outcome(result: dict[str, Any]) -> str:
    """What became of a batch's photos, without a full stop. result: what `finished` tells."""
    told = tr("{filled} filled, {failed} failed").format(
        filled=result.get("filled", 0), failed=result.get("failed", 0)
    )
    for key, text in (
        ("existing", tr("{count} were there already")),
        ("without_mask", tr("{count} without a mask")),
        ("nothing_found", tr("{count} with nothing to fill")),
        ("nothing_worn", tr("{count} with nothing worn")),
        ("doubtful", tr("{count} with a face that may lie wrong")),
    ):
        if result.get(key):
            told += ", " + text.format(count=result[key])
    if result.get("stopped"):
        told += ". " + tr("Stopped; start it again, and it goes on where it was")
    return told


class BatchProcess(Program):
    """The signals of Program; `changed` also when a batch pauses or goes on."""

    ERRORS = ("error", "hint")

    def __init__(self, program_of=program, parent: QObject | None = None) -> None:
        super().__init__(GRACE_MS, parent)
        self.job: BatchJob | None = None
        self.is_paused = False
        self._program_of = program_of
        self._list: Path | None = None

    def start(self, job: BatchJob, *, watch: bool = False) -> None:
        """Begin a batch; only one at a time."""
        if self.is_running:
            return
        self.job, self.is_paused = job, False
        self._begin([*self._program_of(), *arguments(job, watch=watch, list_=self._listed(job))])

    def pause(self) -> None:
        """Hold before the next photo."""
        self.order("pause")
        self.is_paused = self.is_running
        self.changed.emit()

    def go(self) -> None:
        """Go on after a pause."""
        self.order("go")
        self.is_paused = False
        self.changed.emit()

    def stop(self) -> None:
        """Finish the photo in hand and end; the same batch can be gone on with."""
        if self.is_running and not self.is_stopping:
            self.is_paused = False
        super().stop()

    def close(self) -> bool:
        """End it and wait; nothing half-written is left behind."""
        ran = super().close()
        self._forget_list()
        return ran

    def not_started(self) -> str:
        """The sentence for a program that the system could not start."""
        return tr("The batch could not be started; reinstall Mien.")

    def ended_early(self) -> str:
        """The sentence for a batch that died."""
        return tr("The batch ended unexpectedly; start it again, and it goes on where it was.")

    def is_failure(self, code: int, stopping: bool) -> bool:
        """A batch that nobody stopped ends with a result."""
        return not stopping

    def keep_end(self, *, finished: bool, failed: bool) -> None:
        """The list of inputs has had its day."""
        self._forget_list()
        self.is_paused = False

    def _listed(self, job: BatchJob) -> Path | None:
        """A list of the inputs, where they are too many for a command line."""
        if len(job.inputs) <= MOST_ARGUMENTS:
            return None
        with tempfile.NamedTemporaryFile(
            "w", prefix="mien-", suffix=".txt", encoding="utf-8", delete=False
        ) as file:
            file.writelines(f"{path.absolute()}\n" for path in job.inputs)
        self._list = Path(file.name)
        return self._list

    def _forget_list(self) -> None:
        if self._list is not None:
            self._list.unlink(missing_ok=True)
            self._list = None
