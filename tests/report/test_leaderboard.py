import re
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import curve_fit
from stored import CROSS, fit_identity, job_record, keep

from iqabench.report.evaluations import groups
from iqabench.report.leaderboard import COLUMNS, METRICS, differences, leaderboard
from iqabench.report.leaderboard_table import notes, places, short
from iqabench.stats import repeated_bootstrap
from iqabench.store.records import Timing

CORRELATIONS = {
    "srocc": stats.spearmanr,
    "plcc": stats.pearsonr,
    "krocc": stats.kendalltau,
}


def logistic(x, b1, b2, b3, b4):
    return b2 + (b1 - b2) / (1 + np.exp(-(x - b3) / np.abs(b4)))


def mapped(x, y):
    start = (y.max(), y.min(), x.mean(), x.std() / 4)
    found, _ = curve_fit(logistic, x, y, start, maxfev=100_000, xtol=1e-12, ftol=1e-12)
    return logistic(x, *found)


def rmse(x, y):
    return np.sqrt(np.mean((x - y) ** 2))


def by_hand(book, scores, folds=(0, 1, 2)):
    """Every metric of every repetition, by scipy."""
    found = {metric: [] for metric in METRICS}
    for fold in folds:
        rows = book.table["content"].isin(book.folds[fold]) & scores.notna()
        x, y = scores[rows].to_numpy(), book.table["quality"][rows].to_numpy()
        for metric, statistic in CORRELATIONS.items():
            found[metric].append(statistic(x, y).statistic)
        found["rmse"].append(rmse(x, y))
        found["plcc_mapped"].append(stats.pearsonr(mapped(x, y), y).statistic)
        found["rmse_mapped"].append(rmse(mapped(x, y), y))
    return found


def assert_summaries(row, expected, only=METRICS):
    for metric in only:
        each = np.array(expected[metric])
        assert row[f"{metric}_median"] == pytest.approx(np.median(each), abs=1e-4)
        assert row[f"{metric}_mean"] == pytest.approx(np.mean(each), abs=1e-4)
        assert row[f"{metric}_sd"] == pytest.approx(np.std(each, ddof=1), abs=1e-4)


def test_the_columns_are_those_documented(book):
    book.add("one", book.noisy(0.5))
    board = book.board()
    assert tuple(board.columns) == COLUMNS
    text = (Path(__file__).parents[2] / "docs" / "leaderboard.md").read_text()
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    names = [name for cell in cells for name in re.findall("`(.+?)`", cell)]
    plain = [name for name in names if not name.startswith(("METRIC", "_"))]
    endings = [name.removeprefix("METRIC") for name in names if name not in plain]
    first = plain.index("srocc_error")
    metrics = [metric + ending for metric in METRICS for ending in endings]
    assert (*plain[:first], *metrics, *plain[first:]) == COLUMNS


def test_statistics_equal_scipys(book):
    scores = book.noisy(0.8)
    book.add("one", scores)
    row = book.board().loc["one"]
    expected = by_hand(book, scores)
    assert_summaries(row, expected)
    for metric in METRICS:
        assert row[f"{metric}_low"] < row[f"{metric}_mean"] < row[f"{metric}_high"]
    assert row["srocc_mean"] == pytest.approx(np.mean(expected["srocc"]), abs=1e-12)
    assert row["srocc_high"] - row["srocc_low"] < 0.5
    facts = {
        "name": "model-of-one",
        "repetitions": 3,
        "failed": 0,
        "images": 72,
        "contents": 12,
        "coverage": 1,
        "parameters": 17,
        "seconds_per_image": 0.25,
    }
    assert {key: row[key] for key in facts} == facts


def test_perfect_predictions_are_certain(book):
    book.add("one", book.table["quality"])
    row = book.board().loc["one"]
    for metric, value in (("srocc", 1), ("plcc", 1), ("krocc", 1), ("rmse", 0)):
        for summary, expected in (("mean", value), ("sd", 0), ("low", value), ("high", value)):
            assert row[f"{metric}_{summary}"] == pytest.approx(expected, abs=1e-12)


def test_intervals_narrow_with_less_noise(book):
    for label, noise in (("clear", 0.2), ("dim", 2)):
        book.add(label, book.noisy(noise))
    width = book.board().eval("srocc_high - srocc_low")
    assert width["clear"] < width["dim"] / 2


