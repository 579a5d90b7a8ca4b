"""Works on pictures side by side on a processor: every thread has a copy of the model.

Threads that share a picture wait for each other after every layer. Two that have a picture each do
not: with two cores and pictures of 512x384 the shipped biosiqnet-lite scored 1.2 times as many, in
bfloat16 1.3 times as many. Reading a picture takes its share as well.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.pool import IMapIterator, ThreadPool
from queue import LifoQueue
from typing import TypeVar

from iqabench.contract.cards import Recipe
from iqabench.engine.time_limit import picture_limit
from iqabench.kit.processors import threads

Worker = TypeVar("Worker")
Item = TypeVar("Item")
Made = TypeVar("Made")

MOST = 8
"""Threads at most: each takes the memory of a picture's features."""
PIXELS = 2**19
"""Pixels of a picture's crops above which pictures are scored one by one. The features of two such
pictures may not fit into memory, and a single one keeps all processors busy."""
WAIT = 0.1
"""Seconds."""


def workers(items: int) -> int:
    """How many of so many pictures to work on at once."""
    return min(threads(), MOST, items)


def few_pixels(recipe: Recipe) -> bool:
    """Whether the crops of every picture have at most :data:`PIXELS` pixels."""
    if recipe.crop is None or recipe.test_crop_kind == "whole":
        return recipe.max_pixels is not None and recipe.max_pixels <= PIXELS
    return recipe.test_crops * recipe.crop[0] * recipe.crop[1] <= PIXELS


def with_copies(first: Worker, copied: Callable[[], Worker | None], count: int) -> list[Worker]:
    """The first and copies of it, ``count`` in all; it alone if it cannot be copied.

    Args:
        first: what is copied.
        copied: makes a copy; None, or any exception, means that there is none.
        count: wanted.
    """
    made = [first]
    while len(made) < count:
        try:
            copy = copied()
        except Exception:  # whatever a network raises that cannot be copied
            return [first]
        if copy is None:
            return [first]
        made.append(copy)
    return made


def in_order(
    copies: Sequence[Worker],
    items: Sequence[Item],
    work: Callable[[Worker, Item], Made],
    name: Callable[[Item], str],
) -> Iterator[Made]:
    """What ``work`` makes of each item, in their order.

    Args:
        copies: each is used by one thread at a time.
        items: pictures.
        work: is called in several threads.
        name: what an error calls an item.

    Raises:
        TookTooLong: a picture takes longer than is allowed.
    """
    # The copy that was used last comes first: few large pictures fill the memory of one.
    free: LifoQueue[Worker] = LifoQueue()
    for copy in reversed(copies):
        free.put(copy)

    def made_by_one(item: Item) -> Made:
        copy = free.get()
        try:
            return work(copy, item)
        finally:
            free.put(copy)

    with _pool(len(copies)) as pool:
        found = pool.imap(made_by_one, items)
        for item in items:
            with picture_limit(name(item)):
                made = _waited_for(found)
            yield made


def _waited_for(found: IMapIterator[Made]) -> Made:
    """The next result. The signal of a time limit does not end a wait, but is seen between two."""
    while True:
        try:
            return found.next(WAIT)
        except multiprocessing.TimeoutError:
            continue


@contextmanager
def _pool(count: int) -> Iterator[ThreadPool]:
    """Threads among which torch's own are divided. One that hangs does not keep the process."""
    import torch

    before = torch.get_num_threads()
    pool = ThreadPool(count, torch.set_num_threads, (max(1, before // count),))
    try:
        yield pool
    finally:
        pool.terminate()
        torch.set_num_threads(before)  # MKL has one number for all threads
