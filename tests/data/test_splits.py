import json
import os
import subprocess
import sys
from itertools import product

import pandas as pd
import pytest

from iqabench.contract import DataError, Protocol
from iqabench.data.splits import (
    Split,
    hold_out,
    k_fold,
    load,
    official,
    save,
    shuffled,
    train_and_validate,
)
from iqabench.store.fingerprints import digest
from iqabench.store.records import SplitRecord

ANIMALS = ["ant", "bee", "cat", "dog", "eel"]
# sha256 of "SEED\0NAME" begins with, in rising order,
#   seed 0: eel 57ac, cat 874f, dog d087, ant d660, bee e0d4
#   seed 1: bee 1393, cat 5786, dog 6866, ant 6de8, eel ce50


def names(count):
    return [f"c{number}" for number in range(count)]


def parts(split):
    return [set(part) for part in (split.train, split.validation, split.test)]


def assert_whole(split, contents):
    """Nothing is in two parts, nothing is lost, and every part has something."""
    train, validation, test = parts(split)
    assert len(train) + len(validation) + len(test) == len(set(contents))
    assert train | validation | test == set(contents)
    assert train
    assert validation


def test_the_order_is_that_of_the_documented_hash():
    assert shuffled(ANIMALS, 0) == ["eel", "cat", "dog", "ant", "bee"]
    assert shuffled(ANIMALS, 1) == ["bee", "cat", "dog", "ant", "eel"]


def test_hold_out_literal():
    """A fifth of five is tested, at least one is validated on."""
    expected = Split("zoo", ("ant", "bee", "dog"), ("cat",), ("eel",))
    assert hold_out("zoo", ANIMALS, 0, Protocol()) == expected


def test_k_fold_literal():
    """Folds take turns in the order: bee, dog, eel and cat, ant."""
    protocol = Protocol(kind="k-fold", folds=2)
    assert k_fold("zoo", ANIMALS, 1, 0, protocol) == Split(
        "zoo", ("ant",), ("cat",), ("bee", "dog", "eel")
    )
    assert k_fold("zoo", ANIMALS, 1, 1, protocol) == Split(
        "zoo", ("dog", "eel"), ("bee",), ("ant", "cat")
    )


def test_train_and_validate_literal():
    expected = Split("zoo", ("ant", "bee", "cat", "dog"), ("eel",), ())
    assert train_and_validate("zoo", ANIMALS, 0, Protocol()) == expected


@pytest.mark.parametrize("test_share", [0.01, 0.2, 0.5, 0.8, 0.99])
def test_no_content_is_on_two_sides_of_a_hold_out(test_share):
    for count, validation_share, seed in product((3, 4, 5, 10, 81), (0.01, 0.1, 0.9), range(3)):
        protocol = Protocol(test_share=test_share, validation_share=validation_share)
        split = hold_out("x", names(count), seed, protocol)
        assert_whole(split, names(count))
        assert split.test


