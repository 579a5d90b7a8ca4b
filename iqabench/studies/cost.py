"""What a network costs: size, multiplications, memory and time, each in a process of its own.

Fresh processes keep one model's memory out of another's peak; models take turns, so that a machine
whose speed drifts does so for all of them.
"""

from __future__ import annotations

import multiprocessing
import resource
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from iqabench.contract.cards import Recipe
from iqabench.contract.errors import IqabenchError, UsageError
from iqabench.engine.progress import Watcher
from iqabench.protocols.requests import Choices, ModelRequest, resolve
from iqabench.registry import registry

ROUNDS = 2
REPEATS = 3


def compare(
    models: Sequence[str],
    set: Sequence[str] = (),
    choices: Choices | None = None,
    *,
    watch: Watcher,
) -> list[dict[str, Any]]:
    """One row per network: ``parameters_m``, ``size_mib``, ``macs_g`` (of one crop), ``crop``,
    ``batch``, ``seconds_per_step``, ``seconds_per_crop``, ``peak_memory_mib`` of a step.

    Weights are random: they change no cost, and none need be at hand. A model whose optional
    library is missing is left out, with a line that says so.
    """
    chosen = replace(choices or Choices(), weights="train", init="random", saliency=None)
    requests = []
    for model in models:
        own = [text for text in set if text.startswith(f"{model.partition('=')[0]}.")]
        try:
            requests += resolve(registry(), [model], own, chosen)
        except IqabenchError as error:
            watch.say(f"left out: {error.message}")
    for request in requests:
        if request.card.kind != "trainable":
            raise UsageError(f"'{request.label}' is no network", "cost compares networks")
    found: dict[str, list[dict[str, float]]] = {request.label: [] for request in requests}
    with watch.task("measuring cost") as tick:
        for turn in range(ROUNDS):
            for number, request in enumerate(requests):
                tick(turn * len(requests) + number, ROUNDS * len(requests), request.label)
                found[request.label].append(_in_fresh_process(request))
    return [_row(request, found[request.label]) for request in requests]


def _row(request: ModelRequest, rounds: list[dict[str, float]]) -> dict[str, Any]:
    crop = request.recipe.crop or (224, 224)
    return {
        "model": request.label,
        "crop": f"{crop[0]}x{crop[1]}",
        "batch": request.recipe.batch_size,
        **{key: statistics.median(one[key] for one in rounds) for key in rounds[0]},
    }


def _in_fresh_process(request: ModelRequest) -> dict[str, float]:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measure, (request,))


def measure(request: ModelRequest) -> dict[str, float]:
    """Build a network and measure it; meant to be called in a process of its own."""
    import torch

    from iqabench.contract.models import network

    torch.manual_seed(0)
    net = network(request.build()).to(request.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    crop = request.recipe.crop or (224, 224)
    with_maps = request.card.saliency == "input"
    one = _inputs(1, crop, request.device, with_maps)
    parameters = sum(tensor.numel() for tensor in net.parameters())
    stored = sum(tensor.numel() * tensor.element_size() for tensor in net.state_dict().values())
    net.eval()
    with torch.inference_mode():
        seconds = _timed(lambda: net(*one), request.device)
    macs = _macs(net, one)
    before = _memory(request.device)
    step = _timed(
        _step(
            net,
            request.recipe,
            crop,
            request.device,
            request.card.saliency != "none",
            request.precision,
        ),
        request.device,
    )
    return {
        "parameters_m": parameters / 1e6,
        "size_mib": stored / 2**20,
        "macs_g": macs / 1e9,
        "seconds_per_crop": seconds,
        "seconds_per_step": step,
        "peak_memory_mib": (_memory(request.device) - before) / 2**20,
    }


def _inputs(batch: int, crop: tuple[int, int], device: str, with_maps: bool) -> list[Any]:
    import torch

    images = torch.rand(batch, 3, *crop, device=device)
    images = images.contiguous(memory_format=torch.channels_last)
    return [images, torch.rand(batch, 1, *crop, device=device)] if with_maps else [images]


def _step(
    net: Any, recipe: Recipe, crop: tuple[int, int], device: str, with_maps: bool, precision: str
) -> Any:
    import torch

    from iqabench.contract.models import Batch
    from iqabench.engine.fit import make_optimizer

    net.train()
    batch = recipe.batch_size
    optimizer = make_optimizer(net, recipe.stages[-1])
    images = _inputs(batch, crop, device, False)[0]
    maps = torch.rand(batch, 1, *crop, device=device) if with_maps else None
    data = Batch(images, torch.rand(batch, device=device), maps, torch.arange(batch, device=device))

    def step() -> None:
        optimizer.zero_grad()
        with torch.autocast(device, dtype=torch.bfloat16, enabled=precision == "bf16"):
            losses = net.losses(data)
        sum(losses.values()).backward()
        optimizer.step()

    return step


def _timed(act: Any, device: str) -> float:
    """Median seconds of a few calls after one that warms up."""
    import torch

    times = []
    for _ in range(1 + REPEATS):
        start = time.perf_counter()
        act()
        if device == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def _macs(net: Any, inputs: list[Any]) -> float:
    """Multiply-accumulates of one forward pass, as torch's own counter sees them."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter, torch.no_grad():
        net(*inputs)
    return float(counter.get_total_flops()) / 2


def _memory(device: str) -> float:
    """Highest memory so far in bytes: of the GPU, or of the process."""
    if device == "cuda":
        import torch

        return float(torch.cuda.max_memory_allocated())
    unit = 1 if sys.platform == "darwin" else 1024
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)


def with_ratios(rows: Sequence[Mapping[str, Any]], base: str) -> list[dict[str, Any]]:
    """Rows with the time of a step relative to that of the model named ``base``, if measured."""
    reference = next((row for row in rows if row["model"] == base), None)
    return [
        {
            **row,
            "step_ratio": row["seconds_per_step"] / reference["seconds_per_step"]
            if reference
            else None,
        }
        for row in rows
    ]
