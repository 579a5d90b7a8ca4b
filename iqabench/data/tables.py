"""A data set in memory: its canonical score table and a hash of labels and files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.catalog import BoundDataset
from iqabench.contract import datasets as columns
from iqabench.contract.cards import DatasetCard
from iqabench.contract.errors import DataError, IqabenchError
from iqabench.contract.progress import Tick
from iqabench.data import table_checks
from iqabench.data.file_hashes import file_hashes
from iqabench.kit.foreign import staying
from iqabench.kit.label_files import NOTES, PLACES
from iqabench.kit.tree import Tree, composed, links_into
from iqabench.registry import load
from iqabench.store.fingerprints import text_digest

if TYPE_CHECKING:
    import pandas as pd

PICTURES = ("image", "reference")
"""Columns that name pictures."""


@dataclass(frozen=True)
class Dataset:
    """A data set that has been read: card, folder and canonical table."""

    card: DatasetCard
    root: Path
    table: pd.DataFrame
    """Names of images and references are in Unicode's form C, whatever form the folders have."""
    tick: Tick | None = None
    written: Mapping[str, str] = field(default_factory=dict)
    """Name of an image or reference -> its name in the folders, where these have another form."""
    notes: tuple[str, ...] = ()
    """What a user should know of the way in which the label file was read."""

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the function that shows progress, which cannot go to another process."""
        return {**vars(self), "tick": None}

    @property
    def name(self) -> str:
        """The short name."""
        return self.card.name

    def path(self, name: str) -> Path:
        """The file of an image or a reference."""
        return self.root / self.written.get(name, name)

    @cached_property
    def image_hashes(self) -> dict[str, str]:
        """Content hash of every image and reference, by its path below the root."""
        names = list(self.table["image"])
        if "reference" in self.table:
            names += sorted(set(self.table["reference"]))
        paths = [self.path(name) for name in names]
        tick = self.tick
        hashes = file_hashes(
            paths, None if tick is None else lambda done: tick(done, len(paths), "hashing")
        )
        return dict(zip(names, hashes, strict=True))

    @property
    def ships_maps(self) -> bool:
        """Whether every image has a saliency map or fixations of its own."""
        shipped = [name for name in ("saliency", "fixations") if name in self.table]
        return bool(self.table[shipped].notna().any(axis=1).all())

    @cached_property
    def hash(self) -> str:
        """Hash of the labels and the picture contents; the path of the root does not count."""
        names = sorted(self.table.columns)
        rows = composed(self.table[names].to_csv(index=False, lineterminator="\n"))
        pictures = [f"{name}\t{found}" for name, found in sorted(self.image_hashes.items())]
        return text_digest([rows, *pictures])

    @cached_property
    def _sizes(self) -> dict[str, int]:
        """Content -> number of its images."""
        return {str(name): int(size) for name, size in self.table["content"].value_counts().items()}

    @cached_property
    def contents(self) -> list[str]:
        """The names of all contents, sorted."""
        return sorted(self._sizes)

    def count_of(self, contents: Iterable[str]) -> int:
        """How many images the given contents have; each content is named once."""
        return int(sum(self._sizes.get(content, 0) for content in contents))

    def rows_of(self, contents: list[str]) -> pd.DataFrame:
        """The rows of the given contents, in the order of the table, with a new index from 0."""
        return self.table[self.table["content"].isin(contents)].reset_index(drop=True)


def read(bound: BoundDataset, tick: Tick | None = None) -> Dataset:
    """Read a data set's labels and check them. A built-in set is made first if needed.

    Raises:
        DataError: files are missing, or the labels fail a check.
    """
    card, root, raw = labels(bound, tick)
    notes = tuple(raw.attrs.get(NOTES, ()))
    with links_into(bound.links):
        table, tree = canonical(raw, card, root), Tree(root)
    named = {name for column in PICTURES if column in table for name in table[column]}
    written = {name: there for name in named if (there := tree.written(name)) != name}
    return Dataset(card, root, table, tick, written, notes)


def labels(bound: BoundDataset, tick: Tick | None = None) -> tuple[DatasetCard, Path, pd.DataFrame]:
    """A set's card, its root, and the table that its reader returns, not checked yet.

    A built-in set is made first if needed. If the reader says in which range its scores lie, the
    card holds this range.

    Raises:
        DataError: the set has no root, or the reader cannot read the labels.
    """
    card = bound.card
    if bound.root is None:
        raise DataError(f"data set '{card.name}' has no root", "set it in a catalogue")
    if card.builder is not None:
        load(card.builder)(bound.root, tick)
    try:
        with links_into(bound.links), staying():
            raw = load(card.reader)(bound.root, dict(bound.options))
    except IqabenchError as error:
        raise DataError(f"data set '{card.name}': {error.message}", error.hint) from error
    except FileNotFoundError as error:
        raise DataError(
            f"data set '{card.name}': {error.filename or error} is missing",
            f"is {bound.root} the unpacked archive?",
        ) from error
    except Exception as error:  # a plugin's reader may raise any error on damaged labels
        problem = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise DataError(
            f"data set '{card.name}': its labels cannot be read: {problem}",
            f"is {bound.root} the unpacked archive?",
        ) from error
    if "score_range" in raw.attrs:
        card = card.model_copy(update={"score_range": raw.attrs["score_range"]})
    return card, bound.root, raw


def canonical(raw: pd.DataFrame, card: DatasetCard, root: Path) -> pd.DataFrame:
    """Check a reader's table, add ``content`` and, for a labelled set, ``quality``; sort by image.

    Raises:
        DataError: a column is missing or unknown, a value is no finite number, an image is listed
            twice, or a file is absent or not below the root.
    """
    try:
        table = _checked(raw, card, Tree(root))
    except DataError as error:
        raise DataError(f"data set '{card.name}': {error.message}", error.hint) from error
    if "content" not in table:
        table["content"] = table["reference"] if "reference" in table else table["image"]
    if card.labelled:
        table["quality"] = _quality(table["mos"], card)
    return table.sort_values("image", ignore_index=True)


def _checked(raw: pd.DataFrame, card: DatasetCard, tree: Tree) -> pd.DataFrame:
    table_checks.names(raw, card.labelled)
    table = raw.copy() if PLACES in raw.attrs else raw.reset_index(drop=True)
    for name in map(str, table):
        check = table_checks.numbers if name in columns.NUMBERS else table_checks.words
        table[name] = check(table, name)
    for name in (name for name in columns.PATHS if name in table):
        table[name] = table_checks.paths(table[name], name, tree)
    if "content" in table:
        table["content"] = table["content"].map(composed)
    table_checks.once(table)
    if "official_split" in table:
        table_checks.official(table["official_split"])
    for key in (PLACES, NOTES):
        table.attrs.pop(key, None)
    return table.reset_index(drop=True)


def _quality(mos: pd.Series, card: DatasetCard) -> pd.Series:
    if card.direction == "higher":
        return mos.astype(float)
    top = sum(card.score_range) if card.score_range is not None else 0.0
    return top - mos
