"""The full-size networks of the paper make one optimiser step."""

import pytest
import torch

from iqabench.contract import Batch
from iqabench.protocols.choices import Choices
from iqabench.protocols.requests import resolve
from iqabench.registry import registry


@pytest.mark.slow
@pytest.mark.parametrize("name", ["biosiqnet", "biosiqnet-vgg19"])
def test_full_size_makes_one_step(name):
    request = resolve(registry(), [name], [], Choices(init="random"))[0]
    net = request.build()
    random = torch.Generator().manual_seed(0)
    height, width = request.recipe.crop
    two = Batch(
        torch.rand(2, 3, height, width, generator=random),
        torch.tensor([0.2, 0.8]),
        torch.rand(2, 1, height, width, generator=random),
        torch.arange(2),
    )
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-4)
    before = {name: value.detach().clone() for name, value in net.named_parameters()}
    loss = sum(net.losses(two).values())
    loss.backward()
    assert torch.isfinite(loss)
    unused = [name for name, value in net.named_parameters() if value.grad is None]
    assert unused == []
    optimizer.step()
    moved = sum(bool((value != before[name]).any()) for name, value in net.named_parameters())
    assert moved > 0.9 * len(before)
