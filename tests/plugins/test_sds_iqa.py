import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from networks import batch, silent
from PIL import Image
from scipy.ndimage import correlate

from iqabench import Session
from iqabench.cli import cli
from iqabench.contract import UnknownNameError
from iqabench.engine.explain import explain
from iqabench.engine.kinds.trainable import load_weights
from iqabench.protocols.choices import Choices
from iqabench.protocols.requests import resolve
from iqabench.registry import registry
from iqabench.saliency.picture_maps import map_of
from iqabench.store import Store
from iqabench_saliency_models.attention import ChannelGate, SpatialAttention
from iqabench_saliency_models.options import SDSOptions
from iqabench_saliency_models.sds_iqa import SDSIQA

pytestmark = pytest.mark.usefixtures("one_thread")

CARDS = [name for name in registry().models.cards if name.startswith("sds-iqa")]
ALWAYS = 1e4
"""A sigmoid of this is exactly one."""


def build(seed=0, **options):
    torch.manual_seed(seed)
    return SDSIQA(SDSOptions(**{"init": "random", "encoder": "test_resnet", **options}))


def score(model, given):
    with torch.no_grad():
        return model(given.images, given.saliency)


@pytest.mark.parametrize("size", [(64, 64), (72, 100), (65, 33)])
def test_scores_and_attention_have_the_crops_shape(size):
    model, given = build().eval(), batch(size, count=3)
    assert score(model, given).shape == (3,)
    with torch.no_grad():
        maps = model.maps(given.images, given.saliency)
    assert list(maps) == [f"attention at 1/{stride}" for stride in (4, 8, 16, 32)]
    for found in maps.values():
        assert found.shape == (3, 1, *size)
        assert float(found.min()) > 0 and float(found.max()) < 1


def test_scores_do_not_depend_on_the_rest_of_the_batch():
    model, given = build().eval(), batch(count=3)
    with torch.no_grad():
        alone = model(given.images[1:2], given.saliency[1:2])
    torch.testing.assert_close(score(model, given)[1:2], alone, atol=1e-5, rtol=1e-4)


def test_the_loss_is_the_mean_square():
    model, given = build(dropout=0).eval(), batch()
    losses = model.losses(given)
    assert list(losses) == ["quality"]
    expected = ((score(model, given) - given.quality) ** 2).mean()
    torch.testing.assert_close(losses["quality"].detach(), expected)


def test_spatial_attention_against_numpy():
    part = SpatialAttention()
    feature = torch.randn(2, 5, 9, 12, generator=torch.Generator().manual_seed(0))
    found = part(feature).detach().numpy()
    (kernel,), (bias,) = (tensor.detach().numpy() for tensor in part.parameters())
    for number, plane in enumerate(feature.numpy()):
        summaries = plane.mean(0), plane.max(0)
        seen = sum(
            correlate(one, weights, mode="constant")
            for one, weights in zip(summaries, kernel, strict=True)
        )
        expected = 1 / (1 + np.exp(-(seen + bias)))
        np.testing.assert_allclose(found[number, 0], expected, atol=1e-6)


def test_channel_gate_against_numpy():
    part = ChannelGate(32, 4)
    pooled = torch.randn(3, 32, generator=torch.Generator().manual_seed(0))
    first, shift, second, last = (tensor.detach().numpy() for tensor in part.parameters())
    assert first.shape == (8, 32)
    hidden = np.maximum(pooled.numpy() @ first.T + shift, 0)
    expected = 1 / (1 + np.exp(-(hidden @ second.T + last)))
    np.testing.assert_allclose(part(pooled).detach().numpy(), expected, atol=1e-6)


