"""The parts of training/lite that compute labels and where training starts."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "training" / "lite"))

import beside
import calibrate
import expected_error
import known_damage
import material
import seen
import start
import study_split

SCORES = np.tile([1.0, 0.8, 0.5, 0.2, 0.0], (25, 1))


def damaged(**changes):
    rows = {
        "type": [10, 10, 10, 18],
        "level": [1.0, 2.5, 5.0, 3.0],
        "type2": [0, 0, 0, 0],
        "level2": [0.0, 0.0, 0.0, 0.0],
        "proxy": [100.0, 80.0, 40.0, 80.0],
        "start": [0.9, 0.9, 0.9, 0.9],
    }
    return pd.DataFrame(rows | changes)


def test_labels_lie_between_the_undamaged_photograph_and_the_worst():
    found = material.labels(damaged(), SCORES)
    best, middle, worst, by_proxy = found
    assert best == pytest.approx(0.9)
    assert worst == pytest.approx(material.WORST)
    assert middle == pytest.approx(material.WORST + (0.9 - material.WORST) * 0.65)
    assert by_proxy == pytest.approx(middle)  # ours clips a mean shift: KADID-10k's score is unused


def test_a_second_distortion_multiplies_what_the_first_left():
    twice = material.labels(damaged(type2=[0, 11, 0, 0], level2=[0.0, 3.0, 0.0, 0.0]), SCORES)
    assert twice[1] < material.labels(damaged(), SCORES)[1]


def test_a_proxy_above_its_type_and_level_lifts_the_label():
    plain = material.labels(damaged(), SCORES)
    better = material.labels(damaged(proxy=[100.0, 80.0, 60.0, 80.0]), SCORES)
    assert better[3] == pytest.approx(plain[3])
    assert better[2] == pytest.approx(plain[2])  # still the worst of what was seen


def test_no_photograph_is_in_two_parts():
    parts = [material.part_of(number) for number in range(200)]
    assert (parts.count("held-out"), parts.count("validation")) == (40, 20)


def test_a_study_takes_whole_contents_until_it_has_enough_pictures():
    rated = pd.DataFrame({"content": [f"c{number // 3}" for number in range(30)]})
    few, more = study_split.first(rated, 7, 0), study_split.first(rated, 13, 0)
    assert (len(few), len(more)) == (3, 5)
    assert set(few) < set(more)
    assert len(study_split.first(rated, 100, 0)) == 10


def rows(offset):
    """40 rated pictures, and 5 contents of 8 damaged ones whose labels are ``offset`` too high."""
    random = np.random.default_rng(0)
    features = random.normal(size=(80, 6))
    quality = features @ [0.5, -0.3, 0.2, 0, 0, 0] + 3
    contents = [*(f"p{n}" for n in range(40)), *np.repeat([f"d{n}" for n in range(5)], 8)]
    lift = np.repeat([0.0, 0, 0, 0, 0, *offset], 8)
    table = pd.DataFrame(
        {
            "part": "training",
            "kind": ["ss01"] * 40 + ["jpeg"] * 40,
            "content": contents,
            "mos": quality + lift,
        }
    )
    return features, table


@pytest.mark.parametrize("penalty", [1.0, 30.0])
def test_how_good_a_damaged_photograph_was_changes_nothing(penalty):
    features, table = rows(offset=(0, 0, 0, 0, 0))
    plain = start.fit(features, table, penalty)
    features, lifted = rows(offset=(5, -3, 2, 9, -7))
    found = start.fit(features, lifted, penalty)
    np.testing.assert_allclose(found.coefficients, plain.coefficients, atol=1e-12)
    np.testing.assert_allclose(
        start.moved(features, lifted, found), start.moved(features, table, plain), atol=1e-9
    )


def test_scores_of_people_are_not_moved():
    features, table = rows(offset=(5, -3, 2, 9, -7))
    found = start.moved(features, table, start.fit(features, table))
    np.testing.assert_array_equal(found[:40], table["mos"][:40])


def test_the_best_threshold_separates_clean_from_damaged():
    apart = known_damage.separation(np.array([3.0, 4.0]), np.array([0.0, 1.0, 2.0]))
    mixed = known_damage.separation(np.array([1.0, 3.0]), np.array([0.0, 2.0]))
    assert (apart, mixed) == (1, 0.75)


def test_pairs_count_where_people_see_a_clear_difference():
    kadid = np.array([[1.0, 0.9, 0.5]])  # two clear pairs: the last with each of the others
    right, wrong = [9.0, 8.0, 1.0], [1.0, 3.0, 2.0]
    assert known_damage.pairs(np.array([[right, wrong]]), kadid) == 0.75


def test_a_wider_interval_costs_its_width_and_a_miss_ten_times_its_distance():
    low, high, truth = np.array([0.0, 0.0]), np.array([4.0, 4.0]), np.array([2.0, 5.0])
    assert calibrate.interval_score(low, high, truth) == pytest.approx((4 + 4 + 20) / 2)


def test_a_head_learns_from_what_the_trunk_sees(tmp_path):
    from biosiqnet_plugin.heads import StatisticsHead

    features, table = rows(offset=(5, -3, 2, 9, -7))
    features = features.astype(np.float32)
    fitted = start.fit(features, table, penalty=1.0)
    head = StatisticsHead(6, 8, 0.0)
    head.start(fitted)
    beside.learn_beside(head, features, start.moved(features, table, fitted).astype(np.float32))
    with torch.inference_mode():
        scores = head(torch.from_numpy(features)).numpy()
    assert np.corrcoef(scores[:40], table["mos"][:40])[0, 1] > 0.9


def two_kinds(count=600):
    """Rated pictures of two kinds that a statistic tells apart; one kind is predicted badly."""
    random = np.random.default_rng(0)
    features = random.normal(size=(count, 6)).astype(np.float32)
    hard = features[:, 5] > 0
    noise = random.normal(size=count) * np.where(hard, 0.3, 0.05)
    table = pd.DataFrame(
        {
            "part": "training",
            "kind": np.where(hard, "ss02", "ss03"),
            "content": [f"scene {number}" for number in range(count)],
            "mos": 0.5 + 0.1 * features[:, 0] + noise,
        }
    )
    return features, table, hard


def test_kinds_of_pictures_that_are_hard_to_predict_get_wide_intervals(monkeypatch):
    from biosiqnet_plugin.heads import StatisticsHead

    monkeypatch.setattr(expected_error, "PENALTY", 1.0)
    monkeypatch.setattr(expected_error, "PENALTY_OF_SCORES", 1.0)
    monkeypatch.setattr(calibrate, "WINDOW", 100)
    features, table, hard = two_kinds()
    head = StatisticsHead(6, 8, 0.0, expected_error=True)
    fitted = start.fit(features, table, penalty=1.0)
    head.start(fitted)
    widths = expected_error.learn_errors(head, features, table)
    with torch.inference_mode():
        statistics = torch.from_numpy(features)
        scores, errors = head(statistics).numpy(), head.errors(statistics).numpy()
    assert errors[hard].mean() > 2 * errors[~hard].mean()
    half = np.interp(errors, *zip(*widths, strict=True))
    inside = np.abs(scores - table["mos"].to_numpy()) <= half
    for kind in (hard, ~hard):
        assert 0.8 <= inside[kind].mean() <= 0.99


def test_a_wider_expected_error_never_has_a_narrower_interval():
    expected = np.linspace(0, 1, 4000)
    missed = expected * np.where(expected < 0.85, 1.0, 0.6)  # the last windows miss by less
    errors, widths = zip(*calibrate.half_widths(expected, missed), strict=True)
    assert (np.diff(errors) > 0).all() and (np.diff(widths) >= 0).all()
    assert widths[0] < widths[3] and widths[0] == pytest.approx(calibrate.SHARE * 0.1, abs=0.02)


def test_what_other_folds_say_is_what_a_ridge_says_that_saw_no_other_row():
    from sklearn.linear_model import Ridge

    random = np.random.default_rng(0)
    rows = random.normal(size=(30, 4))
    rows, wanted, folds = rows - rows.mean(0), random.normal(size=30), np.arange(30) % 3
    found = expected_error.left_out(rows @ rows.T, wanted, folds, 2.0)
    for fold in range(3):
        others = folds != fold
        mean = wanted[others].mean()
        plain = Ridge(2.0, fit_intercept=False).fit(rows[others], wanted[others] - mean)
        np.testing.assert_allclose(found[~others], mean + plain.predict(rows[~others]), atol=1e-9)


def test_statistics_of_finished_chunks_are_not_computed_again(tmp_path, monkeypatch):
    monkeypatch.setattr(seen, "CHUNK", 2)
    made = []

    def chunk(pictures, file, *rest):
        made.append(file.name)
        np.save(file, np.full((len(pictures), 3), len(made)))

    monkeypatch.setattr(seen, "chunk", chunk)
    pictures = [Path(f"{number}.png") for number in range(5)]
    first = seen.seen(pictures, {}, None, tmp_path, "cuda")
    (tmp_path / "000002.npy").unlink()
    again = seen.seen(pictures, {}, None, tmp_path, "cuda")
    assert made == ["000000.npy", "000002.npy", "000004.npy", "000002.npy"]
    assert first[:, 0].tolist() == [1, 1, 2, 2, 3]
    assert again[:, 0].tolist() == [1, 1, 4, 4, 3]
