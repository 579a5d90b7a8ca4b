"""What a store holds, and what a removal takes away."""

import pandas as pd
import pytest
from stored import HASH, fit_identity, job_record, keep, predict_identity

from iqabench import Session, list_results, merge_results, remove_results
from iqabench.contract import UnknownNameError, UsageError
from iqabench.report.leaderboard import leaderboard
from iqabench.store import Store
from iqabench.store.records import StressChange, StressRecord


def names(book):
    return {job.fingerprint for job in Store(book.store.root).jobs()}


def labels(book):
    return {(one.label, one.test) for one in book.store.evaluations()}


def session(book):
    return Session(store=book.store.root)


def rows(book, **asked):
    return {row["model"]: row for row in list_results(session=session(book), **asked).rows}


@pytest.fixture
def shelf(book):
    """Two models, one fitted; one that failed; and a job that no row uses."""
    fit = keep(book.store, job_record("fitted", fit_identity("fitted")))
    for fold in range(3):
        identity = predict_identity("fitted", fit=fit, contents=book.folds[fold])
        scores = pd.DataFrame({"image": book.table["image"], "prediction": book.noisy(0.5)})
        job = keep(book.store, job_record("fitted", identity), scores.assign(error=None))
        book.evaluate("fitted", job, fold, fit)
    book.add("plain", book.noisy(0.9))
    book.add("bad", book.noisy(0.9), status="failed")
    return book


def test_the_list_has_models_sets_jobs_ids_and_sizes(shelf):
    found = rows(shelf)
    assert set(found) == {"fitted", "plain", "bad"}
    assert (found["fitted"]["jobs"], found["fitted"]["runs"]) == (4, "3/3")
    assert (found["bad"]["jobs"], found["bad"]["runs"]) == (1, "0/3")
    ids = found["fitted"]["IDs"].split()
    assert len(ids) == 4 and all(any(name.startswith(one) for name in names(shelf)) for one in ids)
    size = sum(path.stat().st_size for path in (shelf.store.root / "jobs").rglob("*.parquet"))
    assert sum(row["MB"] for row in found.values()) == pytest.approx(size / 1e6, abs=0.002)
    assert list(rows(shelf, models="plain")) == ["plain"]
    with pytest.raises(UnknownNameError):
        rows(shelf, models="plan")


def test_the_list_names_jobs_that_no_row_uses(shelf):
    lonely = keep(shelf.store, job_record("lonely"))
    notes = list_results(session=session(shelf)).notes
    assert notes[0].startswith("7 jobs, ")
    assert notes[1] == f"no row uses 1 of them: {lonely[:8]}"


def test_a_model_goes_with_its_fit_and_predictions(shelf):
    found = remove_results("fitted", session=session(shelf))
    assert (len(found.evaluations), len(found.jobs)) == (3, 4)
    assert {label for label, _ in labels(shelf)} == {"plain", "bad"}
    assert len(names(shelf)) == 2
    assert set(leaderboard(shelf.store)["model"]) == {"plain", "bad"}


def test_without_yes_nothing_changes(shelf):
    before = names(shelf), labels(shelf)
    found = remove_results("fitted", dry_run=True, session=session(shelf))
    assert [row["model"] for row in found.rows] == ["fitted"] and len(found.jobs) == 4
    assert (names(shelf), labels(shelf)) == before


def test_a_row_that_failed(shelf):
    shelf.add("half", shelf.noisy(0.5), folds=(0,))
    shelf.add("half", shelf.noisy(0.5), folds=(1,), status="failed", name="lost")
    found = remove_results(failed=True, session=session(shelf))
    assert [row["model"] for row in found.rows] == ["bad"]
    assert {label for label, _ in labels(shelf)} == {"fitted", "plain", "half"}


def test_a_model_on_one_set(shelf):
    job = predict_identity("plain").fingerprint
    shelf.store.save_table("other", "1" * 16, shelf.table)
    shelf.evaluate("plain", job, 0, test="other", test_hash="1" * 16)
    found = remove_results("plain", "set", session=session(shelf))
    assert found.jobs == ()  # the row on the other set needs it
    assert ("plain", "other") in labels(shelf) and ("plain", "set") not in labels(shelf)
    assert job in names(shelf)


def test_a_job_that_a_second_label_uses_stays(shelf):
    job = predict_identity("plain").fingerprint
    for fold in range(3):
        shelf.evaluate("again", job, fold)
    assert remove_results("again", session=session(shelf)).jobs == ()
    assert job in names(shelf)
    assert remove_results("plain", session=session(shelf)).jobs == (job,)


def test_weights_that_another_job_uses_stay(shelf):
    fit = fit_identity("fitted").fingerprint
    identity = predict_identity("fitted", weights=f"job:{fit}")
    scores = pd.DataFrame({"image": shelf.table["image"], "prediction": shelf.noisy(0.5)})
    user = keep(shelf.store, job_record("user", identity), scores.assign(error=None))
    shelf.evaluate("user", user, 0)
    assert len(remove_results("fitted", session=session(shelf)).jobs) == 3
    assert {fit, user} <= names(shelf)
    assert set(remove_results("user", session=session(shelf)).jobs) == {fit, user}


def test_an_import_by_the_beginning_of_its_id(shelf):
    job = predict_identity("plain").fingerprint
    found = remove_results(job[:8], session=session(shelf))
    assert found.jobs == (job,) and len(found.evaluations) == 3
    lonely = keep(shelf.store, job_record("lonely"))
    found = remove_results(lonely[:8], session=session(shelf))
    assert (found.jobs, found.evaluations, found.rows) == ((lonely,), (), [])
    assert lonely not in names(shelf)