def test_the_network_step_by_step():
    """Streams, attention and gates put together by hand, from each stream's own blocks."""
    model, given = build(dropout=0).eval(), batch()
    scales, weights, pooled = (2, 3, 4, 5), {}, {}

    def look(number, feature):
        if number in scales:
            weights[number] = model.attention[str(number)](feature)
            feature = feature * 2 * weights[number]
            pooled[number] = [feature.mean((2, 3))]
        return feature

    def see(number, feature):
        if number in scales:
            feature = feature * 2 * weights[number]
            pooled[number].append(feature.mean((2, 3)))
        return feature

    with torch.no_grad():
        model.streams["saliency"](torch.cat([2 * given.saliency - 1] * 3, 1), look)
        model.streams["image"](given.images, see)
        parts = []
        for number in scales:
            both = torch.cat(pooled[number], 1)
            parts.append(both * model.gates[str(number)](both))
        expected = model.head(torch.cat(parts, 1))[:, 0]
    torch.testing.assert_close(score(model, given), expected, atol=1e-6, rtol=1e-5)


def smaller(whole, **options):
    """The model with a part left out, and otherwise the weights of the whole."""
    model = build(seed=1, **options).eval()
    kept = {key: value for key, value in whole.state_dict().items() if key in model.state_dict()}
    model.load_state_dict(kept)  # strictly
    return model


def even(*parts):
    """Attention that is one half everywhere, whatever it sees."""
    with torch.no_grad():
        for part in parts:
            part.convolution.weight.zero_()
            part.convolution.bias.zero_()


def test_even_attention_is_the_model_without_it():
    whole, given = build().eval(), batch()
    without = smaller(whole, spatial_attention=False)
    assert not torch.equal(score(whole, given), score(without, given))
    even(*whole.attention.values())
    assert torch.equal(score(whole, given), score(without, given))


def test_open_gates_are_the_model_without_them():
    whole, given = build().eval(), batch()
    without = smaller(whole, channel_gate=False)
    assert not torch.equal(score(whole, given), score(without, given))
    with torch.no_grad():
        for part in whole.gates.values():
            part.layers[2].bias.fill_(ALWAYS)
    assert torch.equal(score(whole, given), score(without, given))


