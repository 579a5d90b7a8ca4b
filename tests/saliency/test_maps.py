import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from iqabench import Session
from iqabench.contract import DataError, DatasetCard, ScoreError
from iqabench.data import array_files
from iqabench.data.tables import Dataset, canonical
from iqabench.registry import registry
from iqabench.saliency.maps import MapSource, folder
from iqabench.saliency.permutation import partners
from iqabench.saliency.providers import computing
from iqabench.store.records import MapsIdentity

NAMES = ["a1.png", "a2.png", "b1.png", "b2.png"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch, toy):
    monkeypatch.setenv("IQABENCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def root(tmp_path):
    """Four pictures of two contents and two pristine ones, of several sizes."""
    random = np.random.default_rng(0)
    for number, name in enumerate([*NAMES, "a.png", "b.png"]):
        pixels = random.integers(0, 256, (20 + number, 30, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / name)
    return tmp_path


def dataset_at(root, **columns):
    table = pd.DataFrame({"image": NAMES, "mos": [1.0, 2.0, 3.0, 4.0]}).assign(
        reference=["a.png", "a.png", "b.png", "b.png"], **columns
    )
    card = DatasetCard(name="set", title="Set", reader="a:b")
    return Dataset(card, root, canonical(table, card, root))


@pytest.fixture
def dataset(root):
    return dataset_at(root)


def maps_of(text):
    return MapSource(registry().provider(text))


def files():
    return sorted(path for path in folder().rglob("*") if path.is_file())


def red(root, name):
    """What toy-gaze makes of a picture."""
    plane = np.asarray(Image.open(root / name))[..., 0]
    return plane / plane.max()


def test_a_map_is_the_providers_and_kept_as_float16(dataset, root):
    maps = maps_of("toy-gaze")
    maps.make(dataset, NAMES)
    assert len(files()) == 4
    for name in NAMES:
        found = maps.read(dataset, name)
        assert found.dtype == np.float16
        assert found.flags.aligned
        np.testing.assert_allclose(found, red(root, name), atol=2**-11)
    assert all(path.parent.parent.name.startswith("toy-gaze-") for path in files())


def test_maps_are_made_once(dataset, root, toy, monkeypatch):
    made = []
    saliency = toy.Gaze.saliency
    monkeypatch.setattr(
        toy.Gaze, "saliency", lambda self, images: made.append(0) or saliency(self, images)
    )
    ticks = []
    maps_of("toy-gaze").make(dataset, NAMES[:2], lambda *tick: ticks.append(tick))
    assert ticks == [(1, 2, "saliency maps (toy-gaze)"), (2, 2, "saliency maps (toy-gaze)")]
    maps_of("toy-gaze").make(dataset_at(root), NAMES)
    maps_of("toy-gaze").read(dataset, NAMES[3])
    assert len(made) == 4


def test_copies_share_a_map(root):
    (root / "b2.png").write_bytes((root / "a1.png").read_bytes())
    maps_of("toy-gaze").make(dataset_at(root), NAMES)
    assert len(files()) == 3


def test_changes_of_what_is_read_are_not_kept(dataset):
    maps = maps_of("toy-gaze")
    before = maps.read(dataset, "a1.png").copy()
    maps.read(dataset, "a1.png")[:] = 7
    np.testing.assert_array_equal(maps.read(dataset, "a1.png"), before)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: b"garbage",
        lambda content: content[:-5],
        lambda content: bytes(len(content)),
        lambda content: content[: len(content) // 2] + bytes(len(content) - len(content) // 2),
        lambda content: content[:-1] + bytes([content[-1] ^ 1]),
    ],
)
@pytest.mark.parametrize("restarted", [False, True])
def test_a_damaged_map_is_made_again(dataset, damage, restarted, monkeypatch):
    maps = maps_of("toy-gaze")
    maps.make(dataset, ["a1.png"])
    before = maps.read(dataset, "a1.png").copy()
    (place,) = files()
    whole = place.read_bytes()
    place.write_bytes(damage(whole))
    if restarted:
        monkeypatch.setattr(array_files, "_known", {})
    np.testing.assert_array_equal(maps.read(dataset, "a1.png"), before)
    assert [path.read_bytes() for path in files()] == [whole]


def test_a_file_cut_off_while_it_was_written_is_not_used(dataset):
    maps = maps_of("toy-gaze")
    place = maps.path(dataset, "a1.png")
    place.parent.mkdir(parents=True)
    place.with_name(f".{place.name}.0123abcd.part").write_bytes(b"half")
    assert maps.read(dataset, "a1.png").max() == 1


def test_a_cache_that_cannot_be_written_costs_time_only(dataset, root):
    folder().parent.mkdir(parents=True, exist_ok=True)
    folder().write_text("a file in its place")
    maps = maps_of("toy-gaze")
    maps.make(dataset, NAMES)
    np.testing.assert_allclose(maps.read(dataset, "a1.png"), red(root, "a1.png"), atol=2**-11)


PROCESS = """
import sys
import numpy as np
from iqabench import Session
from iqabench.saliency.maps import MapSource
from iqabench.registry import registry
from pathlib import Path

dataset = Session(Path(sys.argv[1])).dataset("little")
maps = MapSource(registry().provider("spectral-residual"))
names = list(dataset.table["image"])
maps.make(dataset, names if sys.argv[2] == "0" else names[::-1])
print(sum(float(maps.read(dataset, name).astype(np.float64).sum()) for name in names))
"""


def test_two_processes_make_the_same_maps_at_once(little, tmp_path):
    command = [sys.executable, "-c", PROCESS, str(little.catalog)]
    running = [
        subprocess.Popen([*command, str(number)], stdout=subprocess.PIPE, text=True)
        for number in range(2)
    ]
    sums = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert float(sums[0]) == pytest.approx(float(sums[1]), rel=1e-12)
    dataset = Session(little.catalog).dataset("little")
    names = set(dataset.table["image"])
    assert len(files()) == len({dataset.image_hashes[name] for name in names})
    assert not [path for path in files() if path.suffix == ".part"]
    for path in files():
        found, _ = array_files.read(path, np.float16)
        assert found.max() == 1


def test_options_and_seeds_do_not_share_a_folder(dataset):
    texts = ("center", "center:sigma=0.2", "shuffled", "shuffled:seed=1", "shuffled:of=center")
    parents = {maps_of(text).path(dataset, "a1.png").parent.parent for text in texts}
    assert len(parents) == len(texts)
    assert (
        maps_of("center:sigma=0.19").path(dataset, "a1.png").parent.parent
        == maps_of("center").path(dataset, "a1.png").parent.parent
    )


def test_a_map_that_is_none_names_provider_and_picture(dataset):
    with pytest.raises(ScoreError, match=r"provider 'toy-gaze' returned a map .* for a2\.png"):
        maps_of("toy-gaze:fault=nan").make(dataset, ["a2.png"])
    assert files() == []


def test_what_cannot_be_decoded_fails_by_name_and_alone(root):
    whole = (root / "a2.png").read_bytes()
    (root / "a2.png").write_bytes(whole[: len(whole) // 2])
    dataset, maps = dataset_at(root), maps_of("toy-gaze")
    maps.make(dataset, NAMES)
    assert len(files()) == 3
    with pytest.raises(DataError, match=r"cannot decode a2\.png"):
        maps.read(dataset, "a2.png")
    assert maps.read(dataset, "a2.png", allow_truncated=True).shape == (21, 30)


def test_shuffled_maps_are_the_partners_resized(dataset, root):
    maps = maps_of("shuffled:seed=3:of=toy-gaze")
    maps.make(dataset, [*NAMES, "a.png"])
    for name, other in partners(dataset, 3).items():
        found = torch.from_numpy(maps.read(dataset, name).astype(np.float32))
        height, width = np.asarray(Image.open(root / name)).shape[:2]
        assert found.shape == (height, width)
        theirs = torch.from_numpy(red(root, other).astype(np.float16).astype(np.float32))
        resized = torch.nn.functional.interpolate(
            theirs[None, None], size=(height, width), mode="bilinear", antialias=True
        )[0, 0]
        torch.testing.assert_close(found, resized / resized.max(), atol=1e-3, rtol=0)


def test_a_shuffled_map_follows_its_partners_content(dataset, root):
    maps = maps_of("shuffled:of=toy-gaze")
    before = maps.path(dataset, "a1.png")
    partner = partners(dataset, 0)["a1.png"]
    Image.fromarray(np.full((9, 9, 3), 80, np.uint8)).save(root / partner)
    changed = dataset_at(root)
    assert maps_of("shuffled:of=toy-gaze").path(changed, "a1.png") != before
    assert (maps_of("shuffled:of=toy-gaze").read(changed, "a1.png") == 1).all()


def test_one_content_cannot_be_shuffled(root):
    lonely = dataset_at(root, content="all")
    with pytest.raises(DataError, match="data set 'set' has one content"):
        maps_of("shuffled").identity(lonely)


@pytest.fixture
def shipped(root):
    """The same set with a map of each image."""
    for number, name in enumerate(NAMES):
        values = np.zeros((10, 15), np.uint8)
        values[number, number] = 100
        Image.fromarray(values).save(root / f"map-{name}")
    return dataset_at(root, saliency=[f"map-{name}" for name in NAMES])


def test_shipped_maps_are_read_and_kept(shipped):
    maps = maps_of("groundtruth")
    maps.make(shipped, [*NAMES, "a.png", "b.png"])
    assert len(files()) == 4
    for number, name in enumerate(NAMES):
        found = maps.read(shipped, name)
        assert found.shape == (20 + number, 30)
        y, x = np.unravel_index(found.argmax(), found.shape)
        assert (y * 10 // (20 + number), x // 2) == (number, number)
    with pytest.raises(DataError, match=r"'groundtruth' has no saliency map of a\.png"):
        maps.read(shipped, "a.png")


def test_the_fingerprint_follows_the_contents_of_map_files(shipped, root):
    before = maps_of("groundtruth").identity(shipped)
    place = maps_of("groundtruth").path(shipped, "a1.png")
    assert before.provider.provider == "groundtruth"
    Image.fromarray(np.full((10, 15), 3, np.uint8)).save(root / "map-a1.png")
    after = maps_of("groundtruth").identity(shipped)
    assert after.files != before.files
    assert after == before.model_copy(update={"files": after.files})
    assert maps_of("groundtruth").path(shipped, "a1.png") != place
    assert (maps_of("groundtruth").read(shipped, "a1.png") == 1).all()


def test_the_fingerprint_of_what_is_computed_holds_code_and_options(dataset):
    identity = maps_of("center:sigma=0.25").identity(dataset)
    assert identity.code.package == "iqabench_saliency"
    assert identity.provider.options == {"sigma": 0.25}
    assert (identity.code.behaviour, identity.code.tree, identity.files) == (1, "", "")
    shuffled = maps_of("shuffled").identity(dataset)
    assert MapsIdentity.model_validate_json(shuffled.model_dump_json()) == shuffled


def test_the_code_of_a_provider_that_numbers_no_behaviour_is_hashed(dataset):
    code = maps_of("toy-gaze").identity(dataset).code
    assert (code.package, code.behaviour, len(code.tree)) == ("toy_plugin", None, 16)


def test_a_set_without_maps_is_refused(dataset, root):
    with pytest.raises(DataError) as error:
        maps_of("groundtruth").identity(dataset)
    assert "4 of 4 images have no saliency map by 'groundtruth', first a1.png" in str(error.value)
    assert "--saliency NAME" in error.value.hint
    some = dataset_at(root, fixations=["a.png", None, "a.png", "a.png"])
    with pytest.raises(DataError, match=r"1 of 4 images .* first a2\.png"):
        maps_of("groundtruth").identity(some)


def test_the_cached_map_is_the_computed_one(little):
    dataset = Session(little.catalog).dataset("little")
    name = "c0_1.png"
    pixels = torch.from_numpy(np.array(Image.open(Path(little.root) / name))).permute(2, 0, 1)
    expected = computing(registry().provider("itti-koch"))(pixels.float() / 255)[0]
    found = maps_of("itti-koch").read(dataset, name)
    np.testing.assert_array_equal(found, expected.half().numpy())
