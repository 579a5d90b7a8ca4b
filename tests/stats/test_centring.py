"""Correlations of values that differ in their last bits, are huge or tiny, or hold an outlier."""

from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest

from iqabench.stats import plcc, weighted_plcc
from iqabench.stats.centring import centred, quartile_unit, standard_unit
from iqabench.stats.correlated import pearson
from iqabench.stats.saliency import cc, nss


def exact(x, y):
    """Pearson's correlation in fractions, rounded once at the end."""
    u, v = ([Fraction(float(one)) for one in values] for values in (x, y))
    u, v = ([one - sum(values) / len(values) for one in values] for values in (u, v))
    product = sum(a * b for a, b in zip(u, v, strict=True))
    square = product**2 / (sum(a * a for a in u) * sum(b * b for b in v))
    with localcontext() as context:
        context.prec = 40
        size = (Decimal(square.numerator) / Decimal(square.denominator)).sqrt()
    return float(size) * (1 if product >= 0 else -1)


def last_bits():
    x = np.full(20, 0.1)
    x[3] = np.nextafter(0.1, 1)
    return x, np.arange(20.0)


RNG = np.random.default_rng(0)
NOISE = RNG.normal(size=30)
CASES = {
    "last bits": last_bits(),
    "last bits of many": (0.3 + 2.0**-54 * RNG.integers(0, 9, 30), NOISE),
    "last bits of a large value": (1e12 + 2.0**-13 * RNG.integers(0, 9, 30), NOISE),
    "last bits of both": (
        5 + 2.0**-50 * RNG.integers(0, 9, 30),
        -7 - 2.0**-50 * RNG.integers(0, 9, 30),
    ),
    "huge": (1e300 * NOISE, RNG.normal(size=30) + NOISE),
    "end of the floats": (1.7e308 * np.sign(NOISE), RNG.normal(size=30) + NOISE),
    "tiny": (1e-300 * NOISE, RNG.normal(size=30) + NOISE),
    "outlier": (np.append(NOISE, 1e12), np.append(RNG.normal(size=30), 2.0)),
    "outlier first": (np.append(1e12, NOISE), np.append(0.3, RNG.normal(size=30))),
    "ordinary": (NOISE, RNG.normal(size=30)),
}


def test_the_exact_value_of_last_bits():
    # x is 1 once and 0 else, in its last bit: r = (3 - 9.5) / sqrt(20 * 19 * (20^2 - 1) / 12 / 20)
    assert exact(*last_bits()) == pytest.approx(-6.5 / np.sqrt(19 * 399 / 12), abs=1e-15)
    assert plcc(*last_bits()) == pytest.approx(-0.2586, abs=5e-5)


@pytest.mark.parametrize("name", CASES)
def test_every_pearson_correlation_is_exact(name):
    x, y = CASES[name]
    expected = pytest.approx(exact(x, y), abs=1e-14)
    ones = np.ones((1, x.size), dtype=int)
    assert plcc(x, y) == expected
    assert plcc(y, x) == expected
    assert weighted_plcc(x, y, ones)[0] == expected
    assert pearson(x, y) == expected
    assert pearson(np.stack([y, x]), np.stack([x, y])).tolist() == [expected, expected]
    assert cc(x[None], y[None]) == expected


@pytest.mark.parametrize("name", CASES)
def test_every_resample_is_exact(name):
    x, y = CASES[name]
    counts = np.random.default_rng(1).integers(0, 3, (20, x.size))
    for found, row in zip(weighted_plcc(x, y, counts), counts, strict=True):
        repeated = np.repeat(x, row)
        if (repeated == repeated[0]).all():
            assert np.isnan(found)
        else:
            assert found == pytest.approx(exact(repeated, np.repeat(y, row)), abs=1e-13)


def test_constant_rows_have_no_correlation():
    # The mean of seven 0.1 is not 0.1.
    found = pearson(np.array([[0.1] * 7, range(7)]), np.arange(7.0))
    assert np.isnan(found[0])
    assert found[1] == 1


def test_standard_scores_of_a_nearly_constant_map():
    # One pixel of 20 differs: the mean is 1/20, the deviation sqrt(19) / 20.
    x, _ = last_bits()
    assert nss(x.reshape(4, 5), [[0, 3]]) == pytest.approx(np.sqrt(19), abs=1e-12)


def test_centred_values_of_equal_ones_are_zero():
    assert not centred(np.full((2, 7), 0.1)).any()
    assert centred(np.array([1.0, 2.0, 6.0])).tolist() == pytest.approx(
        [-0.5, -0.25, 0.75]
    )  # -2, -1, 3
    assert not centred(np.zeros((0,))).size


def test_units_there_and_back():
    x = np.array([1.0, 2.0, 3.0, 4.0, 1e12])
    assert standard_unit(np.full(5, 0.1)) is None
    assert quartile_unit(np.array([1.0, 1, 1, 1, 5])) is None
    inner = quartile_unit(x)
    assert (inner.origin, inner.size) == pytest.approx((3, 2 / 1.349), rel=1e-3)
    for unit in (standard_unit(x), inner):
        np.testing.assert_allclose(unit.plain(unit.standard(x)), x, rtol=1e-3)
    whole = standard_unit(x)
    assert whole.standard(x).mean() == pytest.approx(0, abs=1e-12)
    assert whole.standard(x).std() == pytest.approx(1)
