"""What a network may do before its first stage, and what an interruption leaves of it."""

import numpy as np
import pytest
import torch

from iqabench.contract import Recipe, Stage
from iqabench.engine.checkpoints import plain_state
from iqabench.engine.crops import TrainingCrops
from iqabench.engine.training import fit_network
from iqabench.engine.training_module import Course
from iqabench.store.folder import PREPARED

RECIPE = Recipe(
    stages=(Stage(epochs=2, lr=1e-3), Stage(epochs=1, lr=1e-4)),
    batch_size=5,
    crop=(32, 32),
    test_crops=5,
    mean=(0.5, 0.5, 0.5),
)


class Interrupt(Exception):
    """Stands for whatever may happen to a process."""


@pytest.fixture
def fit(dataset, toy, tmp_path):
    """Trains a network that starts from the mean quality; returns it and what it was shown."""
    rows = dataset.table.iloc[:7]
    names, quality = list(rows["image"]), (rows["quality"] / 5).to_numpy(dtype=np.float32)

    class Prepared(toy.Network):
        def prepare(self, batches):
            assert not self.training
            for batch in batches:
                shown.append(batch)
                if len(shown) == self.fails_at:
                    raise Interrupt
            with torch.no_grad():
                self.head[1].bias.fill_(sum(float(batch.quality) for batch in shown[-7:]) / 7)

    shown = []

    def run(fails_at=None, stops_after=None):
        torch.manual_seed(0)
        shown.clear()
        model, epochs = Prepared(toy.Options()), []
        model.fails_at = fails_at

        def validate(network):
            if stops_after == len(epochs):
                raise Interrupt
            epochs.append(network)
            return 0.5

        crops = TrainingCrops(dataset, names, quality, RECIPE, None, 0)
        course = Course(model, RECIPE, crops, validate, tmp_path, "cpu", "fp32", lambda *_: None)
        fit_network(course)
        return plain_state(model), list(shown)

    run.names, run.quality, run.dataset = names, quality, dataset
    return run


def test_it_sees_the_centre_of_every_picture_once_and_in_order(fit):
    _, shown = fit()
    assert [int(batch.index) for batch in shown] == list(range(7))
    np.testing.assert_array_equal([float(batch.quality) for batch in shown], fit.quality)
    from PIL import Image

    for name, batch in zip(fit.names, shown, strict=True):
        pixels = np.asarray(Image.open(fit.dataset.path(name)).convert("RGB"))
        top, left = (pixels.shape[0] - 32) // 2, (pixels.shape[1] - 32) // 2
        centre = pixels[top : top + 32, left : left + 32].transpose(2, 0, 1) / 255 - 0.5
        np.testing.assert_allclose(batch.images[0], centre, atol=1e-6)
        assert batch.saliency is None


def test_training_starts_from_what_it_did(fit, tmp_path, monkeypatch):
    seen = []

    def note(course, number):
        seen.append(course.network.head[1].bias.item())

    monkeypatch.setattr("iqabench.engine.training._run_stage", note)
    monkeypatch.setattr("iqabench.engine.training.history.read", lambda folder: ())
    fit()
    assert seen[0] == pytest.approx(fit.quality.mean(), abs=1e-6)


@pytest.mark.parametrize("stops_after", [0, 1, 2])
def test_an_interrupted_fit_does_not_prepare_again(fit, tmp_path, stops_after):
    whole, _ = fit()
    for path in tmp_path.glob("stage-*.safetensors"):
        path.unlink()
    (tmp_path / "history.json").unlink()
    with pytest.raises(Interrupt):
        fit(stops_after=stops_after)
    resumed, shown = fit()
    assert not shown
    for name, tensor in whole.items():
        torch.testing.assert_close(resumed[name], tensor, rtol=0, atol=0)


def test_a_preparation_that_was_interrupted_or_damaged_is_done_again(fit, tmp_path):
    with pytest.raises(Interrupt):
        fit(fails_at=3)
    assert not (tmp_path / PREPARED).exists()
    with pytest.raises(Interrupt):
        fit(stops_after=0)
    kept = tmp_path / PREPARED
    content = bytearray(kept.read_bytes())
    content[len(content) // 2] ^= 1
    kept.write_bytes(content)
    _, shown = fit()
    assert len(shown) == 7
