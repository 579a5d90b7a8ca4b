import math

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score
from stored import HOLD_OUT

from iqabench import Results, Session
from iqabench.contract import UnknownNameError, UsageError
from iqabench.report.raters import COLUMNS, raters
from iqabench.stats import fit_logistic


@pytest.fixture
def rated(book):
    """Labels with 16 raters each, whose standard error is a quarter of the deviation."""
    random = np.random.default_rng(3)
    book.table["mos_std"] = random.uniform(0.8, 1.6, len(book.table))
    book.table["raters"] = 16.0
    book.store.save_table("set", "1" * 16, book.table)

    def add(label, scores, **keys):
        book.add(label, scores, test_hash="1" * 16, **keys)

    book.give = add
    return book


def by_hand(rated, scores):
    """Outlier ratio and RMSE* of each fold."""
    found = []
    for fold in range(3):
        part = rated.table[rated.table["content"].isin(rated.folds[fold])]
        x, y = scores[part.index].to_numpy(), part["quality"].to_numpy()
        miss, band = np.abs(fit_logistic(x, y)(x) - y), 1.96 * part["mos_std"] / 4
        outside = np.maximum(0, miss - band)
        found.append((np.mean(miss > band), np.sqrt(np.sum(outside**2) / (len(part) - 4))))
    return np.mean(found, axis=0)


def test_the_leaderboard_has_them(rated):
    scores = rated.noisy(0.6)
    rated.give("one", scores)
    row = rated.board().loc["one"]
    outliers, star = by_hand(rated, scores)
    assert row["outlier_ratio"] == pytest.approx(outliers)
    assert row["rmse_star"] == pytest.approx(star)
    assert row["srocc_share"] == pytest.approx(row["srocc_mean"] / row["srocc_ceiling"])
    # Uniform labels on 1 to 5 and errors around .3: reliability about 1 - .09 / 1.33.
    assert 0.93 < row["srocc_ceiling"] < 0.99


def test_without_raters_numbers_they_are_empty(book):
    book.add("one", book.noisy(0.5))
    assert np.isnan([book.board().loc["one", name] for name in COLUMNS]).all()


def test_pictures_without_raters_numbers_are_left_out(rated):
    lost = rated.table.index[::5]
    rated.table.loc[lost, "raters"] = np.nan
    rated.store.save_table("set", "2" * 16, rated.table)
    rated.add("one", rated.noisy(0.6), test_hash="2" * 16)
    (row,) = raters(rated.store, 1.645).to_dict("records")
    assert row["pictures"] == len(rated.table) - len(lost)


def test_pairs_equal_sklearns_areas(rated):
    scores = rated.noisy(0.9)
    rated.give("one", scores)
    (row,) = raters(rated.store, 2.0).to_dict("records")
    areas, different = [], 0
    for fold in range(3):
        part = rated.table[rated.table["content"].isin(rated.folds[fold])]
        x, y = scores[part.index].to_numpy(), part["quality"].to_numpy()
        error = part["mos_std"].to_numpy() / 4
        i, j = np.triu_indices(len(part), 1)
        apart = np.abs(y[i] - y[j]) / np.hypot(error[i], error[j]) > 2
        areas.append(roc_auc_score(apart, np.abs(x[i] - x[j])))
        different += apart.sum()
    assert row["auc_ds"] == pytest.approx(np.mean(areas))
    assert (row["different"], row["different"] + row["similar"]) == (different, 3 * 24 * 23 / 2)
    for name in ("auc_ds", "auc_bw", "c0"):
        assert row[f"{name}_low"] < row[name] < row[f"{name}_high"]


def test_a_model_that_knows_the_labels_beats_the_ceiling(rated):
    """It has seen the raters' noise, which no model of the picture can."""
    rated.give("oracle", rated.table["quality"])
    (row,) = raters(rated.store, 1.645).to_dict("records")
    assert row["srocc"] == 1 and row["srocc_share"] > 1
    assert row["srocc_panel"] < row["srocc_ceiling"] < 1
    assert row["plcc_ceiling"] == pytest.approx(math.sqrt(row["reliability"]), abs=0.01)
    assert (row["auc_bw"], row["c0"], row["outlier_ratio"]) == (1, 1, 0)


def test_failed_jobs_leave_nothing_and_harm_nobody(rated):
    rated.give("lost", rated.noisy(0.5), status="failed")
    rated.give("one", rated.noisy(0.5))
    table = raters(rated.store, 1.645)
    assert list(table["model"]) == ["one", "lost"]
    lost = table.iloc[1]
    assert lost["pictures"] == lost["different"] == 0
    assert np.isnan([lost["srocc"], lost["c0"], lost["c0_low"], lost["outlier_ratio"]]).all()


def test_what_cannot_be_judged_is_a_sentence(rated, book):
    book.add("plain", book.noisy(0.5), test="bare")
    book.store.save_table("bare", "0" * 16, book.table.drop(columns=["mos_std", "raters"]))
    with pytest.raises(UsageError, match="bare does not say how its raters disagreed"):
        raters(book.store, 1.645)
    results = Results(Session(store=book.store.root))
    with pytest.raises(UnknownNameError, match=r"unknown test set in .* 'moon'"):
        results.raters(datasets="moon")
    with pytest.raises(UnknownNameError, match="'planes'"):
        results.raters("planes", "bare")
    rated.give("one", rated.noisy(0.5))
    assert list(raters(book.store, 1.645)["test"]) == ["set"]
    with pytest.raises(UsageError, match="none of plain was tested on any of set"):
        results.raters("plain", "set")


def test_repeated_splits_have_a_corrected_error(book):
    """Three hold-outs of 4 of 12 contents: sd sqrt(1/3 + 4/8)."""
    scores = book.noisy(0.8)
    book.add("one", scores, protocol=HOLD_OUT)
    book.add("folds", scores)
    book.add("plain", scores, protocol=HOLD_OUT, train="-")
    board = book.board()
    each = [
        stats.spearmanr(scores[part], book.table["quality"][part]).statistic
        for part in (book.table["content"].isin(fold) for fold in book.folds)
    ]
    expected = np.std(each, ddof=1) * np.sqrt(1 / 3 + 4 / 8)
    assert board.loc["one", "srocc_error"] == pytest.approx(expected)
    assert np.isnan(board.loc[["folds", "plain"], "srocc_error"]).all()
