import numpy as np
import pandas as pd
import pytest

from iqabench.contract import DataError, DatasetCard
from iqabench.data.tables import canonical

CARD = DatasetCard(name="set", title="Set", reader="iqabench_datasets.generic:read")


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "set"
    (folder / "deep").mkdir(parents=True)
    for name in ("a.png", "b.png", "deep/C.png", "r.png"):
        (folder / name).touch()
    (tmp_path / "secret.png").touch()
    return folder


def read(root, **columns):
    given = {"image": ["a.png", "b.png", "deep/C.png"], "mos": [1.0, 2.0, 3.0]}
    return canonical(pd.DataFrame(given | columns), CARD, root)


def refusal(root, **columns):
    with pytest.raises(DataError) as error:
        read(root, **columns)
    assert error.value.message.startswith("data set 'set': ")
    assert error.value.message.isprintable()
    assert error.value.hint
    return error.value


@pytest.mark.parametrize(
    "name",
    ["../secret.png", "deep/../a.png", "/etc/passwd", "deep\\C.png", "a.png\0", "a\n.png", "C:/a"],
)
@pytest.mark.parametrize("column", ["image", "reference", "saliency", "fixations"])
def test_paths_stay_below_the_root(root, column, name):
    error = refusal(root, **{column: [name, "b.png", "deep/C.png"]})
    assert "leads out" in error.message or "no usable path" in error.message


@pytest.mark.parametrize("column", ["image", "reference", "saliency", "fixations"])
def test_files_that_are_named_are_there(root, column):
    assert "1 of 3" in refusal(root, **{column: ["a.png", "z.png", "r.png"]}).message


def test_a_name_in_another_case_hears_of_the_right_one(root):
    error = refusal(root, image=["a.png", "b.png", "Deep/c.png"])
    assert "1 of 3 images are missing, first Deep/c.png" in error.message
    assert "there is deep/C.png" in error.hint


def test_names_are_kept_in_their_shortest_form(root):
    table = read(root, image=["./a.png", ".//b.png", "deep//./C.png"], reference="./r.png")
    assert table["image"].tolist() == ["a.png", "b.png", "deep/C.png"]
    assert set(table["content"]) == {"r.png"}


def test_an_image_by_two_names_is_listed_twice(root):
    assert "listed twice" in refusal(root, image=["a.png", "./a.png", "b.png"]).message


@pytest.mark.parametrize("gap", [None, np.nan, ""])
def test_only_some_columns_may_have_gaps(root, gap):
    for column in ("image", "reference", "content", "official_split"):
        values = ["a.png", "b.png", gap] if column != "official_split" else ["train", "test", gap]
        assert f"no {column}" in refusal(root, **{column: values}).message
    for column in ("distortion", "saliency", "fixations"):
        table = read(root, **{column: ["a.png", "b.png", gap]})
        assert table[column].isna().tolist() == [False, False, True]


@pytest.mark.parametrize("column", ["level", "mos_std", "raters"])
def test_numbers_may_be_unknown_but_not_wrong(root, column):
    assert read(root, **{column: [1, None, 3]})[column].isna().sum() == 1
    assert read(root, **{column: pd.array([1, None, 3], dtype="Int64")})[column].isna().sum() == 1
    assert read(root, **{column: ["1", "2", "3"]})[column].tolist() == [1, 2, 3]
    assert "are no numbers, first b.png: 'low'" in refusal(root, **{column: [1, "low", 3]}).message
    assert "are not finite" in refusal(root, **{column: [1, np.inf, 3]}).message


@pytest.mark.parametrize(("column", "value"), [("mos_std", -0.1), ("raters", 0)])
def test_numbers_that_cannot_be_are_refused(root, column, value):
    assert "below" in refusal(root, **{column: [1, 2, value]}).message


@pytest.mark.parametrize(
    "mos",
    [
        [True, False, True],
        pd.to_datetime(["2020-01-01"] * 3),
        [[1], [2], [3]],
        [1, 2, b"x"],
        [1, 2, "3,5"],
    ],
)
def test_scores_are_numbers(root, mos):
    assert refusal(root, mos=mos)


def test_words_are_text(root):
    refusal(root, distortion=[b"\xff"] * 3)
    assert read(root, distortion=[1, 2, 3])["distortion"].tolist() == ["1", "2", "3"]


def test_messages_are_one_printable_line(root):
    error = refusal(root, image=["a.png", "b.png", "x\x1b[31m\n.png"], mos=[1, 2, "bad"])
    assert "\x1b" not in str(error)


def test_ten_thousand_rows_list_a_folder_once(root, monkeypatch):
    import os

    names = [f"deep/{number}.png" for number in range(10_000)]
    for name in names:
        (root / name).touch()
    listed = []
    scan = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: listed.append(path) or scan(path))
    monkeypatch.setattr(os, "stat", lambda *_, **__: pytest.fail("a file was looked at alone"))
    table = canonical(pd.DataFrame({"image": names, "mos": 1.0}), CARD, root)
    assert len(table) == 10_000
    assert len(listed) == 2
