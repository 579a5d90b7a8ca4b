"""The public names: one door for commands, notebooks and scripts."""

import inspect

import pytest

import iqabench
from iqabench.contract import UnknownNameError, UsageError

REPORTS = (
    "leaderboard",
    "breakdown",
    "differences",
    "compare",
    "ranks",
    "raters",
    "waterloo",
    "predictions",
    "figures",
    "report",
)
NO_SESSION = {"clear_maps", "draw_pairs", "kept_maps", "versions"}
"""Functions that need neither catalogue nor store, device or progress."""


def functions():
    found = {name: getattr(iqabench, name) for name in dir(iqabench)}
    return {name: one for name, one in found.items() if inspect.isfunction(one)}


def test_completion_shows_the_public_names_and_nothing_else():
    assert dir(iqabench) == sorted(iqabench.__all__)
    assert len(dir(iqabench)) > 30
    for name in dir(iqabench):
        assert getattr(iqabench, name) is not None


def test_every_function_says_what_it_does():
    for name, function in functions().items():
        assert len(inspect.getdoc(function) or "") > 40, name


def test_every_call_takes_a_session_and_no_store_or_watcher_of_its_own():
    assert len(functions()) > 25
    for name, function in functions().items():
        parameters = inspect.signature(function).parameters
        assert ("session" in parameters) == (name not in NO_SESSION), name
        assert not {"store", "watch", "device", "precision"} & set(parameters), name


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_takes_the_same_filters(name):
    parameters = inspect.signature(getattr(iqabench.Results, name)).parameters
    assert {"models", "datasets", "exclude_shared"} <= set(parameters)


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match="no attribute 'runn'"):
        _ = iqabench.runn


@pytest.fixture
def results(toy, little, store):
    session = iqabench.Session(little.catalog, store=store, device="cpu")
    return iqabench.run(["toy-scorer", "toy-estimator"], "little", seeds=1, session=session)


def test_a_string_is_one_name(results, tmp_path):
    board = results.leaderboard("toy-scorer", "little")
    assert list(board["model"]) == ["toy-scorer"]
    board = results.leaderboard()
    assert sorted(zip(board["model"], board["protocol"], strict=True)) == [
        ("toy-estimator", "hold-out"),
        ("toy-scorer", "all"),
        ("toy-scorer", "hold-out"),
    ]
    again = iqabench.run("toy-scorer", "little", seeds=1, session=results.session)
    assert (again.outcome.made, again.outcome.reused) == (0, 1)
    assert len(again.leaderboard()) == 1
    scored = iqabench.score("piqe", str(results.session.dataset("little").root / "c0.png"))
    assert len(scored) == 1


def test_filters_choose_alike_in_every_report(results, tmp_path):
    only = {"models": ["toy-scorer"], "datasets": ["little"]}
    assert set(results.predictions(**only)["model"]) == {"toy-scorer"}
    assert set(results.breakdown("distortion", **only)["model"]) == {"toy-scorer"}
    assert set(results.waterloo(**only)["model"]) == {"toy-scorer"}
    assert len(results.differences(**only)) == 0
    with pytest.raises(UsageError, match="only model"):
        results.compare(**only)
    results.report(tmp_path / "one.html", **only)
    page = (tmp_path / "one.html").read_text()
    assert "toy-scorer" in page
    assert "toy-estimator" not in page
    assert results.figures(tmp_path / "figures", "svg", **only).paths


@pytest.mark.parametrize("name", ["leaderboard", "predictions", "waterloo", "differences"])
def test_what_nobody_stored_is_refused_by_name(results, name):
    for filters in ({"models": "toy-scored"}, {"datasets": "litle"}):
        with pytest.raises(UnknownNameError, match="unknown"):
            getattr(results, name)(**filters)


def test_results_of_a_whole_store_and_of_a_run(results, little, store):
    whole = iqabench.Results(iqabench.Session(store=store))
    assert len(whole.leaderboard()) == 3
    one = iqabench.run("toy-scorer", "little", seeds=1, session=results.session)
    assert len(one.leaderboard()) == 1
    assert ": 1 evaluation in " in repr(one)
    assert "toy-scorer" in one._repr_html_()


def test_no_store(tmp_path):
    empty = iqabench.Results(iqabench.Session(store=tmp_path / "none"))
    with pytest.raises(UsageError, match="no results at"):
        empty.leaderboard()
    with pytest.raises(UsageError, match="no results at"):
        empty.stress()
