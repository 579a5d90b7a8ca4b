"""The traps of the sets that later papers report; values are those of hand-chosen names."""

import json

import numpy as np
import pytest
import recent_trees

from iqabench.catalog import BoundDataset
from iqabench.contract import DataError
from iqabench.data import tables
from iqabench.data.splits import official
from iqabench.registry import registry


def edit(path, change):
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")


@pytest.mark.parametrize("name", ["tid2008", *recent_trees.RECENT])
def test_another_folder_is_refused_in_one_line(tmp_path, read, name):
    (tmp_path / "readme.txt").write_text("nothing")
    with pytest.raises(DataError) as error:
        read(name, tmp_path)
    assert error.value.message.startswith(f"data set '{name}': ")
    assert error.value.message.endswith("is missing")
    assert "\n" not in error.value.message
    assert str(tmp_path) in error.value.hint


@pytest.mark.parametrize("name", recent_trees.RECENT)
def test_cards_say_who_states_the_layout(name):
    card = registry().dataset(name)
    assert "; layout: " in card.citation
    assert card.licence
    assert card.homepage.startswith("https://")
    assert card.label_kind == "human"
    assert card.direction == "higher"


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("piq23", "overall, exposure, details"),
        ("agiqa3k", "quality, alignment"),
        ("aigciqa2023", "quality, authenticity, correspondence"),
    ],
)
def test_an_attribute_that_nobody_rated_is_refused(tmp_path, read, name, attributes):
    assert "attribute" in registry().dataset(name).option_keys
    with pytest.raises(DataError, match="attribute: sharpness is no attribute") as error:
        read(name, tmp_path, attribute="sharpness")
    assert attributes in error.value.hint


def test_tid2008_knows_its_own_types_only(tmp_path, read):
    recent_trees.BUILDERS["tid2008"](tmp_path, contents=["i01", "i25"])
    table = read("tid2008", tmp_path).table.set_index("image")
    row = table.loc["distorted_images/i25_17_4.bmp"]
    assert (row["distortion"], row["level"]) == ("contrast-change", 4)
    assert row["reference"] == "reference_images/i25.bmp"
    assert table.loc["distorted_images/I01_08_1.bmp", "distortion"] == "gaussian-blur"
    assert sorted(set(table["level"])) == [1, 2, 3, 4]
    scores = tmp_path / "mos_with_names.txt"
    edit(scores, lambda text: text.replace("I01_17_4.bmp", "I01_18_4.bmp"))
    with pytest.raises(DataError, match="no score and name of a picture"):
        read("tid2008", tmp_path)


class TestFlive:
    def test_pictures_keep_their_folders_and_are_split_as_published(self, whole, public):
        table = whole("flive").table.set_index("image")
        expected = public("flive")[1].set_index("image")
        for name in ("blur_dataset/motion000044.jpg", "voc_emotic_ava/AVA__000149.jpg"):
            assert table.loc[name, "mos"] == expected.loc[name, "mos"]
        counts = table["official_split"].value_counts()
        assert counts["test"] == 1827  # pictures with a side above 640
        assert counts.sum() == 39810
        assert set(counts.index) == {"train", "validation", "test"}

    def test_the_files_of_the_split_mark_their_pictures(self, tmp_path, read):
        names = [f"EE371R/rq00000{number}.jpg" for number in range(3)]
        recent_trees.flive(tmp_path, contents=names)
        (tmp_path / "labels640.csv").write_text(f"mos,name_image\n50,{names[2]}\n")
        lines = f"is_valid,name_image\nFalse,{names[0]}\nTrue,{names[1]}\n"
        (tmp_path / "labels=640_padded.csv").write_text(lines)
        table = read("flive", tmp_path).table
        assert table["official_split"].tolist() == ["train", "validation", "test"]
        edit(tmp_path / "labels=640_padded.csv", lambda text: text.replace("True", "yes"))
        with pytest.raises(DataError, match=r"line 3, column 'is_valid': neither True nor False"):
            read("flive", tmp_path)

    def test_without_its_files_there_is_no_split(self, tmp_path, read):
        names = [f"EE371R/rq00000{number}.jpg" for number in range(3)]
        recent_trees.flive(tmp_path, contents=names, split=False)
        assert "official_split" not in read("flive", tmp_path).table

    def test_the_root_may_be_the_whole_repository(self, tmp_path, read):
        names = [f"database/EE371R/rq00000{number}.jpg" for number in range(3)]
        recent_trees.flive(tmp_path, contents=names, base="database/")
        assert read("flive", tmp_path).table["image"].tolist() == names

    def test_patches_are_a_set_of_their_own_and_belong_to_pictures(self, tmp_path, read):
        recent_trees.flive_patches(tmp_path)
        table = read("flive-patches", tmp_path).table.set_index("image")
        assert len(table) == 120
        name = "patches/EMOTIC__COCO_val2014_000007.jpg_patch_2.jpg"
        assert table.loc[name, "content"] == "EMOTIC__COCO_val2014_000007.jpg"
        assert set(table["content"].value_counts()) == {3}
        edit(tmp_path / "labels_patch.csv", lambda text: text.replace("_patch_2.jpg", ".jpg", 1))
        with pytest.raises(DataError, match=r"labels_patch.csv, line 3: no name of a patch"):
            read("flive-patches", tmp_path)


