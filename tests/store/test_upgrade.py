"""A store that the release before format 2 wrote: five models, folds, sets across, an import, a
stress study and a failed job (format1.zip), and the leaderboard that it printed."""

import os
import shutil
import zipfile
from pathlib import Path

import pandas as pd
import pytest

import iqabench
from iqabench.contract import StoreError
from iqabench.store import Store, upgrade
from iqabench.store.folder import written_format
from iqabench.store.records import FitIdentity, ImportIdentity, PredictIdentity
from iqabench.store.sealed import opened

ARCHIVE = Path(__file__).with_name("format1.zip")
WHERE = ["test", "protocol", "model", "name", "train"]


@pytest.fixture
def old(tmp_path):
    """The old store's folder."""
    with zipfile.ZipFile(ARCHIVE) as packed:
        packed.extractall(tmp_path)
    (tmp_path / "store" / "cache").mkdir(exist_ok=True)
    return tmp_path / "store"


@pytest.fixture
def printed(old):
    """The leaderboard that the release which wrote the store printed."""
    return pd.read_csv(old.with_name("leaderboard.csv")).sort_values(WHERE, ignore_index=True)


def test_it_is_refused_in_one_line_that_says_what_to_do(iqabench, old):
    for words in (["leaderboard"], ["compare"], ["run", "--models", "piqe"], ["show", "a"]):
        code, out, err = iqabench(*words, "--store", old)
        assert (code, out) == (2, "")
        assert err == [
            f"error: the store {old} has format 1, and this release reads 3",
            f"hint: iqabench store upgrade --store {old}",
        ]


def test_the_upgraded_store_gives_the_same_leaderboard(iqabench, old, printed, tmp_path):
    code, _, err = iqabench("store", "upgrade", "--store", old)
    assert (code, err) == (0, [f"upgraded {old}; as it was: {old}.format-1"])
    code, _, _ = iqabench("leaderboard", "--store", old, "-o", tmp_path / "now.csv")
    assert code == 0
    now = pd.read_csv(tmp_path / "now.csv").sort_values(WHERE, ignore_index=True)
    assert len(now) == len(printed) == 8
    # `weights` and `config` name jobs, which have new fingerprints.
    same = [name for name in printed if name not in ("weights", "config")]
    # That release gave one content an interval of width 0, and a time whatever a cache had served.
    ends = [name for name in same if name.endswith(("_low", "_high"))]
    alone = printed["contents"] == 1
    widths = printed.loc[alone, "rmse_high"] - printed.loc[alone, "rmse_low"]
    assert list(widths.dropna()) == [0, 0]
    printed.loc[alone, ends] = float("nan")
    printed["seconds_per_image"] = float("nan")
    pd.testing.assert_frame_equal(now[same], printed[same], rtol=1e-9)


def test_every_job_is_kept_with_its_files(old):
    before = {path.name: path for path in (old / "jobs").iterdir() if path.suffix == ""}
    kept = upgrade.upgrade(old)
    jobs = list(Store(old).jobs())
    assert len(jobs) == len(before) > 15
    kinds = [type(job.record.identity) for job in jobs]
    assert {kinds.count(kind) > 0 for kind in (FitIdentity, PredictIdentity, ImportIdentity)} == {
        True
    }
    for job in jobs:
        assert job.fingerprint == job.record.identity.fingerprint
        names = {file.name for file in job.record.files}
        assert names == {path.name for path in job.folder.iterdir()} - {"job.json"}
    assert written_format(kept) == 1


def test_jobs_still_name_each_other(old):
    upgrade.upgrade(old)
    store = Store(old)
    for record in store.evaluations():
        assert store.job(record.predict) is not None or store.job(record.fit) is not None
    for job in store.jobs():
        identity = job.record.identity
        if isinstance(identity, PredictIdentity):
            assert identity.fit is None or store.job(identity.fit) is not None
            if identity.model.weights.startswith("job:"):
                assert store.job(identity.model.weights.removeprefix("job:")).done
        if isinstance(identity, FitIdentity):
            assert store.split(identity.split) is not None
    (study,) = store.stresses()
    assert all(store.job(name) for change in study.changes for name in change.predict)
    assert {record.protocol.kind for record in store.evaluations()} == {
        "hold-out",
        "k-fold",
        "cross",
    }


