import hashlib
import os

import pytest

from iqabench.data.file_hashes import file_hashes


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("IQABENCH_CACHE", str(tmp_path / "cache"))


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
    write(path, b"two")  # the same path, size and time
    assert hashed(path) == ([of(b"one")], 0)


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
