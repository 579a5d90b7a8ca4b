import os
import socket

import numpy as np
import pytest
from PIL import Image

from iqabench.contract import UsageError
from iqabench.data.picture_files import find_pictures, others_text

PIXELS = Image.fromarray(np.arange(48, dtype=np.uint8).reshape(4, 4, 3))
APPLE_DOUBLE = bytes.fromhex("0005160700020000") + b"Mac OS X        " + bytes(40)


def save(path, kind):
    path.parent.mkdir(parents=True, exist_ok=True)
    PIXELS.save(path, kind)
    return path


@pytest.fixture
def folder(tmp_path):
    """Pictures under odd names, and what else lies in such folders."""
    inside = tmp_path / "in"
    for name, kind in {
        "UPPER.PNG": "PNG",
        "photo.JPEG": "JPEG",
        "moving.gif": "GIF",
        "no ending": "PNG",
        ".hidden": "JPEG",
        "wrong.txt": "WEBP",
        "deep/er/a.TIFF": "TIFF",
        "old.tga": "TGA",
        "grey.pgm": "PPM",
        "icon.ico": "ICO",
    }.items():
        save(inside / name, kind)
    (inside / "page.png").write_text("<html>not found</html>")
    (inside / "empty.jpg").write_bytes(b"")
    (inside / "phone").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    (inside / "gone.png").symlink_to("nowhere.png")
    for name, content in {
        "notes.txt": b"P1 is the first person",
        "scores.csv": b"image,mos\na.png,3\n",
        "all.zip": b"PK\x03\x04",
        "film.mp4": b"\0\0\0\x18ftypisom\0\0\0\0isomiso2",
        "nothing": b"",
        "._UPPER.PNG": APPLE_DOUBLE,
        ".DS_Store": b"\0\0\0\x01Bud1",
        "Thumbs.db": b"\xd0\xcf\x11\xe0",
        "code.py": b"BM = 3",
        "array.npy": b"\x93NUMPY\x01\0",
    }.items():
        (inside / name).write_bytes(content)
    return inside


PICTURES = {
    *("UPPER.PNG", "photo.JPEG", "moving.gif", "no ending", ".hidden", "wrong.txt", "a.TIFF"),
    *("old.tga", "grey.pgm", "icon.ico", "page.png", "empty.jpg", "phone", "gone.png"),
}
OTHERS = {
    *("notes.txt", "scores.csv", "all.zip", "film.mp4", "nothing", "._UPPER.PNG", ".DS_Store"),
    *("Thumbs.db", "code.py", "array.npy"),
}


def test_every_file_is_a_picture_or_counted(folder):
    found = find_pictures([folder])
    assert {path.name for path in found.pictures} == PICTURES
    assert {path.name for path in found.others} == OTHERS
    assert found.note == (
        "10 files that are no pictures: .DS_Store, ._UPPER.PNG, Thumbs.db, and 7 more"
    )


def test_files_as_named_and_folders_in_depth(folder):
    notes = folder / "notes.txt"
    found = find_pictures([notes, folder / "deep", folder / "deep" / "er" / "a.TIFF"])
    assert found.pictures == [notes, folder / "deep" / "er" / "a.TIFF"]
    assert found.others == []


def test_linked_folders_are_entered_once(tmp_path):
    save(tmp_path / "elsewhere" / "a.png", "PNG")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "round").symlink_to(tmp_path / "in")
    assert find_pictures([tmp_path / "in"]).pictures == [tmp_path / "in" / "link" / "a.png"]


def test_pipes_and_sockets_are_not_opened(tmp_path):
    save(tmp_path / "a.png", "PNG")
    os.mkfifo(tmp_path / "pipe.png")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        found = find_pictures([tmp_path])
    assert [path.name for path in found.others] == ["pipe.png", "s"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_gets_a_row(tmp_path):
    (tmp_path / "secret").write_bytes(b"")
    (tmp_path / "secret").chmod(0)
    assert find_pictures([tmp_path]).pictures == [tmp_path / "secret"]


@pytest.mark.parametrize("name", ["empty", "none", "none.png"])
def test_nothing_there(tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no picture at"):
        find_pictures([tmp_path / name])


def test_a_folder_without_pictures_says_what_it_holds(tmp_path):
    (tmp_path / "notes.txt").write_text("words")
    with pytest.raises(UsageError, match=r"it holds 1 file that is no picture: notes\.txt$"):
        find_pictures([tmp_path])


def test_the_line_about_other_files():
    assert others_text([]) == ""
    assert others_text(["a"]) == "1 file that is no picture: a"
    assert others_text(list("abc")) == "3 files that are no pictures: a, b, c"
    assert others_text(list("abcd")) == "4 files that are no pictures: a, b, c, and 1 more"