def test_lower_is_better_is_turned_round_and_signs_are_kept(book):
    scores = book.noisy(0.5)
    book.add("one", scores)
    book.add("turned", -scores, direction="lower")
    book.add("wrong", -scores)
    board = book.board()
    same = [name for name in COLUMNS if name.startswith(METRICS)]
    assert board.loc["one", same].equals(board.loc["turned", same])
    for metric in ("srocc", "plcc", "krocc", "plcc_mapped"):
        assert board.loc["wrong", f"{metric}_mean"] == pytest.approx(
            -board.loc["one", f"{metric}_mean"], abs=1e-4
        )
        assert board.loc["wrong", f"{metric}_high"] < 0 < board.loc["one", f"{metric}_low"]
    assert board.loc["wrong", "rmse_mapped_mean"] == pytest.approx(
        board.loc["one", "rmse_mapped_mean"], abs=1e-4
    )
    assert list(board["model"])[-1] == "wrong"  # best first


def test_failed_repetitions_are_counted(book):
    scores = book.noisy(0.5)
    book.add("one", scores, folds=(0, 2))
    book.add("one", scores, folds=(1,), status="failed", name="lost")
    row = book.board().loc["one"]
    assert (row["repetitions"], row["failed"]) == (3, 1)
    assert row["coverage"] == 2 / 3
    assert_summaries(row, by_hand(book, scores, (0, 2)))


def test_a_failed_fit_is_a_failed_repetition_and_a_job_to_come_is_none(book):
    book.add("one", book.noisy(0.5), folds=(0,))
    fit = keep(book.store, job_record("one", fit_identity("one"), status="failed"))
    book.evaluate("one", "never", 1, fit=fit)
    book.evaluate("one", "later", 2, fit="unknown")
    row = book.board().loc["one"]
    assert (row["repetitions"], row["failed"], row["coverage"]) == (2, 1, 0.5)
    assert np.isnan(row["srocc_sd"])  # of one repetition


def test_nothing_but_failures(book):
    book.add("one", book.noisy(0.5), status="failed")
    book.add("two", book.noisy(0.5))
    board = book.board()
    assert list(board["model"]) == ["two", "one"]
    row = board.loc["one"]
    assert (row["failed"], row["coverage"]) == (3, 0)
    assert all(np.isnan(row[name]) for name in COLUMNS if name.startswith(METRICS))
    assert np.isnan(book.difference()["difference"])


def test_missing_predictions_lower_coverage_and_nothing_else(book):
    scores = book.noisy(0.5)
    scores[[3, 40]] = np.nan
    book.add("one", scores)
    row = book.board().loc["one"]
    assert row["coverage"] == 70 / 72
    assert row["failed"] == 0
    assert_summaries(row, by_hand(book, scores))


def test_constant_predictions_correlate_with_nothing(book):
    book.add("one", book.table["quality"] * 0 + 3.0)
    row = book.board().loc["one"]
    for metric in ("srocc", "plcc", "krocc", "plcc_mapped"):
        assert np.isnan([row[f"{metric}_{end}"] for end in ("mean", "low", "high")]).all()
    assert row["rmse_mean"] == pytest.approx(
        np.mean([rmse(3.0, book.part(fold)["quality"]) for fold in range(3)]), abs=1e-12
    )


def test_a_repetition_without_a_curve_counts_in_no_mapped_number(book):
    """Three pictures are enough for ranks, too few for the curve's four parameters."""
    few = book.table["content"].isin(book.folds[0])
    scores = book.noisy(0.5).where(~few | (few.cumsum() <= 3))
    book.add("one", scores)
    book.add("without", scores, folds=(1, 2))
    board = book.board()
    for metric in ("plcc_mapped", "rmse_mapped"):
        same = [f"{metric}_{end}" for end in ("mean", "low", "high")]
        assert board.loc["one", same].equals(board.loc["without", same])
    assert board.loc["one", "srocc_mean"] != board.loc["without", "srocc_mean"]


@pytest.mark.parametrize(("train", "shown"), [("set", True), ("other", False), ("-", False)])
def test_raw_rmse_needs_the_test_sets_units(book, train, shown):
    book.add("one", book.noisy(0.5), train=train)
    row = book.board().loc["one"]
    assert np.isfinite(row["rmse_mean"]) == np.isfinite(row["rmse_high"]) == shown
    assert np.isfinite(row["rmse_mapped_mean"])


