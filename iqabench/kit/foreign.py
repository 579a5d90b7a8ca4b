"""Runs code of plugins: it can neither end nor hang the program, nor print into its output."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import TypeVar

T = TypeVar("T")

LIMIT = 60.0
"""Seconds that a plugin may take to be imported or to register; a slow disk takes a few."""


class PluginExitError(Exception):
    """The plugin called ``sys.exit``."""

    def __init__(self, code: object) -> None:
        super().__init__(f"it called sys.exit({'' if code is None else repr(code)})")


@contextmanager
def own_output() -> Iterator[None]:
    """Send what is printed to standard error: standard output holds results, such as JSON."""
    with redirect_stdout(sys.stderr):
        yield


@contextmanager
def staying() -> Iterator[None]:
    """Let no code of a plugin end the program.

    Raises:
        PluginExitError: it called ``sys.exit``.
    """
    try:
        yield
    except SystemExit as error:
        raise PluginExitError(error.code) from error


def guarded(act: Callable[[], T], seconds: float = LIMIT) -> T:
    """The result of ``act``, which is called in a thread of its own.

    Raises:
        PluginExitError: it called ``sys.exit``.
        TimeoutError: it took longer than ``seconds``; it is left behind.
        Exception: whatever it raised.
    """
    done: list[T] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            with staying():
                done.append(act())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=work, daemon=True)
    with own_output():
        thread.start()
        thread.join(seconds)
    if failed:
        raise failed[0]
    if not done:
        raise TimeoutError(f"it took longer than {seconds:g} s")
    return done[0]
