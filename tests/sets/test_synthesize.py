import numpy as np
import pandas as pd
import pytest
from PIL import Image
from skimage import data

from iqabench.catalog import Catalog
from iqabench.contract import CatalogError, DataError, UsageError
from iqabench.kit.distort import distort, find
from iqabench.registry import registry
from iqabench.sets.synthesize import make, parse_kinds, parse_levels

pytestmark = pytest.mark.usefixtures("one_thread")

KINDS = [find("white noise"), find("mean shift")]


@pytest.fixture
def photos(tmp_path):
    """Two photos, one of them in a folder below and larger than the sets to be made."""
    folder = tmp_path / "photos"
    (folder / "trip").mkdir(parents=True)
    Image.fromarray(data.astronaut()[:90, :70]).save(folder / "face.png")
    Image.fromarray(data.coffee()[:120, :300]).save(folder / "trip" / "cup.jpg")
    (folder / "notes.txt").write_text("not a picture")
    return folder


def synthesized(photos, tmp_path, name="mine", levels=(1, 3), seed=0, root="set"):
    return make(
        *(photos, name, KINDS, levels),
        root=tmp_path / root,
        seed=seed,
        long_side=128,
        catalog=tmp_path / "c.yaml",
    )


def test_a_set_that_the_harness_knows(photos, tmp_path):
    dataset = synthesized(photos, tmp_path)
    table = dataset.table
    assert len(table) == 2 * 2 * 2
    assert set(table["content"]) == {"face", "trip-cup"}
    assert set(table["distortion"]) == {"white-noise", "mean-shift"}
    assert table["mos"].between(0, 100).all()
    bound = Catalog(registry(), tmp_path / "c.yaml").ready("mine")
    card = bound.card
    assert (card.label_kind, card.score_range) == ("proxy", (0, 100))
    assert (card.unordered, card.unlabelled) == (("mean-shift",), 0)
    assert card.title == "2 photos, 2 types, levels 1, 3, seed 0; synthesized"
    with Image.open(dataset.root / "images" / "trip-cup.png") as picture:
        assert (picture.format, picture.size) == ("PNG", (128, 51))
    with Image.open(dataset.root / "images" / "face.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture), data.astronaut()[:90, :70])


def noise(dataset, content):
    return np.asarray(Image.open(dataset.root / "images" / f"{content}_11_01.png"))


def test_a_photos_noise_depends_on_its_name_and_the_seed_alone(photos, tmp_path):
    first = synthesized(photos, tmp_path)
    other = synthesized(photos, tmp_path, "other", seed=1, root="other")
    assert not np.array_equal(noise(first, "face"), noise(other, "face"))
    (photos / "another.png").write_bytes((photos / "face.png").read_bytes())
    more = synthesized(photos, tmp_path, "more", root="more")
    np.testing.assert_array_equal(noise(first, "face"), noise(more, "face"))
    assert not np.array_equal(noise(more, "another"), noise(more, "face"))
    # Far apart from any seed that a photo's position could have given.
    reference = np.asarray(Image.open(first.root / "images" / "face.png"))
    for seed in range(3):
        plain = distort(reference, "white-noise", 1, seed=seed)
        assert not np.array_equal(noise(first, "face"), plain)


@pytest.mark.parametrize(
    ("name", "root", "error", "words"),
    [
        ("demo", "set", CatalogError, "'demo' already"),
        ("my set", "set", CatalogError, "cannot name a data set"),
        ("mine", "photos", DataError, "is there already"),
    ],
)
def test_what_is_refused_before_any_work(photos, tmp_path, name, root, error, words):
    with pytest.raises(error, match=words):
        synthesized(photos, tmp_path, name, root=root)
    assert [child.name for child in tmp_path.iterdir()] == ["photos"]


@pytest.mark.parametrize("files", [{}, {"bad.png": b"no picture"}])
def test_photos_that_cannot_be_used_make_no_set(tmp_path, files):
    (tmp_path / "photos").mkdir()
    for name, content in files.items():
        (tmp_path / "photos" / name).write_bytes(content)
    with pytest.raises((UsageError, DataError), match=r"no picture at|cannot decode bad\.png"):
        synthesized(tmp_path / "photos", tmp_path)
    assert not (tmp_path / "set").exists()
    assert not (tmp_path / "c.yaml").exists()


def test_two_photos_of_one_name(photos, tmp_path):
    (photos / "face.bmp").write_bytes((photos / "face.png").read_bytes())
    with pytest.raises(DataError, match=r"two pictures would be called images/face\.png"):
        synthesized(photos, tmp_path)


def test_labels_on_disk_are_plain(photos, tmp_path):
    root = synthesized(photos, tmp_path, levels=(2.5,)).root
    table = pd.read_csv(root / "labels.csv")
    assert list(table) == ["image", "reference", "content", "distortion", "level", "mos"]
    assert set(table["level"]) == {2.5}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("all", list(range(1, 26))),
        ("1", [1]),
        ("10,jpeg2000, White Noise", [10, 9, 11]),
        ("jpeg,10,JPEG", [10]),
    ],
)
def test_kinds(text, expected):
    assert [kind.id for kind in parse_kinds(text)] == expected


@pytest.mark.parametrize("text", ["", "0", "26", "jpg2", "1,,2"])
def test_no_kinds(text):
    with pytest.raises(UsageError):
        parse_kinds(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1-5", [1, 2, 3, 4, 5]), ("1,3,5", [1, 3, 5]), ("5,1,1", [1, 5]), ("2-3, 4.5", [2, 3, 4.5])],
)
def test_levels(text, expected):
    assert parse_levels(text) == expected


@pytest.mark.parametrize("text", ["", "0-5", "1-6", "5-1", "a", "1,", "0.5", "nan", "1-2-3"])
def test_no_levels(text):
    with pytest.raises(UsageError, match="no levels in"):
        parse_levels(text)


def test_photos_are_known_by_their_content_and_other_files_are_named(photos, tmp_path):
    Image.fromarray(data.astronaut()[:80, :70]).save(photos / "animated.GIF")
    Image.fromarray(data.astronaut()[:70, :80]).save(photos / "no ending", "PNG")
    said = []
    dataset = make(
        *(photos, "mine", KINDS, (1,)),
        root=tmp_path / "set",
        seed=0,
        catalog=tmp_path / "c.yaml",
        say=said.append,
    )
    assert set(dataset.table["content"]) == {"face", "trip-cup", "animated", "no ending"}
    assert said == ["1 file that is no picture: notes.txt"]


def test_a_name_that_no_label_file_may_give_is_refused_at_once(photos, tmp_path):
    (photos / "face.png").rename(photos / "two\nlines.png")
    with pytest.raises(DataError, match=r"'two\\nlines' is no usable path"):
        synthesized(photos, tmp_path)
    assert not list(tmp_path.glob("set*"))


def test_odd_names_make_a_set_that_can_be_read(photos, tmp_path):
    (photos / "face.png").rename(photos / '=it\'s, "e\u0301".png')
    dataset = synthesized(photos, tmp_path, levels=(1,))
    assert set(dataset.table["content"]) == {'=it\'s, "\u00e9"', "trip-cup"}
