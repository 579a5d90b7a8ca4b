"""Features of many pictures are made once, and what is damaged is made again."""

import numpy as np
import pytest

from iqabench.audit import batches as module
from iqabench.audit import features as features_module
from iqabench.audit.batches import features
from iqabench.data.file_hashes import file_hashes

FIELDS = ("extent", "grey", "points", "descriptors")


@pytest.fixture
def paths(tmp_path, photos):
    """Five pictures of several shapes, by content hash; one is flat."""
    small = [photo.resize((120, 90 + 10 * number)) for number, photo in enumerate(photos[:4])]
    files = []
    for number, picture in enumerate([*small, small[0].resize((1, 1)).resize((50, 50))]):
        files.append(tmp_path / f"{number}.png")
        picture.save(files[-1])
    return dict(zip(file_hashes(files), files, strict=True))


@pytest.fixture
def computed(monkeypatch):
    """How many pictures were computed."""
    calls, made = [], features_module.features
    monkeypatch.setattr(features_module, "features", lambda path: calls.append(1) or made(path))
    return calls


def equal(one, other):
    assert list(one) == list(other) == sorted(one)
    for key in one:
        for field in FIELDS:
            np.testing.assert_array_equal(getattr(one[key], field), getattr(other[key], field))


@pytest.mark.parametrize("per_file", [256, 2])
def test_pictures_are_computed_once(paths, computed, monkeypatch, per_file):
    monkeypatch.setattr(module, "PER_FILE", per_file)
    told = []
    made = features(paths, lambda done, total: told.append((done, total)))
    assert told == [(done, 5) for done in range(1, 6)]
    equal(made, features(paths))
    assert len(computed) == 5
    equal(made, {key: features_module.features(path) for key, path in sorted(paths.items())})


def test_every_byte_of_a_file_counts(paths, computed):
    made = features(paths)
    (place,) = module._place(paths).parent.glob(f"{module._place(paths).stem}*")
    content = place.read_bytes()
    for at in (0, 30, len(content) // 2, len(content) - 1):
        damaged = bytearray(content)
        damaged[at] ^= 4
        place.write_bytes(damaged)
        computed.clear()
        equal(made, features(paths))
        assert len(computed) == 5
    place.write_bytes(content[:100])
    equal(made, features(paths))
    assert place.read_bytes() == content


def test_a_cache_that_cannot_be_written_is_off(paths, tmp_path, monkeypatch, computed):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(module, "cache_dir", lambda: tmp_path / "file")
    equal(features(paths), features(paths))
    assert len(computed) == 10


def test_what_cannot_be_read_is_left_out(paths, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    key = "f" * 32
    assert features(paths | {key: tmp_path / "broken.png"}).keys() == paths.keys()


def test_no_pictures_have_no_features():
    assert features({}) == {}
