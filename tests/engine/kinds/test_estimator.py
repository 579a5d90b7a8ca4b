import numpy as np
import torch
from safetensors import safe_open


def test_an_estimator_is_stored_as_arrays_and_gives_the_same_again(
    made, toy, weights_of, predictions, parts
):
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
    stored = predictions(evaluation).set_index("image")["prediction"]
    np.testing.assert_allclose(stored[test["image"]], expected, atol=1e-5)
    with safe_open(weights_of(evaluation), "np") as file:
        np.testing.assert_allclose(file.get_tensor("weights"), fresh.weights, atol=1e-5)


def test_state_keeps_shapes_and_types(made, toy, monkeypatch):
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


def test_features_are_those_of_the_initial_weights_when_it_predicts_too(
    made, toy, tmp_path, monkeypatch
):
    # A frozen encoder is no part of what an estimator learns, so that no file brings it back.
    monkeypatch.setenv("IQABENCH_CACHE", str(tmp_path / "cache"))
    begun, features, seen = toy.Estimator.__init__, toy.Estimator.features, []

    def begin(self, options):
        begun(self, options)
        self.init = options.init

    def noted(self, images):
        seen.append(self.init)
        return features(self, images)

    monkeypatch.setattr(toy.Estimator, "__init__", begin)
    monkeypatch.setattr(toy.Estimator, "features", noted)
    evaluation = made("toy-estimator")
    assert len(seen) >= len(evaluation.test.table) - 4 and set(seen) == {"default"}
