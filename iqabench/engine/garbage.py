"""How often Python searches for garbage that refers to itself."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

OBJECTS = 700
"""New objects between two searches while a job is made: Python's own number up to 3.12."""


@contextmanager
def searched_often() -> Iterator[None]:
    """Search often: garbage of a job may hold large tensors. Commands search seldom otherwise."""
    before = gc.get_threshold()
    if before[0] > OBJECTS:  # else somebody searches as often already, or wants no search
        gc.set_threshold(OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
