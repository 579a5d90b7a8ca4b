"""Trains a network by its recipe. The only module that knows Lightning.

Everything random in an epoch is seeded by job seed and epoch number when the epoch begins, so that
training interrupted after any epoch and resumed gives bit for bit the weights of one that was not.
"""

from __future__ import annotations

import json
import logging
import math
import signal
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, update_bn

from iqabench.contract.cards import Recipe, Stage
from iqabench.contract.errors import ScoreError
from iqabench.contract.models import Batch
from iqabench.data.tables import Tick
from iqabench.data.views import EpochOrder, TrainingCrops
from iqabench.store.folder import write_json

PRECISIONS: dict[str, Any] = {"fp32": "32-true", "bf16": "bf16-mixed"}
STAGE_EPOCHS = 10_000
"""Epoch numbers of stage k begin at k times this, so that stages draw different crops. Less this,
an epoch's number stands for an undefined validation SROCC: worse than any defined one, and where
none is defined the last epoch is kept."""

Validate = Callable[[nn.Module], float]


def fit_network(
    model: nn.Module,
    recipe: Recipe,
    crops: TrainingCrops,
    validate: Validate,
    folder: Path,
    device: str,
    precision: str,
    tick: Tick,
) -> list[dict[str, float]]:
    """Train a network in place, stage after stage, and leave it with the chosen epoch's weights.

    Args:
        model: the network; on return on the CPU, in evaluation mode.
        recipe: how.
        crops: the training part.
        validate: SROCC of the network on the validation part.
        folder: where unfinished work lies, to be resumed from; ``history.json`` is written here.
        device: ``cpu``, ``cuda`` or ``mps``.
        precision: ``fp32`` or ``bf16``.
        tick: called after every step.

    Returns:
        One record per epoch: mean losses and validation SROCC.
    """
    model.to(memory_format=torch.channels_last)
    for number, stage in enumerate(recipe.stages):
        finished = folder / f"stage-{number}.safetensors"
        if not finished.exists():
            with _guest():
                _run_stage(
                    model, recipe, stage, number, crops, validate, folder, device, precision, tick
                )
            save_file(plain_state(model), finished)
        else:
            model.load_state_dict(load_file(finished))
    model.to("cpu").eval()
    history: list[dict[str, float]] = _read_history(folder)
    return history


def plain_state(model: nn.Module) -> dict[str, Tensor]:
    """The state dict as contiguous CPU tensors that share no memory, as safetensors wants."""
    return {
        name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, tensor in model.state_dict().items()
    }


