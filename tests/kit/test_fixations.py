import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from iqabench.contract import DataError
from iqabench.kit.fixations import blurred, fixations_by_image, pixels, read_fixations


@pytest.fixture
def csv(tmp_path):
    def write(text, name="fixations.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_text(text, encoding=encoding)
        return path

    return write


def test_a_file_for_all_pictures(csv):
    path = csv("image,observer,y,x,start_s\na.jpg,0,1.5,2,0\nb.jpg,0,3,4,0\na.jpg,1,5,6.25,1\n")
    assert read_fixations(path, "a.jpg").tolist() == [[1.5, 2], [5, 6.25]]
    assert read_fixations(path, "images/b.jpg").tolist() == [[3, 4]]
    assert list(fixations_by_image(path)) == ["a.jpg", "b.jpg"]


def test_a_path_is_found_before_a_name(csv):
    path = csv("image,y,x\na.jpg,1,1\nfolder/a.jpg,2,2\n")
    assert read_fixations(path, "folder/a.jpg").tolist() == [[2, 2]]
    assert read_fixations(path, "images/folder/a.jpg").tolist() == [[2, 2]]
    assert read_fixations(path, "other/a.jpg").tolist() == [[1, 1]]


def test_a_file_for_one_picture(csv):
    """Columns in any order, semicolons, a byte order mark."""
    path = csv("x;y\n1;2\n", encoding="utf-8-sig")
    assert read_fixations(path, "whatever.png").tolist() == [[2, 1]]
    assert read_fixations(csv("y,x\n", "none.csv"), "a.png").shape == (0, 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image,y\na,1\n", "lacks the columns x"),
        ("", "cannot read fixations.csv: it is empty"),
        ("y,x\n1,2\n3,left\n", "line 3, column 'x': x is no number: 'left'"),
        ("y,x\nnan,2\n", "line 2, column 'y': y is no number"),
        ("y,x\n1\n", "line 2: 1 field, not 2"),
        ("y,x,y\n1,2,3\n", "has 2 columns 'y': columns 1 and 3"),
        ("image,y,x\nb.jpg,1,2\n", "no fixations on a.jpg"),
        ("image,y,x\n", "no fixations on a.jpg"),
        ("image,y,x\n,1,2\n", "line 2, column 'image': no image"),
        ("y,x\n" + "1" * 200_000 + ",2\n", "cannot be read: field larger"),
    ],
)
def test_damaged_files_are_refused(csv, text, message):
    with pytest.raises(DataError, match=message) as caught:
        read_fixations(csv(text), "a.jpg")
    assert caught.value.hint


def test_a_file_that_is_no_text_or_not_there(tmp_path):
    (tmp_path / "binary.csv").write_bytes(b"y,x\n\x81\x8d,1\n")
    with pytest.raises(DataError, match="UTF-8"):
        read_fixations(tmp_path / "binary.csv", "a")
    with pytest.raises(FileNotFoundError):
        read_fixations(tmp_path / "none.csv", "a")


def test_a_file_is_parsed_once_and_again_when_it_changes(csv):
    path = csv("y,x\n1,2\n")
    first = read_fixations(path, "a")
    assert read_fixations(path, "b") is first
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 0
    csv("y,x\n1,2\n30,40\n")
    assert len(read_fixations(path, "a")) == 2


def test_pixels_hold_their_upper_left_edges():
    places = np.array([[0, 0], [1.999, 0.5], [2, 1], [3.99, 4.99], [4, 0], [0, 5], [-0.1, 0]])
    assert pixels(places, (4, 5)).tolist() == [[0, 0], [1, 0], [2, 1], [3, 4]]


def test_one_fixation_is_a_gaussian():
    """exp(-d^2 / (2 sigma^2)) of the distance from the fixated pixel."""
    found = blurred(np.array([[20.5, 30.9]]), (41, 61), 5)
    y, x = np.mgrid[:41, :61]
    expected = np.exp(-((y - 20) ** 2 + (x - 30) ** 2) / 50)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert found.dtype == np.float32
    assert found.max() == 1


def test_blurred_as_scipy_has_it():
    places = np.random.default_rng(0).uniform(0, (50, 70), (30, 2))
    counts = np.histogram2d(*places.T, bins=(50, 70), range=((0, 50), (0, 70)))[0]
    expected = gaussian_filter(counts, 3, mode="constant", truncate=9)
    found = blurred(places, (50, 70), 3)
    np.testing.assert_allclose(found, expected / expected.max(), atol=1e-6)


def test_fixations_add_up():
    """Two of three fixations lie on one place, far from the third."""
    found = blurred(np.array([[10, 10], [10, 10], [10, 80]]), (21, 100), 2)
    assert found[10, 10] == 1
    assert found[10, 80] == pytest.approx(0.5, abs=1e-6)


def test_no_fixation_inside_gives_an_empty_map():
    assert not blurred(np.array([[-5.0, 2.0]]), (8, 9), 1).any()
    assert blurred(np.empty((0, 2)), (8, 9), 1).shape == (8, 9)
