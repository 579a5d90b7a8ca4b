"""Models that were not fitted: a row on all pictures, and one on fitted models' test parts."""

import itertools

import pytest
from scipy import stats
from stored import CROSS, HOLD_OUT, evaluation

from iqabench.report import figures
from iqabench.report.compare import compare
from iqabench.report.diff import diff
from iqabench.report.evaluations import groups, selected
from iqabench.report.leaderboard import leaderboard
from iqabench.report.ranks import ranks
from iqabench.store.records import NONE, TestProtocol

ALL = TestProtocol(kind="all")


@pytest.fixture
def shelf(book):
    """Adds models that were not fitted, with one evaluation on all pictures."""

    def whole(label, scores, **keys):
        job = book.add(label, scores, folds=(), name=label + keys.get("test", ""))
        facts = {"protocol": ALL, "train": NONE, "selection": NONE, "config": label.ljust(16, "0")}
        book.store.save_evaluation(evaluation(label=label, predict=job, **{**facts, **keys}))
        return job

    book.whole = whole
    return book


def rows(store, only=None):
    """Every number of the leaderboard, by model, protocol and repetitions."""
    frame = leaderboard(store, only)
    keys = frame[["model", "protocol", "repetitions"]].itertuples(index=False, name=None)
    values = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return dict(zip(keys, values, strict=True))


def srocc(book, scores, contents):
    part = book.table["content"].isin(contents)
    return stats.spearmanr(scores[part], book.table["quality"][part]).statistic


def test_alone_it_has_one_row_on_all_pictures(shelf):
    scores = shelf.noisy(0.5)
    shelf.whole("psnr", scores)
    ((key, row),) = rows(shelf.store).items()
    assert key == ("psnr", "all", 1)
    assert (row["n"], row["tested"], row["images"], row["contents"]) == (72, 72, 72, 12)
    assert row["srocc_mean"] == pytest.approx(srocc(shelf, scores, set(shelf.table["content"])))


def test_beside_fitted_models_it_has_another_on_their_parts(shelf):
    scores = shelf.noisy(0.5)
    shelf.add("net", shelf.noisy(0.7, seed=1), folds=(0, 1))
    shelf.whole("psnr", scores)
    found = rows(shelf.store)
    assert set(found) == {("net", "3-fold", 2), ("psnr", "3-fold", 2), ("psnr", "all", 1)}
    row = found["psnr", "3-fold", 2]
    assert (row["n"], row["contents"], row["train"]) == (48, 8, "-")
    each = [srocc(shelf, scores, shelf.folds[fold]) for fold in (0, 1)]
    assert row["srocc_mean"] == pytest.approx(sum(each) / 2)


MODELS = {
    "net": lambda shelf: shelf.add("net", shelf.noisy(0.6, seed=1)),
    "other net": lambda shelf: shelf.add("other net", shelf.noisy(0.8, seed=2), config="d" * 16),
    "short net": lambda shelf: shelf.add("short net", shelf.noisy(0.7, seed=3), folds=(0, 2)),
    "psnr": lambda shelf: shelf.whole("psnr", shelf.noisy(0.5, seed=4)),
    "ssim": lambda shelf: shelf.whole("ssim", shelf.noisy(0.4, seed=5)),
}


def test_no_model_changes_a_number_of_another(shelf):
    """Whatever is added or left out: rows come and go, and no number in a row ever changes."""
    for add in MODELS.values():
        add(shelf)
    everything = rows(shelf.store)
    assert len(everything) == 3 + 2 * 3
    for size in range(1, len(MODELS)):
        for labels in itertools.combinations(MODELS, size):
            for key, row in rows(shelf.store, shelf.ids(*labels)).items():
                assert row == everything[key]


@pytest.mark.parametrize("order", [("net", "psnr"), ("psnr", "net")])
def test_one_job_serves_both_rows_whichever_model_was_run_first(shelf, order):
    for name in order:
        MODELS[name](shelf)
    assert len(list(shelf.store.jobs())) == 2
    jobs = [group.predicts() for group in groups(shelf.store) if group.record.label == "psnr"]
    assert len(jobs) == 2
    assert jobs[0] == jobs[1]


def test_it_is_compared_with_fitted_models_and_with_its_like_on_all_pictures(shelf):
    for name in ("net", "psnr", "ssim"):
        MODELS[name](shelf)
    frame = compare(shelf.store)
    found = {(row.protocol, row.a, row.b): row.n for row in frame.itertuples()}
    assert found == {
        ("3-fold", "net", "psnr"): 72,
        ("3-fold", "net", "ssim"): 72,
        ("3-fold", "psnr", "ssim"): 72,
        ("all", "psnr", "ssim"): 72,
    }
    for row in frame.to_dict("records"):
        assert f" on set ({row['protocol']})" in row["sentence"]


def test_one_family_on_a_set_needs_no_protocol_in_its_sentences(shelf):
    for name in ("psnr", "ssim"):
        MODELS[name](shelf)
    assert " on set (ΔSROCC" in compare(shelf.store)["sentence"].iloc[0]


