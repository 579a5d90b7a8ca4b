import numpy as np
import pandas as pd
import pytest
from stored import evaluation, job_record, keep

from iqabench import Results, Session
from iqabench.contract import UnknownNameError, UsageError
from iqabench.report.evaluations import selected
from iqabench.report.waterloo import waterloo
from iqabench.store import Store

KINDS, LEVELS = ("blur", "noise", "shift"), (1, 2, 3)


class Shelf:
    """Two contents with three distortions at three levels, and predictions of them.

    Quality is 10 - 3 level for each picture, so labels run from 1 to 7.
    """

    def __init__(self, root, **columns):
        self.store = Store(root)
        self.store.prepare()
        rows = [
            {
                "image": f"{content}_{kind}_{level}",
                "reference": content,
                "content": content,
                "distortion": kind,
                "level": level,
                "quality": 10.0 - 3 * level,
            }
            for content in "ab"
            for kind in KINDS
            for level in LEVELS
        ]
        self.table = pd.DataFrame(rows).assign(**columns)
        self.label("h")

    def label(self, name):
        """Keep the labels as they are now: what is added later is tested on them."""
        self.hash = name
        self.store.save_table("set", name, self.table)

    def add(self, label, score, pristine=None, parts=(None,), direction="higher", test="set"):
        """Predictions: ``score`` of a row, and of the pristine pictures by name."""
        predictions = dict(zip(self.table["image"], self.table.apply(score, axis=1), strict=True))
        frame = pd.DataFrame(
            {"image": list(predictions), "prediction": list(predictions.values())}
            if pristine is None
            else {
                "image": [*predictions, *pristine],
                "prediction": [*predictions.values(), *pristine.values()],
            }
        ).assign(error=None)
        tested = {"test": test, "test_hash": self.hash, "labels": "proxy", "train": "-"}
        for fold, part in enumerate(parts):
            record = evaluation(
                label=label,
                direction=direction,
                fold=fold,
                contents=part,
                predict=keep(self.store, job_record(label), frame),
                **tested,
            )
            self.store.save_evaluation(record)

    def row(self, label="m", unordered=(), margin=0.2):
        only = selected(self.store, models=[label], datasets=["set"])
        found = waterloo(self.store, lambda dataset: unordered, margin, only)
        (row,) = found.to_dict("records")
        return row


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path / "store")


def test_a_perfect_model(shelf):
    shelf.add("m", lambda row: row["quality"], {"a": 10.0, "b": 9.0})
    row = shelf.row()
    assert (row["d"], row["l"], row["p"]) == (1, 1, 1)
    assert (row["pristine"], row["distorted"], row["lists"]) == (2, 18, 6)
    # A fifth of 6 is 1.2; six pictures at each of 7, 4, 1: 3 pairs of levels x 36.
    assert (row["margin"], row["pairs"]) == (pytest.approx(1.2), 3 * 36)
    # Half the range is 3, and only levels 1 and 3 differ by more.
    assert shelf.row(margin=0.5)["pairs"] == 36


def test_a_model_whose_lower_scores_are_better(shelf):
    shelf.add("m", lambda row: -row["quality"], {"a": -10.0, "b": -9.0}, direction="lower")
    row = shelf.row()
    assert (row["d"], row["l"], row["p"]) == (1, 1, 1)


def test_levels_without_order_are_left_out_of_l_alone(shelf):
    """Predictions rise with the level of `shift`: 2 of 6 lists count -1."""
    shelf.add("m", lambda row: -row["quality"] if row["distortion"] == "shift" else row["quality"])
    assert shelf.row()["l"] == pytest.approx((4 - 2) / 6, abs=1e-15)
    row = shelf.row(unordered=["shift"])
    assert (row["l"], row["lists"], row["distorted"]) == (1, 4, 18)
    assert row["p"] == shelf.row()["p"]


