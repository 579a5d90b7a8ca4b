"""Files on a disk without room: the error names them, and no part of them stays."""

import errno
import resource
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from iqabench.contract import UsageError
from iqabench.report import canvas, overlay
from iqabench.store.files import write_atomically, write_picture

DEVICE = Path("/dev/full")
"""Linux's file that has room for nothing."""


@contextmanager
def room_for(size):
    """No file of this process gets more bytes than ``size``."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.skipif(not DEVICE.exists(), reason="needs /dev/full, which Linux has")
def test_a_full_disk_names_the_file(tmp_path):
    with pytest.raises(OSError, match="No space left on device") as error:
        write_atomically(tmp_path / "wanted", lambda part: DEVICE.write_bytes(bytes(10)))
    assert error.value.errno == errno.ENOSPC
    assert error.value.filename == str(tmp_path / "wanted")


@pytest.mark.parametrize("ending", canvas.FORMATS)
def test_a_figure_without_room_leaves_nothing(ending, tmp_path):
    made = canvas.figure(2, 2)
    made.add_subplot().plot([1, 2])
    with room_for(100), pytest.raises(UsageError, match=r"cannot write .*: File too large"):
        canvas.save(made, tmp_path / f"wanted.{ending}")
    assert not list(tmp_path.iterdir())
    canvas.save(made, tmp_path / f"wanted.{ending}")


def test_a_sheet_without_room_leaves_nothing(tmp_path):
    photo = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    saliency = np.ones((32, 32), np.float32)
    with room_for(100), pytest.raises(UsageError, match=r"cannot write .*: File too large"):
        overlay.draw(photo, saliency, tmp_path / "wanted.png", "a.png", "center")
    assert not list(tmp_path.iterdir())


def test_a_picture_comes_whole(tmp_path):
    picture = Image.new("RGB", (3, 2), "red")
    write_picture(tmp_path / "a.png", lambda stream: picture.save(stream, format="PNG"))
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    with Image.open(tmp_path / "a.png") as read:
        assert (read.size, read.getpixel((0, 0))) == ((3, 2), (255, 0, 0))
