"""The errors that a user can meet. Each has a message of one line and a hint what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

NAMED = 30
"""A hint lists at most this many known names, or names the command that lists them all."""


class IqabenchError(Exception):
    """A problem that a user can solve: a message and a hint.

    Both are a single line: each character that cannot be printed, such as a line break in a quoted
    text, becomes a space.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(_one_line(message))
        self.message = _one_line(message)
        self.hint = _one_line(hint)


def _one_line(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)


class UsageError(IqabenchError):
    """A command line, option or argument that has no meaning, or more than one."""


class UnknownNameError(UsageError):
    """A name that is not known, such as a model, data set or option that nobody registered."""

    def __init__(
        self, what: str, name: str, known: Iterable[str], note: str = "", lister: str = ""
    ) -> None:
        """``note`` ends the hint; ``lister`` is the command that lists all known names, if any."""
        names = sorted(set(known))
        near = difflib.get_close_matches(name.lower(), names, n=3, cutoff=0.5)
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        listed = f"known: {', '.join(names[:NAMED])}{more}"
        if more and lister:
            listed = f"`{lister}` lists the {len(names)} that are known"
        hint = f"did you mean {' or '.join(near)}?" if near else listed
        super().__init__(f"unknown {what} '{name}'", f"{hint}{note}")


class CatalogError(IqabenchError):
    """A catalogue file that cannot be read, or that holds an unknown key or a wrong value."""


class DataError(IqabenchError):
    """A data set whose files or labels are missing or wrong."""


class MissingDependencyError(IqabenchError):
    """A model, saliency provider or command whose optional library is not installed."""


class WeightsError(IqabenchError):
    """Weights that cannot be found, fetched, verified or loaded."""


class StoreError(IqabenchError):
    """A result store that cannot be written or read."""


class ScoreError(IqabenchError):
    """A wrong output of a model or saliency provider, such as a score that is not finite."""
