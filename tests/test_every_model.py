"""Models of every kind in one run on a small set: toy-sized, from random weights.

Each of pyiqa's other networks is trained in plugins/test_pyiqa_resumes.py.
"""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter
from skimage import data

from iqabench.data import splits

MODELS = (
    *("biosiqnet-lite", "sds-iqa", "sgdnet", "tiqa", "maniqa", "cnniqa"),
    *("brisque", "niqe", "piqe", "psnr", "ssim"),
)
CONTENTS, SIDE = 10, 200
"""NIQE needs two of its blocks of 96 pixels in each direction."""
LEVELS, KINDS = (1, 3, 5), ("blur", "noise")
pytestmark = pytest.mark.usefixtures("one_thread")


def worse(photo, kind, level, random):
    if kind == "blur":
        return Image.fromarray(photo).filter(ImageFilter.GaussianBlur(0.5 * level))
    noisy = photo + random.normal(0, 6 * level, photo.shape)
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


@pytest.fixture
def catalog(tmp_path):
    """The catalogue with a set ``parts``: parts of a photograph, blurred and noisy."""
    root, random = tmp_path / "parts", np.random.default_rng(0)
    root.mkdir()
    lines = ["image,mos,reference,distortion,level"]
    for content in range(CONTENTS):
        top, left = random.integers(512 - SIDE, size=2)
        photo = data.astronaut()[top : top + SIDE, left : left + SIDE]
        Image.fromarray(photo).save(root / f"c{content}.png")
        for kind in KINDS:
            for level in LEVELS:
                name = f"c{content}_{kind}_{level}.png"
                worse(photo, kind, level, random).save(root / name)
                lines.append(f"{name},{6 - level},c{content}.png,{kind},{level}")
    (root / "labels.csv").write_text("\n".join(lines) + "\n")
    path = tmp_path / "catalog.yaml"
    path.write_text(f"datasets: {{parts: {{reader: csv, root: {root}, labels: labels.csv}}}}\n")
    return path


def few_contents():
    """One split of the set, with fewer contents to learn from."""
    path = Path("split.json")
    exported = json.loads(path.read_text())
    contents = [*exported["train"], *exported["validation"], *exported["test"]]
    split = splits.load(path, "parts", contents)
    splits.save(replace(split, train=split.train[:2]), path)
    return path, len(split.test)


@pytest.mark.slow
def test_all_run_the_same_way(iqabench, catalog, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # A cache of its own: nothing that is built here by one thread decides another test.
    monkeypatch.setenv("IQABENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("iqabench.report.leaderboard.RESAMPLES", 100)

    def printed(*words):
        code, out, complaint = iqabench(*words)
        assert code == 0, (out, complaint)
        return out

    known = ("--catalog", catalog)
    printed("datasets", "splits", "export", "parts", "split.json", "--seed", "0", *known)
    split, tested = few_contents()
    out = printed(
        *("run", "--models", ",".join(MODELS), "--datasets", "parts", "--split", split, *known),
        *("--init", "random", "--tiny", "--seeds", "1", "--quiet", "--format", "json"),
    )
    rows = {row["model"]: row for row in json.loads(out)}
    assert set(rows) == set(MODELS)
    assert {name for name, row in rows.items() if row["failed"] or row["coverage"] < 1} == set()
    # Distorted pictures are compared with their references: no chance in that.
    assert rows["psnr"]["srocc_mean"] > 0.3 and rows["ssim"]["srocc_mean"] > 0.3

    found = json.loads(printed("compare", "--quiet", "--format", "json"))
    pairs = [row for row in found if row["protocol"] != "all"]
    assert len(pairs) == len(MODELS) * (len(MODELS) - 1) / 2
    assert {name for row in pairs for name in (row["a"], row["b"])} == set(MODELS)
    assert all(row["sentence"] for row in pairs)

    found = json.loads(printed("leaderboard", "--by", "distortion", "--format", "json"))
    parts = [row for row in found if row["protocol"] != "all"]
    assert len(parts) == len(MODELS) * len(KINDS)
    assert {row["model"] for row in parts} == set(MODELS)
    assert sum(row["n"] for row in parts) == len(MODELS) * tested * len(KINDS) * len(LEVELS)
    psnr = [row["srocc"] for row in parts if row["model"] == "psnr"]
    assert all(math.isfinite(srocc) for srocc in psnr)
