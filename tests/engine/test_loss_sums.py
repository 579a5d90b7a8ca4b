import math

import pytest
import torch

from iqabench.contract import ScoreError
from iqabench.engine.loss_sums import Sums


def step(sums, pictures=1, **values):
    losses = {name: torch.tensor(value, requires_grad=True) for name, value in values.items()}
    sums.add(losses, sum(losses.values()), pictures)


def test_sums_are_weighted_by_pictures_in_double_precision():
    sums = Sums()
    step(sums, 3, a=0.1, b=2.0)
    step(sums, 1, b=4.0, a=0.3)
    sums.check(0)
    a, b = (float(torch.tensor(value)) for value in (0.1, 0.3))
    assert sums.means(4) == {"a": (a * 3 + b) / 4, "b": 2.5}


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_the_first_step_that_is_not_finite_is_told_however_late_one_looks(bad):
    sums = Sums()
    step(sums, a=1.0, b=2.0)
    step(sums, a=0.5, b=bad)
    step(sums, a=math.nan, b=7.0)
    step(sums, a=1.0, b=1.0)
    with pytest.raises(ScoreError, match=f"not finite in epoch 4: a 0.5, b {bad:.3g}"):
        sums.check(4)


def test_an_epoch_without_steps_is_sound():
    Sums().check(0)
    assert Sums().means(1) == {}
