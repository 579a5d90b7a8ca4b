"""What a run notes of itself, and what runs it again."""

import os

import numpy as np
import pytest

import iqabench
from iqabench.contract import UsageError
from iqabench.engine.executors import base
from iqabench.protocols.placed import placed
from iqabench.registry import registry
from iqabench.store.run_records import RunOptions, RunRecord

MODELS = ["net=toy-network", "toy-estimator"]
ASKED = {
    "seeds": 2,
    "test_share": 0.3,
    "set": ["net.recipe.epochs=1", "toy-estimator.power=2"],
    "choices": iqabench.Choices(init="random", recipe="common", skip_unreadable=True),
}
TIMES = ("seconds_per_image", "timed_on", "config")


@pytest.fixture
def session(little, store):
    return iqabench.Session(little.catalog, store=store, device="cpu")


@pytest.fixture
def ran(session, toy):
    """A store with one run of two models."""
    return iqabench.run(MODELS, "little", **ASKED, session=session, shown={"mapping": "none"})


def numbers(results):
    """A leaderboard without measured times."""
    return results.leaderboard().drop(columns=list(TIMES[:2])).to_csv()


def test_a_run_notes_all_that_was_asked_for(ran, session, little):
    (line,) = iqabench.list_runs(session=session)
    jobs = len(list(session.store.jobs()))
    assert (line.models, line.datasets) == ("net=toy-network,toy-estimator", "little")
    assert (line.jobs, line.done) == (jobs, jobs) and jobs == 8
    found = iqabench.find_run(line.run[:4], session=session)
    assert found.release == iqabench.versions()["iqabench"]
    assert found.began[:16].replace("T", " ") == line.began
    assert set(found.jobs) == {job.fingerprint for job in session.store.jobs()}
    expected = RunOptions(
        models=MODELS,
        datasets=["little"],
        init="random",
        recipe="common",
        skip_unreadable=True,
        mapping="none",
        device="cpu",
        catalog=str(little.catalog),
        plugin=list(map(str, registry().files)),
        **{key: ASKED[key] for key in ("seeds", "test_share", "set")},
    )
    assert found.options == expected


def test_again_into_its_store_makes_nothing_and_notes_nothing(ran, session, store):
    (line,) = iqabench.list_runs(session=session)
    found = iqabench.find_run(line.run, session=session)
    again = iqabench.rerun(found.options, session=iqabench.Session(store=store))
    assert (again.outcome.made, again.outcome.reused) == (0, 8)
    assert iqabench.list_runs(session=iqabench.Session(store=store)) == [line]


def test_again_into_another_store_gives_the_same_leaderboard(ran, session, tmp_path):
    (line,) = iqabench.list_runs(session=session)
    found = iqabench.find_run(line.run, session=session)
    again = iqabench.rerun(found.options, session=iqabench.Session(store=tmp_path / "other"))
    assert (again.outcome.made, again.outcome.reused) == (8, 0)
    assert numbers(again) == numbers(ran)
    # The record does not hold its own store, so both are the same run.
    assert next(iter(again.store.runs())).id == found.id


def test_the_file_of_a_run_holds_its_options(ran, session, tmp_path, monkeypatch):
    found = iqabench.find_run(iqabench.list_runs(session=session)[0].run, session=session)
    iqabench.write_config(found.id, tmp_path / "exp.yaml", session=session)
    monkeypatch.chdir("/")
    assert iqabench.read_config(tmp_path / "exp.yaml") == found.options
    text = (tmp_path / "exp.yaml").read_text()
    assert text.startswith(f"# Run {found.id} of {found.began[:10]}, iqabench ")
    assert "tiny" not in text and "saliency" not in text and "\nrecipe: common\n" in text


def test_every_option_comes_back_from_a_file(tmp_path, session):
    """Each field has a value that is not its default, as text, number, list and truth."""
    options = RunOptions(
        models=("a=toy", "c"),
        datasets=("kadid:live,csiq", "demo"),
        seeds=3,
        split="/x/split: 1.json",
        test_share=0.125,
        validation_share=1e-3,
        weights="/x/# weights",
        init="random",
        recipe="common",
        set=("a.k=[1, 2]", "a.l={x: 1}", "a.m='"),
        tiny=True,
        saliency="center:sigma=0.2",
        allow_truncated=True,
        skip_unreadable=True,
        exclude_shared=True,
        mapping="none",
        device="cpu",
        precision="bf16",
        executor="ray",
        jobs=2,
        devices=("0", "1"),
        threads=5,
        memory=2.5,
        address="head:1",
        log="mlflow:http://head:5000",
        compile=True,
        catalog="/x/c.yaml",
        plugin=(),
        store="/x/store",
    )
    fields = RunOptions.model_fields
    usual = {name for name, field in fields.items() if getattr(options, name) == field.default}
    assert usual == {"plugin"}  # reading the file would load it
    record = RunRecord(began="2026-01-02T03:04:05", release="0", options=options, jobs=())
    session.writable_store().prepare()
    session.store.save_run(record)
    iqabench.write_config(record.id, tmp_path / "exp.yaml", session=session)
    assert iqabench.read_config(tmp_path / "exp.yaml") == options