@pytest.mark.parametrize(
    ("key", "value"),
    [("config", "d" * 16), ("train", "other"), ("init", "random"), ("selection", "test")],
)
def test_what_differs_gets_its_own_row(book, key, value):
    book.add("one", book.noisy(0.5), folds=(0,))
    book.add("one", book.noisy(0.5), folds=(1,), **{key: value})
    board = book.board()
    assert len(board) == 2
    assert list(board[key]).count(value) == 1
    assert list(board["repetitions"]) == [1, 1]


def test_a_job_made_again_is_counted_again(book):
    book.add("one", book.noisy(0.5))
    before = book.board().loc["one", "srocc_mean"]
    assert book.board().loc["one", "srocc_mean"] == before
    book.add("one", book.noisy(2))
    assert book.board().loc["one", "srocc_mean"] < before


def test_an_empty_store_has_an_empty_leaderboard(book):
    assert tuple(book.board().columns) == COLUMNS
    assert len(book.board()) == 0


def test_equal_models_differ_by_nothing(book):
    for label in ("a", "b"):
        book.add(label, book.noisy(0.5))
    row = book.difference()
    assert (row["difference"], row["low"], row["high"]) == (0, 0, 0)
    assert (row["a"], row["b"], row["contents"]) == ("a", "b", 12)


def test_differences_are_paired_and_change_sign_with_the_order(book, tmp_path):
    clear, dim = book.noisy(0.3), book.noisy(0.9, seed=1)
    book.add("a", clear)
    book.add("b", dim)
    other = type(book)(tmp_path / "other")
    other.add("a", dim)
    other.add("b", clear)
    row, turned = book.difference(), other.difference()
    means = book.board()["srocc_mean"]
    assert row["difference"] == pytest.approx(means["a"] - means["b"], abs=1e-12)
    assert row["difference"] == -turned["difference"]
    assert (row["low"], row["high"]) == pytest.approx((-turned["high"], -turned["low"]), abs=1e-12)
    assert row["low"] < row["difference"] < row["high"]


def test_pairing_narrows_the_interval(book):
    """Two models that err together: the difference is known better than either."""
    scores = book.noisy(0.9)
    book.add("a", scores)
    book.add("b", scores + np.random.default_rng(5).normal(0, 0.05, len(scores)))
    board, row = book.board(), book.difference()
    assert row["high"] - row["low"] < (board["srocc_high"] - board["srocc_low"]).min() / 2


def test_differences_use_the_images_that_both_have_scored(book):
    one, other = book.noisy(0.5), book.noisy(0.9, seed=1)
    one[[0, 7]], other[[7, 50]] = np.nan, np.nan
    book.add("a", one)
    book.add("b", other)
    both = one.notna() & other.notna()
    expected = np.subtract(
        *(np.mean(by_hand(book, scores.where(both))["srocc"]) for scores in (one, other))
    )
    assert book.difference()["difference"] == pytest.approx(expected, abs=1e-12)


def test_a_repetition_undefined_for_one_model_is_left_out_for_both(book):
    good, other = book.noisy(0.5), book.noisy(0.9, seed=1)
    last = book.table["content"].isin(book.folds[2])
    book.add("a", good)
    book.add("b", other.where(~last, 3.0))
    expected = np.subtract(
        *(np.mean(by_hand(book, scores, (0, 1))["srocc"]) for scores in (good, other))
    )
    assert book.difference()["difference"] == pytest.approx(expected, abs=1e-12)


def test_only_equal_test_parts_are_compared(book):
    book.add("a", book.noisy(0.5))
    book.add("b", book.noisy(0.9), folds=(0, 1))
    book.add("c", book.noisy(0.9), protocol=CROSS)
    assert len(differences(book.store)) == 0


def test_only_what_was_asked_for(book):
    for label in ("a", "b", "c"):
        book.add(label, book.noisy(0.5))
    row = book.difference(book.ids("a", "c"))
    assert (row["a"], row["b"]) == ("a", "c")


def test_shared_contents_are_counted_and_named(book):
    for fold, shared in enumerate((["c00", "c03"], [], ["c02"])):
        book.add("one", book.noisy(0.5), folds=(fold,), shared=shared, seen=[], name="one")
    row = book.board().loc["one"]
    assert (row["shared"], row["shared_contents"], row["seen"]) == (3, "c00; c02; c03", "-")
    assert (row["contents"], row["protocol"]) == (12, "3-fold")


