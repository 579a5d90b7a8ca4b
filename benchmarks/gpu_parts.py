"""The parts of benchmarks/gpu.py: each measures one network in one way, and tells rows of JSON."""

from __future__ import annotations

import json
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

import iqabench
from iqabench.api.session import Session
from iqabench.contract import Batch
from iqabench.engine.optimizers import frozen
from iqabench.engine.training_module import keep_statistics
from iqabench.protocols.choices import Choices
from iqabench.protocols.requests import ModelRequest, resolve
from iqabench.registry import registry
from iqabench.stats import srocc

PRECISIONS = ("fp32", "tf32", "bf16")
SECONDS = 3.0
"""Time for the repetitions of one figure; there are 3 to 50."""
FORWARD_BATCH = 32
RANKED = 256
"""Crops whose ranks in fp32 and bf16 are compared."""
ON_CPU = 8
"""Crops that are scored on the CPU, too."""
CONTENTS, LEVELS = 20, 10
"""Pictures of the harness's set: contents, and levels of noise of each."""
SIDES = (512, 384)
"""Width and height of those pictures."""
EPOCHS = (1, 3)
"""Fits of so many epochs: their difference leaves out what a fit does once."""


def measure_all(parts: list[str], told: Path, tiny: bool) -> None:
    """Measure parts, ``MODEL:KIND``. Every row is appended to ``told`` at once.

    A part that fails is named there, and the others go on.
    """

    def tell(**row: Any) -> None:
        with told.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row) + "\n")

    device = "cpu" if tiny else "cuda"
    tell(**machine(device))
    for part in parts:
        model, _, kind = part.partition(":")
        try:
            measure(model, kind, tell, device, tiny)
        except Exception as error:
            first = (str(error).splitlines() or [""])[0][:200]
            tell(part=part, why=f"{type(error).__name__}: {first}")


def measure(model: str, kind: str, tell: Callable[..., None], device: str, tiny: bool) -> None:
    """Measure a network in one way."""
    request = requested(model, tiny)
    work = Networks(request, device, tiny)
    if kind == "harness":
        harness(model, request, work, tiny, lambda **row: tell(model=model, kind=kind, **row))
        return
    order = PRECISIONS if kind == "eager" else tuple(reversed(PRECISIONS))
    for precision in order:
        steps = work.speed(precision, compiled=kind == "compiled")
        tell(model=model, kind=kind, precision=precision, **steps)
    if kind == "eager":
        tell(model=model, kind="agreement", **work.agreement())


def machine(device: str) -> dict[str, Any]:
    """The device and the versions."""
    name = torch.cuda.get_device_name() if device == "cuda" else platform.machine()
    packages = ("iqabench", "torch", "timm")
    return {
        "device": name,
        "python": platform.python_version(),
        "cuda": torch.version.cuda,
        "versions": {package: version(package) for package in packages},
    }


def requested(model: str, tiny: bool) -> ModelRequest:
    """The model from random weights; at toy size if asked."""
    own = registry().model(model).tiny if tiny else {}
    changes = [f"{model}.{key}={_written(value)}" for key, value in own.items()]
    return resolve(registry(), [model], changes, Choices(init="random"))[0]


