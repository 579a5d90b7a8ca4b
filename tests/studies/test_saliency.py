import numpy as np
import pytest

import iqabench
from iqabench import Choices, Session
from iqabench.contract import UnknownNameError, UsageError

pytestmark = pytest.mark.usefixtures("toy", "one_thread")


def study(little, store, *providers, model="toy-guided", **more):
    session = Session(little.catalog, store=store)
    return iqabench.study_saliency(model, little.name, providers, seeds=2, session=session, **more)


def test_each_row_is_the_model_under_its_provider(little, store, tmp_path):
    done = study(little, store, "center:sigma=0.2", "uniform", "spectral-residual")
    table = done.table.set_index("variant")
    assert list(table.index) == ["center:sigma-0.2", "uniform", "spectral-residual"]
    alone = iqabench.run(
        "toy-guided",
        little.name,
        seeds=2,
        choices=Choices(saliency="center:sigma=0.2"),
        session=Session(little.catalog, store=tmp_path / "alone"),
    ).leaderboard()
    row = table.loc["center:sigma-0.2"]
    assert row["srocc_mean"] == alone["srocc_mean"].iloc[0]

    gain = table["srocc_minus_uniform"]
    assert np.isnan(gain["uniform"])
    expected = row["srocc_mean"] - table.loc["uniform", "srocc_mean"]
    assert gain["center:sigma-0.2"] == pytest.approx(expected)
    assert row["low"] <= expected <= row["high"]
    assert done.figure.is_file()
    assert (done.results.outcome.made, done.results.outcome.failed) == (12, ())
    again = study(little, store, "center:sigma=0.2", "uniform", "spectral-residual")
    assert (again.results.outcome.made, again.results.outcome.reused) == (0, 12)


def test_without_the_control_the_first_takes_its_place(little, store):
    table = study(little, store, "spectral-residual", "center").table
    assert table["srocc_minus_spectral-residual"].notna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("providers", "more", "words"),
    [
        (["uniform"], {"model": "toy-estimator"}, "uses no saliency"),
        (["uniform", "center", "uniform"], {}, "named twice"),
        (["uniform"], {"choices": Choices(saliency="center")}, "no single provider"),
    ],
)
def test_what_makes_no_study_is_refused(little, store, providers, more, words):
    with pytest.raises(UsageError, match=words):
        study(little, store, *providers, **more)


def test_an_unknown_provider_is_refused_before_anything_runs(little, store):
    with pytest.raises(UnknownNameError, match="centre"):
        study(little, store, "uniform", "centre")
    assert not (store / "jobs").exists()
