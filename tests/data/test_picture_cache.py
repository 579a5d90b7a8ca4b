import json
import mmap
import os
import subprocess
import sys
import time
import zlib

import numpy as np
import pytest
from PIL import Image

from iqabench.contract import DataError
from iqabench.data import array_files
from iqabench.data.cache_limit import folder
from iqabench.data.decoding import decode
from iqabench.data.file_hashes import file_hashes
from iqabench.data.picture_cache import cached, prepare, seen

COLOURS = np.arange(18, dtype=np.uint8).reshape(2, 3, 3) * 14
OPAQUE = np.concatenate([COLOURS, np.full((2, 3, 1), 255, np.uint8)], axis=2)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("IQABENCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def picture(tmp_path):
    """A picture's file and its hash."""
    Image.fromarray(OPAQUE).save(tmp_path / "a.png")
    return tmp_path / "a.png", *file_hashes([tmp_path / "a.png"])


def files():
    return sorted(path for path in folder().rglob("*") if path.is_file())


def same(found, expected=COLOURS):
    np.testing.assert_array_equal(found.pixels, expected)
    assert found.notes == ("opaque alpha dropped",)


def test_a_picture_is_decoded_once_and_copies_share_it(picture, tmp_path):
    path, content_hash = picture
    same(cached(path, content_hash))
    path.unlink()
    same(cached(tmp_path / "moved.png", content_hash))
    with pytest.raises(DataError, match=r"cannot read moved\.png"):
        cached(tmp_path / "moved.png", "0" * 32)


def test_what_is_cached_is_mapped_and_changes_are_not_kept(picture):
    cached(*picture)
    again = cached(*picture)
    assert isinstance(again.pixels.base.base.obj, mmap.mmap)
    again.pixels[:] = 0
    same(cached(*picture))


def test_a_file_is_a_checksum_a_line_of_json_and_the_pixels(picture):
    cached(*picture)
    (place,) = files()
    checksum, head, body = place.read_bytes().split(b"\n", 2)
    assert int(checksum, 16) == zlib.crc32(head + b"\n" + body)
    assert json.loads(head) == {
        "dtype": "|u1",
        "shape": [2, 3, 3],
        "notes": ["opaque alpha dropped"],
    }
    assert body == COLOURS.tobytes()


def test_pixels_are_never_kept_under_the_hash_of_other_content(picture):
    path, content_hash = picture
    Image.fromarray(COLOURS[::-1].copy()).save(path)
    with pytest.raises(DataError, match=r"a\.png is not what it was"):
        cached(path, content_hash)
    assert files() == []


def torn(content):
    return content[: len(content) // 2] + bytes(len(content) - len(content) // 2)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: b"garbage",
        lambda content: content[:-5],
        lambda content: content + b"x",
        lambda content: bytes(len(content)),
        torn,
        lambda content: content[:-1] + bytes([content[-1] ^ 1]),
        lambda content: content.replace(b"opaque ", b""),
    ],
)
@pytest.mark.parametrize("restarted", [False, True])
def test_what_a_crash_left_damaged_is_made_again(picture, damage, restarted, monkeypatch):
    cached(*picture)
    same(cached(*picture))
    (place,) = files()
    whole = place.read_bytes()
    place.write_bytes(damage(whole))
    if restarted:
        monkeypatch.setattr(array_files, "_known", {})
    same(cached(*picture))
    assert [path.read_bytes() for path in files()] == [whole]


def test_the_checksum_is_compared_once_in_a_process(picture, monkeypatch):
    cached(*picture)
    compared = []
    checksum = array_files._checksum
    monkeypatch.setattr(array_files, "_known", {})
    monkeypatch.setattr(
        array_files, "_checksum", lambda *parts: compared.append(0) or checksum(*parts)
    )
    for _ in range(3):
        same(cached(*picture))
    assert len(compared) == 1


def test_half_a_file_that_a_killed_process_left_is_not_used(picture):
    cached(*picture)
    (place,) = files()
    left = place.with_name(f".{place.name}.12345678.part")
    left.write_bytes(place.read_bytes()[:20])
    place.unlink()
    same(cached(*picture))


def test_who_has_a_picture_mapped_keeps_it_when_it_is_removed(picture):
    cached(*picture)
    mapped = cached(*picture)
    (place,) = files()
    place.unlink()
    same(mapped)


def test_truncated_pictures_are_kept_apart(tmp_path):
    path = tmp_path / "a.png"
    noise = np.random.default_rng(0).integers(0, 255, (64, 48, 3), np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:5000])
    (content_hash,) = file_hashes([path])
    for _ in range(2):
        assert cached(path, content_hash, allow_truncated=True).notes == ("truncated",)
        with pytest.raises(DataError, match="truncated"):
            cached(path, content_hash)


