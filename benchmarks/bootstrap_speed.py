"""Compares the paired bootstrap of SROCC with that of scipy.stats.bootstrap, on the same resamples.

    python benchmarks/bootstrap_speed.py [--rounds 3] [--resamples 10000] [--samples 2000]

Both draw 10,000 resamples of 2,000 pairs from the same stream and must find the same interval, to
1e-12. scipy is called with paired=True in two ways: with scipy.stats.spearmanr for each resample,
and vectorized, with scipy.stats.rankdata of 100 resamples at once. Ours is measured compiled, where
numba is installed, and with numpy alone. All take turns, since other work on the machine comes and
goes, and the median ratio of a round counts. The limit is 5 times. First
calls are left out: numba may compile in them.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from unittest.mock import patch

import numpy as np
from measurement import Measurement, tell
from scipy import stats

from iqabench.stats import bootstrap, interval, weighted, weighted_krocc, weighted_srocc

LIMIT = 5
KADID = 10_125
Interval = tuple[float, float]
BENCHMARK = {
    "title": "Paired bootstrap",
    "aims": ["at least 5 times as fast as scipy.stats.bootstrap, with the same interval"],
    "quick": ["--rounds", "3"],
    "full": ["--rounds", "5"],
    "tiny": ["--rounds", "1", "--resamples", "100", "--samples", "50"],
}


def ours(x: np.ndarray, y: np.ndarray, resamples: int, compiled: bool = True) -> Interval:
    """Draws, counts, statistics and interval, as ``repeated_bootstrap`` of one repetition."""
    counts = bootstrap._draw_counts(np.random.default_rng(0), resamples, x.size)
    if compiled:
        return interval(weighted_srocc(x, y, counts))
    with patch.object(weighted, "_numba", lambda: None):
        return interval(weighted_srocc(x, y, counts))


def one_by_one(x: np.ndarray, y: np.ndarray, resamples: int) -> Interval:
    """scipy's, with spearmanr."""

    def statistic(x: np.ndarray, y: np.ndarray) -> float:
        return stats.spearmanr(x, y).statistic

    return _scipys(x, y, resamples, statistic, vectorized=False)


def vectorized(x: np.ndarray, y: np.ndarray, resamples: int) -> Interval:
    """scipy's, with ranks of many resamples at once."""

    def statistic(x: np.ndarray, y: np.ndarray, axis: int) -> np.ndarray:
        u, v = (stats.rankdata(values, axis=axis) for values in (x, y))
        u -= u.mean(axis=axis, keepdims=True)
        v -= v.mean(axis=axis, keepdims=True)
        return (u * v).sum(axis) / np.sqrt((u**2).sum(axis) * (v**2).sum(axis))

    return _scipys(x, y, resamples, statistic, vectorized=True, batch=100)


def _scipys(x: np.ndarray, y: np.ndarray, resamples: int, statistic: Callable, **how) -> Interval:
    rng = np.random.default_rng(0)
    result = stats.bootstrap(
        (x, y), statistic, paired=True, n_resamples=resamples, method="percentile", rng=rng, **how
    )
    return tuple(result.confidence_interval)


def seconds(call: Callable[[], Interval]) -> tuple[float, Interval]:
    """Wall time of a call, and its result."""
    start = time.perf_counter()
    found = call()
    return time.perf_counter() - start, found


def concordance(rng: np.random.Generator) -> None:
    """Print the time of KROCC of a resample."""
    x = rng.normal(size=KADID)
    y = x + rng.normal(size=KADID)
    counts = bootstrap._draw_counts(rng, 100, KADID)
    weighted_krocc(x, y, counts[:1])
    taken, _ = seconds(lambda: weighted_krocc(x, y, counts))
    print(f"KROCC of {KADID} samples: {1000 * taken / len(counts):.2f} ms for a resample")


def main() -> None:
    """Print seconds and median ratios of all four, and KROCC's time at the size of KADID-10k."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--resamples", type=int, default=10_000)
    parser.add_argument("--samples", type=int, default=2_000)
    asked = parser.parse_args()
    rng = np.random.default_rng(1)
    x = rng.normal(size=asked.samples)
    y = x + rng.normal(size=asked.samples)
    calls: dict[str, Callable[[], Interval]] = {
        "ours, numpy": lambda: ours(x, y, asked.resamples, compiled=False),
        "scipy, one by one": lambda: one_by_one(x, y, asked.resamples),
        "scipy, vectorized": lambda: vectorized(x, y, asked.resamples),
    }
    if weighted._numba() is not None:
        calls = {"ours, compiled": lambda: ours(x, y, asked.resamples), **calls}
        taken, _ = seconds(lambda: ours(x, y, 10))
        print(f"first call of the compiled one: {taken:.1f} s")
    expected = calls["scipy, one by one"]()
    times: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(asked.rounds):
        for name, call in calls.items():
            taken, found = seconds(call)
            if not np.allclose(found, expected, rtol=0, atol=1e-12):
                raise SystemExit(f"{name}: the interval is {found}, not {expected}")
            times[name].append(taken)
        print(f"round {number + 1} of {asked.rounds} done", flush=True)
    for name, found in times.items():
        print(f"{name:18} {statistics.median(found):6.3f} s")
    for mine in (name for name in calls if name.startswith("ours")):
        for theirs in ("scipy, one by one", "scipy, vectorized"):
            pairs = zip(times[theirs], times[mine], strict=True)
            ratio = statistics.median(slow / fast for slow, fast in pairs)
            tell(
                Measurement(
                    f"paired bootstrap of SROCC, {asked.resamples} resamples of {asked.samples}: "
                    f"{mine}, beside {theirs}",
                    ratio,
                    "times as fast",
                    asked.rounds,
                    LIMIT,
                    higher=True,
                    ours=f"{statistics.median(times[mine]):.2f} s",
                    theirs=f"{statistics.median(times[theirs]):.2f} s",
                )
            )
    concordance(rng)


if __name__ == "__main__":
    main()
