import hashlib
import os
import time

import pytest

from iqabench.data import file_hashes as hashing
from iqabench.data.file_hashes import file_hashes

MOMENT = 0.03
"""Seconds; file systems take their times from a clock whose steps are at most 10 ms."""


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """A cache of one's own, and files that count as settled as soon as they are written."""
    monkeypatch.setenv("IQABENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(hashing, "CLOCK_STEP", -(10**9))


def write(path, content, time=10**18):
    path.write_bytes(content)
    os.utime(path, ns=(time, time))
    return path


def of(content):
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def hashed(*paths):
    """The digests, and how many files were read for them."""
    ticks = []
    return file_hashes(list(paths), ticks.append), len(ticks)


def test_digests_are_of_contents_in_the_order_asked(tmp_path):
    a, b = write(tmp_path / "a", b"one"), write(tmp_path / "b", b"two")
    assert hashed(b, a, b) == ([of(b"two"), of(b"one"), of(b"two")], 2)
    assert file_hashes([]) == []


def test_a_file_is_read_once(tmp_path):
    path = write(tmp_path / "a", b"one")
    assert hashed(path) == ([of(b"one")], 1)
    assert hashed(path) == ([of(b"one")], 0)


def overwritten(path):
    write(path, b"two")


def renamed_over(path):
    """As rsync and editors replace a file; copies as `cp -p` and tar leave them keep their time."""
    write(path.with_name("new"), b"two").rename(path)


def swapped(path):
    """Both files keep inode, size and modification time."""
    other = write(path.with_name("other"), b"two")
    time.sleep(MOMENT)
    path.rename(path.with_name("aside"))
    other.rename(path)


@pytest.mark.parametrize("replace", [overwritten, renamed_over, swapped])
def test_a_replaced_file_of_equal_size_and_time_is_read_again(tmp_path, replace):
    path = write(tmp_path / "a", b"one")
    before = path.stat()
    hashed(path)
    time.sleep(MOMENT)
    replace(path)
    after = path.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert hashed(path) == ([of(b"two")], 1)
    assert hashed(path) == ([of(b"two")], 0)


def test_a_file_that_has_only_just_changed_is_not_remembered(tmp_path, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setenv("IQABENCH_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "a"
    for number in range(200):  # far more often than the clock of a file system ticks
        write(path, b"%03d" % number)
        assert file_hashes([path]) == [of(b"%03d" % number)]
    time.sleep(hashing.CLOCK_STEP / 1e9 + MOMENT)
    assert hashed(path) == ([of(b"199")], 1)
    assert hashed(path) == ([of(b"199")], 0)


def test_every_file_is_read_if_that_is_asked_for(tmp_path):
    path = write(tmp_path / "a", b"one")
    hashed(path)
    ticks = []
    assert file_hashes([path], ticks.append, afresh=True) == [of(b"one")]
    assert ticks == [1]


@pytest.mark.parametrize(("content", "time"), [(b"longer", 10**18), (b"two", 10**18 + 1)])
def test_another_size_or_time_is_read_again(tmp_path, content, time):
    path = write(tmp_path / "a", b"one")
    hashed(path)
    write(path, content, time)
    assert hashed(path) == ([of(content)], 1)
    assert hashed(path) == ([of(content)], 0)


def test_a_link_is_remembered_as_its_file(tmp_path):
    path = write(tmp_path / "a", b"one")
    (tmp_path / "link").symlink_to(path)
    hashed(path)
    assert hashed(tmp_path / "link") == ([of(b"one")], 0)


def test_more_files_than_one_query_holds(tmp_path):
    contents = [b"%d" % number for number in range(1201)]
    paths = [write(tmp_path / f"f{number}", text) for number, text in enumerate(contents)]
    expected = [of(text) for text in contents]
    assert hashed(*paths) == (expected, len(paths))
    assert hashed(*reversed(paths)) == (expected[::-1], 0)


def test_an_absent_file_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        file_hashes([tmp_path / "none"])
