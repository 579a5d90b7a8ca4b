"""Checks a data set: every file and label against the card and against each other.

The cache remembers decoded pictures by the hash of their content. So an interrupted check
continues, and a second check is short. The hashes themselves are not taken from memory: a check
reads every file, since a disk may change a file and tell nobody.
"""

from __future__ import annotations

import io
import os
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from iqabench.catalog import BoundDataset
from iqabench.contract.cards import DatasetCard
from iqabench.contract.errors import DataError
from iqabench.contract.progress import Tick
from iqabench.data.decoding import DECODING, decode
from iqabench.data.file_hashes import file_hashes
from iqabench.data.picture_files import others_text
from iqabench.data.picture_kinds import is_picture
from iqabench.data.table_checks import known
from iqabench.data.tables import canonical, labels
from iqabench.kit.download import sha256
from iqabench.kit.places import cache_dir
from iqabench.kit.tree import Tree, links_into

if TYPE_CHECKING:
    import pandas as pd

BLOCK = 64
"""Number of files that are hashed together, on all cores."""
SUMS = "SHA256SUMS"
"""Name of a file of checksums at the root, as ``sha256sum`` writes it. If it exists, its checksums
are checked."""


@dataclass(frozen=True)
class Problem:
    """A fault in a data set."""

    problem: str
    """missing, extra, unreadable, size, label, count or checksum."""
    file: str
    """Path below the root; empty if the problem concerns the whole set."""
    detail: str


@dataclass(frozen=True)
class Verified:
    """The result of a check."""

    name: str
    """The set's name."""
    problems: tuple[Problem, ...]
    pictures: int
    """Number of existing pictures."""
    remembered: int
    """Number of these pictures that an earlier check decoded."""
    others: tuple[str, ...] = ()
    """Names of the files beside the pictures that are no pictures and that no label names."""

    @property
    def note(self) -> str:
        """A line about the other files; empty if there are none."""
        return others_text(self.others)


def verify(bound: BoundDataset, tick: Tick | None = None) -> Verified:
    """Check labels, files, pictures and counts of a set.

    Raises:
        DataError: the root does not exist, or the labels cannot be read at all.
    """
    with links_into(bound.links):
        return _verified(bound, tick)


def _verified(bound: BoundDataset, tick: Tick | None) -> Verified:
    card, root, raw = labels(bound, tick)
    if not len(raw) or any(known(raw, card.labelled)):
        canonical(raw, card, root)  # raises
    raw = raw.assign(image=raw["image"].astype(str))
    tree = Tree(root)
    found = [*_labels(raw, card, tree), *_counts(raw, card)]
    pictures, files = _named(raw, ("image", "reference")), _named(raw, ("saliency", "fixations"))
    found += [
        Problem("missing", name, "no such file")
        for name in (*pictures, *files)
        if not tree.has(name)
    ]
    there = {name: tree.path(name) for name in pictures if tree.has(name)}
    sizes, remembered, unreadable = _decoded(there, tick)
    named = {*there.values(), *(tree.path(name) for name in files if tree.has(name))}
    beside = _beside(root, list(there.values()), named, card)
    extra = [name for name, is_one in beside if is_one]
    found += [*unreadable, *_sizes(raw, sizes)]
    if len(extra) != card.unlabelled:
        found += [Problem("extra", name, "no label names it") for name in extra]
    found += _checksums(tree, tick)
    distinct = {(one.problem, one.file, one.detail): one for one in found}
    others = tuple(name for name, is_one in beside if not is_one)
    return Verified(card.name, tuple(distinct.values()), len(there), remembered, others)


def _named(raw: pd.DataFrame, columns: Iterable[str]) -> list[str]:
    names = (name for column in columns if column in raw for name in raw[column].dropna())
    return list(dict.fromkeys(map(str, names)))


def _labels(raw: pd.DataFrame, card: DatasetCard, tree: Tree) -> Iterator[Problem]:
    faulty = False
    for name, complaint, fatal in _scores(raw, card) if card.labelled else ():
        faulty = faulty or fatal
        yield Problem("label", name, complaint)
    for name in raw.loc[raw["image"].duplicated(), "image"]:
        faulty = True
        yield Problem("label", name, "listed twice")
    if not faulty and all(map(tree.has, _named(raw, ("image", "reference")))):
        try:
            canonical(raw, card, tree.root)
        except DataError as error:
            yield Problem("label", "", error.message)


def _scores(raw: pd.DataFrame, card: DatasetCard) -> Iterator[tuple[str, str, bool]]:
    """Name of each picture with a wrong score, the fault, and whether the score is no number."""
    import numpy as np
    import pandas as pd

    scores = pd.to_numeric(raw["mos"], errors="coerce").astype(float)
    low, high = card.score_range or (-np.inf, np.inf)
    for name, text, score in zip(raw["image"], raw["mos"], scores, strict=True):
        if not np.isfinite(score):
            yield name, f"the score is no finite number: '{text}'", True
        elif not low <= score <= high:
            yield name, f"the score {score:g} is outside {low:g} to {high:g}", False


