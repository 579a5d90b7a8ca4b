import json

import numpy as np
import pytest
from PIL import Image

import iqabench
from iqabench import Session
from iqabench.store import Store
from iqabench.studies.stress import SCALES

pytestmark = pytest.mark.usefixtures("toy")


@pytest.fixture
def study(little, made_once):
    def made(store):
        session = Session(little.catalog, store=store)
        return iqabench.study("power", "toy-estimator", little.name, seeds=3, session=session)

    return made_once(made)


def test_each_variant_is_the_model_with_its_options(study, little, tmp_path):
    assert list(study.table["variant"]) == ["plain", "squared", "dull"]
    alone = iqabench.run(
        "toy-estimator",
        little.name,
        seeds=3,
        set="toy-estimator.power=2",
        session=Session(little.catalog, store=tmp_path / "alone"),
    ).leaderboard()
    squared = study.table.set_index("variant").loc["squared"]
    for column in ("srocc_mean", "srocc_low", "plcc_high", "rmse_mapped_mean"):
        assert squared[column] == pytest.approx(alone[column].iloc[0], nan_ok=False)
    assert squared["repetitions"] == 3 and squared["failed"] == 0


def test_differences_are_to_the_first_variant(study):
    table = study.table.set_index("variant")
    difference = table["srocc_minus_plain"]
    assert np.isnan(difference["plain"])
    expected = table.loc["squared", "srocc_mean"] - table.loc["plain", "srocc_mean"]
    assert difference["squared"] == pytest.approx(expected)
    assert table.loc["squared", "low"] <= expected <= table.loc["squared", "high"]


def test_a_variant_without_defined_srocc_has_a_row(study):
    """Power 0 makes every feature constant, and so every score."""
    dull = study.table.set_index("variant").loc["dull"]
    assert np.isnan(dull["srocc_mean"]) and np.isnan(dull["srocc_minus_plain"])


def test_the_figure_is_a_picture_with_a_mark_for_each_variant(study):
    pixels = np.asarray(Image.open(study.figure).convert("RGB")).astype(int)
    blue = (np.abs(pixels - (0x20, 0x54, 0x93)).sum(2) < 30).any(1)
    marks = np.count_nonzero(np.diff(blue.astype(int)) == 1)
    assert marks >= 2  # two defined variants, each with its own row of ink


def test_overrides_reach_every_variant(little, store):
    session = Session(little.catalog, store=store)
    done = iqabench.study(
        "power", "toy-estimator", little.name, seeds=1, set="power=0", session=session
    )
    assert done.table["srocc_mean"].isna().all()


def test_a_second_time_nothing_is_made(study, little, store):
    session = Session(little.catalog, store=store)
    again = iqabench.study("power", "toy-estimator", little.name, seeds=3, session=session)
    assert again.results.outcome.made == 0
    assert again.table.equals(study.table)


def test_studies_take_the_split_of_a_file(little, store, tmp_path):
    """A study under a named split has the jobs of a run under it, and tests its test part alone."""
    session = Session(little.catalog, store=store)
    file = tmp_path / "split.json"
    iqabench.export_split(little.name, file, seed=7, session=session)
    asked = {"split": str(file), "session": session}
    run = iqabench.run("toy-estimator", little.name, seeds=2, **asked)
    tested = set(json.loads(file.read_text())["test"])
    done = iqabench.study("power", "toy-estimator", little.name, seeds=2, **asked)
    assert done.results.outcome.reused == run.outcome.made  # the variant without overrides
    records = [Store(store).evaluation(name) for name in done.results.evaluations]
    assert {frozenset(record.contents) for record in records} == {frozenset(tested)}
    _, outcome = iqabench.stress("toy-estimator", little.name, seeds=2, **asked)
    assert outcome.reused == run.outcome.made  # a file has one split for all seeds
    assert outcome.made == len(SCALES)
