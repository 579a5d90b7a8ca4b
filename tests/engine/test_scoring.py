import json

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from iqabench import api
from iqabench.api import Choices, Session
from iqabench.contract import DataError, WeightsError
from iqabench.engine.execute import execute
from iqabench.engine.fitting import Scale
from iqabench.engine.progress import Silent
from iqabench.engine.scoring import load_weights, scorer_for
from iqabench.store import Store


@pytest.fixture
def made(little, store):
    """Plans a model's repetitions, makes the jobs and returns the evaluations; one as itself."""

    def make(model, set=(), store=store, seeds=1, **choices):
        plan = api.plan(
            [model],
            ["little"],
            seeds=seeds,
            set=set,
            choices=Choices(**choices),
            session=Session(little.catalog),
        )
        execute(plan, Store(store), Silent())
        return plan.evaluations if seeds > 1 else plan.evaluations[0]

    return make


def weights(store, evaluation):
    return store / "jobs" / evaluation.predict.fit.fingerprint / "weights.safetensors"


def predictions(store, evaluation):
    return Store(store).predictions(evaluation.predict.fingerprint)


def parts(evaluation):
    """Labels of the training and the test part."""
    table = evaluation.test.table
    split = evaluation.split
    return (table[table["content"].isin(part)] for part in (split.train, split.test))


@pytest.mark.parametrize("model", ["toy-network", "toy-estimator"])
def test_labels_are_scaled_on_the_training_part_alone(made, store, model):
    seen = set()
    for evaluation in made(model, seeds=4):
        train, _ = parts(evaluation)
        with safe_open(weights(store, evaluation), "np") as stored:
            scale = tuple(json.loads(stored.metadata()["scale"]))
        assert scale == (train["quality"].min(), train["quality"].max())
        seen.add(scale)
    assert len(seen) > 1


def test_predictions_are_in_the_training_sets_units(made, store):
    evaluation = made("toy-network", ["toy-network.fault=constant"])  # 0.25 on the scaled labels
    train, _ = parts(evaluation)
    low, high = train["quality"].min(), train["quality"].max()
    found = predictions(store, evaluation)["prediction"]
    np.testing.assert_allclose(found, low + 0.25 * (high - low), rtol=1e-6)


def test_an_estimator_is_stored_as_arrays_and_gives_the_same_again(made, store, toy):
    evaluation = made("toy-estimator")
    train, test = parts(evaluation)
    fresh = toy.Estimator(toy.Options())

    def features(table):
        from PIL import Image

        pictures = [Image.open(evaluation.test.root / name) for name in table["image"]]
        return np.vstack(
            [
                fresh.features(torch.tensor(np.asarray(picture) / 255).permute(2, 0, 1)[None])
                for picture in pictures
            ]
        )

    low, high = train["quality"].min(), train["quality"].max()
    fresh.fit(features(train), ((train["quality"] - low) / (high - low)).to_numpy())
    expected = low + (high - low) * fresh.predict(features(test))
    stored = predictions(store, evaluation).set_index("image")["prediction"]
    np.testing.assert_allclose(stored[test["image"]], expected, atol=1e-5)
    with safe_open(weights(store, evaluation), "np") as file:
        np.testing.assert_allclose(file.get_tensor("weights"), fresh.weights, atol=1e-5)


def test_state_keeps_shapes_and_types(made, store, toy, monkeypatch):
    given = {
        "a": np.arange(6, dtype=np.int64).reshape(2, 3).T,
        "b": np.array(2.5),
        "c": np.zeros((0, 4), np.float32),
        "d": np.array([True, False]),
    }
    taken = {}
    monkeypatch.setattr(toy.Estimator, "state", lambda self: given)
    monkeypatch.setattr(toy.Estimator, "load_state", lambda self, state: taken.update(state))
    monkeypatch.setattr(toy.Estimator, "predict", lambda self, features: features[:, 0])
    made("toy-estimator")
    assert given.keys() == taken.keys()
    for name, array in given.items():
        np.testing.assert_array_equal(taken[name], array, strict=True)


def test_options_that_change_features_do_not_share_a_cache(made, store, tmp_path, monkeypatch):
    made("toy-estimator")
    cubed = made("toy-estimator", ["toy-estimator.power=3"])
    monkeypatch.setenv("IQABENCH_CACHE", str(tmp_path / "fresh"))
    made("toy-estimator", ["toy-estimator.power=3"], tmp_path / "other")
    assert predictions(store, cubed).equals(predictions(tmp_path / "other", cubed))


