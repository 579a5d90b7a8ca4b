"""The ridge on a frozen encoder's statistics, against hooks of our own and scikit-learn."""

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from sklearn.linear_model import Ridge as Plain

from iqabench.contract import Estimator, WeightsError
from iqabench.kit.ridge import ALPHAS
from iqabench_ridge.model import Ridge
from iqabench_ridge.options import RidgeOptions

pytestmark = pytest.mark.usefixtures("one_thread")
SMALL = RidgeOptions(encoder="test_resnet", init="random")


@pytest.fixture(scope="module")
def lite():
    return Ridge(RidgeOptions())


def picture(seed, height=96, width=64):
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))


def test_it_is_an_estimator(lite):
    assert isinstance(lite, Estimator)


def test_features_are_means_and_deviations_of_the_blocks(lite):
    import timm

    image = picture(0)
    (found,) = lite.features(image)
    # 16 + 24 + 40 + 112 channels of the inner blocks, 1280 of the last, each with two numbers.
    assert found.shape == (2944,)
    net = timm.create_model("tf_efficientnet_lite0", pretrained=False).eval()
    net.load_state_dict(lite._encoder.net.state_dict(), strict=False)
    with torch.inference_mode():
        last = net.forward_features(image * 2 - 1)[0].flatten(1)
    np.testing.assert_allclose(found[-2560:-1280], last.mean(1), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found[-1280:], last.std(1, correction=0), rtol=1e-4, atol=1e-5)


def test_pictures_of_a_batch_have_the_features_they_have_alone(lite):
    images = [picture(seed) for seed in range(3)]
    alone = np.concatenate([lite.features(image) for image in images])
    np.testing.assert_allclose(lite.features(torch.cat(images)), alone, rtol=1e-4, atol=1e-5)


def test_the_penalty_is_the_best_when_each_row_is_left_out():
    random = np.random.default_rng(0)
    rows = random.normal(3, 2, (24, 6))
    quality = rows @ random.normal(0, 1, 6) + random.normal(0, 2, 24)
    model = Ridge(SMALL)
    model.fit(rows, quality)
    scaled = (rows - rows.mean(0)) / rows.std(0)

    def missed(alpha):
        left = [
            Plain(alpha)
            .fit(np.delete(scaled, n, 0), np.delete(quality, n))
            .predict(scaled[n : n + 1])
            for n in range(24)
        ]
        return ((np.concatenate(left) - quality) ** 2).mean()

    best = min(ALPHAS, key=missed)
    assert model.state()["alpha"] == best
    expected = Plain(best).fit(scaled, quality).predict(scaled)
    np.testing.assert_allclose(model.predict(rows), expected, rtol=1e-9)


def test_a_feature_that_never_changes_does_no_harm():
    random = np.random.default_rng(1)
    rows = np.column_stack([random.normal(size=30), np.full(30, 7.0)])
    model = Ridge(SMALL)
    model.fit(rows, rows[:, 0])
    assert spearmanr(model.predict(rows), rows[:, 0])[0] == pytest.approx(1)


def test_it_ranks_noise_that_it_was_not_fitted_to(lite):
    def noisy(seed, strength):
        smooth = torch.linspace(0.2, 0.8, 96).view(1, 1, -1, 1).expand(1, 3, 96, 96)
        noise = torch.randn(smooth.shape, generator=torch.Generator().manual_seed(seed))
        return (smooth + strength * noise).clamp(0, 1)

    strengths = np.linspace(0, 0.3, 24)
    rows = np.concatenate([lite.features(noisy(n, s)) for n, s in enumerate(strengths)])
    lite.fit(rows[::2], 1 - strengths[::2])
    assert spearmanr(lite.predict(rows[1::2]), -strengths[1::2])[0] > 0.95


def test_random_encoders_are_the_same_and_leave_torchs_generator_alone():
    torch.manual_seed(5)
    first = torch.rand(1)
    torch.manual_seed(5)
    one, other = Ridge(SMALL), Ridge(SMALL)
    assert torch.rand(1) == first
    assert np.array_equal(one.features(picture(3)), other.features(picture(3)))


def test_a_state_is_restored_and_another_encoders_is_refused(lite):
    model = Ridge(SMALL)
    rows = np.concatenate([model.features(picture(seed)) for seed in range(5)])
    with pytest.raises(RuntimeError, match="learnt nothing"):
        model.predict(rows)
    model.fit(rows, np.linspace(0, 1, 5))
    again = Ridge(SMALL)
    again.load_state(model.state())
    assert np.array_equal(again.predict(rows), model.predict(rows))
    with pytest.raises(WeightsError, match="coefficients is not 2944 numbers"):
        Ridge(RidgeOptions()).load_state(model.state())
