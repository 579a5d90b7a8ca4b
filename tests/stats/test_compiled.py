"""The compiled sums and numpy's are the same numbers, to the last bit."""

import sys

import numpy as np
import pytest

from iqabench import stats
from iqabench.stats import weighted, weighted_krocc, weighted_srocc

compiled = pytest.importorskip("iqabench.stats.compiled", reason="numba is not installed")


@pytest.fixture(autouse=True)
def by_samples(monkeypatch):
    """No pair of samples is counted beforehand: that needs nothing compiled."""
    monkeypatch.setattr(weighted, "_PAIRED", 0)
    monkeypatch.setattr(weighted, "_PAIRED_WITHOUT", 0)


@pytest.fixture
def by_numpy(monkeypatch):
    """Computes as where numba is not installed."""

    def compute(statistic, *arguments):
        with monkeypatch.context() as patch:
            patch.setattr(weighted, "_numba", lambda: None)
            return statistic(*arguments)

    return compute


@pytest.mark.parametrize("statistic", [weighted_srocc, weighted_krocc])
@pytest.mark.parametrize("decimals", [15, 1, 0])  # 1 and 0 make ties
@pytest.mark.parametrize("n", [1, 2, 3, 17, 500])
@pytest.mark.parametrize("rows", [0, 1, 16, 50])
def test_both_agree_exactly(by_numpy, statistic, decimals, n, rows):
    random = np.random.default_rng(n)
    x = random.normal(size=n)
    y = np.round(x + random.normal(size=n), decimals)
    x = np.round(x, decimals)
    counts = random.poisson(0.8, size=(rows, n))
    assert weighted._numba() is compiled
    expected = by_numpy(statistic, x, y, counts)
    np.testing.assert_array_equal(statistic(x, y, counts), expected)


@pytest.mark.parametrize("statistic", [weighted_srocc, weighted_krocc])
def test_beyond_exact_whole_numbers_numpy_computes(by_numpy, monkeypatch, statistic):
    x, y = [1.0, 2.0, 3.0, 4.0], [2.0, 1.0, 4.0, 3.0]
    counts = np.array([[1, 2, 3, 4]]) * 10**6
    expected = by_numpy(statistic, x, y, counts)
    monkeypatch.setattr(weighted, "_numba", object)  # has no such functions
    np.testing.assert_array_equal(statistic(x, y, counts), expected)


def test_inversions_of_a_reversed_sample():
    # 5 distinct values in falling order, the i-th occurring i times: every pair is inverted,
    # (15^2 - (1 + 4 + 9 + 16 + 25)) / 2 = 85 of them.
    x = np.arange(5.0)
    counts = np.array([[1, 2, 3, 4, 5], [0, 0, 1, 0, 7]], dtype=np.int32)
    found = compiled.inversions(counts, *weighted._merges(x, -x))
    np.testing.assert_array_equal(found, [85, 7])
    np.testing.assert_array_equal(compiled.inversions(counts, *weighted._merges(x, x)), [0, 0])


def test_without_numba_numpy_computes(monkeypatch):
    monkeypatch.delattr(stats, "compiled")
    monkeypatch.setitem(sys.modules, "iqabench.stats.compiled", None)
    weighted._numba.cache_clear()
    try:
        assert weighted._numba() is None
        assert weighted_srocc([1, 2, 3], [3, 2, 1], [[1, 1, 1]])[0] == pytest.approx(-1)
    finally:
        weighted._numba.cache_clear()
