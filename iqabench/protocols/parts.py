"""The repetitions of a protocol: the training part and the test part of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from iqabench.contract.cards import Protocol
from iqabench.contract.errors import UsageError
from iqabench.data import splits
from iqabench.data.splits import Split
from iqabench.data.tables import Dataset
from iqabench.protocols.grammar import Across, Request
from iqabench.store.records import TestProtocol

Reader = Callable[[str], Dataset]
"""Returns a data set by name."""


@dataclass(frozen=True)
class Part:
    """One repetition of a protocol.

    Attributes:
        train: the set that is trained on.
        test: the set that is tested.
        split: contents of the training, validation and test parts; None if nothing is trained.
        contents: the tested contents; None tests all of the set.
        seed: number of the repetition.
        fold: number of the fold; None without folds.
        protocol: how the parts were chosen.
    """

    train: Dataset
    test: Dataset
    split: Split | None
    contents: tuple[str, ...] | None
    seed: int
    fold: int | None
    protocol: TestProtocol


@dataclass(frozen=True)
class Shares:
    """Shares of contents that the user wants in a part; None leaves it to the data set's card."""

    test: float | None = None
    validation: float | None = None

    def __post_init__(self) -> None:
        """Check that every part can have contents.

        Raises:
            UsageError: a share is not between 0 and 1, or both leave nothing to train on.
        """
        for option, share in (("test", self.test), ("validation", self.validation)):
            if share is not None and not 0 < share < 1:
                raise UsageError(f"--{option}-share {share:g} is no share", "give it as in 0.1")

    @property
    def said(self) -> str:
        """The option that the user gave, for messages; empty without one."""
        if self.test is not None:
            return f"--test-share {self.test:g}"
        return "" if self.validation is None else f"--validation-share {self.validation:g}"


def parts_of(
    request: Request,
    read: Reader,
    seeds: int | None,
    split: str | None,
    shares: Shares | None = None,
) -> Iterator[Part]:
    """Every repetition that a request asks for.

    Args:
        request: a parsed ``--datasets``.
        read: returns a data set by name.
        seeds: repetitions 0..N-1; None takes what the training set's protocol asks for.
        split: ``official`` for the published split, or the path of a split's file.
        shares: the sizes of the test part of a hold-out and of the validation part.

    Raises:
        UsageError: a split is named for a request across sets, or a share for what has no such
            part to be sized.
        DataError: a set is too small or has no official split, or the file holds no split of it.
    """
    shares = shares or Shares()
    if isinstance(request, Across):
        yield from _across(request, read, seeds, split, shares)
        return
    if split is not None and shares.said:
        raise UsageError(f"{shares.said} does not apply to --split {split}", "its parts are given")
    dataset = read(request.dataset)
    protocol = _sized(dataset, dataset.card.protocol, shares)
    if split not in (None, "official"):
        made = splits.load(Path(split), dataset.name, dataset.table["content"])
        of_file = TestProtocol(kind="file", split=made.hash)
        for seed in range(seeds or protocol.seeds):
            yield Part(dataset, dataset, made, made.test, seed, None, of_file)
        return
    if split == "official":
        protocol = protocol.model_copy(update={"kind": "official"})
    named = _named(protocol)
    for seed in range(seeds or protocol.seeds):
        for fold, made in _within(dataset, protocol, seed):
            yield Part(dataset, dataset, made, made.test, seed, fold, named)


def whole(dataset: Dataset) -> Part:
    """All pictures of a data set, as the one test part of models that are not fitted here."""
    return Part(dataset, dataset, None, None, 0, None, TestProtocol(kind="all"))


def split_of(dataset: Dataset, seed: int, fold: int | None) -> Split:
    """The split that a data set's own protocol makes for a seed and, where it has folds, a fold.

    Raises:
        UsageError: the protocol has folds and ``fold`` is none of them, or it has no folds and
            ``fold`` is given.
        DataError: the set is too small for its protocol.
    """
    protocol = dataset.card.protocol
    found = dict(_within(dataset, protocol, seed))
    if fold not in found:
        folds = f"{protocol.folds} folds" if None not in found else "no folds"
        hint = f"name one, --fold 0 to {protocol.folds - 1}" if None not in found else "drop --fold"
        raise UsageError(f"'{dataset.name}' is split into {folds}", hint)
    return found[fold]


def _across(
    request: Across, read: Reader, seeds: int | None, split: str | None, shares: Shares
) -> Iterator[Part]:
    if split is not None:
        raise UsageError(
            f"--split {split} does not apply to {request.train}:{request.test}",
            "across sets all of the first trains and all of the second tests",
        )
    if shares.test is not None:
        raise UsageError(
            f"{shares.said} does not apply to {request.train}:{request.test}",
            "across sets all of the second is tested",
        )
    train, test = read(request.train), read(request.test)
    protocol = _with(train.card.protocol, shares)
    named = TestProtocol(kind="cross", validation_share=_unusual("validation_share", protocol))
    for seed in range(seeds or Protocol().seeds):
        made = splits.train_and_validate(train.name, train.contents, seed, protocol)
        yield Part(train, test, made, None, seed, None, named)


def _with(protocol: Protocol, shares: Shares) -> Protocol:
    asked = {"test_share": shares.test, "validation_share": shares.validation}
    return protocol.model_copy(update={k: v for k, v in asked.items() if v is not None})


def _sized(dataset: Dataset, protocol: Protocol, shares: Shares) -> Protocol:
    """A set's protocol with the shares that the user wants.

    Raises:
        UsageError: the protocol has no such part to be sized, or nothing is left to train on.
    """
    if protocol.kind == "official" and shares.said:
        raise UsageError(
            f"{shares.said} does not apply to '{dataset.name}'", "its official split is used"
        )
    if protocol.kind == "k-fold" and shares.test is not None:
        raise UsageError(
            f"{shares.said} does not apply to '{dataset.name}'",
            f"it is split into {protocol.folds} folds",
        )
    sized = _with(protocol, shares)
    tested = sized.test_share if sized.kind == "hold-out" else 0.0
    if shares.said and tested + sized.validation_share >= 1:
        raise UsageError(
            f"{shares.said} leaves nothing of '{dataset.name}' to train on",
            f"{tested:g} would be tested and {sized.validation_share:g} validated",
        )
    return sized


def _unusual(field: str, protocol: Protocol) -> float | None:
    """A share of a protocol; None where it is what protocols have unless they say otherwise."""
    share: float = getattr(protocol, field)
    return None if share == Protocol.model_fields[field].default else share


def _within(dataset: Dataset, protocol: Protocol, seed: int) -> Iterator[tuple[int | None, Split]]:
    """Every fold of a seed and its split; without folds, None and the only split."""
    contents = dataset.contents
    if protocol.kind == "k-fold":
        for fold in range(protocol.folds):
            yield fold, splits.k_fold(dataset.name, contents, seed, fold, protocol)
    elif protocol.kind == "official":
        yield None, splits.official(dataset.name, dataset.table, seed, protocol)
    else:
        yield None, splits.hold_out(dataset.name, contents, seed, protocol)


def _named(protocol: Protocol) -> TestProtocol:
    if protocol.kind == "official":
        return TestProtocol(kind="official")
    return TestProtocol(
        kind=protocol.kind,
        folds=protocol.folds if protocol.kind == "k-fold" else None,
        test_share=_unusual("test_share", protocol) if protocol.kind == "hold-out" else None,
        validation_share=_unusual("validation_share", protocol),
    )
