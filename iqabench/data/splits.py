"""Splits by content: no content is in two parts, and every machine makes the same split.

Contents are ordered by a keyed hash of their names. So a split depends only on the names and the
seed, not on Python's hash seed, a library's random generator, or the file system.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from iqabench.contract.cards import Protocol
from iqabench.contract.datasets import SPLIT_NAMES
from iqabench.contract.errors import DataError
from iqabench.store.files import write_json
from iqabench.store.records import SplitRecord, plain

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Split:
    """The contents of the three parts. Each part is sorted, and no content is in two parts."""

    dataset: str
    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]

    @cached_property
    def hash(self) -> str:
        """Hash of the data set's name and of the contents of each part."""
        return self._record.digest

    def record(self) -> SplitRecord:
        """The split as a store keeps it."""
        return self._record

    @cached_property
    def _record(self) -> SplitRecord:
        return SplitRecord(
            dataset=self.dataset, train=self.train, validation=self.validation, test=self.test
        )


def save(split: Split, path: Path) -> None:
    """Write a split and its hash to a JSON file, whole or not at all.

    Raises:
        DataError: the file cannot be written.
    """
    try:
        write_json(path, {**plain(split.record()), "hash": split.hash})
    except OSError as error:
        raise DataError(f"cannot write {path}: {error.strerror}", "name another file") from error


def load(path: Path, name: str, contents: Iterable[str]) -> Split:
    """The split in a file that :func:`save` wrote.

    Args:
        path: the file.
        name: the data set that the split must be for.
        contents: the contents of this data set.

    Raises:
        DataError: the file is damaged, was changed, or splits another set; a part is empty or
            shares contents with another part; or a content is not in the set.
    """

    def refuse(problem: str, hint: str) -> DataError:
        return DataError(f"{path}: {problem}", hint)

    again = f"iqabench datasets splits export {name} FILE makes one"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        parts = {part: tuple(map(str, record[part])) for part in SPLIT_NAMES}
        split, promised = Split(str(record["dataset"]), **parts), record["hash"]
    except OSError as error:
        raise refuse(f"no split can be read: {error.strerror}", again) from error
    except (ValueError, KeyError, TypeError) as error:
        raise refuse(f"it is no split: {type(error).__name__}: {error}", again) from error
    if split.dataset != name:
        raise refuse(f"it splits '{split.dataset}', not '{name}'", again)
    if split.hash != promised:
        raise refuse(f"its contents have hash {split.hash}, not {promised}", "it was changed")
    listed = [*split.train, *split.validation, *split.test]
    unknown = sorted(set(listed) - set(contents))
    if unknown:
        raise refuse(
            f"contents that '{name}' does not have: {len(unknown)}, first {unknown[0]}", again
        )
    twice = sorted(content for content in set(listed) if listed.count(content) > 1)
    if twice:
        raise refuse(f"contents that are listed twice: {len(twice)}, first {twice[0]}", again)
    empty = [part for part in SPLIT_NAMES if not getattr(split, part)]
    if empty:
        raise refuse(f"its {empty[0]} part is empty", again)
    return split


def shuffled(contents: Iterable[str], seed: int) -> list[str]:
    """Distinct contents in the order of a hash keyed by the seed.

    >>> shuffled(["a", "b", "c"], 0) == shuffled(["c", "b", "a", "a"], 0)
    True
    """
    # Thousands of seeds take a third less time so than with a key function.
    keyed, named = hashlib.sha256(f"{seed}\0".encode()), dict[bytes, str]()
    for content in contents:
        key = keyed.copy()
        key.update(content.encode())
        named[key.digest()] = content
    return [named[key] for key in sorted(named)]


def hold_out(name: str, contents: Iterable[str], seed: int, protocol: Protocol) -> Split:
    """Repeated hold-out: shares of all contents for test and validation, the rest for training.

    Raises:
        DataError: fewer than three contents.
    """
    order = shuffled(contents, seed)
    _enough(name, order, 3)
    test = min(max(1, round(protocol.test_share * len(order))), len(order) - 2)
    validation = _validation_size(len(order), len(order) - test, protocol)
    return _parts(name, order[test + validation :], order[test : test + validation], order[:test])


def k_fold(name: str, contents: Iterable[str], seed: int, fold: int, protocol: Protocol) -> Split:
    """The split that tests fold ``fold`` of ``protocol.folds``.

    Over all folds, every content is tested exactly once. The validation part takes the first
    contents of the next fold, so that it changes with the fold, too.

    Raises:
        DataError: fewer than three contents, fewer contents than folds, or fewer than two contents
            outside the test fold.
    """
    order = shuffled(contents, seed)
    _enough(name, order, max(3, protocol.folds))
    folds = [order[start :: protocol.folds] for start in range(protocol.folds)]
    rest = [
        content
        for step in range(1, protocol.folds)
        for content in folds[(fold + step) % protocol.folds]
    ]
    _enough(name, rest, 2, "outside the test fold")
    validation = _validation_size(len(order), len(rest), protocol)
    return _parts(name, rest[validation:], rest[:validation], folds[fold])


def train_and_validate(name: str, contents: Iterable[str], seed: int, protocol: Protocol) -> Split:
    """The split for a test on another set: a validation share, and all other contents to train on.

    Raises:
        DataError: fewer than two contents.
    """
    order = shuffled(contents, seed)
    _enough(name, order, 2)
    validation = _validation_size(len(order), len(order), protocol)
    return _parts(name, order[validation:], order[:validation], [])


def official(name: str, table: pd.DataFrame, seed: int, protocol: Protocol) -> Split:
    """The split that a data set publishes.

    If it names no validation part, a share of its training part becomes the validation part.

    Raises:
        DataError: the set publishes no split, a part has an unknown name or too few contents, or
            two parts share contents.
    """
    if "official_split" not in table:
        raise DataError(
            f"data set '{name}' publishes no official split", "leave --split official out"
        )
    unknown = sorted(set(table["official_split"].astype(str)) - {"train", "validation", "test"})
    if unknown:
        raise DataError(
            f"the official split of '{name}' has an unknown part '{unknown[0]}'",
            "train, validation or test",
        )
    parts = {
        part: set(table.loc[table["official_split"] == part, "content"])
        for part in ("train", "validation", "test")
    }
    if (parts["train"] | parts["validation"]) & parts["test"] or parts["train"] & parts[
        "validation"
    ]:
        raise DataError(f"the official split of '{name}' cuts contents", "check its labels")
    train = shuffled(parts["train"], seed)
    _enough(name, train, 1 if parts["validation"] else 2, "in the official training part")
    _enough(name, list(parts["test"]), 1, "in the official test part")
    if not parts["validation"]:
        size = _validation_size(len(train), len(train), protocol)
        return _parts(name, train[size:], train[:size], parts["test"])
    return _parts(name, train, parts["validation"], parts["test"])


def _validation_size(contents: int, available: int, protocol: Protocol) -> int:
    return min(max(1, round(protocol.validation_share * contents)), available - 1)


def _parts(name: str, train: Iterable[str], val: Iterable[str], test: Iterable[str]) -> Split:
    return Split(name, tuple(sorted(train)), tuple(sorted(val)), tuple(sorted(test)))


def _enough(name: str, contents: list[str], least: int, where: str = "") -> None:
    if len(contents) < least:
        raise DataError(
            f"data set '{name}' has {len(contents)} contents{where and ' '}{where}; "
            f"this protocol needs {least}",
            "test it across data sets instead: --datasets OTHER:" + name,
        )
