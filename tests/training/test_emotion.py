"""Training the emotion networks on a tiny set that anyone can tell apart."""

from __future__ import annotations

import json
import threading
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from engine.base.errors import MienError
from engine.catalogue.weights import load_tensors, read_manifest, write_model
from engine.face.emotion import EMOTIONS, EmotionNetwork
from training.emotion.augment import PART_BOXES, augmented, plain_inputs, random_holes
from training.emotion.config import EmotionConfig
from training.emotion.data import load_faces
from training.emotion.export import export
from training.emotion.judge import PlainEmotionNetwork, SqueezeEmotionNetwork, load_judge
from training.emotion.measure import calibration_error, measure
from training.emotion.train import (
    build,
    drawn,
    facts_of,
    finished,
    fit_temperature,
    logits_of,
    train,
)
from training.run import read_log

DRAWN = ("anger", "happiness", "surprise")  # a frown, a smile and an O


def _face(emotion: str, rng: np.random.Generator) -> np.ndarray:
    picture = np.full((48, 48), 150, np.uint8)
    for x in (15, 33):
        cv2.circle(picture, (x, 19), 3, (20,), -1)
    middle = (24, 37 + int(rng.integers(-2, 3)))
    if emotion == "surprise":
        cv2.circle(picture, middle, 5, (10,), -1)
    else:
        start = 0 if emotion == "happiness" else 180
        cv2.ellipse(picture, middle, (10, 5), 0, start, start + 180, (10,), 3)
    noise = rng.normal(0, 8, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def _write(path: Path, names: list[tuple[str, str, str]]) -> None:
    """A set of (name, split, emotion)."""
    rng = np.random.default_rng(0)
    records = []
    with zipfile.ZipFile(path, "w") as archive:
        for name, split, emotion in names:
            data = cv2.imencode(".png", _face(emotion, rng))[1].tobytes()
            archive.writestr(name, data)
            records.append({"name": name, "split": split, "emotion": emotion})
        archive.writestr("index.json", json.dumps(records))


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sets")
    names = [
        (f"{split}/{emotion}/{number}.png", split, emotion)
        for split, count in (("train", 40), ("validation", 10), ("test", 12))
        for emotion in DRAWN
        for number in range(count)
    ]
    _write(folder / "fer2013.zip", names)
    clips = [(f"train/{e}/S{s:03d}_1_{e}.png", "train", e) for s in range(1, 11) for e in DRAWN]
    clips.append(("train/contempt/S001_9.png", "train", "contempt"))
    _write(folder / "ckplus.zip", clips)
    return folder


def _tiny(**values: object):
    base = {"width": 8, "batch": 30, "sources": ["fer2013"], "log_steps": 10}
    return EmotionConfig.from_dict({**base, "sides": [48, 48, 48], "minutes": 10.0, **values})


@pytest.mark.parametrize("network", ["attention", "plain", "squeeze"])
def test_training_lowers_the_loss_and_learns_what_was_drawn(
    sets: Path, tmp_path: Path, network: str
) -> None:
    rows: list[dict] = []
    config = _tiny(network=network, holes=False, samples=60 * 30)
    trained = train(config, sets, tmp_path / "run", rows.append)
    losses = [row["loss"] for row in rows if "loss" in row]
    assert losses[-1] < losses[0] - 0.4
    logits, labels = logits_of(trained, load_faces(sets, "test"))
    assert (logits.argmax(1) == labels).float().mean() > 0.8
    assert (tmp_path / "run" / "log.jsonl").is_file()


@pytest.mark.parametrize("has", [True, False])
def test_bfloat16_is_used_only_where_the_processor_has_it(
    sets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has: bool
) -> None:
    from training import precision
    from training.emotion import train as training

    kinds = []

    def watched(config: EmotionConfig) -> torch.nn.Module:
        network = build(config)
        network.stages[0].register_forward_hook(lambda *call: kinds.append(call[-1].dtype))
        return network

    monkeypatch.setattr(precision, "has_bfloat16", lambda: has)  # emulated it is 13 times as slow
    monkeypatch.setattr(training, "build", watched)
    train(_tiny(network="squeeze", samples=30), sets, tmp_path / "run")
    assert kinds[0] == (torch.bfloat16 if has else torch.float32)


def _until(step: int, config: EmotionConfig, sets: Path, run: Path) -> dict:
    """Stop a run after a step, as its user would; the last event."""
    stop, rows = threading.Event(), []

    def report(row: dict) -> None:
        rows.append(row)
        if row["event"] == "step" and row["step"] == step:
            stop.set()

    train(config, sets, run, report, stop)
    return rows[-1]


def test_a_resumed_run_sees_what_an_unbroken_one_sees(sets: Path, tmp_path: Path) -> None:
    config = _tiny(samples=8 * 30, log_steps=1)
    train(config, sets, tmp_path / "whole")
    ended = _until(3, config, sets, tmp_path / "parts")
    assert ended == {"event": "stopped", "step": 3, "samples": 90, "finished": False}
    rows: list[dict] = []
    train(config, sets, tmp_path / "parts", rows.append)
    assert rows[-1] == {"event": "finished", "step": 8, "samples": 240, "finished": True}
    assert facts_of(tmp_path / "parts")["step"] == 8
    assert facts_of(tmp_path / "parts")["epochs"] == 2
    logged = [row["step"] for row in read_log(tmp_path / "parts") if "loss" in row]
    assert logged == list(range(1, 9))
    whole, parts = finished(tmp_path / "whole", sets), finished(tmp_path / "parts", sets)
    for name, tensor in whole.state_dict().items():
        assert torch.allclose(tensor, parts.state_dict()[name], atol=1e-5), name


def test_a_run_whose_time_is_over_takes_no_more_steps(sets: Path, tmp_path: Path) -> None:
    train(_tiny(minutes=0.01), sets, tmp_path / "run")
    steps = facts_of(tmp_path / "run")["step"]
    train(_tiny(minutes=0.01), sets, tmp_path / "run")
    assert steps > 0
    assert facts_of(tmp_path / "run")["step"] == steps


def test_a_run_is_not_gone_on_with_another_network(sets: Path, tmp_path: Path) -> None:
    train(_tiny(samples=30), sets, tmp_path / "run")
    with pytest.raises(MienError, match="another network"):
        train(_tiny(network="plain"), sets, tmp_path / "run")
    assert EmotionConfig.of_run(tmp_path / "run").network == "attention"


def test_a_split_is_the_files_and_ckplus_is_split_by_subject(sets: Path) -> None:
    counts = [len(load_faces(sets, split)) for split in ("train", "validation", "test")]
    assert counts == [120, 30, 36]
    # Subjects 5 and 10 of ten are kept aside, contempt is in no split.
    assert len(load_faces(sets, "train", ("ckplus",))) == 24
    assert len(load_faces(sets, "test", ("ckplus",))) == 6


def test_a_wrong_folder_gets_a_sentence(tmp_path: Path, sets: Path) -> None:
    with pytest.raises(MienError, match=r"fer2013\.zip; give the folder"):
        load_faces(tmp_path, "train")
    (tmp_path / "fer2013.zip").write_bytes(b"no zip")
    with pytest.raises(MienError, match="not a labelled set"):
        load_faces(tmp_path, "train")
    with pytest.raises(MienError, match="not a split"):
        load_faces(sets, "holiday")


def test_configurations_are_whole_and_say_what_is_wrong() -> None:
    assert EmotionConfig.load("emotion").network == "attention"
    judge = EmotionConfig.load("judge")
    assert judge.network == "plain"
    assert not judge.holes
    assert judge.seed != EmotionConfig.load("emotion").seed
    second = EmotionConfig.load("judge2")
    assert second.network not in (judge.network, EmotionConfig.load("emotion").network)
    assert second.balance > 0
    assert not second.holes
    with pytest.raises(MienError, match="balance 2"):
        EmotionConfig.from_dict({"balance": 2})
    with pytest.raises(MienError, match="choose emotion, judge"):
        EmotionConfig.load("nothing")
    with pytest.raises(MienError, match="unknown field colour"):
        EmotionConfig.from_dict({"colour": 1})
    with pytest.raises(MienError, match="network is one of"):
        EmotionConfig.from_dict({"network": "guess"})


def test_half_of_the_samples_are_partly_hidden_and_never_wholly() -> None:
    holes = random_holes(2000, 48, torch.Generator().manual_seed(0)).mean((1, 2, 3))
    assert 0.45 < (holes > 0).float().mean() < 0.55
    assert holes.max() < 0.9


def test_augmented_faces_are_seeded_bounded_and_zero_where_hidden() -> None:
    pixels = torch.randint(0, 256, (64, 48, 48), dtype=torch.uint8)
    first, again = (augmented(pixels, 40, True, torch.Generator().manual_seed(5)) for _ in "ab")
    assert first.shape == (64, 2, 40, 40)
    assert torch.equal(first, again)
    assert first.abs().max() <= 1
    assert first[:, 0][first[:, 1] > 0].abs().max() == 0


def test_measuring_hides_the_named_part() -> None:
    pixels = torch.full((1, 48, 48), 255, dtype=torch.uint8)
    x0, y0, x1, y1 = PART_BOXES["mouth"]
    hole = plain_inputs(pixels, "mouth")[0, 1]
    assert hole[int(48 * (y0 + y1) / 2), 24] == 1
    assert hole[int(48 * sum(PART_BOXES["eyes"][1::2]) / 2), 24] == 0
    assert abs(hole.mean().item() - (x1 - x0) * (y1 - y0)) < 0.03


def test_the_temperature_undoes_overconfidence() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(4000, 7, generator=generator) * 1.5
    labels = torch.multinomial(logits.softmax(1), 1, generator=generator)[:, 0]
    assert fit_temperature(4 * logits, 4 * logits, labels) == pytest.approx(4, rel=0.1)
    assert calibration_error(logits.softmax(1), labels) < 0.03
    assert calibration_error((4 * logits).softmax(1), labels) > 0.15


@pytest.mark.parametrize("kind", [PlainEmotionNetwork, SqueezeEmotionNetwork])
def test_a_judge_never_looks_at_the_hole_channel(kind: type) -> None:
    judge = kind(8).eval()
    x = torch.rand(2, 2, 48, 48)
    other = x.clone()
    other[:, 1] = 0
    assert torch.equal(judge(x)[1], judge(other)[1])


def test_an_exported_model_reads_as_the_run_does(sets: Path, tmp_path: Path) -> None:
    train(_tiny(samples=150), sets, tmp_path / "run")
    network = finished(tmp_path / "run", sets)
    figures = measure(network, sets)
    manifest = export(network, _tiny(), figures, tmp_path / "mine", facts_of(tmp_path / "run"))
    assert manifest.kind == "emotion"
    assert read_manifest(tmp_path / "mine" / "manifest.json").figures["accuracy"] == pytest.approx(
        figures["accuracy"]
    )
    loaded = EmotionNetwork(8)
    loaded.load_state_dict(load_tensors(manifest))
    crops = torch.rand(2, 3, 96, 96) * 2 - 1
    assert torch.allclose(loaded.eval().read(crops), network.read(crops), atol=0.01)
    text = (tmp_path / "mine" / "CARD.md").read_text(encoding="utf-8")
    assert "FER2013" in text
    assert f"{figures['accuracy']:.1%}" in text


def test_the_verbs_train_measure_and_refuse(sets: Path, tmp_path: Path) -> None:
    from training.verbs import app

    path = tmp_path / "tiny.toml"
    path.write_text("width = 8\nbatch = 30\nsides = [48, 48, 48]\nlog_steps = 1\n")
    run = str(tmp_path / "run")
    common = ["--data", str(sets), "--run", run]
    options = ["--config", str(path), "--minutes", "0.01", "--json"]
    result = CliRunner().invoke(app, ["train", "emotion", *common, *options])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout.splitlines()[0])["step"] == 1
    result = CliRunner().invoke(app, ["train", "emotion-measure", *common])
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    assert set(figures["classes"]) == set(DRAWN)
    assert figures["parameters"] == sum(p.numel() for p in build(_tiny()).parameters())
    result = CliRunner().invoke(app, ["train", "emotion-measure", "--data", str(sets)])
    assert isinstance(result.exception, MienError)
    assert len(EMOTIONS) == 7