def test_shared_contents_can_be_left_out(book):
    scores, shared = book.noisy(0.8), ["c01", "c03", "c05"]
    book.add("one", scores, shared=shared, seen=[])
    before = book.board()
    (row,) = leaderboard(book.store, None, exclude_shared=True).to_dict("records")
    kept = scores.where(~book.table["content"].isin(shared))
    assert_summaries(row, by_hand(book, kept))
    assert (row["contents"], row["shared"], row["coverage"], row["failed"]) == (9, 3, 1, 0)
    assert row["protocol"] == "3-fold without shared"
    assert book.board().equals(before)


def test_nothing_remains_of_a_set_that_the_weights_have_seen(book):
    for fold in range(3):
        book.add("one", book.noisy(0.5), (fold,), name="one", shared=book.folds[fold], seen=["set"])
    row = book.board().loc["one"]
    assert (row["shared"], row["seen"]) == (12, "set")
    (row,) = leaderboard(book.store, None, exclude_shared=True).to_dict("records")
    assert (row["contents"], row["failed"], row["repetitions"]) == (0, 0, 3)
    assert np.isnan([row["coverage"], row["srocc_mean"]]).all()


def test_a_store_from_before_the_audit_is_read_and_its_rows_stay_whole(book):
    book.add("old", book.noisy(0.5))
    book.add("mixed", book.noisy(0.5), folds=(0, 1), shared=["c00"], seen=[], name="mixed")
    book.add("mixed", book.noisy(0.5), folds=(2,), name="mixed")
    plain = book.board()
    assert list(plain["shared"]) == [None, None]
    assert set(plain["shared_contents"]) == {""} and set(plain["seen"]) == {"-"}
    assert leaderboard(book.store, None, exclude_shared=True).equals(plain.reset_index(drop=True))


def test_until_every_repetition_is_audited_shared_is_pending(book):
    """It is neither 0 nor unknown, and such a row keeps all contents and its protocol's name."""
    book.add("half", book.noisy(0.5), folds=(0, 1), shared=["c00"], seen=[], name="half")
    book.add("half", book.noisy(0.5), folds=(2,), pending=True, name="half")
    book.add("known", book.noisy(0.7), shared=[], seen=[], name="known")
    frame = leaderboard(book.store, None)
    (row,) = frame[frame["model"] == "half"].to_dict("records")
    assert (row["shared"], row["shared_contents"]) == ("pending", "")
    without = leaderboard(book.store, None, exclude_shared=True)
    (row,) = without[without["model"] == "half"].to_dict("records")
    assert (row["shared"], row["contents"], row["protocol"]) == ("pending", 12, "3-fold")
    assert [one["shared"] for one in short(frame)] == ["pending", "0/12"]
    assert [line for line in notes(frame) if line.startswith("shared")] == [
        "shared pending: set and set have yet to be audited; the end of `iqabench run` does it, "
        "or --exclude-shared"
    ]
    assert places(frame, "shared", False) == [1, 0]


def test_what_a_new_audit_found_is_shown_at_once(book):
    job = book.add("one", book.noisy(0.5), shared=[], seen=[])
    assert book.board().loc["one", "shared"] == 0
    for fold in range(3):
        book.evaluate("one", job, fold, shared=book.folds[fold][:1], seen=[])
    assert book.board().loc["one", "shared"] == 3


def test_differences_without_shared_contents_are_over_those_both_keep(book):
    one, other = book.noisy(0.5), book.noisy(0.9, seed=1)
    book.add("a", one, shared=["c00"], seen=[])
    book.add("b", other, shared=["c00", "c05"], seen=[])
    (row,) = differences(book.store, None, exclude_shared=True).to_dict("records")
    both = ~book.table["content"].isin(["c00", "c05"])
    expected = np.subtract(
        *(np.mean(by_hand(book, scores.where(both))["srocc"]) for scores in (one, other))
    )
    assert row["difference"] == pytest.approx(expected, abs=1e-12)
    assert (row["contents"], row["protocol"]) == (10, "3-fold without shared")
    assert book.difference()["contents"] == 12


def test_rows_that_differ_by_the_recipe_are_told_apart(book):
    for fold, recipe in enumerate(("own", "common", "own*")):
        book.add("one", book.noisy(0.5), folds=(fold,), config=recipe, recipe=recipe)
    board = book.board()
    assert sorted(board["recipe"]) == ["common", "own", "own*"]
    assert [row["recipe"] for row in short(board)] == list(board["recipe"])


