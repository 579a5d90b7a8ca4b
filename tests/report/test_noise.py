import numpy as np
import pytest
from scipy import stats
from stored import HASH, THREE_FOLD, job_record, keep, predict_identity

from iqabench.report.leaderboard_table import notes
from iqabench.report.noise import Band, bands, names, table, unranked
from iqabench.store.records import StressChange, StressRecord, stress_id


@pytest.fixture
def stressed(book):
    """A model and what became of it after changes, on two of the three parts."""

    def add(changes, **keys):
        studied = []
        for number, (name, (scores, immaterial)) in enumerate(changes.items()):
            predicts = []
            for fold in (0, 1):
                one = f"change{number}{fold}"
                part = scores.where(book.table["content"].isin(book.folds[fold]))
                status = "failed" if part.isna().all() else "done"
                job = book.add(one, part, folds=(), status=status)
                if status == "done":
                    whole = book.store.predictions(job)
                    inside = whole[whole["image"].str[:3].isin(book.folds[fold])]
                    keep(book.store, book.store.job(job).record, inside)
                predicts.append(job)
            made = StressChange(name=name, immaterial=immaterial, predict=tuple(predicts))
            studied.append(made)
        facts = {
            "label": "studied",
            "direction": "higher",
            "labels": "human",
            "protocol": THREE_FOLD,
            "config": "c" * 16,
            "train": "set",
            "test": "set",
            "test_hash": HASH,
        }
        record = StressRecord(**{**facts, **keys}, changes=tuple(studied))
        book.store.save_stress(record)
        return record

    return add


def srocc(book, x, y):
    return np.mean(
        [
            stats.spearmanr(x[inside], y[inside]).statistic
            for inside in (book.table["content"].isin(fold) for fold in book.folds[:2])
        ]
    )


def test_changes_are_compared_with_the_model_as_it_is(book, stressed):
    plain, seed, scale = book.noisy(0.5), book.noisy(0.6, seed=1), book.noisy(2, seed=2)
    quality = book.table["quality"]
    record = stressed({"as": (plain, True), "seed": (seed, True), "scale": (scale, False)})
    found = table(book.store, record).set_index("change")
    assert found.loc["as", ["agreement", "srocc_change", "scored"]].tolist() == [1, 0, 1]
    for name, scores in (("seed", seed), ("scale", scale)):
        row = found.loc[name]
        assert row["agreement"] == pytest.approx(srocc(book, plain, scores))
        assert row["srocc"] == pytest.approx(srocc(book, scores, quality))
        assert row["srocc_change"] == pytest.approx(row["srocc"] - found.loc["as", "srocc"])
    (band,) = bands(book.store).values()
    ends = sorted(found.loc[["as", "seed"], "srocc"])
    assert (band.low, band.high, band.changes) == (*ends, 1)  # the scale does not count


def test_lower_is_better_is_turned_round(book, stressed):
    changes = {"as": (-book.noisy(0.5), True), "seed": (-book.noisy(0.6, seed=1), True)}
    record = stressed(changes, direction="lower")
    assert (table(book.store, record)["srocc"] > 0.5).all()


def test_failures_are_shown_and_do_not_widen_the_band(book, stressed):
    nothing = book.noisy(0.5) * np.nan
    some = book.noisy(0.5).copy()
    some[::3] = np.nan
    changes = {"as": (book.noisy(0.5), True), "lost": (nothing, True), "odd": (some, True)}
    found = table(book.store, stressed(changes)).set_index("change")
    assert found["scored"].tolist() == pytest.approx([1, 0, 2 / 3])
    assert np.isnan(found.loc["lost", "srocc"])
    (band,) = bands(book.store).values()
    assert band.changes == 1


def test_a_band_is_kept_until_its_study_is_made_again(book, stressed, monkeypatch):
    changes = {"as": (book.noisy(0.5), True), "seed": (book.noisy(0.6, seed=1), True)}
    stressed(changes)
    before = bands(book.store)
    monkeypatch.setattr(book.store.__class__, "predictions", lambda *_: pytest.fail("read again"))
    assert bands(book.store) == before
    monkeypatch.undo()
    stressed({"as": (book.noisy(0.5), True), "seed": (book.noisy(2.0, seed=2), True)})
    assert bands(book.store) != before


