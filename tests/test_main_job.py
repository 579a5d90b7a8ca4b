"""The main job on the built-in set, as a new user runs it, but on one of its four folds, and on
pictures of 160 pixels instead of 512: ``make demo`` is the whole job.
"""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest
from scipy.stats import spearmanr

from iqabench.report.evaluations import groups
from iqabench.store import Store

pytestmark = pytest.mark.slow
MODEL = "biosiqnet-lite"
LEARNT = 0.5
"""Least SROCC of biosiqnet-lite inside a content of the test part, mean of the contents, by which
the test shows that the ridge from which the network starts, its steps and prediction work together
on contents that the model has not seen. It is no measure of the recipe, which is made for larger
pictures: docs/biosiqnet.md has the figures of the whole run."""
CROP = ("--set", "biosiqnet-lite.recipe.crop=[96,96]")
"""The crop that small pictures have room for."""
WATCH = """
import sys
sys.argv = ["iqabench", *sys.argv[1:]]
from iqabench.cli import main
try:
    main()
finally:
    heavy = {"torch", "timm", "torchvision", "pyiqa", "lightning"} & set(sys.modules)
    print("imported", sorted(heavy), file=sys.stderr)
"""


def iqabench(*arguments):
    """Run the program; its exit code, output, and the heavy modules it imported."""
    return subprocess.run([sys.executable, "-c", WATCH, *arguments], capture_output=True, text=True)


@pytest.fixture(scope="module")
def main_job(tmp_path_factory, small_demo):
    """The main job on one of its splits: its store, command and result."""
    folder = tmp_path_factory.mktemp("main")
    command = (
        *("run", "--models", "biosiqnet-lite,brisque", "--datasets", "demo", "--seeds", "1"),
        *("--split", "split.json", *CROP),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        exported = iqabench(
            *("datasets", "splits", "export", "demo"), *("split.json", "--seed", "0", "--fold", "0")
        )
        assert exported.returncode == 0, exported.stderr
        yield folder / "iqabench-results", command, iqabench(*command)


def test_a_bare_run_plans_both_models_on_every_fold_of_the_built_in_set(
    small_demo, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    planned = iqabench("run", "--dry-run", "--format", "json")
    assert planned.returncode == 0, planned.stderr
    jobs = [job["what"] for job in json.loads(planned.stdout)]
    assert len(jobs) == 16  # a fit and its predictions for each of four folds
    for model in ("biosiqnet-lite", "brisque"):
        assert sum(job.startswith(f"fit {model} on demo") for job in jobs) == 4, jobs
        assert sum(f"test part with {model}" in job for job in jobs) == 4, jobs


def test_it_learns_and_says_what_its_labels_are(main_job, tmp_path):
    store, _, done = main_job
    assert done.returncode == 0, done.stderr
    assert "proxy labels" in done.stdout
    assert "biosiqnet-lite - brisque on demo: SROCC" in done.stderr
    board = tmp_path / "leaderboard.csv"
    assert iqabench("leaderboard", "--store", str(store), "-o", str(board)).returncode == 0
    rows = {row["model"]: row for row in csv.DictReader(board.read_text().splitlines())}
    assert set(rows) == {"biosiqnet-lite", "brisque"}
    ours = rows["biosiqnet-lite"]
    assert (ours["repetitions"], ours["failed"], ours["contents"]) == ("1", "0", "2")
    assert float(ours["coverage"]) == 1.0 and ours["labels"] == "proxy"
    low, mean, high = (float(ours[f"srocc_{what}"]) for what in ("low", "mean", "high"))
    assert low <= mean <= high and low < high  # resamples of two contents have three values
    (tested,) = predictions_of(Store(store), "biosiqnet-lite")
    inside = [spearmanr(f["prediction"], f["quality"])[0] for _, f in tested.groupby("content")]
    assert np.mean(inside) >= LEARNT
    fits = (group.record.fit for group in groups(Store(store)) if group.record.label == MODEL)
    history = json.loads((store / "jobs" / next(fits) / "history.json").read_text("utf-8"))
    first, last = (history["epochs"][place]["losses"] for place in (0, -1))
    for branch in ("high", "low"):  # the ridge has no part in the maps
        assert last[branch] < first[branch] - 0.1


def predictions_of(store, label):
    """A frame per repetition of the model with that label: content, quality, prediction."""
    (group,) = (group for group in groups(store) if group.record.label == label)
    return group.repetitions()


def test_the_same_command_again_makes_no_job_and_loads_no_network_library(main_job, monkeypatch):
    store, command, _ = main_job
    monkeypatch.chdir(store.parent)
    again = iqabench(*command)
    assert again.returncode == 0
    assert "0 jobs made, 4 reused" in again.stderr
    assert again.stderr.splitlines()[-1] == "imported []"


def test_a_second_training_in_another_process_gives_identical_predictions(little, tmp_path):
    """At toy size, with dropout and averaged weights as in the recipe. The number of threads is the
    same: another number would add in another order.
    """
    made = []
    for place in ("first", "second"):
        done = iqabench(
            *("run", "--models", "biosiqnet-lite", "--datasets", "little", "--seeds", "1"),
            *("--tiny", "--set", "biosiqnet-lite.recipe.epochs=2", "--quiet"),
            *("--set", "biosiqnet-lite.recipe.crop=[64,64]"),
            *("--catalog", str(little.catalog), "--store", str(tmp_path / place)),
        )
        assert done.returncode == 0, done.stderr
        store = Store(tmp_path / place)
        (record,) = store.evaluations()
        made.append(store.predictions(record.predict))
    assert list(made[0]["image"]) == list(made[1]["image"])
    assert made[0]["prediction"].std() > 0
    np.testing.assert_array_equal(made[0]["prediction"], made[1]["prediction"])


def test_a_trained_model_scores_and_explains_loose_pictures(main_job, tmp_path, small_demo):
    store, *_ = main_job
    fits = [
        job
        for job in Store(store).jobs()
        if job.record.identity.kind == "fit" and job.record.identity.model.model != "brisque"
    ]
    demo = small_demo / "images"
    (tmp_path / "broken.png").write_bytes(b"no picture")
    scored = iqabench(
        "score",
        "biosiqnet-lite",
        str(demo / "coffee_10_01.png"),
        str(demo / "coffee_10_05.png"),
        str(tmp_path / "broken.png"),
        "--weights",
        f"job:{fits[0].fingerprint}",
        *CROP,
        "--store",
        str(store),
        "--format",
        "json",
        "--quiet",
    )
    assert scored.returncode == 1, scored.stderr
    mild, strong, broken = json.loads(scored.stdout)
    assert mild["score"] > strong["score"] and mild["direction"] == "higher"
    assert broken["score"] is None and "cannot decode" in broken["error"]
    drawn = iqabench(
        "explain",
        "biosiqnet-lite",
        str(demo / "coffee_10_05.png"),
        str(demo / "china.png"),
        "--weights",
        f"job:{fits[0].fingerprint}",
        *CROP,
        "--store",
        str(store),
        "-o",
        str(tmp_path / "drawn"),
    )
    assert drawn.returncode == 0, drawn.stderr
    assert sorted(path.name for path in (tmp_path / "drawn").iterdir()) == [
        "001-coffee_10_05.png",
        "002-china.png",
        "montage.png",
    ]