def test_input_saliency_reaches_training_and_prediction(made, store):
    evaluation = made("toy-guided")
    fit = Store(store).job(evaluation.predict.fit.fingerprint)
    assert fit.done
    assert fit.record["saliency"] == "spectral-residual"
    assert evaluation.predict.fields["maps"]["provider"] == "spectral-residual"
    assert predictions(store, evaluation)["prediction"].nunique() > 1


@pytest.mark.parametrize("kind", ["file", "job"])
def test_weights_made_before_are_used(made, store, kind):
    evaluation = made("toy-network")
    chosen = weights(store, evaluation)
    if kind == "job":
        chosen = f"job:{evaluation.predict.fit.fingerprint}"
    again = made("toy-network", weights=str(chosen))
    assert again.predict.fit is None
    before = predictions(store, evaluation).set_index("image")["prediction"]
    after = predictions(store, again).set_index("image")["prediction"]
    assert {*again.test.table["image"]} < {*after.index}  # not fitted, so it scores every image
    assert after[before.index].equals(before)


def failure(store, evaluation):
    return Store(store).job(evaluation.predict.fingerprint).record


def test_weights_of_a_job_that_is_not_there(made, store):
    record = failure(store, made("toy-network", weights="job:0123456789abcdef"))
    assert record["error"] == "WeightsError: fit job 0123456789abcdef is not in the store"


def test_weights_that_hold_code_are_refused(made, store, tmp_path):
    path = tmp_path / "evil.pth"
    torch.save({"run": Evil(str(tmp_path / "touched"))}, path)
    record = failure(store, made("toy-network", weights=str(path)))
    assert record["error"] == f"WeightsError: {path} holds more than tensors"
    assert not (tmp_path / "touched").exists()


class Evil:
    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return open, (self.target, "w")


def test_weights_of_another_network_are_refused(toy, tmp_path):
    path = tmp_path / "other.safetensors"
    save_file({"head.1.weight": torch.zeros(1, 9)}, path)
    with pytest.raises(WeightsError, match="does not fit Network: "):
        load_weights(toy.Network(toy.Options()), path)


def test_weights_from_elsewhere_predict_unscaled(toy, tmp_path):
    network = toy.Network(toy.Options())
    path = tmp_path / "plain.pth"
    torch.save({"state_dict": network.state_dict(), "epoch": 3}, path)
    other = toy.Network(toy.Options())
    scale = load_weights(other, path)
    assert scale.up(0.3) == 0.3
    for name, tensor in network.state_dict().items():
        assert torch.equal(other.state_dict()[name], tensor)


def test_a_fit_that_failed_is_the_reason_of_the_prediction(made, store):
    evaluation = made("toy-network", ["toy-network.fault=constructor"])
    with pytest.raises(WeightsError, match=r"fit job \w+ failed") as refused:
        scorer_for(evaluation.predict, Store(store))
    assert refused.value.hint == f"iqabench show {evaluation.predict.fit.fingerprint}"


def test_scoring_is_in_evaluation_mode(made, store):
    """Dropout would make two predictions differ."""
    evaluation = made("toy-network")
    scored = scorer_for(evaluation.predict, Store(store))
    assert scored.score("c0_1.png") == scored.score("c0_1.png")
    assert scored.parameters == sum(
        tensor.numel()
        for name, tensor in load_file(weights(store, evaluation)).items()
        if "running" not in name and "num_batches" not in name
    )


def test_scorers_that_are_networks_are_in_evaluation_mode(made, store, toy, monkeypatch):
    class Mean(torch.nn.Module):
        def __init__(self, options):
            super().__init__()

        def score(self, images):
            return images.mean((1, 2, 3)) if not self.training else images.new_tensor([torch.nan])

    monkeypatch.setattr(toy, "Scorer", Mean)
    assert predictions(store, made("toy-scorer"))["error"].isna().all()


def test_scale():
    scale = Scale.of(np.array([2.0, 4.0, 3.0]))
    np.testing.assert_array_equal(scale.down(np.array([2.0, 3.0, 5.0])), [0, 0.5, 1.5])
    assert scale.up(0.5) == 3
    again = Scale.from_metadata(scale.metadata())
    assert (again.low, again.high) == (2, 4)
    with pytest.raises(DataError, match="every training label is the same"):
        Scale.of(np.ones(3))