class TestPipal:
    @pytest.fixture
    def root(self, tmp_path):
        recent_trees.pipal(tmp_path, contents=["A0001", "A0248"])
        return tmp_path

    def test_classes_and_references_are_the_file_names(self, root, read):
        table = read("pipal", root).table.set_index("image")
        assert len(table) == 232
        row = table.loc["Distortion_4/A0248_03_23.bmp"]
        assert (row["reference"], row["content"]) == ("Train_Ref/A0248.bmp", "A0248")
        assert row["distortion"] == "class-03"
        assert "level" not in table  # numbers within a class order no severity
        counts = table["distortion"].value_counts().sort_index().tolist()
        assert counts == [2 * count for count in (12, 16, 10, 24, 13, 14, 27)]

    @pytest.mark.parametrize("folder", ["Distortion4", "Dist_Imgs"])
    def test_other_names_of_the_folders(self, root, read, folder):
        (root / "Distortion_4").rename(root / folder)
        assert f"{folder}/A0248_00_00.bmp" in set(read("pipal", root).table["image"])

    @pytest.mark.parametrize("name", ["Train_Label/A0248.txt", "Train_Ref/A0001.bmp"])
    def test_labels_and_references_come_together(self, root, read, name):
        (root / name).unlink()
        with pytest.raises(DataError, match="is there without the other"):
            read("pipal", root)

    def test_a_label_file_that_is_cut_off_is_refused(self, root, read):
        edit(root / "Train_Label/A0001.txt", lambda text: text[: text.index("A0001_06_26")])
        with pytest.raises(DataError, match=r"A0001.txt has 115 rows, not 116"):
            read("pipal", root)

    def test_scores_of_another_reference_are_refused(self, root, read):
        edit(
            root / "Train_Label/A0001.txt", lambda text: text.replace("A0001_00_01", "A0002_00_01")
        )
        with pytest.raises(DataError, match=r"line 2: no name of a version of A0001"):
            read("pipal", root)


def test_uhdiqa_has_a_folder_for_each_part(tmp_path, read):
    names = [f"{part}/{number}.jpg" for part in recent_trees.UHD_SETS for number in range(1, 40)]
    expected = recent_trees.uhdiqa(tmp_path, contents=names).set_index("image")
    table = read("uhdiqa", tmp_path).table.set_index("image")
    assert table["mos"].to_dict() == expected["mos"].to_dict()
    for image, part in table["official_split"].items():
        assert image.startswith({"train": "training/"}.get(part, f"{part}/"))
    edit(tmp_path / "uhd-iqa-metadata.csv", lambda text: text.replace(",training,", ",elsewhere,"))
    with pytest.raises(DataError, match="images are missing, first elsewhere/"):
        read("uhdiqa", tmp_path)