@pytest.fixture
def jpeg(tmp_path):
    """A JPEG on its side, and its hash."""
    exif = Image.Exif()
    exif[274] = 6
    noise = np.random.default_rng(0).integers(0, 255, (40, 64, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.jpg", quality=90, exif=exif)
    return tmp_path / "a.jpg", *file_hashes([tmp_path / "a.jpg"])


def test_of_a_jpeg_size_and_notes_are_kept_and_it_is_decoded_again(jpeg):
    path, content_hash = jpeg
    for _ in range(2):
        found = cached(path, content_hash)
        np.testing.assert_array_equal(found.pixels, decode(path).pixels)
        assert found.notes == decode(path).notes != ()
    (place,) = files()
    assert place.stat().st_size < 500 < found.pixels.nbytes
    path.unlink()
    known = seen(path, content_hash)
    assert known.size == (64, 40)
    assert known.notes == found.notes
    with pytest.raises(DataError, match=r"cannot read a\.jpg"):
        cached(path, content_hash)


@pytest.mark.parametrize("known", [False, True])
def test_a_jpeg_that_is_used_often_is_kept_decoded(jpeg, known):
    if known:
        seen(*jpeg)
    pixels = cached(*jpeg, often=True).pixels
    jpeg[0].unlink()
    np.testing.assert_array_equal(cached(*jpeg).pixels, pixels)
    assert seen(*jpeg).size == pixels.shape[:2]
    assert len(files()) == 1


def test_a_jpeg_that_has_changed_since_is_refused_at_each_use(jpeg):
    path, content_hash = jpeg
    cached(path, content_hash)
    Image.fromarray(COLOURS).save(path)
    with pytest.raises(DataError, match=r"a\.jpg is not what it was"):
        cached(path, content_hash)


def test_a_large_jpeg_is_kept_decoded(tmp_path):
    path = tmp_path / "a.jpg"
    Image.new("RGB", (1024, 1025), "red").save(path)
    (content_hash,) = file_hashes([path])
    expected = decode(path).pixels
    assert seen(path, content_hash).size == (1025, 1024)
    path.unlink()
    np.testing.assert_array_equal(cached(path, content_hash).pixels, expected)
    assert seen(path, content_hash).size == (1025, 1024)


@pytest.mark.parametrize("obstacle", ["no room", "no folder"])
def test_a_cache_that_takes_nothing_costs_no_picture(picture, obstacle, monkeypatch, tmp_path):
    if obstacle == "no room":
        monkeypatch.setenv("IQABENCH_CACHE_GB", "0")
    else:
        folder().write_text("in the way")
    for _ in range(2):
        same(cached(*picture))
    assert obstacle == "no folder" or files() == []


def test_use_is_remembered_hour_by_hour(picture, monkeypatch):
    cached(*picture)
    (place,) = files()
    now = time.time()
    told = []
    change = os.utime
    monkeypatch.setattr(os, "utime", lambda *given, **more: told.append(change(*given, **more)))
    for hours, times in ((0.5, 0), (2, 1)):
        change(place, (now - hours * 3600, now - 99 * 3600))
        same(cached(*picture))
        same(cached(*picture))
        assert len(told) == times
    assert place.stat().st_atime == pytest.approx(now, abs=60)
    assert place.stat().st_mtime == pytest.approx(now - 99 * 3600, abs=1)


PROGRAM = """
import sys
from pathlib import Path
from random import Random
import numpy as np
from iqabench.data.picture_cache import cached
from iqabench.data.cache_limit import folder

kind, *given = sys.argv[1:]
pictures = [given[place : place + 3] for place in range(0, len(given), 3)]
for turn in range(40):
    for path, content_hash, value in Random(turn).sample(pictures, len(pictures)):
        if kind == "evict":
            for place in folder().rglob(content_hash):
                place.unlink(missing_ok=True)
            continue
        found = cached(Path(path), content_hash)
        assert found.pixels.shape == (64, 48, 3), found.pixels.shape
        assert (found.pixels == int(value)).all(), path
"""


def test_many_processes_write_read_and_evict_the_same_pictures(tmp_path):
    paths = [tmp_path / f"{value}.png" for value in range(8)]
    for value, path in enumerate(paths):
        Image.fromarray(np.full((64, 48, 3), value, np.uint8)).save(path)
    given = [
        str(word)
        for row in zip(paths, file_hashes(paths), range(len(paths)), strict=True)
        for word in row
    ]
    kinds = ["read", "read", "read", "evict"]
    running = [
        subprocess.Popen([sys.executable, "-c", PROGRAM, kind, *given], stderr=subprocess.PIPE)
        for kind in kinds
    ]
    complaints = [process.communicate()[1] for process in running]
    assert [process.returncode for process in running] == [0] * len(kinds), complaints
    assert not [path for path in files() if path.suffix == ".part"]


def test_pictures_are_prepared_with_their_notes(little, tmp_path):
    from iqabench.api.session import Session

    dataset = Session(little.catalog).dataset(little.name)
    names = list(dataset.table["image"])
    ticks = []
    notes = prepare(dataset, names, False, lambda *told: ticks.append(told)).notes
    assert notes == dict.fromkeys(names, ())
    assert ticks == [(done, len(names), "decoding") for done in range(1, len(names) + 1)]
    assert len(files()) == len(names)
    for name in names[:3]:
        found = cached(tmp_path / "absent", dataset.image_hashes[name])
        np.testing.assert_array_equal(found.pixels, decode(dataset.root / name).pixels)
