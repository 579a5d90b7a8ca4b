import json

import numpy as np
import pytest
from safetensors import safe_open

from iqabench.contract import DataError
from iqabench.engine.label_scale import LabelScale


@pytest.mark.parametrize("model", ["toy-network", "toy-estimator"])
def test_labels_are_scaled_on_the_training_part_alone(made, model, weights_of, parts):
    seen = set()
    for evaluation in made(model, seeds=4):
        train, _ = parts(evaluation)
        with safe_open(weights_of(evaluation), "np") as stored:
            scale = tuple(json.loads(stored.metadata()["scale"]))
        assert scale == (train["quality"].min(), train["quality"].max())
        seen.add(scale)
    assert len(seen) > 1


def test_predictions_are_in_the_training_sets_units(made, predictions, parts):
    evaluation = made("toy-network", ["toy-network.fault=constant"])  # 0.25 on the scaled labels
    train, _ = parts(evaluation)
    low, high = train["quality"].min(), train["quality"].max()
    found = predictions(evaluation)["prediction"]
    np.testing.assert_allclose(found, low + 0.25 * (high - low), rtol=1e-6)


def test_scale():
    scale = LabelScale.of(np.array([2.0, 4.0, 3.0]))
    np.testing.assert_array_equal(scale.down(np.array([2.0, 3.0, 5.0])), [0, 0.5, 1.5])
    assert scale.up(0.5) == 3
    again = LabelScale.from_metadata(scale.metadata())
    assert (again.low, again.high) == (2, 4)
    with pytest.raises(DataError, match="every training label is the same"):
        LabelScale.of(np.ones(3))