class TestAva:
    @pytest.fixture
    def root(self, tmp_path):
        (tmp_path / "images").mkdir()
        for name in (953619, 953958, 954184):
            (tmp_path / f"images/{name}.jpg").touch()
        lines = [  # the first rows of AVA.txt, as a public thread quotes them
            "1 953619 0 1 5 17 38 36 15 6 5 1 1 22 1396",
            "2 953958 10 7 15 26 26 21 10 8 1 2 1 21 1396",
            "3 954184 0 0 4 8 41 56 10 3 4 0 0 0 1396",
        ]
        (tmp_path / "AVA.txt").write_text("\n".join(lines) + "\n")
        return tmp_path

    def test_scores_are_the_means_of_the_votes(self, root, read):
        table = read("ava", root).table
        assert table["image"].tolist() == [
            f"images/{name}.jpg" for name in (953619, 953958, 954184)
        ]
        votes = np.repeat(np.arange(1, 11), [0, 1, 5, 17, 38, 36, 15, 6, 5, 1])
        assert table["mos"][0] == pytest.approx(votes.mean()) == pytest.approx(699 / 124)
        assert table["mos_std"][0] == pytest.approx(votes.std(ddof=1))
        assert table["raters"].tolist() == [124, 126, 126]
        assert "official_split" not in table

    def test_the_list_of_test_pictures_gives_the_split(self, root, read):
        (root / "aesthetics_image_lists").mkdir()
        (root / "aesthetics_image_lists/generic_test.jpgl").write_text("954184\n1\n")
        assert read("ava", root).table["official_split"].tolist() == ["train", "train", "test"]

    def test_a_few_lost_photographs_are_left_out_and_told(self, tmp_path, read):
        recent_trees.ava(tmp_path, count=2000)
        gone = [tmp_path / f"images/{900000 + 3 * number}.jpg" for number in (4, 1998)]
        for path in gone:
            path.unlink()
        found = read("ava", tmp_path)
        assert len(found.table) == 1998
        assert found.notes == ("2 of 2000 photographs are not there and are left out",)
        (tmp_path / "images/900000.jpg").unlink()
        with pytest.raises(DataError, match="3 of 2000 images are missing, first images/900000"):
            read("ava", tmp_path)

    @pytest.mark.parametrize(
        ("old", "new", "words"),
        [
            (" 10 7 15 26 ", " 10 -7 15 26 ", "AVA.txt, line 2: a negative number of votes"),
            (" 10 7 15 26 ", " 10 seven 15 26 ", r"not finite, first images/953958"),
            ("0 0 4 8 41 56 10 3 4 0", "0 0 0 0 0 0 0 0 0 0", "not finite, first images/954184"),
            (" 22 1396", " 22", "AVA.txt, line 1: 14 fields, not 15"),
        ],
    )
    def test_other_lines_are_refused(self, root, read, old, new, words):
        edit(root / "AVA.txt", lambda text: text.replace(old, new, 1))
        with pytest.raises(DataError, match=words):
            read("ava", root)


class TestPiq23:
    def test_a_scene_is_the_content_and_the_group_of_the_reports(self, whole, public):
        table = whole("piq23").table.set_index("image")
        expected = public("piq23")[1].set_index("image")
        name = "Overall/7_Indoor_Scene_7.tiff"
        assert table.loc[name, "mos"] == expected.loc[name, "mos"]
        assert table.loc[name, "content"] == table.loc[name, "distortion"] == "Indoor_Scene_7"
        assert table.loc["Overall/8_Indoor_Scene_8.JPG", "content"] == "Indoor_Scene_8"
        assert "mos_std" not in table  # JOD STD is the uncertainty of the score
        assert "level" not in table

    def test_the_split_by_scenes_is_the_published_one(self, whole):
        found = whole("piq23")
        split = official("piq23", found.table, 0, found.card.protocol)
        assert len(split.test) == 15
        assert len(split.train) + len(split.validation) == 35

    def test_each_attribute_has_its_folder_and_file(self, tmp_path, read):
        for attribute in ("Overall", "Details", "Exposure"):
            recent_trees.piq23(tmp_path, contents=["Indoor_Scene_3"], attribute=attribute)
        details = read("piq23", tmp_path, attribute="details").table
        assert details["image"].str.startswith("Details/").all()
        assert read("piq23", tmp_path).table["image"].str.startswith("Overall/").all()

    def test_the_split_may_lie_beside_the_scores_or_be_absent(self, tmp_path, read):
        recent_trees.piq23(tmp_path, contents=["Indoor_Scene_3", "Night_Scene_30"])
        place = tmp_path / "Test split" / "Scene Split.csv"
        place = place.rename(tmp_path / "Scene Split.csv")
        parts = read("piq23", tmp_path).table.groupby("content")["official_split"].first()
        assert parts.to_dict() == {"Indoor_Scene_3": "test", "Night_Scene_30": "train"}
        place.unlink()
        assert "official_split" not in read("piq23", tmp_path).table


def test_gfiqa_is_read(public, read):
    root, expected = public("gfiqa")
    table = read("gfiqa", root).table.set_index("image")
    assert len(table) == len(expected) == 2000
    name = "image/1234.png"
    assert table.loc[name, "mos"] == expected.set_index("image").loc[name, "mos"]
    assert registry().dataset("gfiqa").images == 0  # stated in three ways


