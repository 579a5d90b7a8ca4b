"""The audit of one or two data sets: which contents appear twice, under different names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from iqabench.audit.batches import features
from iqabench.audit.compare import Evidence, compare
from iqabench.audit.features import PACKAGES, Features
from iqabench.audit.features import VERSION as FEATURES_VERSION
from iqabench.contract.progress import Tick
from iqabench.data import array_files
from iqabench.data.decoding import DECODING
from iqabench.data.tables import Dataset
from iqabench.kit.places import cache_dir
from iqabench.store.fingerprints import digest, package_version

VERSION = 2
"""Rises when the audit finds other pairs; the cache's key holds it and the features' version."""


@dataclass(frozen=True)
class Picture:
    """A picture of a data set, and the content it is declared to show."""

    content: str
    name: str
    path: Path
    hash: str


@dataclass(frozen=True)
class Pair:
    """Two pictures that show the same content under different names."""

    first: Picture
    second: Picture
    evidence: Evidence


Side = Mapping[str, Sequence[Picture]]
"""A set's pictures by content hash."""


@dataclass(frozen=True)
class Found:
    """What comparing the contents of files has found, whatever the files are called."""

    matches: Sequence[tuple[str, str, Evidence]]
    """Pairs of content hashes."""
    unreadable: Sequence[str]
    """Content hashes."""


@dataclass(frozen=True)
class Audit:
    """Pairs found between two sets, or between different contents of one."""

    first: str
    """Name of the first set."""
    second: str | None
    """Name of the second set; None where one set was compared with itself."""
    pairs: tuple[Pair, ...]
    """The pairs of pictures that show the same."""
    pictures: tuple[int, ...]
    """Number of compared pictures of each set."""
    unreadable: tuple[str, ...]
    """Pictures that could not be decoded, and so were not compared."""

    def shared(self, learnt: Iterable[str], tested: Iterable[str]) -> set[str]:
        """The tested contents that show the same as a learnt content.

        They form a pair with a learnt content. Within one set, a learnt content counts itself, too.

        Args:
            learnt: contents of the first set (or of the only set).
            tested: contents of the second set (or of the only set).
        """
        known, asked = set(learnt), set(tested)
        twins = [(pair.first.content, pair.second.content) for pair in self.pairs]
        if self.second is None:
            twins += [(b, a) for a, b in twins]
        itself = known & asked if self.second is None else set()
        return itself | {there for here, there in twins if here in known and there in asked}

    def scenes(self) -> list[tuple[str, ...]]:
        """Pictures of one set that pairs join, directly or through others; groups and names sorted.

        A group shows one scene as far as every pair is right: one wrong pair joins two scenes.
        """
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        joined = [(pair.first.name, pair.second.name) for pair in self.pairs]
        names = sorted({name for pair in joined for name in pair})
        place = {name: number for number, name in enumerate(names)}
        ends = [[place[pair[side]] for pair in joined] for side in (0, 1)]
        graph = coo_array(([1] * len(joined), ends), shape=(len(names), len(names)))
        groups: dict[int, list[str]] = {}
        for name, label in zip(names, connected_components(graph, directed=False)[1], strict=True):
            groups.setdefault(int(label), []).append(name)
        return sorted(map(tuple, groups.values()))


def audit(first: Dataset, second: Dataset | None = None, tick: Tick | None = None) -> Audit:
    """Compare the pictures of two sets, or the different contents of one.

    The references of a set are compared, or all images if it has no references. In addition, all
    images are compared byte for byte. The cache keeps an audit by the contents of all compared
    pictures, and features by the content of each picture.
    """
    sides = _sides(first, second)
    place = _place(sides)
    found = _kept(place)
    if found is None:
        found = _made(sides, tick)
        _keep(place, found)
    return _named(first, second, sides, found)


def known(first: Dataset, second: Dataset | None = None) -> Audit | None:
    """The audit that :func:`audit` returns if the cache has it, else None."""
    sides = _sides(first, second)
    found = _kept(_place(sides))
    return None if found is None else _named(first, second, sides, found)


def _sides(first: Dataset, second: Dataset | None) -> list[dict[str, list[Picture]]]:
    return [_by_hash(compared(side)) for side in (first, second) if side is not None]


