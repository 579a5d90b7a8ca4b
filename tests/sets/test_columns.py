import pytest

from iqabench.contract import DataError
from iqabench.kit.label_files import Labels
from iqabench.sets.columns import chosen


def named(*names):
    """A label file with these columns and a row."""
    return Labels("s.csv", [(1, names), (2, ["x"] * len(names))])


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["image", "mos"], {"image": "image", "mos": "mos"}),
        (["File", "Score", "note"], {"image": "File", "mos": "Score"}),
        (
            ["dist_img", "ref_img", "dmos", "var"],  # KADID-10k's own
            {"image": "dist_img", "reference": "ref_img", "mos": "dmos"},
        ),
        (
            ["image", "mos", "split", "sd", "dist_type", "level", "scene"],
            {
                "image": "image",
                "mos": "mos",
                "official_split": "split",
                "mos_std": "sd",
                "distortion": "dist_type",
                "level": "level",
                "content": "scene",
            },
        ),
        (["ref", "dist", "mos"], {"image": "dist", "reference": "ref", "mos": "mos"}),
        (
            ["image", "dist", "orig", "gt_score"],
            {"image": "image", "mos": "gt_score", "reference": "orig", "distortion": "dist"},
        ),
        (["Image name", "MOS"], {"image": "Image name", "mos": "MOS"}),  # SPAQ's own
        (["name", "prompt", "mos_quality"], {"image": "name", "mos": "mos_quality"}),  # AGIQA-3K's
        (["file, name", "mos"], {"image": "file, name", "mos": "mos"}),
        # Two names could be the reference: neither is taken.
        (["image", "mos", "ref", "original"], {"image": "image", "mos": "mos"}),
    ],
)
def test_obvious_columns(names, expected):
    assert chosen(named(*names), {}) == expected


def test_what_is_given_wins_and_is_taken_once():
    given = {"image": "b", "mos": "score", "reference": "image", "level": None}
    assert chosen(named("image", "b", "mos", "score"), given) == {
        "image": "b",
        "mos": "score",
        "reference": "image",
    }


@pytest.mark.parametrize(
    ("names", "given", "words", "hint"),
    [
        (["image", "rating"], {}, "no column is known to hold the scores", "--mos COLUMN"),
        (["thing", "mos"], {}, "no column is known to hold the images", "--image COLUMN"),
        (["image", "mos", "dmos"], {}, "mos and dmos could hold the scores", "--mos COLUMN"),
        (["image", "mos"], {"level": "strength"}, "no column 'strength' for level", "image, mos"),
    ],
)
def test_what_is_not_obvious_is_asked_for(names, given, words, hint):
    with pytest.raises(DataError, match=words) as refused:
        chosen(named(*names), given)
    assert hint in refused.value.hint


def test_columns_by_number():
    bare = Labels("s.txt", [(1, ["r.png", "a.png", "4.46"]), (2, ["r.png", "b.png", "3"])], width=3)
    with pytest.raises(DataError) as refused:
        chosen(bare, {})
    assert "no column is known to hold the images" in refused.value.message
    assert "--columns" in refused.value.hint
    assert "1 is r.png, 2 is a.png, 3 is 4.46" in refused.value.hint
    assert chosen(bare, {"image": 2, "mos": 3}) == {"image": 2, "mos": 3}
    with pytest.raises(DataError, match="hold the scores"):
        chosen(bare, {"image": 2})
    # Beside a header, a number tells two columns of one name apart, and the others are guessed.
    assert chosen(named("image", "mos", "mos"), {"mos": 2}) == {"image": "image", "mos": 2}
