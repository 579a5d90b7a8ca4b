"""A picture that cannot be decoded stops a fit by name, or is left out if that is asked for."""

import json
import shutil

import numpy as np
import pytest

import iqabench
from iqabench import Choices, Session
from iqabench.data.splits import hold_out
from iqabench.store import Store
from iqabench.store.records import FitIdentity

BAD = ("c3_2.png", "c4_1.png", "c5_3.png")
MODELS = ("toy-network", "toy-estimator")


@pytest.fixture
def broken(little, tmp_path, monkeypatch):
    """The small data set with three pictures that are none; returns its root."""
    monkeypatch.setenv("IQABENCH_CACHE", str(tmp_path / "cache"))
    root = shutil.copytree(little.root, tmp_path / "broken")
    little.catalog.write_text(little.catalog.read_text().replace(str(little.root), str(root)))
    for name in BAD:
        (root / name).write_bytes(b"no picture")
    return root


def run(little, store, *models, seeds=1, set=(), **choices):
    session = Session(little.catalog, store=store, device="cpu")
    chosen = Choices(**choices)
    return iqabench.run(models, "little", seeds=seeds, set=set, choices=chosen, session=session)


def fits(store):
    found = [job for job in Store(store).jobs() if isinstance(job.record.identity, FitIdentity)]
    return {(job.record.identity.model.model, job.record.identity.seed): job for job in found}


def learnt(little, seed, parts=("train", "validation")):
    """The bad pictures in parts of a seed's split, counted by hand from the file of labels."""
    dataset = Session(little.catalog).dataset("little")
    split = hold_out("little", list(dataset.table["content"]), seed, dataset.card.protocol)
    contents = {content for part in parts for content in getattr(split, part)}
    return tuple(name for name in BAD if f"{name[:2]}.png" in contents)


def test_a_fit_fails_by_name_before_any_step_and_points_to_the_check(
    little, store, broken, toy, monkeypatch, command
):
    def stepped(*_):
        raise AssertionError("a step was made")

    monkeypatch.setattr(toy.Network, "losses", stepped)
    monkeypatch.setattr(toy.Estimator, "features", stepped)
    code, _, told = command(
        *("run", "--models", ",".join(MODELS), "--datasets", "little", "--seeds", 1),
        *("--catalog", little.catalog, "--store", store, "--device", "cpu"),
    )
    assert code == 1
    said = [line for line in told.splitlines() if line.startswith("failed: ")]
    assert len(said) == len(MODELS)
    for model, parts in zip(MODELS, (("train", "validation"), ("train",)), strict=True):
        record = fits(store)[model, 0].record
        bad = learnt(little, 0, parts)
        assert 1 < len(bad) < 4
        assert f"DataError: {len(bad)} pictures to learn from cannot be read: " in record.error
        assert all(f"{name} (cannot decode {name}" in record.error for name in bad)
        assert "iqabench datasets verify little" in record.hint
        assert "--skip-unreadable" in record.hint
        assert any(record.hint in line and record.error in line for line in said)


def test_what_is_asked_to_be_left_out_is_left_out_and_told(little, store, broken, command):
    given = ("--datasets", "little", "--seeds", 3, "--catalog", little.catalog, "--store", store)
    words = ("run", "--models", ",".join(MODELS), *given, "--skip-unreadable", "--device", "cpu")
    code, printed, _ = command(*words, "--quiet")
    assert code == 0
    for seed in range(3):
        for model in MODELS:
            record = fits(store)[model, seed].record
            read = ("train", "validation") if model == "toy-network" else ("train",)
            assert record.identity.skipped == learnt(little, seed, read)
            # 9 contents of 4 pictures: 2 to test, 1 for validation, 6 to train.
            assert record.images == 24 - len(learnt(little, seed, ["train"]))
    assert {name for seed in range(3) for name in learnt(little, seed, ["train"])} == {*BAD}
    assert "3 unreadable pictures of little left out of training" in printed
    assert printed.count("left out of training") == 1
    board = iqabench.Results(Session(store=store)).leaderboard()
    assert set(board["repetitions"]) == {3}
    assert set(board["skipped"]) == {"; ".join(BAD)}
    code, printed, _ = command("leaderboard", "--store", store, "--format", "markdown")
    assert "left out of training" in printed


def test_the_rest_is_learnt_as_if_the_labels_lacked_the_pictures(little, store, broken, tmp_path):
    """The same fit on a set whose label file does not list the bad pictures at all."""
    run(little, store, *MODELS, skip_unreadable=True)
    labels = (broken / "scores.csv").read_text().splitlines()
    kept = [line for line in labels if not line.startswith(BAD)]
    (broken / "scores.csv").write_text("\n".join(kept) + "\n")
    run(little, tmp_path / "other", *MODELS)
    (estimator, other) = (
        json.loads((fits(place)["toy-estimator", 0].folder / "job.json").read_text())
        for place in (store, tmp_path / "other")
    )
    assert estimator["images"] == other["images"]
    from safetensors.numpy import load_file

    for model in MODELS:
        ours, theirs = (
            load_file(fits(place)[model, 0].folder / "weights.safetensors")
            for place in (store, tmp_path / "other")
        )
        for name, array in ours.items():
            np.testing.assert_array_equal(array, theirs[name])


def test_only_what_skips_something_is_another_job(little, store, broken):
    for name in BAD[1:]:
        shutil.copy(little.root / name, broken)
    first = run(little, store, "toy-estimator", seeds=6)
    told = {seed: job.done for (_, seed), job in fits(store).items()}
    assert set(told.values()) == {True, False}  # some training parts hold none of them
    second = run(little, store, "toy-estimator", seeds=6, skip_unreadable=True)
    assert second.outcome.failed == ()
    whole = [seed for seed in told if BAD[0] not in learnt(little, seed, ["train"])]
    assert whole == [seed for seed, done in told.items() if done]
    assert second.outcome.reused == 2 * len(whole)
    board = second.tables.leaderboard().frame
    assert (len(board), board["repetitions"].iloc[0], board["failed"].iloc[0]) == (1, 6, 0)
    assert board["config"].iloc[0] != first.tables.leaderboard().frame["config"].iloc[0]
    assert len(iqabench.Results(Session(store=store)).leaderboard()) == 2


def test_on_a_sound_set_the_choice_changes_nothing(little, store):
    first = run(little, store, *MODELS)
    second = run(little, store, *MODELS, skip_unreadable=True)
    assert (second.outcome.made, second.outcome.reused) == (0, 4)
    assert first.evaluations == second.evaluations
    assert set(second.leaderboard()["skipped"]) == {"-"}


def test_a_model_that_learns_from_references_skips_those(little, store, broken):
    (broken / "c1.png").write_bytes(b"no picture")
    failed = run(little, store, "niqe", set=["niqe.block=32"])
    results = run(little, store, "niqe", set=["niqe.block=32"], skip_unreadable=True)
    assert len(failed.outcome.failed) == 2
    assert results.outcome.failed == ()
    jobs = [job for job in Store(store).jobs() if isinstance(job.record.identity, FitIdentity)]
    (done,) = [job for job in jobs if job.done]
    assert done.record.identity.skipped == ("c1.png",)
    assert done.record.images == 6 - 1  # contents of the training part


def test_nothing_left_to_learn_from_is_said(little, store, broken):
    for path in broken.glob("*_*.png"):
        path.write_bytes(b"no picture")
    run(little, store, "toy-estimator", skip_unreadable=True)
    record = fits(store)["toy-estimator", 0].record
    assert "no readable picture is left in a part of little that the fit needs" in record.error
