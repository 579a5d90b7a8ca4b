"""What is checked of a reader of a data set."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from iqabench.catalog import BoundDataset
from iqabench.contract.cards import DatasetCard
from iqabench.contract.errors import DataError
from iqabench.data.decoding import decode
from iqabench.data.tables import Dataset, labels, read
from iqabench.testing.cards import check_card, check_sent
from iqabench.testing.findings import Broken, Check, NotApplicable
from iqabench.testing.lazily import check_lazy

if TYPE_CHECKING:
    from iqabench.api.session import Session

DECODED = 8
"""Number of pictures that are decoded, spread over the set."""


def dataset_checks(card: DatasetCard, session: Session, root: Path | None) -> Iterator[Check]:
    """The checks of a data set, those of its table only if its folder is here."""
    registry = session.registry
    held: list[Dataset] = []
    yield "loads lazily", lambda: check_lazy(registry, registry.datasets.plugins[card.name])
    yield "card", lambda: check_card(card, registry)

    def build() -> str:
        held.append(read(_bound(card.name, session, root)))
        return f"{len(held[0].table)} pictures, {len(held[0].contents)} contents"

    yield "can be read", build
    if not held:
        return
    (dataset,) = held
    yield "deterministic", lambda: _deterministic(dataset, _bound(card.name, session, root))
    yield "counts", lambda: _counts(dataset)
    yield "range", lambda: _range(dataset)
    yield "contents", lambda: _contents(dataset)
    yield "pictures", lambda: _pictures(dataset)
    yield "can be sent to a worker", lambda: check_sent(dataset, card.reader)


def _bound(name: str, session: Session, root: Path | None) -> BoundDataset:
    """The set and its folder.

    Raises:
        NotApplicable: its folder is not here.
    """
    bound = session.catalog.get(name)
    if root is None and not bound.is_there:
        raise NotApplicable("its folder is not here: name it with --root DIR")
    return session.catalog.ready(name, root)


def _deterministic(dataset: Dataset, bound: BoundDataset) -> None:
    (_, _, first), (_, _, second) = labels(bound), labels(bound)
    if not first.equals(second):
        raise Broken("the reader returns another table when it is called again")
    if read(bound).hash != dataset.hash:
        raise Broken("the same files give a data set with another hash")


def _counts(dataset: Dataset) -> str:
    card = dataset.card
    found = {"images": len(dataset.table), "contents": len(dataset.contents)}
    for name, number in found.items():
        stated = getattr(card, name)
        if stated and stated != number:
            raise Broken(f"the card says {stated} {name}, and there are {number}")
    if not (card.images or card.contents):
        raise NotApplicable("the card states none")
    return ""


def _range(dataset: Dataset) -> str:
    card = dataset.card
    if not card.labelled or card.score_range is None:
        raise NotApplicable("the card states none")
    low, high = card.score_range
    least, most = float(dataset.table["mos"].min()), float(dataset.table["mos"].max())
    if least < low or most > high:
        out = least if least < low else most
        raise Broken(f"the score {out:g} lies outside the card's range {low:g} to {high:g}")
    return f"scores {least:g} to {most:g}"


def _contents(dataset: Dataset) -> None:
    protocol = dataset.card.protocol
    if protocol.kind == "official" and "official_split" not in dataset.table:
        raise Broken("the card's protocol is 'official', and the table has no official_split")
    if len(dataset.contents) < 2:
        raise Broken("all pictures are of one content, so that nothing can be split")
    if protocol.kind == "k-fold" and len(dataset.contents) < protocol.folds:
        raise Broken(
            f"the card asks for {protocol.folds} folds, and there are {len(dataset.contents)} "
            "contents"
        )


def _pictures(dataset: Dataset) -> None:
    names = list(dataset.table["image"])
    for name in names[:: max(1, len(names) // DECODED)]:
        try:
            decode(dataset.path(name))
        except DataError as error:
            raise Broken(f"{name}: {error.message}") from error
