"""What the tests of every network do alike: a few steps of training, and a run from outside."""

import json

import torch
from click.testing import CliRunner

from iqabench.cli import cli


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
