"""A stage of training as a Lightning module."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, update_bn

from iqabench.contract.cards import Recipe
from iqabench.contract.errors import ScoreError
from iqabench.contract.models import Batch
from iqabench.contract.progress import Tick
from iqabench.engine import history
from iqabench.engine.compiling import compiled
from iqabench.engine.crops import TrainingCrops
from iqabench.engine.loss_sums import Sums
from iqabench.engine.optimizers import make_optimizer, make_schedule
from iqabench.engine.training_log import Log
from iqabench.store.records import EpochRecord

EPOCHS_PER_STAGE = 10_000
"""The epochs of stage k are numbered from k times this, so that stages draw different crops."""
UNDEFINED = -10_000
"""This plus the number of the epoch stands for an undefined validation SROCC. It lies below
every defined SROCC and rises with the epoch. So the last epoch is kept if no SROCC is defined."""
EVERY, EVERY_ELSEWHERE = {"cpu": 1}, 50
"""After how many steps losses are looked at, by the type of the device. To look at a number on a
GPU is to wait until all work given to it is done."""

Validate = Callable[[nn.Module], float]
"""SROCC of a network on the validation part; nan where it is not defined."""


@dataclass(frozen=True)
class Course:
    """Everything that a training needs.

    Attributes:
        network: the network, trained in place.
        recipe: how it is trained.
        crops: the training part.
        validate: measures the network on the validation part.
        folder: holds unfinished work, from which training resumes, and ``history.json``.
        device: ``cpu``, ``cuda`` or ``mps``.
        precision: ``fp32`` or ``bf16``.
        tick: called after every step.
        log: is told of every epoch; None logs nothing.
        compiled: whether the losses are compiled.
    """

    network: Any
    recipe: Recipe
    crops: TrainingCrops
    validate: Validate
    folder: Path
    device: str
    precision: str
    tick: Tick
    log: Log | None = None
    compiled: bool = False


class StageModule(lightning.LightningModule):
    """Trains the network of a course through one stage of its recipe."""

    def __init__(self, course: Course, number: int) -> None:
        super().__init__()
        self.course = course
        self.network = course.network
        self.losses = course.network.losses
        if course.compiled:
            self.losses = compiled(course.network.losses)
        self.number = number
        self.stage = course.recipe.stages[number]
        self.sums = Sums()
        self.rates: list[float] = []
        self.average = AveragedModel(course.network) if self.stage.average else None

    def on_train_epoch_start(self) -> None:
        """Seed the global generator, from which dropout draws; freeze what the stage freezes."""
        stage = self.course.crops.seed * EPOCHS_PER_STAGE + self.number
        torch.manual_seed(stage * EPOCHS_PER_STAGE + self.current_epoch)
        self.sums = Sums()
        self.rates = [group["lr"] for group in self.trainer.optimizers[0].param_groups]
        if self.stage.freeze_statistics:
            keep_statistics(self.network)

    def training_step(self, batch: tuple[Tensor, ...], step: int) -> Tensor:
        """The weighted sum of the losses of a batch."""
        with _no_stray_end():
            losses = self.losses(as_batch(*batch))
        weights = self.course.recipe.loss_weights
        total = sum(
            (weights.get(name, 1.0) * loss for name, loss in losses.items()),
            start=torch.zeros((), device=self.device),
        )
        self.sums.add(losses, total, len(batch[0]))
        if step % EVERY.get(self.device.type, EVERY_ELSEWHERE) == 0:
            self.sums.check(self.current_epoch)
        epochs, batches = self.stage.epochs, int(self.trainer.num_training_batches)
        done = self.current_epoch * batches + step + 1
        self.course.tick(done, epochs * batches, f"epoch {self.current_epoch + 1}/{epochs}")
        return total

    def on_train_batch_end(self, outputs: Any, batch: Any, step: int) -> None:
        """Add the weights to the average, in the steps that the stage averages."""
        if self.average is not None:
            steps = self.stage.epochs * int(self.trainer.num_training_batches)
            if self.trainer.global_step > (1 - self.stage.average) * steps:
                self.average.update_parameters(self.network)

    def on_train_epoch_end(self) -> None:
        """Validate the network and record the epoch."""
        self.sums.check(self.current_epoch)
        if self.average is not None and self.current_epoch + 1 == self.stage.epochs:
            self._take_average(self.average.module)
        self.network.eval()
        with _no_stray_end():
            srocc = self.course.validate(self.network)
        self.network.train()
        undefined = float(self.current_epoch + UNDEFINED)
        self.log("validation_srocc", srocc if math.isfinite(srocc) else undefined)
        record = EpochRecord(
            stage=self.number,
            epoch=self.current_epoch,
            losses=self.sums.means(len(self.course.crops)),
            validation_srocc=srocc if math.isfinite(srocc) else None,
        )
        history.append(self.course.folder, record)
        if self.course.log is not None:
            before = sum(stage.epochs for stage in self.course.recipe.stages[: self.number])
            self.course.log(before + record.epoch, logged(record, self.rates))

    def configure_optimizers(self) -> Any:
        """The optimiser of the stage and, where it has one, its schedule."""
        optimizer = make_optimizer(self.network, self.stage)
        schedule = make_schedule(optimizer, self.stage)
        return optimizer if schedule is None else ([optimizer], [schedule])

    def _take_average(self, average: nn.Module) -> None:
        """Give the network the averaged weights, and measure its normalisation statistics anew
        unless they are frozen."""
        with torch.no_grad():
            for own, mean in zip(self.network.parameters(), average.parameters(), strict=True):
                own.copy_(mean)
        if self.stage.freeze_statistics:
            return
        crops: Any = self.trainer.train_dataloader
        batches = ((as_batch(*(part.to(self.device) for part in batch)),) for batch in crops)
        update_bn(batches, _Losses(self.network))


def logged(record: EpochRecord, rates: Sequence[float]) -> dict[str, float]:
    """The numbers of an epoch by their names in a log.

    Args:
        record: the epoch.
        rates: the learning rate of each parameter group in this epoch.
    """
    found = {f"loss/{name}": value for name, value in record.losses.items()}
    if record.validation_srocc is not None:
        found["validation_srocc"] = record.validation_srocc
    if len(rates) == 1:
        return {**found, "learning_rate": rates[0]}
    return {**found, **{f"learning_rate/{place}": rate for place, rate in enumerate(rates)}}


def keep_statistics(network: nn.Module) -> None:
    """Let batch normalisation use its running statistics until the network's mode is set again."""
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()


class _Losses(nn.Module):
    """A network as ``update_bn`` needs it: a module that is called with one argument."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, batch: Batch) -> Mapping[str, Tensor]:
        found: Mapping[str, Tensor] = self.network.losses(batch)
        return found


def as_batch(images: Tensor, quality: Tensor, saliency: Tensor, index: Tensor) -> Batch:
    """Stacked samples as a batch; saliency without a channel, (B, 0, h, w), becomes None."""
    images = images.contiguous(memory_format=torch.channels_last)
    return Batch(images, quality, saliency if saliency.shape[1] else None, index)


@contextmanager
def _no_stray_end() -> Iterator[None]:
    """Turn a StopIteration into an error: Lightning would take it for the end of the data."""
    try:
        yield
    except StopIteration as error:
        raise ScoreError("the model raised StopIteration", "catch it there") from error
