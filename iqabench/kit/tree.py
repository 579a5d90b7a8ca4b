"""The files below a folder, by the names that a label file gives them.

A label file may come from any source. So a name that leads out of the folder is refused before any
file is opened: an absolute path, a ``..``, or a symbolic link that points outside, unless the set's
catalogue says where links may lead (:func:`links_into`). Each folder is listed once, and names are
looked up in its list. This is faster than a question for each file. It also makes a name in the
wrong case missing on every system. Unicode's forms of one name are one name: systems change them.
"""

from __future__ import annotations

import errno
import os
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Literal

from iqabench.contract.errors import DataError

Kind = Literal["file", "link", "other"]

LEADS_OUT = re.compile(r"^/|^[A-Za-z]:|(^|/)\.\.(/|$)")
UNUSABLE = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udfff]")


_LINKS: ContextVar[Path | None] = ContextVar("links", default=None)


@contextmanager
def links_into(folder: Path | None) -> Iterator[None]:
    """A context in which links below a new :class:`Tree`'s root may lead into a further folder."""
    token = _LINKS.set(folder)
    try:
        yield
    finally:
        _LINKS.reset(token)


def composed(name: str) -> str:
    """A name in Unicode's form C, in which every system's spelling of it is the same."""
    return unicodedata.normalize("NFC", name)


class Tree:
    """The files below a root. A folder is listed at its first use; later changes are not seen."""

    def __init__(self, root: Path) -> None:
        self.root = root
        allowed = [root] if (links := _LINKS.get()) is None else [root, links]
        self._real = [Path(os.path.realpath(folder)) for folder in allowed]
        self._listings: dict[str, Mapping[str, Kind]] = {}
        self._spellings: dict[str, Mapping[str, list[str]]] = {}
        self._forms: dict[str, Mapping[str, list[str]]] = {}

    def has(self, name: str) -> bool:
        """Whether a file of exactly that name exists, in any of its Unicode forms.

        Raises:
            DataError: the name leads out of the root, or its folder cannot be listed.
        """
        name = self.written(name)
        folder, _, last = name.rpartition("/")
        kind = self._listing(folder).get(last)
        return self._resolved(name).is_file() if kind == "link" else kind == "file"

    def path(self, name: str) -> Path:
        """The path of the file of that name.

        Raises:
            FileNotFoundError: the file does not exist.
            DataError: see :meth:`has`.
        """
        path = self.root / self.written(name)
        if not self.has(name):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        return path

    def written(self, name: str) -> str:
        """The name in the Unicode form that the folders have; a name they lack stays as given.

        Raises:
            DataError: several files or folders have names that differ in their Unicode form only;
                also see :meth:`has`.
        """
        refuse_unsafe(name)
        if name.isascii():
            return name
        found = ""
        for part in name.split("/"):
            near = [part]
            if part not in self._listing(found):
                near = self._near(self._forms, found, composed).get(composed(part), near)
            if len(near) > 1:
                raise DataError(
                    f"{name}: {len(near)} files differ in the Unicode form of their names only",
                    "keep the one that belongs to the set",
                )
            found = f"{found}/{near[0]}" if found else near[0]
        return found

    def spelled(self, name: str) -> str:
        """The name in the spelling of the folders; letters may differ in case.

        A part of the name stays as given if the folders have it in this spelling or in no spelling.

        Raises:
            DataError: several files or folders differ from a part in case only; also see
                :meth:`has`.
        """
        refuse_unsafe(name)
        found = ""
        for part in name.split("/"):
            near = [part]
            if part not in self._listing(found):
                near = self._near(self._spellings, found, _folded).get(_folded(part), near)
            if len(near) > 1:
                raise DataError(
                    f"{name}: {' and '.join(sorted(near))} differ in case only",
                    "keep the one that belongs to the set",
                )
            found = f"{found}/{near[0]}" if found else near[0]
        return found

    def _listing(self, folder: str) -> Mapping[str, Kind]:
        if folder not in self._listings:
            above, _, last = folder.rpartition("/")
            there = not folder or last in self._listing(above)
            self._listings[folder] = self._list(folder) if there else {}
        return self._listings[folder]

    def _list(self, folder: str) -> Mapping[str, Kind]:
        try:
            with os.scandir(self._resolved(folder)) as entries:
                return {entry.name: _kind(entry) for entry in entries}
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            raise DataError(
                f"cannot list {self.root / folder}: {error.strerror}", "is it yours to read?"
            ) from error

    def _near(
        self,
        known: dict[str, Mapping[str, list[str]]],
        folder: str,
        form: Callable[[str], str],
    ) -> Mapping[str, list[str]]:
        """The names in a folder by a form in which they are compared."""
        if folder not in known:
            found: dict[str, list[str]] = {}
            for name in self._listing(folder):
                found.setdefault(form(name), []).append(name)
            known[folder] = found
        return known[folder]

    def _resolved(self, name: str) -> Path:
        """The path with links resolved; a path outside the root is refused."""
        real = Path(os.path.realpath(self.root / name))
        if not any(real.is_relative_to(allowed) for allowed in self._real):
            raise DataError(
                f"{name} is a link that leads out of {self.root}",
                "put the files themselves below the root, or say where links may lead: `iqabench "
                "datasets add ... --links DIR`, or `links: DIR` in the catalogue",
            )
        return real


def _folded(name: str) -> str:
    return composed(name).casefold()


def _kind(entry: os.DirEntry[str]) -> Kind:
    if entry.is_symlink():
        return "link"
    return "file" if entry.is_file(follow_symlinks=False) else "other"


def refuse_unsafe(name: str) -> None:
    """Refuse a name that no label file may give.

    Raises:
        DataError: it leads out of the folder, or holds a control character or a backslash.
    """
    if LEADS_OUT.search(name):
        raise DataError(f"{name!r} leads out of the set's folder", "write paths below the root")
    if UNUSABLE.search(name):
        raise DataError(
            f"{name!r} is no usable path",
            "rename it: no control characters; folders are parted by /",
        )
