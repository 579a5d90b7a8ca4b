"""BIQ2021: the official split, one name in another case, and scenes that the set does not name."""

import pytest

from iqabench.contract import DataError
from iqabench.data.splits import hold_out, official
from iqabench.kit.places import shipped_file


@pytest.fixture(scope="module")
def tree(public):
    return public("biq2021")


@pytest.fixture(scope="module")
def found(tree, read):
    return read("biq2021", tree[0])


def scenes():
    """Scene -> its pictures, as the file of groups has them."""
    groups = {}
    lines = shipped_file("iqabench_datasets:biq2021_scenes.csv").read_text().splitlines()
    assert lines[0] == "image,scene"
    for line in lines[1:]:
        image, _, scene = line.rpartition(",")
        groups.setdefault(scene, []).append(image)
    return groups


def test_all_pictures_and_both_parts_are_read(found):
    assert len(found.table) == found.card.images == 12000
    parts = found.table["official_split"].value_counts()
    assert (parts["train"], parts["test"]) == (10000, 2000)
    assert found.table["quality"].between(0, 1).all()


def test_scores_are_those_of_the_label_files(found, tree):
    expected = tree[1].set_index("image")["mos"]
    read = found.table.set_index("image")["mos"]
    assert (read.loc[expected.index] == expected).all()


def test_the_subset_stands_as_the_distortion(found):
    counts = found.table["distortion"].value_counts()
    assert counts.to_dict() == {"ss01": 2000, "ss02": 2000, "ss03": 8000}


def test_a_name_in_another_case_is_that_of_the_folder(found):
    assert "Images/ss02 (1014).JPG" in set(found.table["image"])
    assert "Images/ss02 (1014).jpg" not in set(found.table["image"])


def test_a_scene_is_one_content_of_each_part(found):
    content = found.table.set_index("image")["content"]
    part = found.table.set_index("image")["official_split"]
    for name, images in scenes().items():
        assert len(images) > 1
        for side in ("train", "test"):
            shown = {content[image] for image in images if part[image] == side}
            assert len(shown) <= 1, name
        assert not {content[i] for i in images if part[i] == "train"} & {
            content[i] for i in images if part[i] == "test"
        }


def test_the_official_split_is_the_published_one(found):
    split = official("biq2021", found.table, 0, found.card.protocol)
    rows = found.table.set_index("content")
    assert set(rows.loc[list(split.test), "official_split"]) == {"test"}
    assert set(rows.loc[[*split.train, *split.validation], "official_split"]) == {"train"}
    assert len(found.rows_of(list(split.test))) == 2000


def test_by_scene_every_scene_is_whole(tree, read):
    whole = read("biq2021-by-scene", tree[0])
    assert "official_split" not in whole.table
    content = whole.table.set_index("image")["content"]
    for images in scenes().values():
        assert len({content[image] for image in images}) == 1
    split = hold_out("biq2021-by-scene", whole.table["content"], 0, whole.card.protocol)
    assert not set(split.train) & set(split.test)


def test_a_picture_of_no_subset_is_refused(tmp_path, read):
    (tmp_path / "Images").mkdir()
    (tmp_path / "Train (Images and MOS).csv").write_text("Image Name,MOS\nss04 (1).jpg,0.5\n")
    (tmp_path / "Test (Images and MOS).csv").write_text("Image Name,MOS\nss01 (1).jpg,0.5\n")
    with pytest.raises(DataError, match=r"'ss04 \(1\).jpg' is a picture of no subset"):
        read("biq2021", tmp_path)
