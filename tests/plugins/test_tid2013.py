import public_trees
import pytest

from iqabench.contract import DataError


@pytest.fixture
def root(tmp_path):
    public_trees.tid2013(tmp_path, contents=["i01", "i02", "i25"])
    return tmp_path


def test_names_are_found_in_any_case(root, read):
    """Forcing one case would lose i25's 120 pictures silently."""
    listed = (root / "mos_with_names.txt").read_text().splitlines()
    assert {line.split()[1][0] for line in listed} == {"I", "i"}
    table = read("tid2013", root).table
    assert table["content"].value_counts().to_dict() == {"i01": 120, "i02": 120, "i25": 120}
    assert set(table["reference"]) == {
        "reference_images/I01.BMP",
        "reference_images/I02.BMP",
        "reference_images/i25.bmp",
    }
    assert "distorted_images/I01_01_1.bmp" in set(table["image"])
    assert "distorted_images/i02_01_1.bmp" in set(table["image"])


def test_type_and_level_are_the_file_names(root, read):
    table = read("tid2013", root).table.set_index("image")
    row = table.loc["distorted_images/i25_24_3.bmp"]
    assert (row["distortion"], row["level"]) == ("sparse-sampling", 3)
    assert table.loc["distorted_images/i25_21_3.bmp"]["distortion"] != row["distortion"]
    assert table.loc["distorted_images/i02_10_5.bmp"]["distortion"] == "jpeg"
    assert table.groupby("distortion")["level"].apply(set).map(sorted).map(tuple).nunique() == 1


def test_names_of_types_go_with_the_public_index(whole):
    """A few types whose name there is beyond doubt."""
    known = public_trees.published("TID2013")
    if known is None:
        pytest.skip(public_trees.NO_LABELS)
    words = {"white-noise": "AWGN", "gaussian-blur": "GBLUR", "jpeg": "JPEG", "jpeg2000": "JP2K"}
    words |= {"mean-shift": "Mean_Shift", "contrast-change": "Contrast_Dist."}
    words |= {"comfort-noise": "Comfort_Noise", "masked-noise": "Masked_Noise"}
    names = known["dis_img_path"].str.split("/").str[-1].str.lower()
    kinds = dict(zip(names, known["dis_type"], strict=True))
    table = whole("tid2013").table
    found = table["image"].str.split("/").str[-1].str.lower().map(kinds)
    for ours, theirs in words.items():
        assert set(found[table["distortion"] == ours]) == {theirs}
    clear = ~found.isin(["Multiply_Dist."])  # two types share this name
    assert table[clear].groupby(found[clear])["distortion"].nunique().eq(1).all()


def test_a_higher_score_is_better_and_strong_blur_is_worse(whole):
    if public_trees.published("TID2013") is None:
        pytest.skip(public_trees.NO_LABELS)
    table = whole("tid2013").table
    for kind in ("gaussian-blur", "jpeg", "jpeg2000", "white-noise", "denoise"):
        rows = table[table["distortion"] == kind]
        assert rows.groupby("level")["quality"].mean().is_monotonic_decreasing


def test_any_miss_is_refused(root, read):
    (root / "distorted_images" / "i25_24_5.bmp").unlink()
    with pytest.raises(DataError, match=r"1 of 360 images are missing, first .*i25_24_5.bmp"):
        read("tid2013", root)


def test_a_missing_reference_is_refused(root, read):
    (root / "reference_images" / "i25.bmp").unlink()
    with pytest.raises(DataError, match="1 of 3 references are missing"):
        read("tid2013", root)


def test_files_that_differ_in_case_only_are_not_guessed_among(root, read):
    for name in ("i01_01_1.BMP", "i01_01_1.bmp"):
        (root / "distorted_images" / name).touch()
    (root / "distorted_images" / "I01_01_1.bmp").unlink()
    with pytest.raises(DataError, match=r"differ in case only"):
        read("tid2013", root)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("5.5", "line 1"),
        ("5.5 I01_01_1.png", "line 1"),
        ("5.5 I01_25_1.bmp", "line 1"),
        ("5.5 I01_00_1.bmp", "line 1"),
        ("5.5 ../I01_01_1.bmp", "line 1"),
        ("5.5 I01_01_1.bmp more", "line 1"),
        ("good I01_01_1.bmp", "1 scores are no numbers"),
        ("nan I01_01_1.bmp", "1 scores are no"),
        ("5.5 I01_01_2.bmp", "listed twice"),
    ],
)
def test_other_lines_are_refused(root, read, line, words):
    lines = (root / "mos_with_names.txt").read_text().splitlines()
    (root / "mos_with_names.txt").write_text("\n".join([line, *lines[1:]]) + "\n")
    with pytest.raises(DataError) as error:
        read("tid2013", root)
    assert words in error.value.message


def test_line_ends_tabs_blank_lines_and_byte_order_marks_do_not_matter(root, read):
    before = read("tid2013", root).table
    for name in ("mos_with_names.txt", "mos_std.txt"):
        text = (root / name).read_text().replace("\n", "\r\n").replace(" ", " \t")
        (root / name).write_bytes(b"\xef\xbb\xbf" + text.encode() + b"\r\n\r\n")
    assert read("tid2013", root).table.equals(before)


def test_both_label_files_have_as_many_lines(root, read):
    lines = (root / "mos_std.txt").read_text().splitlines()
    (root / "mos_std.txt").write_text("\n".join(lines[:-1]))
    with pytest.raises(DataError, match=r"mos_std.txt has 359 lines and mos_with_names.txt 360"):
        read("tid2013", root)
