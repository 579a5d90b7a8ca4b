"""Measures the cost of networks: size, multiplications, memory and time.

Each measurement runs in a fresh process, so that one model's memory does not count in another
model's peak. The models take turns, so that a drift of the machine's speed affects all of them.
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

from iqabench.api.session import Session, in_use, listed
from iqabench.contract.cards import Recipe
from iqabench.contract.errors import MissingDependencyError, UsageError
from iqabench.protocols.choices import Choices
from iqabench.protocols.requests import ModelRequest

ROUNDS = 2
REPEATS = 3
LONG = 5.0
"""Seconds of a call that is not repeated: what disturbs it is small beside it."""


def cost(
    models: str | Sequence[str],
    *,
    set: str | Sequence[str] = (),
    choices: Choices | None = None,
    base: str = "",
    session: Session | None = None,
) -> list[dict[str, Any]]:
    """Measure the cost of networks, one row per network.

    Weights are random, because they do not change the cost and need not be downloaded. A model
    whose optional library is missing is left out, and a line with the reason is shown.

    Args:
        models: names or ``label=name``.
        set: overrides, ``label.option=value``.
        choices: as for :func:`iqabench.run`; weights, initialisation and saliency provider have
            no effect.
        base: label of one of the models, for ``step_ratio``; may be empty.
        session: device, precision and progress.

    Returns:
        ``model``; ``crop``; ``batch``; ``parameters_m`` (millions); ``size_mib``; ``macs_g``
        (10^9 multiply-accumulates for one crop); ``seconds_per_crop``; ``seconds_per_step`` and
        ``peak_memory_mib`` of a training step. With ``base`` also ``step_ratio``: the time of a
        step divided by that of the model ``base``; None if that model was left out.

    Raises:
        UsageError: a model is no network, or a name or an override is wrong.
    """
    session = in_use(session)
    chosen = replace(choices or Choices(), weights="train", init="random", saliency=None)
    requests = _networks(listed(models), listed(set), chosen, session)
    found: dict[str, list[dict[str, float]]] = {request.label: [] for request in requests}
    with session.watch.task("measuring cost") as tick:
        for turn in range(ROUNDS):
            for number, request in enumerate(requests):
                tick(turn * len(requests) + number, ROUNDS * len(requests), request.label)
                found[request.label].append(_in_fresh_process(request))
    rows = [_row(request, found[request.label]) for request in requests]
    return _with_ratios(rows, base) if base else rows


def _networks(
    models: Sequence[str], overrides: Sequence[str], choices: Choices, session: Session
) -> list[ModelRequest]:
    """The requested networks, without those whose library is missing."""
    requests = []
    for model in models:
        own = [text for text in overrides if text.startswith(f"{model.partition('=')[0]}.")]
        try:
            requests += session.requests([model], own, choices)
        except MissingDependencyError as error:
            session.watch.say(f"left out: {error.message}")
    for request in requests:
        if not request.kind.has_recipe:
            raise UsageError(f"'{request.label}' is no network", "cost compares networks")
    return requests


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
    """Build a network and measure it; call this in a fresh process."""
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
    from iqabench.engine.optimizers import make_optimizer

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
    """Median seconds of a few calls, or of one that is long, after a first call to warm up."""
    import torch

    times = []
    for _ in range(1 + REPEATS):
        start = time.perf_counter()
        act()
        if device == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
        if len(times) > 1 and times[-1] > LONG:
            break
    return statistics.median(times[1:])


def _macs(net: Any, inputs: list[Any]) -> float:
    """Multiply-accumulates of one forward pass: half the operations that torch counts."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter, torch.no_grad():
        net(*inputs)
    return float(counter.get_total_flops()) / 2


def _memory(device: str) -> float:
    """Peak memory so far in bytes: of the GPU with CUDA, else of the process."""
    if device == "cuda":
        import torch

        return float(torch.cuda.max_memory_allocated())
    unit = 1 if sys.platform == "darwin" else 1024
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)


def _with_ratios(rows: Sequence[Mapping[str, Any]], base: str) -> list[dict[str, Any]]:
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
