import io
import struct

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from iqabench.kit.matlab import variables

NAMES = ["bikes.bmp", "a b.JPG", "é.png", "x" * 300, "", "t1.bmp"]


def saved(compress=False, **values):
    """A file as scipy, an independent writer, makes it."""
    stream = io.BytesIO()
    savemat(stream, values, do_compression=compress)
    return stream.getvalue()


def cell(names, shape=(1, -1)):
    made = np.empty(len(names), dtype=object)
    made[:] = names
    return made.reshape(shape)


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("count", [0, 1, 3, 982])
def test_numbers_of_every_kind(compress, count):
    for kind in ("f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "bool"):
        values = (np.arange(count) % 100).astype(kind)[None]
        found = variables(saved(compress, orgs=values, other=np.ones(2)))
        assert found["orgs"].dtype == np.float64, kind
        assert found["orgs"].tolist() == values.astype(float).ravel().tolist(), kind
        assert found["other"].tolist() == [1, 1], kind


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("shape", [(1, -1), (-1, 1)])
def test_cells_of_names(compress, shape):
    found = variables(saved(compress, refnames_all=cell(NAMES, shape)))
    assert found["refnames_all"].tolist() == NAMES


def test_what_is_neither_numbers_nor_names_is_left_out():
    content = saved(text="words", struct={"a": 1}, complex=np.array([1j]), kept=np.ones(1))
    assert list(variables(content)) == ["kept"]


@pytest.mark.parametrize("value", [5.0, np.array([["a"], ["b"]]), cell(["a"])])
def test_cells_of_something_else_are_refused(value):
    made = np.empty((1, 1), dtype=object)
    made[0, 0] = value
    with pytest.raises(ValueError, match=r"."):
        variables(saved(names=made))


def test_the_byte_order_of_the_other_machines():
    """A file of one array as a SPARC wrote it, by hand from the format's description."""

    def element(kind, data):
        return struct.pack(">II", kind, len(data)) + data + b"\0" * (-len(data) % 8)

    array = (
        element(6, struct.pack(">II", 6, 0))
        + element(5, struct.pack(">ii", 1, 2))
        + element(1, b"mos")
        + element(9, struct.pack(">dd", 1.5, -2))
    )
    content = b"MATLAB 5.0".ljust(124) + struct.pack(">H", 0x100) + b"MI" + element(14, array)
    assert variables(content)["mos"].tolist() == [1.5, -2]
    assert loadmat(io.BytesIO(content))["mos"].tolist() == [[1.5, -2]]


@pytest.mark.parametrize("content", [b"", b"no such file", b"\0" * 200])
def test_other_files_are_refused(content):
    with pytest.raises(ValueError, match="no MATLAB 5 file"):
        variables(content)


@pytest.mark.parametrize("compress", [False, True])
def test_cut_files_are_refused(compress):
    content = saved(compress, mos=np.random.default_rng(0).random(50))
    for size in range(136, len(content) - 8, 7):
        with pytest.raises((ValueError, struct.error)):
            variables(content[:size])


def test_a_bomb_is_refused():
    content = saved(True, mos=np.zeros(2**24))
    assert len(content) < 10**6
    with pytest.raises(ValueError, match="too large"):
        variables(content)
