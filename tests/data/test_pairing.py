import pytest

from iqabench.contract import UsageError
from iqabench.data.given import Given
from iqabench.data.pairing import references


@pytest.fixture
def trees(tmp_path):
    for name in ("ref/a.png", "ref/sub/a.png", "ref/b.bmp", "ref/c.png", "ref/c.bmp"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def pairs(trees, *names):
    pictures = [Given(name, trees / "in" / name, trees / "in") for name in names]
    found = references(pictures, trees / "ref")
    return [one.path.relative_to(trees / "ref").as_posix() for one in found]


def test_a_reference_has_the_path_the_name_or_the_name_but_for_its_ending(trees):
    assert pairs(trees, "a.png", "sub/a.png") == ["a.png", "sub/a.png"]
    assert pairs(trees, "other/a.png", "b.jpg") == ["a.png", "b.bmp"]
    assert pairs(trees, "sub/a.jpg", "c.bmp") == ["sub/a.png", "c.bmp"]


def test_a_file_named_alone_is_sought_by_its_name(trees):
    (found,) = references([Given("a.png", trees / "deep" / "a.png")], trees / "ref")
    assert found.path == trees / "ref" / "a.png"


def test_one_file_is_the_reference_of_all(trees):
    pictures = [Given("image 1"), Given("image 2")]
    found = references(pictures, trees / "ref" / "a.png")
    assert [one.path.name for one in found] == ["a.png", "a.png"]


def test_none_or_several_references_are_refused(trees):
    with pytest.raises(UsageError, match=r"not one reference in .* for c\.jpg, x\.png$"):
        pairs(trees, "a.png", "c.jpg", "x.png")
    with pytest.raises(UsageError, match=r"for 1, 2, 3 and 1 more$"):
        pairs(trees, *"1234")
    with pytest.raises(UsageError, match="no reference at"):
        references([], trees / "nowhere")
    with pytest.raises(UsageError, match="pictures in memory have no names"):
        references([Given("image 1")], trees / "ref")
