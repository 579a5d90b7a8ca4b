"""The grammar of ``--datasets``: ``live,csiq`` within sets, ``kadid:live,csiq`` across them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from iqabench.catalog import Catalog
from iqabench.contract.errors import UsageError

FORMS = "write live,csiq (each within itself) or kadid:live,csiq (train on kadid, test on both)"


@dataclass(frozen=True)
class Within:
    """Split one data set into training, validation and test parts."""

    dataset: str

    @property
    def sets(self) -> tuple[str, ...]:
        """Names of the data sets."""
        return (self.dataset,)


@dataclass(frozen=True)
class Across:
    """Train on all of one data set and test on all of another."""

    train: str
    test: str

    @property
    def sets(self) -> tuple[str, ...]:
        """Names of the data sets."""
        return (self.train, self.test)


Request = Within | Across


def parse(flags: Sequence[str]) -> list[Request]:
    """The requests of the repeated ``--datasets`` flags, in order, without duplicates.

    >>> parse(["live,csiq"])
    [Within(dataset='live'), Within(dataset='csiq')]
    >>> parse(["kadid:live,csiq"])
    [Across(train='kadid', test='live'), Across(train='kadid', test='csiq')]

    Raises:
        UsageError: a flag has no meaning, or two meanings; then the hint spells out both.
    """
    found = [request for flag in flags for request in _parse_flag(flag.strip())]
    if not found:
        raise UsageError("no data sets named", FORMS)
    return list(dict.fromkeys(found))


def canonical(requests: Sequence[Request], catalog: Catalog) -> list[Request]:
    """The requests with the sets' own names in place of aliases, without duplicates.

    Raises:
        UsageError: a request trains and tests on the same set.
    """
    found: list[Request] = []
    for request in requests:
        if isinstance(request, Within):
            found.append(Within(catalog.get(request.dataset).name))
            continue
        train, test = catalog.get(request.train).name, catalog.get(request.test).name
        if train == test:
            raise UsageError(
                f"'{request.train}:{request.test}' trains and tests on all of {train}",
                f"--datasets {train} splits it by content",
            )
        found.append(Across(train, test))
    return list(dict.fromkeys(found))


def _parse_flag(flag: str) -> list[Request]:
    left, colon, right = flag.partition(":")
    if ":" in right:
        raise UsageError(f"'{flag}' has two colons", f"one flag holds one form: {FORMS}")
    if not colon:
        return [Within(name) for name in _names(left, flag)]
    train, tests = _names(left, flag), _names(right, flag)
    if len(train) > 1:
        alone, last = ",".join(train[:-1]), train[-1]
        raise UsageError(
            f"'{flag}' has two readings",
            f"--datasets {alone} --datasets {last}:{right} (only {last} trains across), or "
            + " ".join(f"--datasets {name}:{right}" for name in train)
            + " (each trains across)",
        )
    if train[0] in tests:
        raise UsageError(
            f"'{flag}' trains and tests on all of {train[0]}",
            f"--datasets {train[0]} splits it by content",
        )
    return [Across(train[0], name) for name in tests]


def _names(text: str, flag: str) -> list[str]:
    names = [name.strip().lower() for name in text.split(",")]
    for name in names:
        if not re.fullmatch(r"[a-z0-9][a-z0-9._+-]*", name):
            raise UsageError(f"'{flag}' names no data set at '{name}'", FORMS)
    return names
