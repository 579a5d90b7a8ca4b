"""Rows whose labels collide are told apart by what differs, in every report."""

import pandas as pd
import pytest
from stored import CROSS, HOLD_OUT, fit_identity, job_record, keep, predict_identity

from iqabench import Results, Session
from iqabench.contract import UsageError
from iqabench.contract.cards import Recipe, Stage
from iqabench.report.breakdown import breakdown
from iqabench.report.compare import compare
from iqabench.report.diff import diff
from iqabench.report.evaluations import groups, selected
from iqabench.report.leaderboard import differences, leaderboard
from iqabench.report.leaderboard_table import notes, short
from iqabench.report.marks import marks
from iqabench.report.predictions import predictions
from iqabench.report.verdicts import matrix
from iqabench.stats.significance import holm
from iqabench.store.records import Code, ImportIdentity


@pytest.fixture
def shelf(book):
    """Stores a configuration of a model under a label, tested on all folds."""

    def add(label, noise=0.5, seed=0, model="sharpness", config=None, train="-", **fields):
        told = {
            key: fields.pop(key) for key in ("init", "recipe_name", "weights_name") if key in fields
        }
        identity = predict_identity(model, **fields)
        scores = pd.DataFrame({"image": book.table["image"], "prediction": book.noisy(noise, seed)})
        name = keep(book.store, job_record(label, identity), scores.assign(error=None))
        for fold in range(3):
            book.evaluate(
                label,
                name,
                fold,
                model=model,
                config=config or identity.model.digest,
                train=train,
                init=told.get("init", "-"),
                recipe=told.get("recipe_name", "-"),
                weights=told.get("weights_name", "-"),
            )
        return name

    return add


def names(book):
    return {group.name for group in groups(book.store)}


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (
            {"options": {"log": True}},
            {"options": {"log": False}},
            {"sharpness log=true", "sharpness log=false"},
        ),
        (
            {"options": {"head": {"width": 8}, "encoder": "a"}},
            {"options": {"head": {"width": 9}, "encoder": "b"}},
            {"sharpness encoder=a head.width=8", "sharpness encoder=b head.width=9"},
        ),
        ({}, {"precision": "bf16"}, {"sharpness precision=fp32", "sharpness precision=bf16"}),
        ({}, {"device": "cuda"}, {"sharpness device=cpu", "sharpness device=cuda"}),
        ({}, {"scale": 0.5}, {"sharpness scale=1.0", "sharpness scale=0.5"}),
        (
            {"code": Code(package="p", libraries={"torch": "2.6.0", "numpy": "2"})},
            {"code": Code(package="p", libraries={"torch": "2.7.1", "numpy": "2"})},
            {"sharpness torch=2.6.0", "sharpness torch=2.7.1"},
        ),
        (
            {"code": Code(package="p", behaviour=1)},
            {"code": Code(package="p", behaviour=2)},
            {"sharpness behaviour=1", "sharpness behaviour=2"},
        ),
        (
            {"code": Code(package="p", tree="a" * 16)},
            {"code": Code(package="p", tree="b" * 16)},
            {"sharpness code=aaaaaaaa", "sharpness code=bbbbbbbb"},
        ),
        (
            {"weights": "1" * 64, "weights_name": "/home/me/a.pt"},
            {"weights": "2" * 64, "weights_name": "/home/me/b.pt"},
            {"sharpness weights=a.pt", "sharpness weights=b.pt"},
        ),
        (
            {"weights": "1" * 64, "weights_name": "/home/me/a.pt"},
            {"weights": "2" * 64, "weights_name": "/home/me/a.pt"},
            {"sharpness weights=11111111", "sharpness weights=22222222"},
        ),
        (
            {"init": "default"},
            {"init": "random"},
            {"sharpness init=default", "sharpness init=random"},
        ),
        (
            {"recipe": Recipe(), "recipe_name": "own"},
            {"recipe": Recipe(stages=(Stage(epochs=3),)), "recipe_name": "own*"},
            {"sharpness recipe.epochs=10", "sharpness recipe.epochs=3"},
        ),
        (
            {"recipe": Recipe(stages=(Stage(), Stage()))},
            {"recipe": Recipe(stages=(Stage(), Stage(lr=0.1)))},
            {
                "sharpness recipe.lr=0.0001",
                "sharpness recipe.stages.0.lr=0.0001 recipe.stages.1.lr=0.1",
            },
        ),
        (
            {"recipe": Recipe(), "recipe_name": "own"},
            {
                "recipe": Recipe(
                    batch_size=2, crop=(32, 32), train_crops=4, test_crops=3, pool="median"
                ),
                "recipe_name": "common",
            },
            {"sharpness recipe=own (+5)", "sharpness recipe=common (+5)"},
        ),
    ],
)
def test_whatever_differs_is_shown(book, shelf, first, second, expected):
    shelf("sharpness", **first)
    assert names(book) == {"sharpness"}  # nothing to tell apart yet
    shelf("sharpness", **second)
    assert names(book) == expected