class _Module(lightning.LightningModule):
    def __init__(
        self,
        network: nn.Module,
        recipe: Recipe,
        stage: Stage,
        number: int,
        validate: Validate,
        crops: TrainingCrops,
        folder: Path,
        tick: Tick,
    ) -> None:
        super().__init__()
        self.network: Any = network
        self.recipe = recipe
        self.stage = stage
        self.number = number
        self.validate_network = validate
        self.crops = crops
        self.folder = folder
        self.tick = tick
        self.sums: dict[str, float] = {}
        self.average = AveragedModel(network) if stage.average else None

    def on_train_epoch_start(self) -> None:
        # Dropout draws from the global generator.
        torch.manual_seed(
            (self.crops.seed * STAGE_EPOCHS + self.number) * STAGE_EPOCHS + self.current_epoch
        )
        self.sums = {}

    def training_step(self, batch: tuple[Tensor, ...], step: int) -> Tensor:
        with _no_stray_end():
            losses = self.network.losses(_batch(*batch))
        total = sum(
            (self.recipe.loss_weights.get(name, 1.0) * loss for name, loss in losses.items()),
            start=torch.zeros((), device=self.device),
        )
        if not bool(torch.isfinite(total)):
            values = ", ".join(
                f"{name} {float(loss.detach()):.3g}" for name, loss in losses.items()
            )
            raise ScoreError(
                f"the loss is not finite in epoch {self.current_epoch}: {values}",
                "try a smaller learning rate",
            )
        for name, loss in losses.items():
            self.sums[name] = self.sums.get(name, 0.0) + float(loss.detach()) * len(batch[0])
        batches = int(self.trainer.num_training_batches)
        done = self.current_epoch * batches + step + 1
        self.tick(
            done, self.stage.epochs * batches, f"epoch {self.current_epoch + 1}/{self.stage.epochs}"
        )
        return total

    def on_train_batch_end(self, outputs: Any, batch: Any, step: int) -> None:
        if self.average is not None:
            steps = self.stage.epochs * int(self.trainer.num_training_batches)
            if self.trainer.global_step > (1 - self.stage.average) * steps:
                self.average.update_parameters(self.network)

    def on_train_epoch_end(self) -> None:
        if self.average is not None and self.current_epoch + 1 == self.stage.epochs:
            self._take_average(self.average.module)
        self.network.eval()
        with _no_stray_end():
            srocc = self.validate_network(self.network)
        self.network.train()
        undefined = float(self.current_epoch - STAGE_EPOCHS)
        self.log("validation_srocc", srocc if math.isfinite(srocc) else undefined)
        record = {name: value / len(self.crops) for name, value in self.sums.items()}
        _append_history(
            self.folder,
            {
                "stage": self.number,
                "epoch": self.current_epoch,
                **record,
                "validation_srocc": srocc,
            },
        )

    def _take_average(self, average: nn.Module) -> None:
        """The averaged weights, with normalisation statistics from the last epoch's crops."""
        with torch.no_grad():
            for own, mean in zip(self.network.parameters(), average.parameters(), strict=True):
                own.copy_(mean)
        crops: Any = self.trainer.train_dataloader
        batches = ((_batch(*(part.to(self.device) for part in batch)),) for batch in crops)
        update_bn(batches, _Losses(self.network))

    def configure_optimizers(self) -> Any:
        optimizer = make_optimizer(self.network, self.stage)
        schedule = _schedule(optimizer, self.stage)
        return optimizer if schedule is None else ([optimizer], [schedule])


class _Losses(nn.Module):
    """A network as `update_bn` calls it: with one argument."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, batch: Batch) -> Mapping[str, Tensor]:
        found: Mapping[str, Tensor] = self.network.losses(batch)
        return found


def _batch(images: Tensor, quality: Tensor, saliency: Tensor, index: Tensor) -> Batch:
    images = images.contiguous(memory_format=torch.channels_last)
    return Batch(images, quality, saliency if saliency.shape[1] else None, index)


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
    """Goes on where it was though its folder may have been moved."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        old, new = str(state_dict["dirpath"]), str(self.dirpath)
        best = {
            path.replace(old, new): score for path, score in state_dict["best_k_models"].items()
        }
        paths = ("best_model_path", "kth_best_model_path", "last_model_path", "dirpath")
        moved = {name: str(state_dict[name]).replace(old, new) for name in paths}
        super().load_state_dict({**state_dict, **moved, "best_k_models": best})


def _run_stage(
    model: nn.Module,
    recipe: Recipe,
    stage: Stage,
    number: int,
    crops: TrainingCrops,
    validate: Validate,
    folder: Path,
    device: str,
    precision: str,
    tick: Tick,
) -> None:
    scratch = folder / f"stage-{number}"
    best = _Checkpoint(
        scratch,
        "best",
        monitor="validation_srocc",
        mode="max",
        save_weights_only=True,
        enable_version_counter=False,
        save_on_train_epoch_end=True,
    )
    last = _Checkpoint(
        scratch,
        "last",
        every_n_epochs=1,
        enable_version_counter=False,
        save_on_train_epoch_end=True,
    )
    callbacks: list[Callback] = [best, _SkipFinished()]
    if recipe.patience is not None:
        callbacks.append(
            EarlyStopping(
                "validation_srocc",
                mode="max",
                patience=recipe.patience,
                check_on_train_epoch_end=True,
                verbose=False,
            )
        )
    trainer = lightning.Trainer(
        accelerator=device,
        devices=1,
        precision=PRECISIONS[precision],
        max_epochs=stage.epochs,
        callbacks=[*callbacks, last],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        deterministic="warn",
    )
    module = _Module(model, recipe, stage, number, validate, crops, folder, tick)
    loader = torch.utils.data.DataLoader(
        crops,
        batch_size=recipe.batch_size,
        pin_memory=device == "cuda",
        sampler=EpochOrder(crops, number * STAGE_EPOCHS),
        generator=torch.Generator(),
    )
    checkpoint = scratch / "last.ckpt"
    resume = checkpoint if checkpoint.exists() else None
    _cut_history(folder, number, 0 if resume is None else _epochs_done(resume))
    frozen = _freeze(model, stage.freeze)
    try:
        trainer.fit(module, loader, ckpt_path=resume, weights_only=True)
    except SystemExit:  # Lightning turns Ctrl-C into exit(1)
        raise KeyboardInterrupt from None
    for parameter in frozen:
        parameter.requires_grad_(True)
    if recipe.select == "best":
        kept = torch.load(best.best_model_path, weights_only=True)["state_dict"]
        own = "network."
        model.load_state_dict(
            {name.removeprefix(own): t for name, t in kept.items() if name.startswith(own)}
        )


