"""Finds the pictures of a data set by the names that another program gave them.

A name with folders matches by its ending: one of the two names, its folders counted as whole words,
ends with the other. Only a name without folders matches by itself. So ``jp2k/img9.png`` never
stands for ``jpeg/img9.png``.
"""

from __future__ import annotations

import posixpath
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

from iqabench.contract.errors import DataError

Parts = tuple[str, ...]
SHOWN = 3


class PictureNames:
    """The pictures of a data set."""

    def __init__(self, dataset: str, root: Path, names: Iterable[str]) -> None:
        """Index the pictures.

        Args:
            dataset: the set's name, for messages.
            root: the set's folder.
            names: the pictures' paths below the root.
        """
        self.dataset = dataset
        self.names = sorted(set(names))
        self._exact = frozenset(self.names)
        self._roots = {_parts(str(root)), _parts(str(root.resolve()))}
        self._known: dict[Parts, list[str]] = {}
        self._endings: dict[Parts, list[str]] = {}
        for name in self.names:
            parts = _parts(name)
            self._known.setdefault(parts, []).append(name)
            for skipped in range(1, len(parts)):
                self._endings.setdefault(parts[skipped:], []).append(name)

    def match(self, given: str, place: str) -> str:
        """The picture that a name means.

        Args:
            given: a path below the root, an absolute path, the ending of either, or the other way
                round; backslashes separate folders, too.
            place: where the name stands, for messages.

        Raises:
            DataError: no picture has this name, or several have.
        """
        if given in self._exact:
            return given
        found = self._candidates(_parts(given)) or self._candidates(_parts(given.strip()))
        if len(found) == 1:
            return found[0]
        if not found:
            raise DataError(
                f"{place}: '{given}' is not in {self.dataset}",
                f"images are named as in {next(iter(self.names), 'no file')}",
            )
        some = ", ".join(found[:SHOWN]) + (", ..." if len(found) > SHOWN else "")
        raise DataError(
            f"{place}: '{given}' is ambiguous in {self.dataset}: {some}",
            f"images are named as in {found[0]}",
        )

    def note(self, given: Sequence[str], found: Sequence[str]) -> str:
        """A line on names that matched by less than the whole path; empty if there are none."""
        short = [
            (theirs, ours)
            for theirs, ours in zip(given, found, strict=True)
            if _parts(theirs) != _parts(ours) and self._below(_parts(theirs)) is None
        ]
        if not short:
            return ""
        bare = all(len(_parts(theirs)) == 1 for theirs, _ in short)
        how = "their file names alone" if bare else "the endings of their paths"
        theirs, ours = short[0]
        return f"{len(short)} of {len(given)} images were found by {how}: {theirs} is {ours}"

    def _below(self, parts: Parts) -> Parts | None:
        """The path below the root of an absolute path; None for any other path."""
        for root in self._roots:
            if parts[: len(root)] == root and len(parts) > len(root):
                return parts[len(root) :]
        return None

    def _candidates(self, parts: Parts) -> list[str]:
        below = self._below(parts)
        if below is not None:
            return self._known.get(below, [])
        found = [*self._known.get(parts, [])]
        if found:
            return found
        found = [*self._endings.get(parts, [])]
        for skipped in range(1, len(parts)):
            found += self._known.get(parts[skipped:], [])
        return found


def loose_folders(given: Sequence[str], found: Sequence[str], places: Sequence[str]) -> None:
    """Refuse names in several folders where the set has none: they may be other pictures.

    Raises:
        DataError: two names lie in different folders, and both match a picture beside none.
    """
    first: tuple[Parts, str] | None = None
    for theirs, ours, place in zip(given, found, places, strict=True):
        parts = _parts(theirs)
        if len(_parts(ours)) > 1 or len(parts) == 1:
            continue
        if first is not None and first[0] != parts[:-1]:
            raise DataError(
                f"{place}: '{theirs}' and '{first[1]}' lie in folders that the data set does not "
                "have",
                f"images are named as in {ours}",
            )
        first = first or (parts[:-1], theirs)


def _parts(name: str) -> Parts:
    """The folders and the file of a path; ``()`` for no path."""
    short = posixpath.normpath(unicodedata.normalize("NFC", name).replace("\\", "/"))
    return tuple(part for part in short.split("/") if part not in ("", "."))
