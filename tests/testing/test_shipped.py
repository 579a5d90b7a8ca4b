"""Everything that ships keeps the contract that other people's plugins have to keep.

All cards are checked. Of models that are alike in code one is checked whole, at its toy size.
pyiqa's metrics need files, but for those that compute a formula.
"""

import pytest

from iqabench.registry import registry
from iqabench.testing import dataset_contract, model_contract, outputs, saliency_contract
from iqabench.testing.cards import check_card
from iqabench.testing.lazily import check_lazy

CLASSICS = ("brisque", "niqe", "piqe", "lite0-ridge")
NETWORKS = (
    "biosiqnet",
    "biosiqnet-vgg19",
    "biosiqnet-lite",
    "sds-iqa",
    "sgdnet",
    "tiqa",
    "dor-iqa",
)
PYIQA = ("maniqa", "cnniqa", "wadiqam")
"""dbcnn, hyperiqa and tres, whose toy sizes take 10 to 30 s, pass, too."""
FORMULAS = ("entropy", "fsim", "gmsd", "nlpd", "psnr", "psnry", "pyiqa-piqe", "vif")
PROVIDERS = ("center", "itti-koch", "readout", "spectral-residual", "uniform")
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(autouse=True)
def smaller(monkeypatch):
    """A huge picture is a sixth as large as for others: formulas of pyiqa take long."""
    monkeypatch.setattr(outputs, "HUGE", (400, 600))


@pytest.mark.slow
@pytest.mark.parametrize("name", [*CLASSICS, *NETWORKS, *PYIQA, *FORMULAS])
def test_a_model_keeps_the_contract(name):
    if name in (*PYIQA, *FORMULAS):
        pytest.importorskip("pyiqa")
    found = {one.check: one.result for one in model_contract(name)}
    assert found["can be built"] == found["deterministic"] == "pass"


@pytest.mark.slow
@pytest.mark.parametrize("name", PROVIDERS)
def test_a_provider_keeps_the_contract(name):
    found = {one.check: one.result for one in saliency_contract(name)}
    assert found["can be built"] == found["flat pictures"] == "pass"


def test_the_demo_set_keeps_the_contract(small_demo):
    found = {one.check: one.result for one in dataset_contract("demo")}
    assert found["can be read"] == found["counts"] == "pass"


@pytest.mark.slow
def test_every_plugin_loads_lazily_and_every_card_is_complete():
    known = registry()
    for plugin in known.plugins:
        check_lazy(known, plugin)
    for shelf in (known.models, known.datasets, known.saliency):
        for card in shelf.cards.values():
            check_card(card, known)