def test_a_model_that_cannot_be_changed_has_no_band(book, stressed):
    stressed({"as": (book.noisy(0.5), True), "scale": (book.noisy(2), False)})
    (band,) = bands(book.store).values()
    assert np.isnan(band.width)


def test_the_leaderboard_says_what_noise_could_exchange(book, stressed):
    stressed({"as": (book.noisy(0.5), True), "seed": (book.noisy(1.5, seed=1), True)})
    book.add("studied", book.noisy(0.5))
    book.add("other", book.noisy(0.52), config="d" * 16)
    book.add("far", book.noisy(9), config="e" * 16)
    board = book.board()
    (band,) = bands(book.store).values()
    assert board.loc["studied", "noise_band"] == band.width
    assert np.isnan(board.loc[["other", "far"], "noise_band"]).all()
    lines = [line for line in notes(board) if "noise band" in line]
    assert len(lines) == 1
    assert "studied and other on set" in lines[0] and lines[0].endswith("not ranked")


def test_a_band_belongs_to_its_training_set_and_labels(book, stressed):
    changes = {"as": (book.noisy(0.5), True), "seed": (book.noisy(0.9, seed=1), True)}
    stressed(changes)
    for key, value in (("train", "other"), ("config", "d" * 16)):
        book.add(key, book.noisy(0.5), **{key: value})
    assert np.isnan(book.board().loc[["train", "config"], "noise_band"]).all()


def row(model, srocc, band=np.nan, test="set", protocol="3-fold"):
    return {
        "model": model,
        "srocc_mean": srocc,
        "noise_band": band,
        "test": test,
        "protocol": protocol,
    }


@pytest.mark.parametrize(
    ("rows", "count"),
    [
        ([row("a", 0.9, 0.02), row("b", 0.89)], 1),
        ([row("a", 0.9), row("b", 0.89, 0.02)], 1),
        ([row("a", 0.9, 0.02), row("b", 0.87)], 0),
        ([row("a", 0.9), row("b", 0.9)], 0),
        ([row("a", 0.9, 0.0), row("b", 0.9)], 1),  # nothing moves it, and nothing parts them
        ([row("a", 0.9, 0.02), row("b", 0.89, test="other")], 0),
        ([row("a", 0.9, 0.02), row("b", 0.89, protocol="cross")], 0),
        ([row("a", 0.9, 0.02), row("b", np.nan)], 0),
        ([row("a", 0.9, 0.02)], 0),
        ([], 0),
    ],
)
def test_neighbours_inside_a_band_are_not_ranked(rows, count):
    assert len(unranked(rows)) == count


def test_width():
    assert Band(0.5, 0.75, 3).width == 0.25


def test_a_band_is_found_by_configuration_sets_and_labels(book, stressed):
    changes = {"as": (book.noisy(0.5), True), "seed": (book.noisy(0.9, seed=1), True)}
    record = stressed(changes)
    assert list(bands(book.store)) == [record.id] == [stress_id("c" * 16, "set", "set", HASH)]
    facts = ("config", "train", "test", "test_hash")
    for name in facts:
        assert record.model_copy(update={name: "another"}).id != record.id
    for name in set(StressRecord.model_fields) - {*facts}:
        assert record.model_copy(update={name: "another"}).id == record.id


def test_studies_of_two_configurations_of_one_label_are_told_apart(book, stressed):
    changes = {"none": (book.noisy(0.5), True)}
    one = stressed(changes)
    assert names(book.store, [one]) == ["studied"]
    other = stressed(changes, config="d" * 16)
    assert names(book.store, [one, other]) == ["studied config=cccccccc", "studied config=dddddddd"]
    for config, log in ((one.config, True), (other.config, False)):
        identity = predict_identity("studied", options={"log": log})
        job = keep(book.store, job_record("studied", identity), book.table.assign(prediction=1.0))
        book.evaluate("studied", job, 0, config=config)
    assert names(book.store, [one, other]) == ["studied log=true", "studied log=false"]