def _named(first: Dataset, second: Dataset | None, sides: Sequence[Side], found: Found) -> Audit:
    """What was found of contents, as pairs of pictures by name."""
    pairs = [
        Pair(one, other, evidence)
        for a, b, evidence in found.matches
        for one in sides[0][a]
        for other in sides[-1][b]
        if second is not None or one.content != other.content
    ]
    seen = {(pair.first.content, pair.second.content) for pair in pairs}
    pairs += [
        pair
        for pair in _identical(first, second)
        if (pair.first.content, pair.second.content) not in seen
    ]
    unread = {one.name for side in sides for key in found.unreadable for one in side.get(key, ())}
    return Audit(
        first.name,
        None if second is None else second.name,
        tuple(sorted(pairs, key=lambda pair: (pair.first.name, pair.second.name))),
        tuple(sum(map(len, side.values())) for side in sides),
        tuple(sorted(unread)),
    )


def compared(dataset: Dataset) -> list[Picture]:
    """The pictures that stand for a set's contents: its references, or all images without any."""
    column = "reference" if "reference" in dataset.table else "image"
    return _pictures(dataset, column)


def _pictures(dataset: Dataset, column: str) -> list[Picture]:
    rows = dataset.table[["content", column]].drop_duplicates()
    hashes = dataset.image_hashes
    return [
        Picture(content, name, dataset.path(name), hashes[name])
        for content, name in rows.itertuples(index=False)
    ]


def _by_hash(pictures: Iterable[Picture]) -> dict[str, list[Picture]]:
    found: dict[str, list[Picture]] = {}
    for picture in pictures:
        found.setdefault(picture.hash, []).append(picture)
    return dict(sorted(found.items()))


def _identical(first: Dataset, second: Dataset | None) -> Iterable[Pair]:
    """Pairs of equal files, distorted ones included, one per pair of contents."""
    here = _by_hash([*_pictures(first, "image"), *compared(first)])
    there = here if second is None else _by_hash([*_pictures(second, "image"), *compared(second)])
    found: dict[tuple[str, str], Pair] = {}
    for key in here.keys() & there.keys():
        for one in here[key]:
            for other in there[key]:
                if second is not None or one.content < other.content:
                    pair = Pair(one, other, Evidence(identical=True))
                    found.setdefault((one.content, other.content), pair)
    return found.values()


def _place(sides: Sequence[Side]) -> Path:
    """The file of the cache that keeps the audit of these pictures."""
    key = digest(
        {
            "version": [VERSION, FEATURES_VERSION],
            "decoding": DECODING,
            "packages": {name: package_version(name) for name in (*PACKAGES, "scipy")},
            "pictures": [list(side) for side in sides],
        }
    )
    return cache_dir() / "audit" / "pairs" / f"{key}.bin"


def _kept(place: Path) -> Found | None:
    """What :func:`_keep` wrote; None where it is absent, damaged or of another shape."""
    kept = array_files.read(place, "u1")
    try:
        facts: Any = {} if kept is None else kept[1]
        matches = [(a, b, Evidence(**fields)) for a, b, fields in facts["matches"]]
        return Found(matches, facts["unreadable"])
    except (KeyError, TypeError, ValueError):
        return None


def _keep(place: Path, found: Found) -> None:
    import numpy as np

    plain = [(a, b, asdict(evidence)) for a, b, evidence in found.matches]
    content = array_files.parts(
        np.empty(0, np.uint8), matches=plain, unreadable=list(found.unreadable)
    )
    array_files.write(place, content)


def _made(sides: Sequence[Side], tick: Tick | None) -> Found:
    total, before = sum(map(len, sides)), 0
    readable = []
    for side in sides:
        readable.append(_features(side, before, total, tick))
        before += len(side)
    names = [list(side) for side in readable]
    pairs = compare(
        list(readable[0].values()),
        list(readable[1].values()) if len(readable) > 1 else None,
        tick,
    )
    matches = []
    for (i, j), evidence in pairs.items():
        a, b = names[0][i], names[-1][j]
        matches.append((a, b, replace(evidence, identical=a == b)))
    missing = {
        key for side, kept in zip(sides, readable, strict=True) for key in side.keys() - kept
    }
    return Found(matches, sorted(missing))


def _features(side: Side, before: int, total: int, tick: Tick | None) -> dict[str, Features]:
    paths = {key: pictures[0].path for key, pictures in side.items()}
    if tick is None:
        return features(paths)
    return features(paths, lambda done, _: tick(before + done, total, "features"))
