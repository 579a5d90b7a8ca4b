"""Stores of another format are refused in one line that says what to do; a new one notes its."""

import json
import os
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import iqabench as library
from iqabench.contract import StoreError
from iqabench.report.leaderboard_table import short
from iqabench.store import Store, upgrade
from iqabench.store.folder import written_format
from iqabench.store.records import FORMAT
from iqabench.store.sealed import write_sealed

COMMANDS = (
    ["leaderboard"],
    ["run", "--models", "piqe", "--quiet"],
    ["run", "--models", "piqe", "--dry-run"],
    ["show", "0123"],
    ["compare"],
    ["diff", "a", "b"],
    ["predictions"],
    ["import", "SCORES", "--model", "mine", "--dataset", "little"],
)


@pytest.fixture
def other(store):
    """A store's folder, and what else it needs to be one of another format."""
    (store / "jobs").mkdir(parents=True)
    return store


def files(folder):
    return sorted((str(path), path.is_file() and path.read_bytes()) for path in folder.rglob("*"))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    ("text", "number", "hint"),
    [
        (None, 1, "iqabench store upgrade --store {}"),
        ('{"format": 1}', 1, "iqabench store upgrade --store {}"),
        ('{"format": 2}', 2, "iqabench store upgrade --store {}"),
        ('{"format": 4}', 4, "a later release of iqabench wrote it: install that one"),
        ('{"format": 4, "more": [1]}', 4, "a later release of iqabench wrote it: install that one"),
    ],
)
def test_another_format_is_refused_and_nothing_is_written(
    iqabench, little, other, tmp_path, words, text, number, hint
):
    if text is not None:
        (other / "store.json").write_text(text)
    (tmp_path / "scores.csv").write_text("image,score\nc0_1.png,1\n")
    before = files(other)
    words = [str(tmp_path / "scores.csv") if word == "SCORES" else word for word in words]
    if words[0] in ("run", "import"):
        words = [*words, "--catalog", little.catalog]
    code, printed, said = iqabench(*words, "--store", other)
    assert (code, printed) == (2, "")
    assert said[-2:] == [
        f"error: the store {other} has format {number}, and this release reads {FORMAT}",
        f"hint: {hint.format(other)}",
    ]
    assert [line for line in said[:-2] if not line.startswith("reading ")] == []
    assert files(other) == before


def test_a_store_that_says_nothing_sensible_is_damaged(iqabench, other):
    for text in ("", "[]", '{"format": "two"}', "{}"):
        (other / "store.json").write_text(text)
        code, printed, said = iqabench("leaderboard", "--store", other)
        assert (code, printed) == (2, "")
        assert len(said) == 2
        assert said[0].startswith(f"error: {other / 'store.json'} is damaged: ")


def test_a_new_store_notes_its_format(store):
    assert written_format(store) is None
    Store(store).prepare()
    assert json.loads((store / "store.json").read_text())["format"] == FORMAT
    assert written_format(store) == FORMAT
    Store(store).check()


def test_a_run_notes_it_too(iqabench, little, store):
    given = ["run", "--models", "piqe", "--datasets", "little", "--seeds", "1", "--quiet"]
    assert iqabench(*given, "--catalog", little.catalog, "--store", store)[0] == 0
    assert json.loads((store / "store.json").read_text())["format"] == FORMAT
    assert iqabench("leaderboard", "--store", store)[0] == 0


def test_an_empty_folder_is_a_new_store(store):
    store.mkdir()
    assert written_format(store) is None
    Store(store).check()
    assert list(store.iterdir()) == []
    Store(store).prepare()
    assert written_format(store) == FORMAT


def test_what_a_later_release_says_of_a_store_is_kept(store):
    kept = Store(store)
    kept.prepare()
    write_sealed(store / "store.json", {"format": FORMAT, "name": "mine"})
    Store(store).prepare()
    assert json.loads((store / "store.json").read_text())["name"] == "mine"


def test_every_way_to_read_a_store_of_another_format_is_refused(other):
    for ask in (
        lambda store: store.check(),
        lambda store: store.prepare(),
        lambda store: store.readable(),
        lambda store: store.job("0123"),
        lambda store: list(store.jobs()),
        lambda store: store.evaluations(),
        lambda store: list(store.stresses()),
        lambda store: store.split("0123"),
        lambda store: store.writing("0123").__enter__(),
    ):
        with pytest.raises(StoreError, match="has format 1"):
            ask(Store(other))
    assert [path.name for path in other.rglob("*")] == ["jobs"]


def test_a_recipe_that_format_1_did_not_note_has_a_question_mark(tmp_path):
    with zipfile.ZipFile(Path(__file__).with_name("format1.zip")) as packed:
        packed.extractall(tmp_path)
    old = tmp_path / "store"
    for path in (old / "evaluations").iterdir():
        record = json.loads(path.read_text())
        if record["label"] != "toy-scorer":
            del record["recipe"]
        path.write_text(json.dumps(record))
    upgrade.upgrade(old)
    board = library.Results(library.Session(store=old)).leaderboard()
    recipes = dict(zip(board["model"], board["recipe"], strict=True))
    assert recipes.pop("toy-scorer") == "-"
    assert set(recipes.values()) == {"?"}
    assert all("recipe" not in row for row in short(board))


def test_while_a_store_is_prepared_it_has_the_format_or_none(store, monkeypatch):
    """Two runs, or two workers of Ray, may begin in a new store at the same moment."""
    seen = []

    def watched(change):
        def changed(path, *given, **named):
            done = change(path, *given, **named)
            seen.append(written_format(store))
            Store(store).check()
            return done

        return changed

    for name in ("mkdir", "touch", "write_bytes", "replace", "rename"):
        monkeypatch.setattr(Path, name, watched(getattr(Path, name)))
    monkeypatch.setattr(os, "replace", watched(os.replace))
    Store(store).prepare()
    assert set(seen) == {None, FORMAT}
    assert seen.index(FORMAT) == len(seen) - seen[::-1].index(None)


def test_many_prepare_a_new_store_at_the_same_moment(tmp_path):
    def prepared(number):
        kept = Store(tmp_path / f"store-{number // 8}")
        kept.prepare()
        return list(kept.jobs())

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(prepared, range(800))) == [[]] * 800