def test_a_screen_shows_recipes_only_where_they_tell(book):
    book.add("one", book.noisy(0.5), recipe="own")
    book.add("two", book.noisy(0.6), recipe="-")
    assert all("recipe" not in row for row in short(book.board()))


def test_a_store_from_before_recipes_were_named(book):
    """Upgraded, its evaluations have a question mark."""
    job = book.add("one", book.noisy(0.5), recipe="?")
    assert book.board().loc["one", "recipe"] == "?"
    assert all("recipe" not in row for row in short(book.board()))
    book.evaluate("one", job, 0, recipe="own")
    assert book.board().loc["one", "recipe"] == "own"


def test_what_one_model_does_not_define_is_left_out_for_both(book):
    """A constant repetition of one model: the other's counts in neither mean."""
    one, other = book.noisy(0.5), book.noisy(0.9, seed=1)
    last = book.table["content"].isin(book.folds[2])
    book.add("a", one.mask(last, 3.0))
    book.add("b", other)
    row = book.difference()
    expected = [np.mean(by_hand(book, scores, (0, 1))["srocc"]) for scores in (one, other)]
    assert row["difference"] == pytest.approx(np.subtract(*expected), abs=1e-12)
    assert row["low"] < row["difference"] < row["high"]


def test_differences_equal_those_of_the_paired_bootstrap(book):
    """Kept samples subtract to what drawing both models' resamples anew gives."""
    book.add("a", book.noisy(0.3))
    book.add("b", book.noisy(0.9, seed=1))
    sides = []
    for group in groups(book.store):
        frames = group.repetitions()
        sides.append(
            repeated_bootstrap(
                [(f["prediction"], f["quality"], f["content"].to_numpy(str)) for f in frames],
                resamples=300,
            )
        )
    row = book.difference()
    expected = np.nanquantile(sides[0] - sides[1], [0.025, 0.975])
    assert (row["low"], row["high"]) == pytest.approx(tuple(expected), abs=1e-12)


def test_kept_samples_are_read_and_made_again_where_they_are_lost(book):
    for label in ("a", "b", "c"):
        book.add(label, book.noisy(0.5, seed=ord(label)))
    first = differences(book.store)
    kept = list((book.store.root / "cache").glob("*.samples"))
    assert len(kept) == 3
    for path in (book.store.root / "cache").glob("*.json"):
        path.unlink()
    assert differences(book.store).equals(first)
    for path in (book.store.root / "cache").iterdir():
        path.unlink()
    assert differences(book.store).equals(first)


ON = Timing(device="cpu", hardware="Chip", precision="fp32", threads=2, pictures=9)


def test_the_time_per_image_is_that_of_the_first_job_that_measured_it(book):
    """A cache served the first repetition; the second computed."""
    for fold, job in enumerate(({"timing": None}, {"timing": ON, "seconds_per_image": 0.5}, {})):
        book.add("one", book.noisy(0.5), folds=(fold,), name=f"one {fold}", job=job)
    row = book.board().loc["one"]
    assert (row["seconds_per_image"], row["timed_on"]) == (0.5, "cpu, fp32, 2 threads (Chip)")
    assert short(book.board())[0]["ms/image"] == "500.0"
    assert "ms/image: the model alone, on cpu, fp32, 2 threads (Chip)" in notes(book.board())


def test_a_time_of_unknown_origin_is_not_shown(book):
    """Records of earlier releases counted pictures that a cache served."""
    book.add("old", book.noisy(0.5), job={"timing": None, "seconds_per_image": 0.0001})
    assert np.isnan(book.board()["seconds_per_image"].astype(float)["old"])
    assert short(book.board())[0]["ms/image"] == "-"
    (line,) = (line for line in notes(book.board()) if "ms/image" in line)
    assert line.startswith("ms/image -: not measured for old: ")


def test_times_on_several_machines_are_told_apart(book):
    other = ON.model_copy(update={"device": "cuda", "hardware": "Card", "threads": 1})
    book.add("a", book.noisy(0.5), job={"timing": ON})
    book.add("b", book.noisy(0.6), job={"timing": other})
    assert [line for line in notes(book.board()) if line.startswith("ms/image")] == [
        "ms/image of a: the model alone, on cpu, fp32, 2 threads (Chip)",
        "ms/image of b: the model alone, on cuda, fp32, 1 thread (Card)",
    ]
