"""Four epochs in a go and two epochs twice give bit for bit the same BioSIQNet."""

import numpy as np
import pytest
import torch

from iqabench.api.session import Session
from iqabench.engine.checkpoints import plain_state
from iqabench.engine.crops import TrainingCrops
from iqabench.engine.training import fit_network
from iqabench.engine.training_module import Course
from iqabench.protocols.choices import Choices
from iqabench.protocols.requests import resolve
from iqabench.registry import registry
from iqabench.saliency.maps import MapSource

pytestmark = pytest.mark.usefixtures("one_thread")


class PowerCut(Exception):
    """Ends a training after its second epoch."""


@pytest.mark.parametrize("name", ["biosiqnet-lite", "biosiqnet-vgg19", "biosiqnet"])
def test_resuming_changes_nothing(little, tmp_path, name):
    session = Session(little.catalog)
    dataset = session.dataset(little.name)
    overrides = [f"{name}.recipe.{text}" for text in ("epochs=4", "batch_size=4", "select=last")]
    (request,) = resolve(registry(), [name], overrides, Choices(init="random", tiny=True))
    names = list(dataset.table["image"][:8])
    maps = MapSource(request.saliency)
    maps.make(dataset, names, lambda *_: None)
    quality = np.linspace(0, 1, 8, dtype=np.float32)
    crops = TrainingCrops(dataset, names, quality, request.recipe, maps, 0)

    def train(folder, seed, epochs=None):
        torch.manual_seed(seed)
        model, seen = request.build(), []

        def validate(network):
            seen.append(network)
            if len(seen) == epochs:
                raise PowerCut
            return 0.0

        (tmp_path / folder).mkdir(exist_ok=True)
        place = (tmp_path / folder, "cpu", "fp32", lambda *_: None)
        history = fit_network(Course(model, request.recipe, crops, validate, *place))
        return plain_state(model), history, len(seen)

    whole, history, _ = train("whole", seed=0)
    with pytest.raises(PowerCut):
        train("cut", seed=0, epochs=3)
    resumed, _, epochs = train("cut", seed=1)
    assert epochs == 2  # the third, lost in the cut, and the fourth
    assert [epoch.epoch for epoch in history] == [0, 1, 2, 3]
    assert {"quality", "low", "high"} <= history[0].losses.keys()
    assert all(torch.equal(whole[key], resumed[key]) for key in whole)
