import threading

import pytest

import iqabench
from iqabench import Session
from iqabench.engine.making import give_up, make
from iqabench.engine.titles import title
from iqabench.store.folder import LOG


@pytest.fixture
def session(little, store):
    return Session(little.catalog, store=store)


@pytest.fixture
def jobs(session):
    """The fit job and the predict job of an estimator's first repetition."""
    return iqabench.plan("toy-estimator", "little", seeds=1, session=session).jobs


def still(*_):
    """Neither ticks nor says anything."""


def test_a_title_names_the_work_the_set_and_the_repetition(jobs):
    fit, predict = jobs
    split = fit.split.hash[:6]
    assert title(fit) == f"fit toy-estimator on little, seed 0 (split {split})"
    assert title(predict) == (
        f"predict little, test part with toy-estimator, seed 0 (split {split})"
    )


def test_a_title_names_the_fold(session, little):
    little.catalog.write_text(
        little.catalog.read_text() + "    protocol: {kind: k-fold, folds: 3}\n"
    )
    made = iqabench.plan("toy-estimator", "little", seeds=1, session=session).jobs
    told = [title(job) for job in made]
    for fold in range(3):
        split = made[2 * fold].split.hash[:6]
        assert told[2 * fold].endswith(f" on little, seed 0, fold {fold} (split {split})")
        assert told[2 * fold + 1].endswith(f"seed 0, fold {fold} (split {split})")


def test_a_job_is_made_once(session, jobs):
    store = session.writable_store()
    first = make(jobs[0], store, still, still)
    assert first.fresh
    assert first.job.record.status == "done"
    assert (first.job.folder / LOG).read_text().splitlines()[0].endswith(title(jobs[0]))
    again = make(jobs[0], store, still, still)
    assert not again.fresh
    assert again.job.record == first.job.record


def test_a_job_that_fails_keeps_its_traceback(session, jobs):
    found = make(jobs[1], session.writable_store(), still, still).job.record  # its fit is missing
    assert found.status == "failed"
    assert found.error.startswith("WeightsError: fit job")
    assert found.traceback.startswith("Traceback")


def test_what_is_given_up_has_failed_unless_it_was_done(session, jobs):
    store = session.writable_store()
    lost = give_up(jobs[0], store, "WorkerError: it died", "run again").job.record
    assert (lost.status, lost.error, lost.hint) == ("failed", "WorkerError: it died", "run again")
    done = make(jobs[0], store, still, still).job.record
    assert done.status == "done"
    assert give_up(jobs[0], store, "WorkerError: it died", "run again").job.record == done


def test_who_waits_for_another_run_says_so(session, jobs):
    store, said = session.writable_store(), []
    heard = threading.Event()

    def say(line):
        said.append(line)
        heard.set()

    with store.writing(jobs[0].fingerprint):
        waiting = threading.Thread(target=make, args=(jobs[0], store, still, say))
        waiting.start()
        assert heard.wait(60)
    waiting.join(60)
    assert said == [f"waits for another run: {title(jobs[0])}"]
    assert store.job(jobs[0].fingerprint).done