class TestCgfiqa:
    @pytest.fixture
    def root(self, tmp_path):
        names = [f"{part}/img/00001.png" for part in recent_trees.CGFIQA_PARTS]
        recent_trees.cgfiqa(tmp_path, contents=names)
        return tmp_path

    def test_pictures_of_one_name_in_three_parts_are_three(self, root, read):
        (root / "val" / "label.json").write_text('{"Image": ["00001.png"], "MOS": [2.5]}')
        table = read("cgfiqa", root).table.set_index("image")
        assert table.loc["val/img/00001.png", "mos"] == 2.5
        assert table["official_split"].to_dict() == {
            "test/img/00001.png": "test",
            "train/img/00001.png": "train",
            "val/img/00001.png": "validation",
        }

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ('{"Image": ["00001.png"]', "val/label.json cannot be read"),
            ('["00001.png"]', "val/label.json lacks the lists Image and MOS"),
            ('{"Image": ["00001.png"]}', "val/label.json lacks the lists Image and MOS"),
            ('{"Image": ["00001.png"], "MOS": [1, 2]}', "val/label.json has 1 names and 2 scores"),
            ('{"Image": ["00001.png"], "MOS": ["good"]}', "1 scores are no numbers"),
            ('{"Image": ["../img/00001.png"], "MOS": [1]}', "leads out of the set's folder"),
        ],
    )
    def test_other_label_files_are_refused(self, root, read, text, words):
        (root / "val" / "label.json").write_text(text)
        with pytest.raises(DataError, match=words):
            read("cgfiqa", root)

    def test_every_part_is_needed(self, root, read):
        (root / "test" / "label.json").unlink()
        with pytest.raises(DataError, match=r"test/label.json is missing"):
            read("cgfiqa", root)


class TestAgiqa:
    @pytest.mark.parametrize("folder", ["", "AGIQA-3K/", "images/", "image/"])
    def test_prompts_are_contents_and_generators_the_groups(self, tmp_path, read, folder):
        recent_trees.agiqa3k(tmp_path, contents=['a "boat", 7', 'a "boat", 295'], folder=folder)
        table = read("agiqa3k", tmp_path).table.set_index("image")
        row = table.loc[f"{folder}sd1.5_lowstep_007.jpg"]
        assert (row["content"], row["distortion"]) == ('a "boat", 7', "sd1.5_lowstep")
        assert len(table) == 19  # DALLE2 made no picture of the last ten prompts

    def test_alignment_has_its_own_columns(self, tmp_path, read):
        recent_trees.agiqa3k(tmp_path, contents=['a "boat", 7'])
        quality = read("agiqa3k", tmp_path).table
        alignment = read("agiqa3k", tmp_path, attribute="alignment").table
        np.testing.assert_allclose(alignment["mos"], 4.5 - quality["mos"])
        assert set(alignment["mos_std"]) == {0.25}


def test_aigciqa2023_counts_pictures_from_nought(whole, public):
    table = whole("aigciqa2023").table.set_index("image")
    scores = public("aigciqa2023")[1].set_index("image")["mos"]
    row = table.loc["Image/allimg/403.png"]  # the second generator's fourth picture
    assert (row["content"], row["distortion"]) == ("prompt-000", "dalle")
    assert row["mos"] == scores["Image/allimg/403.png"]
    last = table.loc["Image/allimg/2399.png"]
    assert (last["content"], last["distortion"]) == ("prompt-099", "unidiffuser")
    assert set(table["content"].value_counts()) == {24}


def test_aigciqa2023_has_three_attributes(public, read):
    root, _ = public("aigciqa2023")
    quality = read("aigciqa2023", root).table["mos"]
    authenticity = read("aigciqa2023", root, attribute="authenticity").table["mos"]
    correspondence = read("aigciqa2023", root, attribute="correspondence").table["mos"]
    np.testing.assert_allclose(authenticity, 100 - quality)
    np.testing.assert_allclose(correspondence, quality / 2)


def test_a_catalogue_reads_two_attributes_as_two_sets(tmp_path, public):
    from iqabench.api.session import Session

    root, _ = public("aigciqa2023")
    place = tmp_path / "catalog.yaml"
    entry = {"reader": "aigciqa2023", "root": str(root), "attribute": "correspondence"}
    place.write_text(json.dumps({"datasets": {"text-fit": entry}}))
    bound = Session(place).catalog.ready("text-fit")
    plain = BoundDataset(registry().dataset("aigciqa2023"), root)
    np.testing.assert_allclose(tables.read(bound).table["mos"], tables.read(plain).table["mos"] / 2)
