"""Preparing: aligned, deduplicated, in shards of their size, resumable."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import training.prepare
from engine.base.errors import MienError
from engine.face import geometry
from engine.face.mesh import eye_centres
from engine.fill.pipeline import fill_by_prior
from engine.prior import FacePrior
from training.faces import FaceShards, write_shard
from training.fit_prior import PriorOptions, fit_prior
from training.prepare import PrepareOptions, prepare
from training.verbs import app


def test_every_face_is_there_once(prepared) -> None:
    out, report = prepared
    assert report.photos == 82
    assert report.without_face == 1
    assert report.duplicates >= 1
    assert 50 <= report.faces <= 80
    shards = FaceShards(out)
    assert len(shards) == report.faces
    assert report.shards == len(list(out.glob("faces-*.zip"))) > 1
    assert all(p.stat().st_size <= 0.75 * 2**20 for p in out.glob("faces-*.zip"))


def test_faces_are_aligned(prepared) -> None:
    shards = FaceShards(prepared[0])
    for index in range(0, len(shards), 7):
        left, right = eye_centres(shards.mesh_in_crop(index, 100))
        assert np.abs(left / 100 - geometry.LEFT_EYE).max() < 0.06
        assert np.abs(right / 100 - geometry.RIGHT_EYE).max() < 0.06
        assert shards.crop(index, 64).shape == (64, 64, 3)


def test_a_stopped_preparation_goes_on(portraits, tmp_path, monkeypatch) -> None:
    calls = []
    real = training.prepare._prepare_part

    def counted(job) -> None:
        calls.append(job[1].name)
        if len(calls) == 3:
            raise KeyboardInterrupt
        real(job)

    def here(missing, workers, total, progress, report) -> None:
        for job in missing:
            counted(job)

    monkeypatch.setattr(training.prepare, "_run", here)
    options = PrepareOptions(side=64, workers=1, part=20)
    with pytest.raises(KeyboardInterrupt):
        prepare([portraits], tmp_path, options, progress=False)
    report = prepare([portraits], tmp_path, options, progress=False)
    assert [calls.count(name) for name in calls[:3]] == [1, 1, 2]
    assert report.faces >= 50
    assert not (tmp_path / "parts").exists()


def test_parts_of_another_preparation_are_not_gone_on_with(
    portraits, tmp_path, monkeypatch
) -> None:
    def first_only(missing, *_: object) -> None:
        training.prepare._prepare_part(missing[0])
        raise KeyboardInterrupt

    def here(missing, *_: object) -> None:
        for job in missing:
            training.prepare._prepare_part(job)

    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("astronaut01.jpg", "astronaut02.jpg", "hopper01.jpg", "hopper02.jpg"):
        shutil.copy(portraits / name, photos)
    out = tmp_path / "out"
    monkeypatch.setattr(training.prepare, "_run", first_only)
    with pytest.raises(KeyboardInterrupt):
        prepare([photos], out, PrepareOptions(side=96, part=2), progress=False)
    # Another side, and a photo that comes first: no part is what it was.
    shutil.copy(portraits / "astronaut00.jpg", photos)
    monkeypatch.setattr(training.prepare, "_run", here)
    report = prepare([photos], out, PrepareOptions(side=64, part=2), progress=False)
    shards = FaceShards(out)
    assert (report.faces, shards.side) == (5, 64)
    assert all(shards.decode(n)[0].shape == (80, 80, 3) for n in range(5))
    assert [r["name"] for r in shards.records] == sorted(p.name for p in photos.iterdir())


def test_shards_that_differ_are_not_mixed(prepared, tmp_path) -> None:
    shards = FaceShards(prepared[0], limit=4)
    faces = [(shards.records[n], shards.jpeg(n), shards.meshes[n]) for n in range(4)]
    write_shard(tmp_path / "a.zip", 96, 1.25, faces[:2])
    for name, side, margin in (("side", 64, 1.25), ("margin", 96, 1.5)):
        write_shard(tmp_path / "b.zip", side, margin, faces[2:])
        with pytest.raises(MienError, match=rf"b\.zip holds faces of {side} pixels"):
            FaceShards(tmp_path)
        assert len(FaceShards([tmp_path / "b.zip"])) == 2, name
    write_shard(tmp_path / "b.zip", 96, 1.25, faces[2:])
    assert len(FaceShards(tmp_path)) == 4


def test_a_shard_without_all_its_meshes_is_refused(prepared, tmp_path) -> None:
    shards = FaceShards(prepared[0], limit=2)
    faces = [(shards.records[n], shards.jpeg(n), shards.meshes[n][:400]) for n in range(2)]
    write_shard(tmp_path / "a.zip", 96, 1.25, faces)
    with pytest.raises(MienError, match=r"a\.zip holds 2 faces and meshes of the shape"):
        FaceShards(tmp_path)


def test_a_folder_without_faces_is_named(tmp_path) -> None:
    with pytest.raises(MienError, match="no photos"):
        prepare([tmp_path], tmp_path / "out", progress=False)
    with pytest.raises(MienError, match="no prepared faces"):
        FaceShards(tmp_path)


def test_what_cannot_be_read_is_counted_apart_and_named(portraits, tmp_path, monkeypatch) -> None:
    def here(missing, *_: object) -> None:
        for job in missing:
            training.prepare._prepare_part(job)

    monkeypatch.setattr(training.prepare, "_run", here)
    photos = tmp_path / "in"
    photos.mkdir()
    for name in ("astronaut00.jpg", "grey.jpg"):
        shutil.copy(portraits / name, photos)
    (photos / "cut.jpg").write_bytes((portraits / "astronaut01.jpg").read_bytes()[:300])
    (photos / "empty.heic").touch()
    (photos / "folder.png").mkdir()
    out = tmp_path / "out"
    output = CliRunner().invoke(app, ["prepare", str(photos), "-o", str(out)]).output
    assert "1 faces from 4 photos in 1 shards (1 without a face, 0 duplicates)." in output
    assert "2 could not be read: cut.jpg, empty.heic." in output
    for name in ("astronaut00.jpg", "grey.jpg"):
        (photos / name).unlink()
    with pytest.raises(MienError, match=r"None of 2 files could be read, cut\.jpg among them"):
        prepare([photos], tmp_path / "none", progress=False)


def test_a_prior_fitted_on_few_faces_knows_them(prepared) -> None:
    shards = FaceShards(prepared[0])
    prior = FacePrior(fit_prior(shards, PriorOptions(side=48, components=24)))
    assert prior.components <= 24
    crop = torch.from_numpy(shards.crop(0, 48)).permute(2, 0, 1)[None].float() / 127.5 - 1
    hole = torch.zeros(1, 1, 48, 48)
    hole[..., 12:36, 12:36] = 1
    filled = fill_by_prior(prior, crop, hole)
    empty = crop * (1 - hole)
    assert (filled - crop).square().mean() < 0.2 * (empty - crop).square().mean()


def test_too_few_faces_for_a_prior_is_said(prepared) -> None:
    with pytest.raises(MienError, match="too few"):
        fit_prior(FaceShards(prepared[0], 10))
