import os
import shutil
import time
from collections import namedtuple

import pytest

from iqabench.contract import UsageError
from iqabench.data import cache_limit

HOUR = 3600
MB = 10**6


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("IQABENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("IQABENCH_CACHE_GB", "0.001")


def put(name, size, hours):
    """A file of that many bytes, unused for so many hours."""
    path = cache_limit.folder() / "version" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    then = time.time() - hours * HOUR
    os.utime(path, (then, then))


def left():
    return {path.name for path in cache_limit.folder().rglob("*") if path.is_file()}


def test_usage_is_what_all_files_hold_and_the_bound():
    assert cache_limit.usage() == (0, MB)
    put("a", 300, 0)
    put("b", 50, 99)
    assert cache_limit.usage() == (350, MB)


@pytest.mark.parametrize(("text", "bound"), [("2.5", 2_500_000_000), ("0", 0), ("1e3", 10**12)])
def test_the_bound_is_given_in_gigabytes(monkeypatch, text, bound):
    monkeypatch.setenv("IQABENCH_CACHE_GB", text)
    assert cache_limit.usage()[1] == bound


@pytest.mark.parametrize("text", ["much", "-1", "nan", "inf"])
def test_a_bound_that_is_no_size_is_refused(monkeypatch, text):
    monkeypatch.setenv("IQABENCH_CACHE_GB", text)
    for ask in (cache_limit.usage, lambda: cache_limit.take(1)):
        with pytest.raises(UsageError, match="IQABENCH_CACHE_GB"):
            ask()


@pytest.mark.parametrize(("free", "bound"), [(10**12, 20 * 10**9), (10**9, 500_000_175)])
def test_without_a_bound_it_is_20_gb_or_half_of_what_the_disk_can_spare(monkeypatch, free, bound):
    monkeypatch.delenv("IQABENCH_CACHE_GB")
    put("a", 350, 0)
    disk = namedtuple("disk", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: disk(2 * free, free, free))
    assert cache_limit.usage() == (350, bound)


@pytest.mark.parametrize(("free", "taken"), [(1.2 * 10**9, True), (10**9 + 500, False), (0, False)])
def test_a_nearly_full_disk_takes_nothing_whatever_the_bound(monkeypatch, free, taken):
    monkeypatch.setenv("IQABENCH_CACHE_GB", "500")
    disk = namedtuple("disk", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: disk(10**12, 10**12 - free, free))
    assert cache_limit.take(1000) == taken
    assert cache_limit.spare(cache_limit.folder()) == max(0, free - 10**9)


def test_what_does_not_fit_is_not_stored():
    put("a", 400_000, 1)
    assert not cache_limit.take(600_001)
    cache_limit._allowance.cache_clear()
    assert cache_limit.take(600_000)
    assert left() == {"a"}


def test_pictures_unused_for_a_day_make_room_the_longest_unused_first():
    for name, hours in (("new", 1), ("today", 23), ("old", 25), ("older", 50), ("oldest", 99)):
        put(name, 200_000, hours)
    assert cache_limit.take(1000)  # an eighth of the bound is freed: one of them
    assert left() == {"new", "today", "old", "older"}
    put("more", 200_000, 0)
    cache_limit._allowance.cache_clear()
    assert cache_limit.take(1000)
    assert left() == {"new", "today", "old", "more"}


def test_what_is_in_use_is_never_evicted_by_what_comes_next():
    put("a", 500_000, 0)
    put("b", 500_000, 23)
    assert not cache_limit.take(1000)
    assert left() == {"a", "b"}


def test_a_full_cache_is_counted_again_after_a_while(monkeypatch):
    put("a", MB, 0)
    assert not cache_limit.take(1000)
    (cache_limit.folder() / "version" / "a").unlink()
    assert not cache_limit.take(1000)
    clock = time.monotonic() + cache_limit.PAUSE
    monkeypatch.setattr(time, "monotonic", lambda: clock)
    assert cache_limit.take(1000)


def test_eight_processes_that_know_nothing_of_each_other_stay_within_the_bound():
    processes = [cache_limit._Allowance(cache_limit.folder()) for _ in range(8)]
    size, number = 5000, 0
    for _ in range(100):
        for process in processes:
            if process.take(size):
                number += 1
                put(str(number), size, 0)
    held, bound = cache_limit.usage()
    assert held <= bound
    assert held > 0.9 * bound
