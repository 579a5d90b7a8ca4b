import pytest

from iqabench.contract import UsageError
from iqabench.data.picture_files import find_pictures


def test_files_as_named_and_folders_in_depth(tmp_path):
    for name in ("b.PNG", "a.jpg", "deep/c.tiff", "notes.txt", "other.dat"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_text("")
    odd = tmp_path / "in" / "other.dat"
    found = find_pictures([odd, tmp_path / "in", tmp_path / "in" / "a.jpg"])
    assert [path.name for path in found] == ["other.dat", "a.jpg", "b.PNG", "c.tiff"]


@pytest.mark.parametrize("name", ["empty", "none", "none.png"])
def test_nothing_there(tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no picture at"):
        find_pictures([tmp_path / name])