def test_the_old_source_is_told_but_a_new_run_makes_new_jobs(old):
    upgrade.upgrade(old)
    fits = [job for job in Store(old).jobs() if isinstance(job.record.identity, FitIdentity)]
    for fit in fits:
        assert set(fit.record.sources) == {"iqabench", "toy_plugin"}
        assert fit.record.identity.model.code.harness["version"] == "0.1.0"


def test_a_store_of_format_2_keeps_its_jobs_under_their_names(iqabench, old, tmp_path):
    upgrade.upgrade(old)
    assert iqabench("leaderboard", "--store", old, "-o", tmp_path / "before.csv")[0] == 0
    jobs = {job.fingerprint: job.record for job in Store(old).jobs()}
    # Format 2 had no checksums, and no hashes of tables.
    for path in old.glob("tables/*.json"):
        path.unlink()
    for path in (*old.glob("*.json"), *old.glob("*/*.json"), *old.glob("jobs/*/job.json")):
        path.write_bytes(opened(path.read_bytes()))
    (old / "store.json").write_text('{"format": 2}')
    code, _, err = iqabench("leaderboard", "--store", old)
    assert (code, err[1]) == (2, f"hint: iqabench store upgrade --store {old}")
    code, _, err = iqabench("store", "upgrade", "--store", old)
    assert (code, err) == (0, [f"upgraded {old}; as it was: {old}.format-2"])
    assert {job.fingerprint: job.record for job in Store(old).jobs()} == jobs
    assert iqabench("leaderboard", "--store", old, "-o", tmp_path / "after.csv")[0] == 0
    assert (tmp_path / "after.csv").read_bytes() == (tmp_path / "before.csv").read_bytes()
    assert iqabench("store", "check", "--store", old)[0] == 0


def test_an_upgrade_of_an_upgraded_store_does_nothing(iqabench, old):
    upgrade.upgrade(old)
    code, _, err = iqabench("store", "upgrade", "--store", old)
    assert (code, err) == (0, [f"{old} has the format of this release"])
    assert upgrade.upgrade(old) is None


def test_no_store(iqabench, tmp_path):
    code, _, err = iqabench("store", "upgrade", "--store", tmp_path / "none")
    assert (code, err[0]) == (2, f"error: no store at {tmp_path / 'none'}")


def test_a_later_format_is_refused(iqabench, old):
    (old / "store.json").write_text('{"format": 4, "more": 1}')
    for words in (["leaderboard"], ["store", "upgrade"]):
        code, _, err = iqabench(*words, "--store", old)
        assert code == 2
        assert len(err) == 2
        assert "format 4" in err[0]


def test_a_damaged_record_stops_the_upgrade_and_changes_nothing(old):
    record = next((old / "evaluations").glob("*.json"))
    record.write_text('{"label": 1}')
    before = sorted(path.relative_to(old) for path in old.rglob("*"))
    with pytest.raises(StoreError, match=record.name):
        upgrade.upgrade(old)
    assert sorted(path.relative_to(old) for path in old.rglob("*")) == before
    assert written_format(old) == 1


class PowerCut(BaseException):
    """Ends the process, as far as the upgrade can tell."""


@pytest.mark.parametrize("after", range(4))
def test_an_interrupted_upgrade_goes_on(old, printed, monkeypatch, after):
    calls = iter(range(100))
    rename, write = Path.rename, upgrade.note_format

    def cut(call):
        def dangerous(*arguments):
            if next(calls) == after:
                raise PowerCut
            return call(*arguments)

        return dangerous

    # The last steps: the record of the format, then two renames.
    monkeypatch.setattr(upgrade, "note_format", cut(write))
    monkeypatch.setattr(Path, "rename", cut(rename))
    if after < 3:
        with pytest.raises(PowerCut):
            upgrade.upgrade(old)
    monkeypatch.undo()
    upgrade.upgrade(old)
    found = iqabench.Results(iqabench.Session(store=old)).leaderboard()
    assert len(found) == len(printed)


def test_where_links_cannot_be_made_files_are_copied(old, monkeypatch):
    def no_links(*_):
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", no_links)
    kept = upgrade.upgrade(old)
    shutil.rmtree(kept)
    assert all(job.record.files for job in Store(old).jobs())
