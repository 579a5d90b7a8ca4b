import pytest
import torch
from torch import nn

from iqabench.contract import Stage
from iqabench.engine.optimizers import make_optimizer


class Grouped(nn.Module):
    """Two parameters in two groups, and a group without any."""

    def __init__(self):
        super().__init__()
        self.slow, self.fast = (nn.Parameter(torch.zeros(())) for _ in range(2))

    def parameter_groups(self, stage):
        return {"slow": [self.slow], "fast": [self.fast], "none": []}


@pytest.mark.parametrize(
    ("name", "kind"),
    [("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW), ("sgd", torch.optim.SGD)],
)
def test_optimisers(name, kind):
    stage = Stage(optimizer=name, lr=0.02, weight_decay=0.3, momentum=0.7, lr_groups={"fast": 5})
    optimizer = make_optimizer(Grouped(), stage)
    assert type(optimizer) is kind
    assert [group["lr"] for group in optimizer.param_groups] == [0.02, 0.1]
    assert {group["weight_decay"] for group in optimizer.param_groups} == {0.3}
    assert {group.get("momentum") for group in optimizer.param_groups} == (
        {0.7} if name == "sgd" else {None}
    )
    plain = make_optimizer(nn.Linear(2, 1), stage)
    assert [len(group["params"]) for group in plain.param_groups] == [2]
