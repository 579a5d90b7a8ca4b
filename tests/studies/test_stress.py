import numpy as np
import pytest
from PIL import Image

import iqabench
from iqabench import Choices, Results, Session
from iqabench.contract import UsageError
from iqabench.report import noise
from iqabench.store import Store
from iqabench.studies.stress import SCALES

pytestmark = pytest.mark.usefixtures("toy", "one_thread")


def study(model, little, store, **more):
    session = Session(little.catalog, store=store)
    (found,), outcome = iqabench.stress(model, little.name, session=session, **more)
    return found, outcome


@pytest.fixture
def network(little, made_once):
    return made_once(lambda store: study("toy-network", little, store, seeds=2))


def test_every_change_has_a_row(network):
    found, outcome = network
    table = found.table.set_index("change")
    assert outcome.failed == ()
    assert list(table.index)[:2] == ["as it is", "trained from seed 1"]
    assert {"4 crops", "9 crops", "25 crops", "bf16", "pictures x 0.5"} <= set(table.index)
    assert "1 crop" not in table.index  # what the recipe asks for anyway
    assert (table["scored"] == 1).all()
    immaterial = table["immaterial"]
    assert immaterial[["trained from seed 1", "9 crops", "bf16"]].all()
    assert not immaterial[["pictures x 0.5", "pictures x 2"]].any()
    assert table.loc["as it is", ["agreement", "srocc_change"]].tolist() == [1, 0]
    assert (table.loc[["trained from seed 1", "pictures x 0.5"], "agreement"] < 1).all()


def test_fitting_is_done_once_for_each_seed(network, store):
    kinds = [job.record.identity.kind for job in Store(store).jobs()]
    changes = len(network[0].table)
    assert (kinds.count("fit"), kinds.count("predict")) == (2, changes)


def test_crops_are_changed_and_the_weights_stay(network, little, store):
    """The same predictions as of an ordinary run with the fitted weights and that many crops."""
    kept = Store(store)
    (record,) = kept.stresses()
    changed = {change.name: change.predict[0] for change in record.changes}
    fit = kept.job(changed["9 crops"]).record.identity.fit
    results = iqabench.run(
        "toy-network",
        little.name,
        seeds=1,
        set="toy-network.recipe.test_crops=9",
        choices=Choices(weights=f"job:{fit}"),
        session=Session(little.catalog, store=store),
    )
    (evaluation,) = kept.evaluations()
    assert evaluation.id == results.evaluations[0]
    plain = kept.predictions(evaluation.predict).set_index("image")["prediction"]
    found = kept.predictions(changed["9 crops"]).set_index("image")["prediction"]
    assert found.to_dict() == pytest.approx(plain[found.index].to_dict(), rel=1e-5)


def test_as_it_is_is_the_run_itself(network, little, store):
    session = Session(little.catalog, store=store)
    results = iqabench.run("toy-network", little.name, seeds=1, session=session)
    assert results.outcome.made == 0
    row = results.leaderboard().iloc[0]
    found = network[0]
    assert found.table["srocc"][0] == pytest.approx(row["srocc_mean"])
    assert row["noise_band"] == found.band.width > 0


def test_the_leaderboard_shows_no_change_as_a_model(network, store):
    assert len(Results(Session(store=store)).leaderboard()) == 0


def test_the_band_spans_what_should_not_matter(network):
    found = network[0]
    counted = found.table[found.table["immaterial"]]["srocc"]
    assert (found.band.low, found.band.high) == (counted.min(), counted.max())
    assert found.band.changes == len(counted) - 1


def test_a_study_replaces_the_one_before(network, little, store):
    again, outcome = study("toy-network", little, store, seeds=1)
    assert outcome.made == 0
    assert len(again.table) == len(network[0].table) - 1
    assert list(noise.bands(Store(store)).values()) == [again.band]


def test_the_figure_has_a_mark_for_each_change(network):
    found = network[0]
    pixels = np.asarray(Image.open(found.figure).convert("RGB")).astype(int)
    blue = np.abs(pixels - (0x20, 0x54, 0x93)).sum(2) < 30
    grey = np.abs(pixels - (0x5F, 0x63, 0x68)).sum(2) < 12
    rows = np.flatnonzero((blue | grey).any(axis=1))
    bands = np.flatnonzero(np.diff(rows) > 3).size + 1
    assert bands >= len(found.table)


def test_an_estimator_has_seeds_and_scales(little, store):
    found, _ = study("toy-estimator", little, store, seeds=2)
    assert list(found.table["change"]) == [
        "as it is",
        "trained from seed 1",
        *(f"pictures x {scale:g}" for scale in SCALES),
    ]
    assert found.band.width == 0  # least squares fits the same from any seed
    assert found.table["agreement"][1] == 1
    assert found.table["agreement"][2:].max() < 1


def test_a_scorer_has_scales_only_and_no_band(little, store):
    found, _ = study("toy-scorer", little, store)
    assert len(found.table) == 1 + len(SCALES)
    assert np.isnan(found.band.width)


def test_contrast_of_a_picture_twice_as_large_is_nearly_the_same(little, store):
    """The scorer is a standard deviation over all pixels, which interpolation hardly changes."""
    found, _ = study("toy-scorer", little, store)
    table = found.table.set_index("change")
    assert table.loc["pictures x 2", "agreement"] > 0.98
    assert table.loc["pictures x 2", "agreement"] > table.loc["pictures x 0.5", "agreement"] - 0.01


def test_no_seeds_are_refused(little, store):
    with pytest.raises(UsageError, match="--seeds 0"):
        study("toy-network", little, store, seeds=0)


def test_a_fault_is_shown_and_leaves_no_band(little, store):
    found, outcome = study("toy-network", little, store, seeds=1, set="fault=shape")
    assert outcome.failed
    assert np.isnan(found.band.width)
    assert found.table["srocc"].isna().all()
