import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from iqabench.contract import DataError
from iqabench.data.images import cached, decode
from iqabench.kit.places import cache_dir

COLOURS = np.arange(18, dtype=np.uint8).reshape(2, 3, 3) * 14


def saved(path, array, **options):
    Image.fromarray(array).save(path, **options)
    return path


def test_colours_come_back_as_they_are(tmp_path):
    found = decode(saved(tmp_path / "a.png", COLOURS))
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, COLOURS)


def test_grey_is_three_equal_planes(tmp_path):
    grey = COLOURS[..., 0]
    np.testing.assert_array_equal(
        decode(saved(tmp_path / "a.png", grey)), np.repeat(grey[..., None], 3, axis=2)
    )


def test_black_and_white_is_black_and_white(tmp_path):
    bits = np.array([[True, False], [False, True]])
    np.testing.assert_array_equal(decode(saved(tmp_path / "a.png", bits))[..., 0], bits * 255)


def test_a_palette_is_looked_up(tmp_path):
    picture = Image.fromarray(np.array([[0, 1], [1, 0]], np.uint8)).convert("P")
    picture.putpalette([10, 20, 30, 200, 100, 50])
    picture.save(tmp_path / "a.png")
    np.testing.assert_array_equal(decode(tmp_path / "a.png")[0], [[10, 20, 30], [200, 100, 50]])


def test_alpha_is_left_out(tmp_path):
    alpha = np.full((2, 3, 1), 7, np.uint8)
    path = saved(tmp_path / "a.png", np.concatenate([COLOURS, alpha], axis=2))
    np.testing.assert_array_equal(decode(path), COLOURS)


DEEP = np.array([[0, 255, 256], [32768, 65280, 65535]], np.uint16)


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_16_bit_grey_keeps_its_high_byte(tmp_path, name):
    found = decode(saved(tmp_path / name, DEEP))
    np.testing.assert_array_equal(found[..., 0], DEEP >> 8)
    np.testing.assert_array_equal(found[..., 1], found[..., 2])


def test_16_bit_colour_keeps_its_high_byte(tmp_path):
    def chunk(kind, body):
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    row = b"\0" + DEEP[1].astype(">u2").tobytes()  # no filter; one RGB pixel
    (tmp_path / "a.png").write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 16, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(row))
        + chunk(b"IEND", b"")
    )
    np.testing.assert_array_equal(decode(tmp_path / "a.png"), [[DEEP[1] >> 8]])


@pytest.mark.parametrize(
    ("orientation", "upright"),
    [
        (1, COLOURS),
        (2, COLOURS[:, ::-1]),
        (3, COLOURS[::-1, ::-1]),
        (6, np.rot90(COLOURS, -1)),
        (8, np.rot90(COLOURS)),
    ],
)
def test_pictures_are_turned_upright(tmp_path, orientation, upright):
    exif = Image.Exif()
    exif[0x0112] = orientation
    np.testing.assert_array_equal(decode(saved(tmp_path / "a.png", COLOURS, exif=exif)), upright)


@pytest.mark.parametrize("damage", ["text", "empty", "cut", "absent", "depth"])
def test_what_is_no_whole_picture_is_refused_by_name(tmp_path, damage):
    path = tmp_path / "hurt.png"
    if damage == "text":
        path.write_text("no picture")
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "cut":
        noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
        saved(path, noise)
        path.write_bytes(path.read_bytes()[:5000])
    elif damage == "depth":
        path = saved(tmp_path / "hurt.tif", np.array([[0.0, 1.0]], np.float32))
    with pytest.raises(DataError, match="hurt") as error:
        decode(path)
    assert "\n" not in error.value.message
    assert str(path) in error.value.hint


def test_a_picture_is_decoded_once_and_copies_share_it(tmp_path):
    path = saved(tmp_path / "a.png", COLOURS)
    first = cached(path, "ff" * 16)
    path.unlink()
    again = cached(tmp_path / "moved.png", "ff" * 16)
    np.testing.assert_array_equal(first, COLOURS)
    np.testing.assert_array_equal(again, COLOURS)
    assert isinstance(again, np.memmap)
    again[:] = 0  # a private copy: the cache keeps its own
    np.testing.assert_array_equal(cached(path, "ff" * 16), COLOURS)
    with pytest.raises(DataError):
        cached(path, "ee" * 16)


def test_a_damaged_cache_entry_is_made_again(tmp_path):
    path = saved(tmp_path / "a.png", COLOURS)
    cached(path, "dd" * 16)
    (place,) = cache_dir().glob(f"images/*/dd/{'dd' * 16}.npy")
    for damaged in (b"", place.read_bytes()[:-5], b"garbage"):
        place.write_bytes(damaged)
        np.testing.assert_array_equal(cached(path, "dd" * 16), COLOURS)
    assert [child.name for child in place.parent.iterdir()] == [place.name]
