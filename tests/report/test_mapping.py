"""The mapping that the user asks for is that of every mapped number, and of no other."""

import click
import numpy as np
import pytest
from scipy import stats
from scipy.optimize import curve_fit

from iqabench.cli.options import mapping_option
from iqabench.report import leaderboard_table
from iqabench.report.breakdown import breakdown
from iqabench.report.compare import compare, notes
from iqabench.report.leaderboard import METRICS, leaderboard
from iqabench.stats.mapping import DEFAULT, MAPPINGS, fitted

CURVES = {
    "logistic4": (
        lambda x, b1, b2, b3, b4: b2 + (b1 - b2) / (1 + np.exp(-(x - b3) / abs(b4))),
        lambda x, y: (y.max(), y.min(), x.mean(), x.std()),
    ),
    "logistic5": (
        lambda x, b1, b2, b3, b4, b5: b1 * (0.5 - 1 / (1 + np.exp(b2 * (x - b3)))) + b4 * x + b5,
        lambda x, y: (np.ptp(y), 2 / x.std(), x.mean(), 0.1, y.mean()),
    ),
}


def bent(book, seed=0):
    """Scores that rise along a curve of the labels with a bend and a slope."""
    quality = book.table["quality"].to_numpy()
    z = (quality - quality.mean()) / quality.std()
    return np.sinh(1.3 * z) + 0.3 * np.random.default_rng(seed).normal(size=z.size)


def by_scipy(book, scores, mapping):
    """Mean mapped PLCC and RMSE of the folds, the curve fitted by scipy's curve_fit."""
    table = book.table.assign(prediction=scores)
    plcc, rmse = [], []
    for contents in book.folds:
        part = table[table["content"].isin(contents)]
        x, y = part["prediction"].to_numpy(), part["quality"].to_numpy()
        curve, start = CURVES[mapping]
        beta, _ = curve_fit(curve, x, y, start(x, y), maxfev=20000)
        mapped = curve(x, *beta)
        plcc.append(stats.pearsonr(mapped, y).statistic)
        rmse.append(np.sqrt(np.mean((mapped - y) ** 2)))
    return np.mean(plcc), np.mean(rmse)


@pytest.mark.parametrize("mapping", CURVES)
def test_mapped_numbers_are_those_of_the_curve(book, mapping):
    scores = bent(book)
    book.add("a", scores)
    plcc, rmse = by_scipy(book, scores, mapping)
    row = leaderboard(book.store, mapping=mapping).iloc[0]
    assert row["plcc_mapped_mean"] == pytest.approx(plcc, abs=2e-3)
    assert row["rmse_mapped_mean"] == pytest.approx(rmse, rel=5e-3)
    assert row["mapping"] == mapping


def test_each_mapping_has_its_own_cached_numbers(book):
    book.add("a", bent(book))
    first = {name: leaderboard(book.store, mapping=name).iloc[0] for name in MAPPINGS}
    again = {name: leaderboard(book.store, mapping=name).iloc[0] for name in MAPPINGS}
    assert len({row["rmse_mapped_mean"] for row in first.values()}) == len(MAPPINGS)
    for name, row in first.items():
        assert again[name]["rmse_mapped_mean"] == row["rmse_mapped_mean"]
        assert row["srocc_mean"] == first[DEFAULT]["srocc_mean"]


def test_without_a_mapping_numbers_are_raw_where_they_have_a_unit(book):
    book.add("here", bent(book))
    book.add("there", bent(book, 1), train="elsewhere")
    rows = leaderboard(book.store, mapping="none").set_index("model")
    for metric in ("plcc", "rmse"):
        for end in ("mean", "low", "high"):
            raw, mapped = rows.loc["here", [f"{metric}_{end}", f"{metric}_mapped_{end}"]]
            assert mapped == raw
    assert rows.loc["there", "plcc_mapped_mean"] == rows.loc["there", "plcc_mean"]
    assert np.isnan(rows.loc["there", "rmse_mapped_mean"])
    assert {f"{name}_mean" for name in METRICS} <= set(rows)


def test_a_comparison_is_of_the_mappings_residuals(book):
    for seed, label in enumerate("ab"):
        book.add(label, bent(book, seed))
    found = {name: compare(book.store, mapping=name).iloc[0] for name in MAPPINGS}
    assert len({row["advantage"] for row in found.values()}) == len(MAPPINGS)
    table = book.table
    each = [
        ((bent(book, seed) - table["quality"]) ** 2).groupby(table["content"]) for seed in (0, 1)
    ]
    gaps = each[1].mean() - each[0].mean()
    assert found["none"]["advantage"] == pytest.approx(gaps.mean())
    assert found["none"]["p"] == pytest.approx(stats.ttest_1samp(gaps, 0).pvalue)


def test_without_a_mapping_other_units_are_not_compared(book):
    for seed, label in enumerate("ab"):
        book.add(label, bent(book, seed), train="elsewhere")
    assert compare(book.store, mapping="none").iloc[0]["verdict"] == "nothing to compare"


def test_a_breakdown_has_the_mapping_too(book):
    book.add("a", bent(book))
    found = [breakdown(book.store, "band", mapping=name)["rmse_mapped"].sum() for name in MAPPINGS]
    assert len(set(found)) == len(MAPPINGS)


def test_a_footnote_names_an_unusual_mapping(book):
    for seed, label in enumerate("ab"):
        book.add(label, bent(book, seed))
    said = "mapped values and fitted residuals: the five-parameter logistic (--mapping logistic5)"
    assert said in leaderboard_table.notes(leaderboard(book.store, mapping="logistic5"))
    assert said in notes(compare(book.store, mapping="logistic5"))
    assert said not in leaderboard_table.notes(leaderboard(book.store))


def test_commands_offer_every_mapping():
    @mapping_option
    @click.command()
    def command(mapping):
        pass

    (option,) = command.params
    assert (tuple(option.type.choices), option.default) == (MAPPINGS, DEFAULT)


def test_an_unknown_mapping_is_refused():
    with pytest.raises(ValueError, match="mapping must be one of logistic4, logistic5, none"):
        fitted([1, 2, 3], [1, 2, 3], "cubic")