@pytest.mark.parametrize(("count", "folds"), [(8, 4), (4, 4), (9, 2), (10, 3), (30, 10)])
@pytest.mark.parametrize("seed", [0, 1, 17])
def test_over_the_folds_every_content_is_tested_once(count, folds, seed):
    protocol = Protocol(kind="k-fold", folds=folds)
    made = [k_fold("x", names(count), seed, fold, protocol) for fold in range(folds)]
    for split in made:
        assert_whole(split, names(count))
        assert len(split.test) in (count // folds, -(-count // folds))
    assert sorted(name for split in made for name in split.test) == sorted(names(count))


def test_two_folds_of_three_contents_cannot_be_trained_and_validated():
    with pytest.raises(DataError):
        k_fold("x", names(3), 0, 0, Protocol(kind="k-fold", folds=2))


def test_validation_rotates_with_the_folds():
    protocol = Protocol(kind="k-fold", folds=4)
    held = {k_fold("x", names(8), 0, fold, protocol).validation for fold in range(4)}
    assert len(held) == 4


def test_shares_are_of_all_contents():
    split = hold_out("x", names(100), 0, Protocol(test_share=0.2, validation_share=0.1))
    assert [len(part) for part in parts(split)] == [70, 10, 20]


def test_order_and_repeats_of_rows_change_nothing():
    rows = names(12)
    shuffled_rows = [*reversed(rows), *rows[3:7]]
    for seed in range(3):
        assert hold_out("x", rows, seed, Protocol()) == hold_out(
            "x", shuffled_rows, seed, Protocol()
        )


def test_seeds_differ():
    assert len({hold_out("x", names(30), seed, Protocol()).hash for seed in range(10)}) == 10


def test_the_same_on_every_machine():
    code = (
        "from iqabench.data.splits import *; from iqabench.contract import Protocol;"
        "print(hold_out('x', {f'c{n}' for n in range(40)}, 3, Protocol()).hash)"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for hash_seed in ("0", "1")
    }
    assert found == {hold_out("x", names(40), 3, Protocol()).hash}


def test_the_hash_is_of_the_set_and_the_parts():
    base = Split("x", ("a", "b"), ("c",), ("d",))
    moved = Split("x", ("a",), ("b", "c"), ("d",))
    assert base.hash == Split("x", ("a", "b"), ("c",), ("d",)).hash
    assert len({base.hash, moved.hash, Split("y", ("a", "b"), ("c",), ("d",)).hash}) == 3
    assert base.record() == SplitRecord(
        dataset="x", train=("a", "b"), validation=("c",), test=("d",)
    )
    assert base.hash == digest(
        {"dataset": "x", "train": ["a", "b"], "validation": ["c"], "test": ["d"]}
    )


def test_too_few_contents_are_refused_with_a_way_out():
    for split, least in (
        (lambda few: hold_out("tiny", few, 0, Protocol()), 3),
        (lambda few: k_fold("tiny", few, 0, 0, Protocol(kind="k-fold", folds=4)), 4),
        (lambda few: train_and_validate("tiny", few, 0, Protocol()), 2),
    ):
        assert split(names(least))
        with pytest.raises(DataError, match=f"'tiny' has {least - 1} contents") as error:
            split(names(least - 1))
        assert "OTHER:tiny" in error.value.hint


def published(*rows):
    return pd.DataFrame(rows, columns=["content", "official_split"])


def test_the_official_split_is_taken_as_published():
    table = published(("a", "train"), ("a", "train"), ("b", "validation"), ("c", "test"))
    assert official("x", table, 0, Protocol()) == Split("x", ("a",), ("b",), ("c",))


def test_validation_is_carved_from_official_training():
    table = published(*[(name, "train") for name in names(10)], ("t", "test"))
    split = official("x", table, 0, Protocol())
    assert_whole(split, [*names(10), "t"])
    assert (len(split.validation), split.test) == (1, ("t",))


@pytest.mark.parametrize(
    "rows",
    [
        [("a", "train"), ("a", "test"), ("b", "validation")],
        [("a", "train"), ("a", "validation"), ("b", "test")],
        [("a", "validation"), ("a", "test"), ("b", "train")],
        [("a", "train"), ("b", "train")],
        [("a", "test"), ("b", "test")],
        [("a", "train"), ("b", "test")],
        [("a", "train"), ("b", "train"), ("c", "test"), ("d", "tset")],
    ],
)
def test_official_splits_that_cannot_be_used_are_refused(rows):
    with pytest.raises(DataError):
        official("x", published(*rows), 0, Protocol())


ZOO = Split("zoo", ("ant", "bee"), ("cat",), ("dog",))


def written(path, **changes):
    save(ZOO, path)
    record = json.loads(path.read_text()) | changes
    if "hash" not in changes and changes:
        parts = (tuple(record[part]) for part in ("train", "validation", "test"))
        record["hash"] = Split(record["dataset"], *parts).hash
    path.write_text(json.dumps(record))
    return path


def test_a_split_comes_back_from_its_file(tmp_path):
    path = tmp_path / "s.json"
    save(ZOO, path)
    assert load(path, "zoo", ANIMALS) == ZOO  # it need not hold every content
    assert json.loads(path.read_text()) == {
        "dataset": "zoo",
        "train": ["ant", "bee"],
        "validation": ["cat"],
        "test": ["dog"],
        "hash": ZOO.hash,
    }


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"hash": "0" * 16}, "its contents have hash"),
        ({"test": ["eel"], "hash": ZOO.hash}, "its contents have hash"),
        ({"test": ["fox"]}, "contents that 'zoo' does not have: 1, first fox"),
        ({"test": ["dog", "ant"]}, "contents that are listed twice: 1, first ant"),
        ({"train": ["ant", "ant"]}, "contents that are listed twice: 1, first ant"),
        ({"test": []}, "its test part is empty"),
        ({"validation": []}, "its validation part is empty"),
        ({"dataset": "farm"}, "it splits 'farm', not 'zoo'"),
    ],
)
def test_a_file_that_is_not_that_split_is_refused(tmp_path, changes, words):
    with pytest.raises(DataError, match=words) as refused:
        load(written(tmp_path / "s.json", **changes), "zoo", ANIMALS)
    assert refused.value.message.startswith(str(tmp_path / "s.json"))


@pytest.mark.parametrize("text", [None, "", "[]", "{}", "5", '{"dataset": "zoo", "train": 5}'])
def test_a_file_that_is_no_split(tmp_path, text):
    path = tmp_path / "s.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(DataError, match=r"it is no split|no split can be read"):
        load(path, "zoo", ANIMALS)


def test_a_place_that_cannot_be_written(tmp_path):
    with pytest.raises(DataError, match="cannot write"):
        save(ZOO, tmp_path / "none" / "s.json")
