"""Trains a network by its recipe, stage after stage, through Lightning's Trainer.

Only this module, :mod:`iqabench.engine.checkpoints`, :mod:`iqabench.engine.training_module` and
:mod:`iqabench.engine.training_log` import Lightning.

Everything random in an epoch is seeded by job seed and epoch number when the epoch begins. So
training that is interrupted after any epoch and resumed gives, bit for bit, the same weights as
training without interruption.
"""

from __future__ import annotations

import logging
import shutil
import signal
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint
from torch import nn

from iqabench.engine import checkpoints, history
from iqabench.engine.crops import EpochOrder
from iqabench.engine.optimizers import frozen
from iqabench.engine.preparing import prepare
from iqabench.engine.training_module import EPOCHS_PER_STAGE, Course, StageModule
from iqabench.store.records import EpochRecord

PRECISIONS: dict[str, Any] = {"fp32": "32-true", "bf16": "bf16-mixed"}
"""iqabench's name of a precision -> Lightning's name."""


def fit_network(course: Course) -> tuple[EpochRecord, ...]:
    """Train the network of a course in place.

    On return the network has the weights of the chosen epoch, is on the CPU and in evaluation mode.

    Returns:
        One record per epoch: mean losses and validation SROCC.
    """
    network = course.network
    network.to(memory_format=torch.channels_last)
    _drop_damaged(course)
    prepare(course)
    for number in range(len(course.recipe.stages)):
        finished = course.folder / f"stage-{number}.safetensors"
        if not finished.exists():
            with _guest():
                try:
                    _run_stage(course, number)
                finally:
                    course.crops.ahead.close()
            checkpoints.save_state(finished, checkpoints.plain_state(network))
        else:
            checkpoints.load_state(finished, network)
    network.to("cpu").eval()
    return history.read(course.folder)


def _drop_damaged(course: Course) -> None:
    """Remove what an interrupted fit left and cannot go on from, so that it is done again.

    A stage begins with the weights of the stage before; so what follows a damaged file goes, too.
    """
    whole = history.is_whole(course.folder)
    for number in range(len(course.recipe.stages)):
        finished = course.folder / f"stage-{number}.safetensors"
        scratch = course.folder / f"stage-{number}"
        if whole and finished.exists():
            whole = checkpoints.is_whole(finished)
        elif whole:
            whole = all(checkpoints.is_whole(path) for path in scratch.glob("*.ckpt"))
        if not whole:
            finished.unlink(missing_ok=True)
            shutil.rmtree(scratch, ignore_errors=True)
    if not history.is_whole(course.folder):
        history.clear(course.folder)


def _run_stage(course: Course, number: int) -> None:
    scratch = course.folder / f"stage-{number}"
    stage = course.recipe.stages[number]
    best = _Checkpoint(
        scratch,
        "best",
        monitor="validation_srocc",
        mode="max",
        save_weights_only=True,
        enable_version_counter=False,
        save_on_train_epoch_end=True,
    )
    trainer = lightning.Trainer(
        accelerator=course.device,
        devices=1,
        precision=PRECISIONS[course.precision],
        max_epochs=stage.epochs,
        callbacks=[best, *_callbacks(course, scratch)],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        plugins=[checkpoints.CheckedFiles()],
        deterministic="warn",
    )
    checkpoint = scratch / "last.ckpt"
    resume = checkpoint if checkpoint.exists() else None
    history.cut(course.folder, number, 0 if resume is None else _epochs_done(resume))
    module = StageModule(course, number)
    with frozen(course.network, stage.freeze):
        try:
            trainer.fit(module, _loader(course, number), ckpt_path=resume, weights_only=True)
        except SystemExit:  # Lightning turns Ctrl-C into exit(1)
            raise KeyboardInterrupt from None
    if course.recipe.select == "best":
        _load_checkpoint(course.network, Path(best.best_model_path))


def _callbacks(course: Course, scratch: Path) -> list[Callback]:
    """The callbacks of a stage. The last one writes the checkpoint from which training resumes."""
    found: list[Callback] = [_SkipFinished()]
    if course.recipe.patience is not None:
        found.append(
            EarlyStopping(
                "validation_srocc",
                mode="max",
                patience=course.recipe.patience,
                check_on_train_epoch_end=True,
                verbose=False,
            )
        )
    last = _Checkpoint(
        scratch,
        "last",
        every_n_epochs=1,
        enable_version_counter=False,
        save_on_train_epoch_end=True,
    )
    return [*found, last]


def _loader(course: Course, number: int) -> torch.utils.data.DataLoader[Any]:
    return torch.utils.data.DataLoader(
        course.crops,
        batch_size=course.recipe.batch_size,
        pin_memory=course.device == "cuda",
        sampler=EpochOrder(course.crops, number * EPOCHS_PER_STAGE),
        generator=torch.Generator(),
    )


def _load_checkpoint(network: nn.Module, path: Path) -> None:
    kept, own = checkpoints.checkpoint(path)["state_dict"], "network."
    network.load_state_dict(
        {name.removeprefix(own): t for name, t in kept.items() if name.startswith(own)}
    )


def _epochs_done(checkpoint: Path) -> int:
    return int(checkpoints.checkpoint(checkpoint)["epoch"]) + 1


class _SkipFinished(Callback):
    """Ends a resumed stage whose last epoch was already done, or that had stopped early."""

    def on_train_start(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:
        early: Any = trainer.early_stopping_callback
        stopped = early is not None and early.wait_count >= early.patience
        if stopped or (
            trainer.max_epochs is not None and trainer.current_epoch >= trainer.max_epochs
        ):
            trainer.should_stop = True


class _Checkpoint(ModelCheckpoint):
    """A checkpoint from which training resumes even if its folder was moved."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        old, new = str(state_dict["dirpath"]), str(self.dirpath)
        best = {
            path.replace(old, new): score for path, score in state_dict["best_k_models"].items()
        }
        paths = ("best_model_path", "kth_best_model_path", "last_model_path", "dirpath")
        moved = {name: str(state_dict[name]).replace(old, new) for name in paths}
        super().load_state_dict({**state_dict, **moved, "best_k_models": best})


@contextmanager
def _guest() -> Iterator[None]:
    """Silence Lightning, and restore the settings of the process that it changes."""
    for name in ("lightning.pytorch", "lightning.fabric", "lightning"):
        logging.getLogger(name).setLevel(logging.ERROR)
    memory: Any = torch.utils.deterministic
    filling, handler = memory.fill_uninitialized_memory, signal.getsignal(signal.SIGINT)
    deterministic = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="lightning")
            warnings.filterwarnings("ignore", message=".*lightning.*|.*litlogger.*")
            # Deterministic mode also fills new memory, which is slow and not needed.
            memory.fill_uninitialized_memory = False
            yield
    finally:
        memory.fill_uninitialized_memory = filling
        torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, handler)