def _counts(raw: pd.DataFrame, card: DatasetCard) -> Iterator[Problem]:
    column = next(name for name in ("content", "reference", "image") if name in raw)
    found = {"images": len(raw), "contents": raw[column].nunique()}
    for what, promised in (("images", card.images), ("contents", card.contents)):
        if promised and found[what] != promised:
            yield Problem("count", "", f"{found[what]} {what}, not {promised} as on the card")


def _decoded(
    paths: Mapping[str, Path], tick: Tick | None
) -> tuple[dict[str, tuple[int, int]], int, list[Problem]]:
    """Decode pictures: (height, width) of each, the number of remembered ones, and the problems."""
    place = cache_dir() / "verified" / f"{DECODING}.txt"
    known = _remembered(place)
    before = frozenset(known)
    sizes: dict[str, tuple[int, int]] = {}
    remembered, problems = 0, []
    with _memory(place) as memory:
        for done, (name, content) in enumerate(_hashed(paths), 1):
            if content in known:
                remembered += content in before
                sizes[name] = known[content]
            elif content is None:
                problems.append(Problem("unreadable", name, "permission denied"))
            else:
                try:
                    sizes[name] = known[content] = decode(paths[name]).pixels.shape[:2]
                    _note(memory, _line(content, *sizes[name]))
                except DataError as error:
                    problems.append(Problem("unreadable", name, error.message))
            if tick is not None:
                tick(done, len(paths), "verifying")
    return sizes, remembered, problems


def _hashed(paths: Mapping[str, Path]) -> Iterator[tuple[str, str | None]]:
    """Every name with the hash of the file's content; None if the file may not be read."""
    names = list(paths)
    for start in range(0, len(names), BLOCK):
        block = names[start : start + BLOCK]
        good = [name for name in block if os.access(paths[name], os.R_OK)]
        found = file_hashes([paths[name] for name in good], afresh=True)
        hashes = dict(zip(good, found, strict=True))
        yield from ((name, hashes.get(name)) for name in block)


def _note(memory: BinaryIO, line: str) -> None:
    with suppress(OSError):  # a full disk: the picture is decoded again next time
        memory.write(line.encode())


def _memory(place: Path) -> BinaryIO:
    """The file that lists decoded pictures; without one that can be written, nothing is kept."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        return place.open("ab", buffering=0)
    except OSError:
        return io.BytesIO()


def _line(content: str, height: int, width: int) -> str:
    """The hash and size of a decoded picture, and a checksum of both."""
    text = f"{content} {height} {width}"
    return f"{text} {zlib.crc32(text.encode()):08x}\n"


def _remembered(place: Path) -> dict[str | None, tuple[int, int]]:
    try:
        lines = place.read_text(encoding="utf-8").splitlines(keepends=True)
    except (OSError, ValueError):
        return {}
    found: dict[str | None, tuple[int, int]] = {}
    for line in lines:
        parts = line.split()
        if len(parts) == 4 and parts[1].isdecimal() and parts[2].isdecimal():
            size = int(parts[1]), int(parts[2])
            if line == _line(parts[0], *size):
                found[parts[0]] = size
    return found


def _sizes(raw: pd.DataFrame, sizes: dict[str, tuple[int, int]]) -> Iterator[Problem]:
    """Problems of pictures that have another size than their references.

    A full-reference measure cannot compare them.
    """
    if "reference" not in raw:
        return
    for name, reference in zip(raw["image"], raw["reference"].astype(str), strict=True):
        ours, theirs = sizes.get(name), sizes.get(reference)
        if ours and theirs and ours != theirs:
            yield Problem(
                "size", name, f"{ours[1]}x{ours[0]}, its reference is {theirs[1]}x{theirs[0]}"
            )


def _beside(
    root: Path, pictures: Sequence[Path], named: Collection[Path], card: DatasetCard
) -> list[tuple[str, bool]]:
    """The files beside the labelled pictures that no label names, and whether each is a picture.

    Empty if the card does not say how many pictures are unlabelled.
    """
    if card.unlabelled is None:
        return []
    found = sorted(
        path
        for folder in {path.parent for path in pictures}
        for path in folder.iterdir()
        if path not in named and not path.is_dir()
    )
    return [(path.relative_to(root).as_posix(), is_picture(path)) for path in found]


def _checksums(tree: Tree, tick: Tick | None) -> Iterator[Problem]:
    if not (tree.root / SUMS).is_file():
        return
    lines = (tree.root / SUMS).read_text(encoding="utf-8").splitlines()
    for done, line in enumerate(lines, 1):
        digest, _, name = line.partition(" ")
        name = name.strip().removeprefix("*").removeprefix("./")
        if not tree.has(name):
            yield Problem("missing", name, "no such file")
        elif sha256(tree.path(name)) != digest.lower():
            yield Problem("checksum", name, f"not as in {SUMS}")
        if tick is not None:
            tick(done, len(lines), "checksums")
