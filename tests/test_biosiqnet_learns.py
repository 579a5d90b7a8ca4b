"""Every encoder family can learn eight pictures by heart: quality and both saliency maps."""

import pytest
import torch

from iqabench.contract import Batch
from iqabench.kit.saliency import decompose
from iqabench.protocols.requests import Choices, resolve
from iqabench.registry import registry

LEAST = -3.0
"""5 KLD - 2 CC - SIM of a perfect map."""


def build(name, *overrides):
    request = resolve(
        registry(),
        [name],
        [f"{name}.{text}" for text in overrides],
        Choices(init="random", tiny=True),
    )[0]
    torch.manual_seed(0)
    return request.build(), request.recipe.crop


def eight_pictures(crop):
    """Pictures that show a bright spot in red (high) and a dim one in green (low), and noise."""
    height, width = crop
    random = torch.Generator().manual_seed(0)
    images = torch.rand(8, 3, height, width, generator=random)
    y = torch.linspace(0, 1, height)[:, None]
    x = torch.linspace(0, 1, width)[None]
    maps = []
    for number in range(8):
        (ay, ax), (by, bx) = torch.rand(2, 2, generator=random) * 0.6 + 0.2
        bright = torch.exp(-((y - ay) ** 2 + (x - ax) ** 2) / 0.02)
        dim = 0.3 * torch.exp(-((y - by) ** 2 + (x - bx) ** 2) / 0.05)
        found = torch.maximum(bright, dim)
        maps.append(found / found.max())
        images[number, 0], images[number, 1] = bright, 3 * dim
    saliency = torch.stack(maps)[:, None]
    return Batch(images, torch.linspace(0, 1, 8), saliency, torch.arange(8))


def losses_after(net, batch, steps, lr):
    net.train()
    for module in net.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    optimizer = torch.optim.Adam(net.parameters(), lr=lr)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps)
    first = None
    for _ in range(steps):
        losses = net.losses(batch)
        first = first or {name: float(loss) for name, loss in losses.items()}
        optimizer.zero_grad()
        sum(losses.values()).backward()
        optimizer.step()
        schedule.step()
    return first, {name: float(loss) for name, loss in net.losses(batch).items()}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "overrides", "steps", "lr"),
    [
        ("biosiqnet-lite", (), 300, 5e-3),
        ("biosiqnet-resnet50", ("recipe.crop=64,64",), 300, 5e-3),
        ("biosiqnet", (), 300, 2e-3),
    ],
)
def test_eight_pictures_are_learnt_by_heart(name, overrides, steps, lr):
    net, crop = build(name, *overrides)
    batch = eight_pictures(crop)
    low, high = decompose(batch.saliency, 120)
    assert low.flatten(1).sum(1).gt(0).all() and high.flatten(1).sum(1).gt(0).all()
    first, last = losses_after(net, batch, steps, lr)
    assert last["quality"] < 0.1 * first["quality"]
    for branch in ("low", "high"):
        assert last[branch] < LEAST + 0.1 * (first[branch] - LEAST), (branch, first, last)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["biosiqnet", "biosiqnet-vgg19"])
def test_full_size_makes_one_step(name):
    request = resolve(registry(), [name], [], Choices(init="random"))[0]
    net = request.build()
    batch = eight_pictures(request.recipe.crop)
    two = Batch(batch.images[:2], batch.quality[:2], batch.saliency[:2], batch.index[:2])
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
