import json
import math
from contextlib import nullcontext

import numpy as np
import pytest
from safetensors.numpy import load_file
from scipy.stats import spearmanr

import iqabench
from iqabench import Session
from iqabench.data.splits import Split, save
from iqabench.engine import time_limit
from iqabench.engine.kinds import trainable
from iqabench.registry import registry
from iqabench.report.evaluations import groups

TEST_IMAGES = 8  # 2 of 9 contents at 4 levels
TEST_REFERENCES = 2


def run(little, store, *models, seeds=1, set=(), split=None):
    session = Session(little.catalog, store=store)
    return iqabench.run(models, "little", seeds=seeds, set=set, split=split, session=session)


@pytest.fixture
def two_held(tmp_path):
    """A split's file with two contents for validation, which can choose an epoch."""
    names = [f"c{number}.png" for number in range(9)]
    save(
        Split("little", tuple(names[4:]), tuple(names[2:4]), tuple(names[:2])), tmp_path / "s.json"
    )
    return tmp_path / "s.json"


def jobs(results, kind=None):
    """The jobs behind a run, by model label."""
    found = {}
    for evaluation in results.store.evaluations():
        for name in ("fit", "predict") if kind is None else (kind,):
            found[evaluation.label] = results.store.job(getattr(evaluation, name))
    return found


def predictions(results, label):
    job = jobs(results, "predict")[label]
    return results.store.predictions(job.fingerprint).set_index("image")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("constructor", "RuntimeError: no such layer"),
        ("losses", "RuntimeError: no such loss"),
        ("nan", "ScoreError: the loss is not finite in epoch 0: quality nan"),
        ("shape", "ScoreError: the model returned shape (1, 1) for 1 crops"),
    ],
)
def test_a_network_that_fails_fails_alone(little, store, command, fault, error):
    code, out, _ = command(
        *("run", "--models", "bad=toy-network,good=toy-estimator", "--datasets", "little"),
        *("--set", f"bad.fault={fault}", "--seeds", 1, "--device", "cpu"),
        *("--catalog", little.catalog, "--store", store, "--quiet", "--format", "json"),
    )
    assert code == 1
    rows = {row["model"]: row for row in json.loads(out)}
    assert (rows["good"]["failed"], rows["good"]["coverage"]) == (0, 1.0)
    assert (rows["bad"]["failed"], rows["bad"]["coverage"]) == (1, 0.0)
    assert rows["bad"]["srocc_mean"] is None
    results = iqabench.Results(Session(store=store))
    fit, predict = (jobs(results, kind)["bad"] for kind in ("fit", "predict"))
    assert error in fit.record.error
    assert fit.record.traceback.startswith("Traceback")
    assert "Traceback" in (fit.folder / "log.txt").read_text()
    assert predict.record.error == f"WeightsError: fit job {fit.fingerprint} failed"
    assert predict.record.hint == f"iqabench show {fit.fingerprint}"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("all pictures", "ValueError: too odd a picture"),
        ("nan", "ScoreError: the score is nan"),
        ("shape", "ScoreError: the model returned shape (2,) for one picture"),
    ],
)
def test_a_scorer_that_fails_on_every_picture_fails_its_job(little, store, fault, error):
    results = run(little, store, "toy-scorer", set=[f"toy-scorer.fault={fault}"])
    job = jobs(results, "predict")["toy-scorer"]
    assert results.outcome.failed == (job.fingerprint,)
    assert job.record.error == f"ScoreError: every picture failed, 36 in all; the first: {error}"


def test_one_failed_picture_lowers_coverage(little, store):
    results = run(
        *(little, store, "good=toy-scorer", "bad=toy-scorer"),
        set=["bad.fault=one picture"],
    )
    good, bad = predictions(results, "good"), predictions(results, "bad")
    third = good.index[2]
    assert bad.loc[third, "error"] == "ValueError: too odd a picture"
    assert np.isnan(bad.loc[third, "prediction"])
    assert bad["error"].notna().sum() == 1
    rest = good.index != third
    assert bad["prediction"][rest].equals(good["prediction"][rest])
    assert results.outcome.failed == ()
    assert jobs(results, "predict")["bad"].record.failed_images == 1
    board = results.leaderboard().set_index("model")
    assert board.loc["bad", "coverage"] == 35 / 36
    assert board.loc["good", "coverage"] == 1


