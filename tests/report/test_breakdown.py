import numpy as np
import pytest
from scipy import stats

from iqabench.contract import UsageError
from iqabench.report.breakdown import breakdown
from iqabench.stats import fit_logistic


@pytest.fixture
def parted(book):
    """The labels with two distortions and six levels; `rare` is two pictures of each part."""
    numbers = np.arange(len(book.table)) % 6
    contents = book.table.groupby("content").ngroup() < 1
    book.table["level"] = numbers + 1
    book.table["distortion"] = np.where(numbers % 2, "blur", "noise")
    book.table.loc[contents & (numbers < 2), "distortion"] = "rare"
    book.store.save_table("set", "1" * 16, book.table)

    def add(label, scores, **keys):
        book.add(label, scores, test_hash="1" * 16, **keys)

    book.give = add
    return book


def rows(book, by, label="one"):
    table = breakdown(book.store, by)
    return table[table["model"] == label].set_index(by)


@pytest.mark.parametrize("by", ["distortion", "level"])
def test_means_over_repetitions_of_each_parts_own_agreement(parted, by):
    scores = parted.noisy(0.5)
    parted.give("one", scores)
    found = rows(parted, by)
    assert set(found.index) == set(parted.table[by])
    for part, row in found.iterrows():
        srocc, plcc, rmse, n = [], [], [], 0
        for fold in range(3):
            whole = parted.table["content"].isin(parted.folds[fold])
            x, y = scores[whole], parted.table.loc[whole, "quality"]
            inside = parted.table.loc[whole, by] == part
            n += inside.sum()
            if not inside.any():
                continue
            error = fit_logistic(x, y)(x)[inside] - y[inside]
            rmse.append(np.sqrt(np.mean(error**2)))
            if inside.sum() >= 3:
                srocc.append(stats.spearmanr(x[inside], y[inside]).statistic)
                plcc.append(stats.pearsonr(x[inside], y[inside]).statistic)
        assert row["n"] == n
        for metric, each in (("srocc", srocc), ("plcc", plcc), ("rmse_mapped", rmse)):
            expected = np.mean(each) if each else np.nan
            assert row[metric] == pytest.approx(expected, abs=1e-12, nan_ok=True)


def test_too_few_pictures_correlate_with_nothing(parted):
    parted.give("one", parted.noisy(0.5))
    row = rows(parted, "distortion").loc["rare"]
    assert row["n"] == 2
    assert np.isnan([row["srocc"], row["plcc"]]).all()
    assert row["rmse_mapped"] > 0  # of the curve through all pictures, not through two


def test_failed_pictures_and_jobs_are_not_counted(parted):
    scores = parted.noisy(0.5)
    blurred = parted.table.index[parted.table["distortion"] == "blur"]
    scores[blurred[:3]] = np.nan
    parted.give("one", scores)
    parted.give("lost", scores, status="failed")
    assert rows(parted, "distortion").loc["blur", "n"] == len(blurred) - 3
    lost = rows(parted, "distortion", "lost")
    assert (lost["n"] == 0).all()
    assert lost[["srocc", "plcc", "rmse_mapped"]].isna().all(axis=None)


def test_the_best_model_of_each_part_comes_first(parted):
    parted.give("dim", parted.noisy(2))
    parted.give("clear", parted.noisy(0.1))
    table = breakdown(parted.store, "distortion")
    assert list(table["model"][:2]) == ["clear", "dim"]
    assert list(table["distortion"][:2]) == ["blur", "blur"]


def test_sets_without_the_column_are_left_out(parted):
    parted.give("one", parted.noisy(0.5))
    parted.add("plain", parted.noisy(0.5))  # judged by labels that have no distortions
    assert set(breakdown(parted.store, "distortion")["model"]) == {"one"}


def test_no_set_has_the_column(book):
    book.add("one", book.noisy(0.5))
    with pytest.raises(UsageError, match="has a column 'level'"):
        breakdown(book.store, "level")


def test_bands_are_quarters_of_the_sets_qualities(parted):
    """72 pictures, 18 in each quarter; agreement within one is of a narrower range."""
    scores = parted.noisy(0.5)
    parted.give("one", scores)
    found = rows(parted, "band")
    assert found["n"].to_dict() == {1: 18, 2: 18, 3: 18, 4: 18}
    best = parted.table["quality"].rank() > 54
    each = [
        stats.spearmanr(scores[part], parted.table["quality"][part]).statistic
        for part in (best & parted.table["content"].isin(fold) for fold in parted.folds)
        if part.sum() >= 3
    ]
    assert found.loc[4, "srocc"] == pytest.approx(np.mean(each))


def test_equal_labels_share_a_band(parted):
    parted.table["quality"] = np.repeat([1.0, 2.0], 36)
    parted.store.save_table("set", "2" * 16, parted.table)
    parted.add("one", parted.noisy(0.5), test_hash="2" * 16)
    assert set(rows(parted, "band")["n"]) == {36}
    parted.table["quality"] = 3.0
    parted.store.save_table("set", "3" * 16, parted.table)
    parted.add("same", parted.noisy(0.5), test_hash="3" * 16)
    assert rows(parted, "band", "same")["n"].to_dict() == {1: 72}
