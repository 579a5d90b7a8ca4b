"""Runs a test of :mod:`iqabench.stats.significance` on two models tested alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from iqabench.report.scores import Scores
from iqabench.store.records import IMPORTED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from iqabench.stats.significance import Result

    Array = NDArray[Any]

BY_CONTENT = ("content-t", "sign-flip")
"""The tests that compare contents, which can also take means over groups of pictures."""
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Pair:
    """Two models' scores of the same images in the same repetitions."""

    a: Scores
    b: Scores

    @cached_property
    def fitted(self) -> tuple[Array, Array]:
        """(K, N) residuals of both models, after curves fitted to the images that both scored.

        Curves over each model's own images would favour the model that has skipped some: its curve
        would follow the images that are judged, and the other's curve also the skipped ones.
        """
        common = self.a.scored & self.b.scored
        return self.a.fitted(common), self.b.fitted(common)

    @cached_property
    def both(self) -> Array:
        """(K, N) bool: whether both models have a residual of an image in a repetition."""
        import numpy as np

        first, second = self.fitted
        return np.isfinite(first) & np.isfinite(second)

    @cached_property
    def gaps(self) -> Array:
        """(C,) per content the mean squared error of b minus that of a; positive if a is better.

        Squared errors of an image are averaged over repetitions, then over the content's images.
        Within groups of pictures a content's value is weighted so that the mean of all is the
        unweighted mean over groups.
        """
        import numpy as np

        from iqabench.stats.by_content import content_means

        times = self.both.sum(axis=0)
        there = times > 0
        losses = []
        for residuals in self.fitted:
            squares = np.where(self.both, residuals**2, 0.0).sum(axis=0)
            where = self.a.contents[there], self.a.places[there]
            losses.append(content_means(squares[there] / times[there], *where))
        # Equal scores in two units differ only by the rounding of their fitted curves. Such a tiny
        # difference counts as 0.
        differences = losses[1] - losses[0]
        rounding = _ROUNDING * np.maximum(*losses)
        return np.where(np.abs(differences) <= rounding, 0.0, differences)


@dataclass(frozen=True)
class Finding:
    """The result of a test of two models.

    Attributes:
        advantage: the difference between the models in the quantity that the test compares;
            positive if the first model is better.
        statistic: the test statistic; nan if results of several repetitions were combined.
        p: two-sided; nan if the test cannot be made.
        detail: the form of the test that was used; may be empty.
    """

    advantage: float = float("nan")
    statistic: float = float("nan")
    p: float = float("nan")
    detail: str = ""


def finding(pair: Pair, name: str) -> Finding:
    """The result of the test that has this name in ``PROCEDURES``."""
    if not pair.both.any():
        return Finding()
    if name in BY_CONTENT:
        return _by_content(pair, name)
    if name == "paper":
        return _paper(pair)
    if name in ("pitman-morgan", "f"):
        return _by_repetition(pair, lambda *arrays: _variances(name, *arrays))
    return _by_repetition(pair, lambda *arrays: _correlations(name, *arrays))


def _by_content(pair: Pair, name: str) -> Finding:
    from iqabench.stats import by_content

    mean = float(pair.gaps.mean())
    if pair.gaps.size < by_content.MIN_CONTENTS:
        return Finding(mean)
    test = by_content.content_t if name == "content-t" else by_content.sign_flip
    found = test(pair.gaps)
    return Finding(mean, float(found.statistic), float(found.p))


def _by_repetition(pair: Pair, test: Callable[[Pair, int, Array], tuple[float, Result]]) -> Finding:
    """Test over the images of each repetition, and combine the p of all repetitions into one."""
    import numpy as np

    from iqabench.stats.significance import over_repetitions

    found = [test(pair, k, rows) for k, rows in enumerate(pair.both) if rows.any()]
    defined = [(advantage, one) for advantage, one in found if np.isfinite(one.p)]
    if not defined:
        return Finding()
    single = len(defined) == 1
    return Finding(
        float(np.mean([advantage for advantage, _ in defined])),
        float(defined[0][1].statistic) if single else float("nan"),
        over_repetitions([float(one.p) for _, one in defined]),
        "" if single else f"p of {len(defined)} repetitions combined",
    )


def _correlations(name: str, pair: Pair, repetition: int, rows: Array) -> tuple[float, Result]:
    from scipy.stats import rankdata

    from iqabench.stats import correlated

    test, _, rank = name.partition("-")
    values = [one.predictions[repetition, rows] for one in (pair.a, pair.b)]
    x, y, quality = (rankdata(one) if rank else one for one in (*values, pair.a.quality[rows]))
    n, ranks = quality.size, bool(rank)
    ra, rb, rab = (correlated.pearson(*two) for two in ((x, quality), (y, quality), (x, y)))
    tests: dict[str, Callable[[], Result]] = {
        "williams": lambda: correlated.williams(ra, rb, rab, n),
        "steiger": lambda: correlated.steiger(ra, rb, rab, n, ranks=ranks),
        "meng": lambda: correlated.meng(ra, rb, rab, n, ranks=ranks),
        "fisher": lambda: correlated.fisher(ra, rb, n, ranks=ranks),
    }
    return float(ra - rb), tests[test]()


def _variances(name: str, pair: Pair, repetition: int, rows: Array) -> tuple[float, Result]:
    from iqabench.stats import variances

    x, y = (residuals[repetition, rows] for residuals in pair.fitted)
    test = variances.variance_ratio if name == "f" else variances.pitman_morgan
    return float(y.var() - x.var()), test(x, y)


def _paper(pair: Pair) -> Finding:
    """The test of the BioSIQNet paper on residuals.

    Residuals are raw if both models predict in the labels' unit, else they are fitted residuals.
    """
    from iqabench.stats.residuals import chosen_test, pooled_residuals

    raw = pair.a.in_labels_unit and pair.b.in_labels_unit
    x, y = (
        (one.predictions - one.quality if raw else residuals)[pair.both]
        for one, residuals in zip((pair.a, pair.b), pair.fitted, strict=True)
    )
    families = {one.group.record.family for one in (pair.a, pair.b)}
    variants = len(families) == 1 and families != {IMPORTED}
    found = pooled_residuals(x, y, variants=variants)
    test = chosen_test(bool(found.normal), variants)
    return Finding(
        float((y**2).mean() - (x**2).mean()),
        float(found.statistic),
        float(found.p),
        f"{test} of {x.size} {'raw' if raw else 'fitted'} residuals",
    )
