"""Scores pictures that belong to no data set."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from threading import Semaphore

from iqabench.contract import errors
from iqabench.contract.errors import IqabenchError
from iqabench.contract.progress import Watcher
from iqabench.data.calibrated import calibrated
from iqabench.data.given import Given, Shown
from iqabench.data.scored import Look, PictureScore, Scored
from iqabench.data.thumbnails import glow, thumbnail
from iqabench.data.unlike import warning
from iqabench.engine.judges import Judge, Verdict
from iqabench.engine.one_by_one import predictions
from iqabench.engine.side_by_side import in_order, with_copies, workers

Bench = Sequence[Judge]
"""The models, as one thread uses them."""
SIDE = 256
"""Pixels of a thumbnail's longer side."""
SMALL = 32
"""A shorter side of fewer pixels is noted: one row of the 16x16 blocks that PIQE judges."""
LARGE = 2**22
"""Pixels above which half of the threads at most have such a picture: one of 3840x2160 takes 100 MB
before it is reduced."""


def score(
    judges: Bench,
    pictures: Sequence[Given],
    references: Sequence[Given] | None,
    watch: Watcher,
    allow_truncated: bool = False,
    looks: bool = False,
) -> Iterator[Scored]:
    """The scores of each picture, or the errors that prevented them.

    Args:
        judges: the models.
        pictures: the pictures; each is read once.
        references: the reference of each picture, for models that compare the two.
        watch: shows progress.
        allow_truncated: see :func:`iqabench.data.decoding.decode`.
        looks: whether to make thumbnails, and the maps that models predict.
    """
    names = ", ".join(judge.label for judge in judges)
    if references is None:
        scored = _judged(judges, pictures, allow_truncated, looks)
    else:
        scored = _compared(judges, pictures, references, allow_truncated, looks)
    with watch.task(f"scoring with {names}") as tick:
        began = time.perf_counter()
        for done, found in enumerate(scored, 1):
            yield found
            rate = done / max(time.perf_counter() - began, 1e-9)
            tick(done, len(pictures), f"{rate:.1f} pictures/s")


def _judged(
    judges: Bench, pictures: Sequence[Given], allow_truncated: bool, looks: bool
) -> Iterator[Scored]:
    """The scores of pictures: side by side if the judges can, once they have scored one.

    Its scores decide how copies of a network compute.
    """
    alone = 0
    for picture in pictures:
        found = _scored(judges, picture, _read(picture, allow_truncated), None, looks)
        alone += 1
        yield found
        if all(row.score is not None for row in found.rows):
            break
    others = pictures[alone:]
    benches = with_copies(judges, lambda: _twins(judges), workers(len(others)))
    room = Semaphore(max(1, len(benches) // 2))

    def work(bench: Bench, picture: Given) -> Scored:
        with ExitStack() as held:
            held.enter_context(room)  # how large a picture is shows when it is read
            shown = _read(picture, allow_truncated)
            if isinstance(shown, Exception) or shown.pixels.size // 3 <= LARGE:
                held.close()
            return _scored(bench, picture, shown, None, looks)

    if len(benches) > 1:
        yield from in_order(benches, others, work, lambda picture: picture.name)
    else:
        yield from (work(judges, picture) for picture in others)


def _twins(judges: Bench) -> Bench | None:
    """A copy of each judge; None if one has none."""
    twins = [judge.twin() for judge in judges]
    known = [twin for twin in twins if twin is not None]
    return known if len(known) == len(twins) else None


def _compared(
    judges: Bench,
    pictures: Sequence[Given],
    references: Sequence[Given],
    allow_truncated: bool,
    looks: bool,
) -> Iterator[Scored]:
    """The scores of pictures that are compared with references; a common one is read once."""
    kept: dict[str, Shown | Exception] = {}
    for picture, pair in zip(pictures, references, strict=True):
        shown = _read(picture, allow_truncated)
        if pair.name not in kept:
            kept = {pair.name: _read(pair, allow_truncated)}
        yield _scored(judges, picture, shown, kept[pair.name], looks)


def _read(picture: Given, allow_truncated: bool) -> Shown | Exception:
    try:
        return picture.read(allow_truncated)
    except IqabenchError as error:
        return error


def _scored(
    judges: Sequence[Judge],
    picture: Given,
    shown: Shown | Exception,
    reference: Shown | Exception | None,
    looks: bool,
) -> Scored:
    if isinstance(shown, Exception):
        return Scored(tuple(_failed(judge, picture, shown) for judge in judges))
    rows = []
    for judge in judges:
        if judge.full_reference and isinstance(reference, Exception):
            rows.append(replace(_failed(judge, picture, reference), notes=shown.notes))
        else:
            against = reference if isinstance(reference, Shown) else None
            rows.append(_row(judge, shown, against))
    return Scored(tuple(rows), _look(judges, shown) if looks else None)


def _row(judge: Judge, shown: Shown, reference: Shown | None) -> PictureScore:
    verdicts: list[Verdict] = []

    def score(name: str) -> float:
        verdicts.append(judge.score(shown, reference))
        return verdicts[0].score

    (found,) = predictions([shown.name], score)
    row = PictureScore(
        path=shown.name,
        model=judge.label,
        score=None if found.error else found.prediction,
        direction=judge.direction,
        error=None if found.error is None else _told(found.error),
        notes=_notes(shown),
    )
    if judge.calibration is None:
        return row
    error = verdicts[0].error if verdicts else None
    return calibrated(row, error, judge.calibration, warning(shown.pixels))


def _notes(shown: Shown) -> str:
    """The notes of decoding, and one on a picture that is too small to tell much."""
    height, width = shown.pixels.shape[:2]
    small = [f"only {width}x{height} pixels"] if min(height, width) < SMALL else []
    return "; ".join(filter(None, [shown.notes, *small]))


def _failed(judge: Judge, picture: Given, error: Exception) -> PictureScore:
    hint = getattr(error, "hint", "")
    cut = "; --allow-truncated takes what is left" if "--allow-truncated" in hint else ""
    return PictureScore(picture.name, judge.label, None, judge.direction, f"{error}{cut}", "")


def _told(error: str) -> str:
    """An error without the name of its class, where the class is ours: its words are for users."""
    name, _, words = error.partition(": ")
    return words if hasattr(errors, name) else error


def _look(judges: Sequence[Judge], shown: Shown) -> Look:
    import numpy as np

    factor = 1 if shown.pixels.dtype == np.uint8 else 255
    pixels = np.rint(factor * shown.pixels).astype(np.uint8)
    maps: dict[str, dict[str, bytes]] = {}
    for judge in judges:
        try:
            found = judge.maps(shown)
        except Exception:  # a picture that a network refuses has its reason in its row
            continue
        if found:
            maps[judge.label] = {name: glow(plane) for name, plane in found.items()}
    return Look(thumbnail(pixels, SIDE), maps)