def test_the_store_of_the_options_is_used_where_no_session_names_one(little, toy, tmp_path):
    file = tmp_path / "exp.yaml"
    file.write_text(f"""
        models: toy-estimator
        datasets: little
        seeds: 1
        catalog: {little.catalog}
        store: kept
    """)
    options = iqabench.read_config(file)
    assert iqabench.rerun(options).store.root == tmp_path / "kept"
    assert iqabench.find_run(
        iqabench.list_runs(session=iqabench.Session(store=tmp_path / "kept"))[0].run,
        session=iqabench.Session(store=tmp_path / "kept"),
    ).options == options.model_copy(update={"store": None})


def test_numbers_of_numpy_and_paths_are_noted_as_plain_ones(session, toy, tmp_path):
    iqabench.export_split("little", tmp_path / "split.json", seed=0, session=session)
    iqabench.run(
        "toy-estimator",
        "little",
        seeds=np.int64(1),
        split=tmp_path / "split.json",
        session=session,
    )
    (found,) = session.store.runs()
    assert (found.options.seeds, found.options.split) == (1, str(tmp_path / "split.json"))


def test_another_run_is_another_record_and_both_are_listed_by_date(ran, session):
    iqabench.run("toy-estimator", "little", seeds=1, session=session)
    found = iqabench.list_runs(session=session)
    assert [one.models for one in found] == [",".join(MODELS), "toy-estimator"]
    assert [one.jobs for one in found] == [8, 2]


def test_a_run_that_is_interrupted_is_noted(session, toy, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(base, "make", interrupted)
    with pytest.raises(KeyboardInterrupt):
        iqabench.run("toy-estimator", "little", seeds=1, session=session)
    (line,) = iqabench.list_runs(session=session)
    assert (line.jobs, line.done) == (2, 0)


def test_a_plan_and_a_refused_run_note_nothing(session, toy, store):
    iqabench.plan("toy-estimator", "little", session=session)
    with pytest.raises(UsageError):
        iqabench.run(
            "toy-network", "little", set="toy-network.fault=none=", seeds=0, session=session
        )
    assert not store.exists()


def test_runs_are_named_by_their_beginnings(ran, session):
    for wrong in ("x", ""):
        with pytest.raises(UsageError, match="unknown run") as caught:
            iqabench.find_run(wrong, session=session)
        assert caught.value.hint == "`iqabench rerun` lists the runs"
    number = 0
    while len({one.id[0] for one in session.store.runs()}) == len(list(session.store.runs())):
        number += 1  # there are 16 first digits, so two runs will share one
        record = next(iter(session.store.runs()))
        session.store.save_run(record.model_copy(update={"release": f"0.{number}"}))
    every = [one.id for one in session.store.runs()]
    twice = next(one[0] for one in every if sum(other[0] == one[0] for other in every) > 1)
    with pytest.raises(UsageError, match="could be") as caught:
        iqabench.find_run(twice, session=session)
    assert caught.value.hint == "give more digits of its name"


def test_a_file_that_cannot_be_written(ran, session, tmp_path):
    (found,) = session.store.runs()
    with pytest.raises(UsageError, match="cannot write"):
        iqabench.write_config(found.id, tmp_path / "none" / "exp.yaml", session=session)


def test_relative_paths_are_noted_as_absolute(little, toy, tmp_path, monkeypatch):
    monkeypatch.chdir(little.catalog.parent)
    session = iqabench.Session(little.catalog.name, store="kept")
    iqabench.run("toy-estimator", "little", seeds=1, session=session)
    (found,) = session.store.runs()
    assert found.options.catalog == str(little.catalog) and found.options.store is None


def test_home_is_expanded_in_every_path(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    given = RunOptions(catalog="~/c", store="~/s", weights="~/w", split="~/p", plugin=["~/q.py"])
    found = placed(given, tmp_path / "other", registry())
    paths = (found.catalog, found.store, found.weights, found.split, *found.plugin)
    assert paths == tuple(os.fspath(tmp_path / name) for name in ("c", "s", "w", "p", "q.py"))
