import numpy as np
import public_trees
import pytest
from scipy.io import savemat

from iqabench.contract import DataError


@pytest.fixture
def root(tmp_path):
    """Three rated pictures after the seven the raters were trained with."""
    names = [f"Images/{number}.bmp" for number in (101, 102, 103)]
    if public_trees.published("LIVE_Challenge") is None:
        names = [f"Images/{number}.bmp" for number in (3, 4, 5)]
    public_trees.livec(tmp_path, contents=names)
    return tmp_path


def test_the_seven_training_pictures_are_left_out(root, read):
    table = read("livec", root).table
    assert len(table) == 3
    assert not table["image"].str.contains("t").any()
    assert (root / "Images" / "trainingImages" / "t7.bmp").is_file()


def test_scores_and_deviations_stay_with_their_pictures(root, read):
    names = [*(f"t{number}.bmp" for number in range(1, 8)), "b.bmp", "a.JPG"]
    for name in names[7:]:
        (root / "Images" / name).touch()
    write(root, names, np.arange(9.0), np.arange(9.0) / 10)
    table = read("livec", root).table
    assert table["image"].tolist() == ["Images/a.JPG", "Images/b.bmp"]
    assert table["mos"].tolist() == [8, 7]
    assert table["mos_std"].tolist() == [0.8, 0.7]
    assert table["content"].tolist() == table["image"].tolist()


@pytest.mark.parametrize(
    ("names", "count"),
    [
        (["1.bmp", "2.bmp"], 2),  # no training pictures
        ([f"t{number}.bmp" for number in range(1, 9)], 8),  # one too many
        ([f"t{number}.bmp" for number in range(1, 8)], 6),  # other lengths
    ],
)
def test_files_that_do_not_fit_are_refused(root, read, names, count):
    write(root, names, np.ones(count), np.ones(count))
    with pytest.raises(DataError) as error:
        read("livec", root)
    assert "Data" in error.value.message


def write(root, names, scores, deviations):
    cell = np.array([[name] for name in names], dtype=object)
    savemat(root / "Data" / "AllImages_release.mat", {"AllImages_release": cell})
    savemat(root / "Data" / "AllMOS_release.mat", {"AllMOS_release": [scores]})
    savemat(root / "Data" / "AllStdDev_release.mat", {"AllStdDev_release": [deviations]})
