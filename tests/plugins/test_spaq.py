import openpyxl
import pytest

from iqabench.contract import DataError

LABELS = "Annotations/MOS and Image attribute scores.xlsx"


def tree(root, rows, header=("Image name", "MOS", "Brightness")):
    (root / "TestImage").mkdir()
    (root / "Annotations").mkdir()
    book = openpyxl.Workbook()
    for row in (header, *rows):
        book.active.append(row)
        (root / "TestImage" / str(row[0])).touch()
    book.save(root / LABELS)


def test_the_mos_is_read_and_no_attribute(tmp_path, read):
    tree(tmp_path, [("00002.jpg", 62.5, 10), ("00001.jpg", 48.86, 20)])
    table = read("spaq", tmp_path).table
    assert list(table) == ["image", "mos", "content", "quality"]
    assert table["image"].tolist() == ["TestImage/00001.jpg", "TestImage/00002.jpg"]
    assert table["quality"].tolist() == [48.86, 62.5]


def test_another_workbook_is_refused(tmp_path, read):
    tree(tmp_path, [("00001.jpg", 48.86, 20)], header=("Image", "Score", "Brightness"))
    with pytest.raises(DataError, match="lacks the columns Image name, MOS"):
        read("spaq", tmp_path)
    (tmp_path / LABELS).write_text("no workbook")
    with pytest.raises(DataError, match="cannot be read"):
        read("spaq", tmp_path)
