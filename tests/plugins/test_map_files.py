"""``groundtruth`` and ``folder``: maps that are read."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from iqabench.contract import DataError, UnknownNameError, UsageError
from iqabench.registry import registry

SIZE = (6, 8)


@pytest.fixture
def values():
    return np.arange(48, dtype=np.float64).reshape(SIZE)


def provider(text):
    return registry().provider(text).build()


def groundtruth(root, row, options=""):
    reader = provider(f"groundtruth{options}")
    assert all(path.is_file() for path in reader.sources(row, root))
    return reader.load(row, root, SIZE)


def save(values, path):
    if path.suffix == ".npy":
        np.save(path, values)
    elif path.suffix == ".tif":
        Image.fromarray(values.astype(np.float32)).save(path)
    elif path.stem.startswith("deep"):
        Image.fromarray((values * 1000).astype(np.uint16)).save(path)
    else:
        Image.fromarray((values * 5).astype(np.uint8)).save(path)


@pytest.mark.parametrize("name", ["m.png", "deep.png", "m.npy", "m.tif", "m.bmp"])
def test_a_map_in_any_format_is_the_same(values, tmp_path, name):
    save(values, tmp_path / name)
    found = groundtruth(tmp_path, {"image": "a.png", "saliency": name})
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, values / 47, atol=1e-6)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_a_map_in_which_white_is_zero_is_inverted(values, tmp_path, kind):
    stored = (np.iinfo(kind).max - values * 5).astype(kind)
    tifffile.imwrite(tmp_path / "m.tif", stored, photometric="miniswhite")
    found = groundtruth(tmp_path, {"image": "a.png", "saliency": "m.tif"})
    np.testing.assert_allclose(found, values / 47, atol=1e-6)


@pytest.mark.parametrize(("kind", "tone"), [(np.int8, "minisblack"), (np.float32, "miniswhite")])
def test_a_map_that_pillow_misreads_is_refused(values, tmp_path, kind, tone):
    tifffile.imwrite(tmp_path / "m.tif", values.astype(kind), photometric=tone)
    with pytest.raises(DataError, match=r"cannot read the map m\.tif"):
        groundtruth(tmp_path, {"image": "a.png", "saliency": "m.tif"})


def test_colours_count_as_luma(tmp_path):
    Image.fromarray(np.full((*SIZE, 3), [0, 200, 0], np.uint8)).save(tmp_path / "m.png")
    assert (groundtruth(tmp_path, {"image": "a", "saliency": "m.png"}) == 1).all()


def test_a_map_of_another_size_is_resized(values, tmp_path):
    np.save(tmp_path / "m.npy", np.repeat(np.repeat(values, 10, 0), 10, 1))
    found = groundtruth(tmp_path, {"image": "a.png", "saliency": "m.npy"})
    assert found.shape == SIZE
    assert found.max() == 1
    assert np.corrcoef(found.ravel(), values.ravel())[0, 1] > 0.999


def test_an_empty_map_says_nothing_of_any_place(tmp_path):
    np.save(tmp_path / "m.npy", np.zeros(SIZE))
    assert (groundtruth(tmp_path, {"image": "a.png", "saliency": "m.npy"}) == 1).all()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.full(SIZE, np.nan), "m.npy is no saliency map"),
        (np.full(SIZE, -1.0), "m.npy is no saliency map"),
        (np.zeros((*SIZE, 3)), "m.npy is no saliency map"),
        (np.array([["a"]]), "cannot read the map m.npy: an array of"),
        (np.array([{}], dtype=object), "cannot read the map m.npy"),
    ],
)
def test_what_is_no_map_is_refused_by_name(values, words, tmp_path):
    np.save(tmp_path / "m.npy", values, allow_pickle=True)
    with pytest.raises(DataError) as error:
        groundtruth(tmp_path, {"image": "a.png", "saliency": "m.npy"})
    assert words in error.value.message
    assert error.value.hint


def test_a_damaged_file_is_refused_by_name(values, tmp_path):
    save(values, tmp_path / "m.png")
    whole = (tmp_path / "m.png").read_bytes()
    (tmp_path / "m.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"cannot read the map m\.png"):
        groundtruth(tmp_path, {"image": "a.png", "saliency": "m.png"})


@pytest.mark.parametrize(
    ("options", "sigma"), [("", 0.24), (":sigma=0.2", 1.2), (":pixels_per_degree=2", 2.0)]
)
def test_fixations_are_blurred(options, sigma, tmp_path):
    """One fixation gives a Gaussian; the shorter side has 6 pixels."""
    (tmp_path / "gaze.csv").write_text("image,y,x\na.png,2.5,3.5\nb.png,0,0\n")
    found = groundtruth(tmp_path, {"image": "a.png", "fixations": "gaze.csv"}, options)
    y, x = np.mgrid[:6, :8]
    expected = np.exp(-((y - 2) ** 2 + (x - 3) ** 2) / (2 * sigma**2))
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_a_map_goes_before_fixations(values, tmp_path):
    np.save(tmp_path / "m.npy", values)
    row = {"image": "a.png", "saliency": "m.npy", "fixations": "none.csv"}
    np.testing.assert_allclose(groundtruth(tmp_path, row), values / 47, atol=1e-6)


def test_a_set_without_either_is_refused(tmp_path):
    with pytest.raises(DataError, match="ships neither a map nor fixations"):
        provider("groundtruth").sources({"image": "a.png"}, tmp_path)


def test_fixations_outside_the_picture_make_no_map(tmp_path):
    (tmp_path / "gaze.csv").write_text("y,x\n60,3\n-1,2\n")
    with pytest.raises(DataError, match=r"gaze\.csv has no fixation inside a\.png"):
        groundtruth(tmp_path, {"image": "a.png", "fixations": "gaze.csv"})


@pytest.fixture
def maps(tmp_path, values):
    """A folder of maps."""
    root = tmp_path / "maps"
    (root / "x").mkdir(parents=True)
    for name, factor in (("x/a.npy", 1), ("a.npy", -1), ("b.png", 1), ("c.png", 1), ("x/c.npy", 1)):
        save(values if factor > 0 else 47 - values, root / name)
    return root


def from_folder(root, image):
    reader = provider(f"folder:root={root}")
    return reader.load({"image": image}, root.parent, SIZE)


def test_a_folder_is_searched_by_path_and_then_by_name(maps, values):
    np.testing.assert_allclose(from_folder(maps, "x/a.jpg"), values / 47, atol=1e-6)
    np.testing.assert_allclose(from_folder(maps, "a.jpg"), 1 - values / 47, atol=1e-6)
    np.testing.assert_allclose(from_folder(maps, "images/b.bmp"), values / 47, atol=1e-6)


@pytest.mark.parametrize(
    ("image", "words"), [("images/c.png", "several maps, such as c.png"), ("d.png", "no map in")]
)
def test_no_map_or_several_of_a_name_are_refused(maps, image, words):
    with pytest.raises(DataError, match=words) as error:
        from_folder(maps, image)
    assert "one file of the name" in error.value.hint


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("folder", UsageError, "saliency provider 'folder': root: Field required"),
        ("folder:root=/nowhere", UsageError, "root='/nowhere': Path does not point to a directory"),
        ("folder:roots=.", UnknownNameError, "unknown option of 'folder' 'roots'"),
        ("groundtruth:sigma=0", UsageError, "sigma=0: Input should be greater than 0"),
    ],
)
def test_options_that_do_not_fit_are_refused(text, kind, words):
    with pytest.raises(kind) as error:
        registry().provider(text)
    assert words in error.value.message
    assert error.value.hint
