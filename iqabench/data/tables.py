"""A data set in memory: its canonical score table and a hash of labels and files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from iqabench.catalog import BoundDataset
from iqabench.contract import datasets as columns
from iqabench.contract.cards import DatasetCard
from iqabench.contract.errors import DataError
from iqabench.data.hashes import file_hashes
from iqabench.registry import load
from iqabench.store.fingerprints import text_digest

if TYPE_CHECKING:
    import pandas as pd

Tick = Callable[[int, int, str], None]
"""Called with (done, total, what) while something long goes on."""


@dataclass(frozen=True)
class Dataset:
    """A data set that has been read: card, folder and canonical table."""

    card: DatasetCard
    root: Path
    table: pd.DataFrame
    tick: Tick | None = None

    @property
    def name(self) -> str:
        """The short name."""
        return self.card.name

    @cached_property
    def image_hashes(self) -> dict[str, str]:
        """Content hash of every image and reference, by its path below the root."""
        names = list(self.table["image"])
        if "reference" in self.table:
            names += sorted(set(self.table["reference"]))
        paths = [self.root / name for name in names]
        tick = self.tick
        hashes = file_hashes(
            paths, None if tick is None else lambda done: tick(done, len(paths), "hashing")
        )
        return dict(zip(names, hashes, strict=True))

    @cached_property
    def hash(self) -> str:
        """Hash of labels and picture contents; paths outside the set do not count."""
        names = sorted(self.table.columns)
        rows = self.table[names].to_csv(index=False, lineterminator="\n")
        pictures = [f"{name}\t{found}" for name, found in sorted(self.image_hashes.items())]
        return text_digest([rows, *pictures])

    def rows_of(self, contents: list[str]) -> pd.DataFrame:
        """The rows whose content is one of those, in table order, with a fresh index."""
        return self.table[self.table["content"].isin(contents)].reset_index(drop=True)


def read(bound: BoundDataset, tick: Tick | None = None) -> Dataset:
    """Build a built-in set if need be, read its labels and check them.

    Raises:
        DataError: files are missing, or labels are not what the card promises.
    """
    card = bound.card
    if bound.root is None:
        raise DataError(f"data set '{card.name}' has no root", "set it in a catalogue")
    if card.builder is not None:
        load(card.builder)(bound.root, tick)
    try:
        raw = load(card.reader)(bound.root, dict(bound.options))
    except FileNotFoundError as error:
        raise DataError(
            f"data set '{card.name}': {error.filename or error} is missing",
            f"is {bound.root} the unpacked archive?",
        ) from error
    except (ValueError, KeyError, OSError) as error:
        problem = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(
            f"data set '{card.name}': its labels cannot be read: {problem}",
            f"is {bound.root} the unpacked archive?",
        ) from error
    return Dataset(card, bound.root, canonical(raw, card, bound.root), tick)


def canonical(raw: pd.DataFrame, card: DatasetCard, root: Path) -> pd.DataFrame:
    """Check a reader's table, add ``content`` and ``quality``, sort by image.

    Raises:
        DataError: a column is missing or unknown, a score is not finite, an image is listed twice
            or absent.
    """
    import numpy as np
    import pandas as pd

    def refuse(problem: str, hint: str) -> DataError:
        return DataError(f"data set '{card.name}': {problem}", hint)

    missing = [name for name in columns.REQUIRED if name not in raw]
    unknown = [name for name in raw if name not in (*columns.REQUIRED, *columns.OPTIONAL)]
    if missing or unknown:
        raise refuse(
            f"the reader's table lacks {missing} and has unknown {unknown}",
            "see iqabench.contract.datasets for the canonical columns",
        )
    table = raw.copy()
    table["image"] = table["image"].astype(str)
    if not len(table):
        raise refuse("no rows", "is the label file empty?")
    scores = pd.to_numeric(table["mos"], errors="coerce").astype(float)
    words = table.index[scores.isna() & table["mos"].notna()]
    if len(words):
        raise refuse(
            f"the score of {table['image'][words[0]]} is no number: '{table['mos'][words[0]]}'",
            "mend the labels",
        )
    table["mos"] = scores
    for name in table.columns.intersection(["reference", "content", "official_split"]):
        gap = table.index[table[name].isna()]
        if len(gap):
            raise refuse(f"no {name} for {table['image'][gap[0]]}", "fill it in or drop the column")
    bad = table.loc[~np.isfinite(table["mos"]), "image"]
    if len(bad):
        raise refuse(f"{len(bad)} scores are not finite, first {bad.iloc[0]}", "mend the labels")
    twice = table.loc[table["image"].duplicated(), "image"]
    if len(twice):
        raise refuse(
            f"{len(twice)} images are listed twice, first {twice.iloc[0]}", "one row per image"
        )
    for what in table.columns.intersection(["image", "reference"]):
        wanted = table[what].astype(str).unique()
        absent = [name for name in wanted if not (root / name).is_file()]
        if absent:
            raise refuse(
                f"{len(absent)} of {len(wanted)} {what}s are missing, first {absent[0]}",
                f"looked below {root}",
            )
    if "official_split" in table:
        parts = sorted(set(table["official_split"]) - set(columns.SPLIT_NAMES))
        if parts:
            raise refuse(
                f"unknown official split '{parts[0]}'", f"one of {', '.join(columns.SPLIT_NAMES)}"
            )
    if "content" not in table:
        table["content"] = table["reference"] if "reference" in table else table["image"]
    table["content"] = table["content"].astype(str)
    table["quality"] = _quality(table["mos"], card)
    return table.sort_values("image", ignore_index=True)


def _quality(mos: pd.Series, card: DatasetCard) -> pd.Series:
    if card.direction == "higher":
        return mos.astype(float)
    top = sum(card.score_range) if card.score_range is not None else 0.0
    return top - mos
