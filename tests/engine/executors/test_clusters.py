"""Ray and Slurm's stand-in give what this machine gives, also if a worker is lost on the way."""

import os
import signal
import stat
from pathlib import Path

import pytest
from executed import MODELS, Watcher, board, run

from iqabench import Spread
from iqabench.contract import IqabenchError
from iqabench.engine.executors import on_ray, on_slurm, parcels
from iqabench.engine.executors.base import Request
from iqabench.engine.executors.parcels import Parcel, Passport, content_of, packed, receive
from iqabench.store import Store


@pytest.fixture
def once(little, tmp_path):
    """A run of one seed here: a job on a cluster begins a process, which takes seconds."""
    return run(little, tmp_path / "once", MODELS, Spread(), seeds=1)


@pytest.mark.slow
def test_ray_with_a_worker_that_is_killed(little, store, once, monkeypatch):
    pytest.importorskip("ray", reason="needs the extra ray")
    monkeypatch.setenv("TOY_STEP_SECONDS", "0.2")
    killed = []

    def kill(done, total, what):
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            if not killed and done >= 1 and b"ray::_make" in _read(path):
                killed.append(int(path.parent.name))
                os.kill(killed[0], signal.SIGKILL)

    monkeypatch.setattr(on_ray, "cores", lambda: 2)
    watch = Watcher(kill)
    spread = Spread(executor="ray", threads=1, memory=0.1)
    found = run(little, store, MODELS, spread, watch, seeds=1)
    assert len(killed) == 1
    assert (found.outcome.made, found.outcome.failed) == (4, ())
    assert board(found) == board(once)
    assert not [line for line in watch.said if line.startswith("failed")]
    for job in found.store.jobs():
        assert {file.name for file in job.record.files} >= {"log.txt"}
        assert job.record.threads == 1


@pytest.mark.slow
def test_submitits_local_executor(little, store, once, monkeypatch):
    pytest.importorskip("submitit", reason="needs the extra slurm")
    seen = []
    submit = on_slurm.OnSlurm._submit

    def watched(self, tasks, to, private, after):
        seen.append((private, stat.S_IMODE(private.stat().st_mode)))
        return submit(self, tasks, to, private, after)

    monkeypatch.setattr(on_slurm.OnSlurm, "_submit", watched)
    monkeypatch.setattr(
        Spread, "chosen", lambda self, device: on_slurm.OnSlurm(Request(1, 0, 1.0), None, "local")
    )
    found = run(little, store, MODELS, Spread(executor="slurm", threads=1), seeds=1)
    assert (found.outcome.made, found.outcome.failed) == (4, ())
    assert board(found) == board(once)
    assert len(seen) == 2  # fits, then predictions
    for private, mode in seen:
        assert mode == 0o700
        assert not private.exists()
        assert store not in private.parents


def test_what_comes_back_is_verified(little, store, serial, tmp_path):
    plan = _plan(little, serial)
    job = plan.jobs[0]
    content = content_of(serial.store.job(job.fingerprint).folder)
    into = Store(store)
    into.prepare()
    flipped = bytearray(content["weights.safetensors"])
    flipped[-1] ^= 1
    for damaged in (
        {**content, "weights.safetensors": bytes(flipped)},
        {name: inside for name, inside in content.items() if name != "weights.safetensors"},
        {**content, "../more": b""},
    ):
        with pytest.raises(IqabenchError, match="what came back is damaged"):
            receive(job, damaged, into, lambda: None)
        assert into.job(job.fingerprint) is None
    other = content_of(serial.store.job(plan.jobs[2].fingerprint).folder)
    with pytest.raises(IqabenchError, match="damaged"):
        receive(job, other, into, lambda: None)
    made = receive(job, content, into, lambda: None)
    kept = serial.store.job(job.fingerprint).record
    assert (made.fresh, made.job.record.files) == (True, kept.files)
    assert receive(job, content, into, lambda: None).fresh is False


def test_a_machine_with_other_code_is_refused_by_name(little, serial, monkeypatch):
    parcel = Parcel.of(_plan(little, serial).jobs[0])
    assert parcel.passport.differs(parcel.passport) == ""
    monkeypatch.setattr(parcels.platform, "node", lambda: "node-7")
    code = dict(parcel.passport.sources)
    for here, told in (
        (Passport({**code, "toy_plugin": "f00"}, parcel.passport.libraries), "of toy_plugin (f00)"),
        (Passport(code, {**parcel.passport.libraries, "iqabench": "0.0.1"}), "has iqabench 0.0.1"),
        (Passport(code, {**parcel.passport.libraries, "torch": "1.0"}), "has torch 1.0"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(Passport, "of", classmethod(lambda cls, job, here=here: here))
            problem, hint = on_ray._inspect(packed(parcel))
        assert problem.startswith("worker node-7 has ")
        assert told in problem
        assert hint == "install the same on all machines"


def test_data_are_found_by_name_or_refused_by_name(little, serial, tmp_path, monkeypatch):
    from iqabench.engine.executors.parcels import data_here

    dataset = _plan(little, serial).jobs[0].dataset
    assert data_here(dataset, dataset.hash).root == little.root  # where the driver has it
    monkeypatch.setattr(parcels.platform, "node", lambda: "node-7")
    for wanted, why in (("0" * 16, "another version of it lies in"),):
        with pytest.raises(IqabenchError, match=rf"worker node-7 does not have .*little'.*{why}"):
            data_here(dataset, wanted)
    config = tmp_path / "config"
    config.mkdir(exist_ok=True)
    copied = tmp_path / "copied"
    copied.mkdir()
    for path in little.root.iterdir():
        (copied / path.name).write_bytes(path.read_bytes())
    text = little.catalog.read_text().replace(str(little.root), str(copied))
    monkeypatch.setenv("IQABENCH_CONFIG", str(config))
    (config / "datasets.yaml").write_text(text)
    assert data_here(dataset, dataset.hash).root == copied


def _plan(little, results):
    import iqabench

    return iqabench.plan(MODELS, "little", seeds=2, session=results.session)


def _read(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""
