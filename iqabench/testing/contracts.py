"""The conformance suite as functions: for a plugin's own tests, and for ``iqabench check``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from iqabench.api.session import Session, in_use, listed
from iqabench.contract.errors import UnknownNameError, UsageError
from iqabench.testing.findings import FAIL, PASS, Check, Finding, findings
from iqabench.testing.watching import Watch


class BrokenContractError(AssertionError):
    """A plugin breaks the contract; the message has a line for each broken check."""


def model_contract(name: str, *, session: Session | None = None) -> list[Finding]:
    """Check a model at its toy size; nothing is downloaded.

    Args:
        name: the registered name.
        session: the plugins and the device on which networks are checked.

    Raises:
        BrokenContractError: the model breaks the contract.
        UnknownNameError: no plugin registered the model.
    """
    session = in_use(session)
    session.registry.model(name)
    return _kept(_model(name, session))


def dataset_contract(
    name: str, *, root: Path | str | None = None, session: Session | None = None
) -> list[Finding]:
    """Check a data set: its card, and its reader's table if its folder is here.

    Args:
        name: the registered name.
        root: the set's folder, in place of what the catalogues say.
        session: the plugins and catalogues.

    Raises:
        BrokenContractError: the data set breaks the contract.
        UnknownNameError: no plugin registered the data set.
    """
    session = in_use(session)
    session.registry.dataset(name)
    return _kept(_dataset(name, session, None if root is None else Path(root)))


def saliency_contract(name: str, *, session: Session | None = None) -> list[Finding]:
    """Check a saliency provider; nothing is downloaded.

    Args:
        name: the registered name, with options if it needs some: ``NAME:KEY=VALUE``.
        session: the plugins.

    Raises:
        BrokenContractError: the provider breaks the contract.
        UnknownNameError: no plugin registered the provider.
    """
    session = in_use(session)
    session.registry.saliency.get(name.partition(":")[0], session.registry.note())
    return _kept(_saliency(name, session))


def check(
    names: str | Iterable[str], *, root: Path | str | None = None, session: Session | None = None
) -> Iterator[Finding]:
    """Check models, data sets and saliency providers; each finding is there when its check ended.

    Args:
        names: registered names. Everything of that name is checked.
        root: the folder of the data sets, in place of what the catalogues say.
        session: the plugins, the catalogues, and the device on which networks are checked.

    Raises:
        UnknownNameError: nothing has such a name.
        UsageError: the plugin of that name failed to load; or a root is given, and no data set.
    """
    session, named = in_use(session), listed(names if isinstance(names, str) else list(names))
    folder = None if root is None else Path(root)
    parts = [part for name in named for part in _parts(name, session, folder)]
    if folder is not None and not any(what == "data set" for what, _ in parts):
        raise UsageError(f"--root {folder}: no data set is checked", "leave --root out")
    return (finding for _, found in parts for finding in found)


def _parts(name: str, session: Session, root: Path | None) -> list[tuple[str, Iterator[Finding]]]:
    """What has a name, with its findings to come."""
    registry = session.registry
    plain = name.partition(":")[0]
    found = []
    if registry.models.has(name):
        found.append(("model", _model(name, session)))
    if registry.datasets.has(name):
        found.append(("data set", _dataset(name, session, root)))
    if registry.saliency.has(plain):
        found.append(("saliency provider", _saliency(name, session)))
    failed = registry.failures.get(plain.replace("-", "_")) or registry.failures.get(plain)
    if not found and failed:
        raise UsageError(f"plugin '{plain}' failed to load: {failed}", "mend it first")
    if not found:
        shelves = (registry.models, registry.datasets, registry.saliency)
        known = [card for shelf in shelves for card in shelf.cards]
        lister = "iqabench models|datasets|saliency"
        raise UnknownNameError("model, data set or provider", plain, known, registry.note(), lister)
    return found


def _model(name: str, session: Session) -> Iterator[Finding]:
    from iqabench.testing.models import model_checks

    card = session.registry.model(name)
    return _watched(f"model {card.name}", model_checks(card, session))


def _dataset(name: str, session: Session, root: Path | None) -> Iterator[Finding]:
    from iqabench.testing.datasets import dataset_checks

    card = session.registry.dataset(name)
    return _watched(f"data set {card.name}", dataset_checks(card, session, root))


def _saliency(name: str, session: Session) -> Iterator[Finding]:
    from iqabench.testing.saliency import saliency_checks

    return _watched(f"saliency provider {name}", saliency_checks(name, session))


def _watched(subject: str, checks: Iterator[Check]) -> Iterator[Finding]:
    """The findings of the checks, and two on what was done meanwhile."""
    watch = Watch()
    yield from findings(subject, checks, watch)
    for check, found, advice in (
        ("no network", watch.hosts, "resolve weights with iqabench.kit.weights"),
        ("no stray files", watch.files, "write below iqabench.kit.places.cache_dir() only"),
    ):
        first = next(iter(found), "")
        verb = "asks for" if check == "no network" else "writes"
        sentence = f"it {verb} {first}: {advice}" if first else ""
        yield Finding(subject, check, FAIL if first else PASS, sentence)


def _kept(found: Iterator[Finding]) -> list[Finding]:
    """All findings.

    Raises:
        BrokenContractError: one failed.
    """
    every = list(found)
    broken = [f"{one.subject}: {one.check}: {one.sentence}" for one in every if one.failed]
    if broken:
        raise BrokenContractError("\n".join(broken))
    return every
