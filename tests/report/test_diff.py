import itertools
import math
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from stored import fit_identity, job_record, keep, predict_identity

from iqabench.contract import UnknownNameError, UsageError
from iqabench.report.diff import diff
from iqabench.report.leaderboard import leaderboard

OPTIONS = {"depth": 3, "head": {"width": 8}}
SPLIT, OTHER = "5" * 16, "6" * 16


class Made(NamedTuple):
    """Names of what the shelf has stored."""

    fit: str | None
    predict: str
    evaluation: str


@pytest.fixture
def shelf(book):
    """Stores a repetition of a model: its fit, its predictions and its evaluation."""

    def add(label, noise, fold=0, seed=0, fit=True, split=SPLIT, model=None, **fields):
        fields = {"options": OPTIONS, **fields}
        fitted = fit_identity(model or label, split=split, seed=seed, **fields) if fit else None
        predicted = predict_identity(
            model or label,
            fit=fitted and fitted.fingerprint,
            contents=book.folds[fold] if fit else None,
            seed=seed,
            **fields,
        )
        scores = pd.DataFrame(
            {"image": book.table["image"], "prediction": book.noisy(noise), "error": None}
        )
        name = keep(book.store, job_record(label, fitted)) if fitted else None
        predict = keep(book.store, job_record(label, predicted), scores)
        made = book.evaluate(label, predict, fold, name, seed=seed, config=label * 8)
        return Made(name, predict, made)

    return add


def differing(found):
    """Field -> both values."""
    return {row["field"]: (row["a"], row["b"]) for row in found.table.to_dict("records")}


def test_nested_fields_by_dotted_path_and_equal_ones_counted(book, shelf):
    shelf("a", 0.5)
    shelf("b", 0.5, options={"depth": 3, "head": {"width": 9}, "wide": True})
    found = diff(book.store, "a", "b")
    assert differing(found) == {
        "model.model": ("a", "b"),
        "model.options.head.width": ("8", "9"),
        "model.options.wide": ("-", "True"),
    }
    # Of the predictions dataset, data, maps, seed and contents, and the model's package, behaviour,
    # tree, options.depth, recipe, weights, precision, device, allow_truncated and scale; the split
    # and the skipped pictures of the fits; and of the evaluations train, test, protocol, fold,
    # split and direction.
    assert found.equal == 5 + 10 + 2 + 6


def test_the_fits_behind_predictions_are_compared_too(book, shelf):
    shelf("a", 0.5)
    shelf("b", 0.5, model="a", split=OTHER)
    assert differing(diff(book.store, "a", "b")) == {"fit.split": (SPLIT, OTHER)}


def test_what_came_of_it(book, shelf):
    ids = {}
    for label, noise in (("a", 0.3), ("b", 2.0)):
        made = [shelf(label, noise, fold) for fold in range(3)]
        ids[label] = [one.evaluation for one in made]
    found = diff(book.store, "a@set", "b@set")
    board = leaderboard(book.store).set_index("model")["srocc_mean"]
    assert found.srocc == pytest.approx((board["a"], board["b"]), abs=1e-12)
    one = diff(book.store, ids["a"][0], ids["a"][2])
    for value, fold in zip(one.srocc, (0, 2), strict=True):
        rows = book.table["content"].isin(book.folds[fold])
        expected = stats.spearmanr(book.noisy(0.3)[rows], book.table["quality"][rows]).statistic
        assert value == pytest.approx(expected, abs=1e-12)


def test_rows_are_compared_in_a_repetition_that_both_have(book, shelf):
    first = shelf("a", 0.5, fold=0)
    shelf("a", 0.5, fold=1)
    shelf("b", 0.5, fold=1, model="a")
    assert differing(diff(book.store, "a", "b")) == {}
    found = differing(diff(book.store, first.evaluation, "b"))
    assert found["contents"] == (", ".join(book.folds[0]), ", ".join(book.folds[1]))
    assert found["evaluation.fold"] == ("0", "1")


def test_jobs_by_the_beginning_of_their_hash(book, shelf):
    fit, predict, _ = shelf("a", 0.5)
    other_fit, other_predict, _ = shelf("b", 0.5, precision="bf16")
    both = {"model.model": ("a", "b"), "model.precision": ("fp32", "bf16")}
    assert differing(diff(book.store, fit[:6], other_fit[:6])) == both
    assert differing(diff(book.store, predict[:6], other_predict[:6])) == both
    assert diff(book.store, predict[:6], "b").b.startswith("b on set")


def test_a_fit_is_compared_with_the_fit_of_the_other(book, shelf):
    fit, *_ = shelf("a", 0.5)
    shelf("b", 0.5, model="a", split=OTHER)
    assert differing(diff(book.store, fit, "b")) == {"split": (SPLIT, OTHER)}


def test_long_lists_are_counted(book, shelf):
    shelf("a", 0.5, options={"list": list(range(20))})
    shelf("b", 0.5, model="a", options={"list": list(range(21)), "short": []})
    found = differing(diff(book.store, "a", "b"))
    assert [text.split(",")[0] for text in found["model.options.list"]] == [
        "20 values",
        "21 values",
    ]
    assert found["model.options.short"] == ("-", "none")


def test_without_a_prediction_there_is_no_number(book, shelf):
    shelf("a", 0.5)
    lonely = keep(book.store, job_record("a", fit_identity("lonely")))
    assert math.isnan(diff(book.store, lonely, "a").srocc[0])
    shelf("b", np.nan)
    assert math.isnan(diff(book.store, "a", "b").srocc[1])


def test_a_name_that_means_nothing_has_near_misses(book, shelf):
    shelf("brisque", 0.5)
    for name in ("brisqe", "brisque@sett", "@", "brisque@other"):
        with pytest.raises(UnknownNameError) as error:
            diff(book.store, name, "brisque")
        assert "brisque@set" in error.value.hint


def test_a_name_that_means_several_things_is_refused_with_what_they_are(book, shelf):
    first = shelf("a", 0.5)
    shelf("a2", 0.5)
    second = book.evaluate("a", first.predict, 1, config="other")
    with pytest.raises(UsageError, match="'a' could be") as error:
        diff(book.store, "a", "a2")
    assert error.value.hint == "name one: 'a config=aaaaaaaa@set', 'a config=other@set'"
    for name in ("a config=other", "a config=other@set", second):
        assert diff(book.store, name, "a2").a.startswith(("a config=other on set", "evaluation"))
    assert differing(diff(book.store, first.evaluation, "aaaaaaaa")) == {}


def test_on_what_the_jobs_were_made(book):
    """Threads and instructions decide the order of sums; earlier releases did not note them."""
    names = [
        keep(book.store, job_record("a", predict_identity("a", seed=seed), **made_on))
        for seed, made_on in enumerate(
            ({}, {"threads": 1, "capability": "AVX2"}, {"threads": 8, "capability": "AVX512"})
        )
    ]
    shown = [differing(diff(book.store, *pair)) for pair in itertools.pairwise(names)]
    assert [(one["made_on.threads"], one["made_on.capability"]) for one in shown] == [
        (("-", "1"), ("-", "AVX2")),
        (("1", "8"), ("AVX2", "AVX512")),
    ]
