"""The epochs that a fit has finished, in the file ``history.json`` of its folder."""

from __future__ import annotations

from pathlib import Path

from iqabench.contract.errors import StoreError
from iqabench.store.folder import HISTORY, PREPARED, STAGES, epochs_in
from iqabench.store.records import EpochRecord, History, plain
from iqabench.store.sealed import write_sealed


def read(folder: Path) -> tuple[EpochRecord, ...]:
    """All finished epochs, in order; none where the file is absent."""
    return epochs_in(folder)


def is_whole(folder: Path) -> bool:
    """Whether the file is as it was written; it may be absent only where no stage has begun."""
    try:
        read(folder)
    except StoreError:
        return False
    return (folder / HISTORY).exists() or not has_begun(folder)


def has_begun(folder: Path) -> bool:
    """Whether a stage has left weights or checkpoints."""
    return any(path.name != PREPARED for path in folder.glob(STAGES))


def clear(folder: Path) -> None:
    """Remove the file."""
    (folder / HISTORY).unlink(missing_ok=True)


def append(folder: Path, epoch: EpochRecord) -> None:
    """Add a finished epoch."""
    _write(folder, (*read(folder), epoch))


def cut(folder: Path, stage: int, epochs: int) -> None:
    """Remove the epochs that came after the checkpoint from which training resumes.

    Args:
        folder: the folder of the fit.
        stage: the stage that resumes; the epochs of earlier stages stay.
        epochs: how many epochs of that stage the checkpoint holds.
    """
    _write(
        folder,
        tuple(
            one
            for one in read(folder)
            if one.stage < stage or (one.stage == stage and one.epoch < epochs)
        ),
    )


def _write(folder: Path, epochs: tuple[EpochRecord, ...]) -> None:
    write_sealed(folder / HISTORY, plain(History(epochs=epochs)))
