"""Several jobs at once: the same results as one after the other, whatever dies on the way."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from executed import MODELS, PROGRAM, Watcher, board, run

import iqabench
from iqabench import Session, Spread
from iqabench.engine.executors.base import Schedule, Task
from iqabench.engine.executors.processes import Processes
from iqabench.kit.processors import share_of
from iqabench.store import Store


def test_two_at_once_give_the_leaderboard_of_one_after_the_other(little, store, serial):
    watch = Watcher()
    found = run(little, store, MODELS, Spread(jobs=2, threads=1), watch)
    assert (found.outcome.made, found.outcome.reused, found.outcome.failed) == (8, 0, ())
    assert board(found) == board(serial)
    assert watch.most == 3  # both were shown at once, and the whole
    fits = [str(one) for one in watch.came_to if "loss" in one]
    assert len(fits) == 2 and all("after" in one and "validation SROCC" in one for one in fits)
    assert {"epoch 1/2", "predicting"} <= watch.whats
    again = run(little, store, MODELS, Spread(jobs=2, threads=1))
    assert (again.outcome.made, again.outcome.reused) == (0, 8)
    for job in found.store.jobs():
        assert (job.record.threads, bool(job.record.capability)) == (1, True)


@pytest.mark.slow
def test_a_killed_worker_fails_its_job_alone_and_the_job_is_made_again(little, store, serial):
    victims = []

    def kill(done, total, what):
        if what == "epoch 2/2" and not victims:
            (child,) = children()
            victims.append(child)
            os.kill(child, signal.SIGKILL)

    watch = Watcher(kill)
    found = run(little, store, MODELS, Spread(jobs=1, threads=1), watch)
    assert len(victims) == 1
    (line,) = [line for line in watch.said if line.startswith("failed: ")]
    assert "fit toy-network on little, seed 0" in line
    assert "its process was ended by SIGKILL" in line
    assert (found.outcome.made, len(found.outcome.failed)) == (8, 2)  # and its prediction
    again = run(little, store, MODELS, Spread())
    assert (again.outcome.made, again.outcome.failed) == (2, ())
    assert board(again) == board(serial)
    assert children() == []


@pytest.mark.slow
def test_ctrl_c_ends_all_at_once_and_all_goes_on(little, store, serial):
    words = ["run", "--models", ",".join(MODELS), "--datasets", "little", "--seeds", "2"]
    words += ["--catalog", str(little.catalog), "--store", str(store), "--device", "cpu"]
    words += ["--jobs", "2", "--threads", "1"]
    started = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words],
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "TOY_STEP_SECONDS": "0.5"},
    )
    deadline = time.monotonic() + 600
    while not list(store.glob("jobs/*.partial/stage-0/last.ckpt")):
        assert time.monotonic() < deadline and started.poll() is None
        time.sleep(0.05)
    workers = children(started.pid)
    assert len(workers) == 2
    started.send_signal(signal.SIGINT)
    _, err = started.communicate(timeout=60)
    assert started.returncode == 130
    assert "Traceback" not in err
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)
    assert board(run(little, store, MODELS, Spread())) == board(serial)


def test_a_worker_dies_with_its_run(little, store):
    words = ["run", "--models", "toy-scorer", "--datasets", "little", "--quiet"]
    words += ["--catalog", str(little.catalog), "--store", str(store), "--device", "cpu"]
    started = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words, "--jobs", "2", "--set", "toy-scorer.fault=hang"],
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parents[2],
    )
    deadline = time.monotonic() + 600
    while not list(store.glob("jobs/*.partial")) or not children(started.pid):
        assert time.monotonic() < deadline and started.poll() is None
        time.sleep(0.05)
    (worker,) = children(started.pid)
    started.kill()
    started.wait()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{worker}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{worker}").exists()


def test_each_device_makes_one_job_at_a_time(little, store):
    """A toy notes which GPU its process was given; no GPU is needed for that."""
    given = [{**share_of(2, 1), "CUDA_VISIBLE_DEVICES": name} for name in ("4", "7")]
    session = Session(little.catalog, store=store)
    session.executor = Processes(given)
    found = iqabench.run("toy-scorer", "little", session=session, set="toy-scorer.fault=device")
    (job,) = found.store.jobs()
    scores = found.store.predictions(job.fingerprint)["prediction"]
    assert set(scores) in ({4.0}, {7.0})


def test_an_error_that_is_no_jobs_ends_the_run(little, tmp_path, monkeypatch):
    made = Session(little.catalog, store=tmp_path / "store")
    plan = iqabench.plan("toy-scorer", "little", session=made)
    broken = tmp_path / "broken"
    Store(broken).prepare()
    (broken / "store.json").write_text('{"format": 1}')
    tasks = [Task(job, "its name") for job in plan.jobs]
    with pytest.raises(iqabench.contract.IqabenchError, match=r"its name: .* has format 1"):
        list(Processes([dict(os.environ)]).make(tasks, Store(broken), Watcher()))
    assert children() == []


def test_a_run_that_waits_for_another_says_so_and_did_not_make_the_job(little, store, tmp_path):
    run(little, tmp_path / "elsewhere", ["toy-estimator"], Spread(), seeds=1)
    plan = iqabench.plan(
        "toy-estimator", "little", seeds=1, session=Session(little.catalog, store=store)
    )
    other = Store(store)
    other.prepare()
    watch, found = Watcher(), []
    with other.writing(plan.jobs[0].fingerprint):
        thread = threading.Thread(
            target=lambda: found.append(run(little, store, ["toy-estimator"], Spread(), watch, 1))
        )
        thread.start()
        deadline = time.monotonic() + 60
        while not watch.said:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert watch.said[0].startswith("waits for another run: fit toy-estimator on little")
        name = plan.jobs[0].fingerprint
        shutil.copytree(tmp_path / "elsewhere" / "jobs" / name, store / "jobs" / name)
    thread.join()
    assert (found[0].outcome.made, found[0].outcome.reused) == (1, 1)


def test_a_prediction_waits_for_its_fit(little, store):
    session = Session(little.catalog, store=store)
    plan = iqabench.plan(MODELS, "little", seeds=2, session=session)
    schedule = Schedule([Task(job, "") for job in plan.jobs])
    begun = []
    while (task := schedule.next()) is not None:
        begun.append(task)
    assert [task.job.identity.kind for task in begun] == ["fit"] * 4
    schedule.ended(begun[2])
    following = schedule.next()
    assert following.needs == begun[2].job.fingerprint
    assert schedule.next() is None


def children(parent=None):
    """Processes of a parent, without those that have ended."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            _, _, rest = path.read_text().rpartition(")")
        except OSError:
            continue
        state, above = rest.split()[:2]
        if int(above) == (parent or os.getpid()) and state != "Z":
            found.append(int(path.parent.name))
    return found
