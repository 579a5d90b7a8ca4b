"""A damaged file of a cache is named once, and one that is absent is no damage."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from iqabench.data import array_files, file_hashes
from iqabench.kit.places import cache_dir
from iqabench.store import noticed
from iqabench.store.files import write_atomically
from iqabench.store.sealed import cache_sealed, read_cached


@pytest.fixture(autouse=True)
def forgotten(monkeypatch):
    monkeypatch.setattr(noticed, "_named", set())


def flip(path, place):
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def array(path):
    array_files.write(path, array_files.parts(np.arange(6.0)))
    return lambda: array_files.read(path)


def record(path):
    cache_sealed(path, {"srocc": 0.5})
    return lambda: read_cached(path)


@pytest.mark.parametrize("kept", [array, record])
@pytest.mark.parametrize("place", [0, 12, -1])
def test_a_damaged_file_is_named_once(tmp_path, caplog, kept, place):
    path = tmp_path / "kept"
    read = kept(path)
    assert read() is not None and caplog.messages == []
    flip(path, place)
    assert read() is None and read() is None
    assert caplog.messages == [f"{path} is damaged: it is a cache, and is made again"]


@pytest.mark.parametrize("kept", [array, record])
def test_an_absent_file_is_no_damage(tmp_path, caplog, kept):
    read = kept(tmp_path / "kept")
    (tmp_path / "kept").unlink()
    assert read() is None and caplog.messages == []


@pytest.mark.parametrize("kept", [array, record])
def test_a_file_that_another_writes_meanwhile_is_no_damage(tmp_path, caplog, kept):
    path = tmp_path / "kept"
    read = kept(path)
    content = path.read_bytes()

    def write():
        for _ in range(500):
            path.unlink()
            write_atomically(path, lambda part: part.write_bytes(content), lasting=False)

    with ThreadPoolExecutor(1) as other:
        done = other.submit(write)
        while not done.done():
            read()
    assert done.result() is None and read() is not None and caplog.messages == []


def test_a_damaged_database_of_hashes_is_named_and_made_again(tmp_path, caplog, monkeypatch):
    monkeypatch.setenv("IQABENCH_CACHE", str(tmp_path / "cache"))
    picture = tmp_path / "a.png"
    picture.write_bytes(b"pixels")
    first = file_hashes.file_hashes([picture])
    place = cache_dir() / "hashes.sqlite"
    assert place.is_file() and caplog.messages == []
    place.write_bytes(b"no database" * 500)
    assert file_hashes.file_hashes([picture]) == first
    assert caplog.messages == [f"{place} is damaged: it is a cache, and is made again"]
    caplog.clear()
    noticed._named.clear()
    assert file_hashes.file_hashes([picture]) == first and caplog.messages == []
