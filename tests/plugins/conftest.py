"""The public data sets' trees, each built once, and a way to read any tree."""

from functools import cache

import public_trees
import pytest

from iqabench.catalog import BoundDataset
from iqabench.data import tables
from iqabench.registry import registry


@pytest.fixture(scope="session")
def public(tmp_path_factory):
    """``public(name)``: the root of a whole set and what it publishes. Write nothing below it."""
    built = {}

    def tree(name, **options):
        key = (name, *sorted(options.items()))
        if key not in built:
            root = tmp_path_factory.mktemp("public") / name
            built[key] = root, public_trees.BUILDERS[name](root, **options)
        return built[key]

    return tree


@pytest.fixture(scope="session")
def whole(public, read):
    """``whole(name)``: a whole set, read once."""
    return cache(lambda name: read(name, public(name)[0]))


@pytest.fixture(scope="session")
def read():
    """``read(name, root)``: the set as the harness reads it."""

    def dataset(name, root, **options):
        return tables.read(BoundDataset(registry().dataset(name), root, options))

    return dataset
