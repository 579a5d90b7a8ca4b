"""Checks of networks: their losses, that they learn, and that training goes on where it stopped."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from iqabench.contract.models import Batch, network
from iqabench.engine.crops import normalise
from iqabench.engine.optimizers import frozen, make_optimizer
from iqabench.protocols.recipes import COMMON
from iqabench.protocols.requests import ModelRequest
from iqabench.testing import samples
from iqabench.testing.findings import Broken, Check, NotApplicable
from iqabench.testing.outputs import BASE, Subject

if TYPE_CHECKING:
    from torch import Tensor

PICTURES, STEPS, ENOUGH = 8, 20, 0.05
"""Number of pictures to learn from, the most steps, and the share of the first loss by which it has
to fall so that no further step is needed."""


def network_subject(request: ModelRequest) -> Subject:
    """A network under test; the engine crops and normalises pictures before they reach it."""
    size = request.recipe.crop or BASE
    return Subject(
        what="forward",
        build=lambda: _built(request, seed=0).eval(),
        outputs=lambda model, images: _scores(request, model, images),
        shape=lambda images: (len(images),),
        like=lambda model: _like(request, model),
        size=size,
        slack=1.0 if request.device == "cpu" else 10.0,
        fixed=f"the engine gives it crops of {size[0]}x{size[1]}" if request.recipe.crop else "",
    )


def network_checks(request: ModelRequest, subject: Subject) -> Iterator[Check]:
    """The checks that hold for networks only."""
    yield "other crops", lambda: _other_crop(request, subject)
    yield "device", lambda: _device(request, subject)
    yield "losses", lambda: _losses(request)
    yield "learns", lambda: _learns(request)
    # Kernels of GPUs add up in any order, and Adam makes much of it: this is asked on the CPU.
    yield "resumes", lambda: _resumes(replace(request, device="cpu"))


def _built(request: ModelRequest, seed: int) -> Any:
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        try:
            model = network(request.build())
        except TypeError as error:
            raise Broken(f"{request.card.factory} gives no network: {error}") from error
    return model.to(request.device)


def _like(request: ModelRequest, model: Any) -> Any:
    """Another network, begun from other random numbers, with the weights of the first."""
    other = _built(request, seed=1)
    try:
        other.load_state_dict(copy.deepcopy(model.state_dict()))
    except Exception as error:
        first = next(iter(str(error).splitlines()), "")
        raise Broken(f"its state_dict() does not load into another network: {first}") from error
    return other.eval()


def _inputs(request: ModelRequest, images: Tensor) -> tuple[Tensor, ...]:
    """Normalised crops and, if the network takes it, saliency, on the device."""
    crops = normalise(images.to(request.device), request.recipe)
    return (crops, _maps(crops)) if request.card.saliency == "input" else (crops,)


def _maps(images: Tensor) -> Tensor:
    """A map for each picture, (B, 1, h, w) in [0, 1] with maximum 1: where it is bright."""
    bright = images.mean(1, keepdim=True)
    low, high = bright.amin((2, 3), keepdim=True), bright.amax((2, 3), keepdim=True)
    return ((bright - low) / (high - low).clamp_min(1e-6)).clamp(0, 1)


def _scores(request: ModelRequest, model: Any, images: Tensor) -> Any:
    import torch

    with torch.inference_mode():
        found = model(*_inputs(request, images))
    return found.cpu() if isinstance(found, torch.Tensor) else found


def _other_crop(request: ModelRequest, subject: Subject) -> None:
    """A network whose card does not say otherwise takes the crops of ``--recipe common``."""
    if request.card.fixed_crop:
        raise NotApplicable("the card says fixed_crop")
    size = COMMON.crop or subject.size
    try:
        subject.of(subject.batch(1, size))
    except Broken:
        raise
    except Exception as error:
        raise Broken(
            f"crops of {size[0]}x{size[1]}, as --recipe common has them, raise "
            f"{type(error).__name__}: say fixed_crop=True on the card if it takes one size only"
        ) from error


def _device(request: ModelRequest, subject: Subject) -> str:
    kinds = {tensor.device.type for tensor in subject.part.state_dict().values()}
    if kinds - {request.device}:
        raise Broken(f"after .to('{request.device}') some of its tensors are on {sorted(kinds)}")
    return request.device


def _batch(request: ModelRequest) -> Batch:
    """Eight pictures; the noisier, the lower their quality."""
    import torch

    crops = normalise(
        samples.pictures(PICTURES, *(request.recipe.crop or (96, 96))).to(request.device),
        request.recipe,
    )
    quality = torch.linspace(1, 0, PICTURES, device=request.device)
    maps = _maps(crops) if request.card.saliency != "none" else None
    return Batch(crops, quality, maps, torch.arange(PICTURES, device=request.device))


def _total(model: Any, batch: Batch, request: ModelRequest) -> Tensor:
    """The sum of the losses, each times its weight; dropout is the same in every call."""
    import torch

    torch.manual_seed(7)
    losses = model.losses(batch)
    if not isinstance(losses, dict) or not losses:
        raise Broken(f"losses returned {type(losses).__name__}, not a dict with a loss")
    for name, loss in losses.items():
        if not isinstance(loss, torch.Tensor) or loss.shape != ():
            shape = tuple(getattr(loss, "shape", ())) or type(loss).__name__
            raise Broken(f"loss '{name}' is no single number, but {shape}")
        if not bool(torch.isfinite(loss)):
            raise Broken(f"loss '{name}' is {float(loss)}")
    weights = request.recipe.loss_weights
    unknown = sorted(set(weights) - set(losses))
    if unknown:
        raise Broken(f"the recipe weighs losses that the model does not have: {unknown}")
    total: Tensor = sum(
        (weights.get(name, 1.0) * loss for name, loss in losses.items()),
        start=torch.zeros((), device=request.device),
    )
    return total


def _losses(request: ModelRequest) -> None:
    import torch

    model = _built(request, seed=0).train()
    with torch.random.fork_rng(devices=[]):
        _prepare(model, request)
        total = _total(model, _batch(request), request)
    if not total.requires_grad:
        raise Broken("no gradient goes from the losses to the parameters; is something detached?")
    torch.autograd.backward(total)
    learnt = [tensor for tensor in model.parameters() if tensor.grad is not None]
    if not any(bool(tensor.grad.any()) for tensor in learnt):
        raise Broken("the gradient of the losses is zero for every parameter")


def _prepare(model: Any, request: ModelRequest) -> None:
    """Let a network that wants to prepare itself do so, as the engine does."""
    import torch

    if callable(getattr(model, "prepare", None)):
        batch = _batch(request)
        model.eval()
        with torch.no_grad():
            model.prepare(
                Batch(
                    batch.images[i : i + 1], batch.quality[i : i + 1], None, batch.index[i : i + 1]
                )
                for i in range(PICTURES)
            )
        model.train()


def _trained(
    model: Any, optimizer: Any, request: ModelRequest, steps: int, enough: float = math.inf
) -> list[float]:
    """The loss before each step; the last is the first that has fallen enough."""
    import torch

    batch, found = _batch(request), list[float]()
    while len(found) < steps and not (found and found[0] - found[-1] > enough * abs(found[0])):
        total = _total(model, batch, request)
        optimizer.zero_grad()
        torch.autograd.backward(total)
        optimizer.step()
        found.append(float(total.detach()))
    return found


def _learns(request: ModelRequest) -> str:
    import torch

    stage = request.recipe.stages[0]
    model = _built(request, seed=0)
    with torch.random.fork_rng(devices=[]), frozen(model, stage.freeze):
        _prepare(model, request)
        model.train()
        losses = _trained(model, make_optimizer(model, stage), request, STEPS, ENOUGH)
    if not losses[-1] < losses[0]:
        raise Broken(
            f"on {PICTURES} pictures the loss does not fall in {STEPS} steps: {losses[0]:.4g}, "
            f"then {losses[-1]:.4g}"
        )
    return f"loss {losses[0]:.4g}, after {len(losses) - 1} steps {losses[-1]:.4g}"


def _resumes(request: ModelRequest) -> None:
    """Train in one go, and with a stop between; what the engine keeps of a stop is restored."""
    import torch

    stage = request.recipe.stages[0]
    with torch.random.fork_rng(devices=[]):
        model = _built(request, seed=0)
        _prepare(model, request)
        model.train()
        optimizer = make_optimizer(model, stage)
        _trained(model, optimizer, request, 2)
        kept = copy.deepcopy((model.state_dict(), optimizer.state_dict()))
        _trained(model, optimizer, request, 1)
        other = _built(request, seed=1).train()
        other.load_state_dict(kept[0])
        resumed = make_optimizer(other, stage)
        resumed.load_state_dict(kept[1])
        _trained(other, resumed, request, 1)
    for name, tensor in model.state_dict().items():
        there = other.state_dict()[name]
        if not torch.allclose(tensor.float(), there.float(), rtol=1e-3, atol=1e-5):
            raise Broken(
                f"training that stops and goes on ends elsewhere ({name} differs): keep everything "
                "that training changes in parameters or buffers"
            )
