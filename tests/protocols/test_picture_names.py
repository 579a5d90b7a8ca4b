import pytest

from iqabench.contract import DataError
from iqabench.protocols.picture_names import PictureNames, loose_folders

LIVE = [*(f"jp2k/img{n}.png" for n in range(1, 9)), *(f"jpeg/img{n}.png" for n in range(1, 11))]


@pytest.fixture
def live(tmp_path):
    return PictureNames("livelike", tmp_path, LIVE)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("jp2k/img1.png", "jp2k/img1.png"),
        ("./jp2k//img1.png", "jp2k/img1.png"),
        ("jp2k\\img1.png", "jp2k/img1.png"),
        ("C:\\sets\\live\\jp2k\\img1.png", "jp2k/img1.png"),
        ("/home/x/live/jpeg/img10.png", "jpeg/img10.png"),
        ("ROOT/jpeg/img10.png", "jpeg/img10.png"),
        ("x/../jpeg/img10.png", "jpeg/img10.png"),
        ("img10.png", "jpeg/img10.png"),  # only jpeg has it
        (" jpeg/img10.png ", "jpeg/img10.png"),
    ],
)
def test_names_that_mean_one_picture(live, tmp_path, given, expected):
    assert live.match(given.replace("ROOT", str(tmp_path)), "f, line 2") == expected


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("jp2k/img9.png", "f, line 2: 'jp2k/img9.png' is not in livelike"),
        ("p2k/img1.png", "is not in livelike"),  # folders are whole words
        ("x/img10.png", "is not in livelike"),
        ("ROOT/img10.png", "is not in livelike"),
        ("ROOT/x/jpeg/img10.png", "is not in livelike"),
        ("JPEG/img10.png", "is not in livelike"),
        ("0.png", "is not in livelike"),
        ("", "is not in livelike"),
        ("/", "is not in livelike"),
        ("img1.png", "is ambiguous in livelike: jp2k/img1.png, jpeg/img1.png"),
    ],
)
def test_names_that_mean_none_or_several(live, tmp_path, given, words):
    with pytest.raises(DataError) as refused:
        live.match(given.replace("ROOT", str(tmp_path)), "f, line 2")
    assert words in refused.value.message
    assert "jp2k/img1.png" in refused.value.hint


def test_an_ending_may_leave_out_folders_of_the_set(tmp_path):
    names = PictureNames("s", tmp_path, ["all/jp2k/a.png", "all/jpeg/a.png", "ref/a.png"])
    assert names.match("jp2k/a.png", "f") == "all/jp2k/a.png"
    with pytest.raises(DataError, match=r"all/jp2k/a.png, all/jpeg/a.png, ref/a.png"):
        names.match("a.png", "f")


def test_unicode_forms_are_one_name(tmp_path):
    names = PictureNames("s", tmp_path, ["e\u0301.png"])
    assert names.match("\u00e9.png", "f") == "e\u0301.png"


def test_a_note_says_that_a_name_was_not_given_in_full(live, tmp_path):
    full = ["./jp2k/img1.png", str(tmp_path / "jp2k/img2.png")]
    assert live.note(full, ["jp2k/img1.png", "jp2k/img2.png"]) == ""
    assert live.note(["img9.png"], ["jpeg/img9.png"]) == (
        "1 of 1 images were found by their file names alone: img9.png is jpeg/img9.png"
    )
    line = live.note(["x/jp2k/img1.png", "jp2k/img2.png"], ["jp2k/img1.png", "jp2k/img2.png"])
    assert line.startswith("1 of 2 images were found by the endings of their paths")


def test_a_flat_set_has_no_pictures_of_several_folders():
    """Scores of jp2k/1.png and jpeg/2.png may be those of another set."""
    places = ["f, line 2", "f, line 3"]
    loose_folders(["x/1.png", "x/2.png"], ["1.png", "2.png"], places)
    loose_folders(["x/a/1.png", "y/a/2.png"], ["a/1.png", "a/2.png"], places)
    with pytest.raises(DataError, match=r"f, line 3: 'jpeg/2.png' and 'jp2k/1.png' lie in folders"):
        loose_folders(["jp2k/1.png", "jpeg/2.png"], ["1.png", "2.png"], places)
