"""Notes what code asks of the network and which files it writes, while it is watched."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import platformdirs

from iqabench.kit.places import cache_dir, earlier_downloads, hub_folder, weights_dir

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_watching: list[Watch] = []


class Watch:
    """What was noted."""

    def __init__(self) -> None:
        self.hosts: list[str] = []
        self._written: list[Path] = []

    @property
    def files(self) -> list[Path]:
        """Files and folders outside the caches that were written or made."""
        caches = _caches()
        return [
            path
            for path in self._written
            if "__pycache__" not in path.parts
            and not any(path.is_relative_to(root) for root in caches)
        ]

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Note what happens in this process; connections are refused meanwhile."""
        _hooked()
        _watching.append(self)
        try:
            yield
        finally:
            _watching.remove(self)

    def host(self, name: str) -> None:
        """Note a host, and refuse it.

        Raises:
            ConnectionError: always.
        """
        self.hosts.append(name)
        raise ConnectionError(f"no connection to {name} while a plugin is checked")

    def file(self, path: Path) -> None:
        """Note a file. Nothing is decided here: the hook may run amid any code, under its locks."""
        self._written.append(path.absolute())


def _caches() -> list[Path]:
    """Folders of files that can be made again, where a plugin and its libraries may write."""
    libraries = [
        Path(os.environ[key]) for key in ("XDG_CACHE_HOME", "HF_HOME") if key in os.environ
    ]
    return [
        cache_dir().absolute(),
        weights_dir().absolute(),
        platformdirs.user_cache_path(),
        hub_folder(),
        *earlier_downloads(),
        *libraries,
        Path(tempfile.gettempdir()),
        Path("/dev"),
        Path("/proc"),
    ]


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watching:
        return
    watch = _watching[-1]
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        watch.host(str(arguments[1][0]))
    elif event == "socket.getaddrinfo":
        watch.host(str(arguments[0]))
    elif event == "open" and isinstance(arguments[0], str | bytes):
        if isinstance(arguments[2], int) and arguments[2] & WRITING:
            watch.file(Path(os.fsdecode(arguments[0])))
    elif event == "os.mkdir" and isinstance(arguments[0], str | bytes):
        path = Path(os.fsdecode(arguments[0]))
        if not path.exists():
            watch.file(path)


def _hooked() -> None:
    """Install the hook, once for the process: Python has no way to remove one."""
    global _is_hooked
    if not _is_hooked:
        sys.addaudithook(_hook)
        _is_hooked = True


_is_hooked = False
