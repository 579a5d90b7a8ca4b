import builtins
import socket
import sys
from dataclasses import asdict

import numpy as np
import pytest
import torch
from PIL import Image

from iqabench.api.running import plan
from iqabench.api.session import Choices, Session
from iqabench.contract import (
    IqabenchError,
    MissingDependencyError,
    UnknownNameError,
    WeightsError,
)
from iqabench.contract.progress import Silent
from iqabench.engine.execute import execute
from iqabench.kit.places import weights_dir
from iqabench.protocols.requests import resolve
from iqabench.registry import registry
from iqabench.store import Store

pytest.importorskip("pyiqa", reason="the metrics are pyiqa's")
pytestmark = pytest.mark.usefixtures("one_thread")

from iqabench_pyiqa.metrics import NO_SCORE, TAKEN, rows  # noqa: E402

WITHOUT_WEIGHTS = (
    "cw_ssim",
    "entropy",
    "fsim",
    "gmsd",
    "mad",
    "ms_ssim",
    "nlpd",
    "piqe",
    "psnr",
    "psnry",
    "ssim",
    "ssimc",
    "vif",
    "vsi",
)
LARGE = frozenset({"deepdc", "dmm", "lpips-vgg", "lpips-vgg+"})
"""They build a VGG of 140 million parameters before they ask for its weights."""


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    """Any connection fails at once, and so does asking for a name's address."""

    def refuse(*arguments, **options):
        raise OSError("no network in tests")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture(autouse=True)