def test_across_sets_it_stands_beside_what_was_trained_elsewhere(shelf):
    shelf.whole("psnr", shelf.noisy(0.5))
    shelf.add("net", shelf.noisy(0.7), folds=(0,), protocol=CROSS, train="kadid", contents=None)
    assert {("psnr", "all", 1), ("psnr", "cross", 1), ("net", "cross", 1)} == set(rows(shelf.store))
    assert {row["n"] for row in rows(shelf.store).values()} == {72}


def test_other_labels_of_the_set_are_another_set(shelf):
    shelf.store.save_table("set", "1" * 16, shelf.table)
    shelf.whole("psnr", shelf.noisy(0.5), test_hash="1" * 16)
    MODELS["net"](shelf)
    assert set(rows(shelf.store)) == {("net", "3-fold", 3), ("psnr", "all", 1)}


def test_stores_with_parts_of_such_models_are_read_as_before(shelf):
    """Written before there was a row of all pictures; the same part is not judged twice."""
    scores = shelf.noisy(0.5)
    job = shelf.add("psnr", scores, train=NONE, config="psnr".ljust(16, "0"))
    before = rows(shelf.store)
    assert set(before) == {("psnr", "3-fold", 3)}
    MODELS["net"](shelf)
    assert rows(shelf.store)["psnr", "3-fold", 3] == before["psnr", "3-fold", 3]
    facts = {"model": "model-of-psnr", "predict": job, "config": "psnr".ljust(16, "0")}
    record = evaluation(label="psnr", protocol=ALL, train=NONE, selection="validation", **facts)
    shelf.store.save_evaluation(record)
    assert len(rows(shelf.store)) == len(groups(shelf.store)) == 3


def test_contents_that_weights_have_seen_are_those_of_the_part(shelf):
    inside, outside = shelf.folds[0][0], shelf.folds[1][0]
    shelf.whole("known", shelf.noisy(0.5), shared=[inside, outside])
    shelf.whole("unknown", shelf.noisy(0.5), shared=None)
    shelf.add("net", shelf.noisy(0.7), folds=(0,), shared=[])
    found = rows(shelf.store)
    assert found["known", "all", 1]["shared"] == 2
    assert found["known", "3-fold", 1]["shared_contents"] == inside
    assert found["unknown", "3-fold", 1]["shared"] is None


def test_filters_by_model_find_it(shelf):
    for name in ("net", "psnr"):
        MODELS[name](shelf)
    assert set(rows(shelf.store, selected(shelf.store, models=["psnr"]))) == {("psnr", "all", 1)}
    both = selected(shelf.store, models=["psnr", "net"])
    assert len(rows(shelf.store, both)) == 3


def test_ranks_take_the_parts_that_most_models_share(shelf):
    for name in "ab":
        shelf.store.save_table(name, "0" * 16, shelf.table)
        where = {"test": name, "train": name}
        for number, label in enumerate(("net", "deep net")):
            scores = shelf.noisy(0.6 + number, seed=number)
            shelf.add(label, scores, name=label + name, config=f"{number}" * 16, **where)
        shelf.add("short", shelf.noisy(0.5), folds=(0,), name="short" + name, **where)
        shelf.whole("psnr", shelf.noisy(0.4), test=name)
    found = ranks(shelf.store)
    assert set(found.scores.index) == {"net", "deep net", "psnr"}
    assert found.scores.loc["psnr", "a"] == rows(shelf.store)["psnr", "3-fold", 3]["srocc_mean"]
    assert len(found.remarks) == 2  # the short one's parts; nothing about rows of all pictures
    assert all(remark.startswith("left out: ") for remark in found.remarks)
    assert found.remarks[0].split("; it counts by ")[1].startswith("3-fold, labels 000000, 3 parts")


def test_figures_draw_every_row(shelf, tmp_path):
    for name in ("net", "short net", "psnr"):
        MODELS[name](shelf)
    part = [group for group in groups(shelf.store) if group.protocol == "3-fold"]
    titles = figures._titles(part)
    assert len(set(titles)) == len(titles) == 4
    assert {"psnr, 2 repetitions", "psnr, 3 repetitions"} <= set(titles)
    assert len(figures.write(shelf.store, tmp_path, "svg").paths) == 5


def test_a_diff_takes_the_row_that_has_parts(shelf):
    for name in ("net", "psnr", "ssim"):
        MODELS[name](shelf)
    assert "3-fold" in diff(shelf.store, "psnr", "net").a
    shelf.whole("lonely", shelf.noisy(0.5), test="elsewhere")
    shelf.store.save_table("elsewhere", "0" * 16, shelf.table)
    assert ", all," in diff(shelf.store, "lonely", "net").a


def test_hold_outs_keep_their_corrected_error_to_fitted_models(shelf):
    shelf.add("net", shelf.noisy(0.6), protocol=HOLD_OUT)
    MODELS["psnr"](shelf)
    found = rows(shelf.store)
    assert found["net", "hold-out", 3]["srocc_error"] > 0
    assert found["psnr", "hold-out", 3]["srocc_error"] is None
