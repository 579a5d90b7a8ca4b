"""Decodes the next pictures on threads while the model works on this one.

Only pictures are read ahead. What follows decoding runs in the caller's thread, in the same order
and with the same threads as without, so no result changes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice

from torch import Tensor

from iqabench.kit.processors import cores

Read = Callable[[str], Tensor]
"""A decoded picture by name, (3, H, W) uint8."""
MEMORY = 2**28
"""Bytes that waiting pictures take together at most, if they are no larger than the one in hand:
256 MiB, or one picture if that is larger."""
PER_THREAD = 2
"""Pictures that wait, for each thread."""


class Ahead:
    """A function that reads pictures, and that knows which ones are asked for next.

    An error is raised where the picture is asked for, so it stays with its picture.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self._next: Iterator[str] = iter(())
        self._waiting: deque[tuple[str, Future[Tensor]]] = deque()
        self._threads: ThreadPoolExecutor | None = None

    def follow(self, names: Iterable[str]) -> None:
        """The order in which pictures will be asked for. Nothing is read before the first is."""
        self._drop()
        self._next = iter(names)

    def __call__(self, name: str) -> Tensor:
        """Read a picture. One that is out of turn is read at once, and the turn stays."""
        if not self._waiting:
            self._fill(1)
        if not self._waiting or self._waiting[0][0] != name:
            return self._read(name)
        _, future = self._waiting.popleft()
        picture = future.result()
        most = PER_THREAD * cores()
        self._fill(min(most, max(1, MEMORY // max(1, picture.nbytes))))
        return picture

    def close(self) -> None:
        """End the threads. What they are reading is thrown away when it is read."""
        self._drop()
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)
            self._threads = None

    def _fill(self, wanted: int) -> None:
        for name in islice(self._next, max(0, wanted - len(self._waiting))):
            if self._threads is None:
                self._threads = ThreadPoolExecutor(cores(), "ahead")
            self._waiting.append((name, self._threads.submit(self._read, name)))

    def _drop(self) -> None:
        for _, future in self._waiting:
            future.cancel()
        self._waiting.clear()


@contextmanager
def reading_ahead(read: Read, names: Iterable[str]) -> Iterator[Ahead]:
    """Read the named pictures ahead, in their order, until the context ends."""
    ahead = Ahead(read)
    ahead.follow(names)
    try:
        yield ahead
    finally:
        ahead.close()
