"""``store check`` names all damage, and ``store gc`` removes what nothing refers to."""

import os
import shutil
import time

import pandas as pd
import pytest
from filelock import FileLock
from stored import (
    HASH,
    evaluation,
    fit_identity,
    job_record,
    keep,
    predict_identity,
    run_record,
)

from iqabench.store import Store
from iqabench.store.files import write_atomically
from iqabench.store.folder import WEIGHTS
from iqabench.store.records import SplitRecord

SPLIT = SplitRecord(dataset="set", train=("a",), validation=(), test=("b",))
FIT = fit_identity("one", split=SPLIT.digest)
PREDICT = predict_identity("one", fit=FIT.fingerprint)
SCORES = pd.DataFrame({"image": ["x"], "prediction": [1.0], "error": [None]})
LABELS = pd.DataFrame({"image": ["x"], "content": ["b"], "quality": [1.0]})


@pytest.fixture
def kept(store):
    """A store with a fit, its predictions, their evaluation and the run."""
    found = Store(store)
    found.prepare()
    with found.writing(FIT.fingerprint) as folder:
        (folder / WEIGHTS).write_bytes(b"weights")
        found.finish(job_record("one", FIT))
    keep(found, job_record("one", PREDICT), SCORES)
    found.save_table("set", HASH, LABELS)
    found.save_split(SPLIT)
    found.save_evaluation(
        evaluation(
            label="one", predict=PREDICT.fingerprint, fit=FIT.fingerprint, split=SPLIT.digest
        )
    )
    found.save_run(run_record(FIT.fingerprint, PREDICT.fingerprint))
    return found


def files(root):
    return {path: path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def old(path):
    """A file of a process that died hours ago."""
    path.write_bytes(b"12345")
    os.utime(path, (time.time() - 9999, time.time() - 9999))
    return path


def test_a_whole_store(iqabench, kept):
    before = files(kept.root)
    assert iqabench("store", "check", "--store", kept.root) == (0, "", [f"{kept.root} is whole"])
    assert files(kept.root) == before


def test_every_file_that_is_changed_or_lost_is_named(iqabench, kept, tmp_path):
    shutil.copytree(kept.root, tmp_path / "whole")
    only = {path for path in files(kept.root) if path.parent.name in ("evaluations", "runs")}
    assert len(only) == 2
    for path, content in files(kept.root).items():
        if path.suffix == ".lock":
            continue
        for damaged in (content[:-1], b"{}", content[:9] + b"?" + content[10:], None):
            if damaged is None:
                path.unlink()
            else:
                path.write_bytes(damaged)
            code, said, _ = iqabench("store", "check", "--store", kept.root)
            job = path.parent if path.parent.parent.name == "jobs" else path
            known = path in only and damaged is None  # nothing refers to an evaluation or a run
            assert code == (0 if known else 1), (path, damaged)
            assert known or job.stem in said, (path, damaged)
            shutil.rmtree(kept.root)
            shutil.copytree(tmp_path / "whole", kept.root)


def test_what_is_damaged_can_be_removed(iqabench, kept):
    (kept.root / "jobs" / FIT.fingerprint / WEIGHTS).write_bytes(b"flipped")
    code, said, _ = iqabench("store", "check", "--remove", "--store", kept.root)
    assert code == 1
    assert said == (
        f"{kept.root / 'jobs' / FIT.fingerprint} is damaged: the content of {WEIGHTS} is not what "
        "was stored; the next run makes it again\n"
    )
    assert kept.job(FIT.fingerprint) is None
    code, said, _ = iqabench("store", "check", "--remove", "--store", kept.root)
    assert f"its fit job {FIT.fingerprint} is gone" in said
    assert iqabench("store", "check", "--store", kept.root)[0] == 0


def test_gc_removes_what_nothing_refers_to_and_nothing_else(iqabench, kept):
    before = files(kept.root)
    orphan = keep(kept, job_record("two"), SCORES)
    kept.save_run(run_record(orphan))
    kept.save_table("set", "1" * 16, LABELS)
    kept.save_split(SPLIT.model_copy(update={"dataset": "other"}))
    unfinished = kept.root / "jobs" / f"{'9' * 16}.partial"
    unfinished.mkdir()
    waiting = kept.root / "jobs" / f"{PREDICT.fingerprint}.partial"
    waiting.mkdir()
    part = old(kept.root / "tables" / ".a.parquet.0.part")
    young = kept.root / ".probe-1"
    young.touch()
    with FileLock(kept.root / "jobs" / f".{'8' * 16}.lock"):
        busy = kept.root / "jobs" / f"{'8' * 16}.partial"
        busy.mkdir()
        code, said, told = iqabench("store", "gc", "--dry-run", "--store", kept.root)
        assert code == 0
        assert told[-1].startswith("would remove ")
        for path in (kept.root / "jobs" / orphan, unfinished, part):
            assert f"{path} (" in said
            assert path.exists()
        assert f"{part} (5 bytes): a process left it" in said
        assert iqabench("store", "gc", "--store", kept.root)[0] == 0
        assert busy.exists()
    assert waiting.exists()
    assert young.exists()
    young.unlink()
    left = {p: c for p, c in files(kept.root).items() if p.suffix != ".lock"}
    assert left == {p: c for p, c in before.items() if p.suffix != ".lock"}
    assert not unfinished.exists()
    assert iqabench("store", "check", "--store", kept.root)[0] == 0


def test_gc_refuses_a_damaged_store(iqabench, kept):
    (path,) = (kept.root / "evaluations").iterdir()
    path.write_text("{}")
    before = files(kept.root)
    code, _, said = iqabench("store", "gc", "--store", kept.root)
    assert code == 2
    assert said[0].startswith(f"error: {path} is damaged")
    assert files(kept.root) == before


def test_a_run_sweeps_old_leftovers(kept):
    parts = [old(kept.root / place / ".x.part") for place in ("jobs", "splits", "cache", "runs")]
    (kept.root / "jobs" / f"{'7' * 16}.failed").mkdir()
    Store(kept.root).prepare()
    assert not any(part.exists() for part in parts)
    assert not list(kept.root.glob("jobs/*.failed"))


def test_results_are_on_the_disk_before_they_have_their_names(tmp_path, monkeypatch):
    done = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (done.append(os.fstat(handle)), real(handle)))
    write_atomically(tmp_path / "a", lambda part: part.write_text("text"), lasting=True)
    assert [one.st_ino for one in done] == [
        (tmp_path / "a").stat().st_ino,
        tmp_path.stat().st_ino,
    ]
    done.clear()
    write_atomically(tmp_path / "b", lambda part: part.write_text("text"))
    assert done == []


def test_a_finished_job_is_on_the_disk(kept, monkeypatch):
    done = set()
    real = os.fsync
    monkeypatch.setattr(
        os, "fsync", lambda handle: (done.add(os.fstat(handle).st_ino), real(handle))
    )
    name = keep(kept, job_record("three"), SCORES)
    folder = kept.root / "jobs" / name
    assert {path.stat().st_ino for path in (*folder.iterdir(), folder, folder.parent)} <= done
