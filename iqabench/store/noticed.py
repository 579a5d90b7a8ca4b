"""Names damaged files of caches, which are made again: nothing but time is lost."""

from __future__ import annotations

import logging
from pathlib import Path

_log = logging.getLogger("iqabench.caches")
_named: set[Path] = set()


def damaged(path: Path) -> None:
    """Warn of a damaged file, once in a process.

    The warning goes through :mod:`logging`, because caches are read far below whoever shows
    progress, in threads too. Without handlers it is a line on standard error.
    """
    if path not in _named:
        _named.add(path)
        _log.warning("%s is damaged: it is a cache, and is made again", path)
