"""The loop that all trainings share, on a training of one number."""

from __future__ import annotations

import json
import os
import signal
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import nn

from engine.base.errors import MienError
from engine.catalogue.weights import load
from engine.face.landmarks import LandmarkNetwork
from training.average import Average
from training.configuration import Config
from training.loop import (
    MOST_SKIPPED,
    Ahead,
    NetworkTraining,
    averaged,
    beginning,
    fabric_for,
    go_on,
)
from training.run import read_log
from training.schedule import Clock
from training.verbs.rows import print_row


@dataclass(frozen=True)
class Small(Config):
    learning_rate: float = 0.1
    batch: int = 2
    log_steps: int = 1
    samples: int | None = 20


class OneNumber(NetworkTraining):
    """Learns to be 3. broken: steps at which the loss is no number."""

    def __init__(self, config: Config, broken: range = range(0)) -> None:
        super().__init__(fabric_for("cpu"), config)
        self.broken = broken
        network = nn.Linear(1, 1, bias=False)
        self.set_up(network, torch.optim.SGD(network.parameters(), lr=1.0))

    def train_step(self) -> dict[str, torch.Tensor] | None:
        loss = (self.network(torch.ones(1, 1)) - 3).square().mean()
        if self.step in self.broken:
            loss = loss * torch.nan
        if not self.descend(loss, self.optimisers["network"], self.network):
            return None
        return {"loss": loss.detach()}


def test_it_learns_writes_what_it_saw_and_says_that_it_finished(tmp_path: Path) -> None:
    rows: list[dict] = []
    go_on(OneNumber(Small()), tmp_path / "run", rows.append)
    losses = [row["loss"] for row in rows if row["event"] == "step"]
    assert len(losses) == 10
    assert losses == sorted(losses, reverse=True)
    assert [row["loss"] for row in read_log(tmp_path / "run")] == losses
    assert rows[-1] == {"event": "finished", "step": 10, "samples": 20, "finished": True}
    assert Small.of_run(tmp_path / "run") == Small()
    tensors, facts = averaged(tmp_path / "run")
    assert set(tensors) == {"weight"}
    assert facts["step"] == 10
    assert (tmp_path / "run" / "report.html").is_file()


def test_a_polite_kill_ends_a_run_with_a_checkpoint_and_it_goes_on(tmp_path: Path) -> None:
    rows: list[dict] = []

    def report(row: dict) -> None:
        rows.append(row)
        if row["event"] == "step" and row["step"] == 4:
            os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    go_on(OneNumber(Small()), tmp_path / "run", report)
    assert signal.getsignal(signal.SIGTERM) is before
    assert rows[-1] == {"event": "stopped", "step": 4, "samples": 8, "finished": False}
    whole = OneNumber(Small())
    go_on(whole, tmp_path / "whole")
    rest = OneNumber(Small())
    go_on(rest, tmp_path / "run")
    assert torch.equal(rest.network.weight, whole.network.weight)
    assert torch.equal(rest.average.tensors["weight"], whole.average.tensors["weight"])


def test_a_step_without_a_number_changes_nothing_and_too_many_end_the_run(tmp_path: Path) -> None:
    rows: list[dict] = []
    training = OneNumber(Small(), broken=range(0, 4))
    at_first = training.network.weight.detach().clone()
    stop = threading.Event()

    def report(row: dict) -> None:
        rows.append(row)
        if row["event"] == "step":
            stop.set()

    go_on(training, tmp_path / "run", report, stop)
    step = next(row for row in rows if row["event"] == "step")
    assert (step["step"], step["skipped"]) == (5, 4)
    assert step["loss"] == pytest.approx(float((at_first - 3) ** 2), rel=1e-4)
    broken = OneNumber(Small(samples=1000), broken=range(1000))
    with pytest.raises(MienError, match="diverged"):
        go_on(broken, tmp_path / "broken")
    assert broken.step == MOST_SKIPPED
    assert torch.isfinite(broken.network.weight).all()


