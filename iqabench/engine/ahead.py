"""Makes a model's inputs, on threads ahead of the model where that is faster.

A network on the CPU uses all cores, and its threads wait for each other after every layer. Threads
that make inputs beside it slow it down: with two cores and pictures of 512x384, predicting took 1.3
times as long so, 1.4 times where they worked only while the network rested, and 1.07 times without.
Hence inputs are made in the caller's thread until they turn out to take a good part of the time, as
large photographs do, or all pictures beside a model on a GPU.

An input depends on what was asked for alone: a picture's name, or a crop's number. So no result
changes with the threads.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from time import perf_counter
from typing import Generic, TypeVar

from torch import Tensor

from iqabench.kit.processors import cores

Asked = TypeVar("Asked")
"""What is asked for, such as a picture by its name."""
Made = TypeVar("Made", bound="Tensor | Sequence[Tensor]")
"""What the model gets."""
MEMORY = 2**28
"""Bytes that waiting inputs take together at most, if they are no larger than the one in hand:
256 MiB, or one input if that is larger."""
PER_THREAD = 2
"""Inputs that wait, for each thread."""
TRIED, SHARE = 8, 0.25
"""Threads are used once so many inputs were made without, and that took this share of the time."""


class Ahead(Generic[Asked, Made]):
    """A function that makes inputs, and that knows which ones are asked for next.

    An error is raised where the input is asked for, so it stays with its picture.
    """

    def __init__(self, make: Callable[[Asked], Made]) -> None:
        self._make = make
        self._next: deque[Asked] = deque()
        self._waiting: deque[tuple[Asked, Future[Made]]] = deque()
        self._threads: ThreadPoolExecutor | None = None
        self._most = PER_THREAD
        self._alone = _Alone()

    def follow(self, order: Iterable[Asked]) -> None:
        """The order in which inputs will be asked for. Nothing is made before the first is."""
        self._drop()
        self._next = deque(order)

    def __call__(self, asked: Asked) -> Made:
        """Make an input. One that is out of turn is made at once, and the turn stays."""
        if self._threads is None and self._alone.pays():
            if self._next and self._next[0] == asked:
                self._next.popleft()
            with self._alone:
                return self._make(asked)
        if not self._waiting:
            self._fill(1)
        if not self._waiting or self._waiting[0][0] != asked:
            return self._make(asked)
        _, future = self._waiting.popleft()
        made = future.result()
        self._fill(min(self._most, max(1, MEMORY // max(1, _nbytes(made)))))
        return made

    def close(self) -> None:
        """End the threads. What they are making is thrown away when it is made."""
        self._drop()
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)
            self._threads = None

    def _fill(self, wanted: int) -> None:
        while self._next and len(self._waiting) < wanted:
            asked = self._next.popleft()
            if self._threads is None:
                threads = cores()  # asked once: it reads files of the system
                self._threads = ThreadPoolExecutor(threads, "ahead")
                self._most = PER_THREAD * threads
            self._waiting.append((asked, self._threads.submit(self._make, asked)))

    def _drop(self) -> None:
        for _, future in self._waiting:
            future.cancel()
        self._waiting.clear()


class _Alone:
    """The time that making inputs without threads has taken so far, as a context."""

    def __init__(self) -> None:
        self._times = 0
        self._spent = self._first = self._began = 0.0

    def pays(self) -> bool:
        """Whether threads would rather be in the way."""
        if self._times < TRIED:
            return True
        return self._spent <= SHARE * (perf_counter() - self._first)

    def __enter__(self) -> None:
        self._began = perf_counter()
        if not self._times:
            self._first = self._began
        self._times += 1

    def __exit__(self, *failed: object) -> None:
        self._spent += perf_counter() - self._began


def _nbytes(made: Tensor | Sequence[Tensor]) -> int:
    return made.nbytes if isinstance(made, Tensor) else sum(one.nbytes for one in made)


@contextmanager
def made_ahead(
    make: Callable[[Asked], Made], order: Iterable[Asked]
) -> Iterator[Ahead[Asked, Made]]:
    """Make inputs ahead, in this order, until the context ends."""
    ahead = Ahead(make)
    ahead.follow(order)
    try:
        yield ahead
    finally:
        ahead.close()
