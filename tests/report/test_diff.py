import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from iqabench.contract import UnknownNameError, UsageError
from iqabench.report.diff import diff
from iqabench.report.leaderboard import leaderboard

OPTIONS = {"options": {"depth": 3, "head": {"width": 8}}, "precision": "fp32"}


@pytest.fixture
def shelf(book):
    """Stores a model whose jobs have fields, as those of a run have."""

    def add(label, noise, fold=0, seed=0, fit=True, part=None, **fields):
        name = f"{label}{fold}{seed}"
        fitted, predicted = f"{name:f<16}", f"{name:9<16}"
        fields = {"model": label, **OPTIONS, "seed": seed, **fields}
        if fit:
            finish(book.store, fitted, {"kind": "fit", **fields, "split": part or f"split{fold}"})
        contents = book.folds[fold] if fit else None
        more = {"kind": "predict", **fields, "contents": contents, "fit": fitted if fit else None}
        scores = pd.DataFrame(
            {"image": book.table["image"], "prediction": book.noisy(noise), "error": None}
        )
        finish(book.store, predicted, more, scores)
        book.evaluate(label, predicted, fold, fitted if fit else None, seed=seed, config=label * 8)
        return fitted, predicted

    return add


def finish(store, name, fields, scores=None):
    with store.writing(name) as folder:
        if scores is not None:
            scores.to_parquet(folder / "predictions.parquet", index=False)
        record = {"fields": fields, "began": "now", "status": "done", "title": f"job {name}"}
        store.finish(name, record)


def differing(found):
    """Field -> both values."""
    return {row["field"]: (row["a"], row["b"]) for row in found.table.to_dict("records")}


def test_nested_fields_by_dotted_path_and_equal_ones_counted(book, shelf):
    shelf("a", 0.5)
    shelf("b", 0.5, options={"depth": 3, "head": {"width": 9}, "wide": True})
    found = diff(book.store, "a", "b")
    assert differing(found) == {
        "model": ("a", "b"),
        "options.head.width": ("8", "9"),
        "options.wide": ("-", "True"),
    }
    # options.depth, precision, seed and contents of the predictions, the split of the fits, and of
    # the evaluations train, test, protocol, fold, split and direction
    assert found.equal == 11


def test_the_fits_behind_predictions_are_compared_too(book, shelf):
    shelf("a", 0.5)
    shelf("b", 0.5, model="a", part="other")
    assert differing(diff(book.store, "a", "b")) == {"fit.split": ("split0", "other")}


def test_what_came_of_it(book, shelf):
    for label, noise in (("a", 0.3), ("b", 2.0)):
        for fold in range(3):
            shelf(label, noise, fold)
    found = diff(book.store, "a@set", "b@set")
    board = leaderboard(book.store).set_index("model")["srocc_mean"]
    assert found.srocc == pytest.approx((board["a"], board["b"]), abs=1e-12)
    one = diff(book.store, "a-0", "a-2")
    for value, fold in zip(one.srocc, (0, 2), strict=True):
        rows = book.table["content"].isin(book.folds[fold])
        expected = stats.spearmanr(book.noisy(0.3)[rows], book.table["quality"][rows]).statistic
        assert value == pytest.approx(expected, abs=1e-12)


def test_rows_are_compared_in_a_repetition_that_both_have(book, shelf):
    shelf("a", 0.5, fold=0)
    shelf("a", 0.5, fold=1)
    shelf("b", 0.5, fold=1, model="a")
    assert differing(diff(book.store, "a", "b")) == {}
    found = differing(diff(book.store, "a-0", "b"))
    assert found["contents"] == (", ".join(book.folds[0]), ", ".join(book.folds[1]))
    assert found["evaluation.fold"] == ("0", "1")


def test_jobs_by_the_beginning_of_their_hash(book, shelf):
    fit, predict = shelf("a", 0.5)
    other_fit, other_predict = shelf("b", 0.5, precision="bf16")
    both = {"model": ("a", "b"), "precision": ("fp32", "bf16")}
    assert differing(diff(book.store, fit[:6], other_fit[:6])) == both
    assert differing(diff(book.store, predict[:6], other_predict[:6])) == both
    assert diff(book.store, predict[:6], "b").b.startswith("b on set")


def test_a_fit_is_compared_with_the_fit_of_the_other(book, shelf):
    fit, _ = shelf("a", 0.5)
    shelf("b", 0.5, model="a", part="other")
    assert differing(diff(book.store, fit, "b")) == {"split": ("split0", "other")}


def test_long_lists_are_counted(book, shelf):
    shelf("a", 0.5, list=list(range(20)))
    shelf("b", 0.5, model="a", list=list(range(21)), short=[])
    found = differing(diff(book.store, "a", "b"))
    assert [text.split(",")[0] for text in found["list"]] == ["20 values", "21 values"]
    assert found["short"] == ("-", "none")


def test_without_a_prediction_there_is_no_number(book, shelf):
    shelf("a", 0.5)
    finish(book.store, "lonely", {"kind": "fit", "model": "a"})
    assert math.isnan(diff(book.store, "lonely", "a").srocc[0])
    shelf("b", np.nan)
    assert math.isnan(diff(book.store, "a", "b").srocc[1])


def test_a_name_that_means_nothing_has_near_misses(book, shelf):
    shelf("brisque", 0.5)
    for name in ("brisqe", "brisque@sett", "@", "brisque@other"):
        with pytest.raises(UnknownNameError) as error:
            diff(book.store, name, "brisque")
        assert "brisque@set" in error.value.hint


def test_a_name_that_means_several_things_is_refused_with_what_they_are(book, shelf):
    shelf("a", 0.5)
    shelf("a2", 0.5)
    book.evaluate("a", "a00" + "9" * 13, 1, config="other")
    with pytest.raises(UsageError, match="'a' could be") as error:
        diff(book.store, "a", "a2")
    assert "a-0" in error.value.hint and "a-1" in error.value.hint
    assert differing(diff(book.store, "a-0", "aaaaaaaa")) == {}
