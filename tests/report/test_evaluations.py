"""Groups of evaluations: which repetitions belong together, and what they join with labels."""

import numpy as np
import pandas as pd
import pytest
from stored import CROSS

from iqabench.contract import UnknownNameError, UsageError
from iqabench.report import evaluations
from iqabench.report.evaluations import counted_once, groups, selected


def group(book, label="one", **filters):
    (found,) = [one for one in groups(book.store, **filters) if one.record.label == label]
    return found


def test_repetitions_of_one_model_are_one_group_in_the_order_of_folds(book):
    book.add("one", book.noisy(0.1), folds=(2, 0, 1))
    assert [record.fold for record in group(book).evaluations] == [0, 1, 2]


@pytest.mark.parametrize(
    "fields",
    [
        {"config": "d" * 16},
        {"weights": "file"},
        {"init": "random"},
        {"direction": "lower"},
        {"train": "other", "protocol": CROSS},
        {"saliency": "center"},
        {"selection": "last"},
    ],
)
def test_what_decides_predictions_tells_groups_apart(book, fields):
    book.add("one", book.noisy(0.1))
    book.add("one", book.noisy(0.2, seed=1), name="again", **fields)
    assert len(groups(book.store)) == 2


def test_labels_and_predictions_meet_by_name_and_in_the_order_of_labels(book):
    scores = book.table["quality"] * 10
    shuffled = book.table.assign(score=scores).sample(frac=1, random_state=3)
    book.table = shuffled.drop(columns="score").reset_index(drop=True)
    book.add("one", shuffled["score"].to_numpy())
    for fold, frame in enumerate(group(book).repetitions()):
        assert set(frame["content"]) == set(book.folds[fold])
        np.testing.assert_allclose(frame["prediction"], frame["quality"] * 10)
        ordered = group(book).table["image"]
        assert list(frame["image"]) == [name for name in ordered if name in set(frame["image"])]


def test_lower_scores_of_better_pictures_are_turned(book):
    book.add("one", -book.table["quality"], direction="lower")
    for frame in group(book).repetitions():
        np.testing.assert_array_equal(frame["prediction"], frame["quality"])


def test_a_picture_without_a_score_keeps_its_row_and_its_error(book):
    scores = book.noisy(0.1)
    scores[0] = np.nan
    book.add("one", scores)
    frame = group(book).repetitions()[0].set_index("image")
    name = book.table["image"][0]
    assert np.isnan(frame.loc[name, "prediction"]) and frame.loc[name, "error"] == "ValueError: odd"
    assert frame.drop(name)["error"].isna().all()


def test_a_job_that_failed_gives_rows_without_predictions(book):
    book.add("one", None, status="failed")
    for frame in group(book).repetitions():
        assert len(frame) == 24
        assert frame["prediction"].isna().all() and (frame["error"] == "the job failed").all()


def test_contents_that_the_model_has_seen_are_left_out_where_asked(book):
    book.add("one", book.noisy(0.1), shared=["c00"])
    assert {len(frame) for frame in group(book).repetitions()} == {24}
    without = group(book, exclude_shared=True)
    assert [len(frame) for frame in without.repetitions()] == [18, 24, 24]
    assert "c00" not in set(pd.concat(without.repetitions())["content"])
    assert without.protocol == group(book).protocol + evaluations.WITHOUT_SHARED


def test_nothing_is_left_out_where_it_is_not_known_what_was_seen(book):
    book.add("one", book.noisy(0.1), folds=(0, 1), shared=["c00"])
    book.evaluate("one", groups(book.store)[0].record.predict, 2, shared=None)
    asked = group(book, exclude_shared=True)
    assert asked.shared is None and not asked.exclude_shared


def test_the_identity_changes_with_jobs_findings_and_filters_only(book):
    book.add("one", book.noisy(0.1))
    first = group(book).identity
    assert group(book).identity == first
    assert group(book, mapping="none").identity != first
    book.add("two", book.noisy(0.2))
    assert group(book).identity == first
    book.add("one", book.noisy(0.1), name="one")  # the same job, made again later
    assert group(book).identity != first


def test_models_tested_on_the_same_parts_are_compared_and_others_are_not(book):
    book.add("one", book.noisy(0.1))
    book.add("two", book.noisy(0.2))
    book.add("three", book.noisy(0.3), folds=(0, 1))
    alike = [{one.name for one in same} for same in evaluations.tested_alike(groups(book.store))]
    assert sorted(alike, key=len) == [{"three"}, {"one", "two"}]


def test_the_same_jobs_under_two_labels_count_once(book):
    job = book.add("one", book.noisy(0.1), model="one")
    for fold in range(3):
        book.evaluate("again", job, fold, model="one")
    kept, lines = counted_once(groups(book.store))
    assert [one.name for one in kept] == ["one"]
    assert lines == ["again is one under another label (the same jobs on set): it counts once"]


def test_evaluations_are_selected_by_model_and_test_set(book):
    with pytest.raises(UsageError, match="no results in"):
        selected(book.store)
    book.add("one", book.noisy(0.1))
    book.add("two", book.noisy(0.2))
    assert selected(book.store) == frozenset(book.ids("one", "two"))
    assert selected(book.store, models=["two"]) == frozenset(book.ids("two"))
    assert selected(book.store, book.ids("one"), datasets=["set"]) == frozenset(book.ids("one"))
    with pytest.raises(UnknownNameError, match="three"):
        selected(book.store, models=["three"])
    with pytest.raises(UnknownNameError):
        selected(book.store, datasets=["sets"])


def test_mean_of_what_is_defined():
    assert evaluations.mean_defined([1, float("nan"), 3, float("inf")]) == 2
    assert np.isnan(evaluations.mean_defined([float("nan")]))
