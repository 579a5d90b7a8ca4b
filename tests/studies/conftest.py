"""A study that several tests of a file look at is made once."""

import shutil

import pytest


@pytest.fixture(scope="module")
def _kept(tmp_path_factory):
    return tmp_path_factory.mktemp("kept") / "store", []


@pytest.fixture
def made_once(store, _kept):
    """``made_once(work)``: what ``work(place)``, which makes a store there, has returned.

    The test's own store is a copy of it, to which it may add.
    """

    def made(work):
        place, found = _kept
        if not found:
            found.append(work(place))
        shutil.copytree(place, store)
        return found[0]

    return made