def test_balance_draws_rare_classes_more_often_and_without_it_every_face_once() -> None:
    labels = torch.tensor([0] * 900 + [1] * 100)
    shares = {}
    for balance in (0.0, 0.5, 1.0):
        order = drawn(labels, balance, torch.Generator().manual_seed(3))
        assert len(order) == len(labels)
        shares[balance] = (labels[order] == 1).float().mean().item()
    assert shares[0.0] == pytest.approx(0.1)
    assert shares[0.5] == pytest.approx(0.25, abs=0.04)  # 10 of 30 + 10
    assert shares[1.0] == pytest.approx(0.5, abs=0.05)
    assert len(set(drawn(labels, 0.0, torch.Generator().manual_seed(3)).tolist())) == 1000


def test_the_most_accurate_judge_is_the_one_that_judges(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("engine.catalogue.weights.bundled_folder", lambda: tmp_path / "none")
    monkeypatch.setenv("MIEN_MODELS", str(tmp_path))
    assert load_judge() is None
    networks = {"a": SqueezeEmotionNetwork(8), "b": PlainEmotionNetwork(8)}
    for name, accuracy in (("a", 0.68), ("b", 0.63)):
        state, figures = networks[name].state_dict(), {"accuracy_mirror": accuracy}
        facts = {"name": name, "title": name, "kind": "judge", "figures": figures}
        write_model(tmp_path / name, state, "card", **facts)
    assert isinstance(load_judge(), SqueezeEmotionNetwork)
    assert isinstance(load_judge(name="b"), PlainEmotionNetwork)
    crops = torch.rand(2, 3, 64, 64) * 2 - 1
    expected = networks["a"].eval().read(crops)
    assert torch.allclose(load_judge().read(crops), expected, atol=0.01)
    assert load_judge(name="c") is None
