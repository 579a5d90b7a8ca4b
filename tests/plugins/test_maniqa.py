import importlib.util
import socket

import pytest
import torch

from iqabench.contract import Batch, MissingDependencyError, UsageError, WeightsError
from iqabench.registry import registry, require

pytest.importorskip("pyiqa", reason="maniqa is pyiqa's")


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    """Any connection fails at once."""

    def refuse(*arguments, **options):
        raise OSError("no network in tests")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


def test_without_pyiqa_one_line_says_what_to_install(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "pyiqa" else find(name)
    )
    with pytest.raises(MissingDependencyError) as refused:
        require(registry().model("maniqa"))
    assert "PolyForm Noncommercial" in refused.value.message
    assert refused.value.hint == "pip install 'iqabench[pyiqa]'"


def test_the_harness_crops_what_the_network_takes():
    recipe = registry().model("maniqa").recipe
    assert recipe.crop == (224, 224)
    assert (recipe.test_crops, recipe.test_crop_kind) == (20, "random")
    assert (recipe.mean, recipe.std) == ((0, 0, 0), (1, 1, 1))  # it normalises inside


@pytest.mark.slow
def test_the_network_itself():
    import timm
    from pyiqa.archs import arch_util, maniqa_arch

    from iqabench_pyiqa.maniqa import Maniqa, Options

    create = timm.create_model
    model = Maniqa(Options(init="random"))
    assert timm.create_model is create
    assert sum(tensor.numel() for tensor in model.parameters()) == pytest.approx(135.75e6, abs=5e3)
    model.net.vit.load_state_dict(create("vit_base_patch8_224", pretrained=False).state_dict())
    seen = {}
    model.net.vit.register_forward_pre_hook(lambda _, inputs: seen.update(images=inputs[0]))
    model.net.register_forward_hook(lambda *call: seen.update(scores=call[2]))
    images, quality = torch.rand(1, 3, 224, 224), torch.rand(1)
    with torch.inference_mode():
        losses = model.eval().losses(Batch(images, quality, None, torch.arange(1)))
    normal = (images - 0.5) / 0.5
    torch.testing.assert_close(seen["images"], normal)  # one crop, as it was given
    assert bool(torch.isfinite(seen["scores"]).all())
    assert losses.keys() == {"quality"}
    torch.testing.assert_close(losses["quality"], ((seen["scores"][:, 0] - quality) ** 2).mean())
    assert maniqa_arch.random_crop is arch_util.random_crop
    assert maniqa_arch.uniform_crop is arch_util.uniform_crop


def test_imagenet_weights_that_are_not_here_are_named():
    from iqabench_pyiqa.maniqa import Maniqa, Options

    with pytest.raises(WeightsError, match="'vit_base_patch8_224-imagenet' are not") as refused:
        Maniqa(Options())
    assert "vit_base_patch8_224.safetensors" in refused.value.hint
    with pytest.raises(UsageError, match="48 wide"):
        Maniqa(Options(width=48))


@pytest.mark.slow
def test_a_step_and_a_prediction_at_full_size():
    from iqabench_pyiqa.maniqa import Maniqa, Options

    torch.manual_seed(0)
    model = Maniqa(Options(init="random")).train()
    images = torch.rand(1, 3, 224, 224)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-5)
    before = model.net.vit.patch_embed.proj.weight.detach().clone()
    losses = model.losses(Batch(images, torch.ones(1), None, torch.arange(1)))
    losses["quality"].backward()
    optimizer.step()
    assert not torch.equal(model.net.vit.patch_embed.proj.weight, before)
    with torch.inference_mode():
        score = model.eval()(images)
    assert score.shape == (1,) and bool(torch.isfinite(score).all())