def no_caches(monkeypatch, tmp_path):
    """Nothing that pyiqa fetched earlier on this machine is found."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))


def build(metric):
    return resolve(registry(), [rows()[metric].name], [], Choices())[0].build().eval()


def test_the_table_is_pyiqas_registry():
    from iqabench_pyiqa.listing import listed

    assert [asdict(row) for row in rows().values()] == [asdict(row) for row in listed()]


def test_every_metric_has_a_card_that_says_what_pyiqa_says():
    import pyiqa
    from pyiqa.default_model_configs import DEFAULT_CONFIGS

    assert set(rows()) == set(pyiqa.list_models())
    cards = registry().models.cards
    for metric in sorted(set(DEFAULT_CONFIGS) - set(NO_SCORE)):
        card, told = cards[rows()[metric].name], DEFAULT_CONFIGS[metric]
        assert card.kind == "scorer"
        assert card.defaults == {"metric": metric}
        assert card.full_reference == (told["metric_mode"] == "FR")
        assert (card.direction == "lower") == bool(told.get("lower_better"))
        assert card.name in (metric.lower(), f"pyiqa-{metric}")
        assert "PolyForm Noncommercial" in card.licence
    for metric in NO_SCORE:
        assert rows()[metric].name not in cards


def test_names_of_iqabenchs_own_models_are_left_to_them():
    cards = registry().models.cards
    for name in TAKEN & set(rows()):
        assert cards[f"pyiqa-{name}"].defaults == {"metric": name}
    assert cards["maniqa"].kind == cards["hyperiqa"].kind == "trainable"
    assert registry().model("clipiqa+_vitL14_512").defaults == {"metric": "clipiqa+_vitL14_512"}


def test_cards_say_what_their_weights_have_seen():
    cards = registry().models.cards
    expected = {
        "topiq_nr": ("koniq",),
        "maniqa-kadid": ("kadid",),
        "arniqa-clive": ("livec",),
        "arniqa-tid": ("tid2013",),
        "musiq-paq2piq": ("flive",),
        "ahiq": ("pipal",),
        "liqe_mix": ("bid", "csiq", "kadid", "koniq", "live", "livec"),
        "niqe_matlab": (),  # unknown
    }
    assert {name: cards[name].weights[0].trained_on for name in expected} == expected
    assert cards["psnry"].weights == ()
    for name in ("maniqa", "dbcnn", "hyperiqa", "tres", "cnniqa", "wadiqam"):
        assert cards[name].weights[0].trained_on == ("koniq",)


@pytest.mark.parametrize(
    "metric",
    [
        pytest.param(name, marks=pytest.mark.slow) if name in ("mad", "ms_ssim") else name
        for name in WITHOUT_WEIGHTS
    ],
)
def test_what_needs_no_weights_scores_as_pyiqa_does(metric, little_files):
    import pyiqa

    ours, theirs = build(metric), pyiqa.create_metric(metric, device="cpu")
    pictures = sorted(little_files.glob("c*_*.png"))[:20]
    assert len(pictures) == 20
    zoom = 3 if metric == "ms_ssim" else 1  # its five scales need 161 pixels
    for path in pictures:
        content = path.with_name(path.name.split("_")[0] + ".png")
        image, reference = tensor(path, zoom), tensor(content, zoom)
        pair = (image, reference) if rows()[metric].mode == "FR" else (image,)
        with torch.inference_mode():
            found, expected = ours.score(*pair), theirs(*pair)
        assert found.shape == (1,)
        torch.testing.assert_close(found, expected.reshape(1), atol=1e-6, rtol=1e-6)


def tensor(path, zoom):
    picture = Image.open(path)
    picture = picture.resize((zoom * picture.width, zoom * picture.height))
    return torch.tensor(np.asarray(picture)).permute(2, 0, 1)[None] / 255


def test_a_run_scores_without_and_with_references(little, store):
    made = plan(["entropy", "gmsd"], ["little"], seeds=1, session=Session(little.catalog))
    outcome = execute(made, Store(store), Silent())
    assert not outcome.failed
    assert [evaluation.model.direction for evaluation in made.evaluations] == ["higher", "lower"]
    for evaluation in made.evaluations:
        table = Store(store).predictions(evaluation.predict.fingerprint)
        assert table["error"].isna().all() and table["prediction"].nunique() > 30


@pytest.mark.parametrize(
    "metric", sorted(set(rows()) - set(NO_SCORE) - set(WITHOUT_WEIGHTS) - LARGE)
)
def test_without_its_weights_a_metric_says_in_one_line_what_to_do(metric):
    with pytest.raises((WeightsError, MissingDependencyError)) as refused:
        build(metric)
    error = refused.value
    assert "\n" not in error.message + error.hint
    asked = error.hint.split()
    if asked[0] == "put":  # the file, the folder, and in the message the address
        assert str(weights_dir()) in error.hint and "--init" not in error.hint
        assert asked[1] in error.message.replace("%2B", "+")
        assert "https://" in error.message
    else:
        assert asked[:2] in (["hf", "download"], ["pip", "install"])


@pytest.mark.slow
@pytest.mark.parametrize("metric", sorted(LARGE))
def test_so_does_one_on_a_large_network(metric):
    with pytest.raises(WeightsError, match="are not on this machine"):
        build(metric)


def test_its_own_weights_are_the_first_that_are_asked_for():
    for metric in ("topiq_nr", "cnniqa", "pieapp", "unique", "dbcnn"):
        with pytest.raises(WeightsError) as refused:
            build(metric)
        own = registry().models.cards[rows()[metric].name].weights[0]
        assert own.filename in refused.value.hint


def test_what_pyiqa_changes_for_the_whole_process_is_put_back():
    import huggingface_hub
    import timm
    import torchvision
    from pyiqa.utils import download_util

    def state():
        return (
            torch.load,
            torch.hub._hub_dir,
            torch.hub.download_url_to_file,
            download_util.DEFAULT_CACHE_DIR,
            timm.models._builder.load_pretrained,
            torchvision.models.vgg16,
            huggingface_hub.constants.HF_HUB_OFFLINE,
            sys.stdout,
            "pkg_resources" in sys.modules,
        )

    before = state()
    build("entropy")
    for metric in ("topiq_nr", "liqe", "dbcnn"):
        with pytest.raises(IqabenchError):
            build(metric)
    assert state() == before


def publish(name, state):
    weights_dir().mkdir(parents=True, exist_ok=True)
    torch.save(state, weights_dir() / name)


@torch.inference_mode()
def test_weights_in_the_folder_are_used(tmp_path, monkeypatch):
    from pyiqa.archs.wadiqam_arch import WaDIQaM

    theirs = WaDIQaM("NR", "wadiqam_nr_koniq", pretrained=False).eval()
    publish("WaDIQaM-NR-koniq-aaffea29.pth", {"params": theirs.state_dict()})
    image = torch.rand(1, 3, 70, 100)
    torch.testing.assert_close(build("wadiqam_nr").score(image), theirs(image)[:, 0])


@torch.inference_mode()
def test_weights_that_hold_their_backbone_need_no_other_file(monkeypatch):
    from pyiqa.archs.hypernet_arch import HyperNet

    from iqabench_pyiqa.network import no_backbone_weights

    with no_backbone_weights():
        theirs = HyperNet(pretrained=False).eval()
    publish("HyperIQA-resnet50-koniq10k-c96c41b1.pth", {"params": theirs.state_dict()})
    ours = build("hyperiqa")
    for key, value in theirs.state_dict().items():
        assert torch.equal(ours.model.net.state_dict()[key], value), key


def test_what_pyiqa_fetched_earlier_is_found(tmp_path):
    from pyiqa.archs.cnniqa_arch import CNNIQA

    folder = tmp_path / "hub" / "pyiqa"
    folder.mkdir(parents=True)
    state = CNNIQA(pretrained=None).state_dict()
    torch.save({"params": state}, folder / "CNNIQA_koniq10k-e6f14c91.pth")
    assert torch.equal(build("cnniqa").model.net.fc3.weight, state["fc3.weight"])


def test_features_of_random_weights_are_kept_nowhere(tmp_path, monkeypatch):
    """Left alone, LIQE stores its texts' features for every later use on this machine."""
    from pyiqa.utils import download_util

    from iqabench_pyiqa.room import clip_importable, closed

    class Clip(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.logit_scale = torch.nn.Parameter(torch.ones(()))

        def encode_text(self, texts):
            return torch.rand(len(texts), 4)

    with clip_importable():
        from pyiqa.archs import liqe_arch
    cache = tmp_path / "cache"
    cache.mkdir()
    monkeypatch.setattr(download_util, "DEFAULT_CACHE_DIR", str(cache))
    monkeypatch.setattr(liqe_arch, "DEFAULT_CACHE_DIR", str(cache))
    monkeypatch.setattr(liqe_arch, "load", lambda *_: Clip())
    found = []
    for _ in range(2):
        with closed():
            found.append(liqe_arch.LIQE(pretrained=False).text_features)
    assert list(cache.iterdir()) == []
    assert not torch.equal(*found)


def test_weights_that_hold_code_are_refused(tmp_path):
    class Evil:
        def __reduce__(self):
            return open, (str(tmp_path / "touched"), "w")

    publish("CNNIQA_koniq10k-e6f14c91.pth", {"params": Evil()})
    with pytest.raises(WeightsError, match=r"CNNIQA_koniq10k-e6f14c91.pth .* more than tensors"):
        build("cnniqa")
    assert not (tmp_path / "touched").exists()


def test_weights_of_another_network_are_refused_in_one_line():
    publish("CNNIQA_koniq10k-e6f14c91.pth", {"params": {"fc9.weight": torch.ones(2, 2)}})
    with pytest.raises(WeightsError, match="pyiqa cannot build 'cnniqa'") as refused:
        build("cnniqa")
    assert "\n" not in refused.value.message


def test_a_metric_that_pyiqa_does_not_have():
    with pytest.raises(UnknownNameError, match="unknown metric of pyiqa 'entropi'") as refused:
        resolve(registry(), ["entropy"], ["entropy.metric=entropi"], Choices())[0].build()
    assert "entropy" in refused.value.hint


def test_a_missing_library_is_named(monkeypatch):
    found = builtins.__import__

    def without(name, *rest, **more):
        if name == "icecream":
            raise ModuleNotFoundError("No module named 'icecream'", name="icecream")
        return found(name, *rest, **more)

    for name in [name for name in sys.modules if "q_align" in name or "qalign" in name]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingDependencyError, match="'qalign' needs icecream") as refused:
        build("qalign")
    assert refused.value.hint == "pip install icecream"
