"""Data sets: list, describe, verify, add, fetch, synthesize, split and audit them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.api.session import Session, in_use, listed
from iqabench.audit.pairs import Audit as Audit
from iqabench.catalog import user_catalog
from iqabench.contract.cards import Direction
from iqabench.contract.errors import IqabenchError, UsageError
from iqabench.protocols import grammar

if TYPE_CHECKING:
    from iqabench.audit.pairs import Pair
    from iqabench.data.splits import Split
    from iqabench.data.tables import Dataset
    from iqabench.sets.verify import Verified

Row = dict[str, Any]


@dataclass(frozen=True)
class Description:
    """A data set as its card and the catalogues describe it, and the contents of its files."""

    facts: Mapping[str, Any]
    """Fields of the card and the catalogues."""
    found: Mapping[str, Any]
    """Counts of images, contents and so on in the files; empty if the files are not here."""
    levels: Sequence[Row]
    """A row per distortion: its number of pictures at each level."""
    histogram: Sequence[str]
    """The distribution of the scores, as lines of text."""


def list_datasets(*, session: Session | None = None) -> list[Row]:
    """A row for every data set: name, counts, kind of labels, whether its files are here, root."""
    catalog = in_use(session).catalog
    rows = []
    for name in catalog.sets():
        bound = catalog.get(name)
        rows.append(
            {
                "data set": name,
                "images": bound.card.images or None,
                "contents": bound.card.contents or None,
                "labels": bound.card.label_kind,
                "ready": "yes" if bound.is_there else "no",
                "root": str(bound.root) if bound.root else "not set",
                "title": bound.card.title,
            }
        )
    return rows


def describe_dataset(
    name: str, *, figure: Path | str | None = None, session: Session | None = None
) -> Description:
    """Describe a data set; if its files are here, also its pictures and scores.

    Args:
        name: the set.
        figure: a PNG file to write, which shows the distribution of the scores.
        session: catalogue and progress.

    Raises:
        UsageError: a figure is asked for, but the set has no scores.
        DataError: a figure is asked for, but the set's files are not here.
        OSError: the figure cannot be written.
    """
    from iqabench.sets import describe

    session = in_use(session)
    bound = session.catalog.get(name)
    if figure is not None and not bound.card.labelled:
        raise UsageError(f"data set '{bound.name}' has no scores to draw", "drop --figure")
    facts = describe.facts(bound)
    if figure is None and not bound.is_there:
        return Description(facts, {}, (), ())
    dataset = session.dataset(name)
    if figure is not None:
        describe.draw(dataset, Path(figure))
    histogram = describe.histogram(dataset) if dataset.card.labelled else ()
    return Description(facts, describe.counts(dataset), describe.levels(dataset.table), histogram)


def verify_dataset(name: str, *, session: Session | None = None) -> Verified:
    """Check every file and label of a data set; see docs/datasets.md."""
    from iqabench.sets.verify import verify

    session = in_use(session)
    bound = session.catalog.ready(name)
    with session.watch.task(f"verifying {bound.name}") as tick:
        return verify(bound, tick)


def add_dataset(
    name: str,
    root: Path | str,
    labels: Path | str | None = None,
    *,
    direction: Direction | None = None,
    columns: Mapping[str, str | int | None] | None = None,
    links: Path | str | None = None,
    catalog: Path | str | None = None,
    session: Session | None = None,
) -> Mapping[str, Any]:
    """Read a data set, then write its root and settings into a catalogue.

    Args:
        name: a known set, or a new name for your own set.
        root: the set's folder; paths in the label file are relative to it.
        labels: the label file of your own set, below the root or in the current folder, or its
            absolute path; None for a known set.
        direction: ``higher`` or ``lower`` scores are better. None takes the card's direction for a
            known set and ``higher`` for your own set; your own set needs a direction if the name of
            its score column contains "dmos".
        columns: canonical column -> the column's name in the label file, or its number, from 1;
            the other columns are guessed.
        links: a folder outside the root into which symbolic links below the root may lead.
        catalog: the catalogue to write; None takes the user's own.
        session: progress.

    Returns:
        Facts about the set, by their names: its name, its counts, the range of its scores, and the
        catalogue that names it now; of your own set also the label file and its used and unused
        columns.

    Raises:
        IqabenchError: the set cannot be read, or the catalogue cannot be written; the catalogue
            stays as it was.
    """
    from iqabench.sets import adding

    place, given = Path(catalog or user_catalog()), columns or {}
    into = None if links is None else Path(links)
    used: Mapping[str, str] = {}
    with in_use(session).watch.task(f"reading {name}") as tick:
        if labels is None:
            dataset = adding.add_known(name, Path(root), direction, given, place, tick, into)
        else:
            own = Path(labels)
            dataset = adding.add_own(name, Path(root), own, direction, given, place, tick, into)
            used = adding.use_of_labels(Path(root), own, given)
    return {**_found(dataset, place), **used}


def fetch_dataset(
    name: str,
    root: Path | str | None = None,
    *,
    catalog: Path | str | None = None,
    session: Session | None = None,
) -> Mapping[str, Any]:
    """Download and check a data set of which an archive or a repository on GitHub is known.

    Files of a repository that are in the folder already are not downloaded again.

    Args:
        name: the set.
        root: the folder for its files; None takes the set's root if it has one, else a folder
            below ``$IQABENCH_DATA`` or the user's data folder.
        catalog: the catalogue to write; None takes the user's own.
        session: a catalogue that names the archive or the repository, and progress, which is told
            the set's terms before the download.

    Returns:
        Facts about the set, by their names: its name, its counts, the range of its scores, and the
        catalogue that names it now.

    Raises:
        DataError: no address is known (the hint says where to get the set), the folder holds other
            things, the download fails, or what came is not what the card or the catalogue names.
    """
    from iqabench.sets.fetch import fetch

    session = in_use(session)
    bound = session.catalog.get(name)
    place = Path(catalog or user_catalog())
    with session.watch.task(f"fetching {bound.name}") as tick:
        given = Path(root) if root is not None else None
        dataset = fetch(bound, given, place, tick, session.watch.say)
    return _found(dataset, place)


def synthesize_dataset(
    photos: Path | str,
    name: str,
    types: str = "all",
    levels: str = "1-5",
    *,
    root: Path | str | None = None,
    seed: int = 0,
    long_side: int = 512,
    catalog: Path | str | None = None,
    session: Session | None = None,
) -> Mapping[str, Any]:
    """Distort the pictures of a folder and make a data set of them, with proxy labels.

    Args:
        photos: the folder of pictures.
        name: the name of the new set.
        types: numbers or names of KADID-10k's distortions, comma-separated, or ``all``.
        levels: levels of distortion, such as ``1-5`` or ``1,3,5``.
        root: the folder to make; None takes a folder below ``$IQABENCH_DATA`` or the user's data
            folder.
        seed: seed of all random choices.
        long_side: pixels, to which larger photos are scaled down; the levels are meant for 512.
        catalog: the catalogue to write; None takes the user's own.
        session: progress, which is told of files in the folder that are no pictures.

    Returns:
        Facts about the set, by their names: its name, its counts, the range of its scores, and the
        catalogue that names it now.

    Raises:
        IqabenchError: a set of that name or the folder exists already, or a photo cannot be used.
    """
    from iqabench.sets import synthesize

    session, place = in_use(session), Path(catalog or user_catalog())
    with session.watch.task(f"synthesizing {name}") as tick:
        dataset = synthesize.make(
            Path(photos),
            name,
            synthesize.parse_kinds(types),
            synthesize.parse_levels(levels),
            root=Path(root) if root is not None else None,
            seed=seed,
            long_side=long_side,
            catalog=place,
            tick=tick,
            say=session.watch.say,
        )
    return _found(dataset, place)


def export_split(
    name: str,
    path: Path | str,
    *,
    seed: int,
    fold: int | None = None,
    session: Session | None = None,
) -> Split:
    """Write a split to a JSON file: the split that the data set's protocol makes for a seed.

    Raises:
        UsageError: the protocol has folds and ``fold`` is None or too high, or it has no folds and
            ``fold`` is given.
        DataError: the set is too small for its protocol, or the file cannot be written.
    """
    from iqabench.data import splits
    from iqabench.protocols.parts import split_of

    split = split_of(in_use(session).dataset(name), seed, fold)
    splits.save(split, Path(path))
    return split


def audit_datasets(datasets: str | Sequence[str], *, session: Session | None = None) -> list[Audit]:
    """Find pairs of pictures that show the same content.

    Such a pair is a leak if a model is trained on one picture and tested on the other. Results in
    the session's store that wait for one of these audits are told what it found.

    Args:
        datasets: as for :func:`iqabench.run`. ``a:b`` compares the sets a and b; ``a`` compares
            the different contents of the set a.
        session: catalogue, store and progress.

    Raises:
        IqabenchError: a data set is unknown, or its files are not here.
    """
    session = in_use(session)
    requests = grammar.canonical(grammar.parse(listed(datasets)), session.catalog)
    audits = [session.audit(*map(session.dataset, request.sets)) for request in requests]
    _tell_store(session, {name for request in requests for name in request.sets})
    return audits


def draw_pairs(pairs: Sequence[Pair], path: Path | str) -> bool:
    """Draw the pairs of an audit side by side, as a PNG.

    Returns:
        Whether a file was written; False if ``pairs`` is empty.
    """
    from iqabench.report.montage import montage

    return montage(pairs, Path(path))


def _tell_store(session: Session, tested: Collection[str]) -> None:
    """Complete the pending evaluations on these test sets of which the cache has the audit."""
    from iqabench.audit.pairs import known
    from iqabench.protocols.leakage import complete

    with suppress(IqabenchError, OSError):  # a store that cannot be written or read, or is another
        store = session.existing_store()
        waiting = [one.id for one in store.evaluations() if one.pending and one.test in tested]
        complete(waiting, store, session.dataset, known)


def _found(dataset: Dataset, catalog: Path) -> Mapping[str, Any]:
    from iqabench.sets.describe import counts

    return {"data set": dataset.name, **counts(dataset), "catalogue": str(catalog)}
