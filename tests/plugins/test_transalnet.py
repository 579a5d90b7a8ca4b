import pytest
import torch
from torch import nn

from iqabench.contract import UsageError, WeightsError
from iqabench.registry import registry
from iqabench.saliency.providers import computing
from iqabench_saliency.transalnet import Decoder, Network, Transformer

pytestmark = pytest.mark.usefixtures("one_thread")

NAMES = {
    "encoder.encoder.0.weight": (64, 3, 7, 7),
    "encoder.encoder.1.running_mean": (64,),
    "encoder.encoder.4.0.conv1.weight": (64, 64, 1, 1),
    "encoder.encoder.7.2.bn3.weight": (2048,),
    "decoder.conv1.weight": (768, 768, 3, 3),
    "decoder.conv2.bias": (512,),
    "decoder.conv7.weight": (1, 32, 3, 3),
    "decoder.batchnorm6.running_var": (32,),
    "decoder.TransEncoder1.patch_embeddings.weight": (768, 2048, 1, 1),
    "decoder.TransEncoder1.position_embeddings": (1, 108, 768),
    "decoder.TransEncoder2.position_embeddings": (1, 432, 768),
    "decoder.TransEncoder3.position_embeddings": (1, 1728, 512),
    "decoder.TransEncoder3.transformer_encoder.layer.1.attention_norm.weight": (512,),
    "decoder.TransEncoder3.transformer_encoder.layer.1.attn.query.weight": (512, 512),
    "decoder.TransEncoder3.transformer_encoder.layer.1.attn.key.bias": (512,),
    "decoder.TransEncoder3.transformer_encoder.layer.0.attn.value.weight": (512, 512),
    "decoder.TransEncoder3.transformer_encoder.layer.0.attn.out.weight": (512, 512),
    "decoder.TransEncoder2.transformer_encoder.layer.0.ffn_norm.bias": (768,),
    "decoder.TransEncoder2.transformer_encoder.layer.0.ffn.fc1.weight": (3072, 768),
    "decoder.TransEncoder2.transformer_encoder.layer.0.ffn.fc2.weight": (768, 3072),
    "decoder.TransEncoder2.transformer_encoder.encoder_norm.weight": (768,),
}
"""Names and shapes as the authors' code makes them (github.com/LJOVO/TranSalNet), some of each."""
DENSE = {
    "encoder.encoder.0.weight": (96, 3, 7, 7),
    "encoder.encoder.4.denselayer1.norm1.weight": (96,),
    "encoder.encoder.5.conv.weight": (192, 384, 1, 1),
    "encoder.encoder.10.denselayer24.conv2.weight": (48, 192, 3, 3),
    "decoder.TransEncoder1.patch_embeddings.weight": (768, 2208, 1, 1),
    "decoder.TransEncoder2.patch_embeddings.weight": (768, 2112, 1, 1),
    "decoder.TransEncoder3.patch_embeddings.weight": (512, 768, 1, 1),
}


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A state dict of random weights."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("transalnet") / "TranSalNet_Res.pth"
    torch.save(Network("resnet50").state_dict(), path)
    return path


def build(path, options=""):
    return registry().provider(f"transalnet:file={path}{options}").build()


@pytest.mark.parametrize(("backbone", "names"), [("resnet50", NAMES), ("densenet161", DENSE)])
def test_tensors_are_named_as_the_authors_are(backbone, names):
    with torch.device("meta"):
        tensors = Network(backbone).state_dict()
    assert {name: tuple(tensors[name].shape) for name in names} == names
    # Encoder, three transformers with their projections, seven convolutions, six normalisations.
    assert {name.rsplit(".", 1)[0].split(".")[1] for name in tensors} == {
        "encoder",
        *(f"TransEncoder{n}" for n in (1, 2, 3)),
        *(f"conv{n}" for n in range(1, 8)),
        *(f"batchnorm{n}" for n in range(1, 7)),
    }


@pytest.mark.parametrize("backbone", ["resnet50", "densenet161"])
def test_the_encoder_taps_strides_8_16_and_32(backbone):
    torch.manual_seed(0)
    network = Network(backbone).eval()
    with torch.inference_mode():
        features = network.encoder(torch.rand(1, 3, 64, 96))
    assert [tuple(found.shape[-2:]) for found in features] == [(2, 3), (4, 6), (8, 12)]
    projections = [getattr(network.decoder, f"TransEncoder{n}").patch_embeddings for n in (1, 2, 3)]
    assert [found.shape[1] for found in features] == [layer.in_channels for layer in projections]


