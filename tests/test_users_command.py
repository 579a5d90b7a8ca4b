"""The command that the README promises, on trees laid out as the archives unpack."""

import csv
import zlib

import numpy as np
import public_trees
import pytest
from PIL import Image
from skimage import data

LIVE = ["ref00", "ref01"] if public_trees.published("LIVE") is None else ["bikes", "buildings"]
SETS = {
    "kadid": (public_trees.kadid, ["I01", "I02", "I03"]),
    "live": (public_trees.live, LIVE),
    "csiq": (public_trees.csiq, ["1600", "elk"]),
}


def paint(name):
    """Some part of a photograph, more or less noisy: no two pictures are the same."""
    random = np.random.default_rng(zlib.crc32(name.encode()))
    photo = data.astronaut()
    top, left = random.integers(photo.shape[0] - 100, size=2)
    part = photo[top : top + 96, left : left + 100]
    noisy = part + random.normal(0, random.uniform(1, 60), part.shape)
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


@pytest.mark.slow
def test_training_on_one_set_and_testing_on_two(iqabench, tmp_path, monkeypatch, one_thread):
    expected = {}
    for name, (build, contents) in SETS.items():
        (tmp_path / "data" / name).mkdir(parents=True)
        expected[name] = build(tmp_path / "data" / name, contents=contents, paint=paint)
    monkeypatch.setenv("IQABENCH_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    code, out, _ = iqabench(
        *("run", "--models", "biosiqnet,maniqa", "--datasets", "kadid:live,csiq"),
        *("--init", "random", "--tiny", "--seeds", "1", "--quiet"),
        *("--format", "csv", "-o", "leaderboard.csv"),
    )
    assert code == 0, out
    with (tmp_path / "leaderboard.csv").open(newline="") as stream:
        rows = {(row["model"], row["test"]): row for row in csv.DictReader(stream)}
    assert set(rows) == {(m, t) for m in ("biosiqnet", "maniqa") for t in ("live", "csiq")}
    for (_, test), row in rows.items():
        assert (row["train"], row["protocol"], row["init"]) == ("kadid", "cross", "random")
        assert int(row["images"]) == len(expected[test])
        assert (row["failed"], float(row["coverage"])) == ("0", 1.0)
        assert -1 <= float(row["srocc_low"]) <= float(row["srocc_high"]) <= 1