def test_another_model_under_the_same_label(book, shelf):
    shelf("a", model="niqe", options={"patch": 96})
    shelf("a", model="brisque")
    assert names(book) == {"a model=niqe", "a model=brisque"}
    shelf("a", model="niqe", options={"patch": 48})
    assert names(book) == {"a model=niqe patch=96", "a model=niqe patch=48", "a model=brisque"}


def test_a_configuration_has_one_name_on_all_sets(book, shelf):
    book.store.save_table("other", "1" * 16, book.table)
    shelf("sharpness", options={"log": True})
    job = shelf("sharpness", options={"log": False})
    config = next(one.config for one in book.store.evaluations() if one.predict == job)
    book.evaluate(
        "sharpness",
        job,
        0,
        model="sharpness",
        config=config,
        train="-",
        init="-",
        weights="-",
        test="other",
        test_hash="1" * 16,
    )
    found = {(group.record.test, group.name) for group in groups(book.store)}
    assert ("other", "sharpness log=false") in found
    assert len(found) == 3


def test_other_training_sets_and_protocols_are_no_collision(book, shelf):
    """They have cells of their own."""
    job = shelf("m", options={"log": True})
    for place, keys in enumerate(({"train": "x"}, {"protocol": CROSS}, {"protocol": HOLD_OUT})):
        book.evaluate("m", job, 0, model="m", config=f"{place}" * 16, **keys)
    assert names(book) == {"m"}
    assert {row["protocol"] for row in short(leaderboard(book.store))} == {
        "3-fold",
        "cross",
        "hold-out",
    }


def test_another_version_of_the_labels(book, shelf):
    book.store.save_table("set", "1" * 16, book.table)
    job = shelf("m")
    for fold in range(3):
        book.evaluate(
            "m",
            job,
            fold,
            model="sharpness",
            train="-",
            init="-",
            weights="-",
            test_hash="1" * 16,
            config=next(iter(book.store.evaluations())).config,
        )
    assert names(book) == {"m data=00000000", "m data=11111111"}


def test_scores_imported_twice_under_one_name(book):
    for file in ("a" * 64, "b" * 64):
        identity = ImportIdentity(
            label="theirs", file=file, direction="higher", dataset="set", data="0" * 16
        )
        scores = pd.DataFrame({"image": book.table["image"], "prediction": book.noisy(0.5)})
        job = keep(book.store, job_record("theirs", identity), scores.assign(error=None))
        book.evaluate(
            "theirs", job, 0, model="imported", config=job, train="-", init="-", weights="-"
        )
    assert names(book) == {"theirs file=aaaaaaaa", "theirs file=bbbbbbbb"}


def test_a_fit_that_failed_is_told_apart_by_its_options(book, shelf):
    """An option with a typing error leaves a row that looks like the good one."""
    good = {"options": {"encoder": "resnet18"}}
    shelf("lite", model="lite", train="set", **good)
    bad = fit_identity("lite", options={"encoder": "resnet999"})
    fit = keep(book.store, job_record("lite", bad, status="failed", error="no encoder"))
    book.evaluate("lite", "never", 0, fit=fit, model="lite", config="b" * 16, init="-", weights="-")
    assert names(book) == {"lite encoder=resnet18", "lite encoder=resnet999"}


