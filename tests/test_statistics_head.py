"""The head of BioSIQNet that starts from a ridge regression on the blocks' statistics."""

import numpy as np
import pytest
import torch
from networks import batch, course, silent
from torch.nn import functional

from biosiqnet_plugin.model import BioSIQNet
from biosiqnet_plugin.options import Options
from iqabench.contract import Batch, UsageError

FORMS = {
    "lite": {"encoder": "efficientnet-lite0"},
    "separate": {"encoder": "test_resnet", "sharing": "separate"},
}
each_form = pytest.mark.parametrize("form", FORMS)


pytestmark = pytest.mark.usefixtures("one_thread")


def build(form="lite", **options):
    torch.manual_seed(0)
    given = {"init": "random", "head": "statistics", "fusion_start": 0, **FORMS[form], **options}
    return BioSIQNet(Options(**given))


def features_of(encoder, images):
    """The output of each block for one picture, (C, h, w)."""
    found = []

    def note(number, feature):
        found.append(feature[0].numpy())
        return feature

    with torch.no_grad():
        encoder(images, note)
    return found


def one_by_one(count):
    given = batch((64, 96), count)
    for row in range(count):
        at = slice(row, row + 1)
        yield Batch(given.images[at], given.quality[at], None, given.index[at])


@each_form
def test_the_statistics_head_starts_as_scikit_learns_ridge_on_the_encoders_features(form):
    from sklearn.linear_model import RidgeCV
    from sklearn.preprocessing import StandardScaler

    model = build(form).eval()
    rows, quality = [], []
    for given in one_by_one(12):
        blocks = features_of(model.trunk, given.images)
        rows.append([f(one, axis=(1, 2)) for one in blocks for f in (np.mean, np.std)])
        quality.append(float(given.quality))
    rows = [np.concatenate(row) for row in rows]
    scaled = StandardScaler().fit_transform(np.array(rows, np.float64))
    ridge = RidgeCV(np.logspace(-1, 6, 29)).fit(scaled, quality)
    with torch.no_grad():
        model.prepare(one_by_one(12))
        scores = [float(model(given.images)) for given in one_by_one(12)]
    np.testing.assert_allclose(scores, ridge.predict(scaled), atol=1e-3)


def test_the_expected_error_is_a_ridge_on_what_left_out_pictures_miss():
    from iqabench.kit.ridge import fit_ridge

    model = build(expected_error=True).eval()
    given = list(one_by_one(12))
    with torch.no_grad():
        model.prepare(given)
        rows = np.concatenate([model.seen(one.images).double().numpy() for one in given])
        both = [model.scores_and_errors(one.images) for one in given]
        scores = [float(model(one.images)) for one in given]
    quality = np.array([float(one.quality) for one in given])
    missed = np.abs(fit_ridge(rows, quality).left_out - quality)
    fitted = fit_ridge(rows, missed)
    expected = fitted.intercept + (rows - fitted.mean) / fitted.spread @ fitted.coefficients
    np.testing.assert_allclose([float(e) for _, e in both], expected.clip(0), atol=1e-3)
    np.testing.assert_allclose([float(s) for s, _ in both], scores, atol=1e-6)


def test_the_statistics_head_learns_and_every_weight_gets_a_gradient():
    model, given = build(), batch(count=6)
    with torch.no_grad():
        model.eval().prepare(one_by_one(6))
    losses = course(model, given, steps=30)
    # The first steps leave the ridge's optimum by a leap that no two processors make alike.
    assert losses[-1]["quality"] < losses[0]["quality"] / 2
    assert losses[-1]["low"] < losses[0]["low"]
    assert not silent(build().train(), given)


def test_a_picture_unlike_all_others_gets_no_score_far_off_the_scale():
    model = build().eval()
    with torch.no_grad():
        model.prepare(one_by_one(8))
        assert abs(float(model(torch.full((1, 3, 64, 64), 40.0))) - 0.5) < 5


@each_form
def test_the_half_view_is_that_of_the_encoder_alone(form):
    model, images = build(form, half_view=True).eval(), batch().images
    plain = build(form).eval()
    plain.load_state_dict(
        {k: v for k, v in model.state_dict().items() if not k.startswith("head.")}, strict=False
    )
    with torch.no_grad():
        seen, whole = model.seen(images), plain.seen(images)
        blocks = features_of(model.trunk, functional.avg_pool2d(images, 2)[:1])
        for name, found in model.maps(images).items():
            assert torch.equal(found, plain.maps(images)[name])
    assert torch.equal(seen[:, : whole.shape[1]], whole)
    half = np.concatenate([f(one, axis=(1, 2)) for one in blocks for f in (np.mean, np.std)])
    np.testing.assert_allclose(seen[0, whole.shape[1] :].numpy(), half, atol=1e-5)


def test_a_half_view_of_an_odd_picture_reaches_the_score():
    model, images = build(half_view=True, hidden=8).eval(), batch((65, 97), 1).images
    with torch.no_grad():
        model.prepare(one_by_one(6))
        assert model(images).shape == (1,)
        width = model.head.coefficients.shape[0] // 2
        model.head.coefficients[:width] = 0
        first = float(model(images))
        images[..., ::2, ::2] += 1
        assert float(model(images)) != first


def test_every_layer_is_seen_at_both_sizes():
    model, images = build(taps="layers", half_view=True).eval(), batch().images
    net, outputs = model.trunk.net, []
    places = [net.bn1, *(block for stage in net.blocks for block in stage), net.bn2]
    hooks = [
        place.register_forward_hook(lambda module, given, output: outputs.append(output))
        for place in places
    ]
    with torch.no_grad():
        seen = model.seen(images)
        for hook in hooks:
            hook.remove()
        expected = [
            f(one, axis=(2, 3)) for one in map(np.asarray, outputs) for f in (np.mean, np.std)
        ]
    assert len(outputs) == 2 * len(places) == 36
    np.testing.assert_allclose(seen.numpy(), np.concatenate(expected, 1), atol=1e-5)


def test_an_encoder_of_another_kind_has_no_layers_to_see():
    with pytest.raises(UsageError, match="'test_resnet' is not built like EfficientNet") as refused:
        build("separate", taps="layers")
    assert refused.value.hint == "set taps=blocks"


def test_options_that_came_later_change_no_older_name():
    old = Options().model_dump()
    assert not {"head", "fusion_start", "half_view", "taps"} & set(old)
    found = Options(head="statistics", fusion_start=0, half_view=True).model_dump()
    assert (found["fusion_start"], found["half_view"]) == (0, True)


def test_the_statistics_head_sums_exactly_in_bf16():
    head = build().eval().head
    statistics = torch.randn(4, len(head.mean))
    head.coefficients.copy_(torch.randn(len(head.mean)) / 10)
    with torch.no_grad():
        exact = head(statistics)
        with torch.autocast("cpu", torch.bfloat16):
            assert torch.equal(head(statistics), exact)
