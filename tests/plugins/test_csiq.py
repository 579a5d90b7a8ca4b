import openpyxl
import public_trees
import pytest

from iqabench.contract import DataError

LABELS = "csiq.DMOS.xlsx"


@pytest.fixture
def root(tmp_path):
    public_trees.csiq(tmp_path, contents=["1600", "elk", "geckos", "lady_liberty", "swarm"])
    return tmp_path


def edit(root, change):
    book = openpyxl.load_workbook(root / LABELS)
    change(book["all_by_image"])
    book.save(root / LABELS)


def test_the_picture_whose_name_is_a_number(root, read):
    cells = [row[3].value for row in openpyxl.load_workbook(root / LABELS)["all_by_image"].rows]
    assert 1600 in cells
    table = read("csiq", root).table
    rows = table[table["content"] == "1600"]
    assert len(rows) == 29
    assert set(rows["reference"]) == {"src_imgs/1600.png"}
    assert "dst_imgs/awgn/1600.AWGN.1.png" in set(rows["image"])


def test_it_is_found_where_every_picture_is_called_by_a_number(tmp_path, read):
    public_trees.csiq(tmp_path, contents=["1600"])
    assert set(read("csiq", tmp_path).table["content"]) == {"1600"}


def test_four_references_have_three_levels_of_contrast(whole):
    table = whole("csiq").table
    levels = table.groupby(["distortion", "content"])["level"].apply(list).map(sorted)
    for (distortion, content), found in levels.items():
        few = 3 if content in ("elk", "geckos", "lady_liberty", "swarm") else 4
        assert found == list(range(1, (few if distortion == "contrast-decrement" else 5) + 1))
    assert table["distortion"].value_counts()["contrast-decrement"] == 116


def test_a_stronger_level_is_worse(whole):
    """The set is monotone on average throughout: its levels order severity."""
    table = whole("csiq").table
    for _, rows in table.groupby("distortion"):
        assert rows.groupby("level")["quality"].mean().is_monotonic_decreasing


@pytest.mark.parametrize("folder", ["AWGN", "Awgn"])
def test_folders_and_names_are_found_in_any_case(root, read, folder):
    (root / "dst_imgs" / "awgn").rename(root / "dst_imgs" / folder)
    images = read("csiq", root).table["image"]
    assert f"dst_imgs/{folder}/elk.AWGN.3.png" in set(images)


def test_a_missing_picture_is_named(root, read):
    (root / "dst_imgs" / "jpeg2000" / "elk.jpeg2000.2.png").unlink()
    with pytest.raises(DataError, match=r"1 of 141 images are missing, first .*elk.jpeg2000.2"):
        read("csiq", root)


@pytest.mark.parametrize(
    ("cell", "value", "words"),
    [
        ("I4", "mos", "lacks the columns dmos"),
        ("F9", "sharpness", "unknown dst_type 'sharpness'"),
        ("I9", "good", "1 scores are no numbers"),
        ("I9", None, "1 scores are not finite"),
        ("D9", "../elk", "leads out"),
        ("D9", None, "no reference for"),
        ("G9", "one", "one"),
    ],
)
def test_other_workbooks_are_refused(root, read, cell, value, words):
    def change(page):
        page[cell] = value

    edit(root, change)
    with pytest.raises(DataError) as error:
        read("csiq", root)
    assert words in error.value.message


def test_empty_rows_at_the_end_do_not_count(root, read):
    before = read("csiq", root).table
    edit(root, lambda page: page.cell(page.max_row + 3, 20, "a remark far below"))
    assert read("csiq", root).table.equals(before)


def test_the_sheet_must_be_there(root, read):
    book = openpyxl.load_workbook(root / LABELS)
    book["all_by_image"].title = "by_image"
    book.save(root / LABELS)
    with pytest.raises(DataError, match="all_by_image"):
        read("csiq", root)
