import pytest

from iqabench.api.session import Session
from iqabench.contract import DataError

SCORES = "koniq10k_scores_and_distributions.csv"
SETS = "koniq10k_distributions_sets.csv"
HEAD = "image_name,c1,c2,c3,c4,c5,c_total"
NAMES = [f"{number}.jpg" for number in range(5)]


def tree(root, *sizes):
    """A folder of five pictures in each size, without labels."""
    for size in sizes or ("1024x768",):
        (root / size).mkdir()
        for name in NAMES:
            (root / size / name).touch()
    return root


def scores(root, name=SCORES, mos=(1.1, 2, 3, 4, 4.3)):
    lines = [f"{n},1,2,3,4,5,105,{m},0.5,{20 * m}" for n, m in zip(NAMES, mos, strict=True)]
    (root / name).write_text("\n".join([f"{HEAD},MOS,SD,MOS_zscore", *lines]) + "\n")


def sets(root, name=SETS, mos=(3.9, 20, 50, 70, 88.4)):
    parts = ("training", "training", "training", "validation", "test")
    lines = [
        f"{n},0,0,.25,.5,.25,105,{m},0.5,{part}"
        for n, m, part in zip(NAMES, mos, parts, strict=True)
    ]
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_text("\n".join([f"{HEAD},MOS,SD,set", *lines]) + "\n")


def test_scores_from_one_to_five(tmp_path, read):
    scores(tree(tmp_path))
    found = read("koniq", tmp_path)
    assert found.card.score_range == (1, 5)
    assert found.table["mos"].tolist() == [1.1, 2, 3, 4, 4.3]
    assert set(found.table["mos_std"]) == {0.5}
    assert set(found.table["raters"]) == {105}
    assert "official_split" not in found.table


@pytest.mark.parametrize("place", [SETS, f"metadata/{SETS}"])
def test_scores_from_nought_to_a_hundred_come_with_a_split(tmp_path, read, place):
    sets(tree(tmp_path), place)
    found = read("koniq", tmp_path)
    assert found.card.score_range == (0, 100)
    assert found.table["mos"].max() == 88.4
    assert found.table["official_split"].tolist() == ["train"] * 3 + ["validation", "test"]
    assert "mos_std" not in found.table  # SD there is of ratings from 1 to 5


def test_two_label_files_are_not_chosen_between(tmp_path, read):
    scores(tree(tmp_path))
    sets(tmp_path)
    with pytest.raises(DataError, match="hold different scores") as error:
        read("koniq", tmp_path)
    for name in (SCORES, SETS):
        assert f"labels: {name}" in error.value.hint
    assert read("koniq", tmp_path, labels=SCORES).card.score_range == (1, 5)
    assert read("koniq", tmp_path, labels=SETS).card.score_range == (0, 100)


def test_columns_tell_the_scale_and_not_the_files_name(tmp_path, read):
    sets(tree(tmp_path), "mine.csv")
    assert read("koniq", tmp_path, labels="mine.csv").card.score_range == (0, 100)


@pytest.mark.parametrize("mos", [(1.1, 2, 3, 4, 77), (0.5, 2, 3, 4, 4), (1, 2, 3, 4, -1)])
def test_scales_are_never_mixed(tmp_path, read, mos):
    scores(tree(tmp_path), mos=mos)
    with pytest.raises(DataError, match="MOS outside 1 to 5"):
        read("koniq", tmp_path)


def test_either_size_of_the_pictures(tmp_path, read):
    scores(tree(tmp_path, "512x384"))
    small = read("koniq", tmp_path).table
    assert small["image"].str.startswith("512x384/").all()
    for name in NAMES:
        (tmp_path / "1024x768").mkdir(exist_ok=True)
        (tmp_path / "1024x768" / name).touch()
    large = read("koniq", tmp_path).table
    assert large["image"].str.startswith("1024x768/").all()
    assert large["content"].tolist() == small["content"].tolist()  # so that splits are the same
    assert read("koniq", tmp_path, size="512x384").table.equals(small)


def test_name_and_score_are_all_that_is_needed(tmp_path, read):
    tree(tmp_path)
    (tmp_path / SCORES).write_text("image_name,MOS\n0.jpg,3.5\n")
    assert list(read("koniq", tmp_path).table) == ["image", "content", "mos", "quality"]


def test_an_unknown_size_is_refused(tmp_path, read):
    scores(tree(tmp_path))
    with pytest.raises(DataError, match="size: 640x480") as error:
        read("koniq", tmp_path, size="640x480")
    assert "512x384" in error.value.hint


def test_pictures_that_are_missing_are_named(tmp_path, read):
    scores(tmp_path)
    with pytest.raises(DataError, match=r"5 of 5 images are missing, first 1024x768/0.jpg"):
        read("koniq", tmp_path)


def test_a_catalogue_chooses(tmp_path):
    root = tmp_path / "koniq"
    root.mkdir()
    scores(tree(root, "1024x768", "512x384"))
    sets(root)
    catalog = tmp_path / "c.yaml"
    entry = f"{{root: {root}, labels: {SETS}, size: 512x384}}"
    catalog.write_text(f"datasets:\n  KonIQ-10k: {entry}\n")
    dataset = Session(catalog).dataset("koniq")
    assert dataset.card.score_range == (0, 100)
    assert dataset.table["image"][0] == "512x384/0.jpg"


def test_an_unknown_part_of_the_split_is_named(tmp_path, read):
    sets(tree(tmp_path))
    text = (tmp_path / SETS).read_text().replace("validation", "val")
    (tmp_path / SETS).write_text(text)
    with pytest.raises(DataError, match="unknown official split 'val'"):
        read("koniq", tmp_path)
