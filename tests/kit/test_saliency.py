import numpy as np
import pytest
import torch

from iqabench.kit.saliency import (
    cc,
    decompose,
    kld,
    mean_over_maps,
    saliency_loss,
    sim,
    sum_to_one,
    total_variation,
)

WEIGHTS = (5.0, -2.0, -1.0)


def maps(seed, shape=(3, 1, 12, 16), dtype=torch.float32):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def directly(predicted, truth):
    """KLD, CC and SIM of one pair, as the paper's equations read."""
    y, t = (map_.double().numpy().ravel() for map_ in (predicted, truth))
    p, q = y / y.sum(), t / t.sum()
    return (
        np.sum(q * np.log(q / (1e-8 + p) + 1e-8)),
        np.corrcoef(y, t)[0, 1],
        np.minimum(p, q).sum(),
    )


def test_the_parts_sum_to_the_map():
    whole = maps(0)
    for threshold in (0, 70, 120, 255):
        low, high = decompose(whole, threshold)
        assert torch.equal(low + high, whole)
        assert not bool((low * high).any())


def test_the_threshold_belongs_to_the_high_part():
    whole = torch.tensor([0, 1, 119, 120, 121, 255]).view(1, 1, 2, 3) / 255
    low, high = decompose(whole, 120)
    assert (high * 255).round().flatten().tolist() == [0, 0, 0, 120, 121, 255]
    assert (low * 255).round().flatten().tolist() == [0, 1, 119, 0, 0, 0]


def test_every_grey_level_is_on_its_side():
    levels = torch.arange(256)
    whole = (levels / 255).view(1, 1, 16, 16)
    for threshold in range(0, 256, 5):
        _, high = decompose(whole, threshold, binary=True)
        assert torch.equal(high.flatten().bool(), levels >= threshold)


def test_binary_parts_are_masks():
    whole = torch.tensor([0.0, 0.1, 0.9]).view(1, 1, 1, 3)
    low, high = decompose(whole, 120, binary=True)
    assert low.flatten().tolist() == [0, 1, 0]
    assert high.flatten().tolist() == [0, 0, 1]


@pytest.mark.parametrize("shape", [(3, 1, 12, 16), (2, 1, 1, 5), (1, 1, 64, 64)])
def test_losses_equal_the_paper_s_formulas(shape):
    predicted, truth = maps(1, shape), maps(2, shape) ** 4
    truth[0, 0, 0, :2] = 0
    expected = np.array([directly(*pair) for pair in zip(predicted, truth, strict=True)])
    for column, statistic in enumerate((kld, cc, sim)):
        found = statistic(predicted, truth)
        assert found.shape == (shape[0],)
        np.testing.assert_allclose(found, expected[:, column], atol=2e-6)
    loss = saliency_loss(predicted, truth, WEIGHTS)
    assert float(loss) == pytest.approx((expected @ WEIGHTS).mean(), abs=1e-5)


def test_total_variation_against_numpy():
    predicted, truth = maps(1), maps(2)
    found = total_variation(predicted, truth)
    assert found.shape == (3,)
    for distance, y, t in zip(
        found, predicted.double().numpy(), truth.double().numpy(), strict=True
    ):
        expected = np.abs(y / y.sum() - t / t.sum()).sum() / 2
        assert float(distance) == pytest.approx(expected, abs=1e-6)


def test_total_variation_is_what_similarity_lacks_to_one():
    predicted, truth = maps(1), maps(2)
    torch.testing.assert_close(total_variation(predicted, truth), 1 - sim(predicted, truth))
    left = torch.zeros(1, 1, 4, 4)
    left[..., :2] = 1
    assert float(total_variation(left, left)) == 0
    assert float(total_variation(left, 1 - left)) == 1


def test_means_leave_out_empty_maps():
    truth = maps(0)
    truth[1] = 0
    assert float(mean_over_maps(torch.tensor([1.0, 100.0, 3.0]), truth)) == 2
    assert float(mean_over_maps(torch.tensor([1.0, 100.0, 3.0]), 0 * truth)) == 0