def make_optimizer(model: nn.Module, stage: Stage) -> torch.optim.Optimizer:
    """The optimiser of a stage, with the model's own parameter groups where it has them."""
    named = getattr(model, "parameter_groups", None)
    groups: Mapping[str, list[nn.Parameter]] = (
        named(stage) if callable(named) else {"all": list(model.parameters())}
    )
    parameters = [
        {"params": list(group), "lr": stage.lr * stage.lr_groups.get(name, 1.0)}
        for name, group in groups.items()
        if group
    ]
    if stage.optimizer == "sgd":
        return torch.optim.SGD(
            parameters, lr=stage.lr, momentum=stage.momentum, weight_decay=stage.weight_decay
        )
    kind = torch.optim.AdamW if stage.optimizer == "adamw" else torch.optim.Adam
    return kind(parameters, lr=stage.lr, weight_decay=stage.weight_decay)


def _schedule(optimizer: torch.optim.Optimizer, stage: Stage) -> Any:
    if stage.schedule == "step":
        return torch.optim.lr_scheduler.StepLR(optimizer, stage.step_size, stage.gamma)
    if stage.schedule == "cosine":
        return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, stage.epochs)
    return None


def _freeze(model: nn.Module, prefixes: tuple[str, ...]) -> list[nn.Parameter]:
    """Freeze parameters by the prefixes of their names; those a model froze itself stay so."""
    frozen = [
        parameter
        for name, parameter in model.named_parameters()
        if parameter.requires_grad and name.startswith(prefixes)
    ]
    for parameter in frozen:
        parameter.requires_grad_(False)
    return frozen


def _epochs_done(checkpoint: Path) -> int:
    return int(torch.load(checkpoint, weights_only=True)["epoch"]) + 1


def _read_history(folder: Path) -> list[dict[str, float]]:
    path = folder / "history.json"
    if not path.exists():
        return []
    epochs: list[dict[str, float]] = json.loads(path.read_text(encoding="utf-8"))["epochs"]
    return epochs


def _append_history(folder: Path, record: dict[str, float]) -> None:
    write_json(folder / "history.json", {"epochs": [*_read_history(folder), record]})


def _cut_history(folder: Path, stage: int, epochs: int) -> None:
    """Forget epochs that came after the checkpoint training resumes from."""
    kept = [
        row
        for row in _read_history(folder)
        if row["stage"] < stage or (row["stage"] == stage and row["epoch"] < epochs)
    ]
    write_json(folder / "history.json", {"epochs": kept})


@contextmanager
def _no_stray_end() -> Iterator[None]:
    """Lightning takes a StopIteration from anywhere for the end of the data, and goes on."""
    try:
        yield
    except StopIteration as error:
        raise ScoreError("the model raised StopIteration", "catch it there") from error


@contextmanager
def _guest() -> Iterator[None]:
    """Keeps Lightning quiet, and takes back what it changes for the whole process."""
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
            # Deterministic kernels are wanted, but not their costly filling of fresh memory.
            memory.fill_uninitialized_memory = False
            yield
    finally:
        memory.fill_uninitialized_memory = filling
        torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, handler)
