import hashlib
from pathlib import Path

import pytest
import torch
from pydantic import BaseModel

from iqabench.contract import SaliencyCard, ScoreError, UsageError
from iqabench.registry import Provider, registry
from iqabench.saliency.providers import checked, code, computing, identity, label
from iqabench.store.records import ProviderIdentity

pytestmark = pytest.mark.usefixtures("toy")


def named(text):
    return registry().provider(text)


def test_a_name_without_options_is_its_own_label():
    for text in ("spectral-residual", "center", "center:sigma=0.19", "toy-gaze:fault="):
        assert label(named(text)) == text.partition(":")[0]


def test_options_are_in_label_and_identity():
    assert label(named("Center:sigma=0.25")) == "center:sigma=0.25"
    expected = ProviderIdentity(provider="center", options={"sigma": 0.25})
    assert identity(named("center:sigma=0.25")) == expected
    assert identity(named("center:sigma=2.5e-1")) == identity(named("center:sigma=0.25"))
    assert identity(named("center")) == identity(named("center:sigma=0.19"))
    assert identity(named("uniform")) == ProviderIdentity(provider="uniform")


def test_what_is_permuted_is_named_with_its_options():
    provider = named("shuffled:seed=4:of=center:sigma=0.3")
    assert label(provider) == "shuffled:seed=4:of=center:sigma=0.3"
    assert label(named("shuffled")) == "shuffled:of=spectral-residual"
    assert identity(provider) == ProviderIdentity(
        provider="shuffled",
        options={"seed": 4},
        of=ProviderIdentity(provider="center", options={"sigma": 0.3}),
    )
    plain, permuted = code(named("center")), code(provider)
    assert permuted.package == "iqabench_saliency"
    assert set(permuted.harness) - set(plain.harness) == {"permutation"}
    assert permuted.model_copy(update={"harness": plain.harness}) == plain


class Files(BaseModel):
    file: Path


def test_files_are_known_by_their_content(tmp_path):
    here, there = tmp_path / "a.bin", tmp_path / "sub" / "b.bin"
    there.parent.mkdir()
    here.write_bytes(b"same")
    there.write_bytes(b"same")
    card = SaliencyCard(name="net", summary="s", factory="a:b", options="a:b")
    first, second = (Provider(card, Files(file=path)) for path in (here, there))
    expected = hashlib.sha256(b"same").hexdigest()
    assert identity(first).options == {"file": expected}
    assert identity(first) == identity(second)
    assert label(first) == label(second) == f"net:file={expected[:8]}"
    there.write_bytes(b"else")
    assert identity(Provider(card, Files(file=there))) != identity(first)


def test_folders_are_known_by_names_and_contents(tmp_path):
    def known(root):
        return identity(named(f"folder:root={tmp_path / root}"))

    for root in ("a", "b"):
        (tmp_path / root / "x").mkdir(parents=True)
        (tmp_path / root / "x" / "1.png").write_bytes(b"one")
        (tmp_path / root / "2.png").write_bytes(b"two")
    assert known("a") == known("b")
    assert str(tmp_path) not in str(known("a"))
    (tmp_path / "b" / "2.png").rename(tmp_path / "b" / "3.png")
    renamed = known("b")
    (tmp_path / "b" / "3.png").write_bytes(b"other")
    assert len({str(found) for found in (known("a"), known("b"), renamed)}) == 3


def test_a_computed_map_is_handed_on():
    image = torch.rand(3, 5, 7, generator=torch.Generator().manual_seed(0))
    found = computing(named("toy-gaze"))(image)
    torch.testing.assert_close(found, image[:1] / image[:1].max())


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("shape", r"of shape \(1, 5, 7\) for a picture of 5x7"),
        ("nan", "from nan to nan"),
        ("dim", "from 0.* to 0.5"),
        ("bright", "from .* to 255"),
        ("negative", "from -1 to -0"),
        ("empty", "from 0 to 0"),
    ],
)
def test_a_map_that_is_none_is_the_providers_fault(fault, words):
    with pytest.raises(ScoreError, match=f"saliency provider 'toy-gaze' returned a map {words}"):
        computing(named(f"toy-gaze:fault={fault}"))(torch.rand(3, 5, 7))


def test_what_float16_cannot_tell_from_one_is_one():
    provider = named("toy-gaze")
    maps = torch.tensor([[[[0.0, 1 - 2.0**-13]]]])
    assert checked(maps, provider, (1, 2)) is maps
    assert float(maps.half().max()) == 1
    with pytest.raises(ScoreError):
        checked(maps - 2.0**-11, provider, (1, 2))


@pytest.mark.parametrize("text", ["groundtruth", "shuffled"])
def test_some_have_maps_of_data_sets_only(text):
    with pytest.raises(UsageError, match=f"'{text}' has maps of data sets' pictures only") as error:
        computing(named(text))
    assert "spectral-residual" in error.value.hint
