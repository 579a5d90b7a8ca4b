"""Every family of models in one run on the demo set: toy-sized, from random weights."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from iqabench.data import splits

MODELS = (
    *("biosiqnet-lite", "sds-iqa", "sgdnet", "dor-iqa", "tiqa"),
    *("maniqa", "hyperiqa", "dbcnn", "tres", "cnniqa", "wadiqam"),
    *("brisque", "niqe", "piqe", "psnr", "ssim"),
)
DISTORTIONS, TESTED = 8, 80
"""Of the demo set; pictures in the test part of one of its folds."""
pytestmark = pytest.mark.usefixtures("one_thread")


def few_contents():
    """One fold of the demo set, with fewer contents to learn from."""
    path = Path("fold.json")
    fold = json.loads(path.read_text())
    contents = [*fold["train"], *fold["validation"], *fold["test"]]
    split = splits.load(path, "demo", contents)
    splits.save(replace(split, train=split.train[:2]), path)
    return path


@pytest.mark.slow
def test_all_run_the_same_way(iqabench, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # A cache of its own: nothing that is built here by one thread decides another test.
    monkeypatch.setenv("IQABENCH_CACHE", str(tmp_path / "cache"))

    def printed(*words):
        code, out, complaint = iqabench(*words)
        assert code == 0, (out, complaint)
        return out

    printed("datasets", "splits", "export", "demo", "fold.json", "--seed", "0", "--fold", "0")
    out = printed(
        *("run", "--models", ",".join(MODELS), "--datasets", "demo", "--split", few_contents()),
        *("--init", "random", "--tiny", "--seeds", "1", "--quiet", "--format", "json"),
    )
    rows = {row["model"]: row for row in json.loads(out)}
    assert set(rows) == set(MODELS)
    assert {name for name, row in rows.items() if row["failed"] or row["coverage"] < 1} == set()
    # Distorted pictures are compared with their references: no chance in that.
    assert rows["psnr"]["srocc_mean"] > 0.3 and rows["ssim"]["srocc_mean"] > 0.3

    pairs = json.loads(printed("compare", "--quiet", "--format", "json"))
    assert len(pairs) == len(MODELS) * (len(MODELS) - 1) / 2
    assert {name for row in pairs for name in (row["a"], row["b"])} == set(MODELS)
    assert all(row["sentence"] for row in pairs)

    parts = json.loads(printed("leaderboard", "--by", "distortion", "--format", "json"))
    assert len(parts) == len(MODELS) * DISTORTIONS
    assert {row["model"] for row in parts} == set(MODELS)
    assert sum(row["n"] for row in parts) == len(MODELS) * TESTED
    psnr = [row["srocc"] for row in parts if row["model"] == "psnr"]
    assert all(math.isfinite(srocc) for srocc in psnr)
