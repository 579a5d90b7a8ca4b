"""The audit of one or two data sets: which contents appear twice, under different names."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from iqabench.audit.compare import Evidence, compare
from iqabench.audit.features import VERSION as FEATURES_VERSION
from iqabench.audit.features import Features, features
from iqabench.contract.errors import DataError
from iqabench.contract.progress import Tick
from iqabench.data.decoding import DECODING
from iqabench.data.tables import Dataset
from iqabench.kit.places import cache_dir
from iqabench.store.files import write_json
from iqabench.store.fingerprints import digest, package_version

VERSION = 1
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


@dataclass(frozen=True)
class Audit:
    """Pairs found between two sets, or between different contents of one."""

    first: str
    second: str | None
    """None where one set was compared with itself."""
    pairs: tuple[Pair, ...]
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
            twins += [(content, content) for content in known]
        return {there for here, there in twins if here in known and there in asked}


def audit(first: Dataset, second: Dataset | None = None, tick: Tick | None = None) -> Audit:
    """Compare the pictures of two sets, or the different contents of one.

    The references of a set are compared, or all images if it has no references. In addition, all
    images are compared byte for byte. The cache keeps an audit by the contents of all compared
    pictures, and features by the content of each picture.
    """
    here = compared(first)
    there = None if second is None else compared(second)
    sides = [_by_hash(side) for side in (here, there) if side is not None]
    matches, unreadable = _matches(sides, tick)
    others = sides[-1]
    pairs = [
        Pair(one, other, evidence)
        for a, b, evidence in matches
        for one in sides[0][a]
        for other in others[b]
        if second is not None or one.content != other.content
    ]
    known = {(pair.first.content, pair.second.content) for pair in pairs}
    pairs += [
        pair
        for pair in _identical(first, second)
        if (pair.first.content, pair.second.content) not in known
    ]
    return Audit(
        first.name,
        None if second is None else second.name,
        tuple(sorted(pairs, key=lambda pair: (pair.first.name, pair.second.name))),
        tuple(len(side) for side in (here, there) if side is not None),
        tuple(
            sorted({one.name for side in sides for key in unreadable for one in side.get(key, ())})
        ),
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


Side = Mapping[str, Sequence[Picture]]
"""A set's pictures by content hash."""
Matches = list[tuple[str, str, Evidence]]
"""Pairs of content hashes."""


def _matches(sides: Sequence[Side], tick: Tick | None) -> tuple[Matches, list[str]]:
    """Pairs of content hashes, and hashes of unreadable pictures; kept in the cache."""
    key = digest(
        {
            "version": [VERSION, FEATURES_VERSION],
            "decoding": DECODING,
            "packages": {
                name: package_version(name) for name in ("numpy", "pillow", "scikit-image", "scipy")
            },
            "pictures": [list(side) for side in sides],
        }
    )
    place = cache_dir() / "audit" / "pairs" / f"{key}.json"
    if place.exists():
        kept = json.loads(place.read_text(encoding="utf-8"))
        return [(a, b, Evidence(**fields)) for a, b, fields in kept["pairs"]], kept["unreadable"]
    pairs, unreadable = _made(sides, tick)
    place.parent.mkdir(parents=True, exist_ok=True)
    plain: list[Any] = [(a, b, asdict(evidence)) for a, b, evidence in pairs]
    write_json(place, {"pairs": plain, "unreadable": unreadable})
    return pairs, unreadable


def _made(sides: Sequence[Side], tick: Tick | None) -> tuple[Matches, list[str]]:
    total, before = sum(map(len, sides)), 0
    readable = []
    for side in sides:
        readable.append(_features(side, before, total, tick))
        before += len(side)
    names = [list(side) for side in readable]
    found = compare(
        list(readable[0].values()),
        list(readable[1].values()) if len(readable) > 1 else None,
        None if tick is None else lambda done, total: tick(done, total, "comparing"),
    )
    pairs = []
    for (i, j), evidence in found.items():
        a, b = names[0][i], names[-1][j]
        pairs.append((a, b, replace(evidence, identical=a == b)))
    missing = {
        key for side, kept in zip(sides, readable, strict=True) for key in side.keys() - kept
    }
    return pairs, sorted(missing)


def _features(side: Side, before: int, total: int, tick: Tick | None) -> dict[str, Features]:
    found = {}
    for done, (key, pictures) in enumerate(side.items(), 1):
        with suppress(DataError):  # a job that uses the damaged picture reports it
            found[key] = features(pictures[0].path, key)
        if tick is not None:
            tick(before + done, total, "features")
    return found