def test_pristine_pictures_are_predicted_beside_their_test_part_and_judge_nothing(little, store):
    results = run(little, store, "toy-network", "toy-scorer")
    for evaluation in results.store.evaluations():
        part = evaluation.contents
        table = results.store.table("little", evaluation.test_hash)
        images = table[table["content"].isin(part)] if evaluation.fit else table
        made = results.store.predictions(evaluation.predict)
        assert list(made["image"]) == [*images["image"], *sorted(set(images["reference"]))]
        assert made["prediction"].notna().all()
        record = results.store.job(evaluation.predict).record
        assert (record.images, record.failed_images) == (len(images), 0)
    board = results.leaderboard().set_index(["model", "protocol"])
    assert list(board["coverage"]) == [1, 1, 1]
    for group in groups(results.store):
        (frame,) = group.repetitions()
        assert len(frame) == (36 if group.protocol == "all" else TEST_IMAGES)
        row = board.loc[group.record.label, group.protocol]
        plain = spearmanr(frame["prediction"], frame["quality"]).statistic
        np.testing.assert_allclose(row["srocc_mean"], plain, atol=1e-12)
        (pristine,) = group.references()
        assert set(pristine["image"]) == set(frame["reference"])


def test_a_failed_job_is_made_again_and_a_done_one_is_not(little, store, toy, monkeypatch):
    def broken(self, batch):
        raise MemoryError("no room")

    with monkeypatch.context() as patch:
        patch.setattr(toy.Network, "losses", broken)
        first = run(little, store, "toy-network", "toy-estimator")
    assert (first.outcome.made, first.outcome.reused, len(first.outcome.failed)) == (4, 0, 2)
    second = run(little, store, "toy-network", "toy-estimator")
    assert (second.outcome.made, second.outcome.reused, second.outcome.failed) == (2, 2, ())
    assert all(job.done for job in jobs(second).values())
    third = run(little, store, "toy-network", "toy-estimator")
    assert (third.outcome.made, third.outcome.reused) == (0, 4)
    assert second.leaderboard().equals(third.leaderboard())