def test_every_report_has_the_names(book, shelf, tmp_path):
    both = {"sharpness log=true", "sharpness log=false"}
    for noise, log in ((0.3, True), (0.9, False)):
        shelf("sharpness", noise, options={"log": log})
    board = leaderboard(book.store)
    assert set(board["model"]) == set(predictions(book.store)["model"]) == both
    assert {row["model"] for row in short(board)} == both
    assert set(breakdown(book.store, "band")["model"]) == both
    frame = compare(book.store)
    assert {frame["a"][0], frame["b"][0]} == both and "log=true predicts better" in frame[
        "sentence"
    ][0]
    assert {row["model"] for row in matrix(frame)} == both
    row = differences(book.store).iloc[0]
    assert {row["a"], row["b"]} == both
    results = Results(Session(store=book.store.root))
    results.report(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert all(page.count(name) >= 5 for name in both)
    assert ">sharpness<" not in page and board["config"][0][:12] + ")" not in page
    assert set(results.leaderboard(models="sharpness log=false")["model"]) == {"sharpness"}
    assert len(selected(book.store, models=["sharpness"])) == 6


def test_training_that_left_unreadable_pictures_out_is_told(book):
    book.add("one", book.noisy(0.5), config="a" * 16)
    book.add("one", book.noisy(0.6), name="again", config="b" * 16, skipped=["c00_0.png"])
    assert names(book) == {"one skip_unreadable=false", "one skip_unreadable=true"}


def test_names_are_not_kept_with_the_statistics(book, shelf):
    shelf("sharpness", options={"log": True})
    assert list(book.board()["model"]) == ["sharpness"]
    shelf("sharpness", options={"log": False})
    assert set(book.board()["model"]) == {"sharpness log=true", "sharpness log=false"}


@pytest.fixture
def twice(book, shelf):
    """Three configurations, one of them under two labels."""
    for label, noise, seed, log in (
        ("sharpness", 0.55, 1, True),
        ("raw", 0.55, 1, True),
        ("soft", 0.65, 2, False),
    ):
        shelf(label, noise, seed, options={"log": log})
    shelf("other", 0.8, 3, model="other")
    return book


def test_one_configuration_under_two_labels_counts_once(twice):
    frame = compare(twice.store)
    pairs = {frozenset(pair) for pair in frame[["a", "b"]].to_numpy()}
    assert pairs == {
        frozenset(pair)
        for pair in (("sharpness", "soft"), ("sharpness", "other"), ("soft", "other"))
    }
    assert set(frame["pairs"]) == {3}
    assert list(frame["p_holm"]) == pytest.approx(list(holm(frame["p"].to_numpy())))
    line = "raw is sharpness under another label (the same jobs on set): it counts once"
    assert frame.attrs["repeated"] == [line]
    table = Results(Session(store=twice.store.root)).tables.compare()
    assert line in table.notes
    assert len(differences(twice.store)) == 3


def test_the_p_of_a_pair_does_not_depend_on_a_second_label(twice):
    without = selected(twice.store, models=["sharpness", "soft", "other"])
    columns = ["a", "b", "p", "p_holm", "verdict"]
    assert compare(twice.store)[columns].equals(compare(twice.store, only=without)[columns])


def test_a_leaderboard_says_that_two_labels_are_one_configuration(twice):
    frame = leaderboard(twice.store)
    assert sorted(frame["model"]) == ["other", "raw", "sharpness", "soft"]
    line = "raw is sharpness under another label (the same jobs on set): it counts once"
    assert line in notes(frame)
    assert line not in notes(frame[frame["model"] == "soft"])


def test_a_second_label_is_told_of_once_however_many_protocols_show_it(book, shelf):
    shelf("soft", 0.65, 2, options={"log": False})
    for label in ("sharpness", "raw"):
        name = shelf(label, options={"log": True})
        book.evaluate(label, name, 0, model="sharpness", protocol=CROSS, train="other")
    line = "raw is sharpness under another label (the same jobs on set): it counts once"
    assert leaderboard(book.store).attrs["repeated"] == [line]
    assert compare(book.store).attrs["repeated"] == [line]


def test_a_second_label_takes_no_mark_from_the_best(book, shelf):
    for label, noise in (("best", 0.05), ("again", 0.05), ("dim", 0.6), ("dark", 3.0)):
        shelf(label, noise, options={"noise": noise})
    found = dict(zip(leaderboard(book.store)["model"], marks(book.store), strict=True))
    assert found == {"best": "best", "again": "best", "dim": "second", "dark": ""}


def test_two_labels_of_one_configuration_alone(book, shelf):
    for label in ("sharpness", "raw"):
        shelf(label, options={"log": True})
    with pytest.raises(UsageError, match="raw is sharpness under another label"):
        compare(book.store)
    found = diff(book.store, "sharpness", "raw")
    assert len(found.table) == 0


def test_diff_takes_the_results_that_compare(twice, shelf):
    """Those on the other's set, and not the very same jobs."""
    twice.store.save_table("other set", "1" * 16, twice.table)
    job = shelf("soft", options={"log": False}, seed=2, noise=0.65)
    twice.evaluate("sharpness", job, 0, model="sharpness", test="other set", test_hash="1" * 16)
    assert diff(twice.store, "sharpness", "raw").a.startswith("sharpness on set ")
    shelf("sharpness", options={"log": False})
    found = diff(twice.store, "sharpness", "raw")
    assert found.a.startswith("sharpness log=false on set ")
    assert found.table.to_dict("records") == [
        {"field": "model.options.log", "a": "False", "b": "True"}
    ]
    with pytest.raises(UsageError, match="'sharpness' could be sharpness log=") as error:
        diff(twice.store, "sharpness", "other")
    assert "'sharpness log=true@set'" in error.value.hint
    assert diff(twice.store, "sharpness log=true@set", "other").a.startswith("sharpness log=true ")
