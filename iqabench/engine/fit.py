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
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from iqabench.contract.cards import Recipe, Stage
from iqabench.contract.errors import ScoreError
from iqabench.contract.models import Batch
from iqabench.data.tables import Tick
from iqabench.data.views import EpochOrder, TrainingCrops
from iqabench.store.folder import write_json

PRECISIONS: dict[str, Any] = {"fp32": "32-true", "bf16": "bf16-mixed"}
UNDEFINED = -2.0
"""Stands for an undefined validation SROCC: worse than any defined one."""

STAGE_EPOCHS = 10_000
"""Epoch numbers of stage k begin at k times this, so that stages draw different crops."""

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
    _quiet()
    # Deterministic kernels are wanted, but not their costly filling of fresh memory.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    model.to(memory_format=torch.channels_last)
    for number, stage in enumerate(recipe.stages):
        finished = folder / f"stage-{number}.safetensors"
        if not finished.exists():
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

    def on_train_epoch_start(self) -> None:
        # Dropout draws from the global generator.
        torch.manual_seed(
            (self.crops.seed * STAGE_EPOCHS + self.number) * STAGE_EPOCHS + self.current_epoch
        )
        self.sums = {}
        _freeze(self.network, self.stage.freeze)

    def training_step(self, batch: tuple[Tensor, ...], step: int) -> Tensor:
        images, quality, saliency, index = batch
        images = images.contiguous(memory_format=torch.channels_last)
        losses = self.network.losses(
            Batch(images, quality, saliency if saliency.shape[1] else None, index)
        )
        total = sum(
            (self.recipe.loss_weights.get(name, 1.0) * loss for name, loss in losses.items()),
            start=torch.zeros((), device=images.device),
        )
        if not bool(torch.isfinite(total)):
            values = ", ".join(f"{name} {float(loss):.3g}" for name, loss in losses.items())
            raise ScoreError(
                f"the loss is not finite in epoch {self.current_epoch}: {values}",
                "try a smaller learning rate",
            )
        for name, loss in losses.items():
            self.sums[name] = self.sums.get(name, 0.0) + float(loss.detach()) * len(images)
        batches = int(self.trainer.num_training_batches)
        done = self.current_epoch * batches + step + 1
        self.tick(
            done, self.stage.epochs * batches, f"epoch {self.current_epoch + 1}/{self.stage.epochs}"
        )
        return total

    def on_train_epoch_end(self) -> None:
        self.network.eval()
        srocc = self.validate_network(self.network)
        self.network.train()
        self.log("validation_srocc", srocc if math.isfinite(srocc) else UNDEFINED)
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

    def configure_optimizers(self) -> Any:
        optimizer = make_optimizer(self.network, self.stage)
        schedule = _schedule(optimizer, self.stage)
        return optimizer if schedule is None else ([optimizer], [schedule])


class _SkipFinished(Callback):
    """Ends a resumed stage whose last epoch was already done."""

    def on_train_start(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:
        if trainer.max_epochs is not None and trainer.current_epoch >= trainer.max_epochs:
            trainer.should_stop = True


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
    best = ModelCheckpoint(
        scratch,
        "best",
        monitor="validation_srocc",
        mode="max",
        save_weights_only=True,
        enable_version_counter=False,
        save_on_train_epoch_end=True,
    )
    last = ModelCheckpoint(
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
    if resume is not None:
        _cut_history(folder, number, _epochs_done(resume))
    try:
        trainer.fit(module, loader, ckpt_path=resume, weights_only=True)
    except SystemExit:  # Lightning turns Ctrl-C into exit(1)
        raise KeyboardInterrupt from None
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.default_int_handler)
    if recipe.select == "best":
        kept = torch.load(best.best_model_path, weights_only=True)["state_dict"]
        model.load_state_dict({name.removeprefix("network."): t for name, t in kept.items()})


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


def _freeze(model: nn.Module, prefixes: tuple[str, ...]) -> None:
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(not name.startswith(prefixes) if prefixes else True)


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


def _quiet() -> None:
    for name in ("lightning.pytorch", "lightning.fabric", "lightning"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
    warnings.filterwarnings("ignore", message=".*lightning.*|.*litlogger.*")
