"""What the tests of every network do alike: a few steps of training, and a run from outside."""

import json

import pytest
import torch
from click.testing import CliRunner
from torch.nn import functional

from iqabench.cli import cli
from iqabench.contract import Batch


def batch(size=(96, 96), count=2, seed=0):
    """Normal noise with quality and saliency, the same for equal arguments."""
    random = torch.Generator().manual_seed(seed)
    saliency = torch.rand(count, 1, *size, generator=random) ** 2
    return Batch(
        images=torch.randn(count, 3, *size, generator=random),
        quality=torch.linspace(0.1, 0.9, count),
        saliency=saliency / saliency.amax((2, 3), keepdim=True),
        index=torch.arange(count),
    )


def course(model, given, lr=1e-3, steps=40):
    """The losses before each step of Adam on one batch."""
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    found = []
    for _ in range(steps):
        losses = model.losses(given)
        optimizer.zero_grad()
        sum(losses.values()).backward()
        optimizer.step()
        found.append({name: float(loss.detach()) for name, loss in losses.items()})
    return found


def silent(model, given):
    """Names of the parameters that no gradient reaches in two steps."""
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
    for _ in range(2):  # a residual block starts with a scale of zero: its inside moves later
        optimizer.zero_grad()
        sum(model.losses(given).values()).backward()
        optimizer.step()
    return [name for name, tensor in model.named_parameters() if not bool(tensor.grad.any())]


def tiny_run(models, little, store):
    """The leaderboard's rows of a run of tiny models from the command line."""
    words = [
        *("run", "--tiny", "--init", "random", "--models", models),
        *("--datasets", "little", "--seeds", "1", "--device", "cpu", "--quiet"),
        *("--catalog", str(little.catalog), "--store", str(store), "--format", "json"),
    ]
    shown = CliRunner().invoke(cli, words)
    assert shown.exit_code == 0, shown.output
    return json.loads(shown.output)


def needs_attention_in_bf16():
    """Skips where torch refuses attention in bf16: its kernel asks the processor whether it has
    AVX-512, which ATEN_CPU_CAPABILITY then hides from a part of that kernel.
    """
    one = torch.rand(1, 2, 256, 32, dtype=torch.bfloat16, requires_grad=True)
    try:
        functional.scaled_dot_product_attention(one, one, one).sum().backward()
    except RuntimeError as error:
        if "pack_vnni2" not in str(error):
            raise
        pytest.skip(f"torch has no attention in bf16 here: {error}")
