"""Whether Pillow accepts files that end too early: each thread decides for itself.

Other libraries set Pillow's switch for the whole process when they are imported.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Truncation(threading.local):
    """Replaces Pillow's switch ``LOAD_TRUNCATED_IMAGES``, which all threads share.

    Each thread has its own value. A thread that has set none sees Pillow's former value.
    """

    here: bool | None = None
    before = False

    def __bool__(self) -> bool:
        return self.before if self.here is None else self.here


_TRUNCATION = _Truncation()


@contextmanager
def accepting_truncated(accept: bool) -> Iterator[None]:
    """Set whether Pillow accepts truncated files until the context ends, in this thread only."""
    from PIL import ImageFile

    if not isinstance(ImageFile.LOAD_TRUNCATED_IMAGES, _Truncation):
        _Truncation.before = ImageFile.LOAD_TRUNCATED_IMAGES
        ImageFile.LOAD_TRUNCATED_IMAGES = _TRUNCATION  # type: ignore[assignment]
    _TRUNCATION.here = accept
    try:
        yield
    finally:
        _TRUNCATION.here = None