def test_one_scale_reads_the_last_features_alone():
    """The head's columns for the other scales set to zero, and even attention before the last."""
    last = build(multiscale=False).eval()
    whole, given = build(seed=1).eval(), batch()
    shared = last.state_dict()
    wide = whole.state_dict()
    first = wide["head.1.weight"] * 0
    first[:, -shared["head.1.weight"].shape[1] :] = shared["head.1.weight"]
    whole.load_state_dict({**wide, **shared, "head.1.weight": first})
    even(*(whole.attention[scale] for scale in ("2", "3", "4")))
    torch.testing.assert_close(score(whole, given), score(last, given), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("stream", ["image", "saliency"])
def test_a_stream_alone_ignores_what_the_other_sees(stream):
    model, given, other = build(streams=stream).eval(), batch(), batch(seed=1)
    kept = {"image": (given.images, other.saliency), "saliency": (other.images, given.saliency)}
    with torch.no_grad():
        assert torch.equal(model(*kept[stream]), score(model, given))
        assert not torch.equal(score(model, other), score(model, given))
        assert bool(model.maps(given.images, given.saliency)) == (stream == "saliency")


def test_the_image_alone_is_the_whole_with_a_head_that_ignores_saliency():
    alone = build(streams="image", channel_gate=False).eval()
    whole, given = build(seed=1, spatial_attention=False, channel_gate=False).eval(), batch()
    narrow, wide = alone.state_dict(), whole.state_dict()
    first, start, place = wide["head.1.weight"] * 0, 0, 0
    for channels in alone.streams["image"].channels[1:]:
        start += channels  # at each scale the saliency stream's channels come first
        first[:, start : start + channels] = narrow["head.1.weight"][:, place : place + channels]
        start, place = start + channels, place + channels
    whole.load_state_dict({**wide, **narrow, "head.1.weight": first})
    torch.testing.assert_close(score(whole, given), score(alone, given), atol=1e-6, rtol=1e-5)


def test_attention_comes_from_the_map_alone():
    model, given, other = build().eval(), batch(), batch(seed=1)
    with torch.no_grad():
        first = model.maps(given.images, given.saliency)
        assert all(
            torch.equal(found, first[name])
            for name, found in model.maps(other.images, given.saliency).items()
        )
        flat = torch.ones_like(given.saliency)
        one, two = (model.maps(given.images, level * flat) for level in (1, 0.5))
        assert not torch.equal(one["attention at 1/4"], two["attention at 1/4"])
        # A map without places has attention without places, but for the padded rim.
        assert float(one["attention at 1/4"][0, 0, 28:36, 28:36].std()) < 1e-6


@pytest.mark.parametrize("options", registry().model("sds-iqa").studies["ablation"].values())
def test_gradients_reach_every_parameter(options):
    model, given = build(dropout=0, **options), batch(count=4)
    assert silent(model, given) == []


def test_bf16_has_a_finite_loss_near_the_exact_one():
    model, given = build(dropout=0).eval(), batch()
    exact = float(model.losses(given)["quality"].detach())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rounded = model.losses(given)["quality"]
    rounded.backward()
    assert rounded.dtype == torch.float32
    assert float(rounded.detach()) == pytest.approx(exact, abs=0.02)
    assert all(bool(torch.isfinite(tensor.grad).all()) for tensor in model.parameters())


def test_channels_last_changes_nothing():
    model, given = build().eval(), batch()
    expected = score(model, given)
    model.to(memory_format=torch.channels_last)
    images = given.images.contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        torch.testing.assert_close(model(images, given.saliency), expected, atol=1e-5, rtol=1e-4)


def parameters(**options):
    model = SDSIQA(SDSOptions(init="random", **options))
    streams = sum(tensor.numel() for tensor in model.streams.parameters())
    return streams, sum(tensor.numel() for tensor in model.parameters()) - streams


def test_added_parameters_counted_by_hand():
    """EfficientNet-Lite0's last four blocks have 24, 40, 112 and 1280 channels."""
    attention = 4 * (2 * 7 * 7 + 1)
    gates = 0
    for channels in (48, 80, 224, 2560):
        hidden = channels // 16
        gates += 2 * channels * hidden + hidden + channels
    head = (48 + 80 + 224 + 2560) * 256 + 256 + 256 + 1
    streams, added = parameters()
    assert added == attention + gates + head
    lite0_without_classifier = 4_652_008 - (1280 * 1000 + 1000)
    assert streams == 2 * lite0_without_classifier
    assert parameters(spatial_attention=False)[1] == added - attention
    assert parameters(channel_gate=False)[1] == added - gates


def test_unknown_encoders_are_named():
    with pytest.raises(UnknownNameError, match="unknown encoder 'resnet51'"):
        build(encoder="resnet51")


@pytest.mark.parametrize("name", CARDS)
def test_every_card_has_a_tiny_model(name):
    (request,) = resolve(registry(), [name], [], Choices(init="random", tiny=True))
    given = batch(request.recipe.crop)
    losses = request.build().losses(given)
    assert set(losses) == {"quality"} and bool(torch.isfinite(losses["quality"]))


@pytest.mark.parametrize("label", registry().model("sds-iqa").studies["ablation"])
def test_the_ablation_s_options_can_be_given_as_text(label):
    options = registry().model("sds-iqa").studies["ablation"][label]
    overrides = [f"a.{key}={value}" for key, value in options.items()]
    (request,) = resolve(registry(), ["a=sds-iqa"], overrides, Choices(init="random"))
    for key, value in options.items():
        assert getattr(request.options, key) == value


def test_eight_pictures_can_be_learnt_by_heart():
    given, model = batch((32, 32), count=8), build(dropout=0)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    course = []
    for _ in range(40):
        loss = model.losses(given)["quality"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        course.append(float(loss.detach()))
    assert course[-1] < 0.1 * course[0]


@pytest.fixture
def trained(little, store):
    """Command-line words of a toy run, and its leaderboard row."""
    words = [
        *("run", "--tiny", "--init", "random", "--models", "sds-iqa"),
        *("--datasets", "little", "--seeds", "1", "--device", "cpu", "--quiet"),
        *("--catalog", str(little.catalog), "--store", str(store), "--format", "json"),
    ]
    shown = CliRunner().invoke(cli, words)
    assert shown.exit_code == 0, shown.output
    (row,) = json.loads(shown.output)
    return row


def test_a_run_a_score_and_an_explanation_from_the_command_line(trained, little, store, tmp_path):
    assert (trained["failed"], trained["coverage"]) == (0, 1.0)
    assert trained["saliency"] == "spectral-residual"
    (fit,) = [job for job in Store(store).jobs() if job.record.identity.kind == "fit"]
    picture = str(little.root / "c0_1.png")
    same = [
        *("sds-iqa", picture, "--weights", f"job:{fit.fingerprint}", "--store", str(store)),
        *("--set", "sds-iqa.encoder=test_resnet", "--set", "sds-iqa.recipe.crop=64,64"),
        *("--set", "sds-iqa.recipe.test_crops=1", "--device", "cpu"),
    ]
    scored = CliRunner().invoke(cli, ["score", *same, "--quiet", "--format", "json"])
    assert scored.exit_code == 0, scored.output
    assert np.isfinite(json.loads(scored.output)[0]["score"])
    drawn = CliRunner().invoke(cli, ["explain", *same, "-o", str(tmp_path / "drawn")])
    assert drawn.exit_code == 0, drawn.output
    assert {path.name for path in (tmp_path / "drawn").iterdir()} == {
        "001-c0_1.png",
        "montage.png",
    }


def test_explanations_show_the_attention_and_the_map_it_comes_from(trained, little, store):
    (fit,) = [job for job in Store(store).jobs() if job.record.identity.kind == "fit"]
    choices = Choices(weights=f"job:{fit.fingerprint}")
    overrides = ["sds-iqa.encoder=test_resnet", "sds-iqa.recipe.crop=64,64"]
    (request,) = resolve(registry(), ["sds-iqa"], overrides, choices, store=Store(store))
    picture = little.root / "c0_1.png"
    provider = registry().provider("spectral-residual")
    maps = map_of(provider, Session().place_of)
    (found,) = explain(request, maps, [picture], Store(store))
    strides = (4, 8, 16, 32)
    assert list(found.maps) == ["provider", *(f"attention at 1/{stride}" for stride in strides)]
    # All but the rim that no stride divides, weighed by the map of the whole picture.
    model = request.build(loaded=True).eval()
    scale = load_weights(model, fit.folder / "weights.safetensors")
    image = torch.from_numpy(np.array(Image.open(picture))).permute(2, 0, 1)[None].float() / 255
    assert image.shape[2:] == (80, 96)
    saliency = provider.build().saliency(image)
    with torch.no_grad():
        expected = model(2 * image[:, :, :64] - 1, saliency[:, :, :64])
    assert found.score == pytest.approx(scale.up(float(expected)), rel=1e-4)
    part = saliency[0, 0, :64].numpy()
    np.testing.assert_allclose(found.maps["provider"], part / part.max(), atol=1e-6)


def test_the_paper_s_table_on_another_set(little, store):
    words = [
        *("reproduce", "sds-iqa", "--table", "4", "--datasets", "little", "--tiny"),
        *("--init", "random", "--seeds", "1", "--device", "cpu", "--quiet", "--format", "json"),
        *("--catalog", str(little.catalog), "--store", str(store)),
    ]
    shown = CliRunner().invoke(cli, words)
    assert shown.exit_code == 0, shown.output
    assert (store / "figures" / "sds-iqa-table4.png").exists()
    rows = {row["row"]: row for row in json.loads(shown.stdout)}
    ours, absent = rows["SDS-IQA, csiq"], rows["SETNet, csiq"]
    assert ours["srocc printed"] == 0.686 and np.isfinite(ours["srocc here"])
    assert ours["note"].startswith("run on little instead: not comparable; from random weights")
    assert absent["srocc printed"] == 0.71 and absent["srocc here"] is None
    assert absent["note"].startswith("not measured here: no implementation")