def test_means_over_repetitions_each_with_its_own_pristine_pictures(shelf):
    """Content a is judged perfectly. Of b the pristine picture scores below all distorted ones,
    and predictions are reversed."""
    shelf.add(
        "m",
        lambda row: row["quality"] if row["content"] == "a" else -row["quality"],
        {"a": 10.0, "b": -9.0},
        parts=(["a"], ["b"]),
    )
    row = shelf.row()
    assert row["repetitions"] == 2
    assert (row["d"], row["l"], row["p"]) == (0.75, 0, 0.5)
    assert (row["pristine"], row["distorted"], row["lists"]) == (2, 18, 6)
    assert row["pairs"] == 2 * 3 * 9  # no pair joins two repetitions


def test_without_pristine_predictions_there_is_no_d(shelf):
    shelf.add("m", lambda row: row["quality"])
    row = shelf.row()
    assert np.isnan(row["d"])
    assert (row["l"], row["p"], row["pristine"]) == (1, 1, 0)


def test_failed_pictures_take_no_part(shelf):
    shelf.add(
        "m",
        lambda row: np.nan if row["image"] == "a_blur_3" else row["quality"],
        {"a": 10.0, "b": np.nan},
    )
    row = shelf.row()
    assert (row["pristine"], row["distorted"], row["lists"]) == (1, 17, 5)
    assert (row["d"], row["l"], row["p"]) == (1, 1, 1)


@pytest.mark.parametrize("missing", ["level", "distortion"])
def test_a_set_without_levels_has_no_l(tmp_path, missing):
    shelf = Shelf(tmp_path / "store")
    shelf.table = shelf.table.drop(columns=missing)
    shelf.label("h2")
    shelf.add("m", lambda row: row["quality"], {"a": 10.0})
    row = shelf.row()
    assert np.isnan(row["l"])
    assert (row["lists"], row["d"], row["p"]) == (0, 1, 1)


def test_references_that_are_images_of_the_set_too_are_pristine(tmp_path):
    shelf = Shelf(tmp_path / "store")
    rows = pd.DataFrame(
        [
            {"image": name, "reference": name, "content": name, "quality": 10.0, "level": 0}
            for name in "ab"
        ]
    )
    shelf.table = pd.concat([shelf.table, rows.assign(distortion="none")], ignore_index=True)
    shelf.label("h2")
    shelf.add("m", lambda row: row["quality"])
    row = shelf.row()
    assert (row["pristine"], row["distorted"], row["d"], row["lists"]) == (2, 18, 1, 6)


def test_what_was_not_tested_is_named(shelf):
    shelf.store.save_table("other", "h", shelf.table)
    results = Results(Session(store=shelf.store.root))
    with pytest.raises(UsageError, match=r"no model in .* was tested"):
        results.waterloo()
    shelf.add("m", lambda row: row["quality"], test="other")
    with pytest.raises(UnknownNameError, match=r"unknown test set in .* 'set'"):
        results.waterloo(datasets="set")
    shelf.add("n", lambda row: row["quality"])
    with pytest.raises(UnknownNameError, match="'nn'"):
        results.waterloo("nn", "set")
    assert list(results.waterloo(datasets="set")["model"]) == ["n"]
    assert list(results.waterloo()["test"]) == ["other", "set"]


def test_each_set_has_its_own_levels_without_order(shelf):
    """Predictions rise with the level of `shift` on both; one set says that it has none."""
    shelf.store.save_table("other", "h", shelf.table)

    def turned(row):
        return -row["quality"] if row["distortion"] == "shift" else row["quality"]

    for test in ("set", "other"):
        shelf.add("m", turned, test=test)
    found = waterloo(shelf.store, {"set": ["shift"], "other": []}.__getitem__, 0.2)
    assert found.set_index("test")["lists"].to_dict() == {"set": 4, "other": 6}
    assert found.set_index("test")["l"].to_dict() == {"set": 1, "other": pytest.approx(1 / 3)}
