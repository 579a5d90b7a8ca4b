import numpy as np

from iqabench.stats.by_group import group_means


def test_undefined_groups_are_left_out():
    found = group_means([[1.0, 2.0, np.nan], [np.nan, np.nan, np.nan], [4.0, 4.0, 1.0]])
    np.testing.assert_array_equal(found, [1.5, np.nan, 3.0])


def test_one_group_stays_as_it_is():
    values = np.random.default_rng(0).normal(size=(5, 2, 1))
    np.testing.assert_array_equal(group_means(values), values[..., 0])
