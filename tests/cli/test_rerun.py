"""``iqabench rerun``."""

import io
import json

import pandas as pd
import pytest


@pytest.fixture
def ran(iqabench, little, store, toy):
    """A store with the run of two estimators, by the command line; what that printed."""
    words = ["--models", "brisque,toy-estimator", "--datasets", "little", "--seeds", "1"]
    places = ["--catalog", little.catalog, "--store", store]
    code, said, _ = iqabench("run", *words, *places, "--mapping", "none", "--format", "csv")
    assert code == 0
    return said


def listed(iqabench, store):
    """The list of runs, and the ID of the only one."""
    code, said, _ = iqabench("rerun", "--store", store, "--format", "json")
    assert code == 0
    (one,) = json.loads(said)
    return one


def without_times(said):
    """A leaderboard without measured times."""
    board = pd.read_csv(io.StringIO(said))
    return board.drop(columns=["seconds_per_image", "timed_on"]).to_csv()


def test_the_list_of_runs(iqabench, ran, store):
    one = listed(iqabench, store)
    assert list(one) == ["run", "began", "models", "datasets", "jobs", "done"]
    assert (one["models"], one["datasets"]) == ("brisque,toy-estimator", "little")
    assert one["jobs"] == one["done"] == 4


def test_again_into_the_same_store_and_another(iqabench, ran, store, tmp_path):
    run = listed(iqabench, store)["run"]
    code, said, told = iqabench("rerun", run, "--store", store, "--format", "csv")
    assert (code, said) == (0, ran) and told[-1].startswith("0 jobs made, 4 reused")
    other = tmp_path / "other"
    code, said, told = iqabench(
        "rerun", run[:5], "--store", store, "--into", other, "--format", "csv"
    )
    assert code == 0 and told[-1].startswith("4 jobs made, 0 reused")
    assert without_times(said) == without_times(ran)
    assert listed(iqabench, other)["run"] == run


def test_the_file_of_a_run_runs_it(iqabench, ran, store, tmp_path):
    run, file = listed(iqabench, store)["run"], tmp_path / "exp.yaml"
    assert iqabench("rerun", run, "--store", store, "-o", file) == (0, "", [f"wrote {file}"])
    code, said, told = iqabench("run", "--config", file, "--store", store, "--format", "csv")
    assert (code, said) == (0, ran) and told[-1].startswith("0 jobs made, 4 reused")


def test_a_table_of_the_list_or_of_the_run_goes_to_a_file(iqabench, ran, store, tmp_path):
    run = listed(iqabench, store)["run"]
    code, _, _ = iqabench("rerun", "--store", store, "-o", tmp_path / "runs.csv")
    assert code == 0 and (tmp_path / "runs.csv").read_text().startswith("run,began,")
    code, _, _ = iqabench("rerun", run, "--store", store, "-o", tmp_path / "board.csv")
    assert code == 0 and (tmp_path / "board.csv").read_text() == ran


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--into", "OTHER"], "error: --into is about one run"),
        (["-o", "exp.yaml"], "error: -o exp.yaml is about one run"),
        (["nothing"], "error: unknown run 'nothing'"),
    ],
)
def test_what_has_no_meaning_is_refused(
    iqabench, ran, store, tmp_path, monkeypatch, words, message
):
    monkeypatch.chdir(tmp_path)
    code, said, told = iqabench("rerun", *words, "--store", store)
    assert (code, said, len(told)) == (2, "", 2) and told[0].startswith(message)


def test_no_store_and_a_store_without_runs(iqabench, ran, store, tmp_path):
    code, _, told = iqabench("rerun", "--store", tmp_path / "none")
    assert code == 2 and told[0].startswith("error: no results at")
    for path in (store / "runs").iterdir():
        path.unlink()
    (store / "runs").rmdir()  # as an earlier release left it
    assert iqabench("rerun", "--store", store, "--format", "json") == (0, "[]\n", [])
    assert iqabench("leaderboard", "--store", store)[0] == 0
    assert iqabench("store", "check", "--store", store)[0] == 0
