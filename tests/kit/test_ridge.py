"""The ridge regression against scikit-learn's, and against leaving rows out one by one."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.preprocessing import StandardScaler

from iqabench.kit.ridge import ALPHAS, fit_ridge


def rows(n, f, seed=0, noise=1.0):
    random = np.random.default_rng(seed)
    features = random.normal(5, random.uniform(0.1, 30, f), (n, f))
    return features, features @ random.normal(0, 1 / f, f) + random.normal(0, noise, n)


def predicted(fitted, features):
    return fitted.intercept + (features - fitted.mean) / fitted.spread @ fitted.coefficients


@pytest.mark.parametrize(("n", "f"), [(40, 7), (12, 60), (30, 30), (3, 1), (3, 5)])
@pytest.mark.parametrize("noise", [0.01, 1.0, 50.0])
def test_it_is_scikit_learns_with_the_same_penalty(n, f, noise):
    features, quality = rows(n, f, noise=noise)
    found = fit_ridge(features, quality)
    scaled = StandardScaler().fit_transform(features)
    assert found.alpha == pytest.approx(RidgeCV(ALPHAS).fit(scaled, quality).alpha_)
    plain = Ridge(found.alpha).fit(scaled, quality)
    np.testing.assert_allclose(found.coefficients, plain.coef_, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(predicted(found, features), plain.predict(scaled), atol=1e-8)


def test_the_penalty_misses_rows_that_were_left_out_least():
    features, quality = rows(24, 6)
    scaled = StandardScaler().fit_transform(features)

    def missed(alpha):
        left = np.arange(24)
        return np.mean(
            [
                (Ridge(alpha).fit(scaled[left != k], quality[left != k]).predict(scaled[k : k + 1])
                 - quality[k]) ** 2
                for k in left
            ]
        )  # fmt: skip

    found = fit_ridge(features, quality)
    assert found.alpha == min(ALPHAS, key=missed)
    assert np.mean((found.left_out - quality) ** 2) == pytest.approx(missed(found.alpha))


def test_constant_and_repeated_features_do_no_harm():
    features, quality = rows(20, 4)
    found = fit_ridge(np.c_[features, features[:, :1], np.full(20, 3.0)], quality)
    assert np.isfinite(found.coefficients).all()
    assert found.coefficients[-1] == 0 and found.spread[-1] == 1
    assert found.coefficients[0] == pytest.approx(found.coefficients[4])


def test_equal_rows_are_predicted_as_their_mean():
    found = fit_ridge(np.ones((5, 3)), np.array([0.0, 1, 2, 3, 4]))
    assert predicted(found, np.ones((1, 3))) == pytest.approx([2])
