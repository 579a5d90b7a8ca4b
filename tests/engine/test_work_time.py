"""The time per image is the model's own work, done here, and nothing that a cache served."""

import time

import pytest
import torch

from iqabench.contract.cards import Recipe
from iqabench.engine.network_score import NetworkScore
from iqabench.engine.one_by_one import predictions
from iqabench.engine.predictions import scorer_score
from iqabench.engine.work_time import measured, reused, working

SLOW = 0.02


class Sleeper(torch.nn.Module):
    """Works for a known time."""

    def forward(self, images):
        time.sleep(SLOW)
        return images.mean((1, 2, 3))

    score = forward


def slow_planes(name):
    """Reading takes ten times as long as the model's work."""
    time.sleep(10 * SLOW)
    return torch.rand(3, 64, 64)


@pytest.mark.parametrize("kind", ["network", "scorer"])
def test_reading_a_picture_is_no_work(kind):
    scores = {
        "network": lambda: NetworkScore(
            Sleeper(), Recipe(crop=(32, 32)), slow_planes, str, "cpu", "fp32", 0
        ),
        "scorer": lambda: scorer_score(Sleeper(), slow_planes),
    }
    (row,) = predictions(["a"], scores[kind]())
    assert SLOW <= row.seconds < 6 * SLOW


def test_a_part_from_a_cache_leaves_nothing_to_measure():
    with measured() as work:
        with working():
            pass
        assert work.seconds >= 0
        reused()
    assert work.seconds is None
    with measured() as work:
        pass
    assert work.seconds is None  # nothing was done


def test_pictures_do_not_share_their_times():
    def score(name):
        if name == "cached":
            reused()
        with working():
            return 1.0

    found = {row.image: row.seconds for row in predictions(["a", "cached", "b"], score)}
    assert found["cached"] is None and min(found["a"], found["b"]) >= 0


def test_features_are_measured_where_they_are_computed_and_not_where_they_are_kept(
    made, tmp_path, monkeypatch
):
    """An estimator on a fresh cache, again in another store, and again on a fresh cache."""
    found = []
    for place, cache in enumerate(("one", "one", "two")):
        monkeypatch.setenv("IQABENCH_CACHE", str(tmp_path / cache))
        store = tmp_path / f"store{place}"
        (evaluation,) = [made("toy-estimator", store=store)]
        from iqabench.store import Store

        found.append(Store(store).job(evaluation.predict.fingerprint).record)
    first, kept, fresh = found
    for record in (first, fresh):
        assert record.seconds_per_image > 0
        assert (record.timing.device, record.timing.precision) == ("cpu", "fp32")
        assert (record.timing.threads, record.timing.pictures) == (torch.get_num_threads(), 8)
    assert kept.seconds_per_image is None and kept.timing is None