class Networks:
    """A network, and crops from which it learns how noisy they are."""

    def __init__(self, request: ModelRequest, device: str, tiny: bool) -> None:
        self.request, self.device, self.tiny = request, device, tiny
        torch.manual_seed(0)
        self.network = request.build().to(device, memory_format=torch.channels_last)
        self.crops = RANKED // 16 if tiny else RANKED
        self.images, self.quality = self._generated()

    def speed(self, precision: str, compiled: bool) -> dict[str, Any]:
        """Training and prediction, in crops per second, and the most memory of each."""
        batch = self.request.recipe.batch_size
        forward = min(FORWARD_BATCH, self.crops)
        stage = self.request.recipe.stages[-1]
        with mode(precision):
            step = self._step(precision, compiled)
            self.network.train()
            if stage.freeze_statistics:
                keep_statistics(self.network)
            with frozen(self.network, stage.freeze):
                trained = self._timed(step)
            self.network.eval()
            predicted = self._timed(self._forward(precision, compiled, forward))
        return {
            "batch": batch,
            "step_ms": 1e3 * trained[0],
            "train_per_s": batch / trained[0],
            "train_mib": trained[1],
            "forward_batch": forward,
            "predict_per_s": forward / predicted[0],
            "predict_mib": predicted[1],
        }

    def agreement(self) -> dict[str, Any]:
        """How far scores agree between precisions and between devices."""
        self.network.eval()
        found = {precision: self.scores(precision) for precision in PRECISIONS}
        some = self.images[:ON_CPU].cpu()
        own = self.network.to("cpu")
        with torch.inference_mode():
            cpu = own(some).float()
        self.network.to(self.device)
        fp32 = found["fp32"]
        return {
            "crops": len(fp32),
            "srocc_bf16": srocc(fp32.numpy(), found["bf16"].numpy()),
            "srocc_tf32": srocc(fp32.numpy(), found["tf32"].numpy()),
            "spread": float(fp32.max() - fp32.min()),
            "most_bf16": float((fp32 - found["bf16"]).abs().max()),
            "most_tf32": float((fp32 - found["tf32"]).abs().max()),
            "most_cpu": float((fp32[: len(cpu)] - cpu).abs().max()),
        }

    def scores(self, precision: str) -> Tensor:
        """The scores of all crops, on the CPU."""
        with mode(precision), torch.inference_mode(), self._cast(precision):
            parts = [self.network(part).float().cpu() for part in self.images.split(FORWARD_BATCH)]
        return torch.cat(parts)

    def _step(self, precision: str, compiled: bool) -> Callable[[], None]:
        batch = self.request.recipe.batch_size
        maps = None
        if self.request.card.saliency != "none":
            maps = torch.rand(batch, 1, *self.images.shape[-2:], device=self.device)
        data = Batch(
            self.images[:batch],
            self.quality[:batch],
            maps,
            torch.arange(batch, device=self.device),
        )
        optimizer = torch.optim.AdamW(self.network.parameters(), lr=1e-4)
        losses: Any = self.network.losses
        if compiled:
            losses = self._compiled(losses)

        def step() -> None:
            optimizer.zero_grad()
            with self._cast(precision):
                found = losses(data)
            total: Any = sum(found.values())
            total.backward()
            optimizer.step()

        return step

    def _forward(self, precision: str, compiled: bool, batch: int) -> Callable[[], None]:
        network: Any = self._compiled(self.network) if compiled else self.network

        def forward() -> None:
            with torch.inference_mode(), self._cast(precision):
                network(self.images[:batch])

        return forward

    def _compiled(self, work: Any) -> Any:
        # At toy size the code is traced but not translated, for which the CPU needs a compiler.
        return torch.compile(work, backend="eager" if self.tiny else "inductor")

    def _timed(self, work: Callable[[], None]) -> tuple[float, float | None]:
        """Median seconds of a call, and the most MiB of the device's memory in any."""
        cuda = self.device == "cuda"
        if cuda:
            torch.cuda.reset_peak_memory_stats()
        for _ in range(1 if self.tiny else 3):
            work()
        times: list[float] = []
        end = time.perf_counter() + (0 if self.tiny else SECONDS)
        while len(times) < (1 if self.tiny else 3) or (
            len(times) < 50 and time.perf_counter() < end
        ):
            if cuda:
                torch.cuda.synchronize()
            start = time.perf_counter()
            work()
            if cuda:
                torch.cuda.synchronize()
            times.append(time.perf_counter() - start)
        most = torch.cuda.max_memory_allocated() / 2**20 if cuda else None
        return statistics.median(times), most

    def _cast(self, precision: str) -> torch.autocast:
        return torch.autocast(self.device, dtype=torch.bfloat16, enabled=precision == "bf16")

    def _generated(self) -> tuple[Tensor, Tensor]:
        """Crops of smooth random patterns under more and more noise, and 1 - the noise."""
        height, width = self.request.recipe.crop or (224, 224)
        random = torch.Generator().manual_seed(0)
        coarse = torch.rand(self.crops, 3, 8, 8, generator=random)
        smooth = nn.functional.interpolate(coarse, (height, width), mode="bicubic")
        noise = torch.rand(self.crops, 1, 1, 1, generator=random)
        noisy = smooth + 0.3 * noise * torch.randn(smooth.shape, generator=random)
        images = noisy.clamp(0, 1).mul(2).sub(1)
        quality = 1 - noise.flatten()
        return (
            images.to(self.device).contiguous(memory_format=torch.channels_last),
            quality.to(self.device),
        )


