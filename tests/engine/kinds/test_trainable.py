import pytest
import torch
from safetensors.torch import load_file, save_file

from iqabench.contract import WeightsError
from iqabench.engine.kinds.trainable import load_weights
from iqabench.engine.predict_job import ready_for
from iqabench.store import Store


def test_input_saliency_reaches_training_and_prediction(made, store, predictions):
    evaluation = made("toy-guided")
    fit = Store(store).job(evaluation.predict.fit.fingerprint)
    assert fit.done
    assert fit.record.saliency == "spectral-residual"
    assert evaluation.predict.identity.maps.provider.provider == "spectral-residual"
    assert predictions(evaluation)["prediction"].nunique() > 1


def test_scoring_is_in_evaluation_mode(made, store, weights_of):
    """Dropout would make two predictions differ."""
    evaluation = made("toy-network")
    scored = ready_for(evaluation.predict, Store(store))
    assert scored.score("c0_1.png") == scored.score("c0_1.png")
    assert scored.parameters == sum(
        tensor.numel()
        for name, tensor in load_file(weights_of(evaluation)).items()
        if "running" not in name and "num_batches" not in name
    )


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
