"""Commands search for garbage seldom; the jobs that they make do not."""

import gc

import pytest

from iqabench import cli
from iqabench.engine import garbage, making


@pytest.fixture(autouse=True)
def _as_before():
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def test_a_command_searches_seldom_and_its_jobs_often(iqabench, little, tmp_path, monkeypatch):
    seen = []
    work = making._work

    def watched(*asked):
        seen.append(gc.get_threshold()[0])
        return work(*asked)

    monkeypatch.setattr(making, "_work", watched)
    words = ["--models", "brisque", "--datasets", "little", "--seeds", "1"]
    code = iqabench("run", *words, "--catalog", little.catalog, "--store", tmp_path / "store")[0]
    assert code == 0
    assert seen == [garbage.OBJECTS] * 2
    assert gc.get_threshold()[0] == cli.OBJECTS > garbage.OBJECTS


def test_searches_are_as_before_after_a_job_that_fails():
    before = gc.get_threshold()
    with pytest.raises(OSError, match="full"), garbage.searched_often():
        assert gc.get_threshold()[0] == garbage.OBJECTS
        raise OSError("full")
    assert gc.get_threshold() == before
