"""The errors a user can meet. Each carries one line of what is wrong and a hint how to mend it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class IqabenchError(Exception):
    """Something a user can mend: a message and a hint, both one line whatever they quote."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(_one_line(message))
        self.message = _one_line(message)
        self.hint = _one_line(hint)


def _one_line(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)


class UsageError(IqabenchError):
    """A command line, option or argument that has no single meaning."""


class UnknownNameError(UsageError):
    """A model, data set or saliency provider that nobody registered."""

    def __init__(self, what: str, name: str, known: Iterable[str], note: str = "") -> None:
        names = sorted(known)
        near = difflib.get_close_matches(name.lower(), names, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(names)}"
        super().__init__(f"unknown {what} '{name}'", f"{hint}{note}")


class CatalogError(IqabenchError):
    """A catalogue file that cannot be read, or says something nobody understands."""


class DataError(IqabenchError):
    """A data set whose files or labels are missing or wrong."""


class MissingDependencyError(IqabenchError):
    """A model whose optional library is not installed."""


class WeightsError(IqabenchError):
    """Weights that cannot be found, fetched, verified or loaded."""


class StoreError(IqabenchError):
    """A result store that cannot be written or read."""


class ScoreError(IqabenchError):
    """A model whose output is not one finite number per image."""