def test_an_interrupted_run_goes_on(little, store, tmp_path, toy, monkeypatch):
    whole = run(little, tmp_path / "whole", "toy-network")
    losses, calls = toy.Network.losses, []

    def interrupted(self, batch):
        calls.append(0)
        if len(calls) == 4:  # in the second of two epochs of two steps
            raise KeyboardInterrupt
        return losses(self, batch)

    with monkeypatch.context() as patch:
        patch.setattr(toy.Network, "losses", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(little, store, "toy-network")
    monkeypatch.setattr(toy.Network, "losses", interrupted)
    results = run(little, store, "toy-network")
    assert len(calls) == 4 + 2  # the second epoch again
    assert predictions(results, "toy-network").equals(predictions(whole, "toy-network"))
    folder = jobs(results, "fit")["toy-network"].folder
    assert {path.name for path in folder.iterdir()} == {
        "history.json",
        "job.json",
        "log.txt",
        "weights.safetensors",
    }


def test_runs_repeat_and_seeds_differ(little, store, tmp_path):
    names = ("toy-network", "toy-estimator")
    first = run(little, store, *names, seeds=2)
    second = run(little, tmp_path / "again", *names, seeds=2)
    assert first.evaluations == second.evaluations
    for evaluation in first.store.evaluations():
        one, other = (results.store.predictions(evaluation.predict) for results in (first, second))
        assert one.equals(other)
        assert len(one) == TEST_IMAGES + TEST_REFERENCES
    initial = [
        load_file(first.store.job(record.fit).folder / "weights.safetensors")
        for record in first.store.evaluations()
        if record.label == "toy-network"
    ]
    assert not np.array_equal(initial[0]["body.0.weight"], initial[1]["body.0.weight"])


def test_what_a_job_records(little, store):
    results = run(little, store, "toy-network")
    fit, predict = (jobs(results, kind)["toy-network"] for kind in ("fit", "predict"))
    history = json.loads((fit.folder / "history.json").read_text())["epochs"]
    assert fit.record.images == 24  # 6 of 9 contents, one for validation, two for the test
    assert fit.record.epochs == len(history) == 2
    # The only content for validation cannot choose, so that the last epoch is kept.
    assert fit.record.validation_srocc == history[-1]["validation_srocc"]
    assert fit.record.parameters == predict.record.parameters == 3 * 8 * 25 + 8 + 16 + 8 + 1
    assert predict.record.images == TEST_IMAGES
    assert predict.record.seconds_per_image > 0
    dataset = Session(little.catalog).dataset("little")
    assert results.store.table("little", dataset.hash).equals(dataset.table)


@pytest.mark.parametrize(
    ("values", "select", "held", "recorded"),
    [
        ((0.2, 0.9, 0.3), "best", 2, 0.9),
        ((math.nan, 0.9, 0.3), "best", 2, 0.9),
        ((0.2, 0.9, 0.3), "best", 1, 0.3),
        ((0.2, 0.9, 0.3), "last", 2, 0.3),
        ((math.nan, math.nan, math.nan), "best", 2, None),
    ],
)
def test_the_record_is_of_the_epoch_that_is_kept(
    little, store, monkeypatch, two_held, values, select, held, recorded
):
    left = list(values)
    monkeypatch.setattr(trainable, "srocc", lambda *arrays: left.pop(0))
    changes = [f"toy-network.recipe.select={select}", "toy-network.recipe.epochs=3"]
    split = two_held if held == 2 else None
    results = run(little, store, "toy-network", set=changes, split=split)
    assert jobs(results, "fit")["toy-network"].record.validation_srocc == recorded


def test_the_record_is_of_the_stage_that_is_kept(little, store, toy, monkeypatch):
    left = [0.9, 0.1, 0.2, 0.3]
    monkeypatch.setattr(trainable, "srocc", lambda *arrays: left.pop(0))
    recipe = toy.RECIPE.model_copy(update={"stages": toy.RECIPE.stages * 2})
    changes = {"name": "toy-stages", "recipe": recipe}
    registry().models.add(registry().model("toy-network").model_copy(update=changes), "toy")
    results = run(little, store, "toy-stages")
    assert jobs(results, "fit")["toy-stages"].record.validation_srocc == 0.3


def test_a_failed_fit_leaves_no_checkpoints(little, store, toy, monkeypatch):
    left = [0.1]
    monkeypatch.setattr(trainable, "srocc", lambda *arrays: left.pop(0))  # fails in epoch 1
    results = run(little, store, "toy-network")
    folder = jobs(results, "fit")["toy-network"].folder
    assert {path.name for path in folder.iterdir()} == {"history.json", "job.json", "log.txt"}


def test_progress_is_told(little, store):
    told = []

    class Watcher:
        def task(self, title):
            told.append(title)
            return nullcontext(lambda done, total, what: told.append((done, total, what)))

        def say(self, line):
            told.append(line)

        def fail(self, line):
            told.append(line)

    iqabench.run(
        "bad=toy-scorer",
        "little",
        set="bad.fault=all pictures",
        session=Session(little.catalog, store=store, watch=Watcher()),
    )
    assert (45, 45, "predicting") in told  # 36 images and 9 references
    assert "[1/1] predict little with bad" in told
    assert told[-1].startswith(
        "failed: predict little with bad: ScoreError: every picture failed, 36 in"
    )


def test_a_model_that_hangs_on_a_picture_fails_alone(little, store, monkeypatch):
    monkeypatch.setattr(time_limit, "PICTURE_SECONDS", 0.3)
    results = run(
        little, store, "slow=toy-scorer", "good=toy-scorer", set=["slow.fault=hang", "good.power=2"]
    )
    records = {label: job.record for label, job in jobs(results, "predict").items()}
    assert records["good"].status == "done"
    assert records["slow"].error == "TookTooLong: c0_3.png took more than 0.3 s"
