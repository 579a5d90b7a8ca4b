"""An array in a file is read as it was written or not at all."""

import os

import numpy as np
import pytest

from iqabench.data import array_files


@pytest.fixture(autouse=True)
def unknown(monkeypatch):
    """Every file is compared with its checksum, however soon after it was written."""

    class Forgetful(dict):
        def get(self, key, default=None):
            return default

    monkeypatch.setattr(array_files, "_known", Forgetful())


@pytest.mark.parametrize("dtype", [np.uint8, np.float16, np.float64])
def test_it_comes_back_with_its_type(tmp_path, dtype):
    array = np.arange(6).astype(dtype).reshape(2, 3)
    array_files.write(tmp_path / "a", array_files.parts(array, notes=["x"]))
    for wanted in (dtype, None):
        found, facts = array_files.read(tmp_path / "a", wanted)
        np.testing.assert_array_equal(found, array)
        assert (found.dtype, facts) == (array.dtype, {"notes": ["x"]})
    assert array_files.read(tmp_path / "a", np.int32) is None


def test_every_flipped_byte_is_noticed(tmp_path):
    place = tmp_path / "a"
    array_files.write(place, array_files.parts(np.arange(5.0)))
    content = place.read_bytes()
    for position in range(len(content)):
        flipped = bytes([content[position] ^ 1 << position % 8])
        place.write_bytes(content[:position] + flipped + content[position + 1 :])
        assert array_files.read(place) is None
    for end in range(0, len(content), 7):
        place.write_bytes(content[:end])
        assert array_files.read(place) is None


@pytest.mark.parametrize(
    "head",
    (
        "",
        "{",
        "[]",
        "{}",
        '{"shape": [99]}',
        '{"shape": "x", "dtype": "<f8"}',
        '{"dtype": "|O", "shape": [1]}',
        '{"dtype": ["a"], "shape": [1]}',
        "[" * 5000,
    ),
)
def test_a_made_up_header_counts_as_damage(tmp_path, head):
    body = head.encode() + b"\n" + bytes(8)
    (tmp_path / "a").write_bytes(array_files._checksum(body) + body)
    assert array_files.read(tmp_path / "a", np.float64) is None
    assert array_files.read(tmp_path / "a") is None


def test_objects_are_not_written_in_a_form_that_is_read(tmp_path):
    ran = tmp_path / "ran"

    class Planted:
        def __reduce__(self):
            return os.mkdir, (str(ran),)

    np.save(tmp_path / "a", np.array([Planted()]), allow_pickle=True)
    assert array_files.read(tmp_path / "a.npy") is None
    assert not ran.exists()