def test_losses_ignore_scale():
    predicted, truth = maps(1), maps(2)
    for statistic in (kld, cc, sim, total_variation):
        torch.testing.assert_close(
            statistic(7 * predicted, 0.1 * truth), statistic(predicted, truth)
        )


def test_sums_are_one_and_empty_maps_stay_empty():
    both = torch.cat([maps(0), torch.zeros(1, 1, 12, 16)])
    torch.testing.assert_close(sum_to_one(both).sum(1), torch.tensor([1.0, 1, 1, 0]))


@pytest.mark.parametrize("side", [8, 224])
def test_a_perfect_prediction_costs_least(side):
    truth = maps(3, (2, 1, side, side))
    assert float(saliency_loss(truth, truth, WEIGHTS)) == pytest.approx(-3, abs=5e-3)
    assert float(saliency_loss(maps(4, truth.shape), truth, WEIGHTS)) > -2


@pytest.mark.parametrize("statistic", [kld, cc, sim, total_variation])
def test_gradients(statistic):
    predicted = maps(1, (2, 1, 3, 4), torch.float64).requires_grad_()
    truth = maps(2, (2, 1, 3, 4), torch.float64)
    assert torch.autograd.gradcheck(lambda p: statistic(p, truth), (predicted,))


def test_gradient_of_the_loss():
    predicted = maps(1, (3, 1, 3, 4), torch.float64).requires_grad_()
    truth = maps(2, (3, 1, 3, 4), torch.float64)
    truth[1] = 0
    assert torch.autograd.gradcheck(lambda p: saliency_loss(p, truth, WEIGHTS), (predicted,))


@pytest.mark.parametrize("predicted", [maps(1), torch.zeros(3, 1, 12, 16)])
def test_empty_truth_costs_nothing(predicted):
    predicted = predicted.clone().requires_grad_()
    loss = saliency_loss(predicted, torch.zeros_like(predicted), WEIGHTS)
    loss.backward()
    assert float(loss.detach()) == 0
    assert not bool(predicted.grad.any())


def test_empty_truth_is_left_out_of_the_mean():
    predicted, truth = maps(1), maps(2)
    truth[1] = 0
    kept = [0, 2]
    torch.testing.assert_close(
        saliency_loss(predicted, truth, WEIGHTS),
        saliency_loss(predicted[kept], truth[kept], WEIGHTS),
    )


@pytest.mark.parametrize("value", [0.0, 0.5])
def test_a_flat_prediction_has_finite_loss_and_gradient(value):
    predicted = torch.full((2, 1, 12, 16), value, requires_grad=True)
    loss = saliency_loss(predicted, maps(2, predicted.shape), WEIGHTS)
    loss.backward()
    assert bool(torch.isfinite(loss))
    assert bool(torch.isfinite(predicted.grad).all())
    if value:
        flat = cc(predicted, maps(2, predicted.shape)).detach()
        torch.testing.assert_close(flat, torch.zeros(2), atol=1e-4, rtol=0)


@pytest.mark.parametrize("side", [16, 288])
def test_bf16_predictions_have_finite_loss_and_gradient(side):
    logits = torch.randn(2, 1, side, side, generator=torch.Generator().manual_seed(0))
    truth = torch.zeros(2, 1, side, side)
    truth[0, 0, 0, 0] = 1  # all the attention at one pixel
    truth[1] = maps(5, (1, 1, side, side))[0]
    losses = []
    for dtype in (torch.float32, torch.bfloat16):
        leaf = (4 * logits).to(dtype).requires_grad_()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype == torch.bfloat16):
            loss = saliency_loss(leaf.sigmoid(), truth.to(dtype), WEIGHTS)
        loss.backward()
        assert loss.dtype == torch.float32
        assert bool(torch.isfinite(leaf.grad).all())
        losses.append(float(loss.detach()))
    assert losses[1] == pytest.approx(losses[0], rel=0.02)