def test_a_block_is_torch_s_own_with_its_norm_first():
    torch.manual_seed(0)
    ours = Transformer(64, 4).eval()
    theirs = nn.TransformerEncoder(
        nn.TransformerEncoderLayer(
            64, 4, 256, 0.0, "gelu", 1e-6, batch_first=True, norm_first=True
        ),
        2,
        nn.LayerNorm(64, eps=1e-6),
        enable_nested_tensor=False,
    ).eval()
    for mine, other in zip(ours.layer, theirs.layers, strict=True):
        parts = (mine.attn.query, mine.attn.key, mine.attn.value)
        other.self_attn.in_proj_weight.data = torch.cat([part.weight for part in parts])
        other.self_attn.in_proj_bias.data = torch.cat([part.bias for part in parts])
        other.self_attn.out_proj.load_state_dict(mine.attn.out.state_dict())
        other.linear1.load_state_dict(mine.ffn.fc1.state_dict())
        other.linear2.load_state_dict(mine.ffn.fc2.state_dict())
    tokens = torch.randn(2, 10, 64)
    with torch.inference_mode():
        torch.testing.assert_close(ours(tokens), theirs(tokens), atol=1e-5, rtol=0)


def test_the_decoder_multiplies_and_doubles(monkeypatch):
    """With transformers that give ones, and convolutions that take means, all is worked by hand."""
    decoder = Decoder((4, 4, 4)).eval()
    for n in (1, 2, 3):
        side = (2, 4, 8)[n - 1]
        ones = torch.full((1, (768, 768, 512)[n - 1], side, side), float(n))
        monkeypatch.setattr(
            getattr(decoder, f"TransEncoder{n}"), "forward", lambda f, ones=ones: ones
        )
    for n in range(1, 8):
        convolution = getattr(decoder, f"conv{n}")
        nn.init.zeros_(convolution.weight)
        convolution.weight.data[:, 0, 1, 1] = 1  # the first channel, copied to all
        nn.init.zeros_(convolution.bias)
    with torch.inference_mode():
        found = decoder([torch.zeros(1, 4, 1, 1)] * 3)
    # 1, times 2, times 3; batch normalisation divides by the root of 1 + 1e-5, six times
    expected = torch.tensor(6 / (1 + 1e-5) ** 3).sigmoid()
    assert found.shape == (1, 1, 64, 64)
    torch.testing.assert_close(found, expected.expand(1, 1, 64, 64), atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("shape", "size", "corner"),
    [
        ((288, 384), (288, 384), (0, 0)),
        ((100, 100), (288, 288), (0, 48)),
        ((50, 200), (96, 384), (96, 0)),
        ((1, 1), (288, 288), (0, 48)),
        ((1, 900), (1, 384), (143, 0)),
        ((900, 1), (288, 1), (0, 191)),
    ],
)
@pytest.mark.parametrize("channels", ["rgb", "bgr"])
def test_pictures_keep_their_shape_inside_a_rim(
    weights, monkeypatch, shape, size, corner, channels
):
    provider = build(weights, f":channels={channels}")
    seen = []

    def forward(images):
        seen.append(images)
        return images[:, :1] * 0 + torch.linspace(0.1, 0.9, 384)

    monkeypatch.setattr(provider.network, "forward", forward)
    colour = torch.tensor([0.9, 0.5, 0.3])
    found = provider.saliency(colour.view(1, 3, 1, 1).expand(1, 3, *shape))
    (shown,) = seen
    inside = torch.zeros(288, 384, dtype=torch.bool)
    inside[corner[0] : corner[0] + size[0], corner[1] : corner[1] + size[1]] = True
    expected = colour if channels == "rgb" else colour.flip(0)
    torch.testing.assert_close(
        shown[0][:, inside], expected[:, None].expand(3, inside.sum()), atol=1e-5, rtol=0
    )
    assert (shown[0][:, ~inside] == 1 / 255).all()
    assert found.shape == (1, 1, *shape)
    assert float(found.max()) == pytest.approx(1, abs=1e-6)


def test_a_file_of_weights_makes_maps(weights):
    image = torch.rand(3, 60, 90, generator=torch.Generator().manual_seed(0))
    first, again = (
        computing(registry().provider(f"transalnet:file={weights}"))(image) for _ in range(2)
    )
    assert first.shape == (1, 60, 90)
    assert torch.equal(first, again)


def test_what_is_no_transalnet_is_refused(tmp_path, monkeypatch, weights):
    path = tmp_path / "other.pth"
    torch.save({"weight": torch.zeros(3)}, path)
    with pytest.raises(WeightsError, match=r"other\.pth is no TranSalNet") as error:
        build(path)
    assert "TranSalNet_Res.pth" in error.value.hint
    tensors = torch.load(weights, weights_only=True)
    del tensors["decoder.conv7.bias"]
    torch.save(tensors, path)
    with pytest.raises(WeightsError, match=r"other\.pth is no TranSalNet: .*conv7\.bias"):
        build(path)


def test_without_weights_the_folder_is_named(tmp_path, monkeypatch):
    with pytest.raises(UsageError, match=r"file='TranSalNet_Res\.pth': no such file") as error:
        registry().provider("transalnet")
    assert "weights" in error.value.message


class Evil:
    def __reduce__(self):
        return print, ("run",)


def test_weights_that_hold_code_are_refused(tmp_path):
    torch.save({"a": Evil()}, tmp_path / "evil.pth")
    with pytest.raises(WeightsError, match="holds more than tensors"):
        build(tmp_path / "evil.pth")
