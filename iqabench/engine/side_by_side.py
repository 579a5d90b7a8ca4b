"""Scores loose pictures side by side on a processor: every thread has its own copy of the models.

Threads that share a picture wait for each other after every layer. Two that have a picture each do
not: with two cores and pictures of 512x384 biosiqnet-lite scored 1.2 times as many, in bfloat16 1.3
times as many. Reading a picture and looking whether it is a photograph take their share as well.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing.pool import IMapIterator, ThreadPool
from queue import LifoQueue
from threading import Semaphore

from iqabench.data.given import Given, Shown
from iqabench.data.scored import Scored
from iqabench.engine.judges import Judge
from iqabench.engine.time_limit import picture_limit
from iqabench.kit.processors import threads

Bench = Sequence[Judge]
Read = Callable[[Given], Shown | Exception]
Scoring = Callable[[Bench, Given, Shown | Exception], Scored]

MOST = 8
"""Threads at most: each takes the memory of a picture's features."""
LARGE = 2**22
"""Pixels above which half of the threads at most have such a picture: one of 3840x2160 takes 100 MB
before it is reduced."""
WAIT = 0.1
"""Seconds."""


def scored_in_order(
    judges: Bench, pictures: Sequence[Given], read: Read, scoring: Scoring
) -> Iterator[Scored]:
    """Read and score pictures; one after the other where models cannot be copied.

    Raises:
        TookTooLong: a picture takes longer than is allowed.
    """
    count = min(threads(), MOST, len(pictures))
    benches = _benches(judges, count)
    if len(benches) < 2:
        yield from (scoring(judges, picture, read(picture)) for picture in pictures)
        return
    desk = _Desk(benches, read, scoring)
    with _pool(count) as pool:
        found = pool.imap(desk.of, pictures)
        for picture in pictures:
            with picture_limit(picture.name):
                one = _waited_for(found)
            yield one


def _waited_for(found: IMapIterator[Scored]) -> Scored:
    """The next result. The signal of a time limit does not end a wait, but is seen between two."""
    while True:
        try:
            return found.next(WAIT)
        except multiprocessing.TimeoutError:
            continue


def _benches(judges: Bench, count: int) -> list[Bench]:
    """The judges and copies of them, ``count`` in all; the judges alone if one has no copy."""
    made: list[Bench] = [judges]
    while len(made) < count:
        twins = [judge.twin() for judge in judges]
        known = [twin for twin in twins if twin is not None]
        if len(known) < len(twins):
            return [judges]
        made.append(known)
    return made


class _Desk:
    """Gives each picture to a bench that is free."""

    def __init__(self, benches: Sequence[Bench], read: Read, scoring: Scoring) -> None:
        self._read, self._scoring = read, scoring
        self._room = Semaphore(max(1, len(benches) // 2))
        # The bench that was used last comes first, so that large pictures fill the memory of one.
        self._free: LifoQueue[Bench] = LifoQueue()
        for bench in reversed(benches):
            self._free.put(bench)

    def of(self, picture: Given) -> Scored:
        """The scores of a picture."""
        with ExitStack() as room:
            room.enter_context(self._room)  # how large a picture is shows when it is read
            shown = self._read(picture)
            if isinstance(shown, Exception) or shown.pixels.size // 3 <= LARGE:
                room.close()
            bench = self._free.get()
            try:
                return self._scoring(bench, picture, shown)
            finally:
                self._free.put(bench)


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
