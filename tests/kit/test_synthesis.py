import errno
import threading
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from skimage import data

from iqabench.contract import DataError
from iqabench.kit import synthesis
from iqabench.kit.distort import distort
from iqabench.kit.proxy import proxy_quality
from iqabench.kit.synthesis import Photo, reduced, synthesize

pytestmark = pytest.mark.usefixtures("one_thread")

KINDS, LEVELS = ("jpeg", "white-noise"), (1, 2.5)


def crop(name, left):
    return getattr(data, name)()[40:104, left : left + 80]


PHOTOS = [
    Photo("a", 3, partial(crop, "astronaut", 60)),
    Photo("b", 4, partial(crop, "coffee", 200)),
]


def files(root):
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*.*")}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two photos, two types, a whole and a fractional level."""
    root = tmp_path_factory.mktemp("made") / "set"
    synthesize(root, PHOTOS, KINDS, LEVELS)
    return root


def test_rows_and_files(made):
    table = pd.read_csv(made / "labels.csv")
    assert list(table["image"]) == [
        f"images/{photo}_{kind}_{level}.png"
        for photo in "ab"
        for kind in ("10", "11")
        for level in ("01", "2.5")
    ]
    assert sorted(files(made)) == sorted(
        [*table["image"], "images/a.png", "images/b.png", "labels.csv"]
    )
    assert set(table["distortion"]) == set(KINDS)
    assert [child.name for child in made.parent.iterdir()] == ["set"]


def test_pictures_and_labels_are_the_kits(made):
    table = pd.read_csv(made / "labels.csv")
    seeds = {photo.content: photo.seed for photo in PHOTOS}
    for row in table.itertuples():
        picture, reference = (
            np.asarray(Image.open(made / name)) for name in (row.image, row.reference)
        )
        expected = distort(reference, row.distortion, row.level, seed=seeds[row.content])
        np.testing.assert_array_equal(picture, expected)
        assert row.mos == pytest.approx(proxy_quality(picture, reference), abs=1e-4)
    assert (table.groupby(["content", "distortion"])["mos"].diff().dropna() < 0).all()


@pytest.mark.parametrize("after", [1, 4, 5, 8])
def test_an_interrupted_making_goes_on_and_ends_as_one_in_a_go(made, tmp_path, monkeypatch, after):
    def stop(done, total, what):
        assert (total, what) == (8, "synthesizing")
        if done == after:
            raise KeyboardInterrupt

    root = tmp_path / "set"
    with pytest.raises(KeyboardInterrupt):
        synthesize(root, PHOTOS, KINDS, LEVELS, stop)
    assert not root.exists()
    assert (tmp_path / "set.part" / "journal.jsonl").exists()
    distorted = []

    def counted(*given, **options):
        distorted.append(given[1:])
        return distort(*given, **options)

    monkeypatch.setattr(synthesis, "distort", counted)
    synthesize(root, PHOTOS, KINDS, LEVELS)
    # The first photo is finished once its fourth picture has been ticked off and the fifth begun.
    assert len(distorted) == (8 if after <= 4 else 4)
    assert files(root) == files(made)
    assert [child.name for child in tmp_path.iterdir()] == ["set"]


def interrupted(root, photos=PHOTOS, kinds=KINDS):
    def stop(done, total, what):
        if done > total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        synthesize(root, photos, kinds, LEVELS, stop)


def test_a_photo_that_is_gone_since_leaves_no_picture(made, tmp_path):
    other = Photo("z", 0, partial(crop, "coffee", 20))
    interrupted(tmp_path / "set", [other, *PHOTOS])
    synthesize(tmp_path / "set", PHOTOS, KINDS, LEVELS)
    assert files(tmp_path / "set") == files(made)


@pytest.mark.parametrize("changed", ["kinds", "photo", "seed"])
def test_nothing_is_kept_that_other_settings_or_photos_made(made, tmp_path, changed):
    first = {
        "kinds": PHOTOS[0],
        "photo": replace(PHOTOS[0], load=partial(crop, "coffee", 0)),
        "seed": replace(PHOTOS[0], seed=9),
    }[changed]
    interrupted(
        tmp_path / "set", [first, PHOTOS[1]], ("jpeg", "pixelate") if changed == "kinds" else KINDS
    )
    synthesize(tmp_path / "set", PHOTOS, KINDS, LEVELS)
    assert files(tmp_path / "set") == files(made)


def test_a_journal_line_that_was_cut_off_is_made_again(made, tmp_path):
    interrupted(tmp_path / "set")
    journal = tmp_path / "set.part" / "journal.jsonl"
    journal.write_text(journal.read_text()[:-20])
    synthesize(tmp_path / "set", PHOTOS, KINDS, LEVELS)
    assert files(tmp_path / "set") == files(made)


def test_a_made_set_is_left_alone(made):
    before = {path: path.stat().st_mtime_ns for path in made.rglob("*")}
    synthesize(made, PHOTOS, KINDS, LEVELS, lambda *what: pytest.fail("made again"))
    assert {path: path.stat().st_mtime_ns for path in made.rglob("*")} == before


def test_somebody_elses_folder_is_not_cleared_away(tmp_path):
    (tmp_path / "set.part").mkdir()
    (tmp_path / "set.part" / "thesis").write_text("years of work")
    with pytest.raises(OSError, match=r"set\.part is in the way"):
        synthesize(tmp_path / "set", PHOTOS, KINDS, LEVELS)
    assert (tmp_path / "set.part" / "thesis").exists()


@pytest.mark.parametrize("names", [("a", "a"), ("a", "a_10_01")])
def test_two_pictures_of_one_name_are_refused(tmp_path, names):
    photos = [replace(photo, content=name) for photo, name in zip(PHOTOS, names, strict=True)]
    with pytest.raises(DataError, match="two pictures would be called images/a"):
        synthesize(tmp_path / "set", photos, KINDS, LEVELS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("size", "expected"), [((1024, 256), (512, 128)), ((100, 600), (85, 512)), ((30, 20), (30, 20))]
)
def test_reduced(size, expected):
    array = reduced(Image.new("L", size, 128))
    assert array.shape == (expected[1], expected[0], 3)
    assert (array == 128).all()


@pytest.mark.parametrize("processors", [1, 7])
def test_the_number_of_cores_changes_nothing(made, tmp_path, monkeypatch, processors):
    monkeypatch.setattr(synthesis, "cores", lambda: processors)
    told = []
    synthesize(tmp_path / "set", PHOTOS, KINDS, LEVELS, lambda done, total, what: told.append(done))
    assert files(tmp_path / "set") == files(made)
    assert told == list(range(1, 9))


def test_an_error_in_one_picture_ends_the_making_and_its_threads(tmp_path, monkeypatch):
    before = set(threading.enumerate())

    def full(*given, **options):
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr(synthesis, "distort", full)
    with pytest.raises(OSError, match="no space left"):
        synthesize(tmp_path / "set", PHOTOS, KINDS, LEVELS)
    assert not (tmp_path / "set").exists()
    assert set(threading.enumerate()) == before