def test_one_of_two_configurations_by_its_name(book):
    for number, log in enumerate((True, False)):
        identity = predict_identity("sharpness", options={"log": log})
        scores = pd.DataFrame({"image": book.table["image"], "prediction": book.noisy(0.5)})
        job = keep(book.store, job_record("sharpness", identity), scores.assign(error=None))
        book.evaluate("sharpness", job, 0, model="sharpness", config=f"{number}" * 16)
    remove_results("sharpness log=false", session=session(book))
    (job,) = book.store.jobs()
    assert job.record.identity.model.options == {"log": True}
    assert list(leaderboard(book.store)["model"]) == ["sharpness"]


def test_a_stress_study_goes_with_its_model_and_holds_its_jobs(shelf):
    base = predict_identity("plain").fingerprint
    changed = keep(shelf.store, job_record("shaken"))
    (first, *_) = [one for one in shelf.store.evaluations() if one.label == "plain"]
    changes = [
        StressChange(name=name, immaterial=True, predict=(job,))
        for name, job in (("none", base), ("jpeg", changed))
    ]
    fields = {key: getattr(first, key) for key in ("direction", "protocol", "config", "train")}
    study = StressRecord(
        label="plain", labels="human", test="set", test_hash=HASH, changes=changes, **fields
    )
    shelf.store.save_stress(study)
    remove_results("bad", session=session(shelf))
    assert {base, changed} <= names(shelf)
    found = remove_results("plain", session=session(shelf))
    assert set(found.jobs) == {base, changed} and found.stresses == (study.id,)
    assert list(shelf.store.stresses()) == []


@pytest.mark.parametrize(
    ("asked", "error", "text"),
    [
        ({}, UsageError, "nothing is named"),
        ({"what": "nobody"}, UnknownNameError, "unknown model or job"),
        ({"what": ""}, UnknownNameError, "unknown model or job"),
        ({"what": "plain", "datasets": "nowhere"}, UnknownNameError, "unknown test set"),
        ({"what": "plain", "failed": True}, UsageError, "nothing in the store fits"),
    ],
)
def test_what_names_nothing_is_refused(shelf, asked, error, text):
    before = names(shelf), labels(shelf)
    with pytest.raises(error, match=text):
        remove_results(session=session(shelf), **asked)
    assert (names(shelf), labels(shelf)) == before


def test_removed_results_come_back_by_a_merge(shelf, tmp_path):
    copy = tmp_path / "copy"
    merge_results(shelf.store.root, session=Session(store=copy))
    before = leaderboard(shelf.store)
    remove_results(["fitted", "bad"], session=session(shelf))
    merge_results(copy, session=session(shelf))
    assert leaderboard(Store(shelf.store.root)).equals(before)


def test_commands(shelf, iqabench, tmp_path):
    store = ("--store", shelf.store.root)
    code, out, _ = iqabench("results", *store)
    assert code == 0 and "fitted" in out and "7 jobs" not in out and "6 jobs, " in out
    code, out, err = iqabench("results", "remove", "fitted", *store)
    assert (code, len(names(shelf))) == (0, 6)
    assert "fitted" in out and err[0].endswith("; --yes removes them")
    code, out, err = iqabench("results", "remove", "fitted", "--yes", *store)
    assert (code, len(names(shelf))) == (0, 2)
    assert err[0].startswith("removed 3 repetitions, 4 jobs (")
    code, _, err = iqabench("results", "remove", *store)
    assert (code, len(err)) == (2, 2)
    code, _, err = iqabench("results", "merge", shelf.store.root, "--store", tmp_path / "new")
    assert code == 0 and err[-1].startswith("2 jobs and 6 repetitions copied to ")
    code, _, err = iqabench("results", "merge", tmp_path / "none", *store)
    assert code == 2 and err[0].startswith("error: no store at ")


def test_the_leaderboard_is_filtered_and_sorted(shelf, iqabench):
    store = ("--store", shelf.store.root, "--format", "json", "--quiet")

    def models(*words):
        import json

        code, out, _ = iqabench("leaderboard", *store, *words)
        assert code == 0
        return [row["model"] for row in json.loads(out)]

    assert models() == ["fitted", "plain", "bad"]
    assert models("--sort", "rmse_mapped") == ["fitted", "plain", "bad"]
    assert models("--sort", "model") == ["bad", "fitted", "plain"]
    assert models("--sort", "coverage", "--models", "bad,plain") == ["plain", "bad"]
    assert models("--models", "plain", "--datasets", "set") == ["plain"]
    assert models("--failed") == ["bad"]
    assert models("--failed", "--models", "plain") == []
    code, _, err = iqabench("leaderboard", *store, "--sort", "sroc")
    assert code == 2 and "did you mean" in err[1]
    code, _, err = iqabench("leaderboard", *store, "--models", "nobody")
    assert code == 2 and "nobody" in err[0]


def test_marks_stay_with_their_rows_in_another_order(book):
    from iqabench import Results

    for label, spread in (("clear", 0.05), ("a dim", 0.6), ("dark", 3.0)):
        book.add(label, book.noisy(spread))
    tables = Results(session(book)).tables
    plain = {row["model"]: row for row in tables.leaderboard(form="markdown").rows}
    turned = tables.leaderboard(form="markdown", sort="model").rows
    assert [row["model"] for row in turned] == ["a dim", "clear", "dark"]
    assert all(row == plain[row["model"]] for row in turned)