def harness(
    model: str, request: ModelRequest, work: Networks, tiny: bool, tell: Callable[..., None]
) -> None:
    """Compare an epoch and a prediction by ``iqabench.run`` with bare loops over tensors."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        catalog = generated_set(root, CONTENTS if not tiny else 5, LEVELS if not tiny else 2)
        fits = {epochs: _run(model, root, catalog, epochs, tiny) for epochs in EPOCHS}
        paths = sorted((root / "pictures").glob("*.png"))
        start = time.perf_counter()
        for path in paths:
            np.asarray(Image.open(path).convert("RGB"))
        decoding = (time.perf_counter() - start) / len(paths)
    fitted, predicted = fits[EPOCHS[1]]["fit"], fits[EPOCHS[1]]["predict"]
    steps = -(-fitted.pictures * request.recipe.train_crops // request.recipe.batch_size)
    epoch = (fitted.seconds - fits[EPOCHS[0]]["fit"].seconds) / (EPOCHS[1] - EPOCHS[0])
    bare = work.speed("fp32", compiled=False)
    recipe = request.recipe
    height, width = recipe.crop or (224, 224)  # of what the bare loop predicts
    whole = SIDES[0] * SIDES[1] / (height * width)
    crops = whole if recipe.test_crop_kind == "whole" else recipe.test_crops
    picture = crops / bare["predict_per_s"] + decoding
    # Every epoch ends with the validation part.
    loop = steps * bare["step_ms"] / 1e3 + fitted.validated * picture
    tell(precision="fp32", epoch_s=epoch, steps=steps, bare_epoch_s=loop)
    tested, taken = predicted.pictures, predicted.seconds
    tell(precision="fp32", pictures=tested, picture_s=taken / tested, bare_picture_s=picture)


def generated_set(root: Path, contents: int, levels: int) -> Path:
    """Write noisy pictures and their labels; returns a catalogue that names them ``generated``."""
    random, rows = np.random.default_rng(0), ["image,content,mos"]
    (root / "pictures").mkdir()
    for content in range(contents):
        coarse = Image.fromarray(random.integers(0, 256, (6, 8, 3), dtype=np.uint8))
        smooth = np.asarray(coarse.resize(SIDES, Image.Resampling.BICUBIC), dtype=float)
        for level in range(levels):
            noisy = np.clip(smooth + random.normal(0, 4 * level + 1, smooth.shape), 0, 255)
            name = f"{content}_{level}.png"
            Image.fromarray(noisy.astype(np.uint8)).save(root / "pictures" / name)
            rows.append(f"{name},{content},{100 - 5 * level}")
    (root / "pictures" / "labels.csv").write_text("\n".join([*rows, ""]))
    entry = {
        "reader": "csv",
        "root": str(root / "pictures"),
        "labels": "labels.csv",
        "columns": {name: name for name in ("image", "content", "mos")},
        "score_range": [0, 100],
    }
    catalog = root / "catalog.yaml"
    catalog.write_text(json.dumps({"datasets": {"generated": entry}}))  # JSON is YAML
    return catalog


class Job(NamedTuple):
    """What a job of the harness did: pictures that were trained on or scored, pictures of the
    validation part, and seconds."""

    pictures: int
    validated: int
    seconds: float


def _run(model: str, root: Path, catalog: Path, epochs: int, tiny: bool) -> dict[str, Job]:
    """The fit and the predict job of a run of so many epochs."""
    own = registry().model(model).tiny if tiny else {}
    fields = {**own, "recipe.epochs": epochs, "recipe.patience": None}
    session = Session(catalog, store=root / f"store-{epochs}", device="cpu" if tiny else "cuda")
    changes = [f"{model}.{key}={_written(value)}" for key, value in fields.items()]
    results = iqabench.run(
        model,
        "generated",
        seeds=1,
        set=changes,
        choices=Choices(init="random"),
        session=session,
    )
    (evaluation,) = results.store.evaluations()
    split = results.store.split(evaluation.split or "")
    held = set(split.validation) if split is not None else set()
    validated = int(session.dataset("generated").table["content"].isin(held).sum())
    found = {}
    for job in results.store.jobs():
        record = job.record
        if not record.done:
            raise SystemExit(f"{record.title} failed: {record.error}")
        found[record.identity.kind] = Job(record.images or 0, validated, record.seconds)
    return found


def _written(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return "none" if value is None else str(value)


@contextmanager
def mode(precision: str) -> Iterator[None]:
    """Allow TF32 in ``tf32``, forbid it otherwise."""
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")
    torch.backends.cudnn.allow_tf32 = precision == "tf32"
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before[0])
        torch.backends.cudnn.allow_tf32 = before[1]
