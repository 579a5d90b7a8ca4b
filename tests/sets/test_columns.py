import pandas as pd
import pytest

from iqabench.contract import DataError
from iqabench.sets.columns import chosen, header


@pytest.mark.parametrize("name", ["s.csv", "s.parquet"])
def test_header(tmp_path, name):
    table = pd.DataFrame({"a": [1], "b c": [2]})
    if name.endswith("csv"):
        table.to_csv(tmp_path / name, index=False)
    else:
        table.to_parquet(tmp_path / name)
    assert header(tmp_path / name) == ["a", "b c"]


@pytest.mark.parametrize("name", ["none.csv", "none.parquet", "bad.parquet", "empty.csv"])
def test_a_file_without_a_header(tmp_path, name):
    (tmp_path / "bad.parquet").write_text("no parquet")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(DataError, match="cannot read") as refused:
        header(tmp_path / name)
    assert "\n" not in refused.value.message


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
        # Two names could be the reference: neither is taken.
        (["image", "mos", "ref", "original"], {"image": "image", "mos": "mos"}),
    ],
)
def test_obvious_columns(names, expected):
    assert chosen(names, {}) == expected


def test_what_is_given_wins_and_is_taken_once():
    given = {"image": "b", "mos": "score", "reference": "image", "level": None}
    assert chosen(["image", "b", "mos", "score"], given) == {
        "image": "b",
        "mos": "score",
        "reference": "image",
    }


@pytest.mark.parametrize(
    ("names", "given", "words", "hint"),
    [
        (["image", "rating"], {}, "no column is known to hold the scores", "--mos COLUMN"),
        (["picture", "mos"], {}, "no column is known to hold the images", "--image COLUMN"),
        (["image", "mos", "dmos"], {}, "mos and dmos could hold the scores", "--mos COLUMN"),
        (["image", "mos"], {"level": "strength"}, "no column 'strength' for level", "image, mos"),
    ],
)
def test_what_is_not_obvious_is_asked_for(names, given, words, hint):
    with pytest.raises(DataError, match=words) as refused:
        chosen(names, given)
    assert hint in refused.value.hint
