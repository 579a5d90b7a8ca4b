import numpy as np
import public_trees
import pytest
from scipy.io import loadmat, savemat

from iqabench.contract import DataError


@pytest.fixture
def root(tmp_path):
    public_trees.live(tmp_path)
    return tmp_path


def rewrite(root, file="dmos_realigned.mat", **changes):
    """The label file again, some variables changed (None: left out)."""
    found = {key: value for key, value in loadmat(root / file).items() if key[0] != "_"} | changes
    savemat(root / file, {key: value for key, value in found.items() if value is not None})


def test_undistorted_copies_are_left_out_and_counted_within_their_block(root, read):
    counts = read("live", root).table["distortion"].value_counts().to_dict()
    assert counts == {
        "jpeg": 175,  # one public index swaps these two
        "jpeg2000": 169,
        "white-noise": 145,
        "gaussian-blur": 145,
        "fast-fading": 145,
    }


def test_entries_are_numbered_within_their_block(root, read):
    """Entry 228 is jpeg/img1, entry 982 fastfading/img174."""
    marks = np.full(982, 1)
    places = {0: "jp2k/img1", 226: "jp2k/img227", 227: "jpeg/img1", 459: "jpeg/img233"}
    places |= {460: "wn/img1", 634: "gblur/img1", 808: "fastfading/img1", 981: "fastfading/img174"}
    marks[[*places]] = 0
    for place in places.values():
        (root / f"{place}.bmp").touch()
    rewrite(root, orgs=marks[None], dmos_new=np.arange(982.0)[None] / 10)
    table = read("live", root).table.set_index("image")
    assert table["mos"].to_dict() == {f"{place}.bmp": entry / 10 for entry, place in places.items()}


def test_the_realigned_scores_are_read_and_not_the_older_ones(root, read):
    table = read("live", root).table
    older = loadmat(root / "dmos.mat")["dmos"]
    (root / "dmos.mat").unlink()
    assert read("live", root).table.equals(table)
    assert not np.isin(table["mos"].round(3), older.round(3)).all()


def test_a_lower_score_is_better_and_no_level_is_made_up(root, read):
    table = read("live", root).table
    assert table["quality"].corr(table["mos"]) == pytest.approx(-1)
    assert "level" not in table


def test_contents_have_as_many_images_as_are_known(root, read):
    if public_trees.published("LIVE") is None:
        pytest.skip(public_trees.NO_LABELS)
    counts = read("live", root).table["content"].value_counts()
    assert (counts.min(), counts.max()) == (26, 29)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"orgs": None}, "lacks the variables orgs"),
        ({"dmos_new": np.zeros((1, 981))}, "dmos_new has 981 entries, not 982"),
        ({"dmos_new": np.full((1, 982), np.nan)}, "779 scores are not finite"),
        ({"dmos_new": np.zeros((1, 982), complex)}, "lacks the variables dmos_new"),
        ({"dmos_std": np.full((1, 982), -1.0)}, "below 0"),
    ],
)
def test_other_label_files_are_refused(root, read, changes, words):
    rewrite(root, **changes)
    with pytest.raises(DataError) as error:
        read("live", root)
    assert words in error.value.message
    assert "'live'" in error.value.message


@pytest.mark.parametrize("name", ["../../etc/x.bmp", "/etc/x.bmp", "", "a\nb.bmp"])
def test_references_stay_in_their_folder(root, read, name):
    names = loadmat(root / "refnames_all.mat")["refnames_all"].copy()
    names[0, :] = np.array([name])
    rewrite(root, "refnames_all.mat", refnames_all=names)
    with pytest.raises(DataError) as error:
        read("live", root)
    assert "\n" not in error.value.message


@pytest.mark.parametrize("file", ["dmos_realigned.mat", "refnames_all.mat"])
def test_a_label_file_that_is_missing_or_cut_is_named(root, read, file):
    (root / file).write_bytes((root / file).read_bytes()[:300])
    with pytest.raises(DataError, match=file):
        read("live", root)
    (root / file).unlink()
    with pytest.raises(DataError, match=f"{file} is missing"):
        read("live", root)