@pytest.mark.parametrize(
    ("event", "words"),
    [("finished", "Finished after 20 samples."), ("stopped", "the same command goes on")],
)
def test_a_finished_run_is_not_called_stopped(capsys, event: str, words: str) -> None:
    print_row({"event": event, "step": 10, "samples": 20, "finished": event == "finished"})
    said = capsys.readouterr().out
    assert words in said
    assert ("Stopped" in said) is (event == "stopped")


def test_a_row_in_words_has_its_figures(capsys) -> None:
    row = {"event": "step", "step": 5, "samples": 10, "seconds": 7.0, "rate": 1.5}
    print_row({**row, "learning_rate": 0.1, "remaining": 3.0, "skipped": 0, "loss": 0.25})
    assert capsys.readouterr().out.endswith("step 5  10 samples  1.5/s  loss 0.2500\n")
    print_row({"event": "checkpoint", "step": 5, "samples": 10})
    assert capsys.readouterr().out == ""


def test_the_average_follows_quickly_at_first_and_takes_whole_numbers() -> None:
    live = {"a": torch.zeros(2), "n": torch.tensor(0)}
    average = Average(live, 0.9)
    live["a"][:], live["n"] = 1.0, torch.tensor(7)
    assert average.tensors["a"].sum() == 0  # a copy
    average.follow(live, 1)
    assert average.tensors["a"].tolist() == pytest.approx([1 - 2 / 11] * 2)
    average.follow({"a": torch.zeros(2), "n": torch.tensor(8)}, 10**6)
    assert average.tensors["a"].tolist() == pytest.approx([0.9 * (1 - 2 / 11)] * 2)
    assert int(average.tensors["n"]) == 8
    with pytest.raises(KeyError):
        average.restore({"b": torch.zeros(2)})


def test_the_rate_warms_up_by_steps_or_by_a_share_of_the_schedule() -> None:
    clock = Clock(Small(samples=200, learning_rate=1.0, warmup=0.2, floor=0.1))
    rates = {}
    for step in (0, 10, 20, 100):
        clock.step = step
        rates[step] = clock.learning_rate()
    assert rates == pytest.approx({0: 0.1, 10: 0.55, 20: 1.0, 100: 0.1})
    by_steps = Clock(Small(samples=200, learning_rate=1.0, warmup_steps=4))
    assert by_steps.learning_rate() == pytest.approx(0.25)


def test_batches_come_in_order_and_one_is_drawn_beforehand() -> None:
    drawn: list[int] = []
    ahead = Ahead(lambda step: drawn.append(step) or step)
    assert [ahead.batch(step) for step in (3, 4, 5)] == [3, 4, 5]
    ahead.close()
    assert drawn[:3] == [3, 4, 5]
    assert set(drawn) <= {3, 4, 5, 6}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("batch = 0", "batch 0 must be at least 1"),
        ("batch = 'x'", "Training configuration: "),
        ("ema = 1.0", "ema 1.0"),
        ("speed = 3", "unknown field speed"),
        ("batch = ", "is not a TOML file"),
    ],
)
def test_a_wrong_configuration_file_is_explained(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text)
    with pytest.raises(MienError, match=words):
        Small.load(str(path))


def test_a_command_line_means_its_configuration_then_the_runs(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text("batch = 5")
    Small(batch=4).write(tmp_path)
    assert Small.chosen(tmp_path, None, "none").batch == 4
    assert Small.chosen(tmp_path, str(own), "none").batch == 5
    with pytest.raises(MienError, match="There is no training configuration 'none'"):
        Small.chosen(tmp_path / "new", None, "none")
    assert json.loads((tmp_path / "config.json").read_text())["batch"] == 4


def test_a_training_begins_from_a_run_or_from_an_installed_network(tmp_path) -> None:
    installed = load("landmarks", LandmarkNetwork)
    assert installed is not None
    other = nn.Linear(2, 2)
    for name, network in (("landmarks", installed), (str(tmp_path), other)):
        begun = beginning(name, "landmarks", lambda run: other)
        assert all(torch.equal(begun[key], value) for key, value in network.state_dict().items())
    with pytest.raises(MienError, match="run's folder or 'landmarks'"):
        beginning("locator", "landmarks", lambda run: other)
