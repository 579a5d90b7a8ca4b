"""What a card says of needed files is what the model asks for when it is built."""

import pytest

from iqabench.contract import WeightsError
from iqabench.kit.encoders import weights_card
from iqabench.kit.start_weights import REPOSITORIES, start_weights
from iqabench.kit.weights import NotFetched, is_here, nothing_fetched
from iqabench.protocols.choices import Choices
from iqabench.protocols.requests import resolve
from iqabench.registry import registry

OF_EACH_PLUGIN = ("biosiqnet", "sgdnet", "tiqa", "maniqa", "dbcnn", "hyperiqa", "tres", "cnniqa")
SCORERS = ("clipiqa", "deepdc", "ahiq", "lpips-vgg", "ssim")
CARDS = registry().models.cards
REST = sorted(set(CARDS) - {*OF_EACH_PLUGIN, *SCORERS})


@pytest.mark.parametrize("name", sorted(REPOSITORIES))
def test_start_weights_are_what_timm_says(name):
    assert start_weights(name) == weights_card(name)


@pytest.mark.parametrize("name", [*OF_EACH_PLUGIN, *SCORERS])
def test_the_first_file_that_a_model_asks_for_is_on_its_card(name, monkeypatch):
    _check(name, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in REST if "qalign" not in name])
def test_so_it_is_for_every_other_model(name, monkeypatch):
    _check(name, monkeypatch)


def _check(name, monkeypatch):
    """Files are asked for in the order in which networks are put together: the backbone first."""
    import iqabench_pyiqa.metric

    monkeypatch.setattr(iqabench_pyiqa.metric, "fetch", lambda url: None)
    (request,) = resolve(registry(), [name], [], Choices())
    card = request.card
    needed = [*card.needs, *([] if card.trains else card.weights)]
    absent = [one for one in needed if not is_here(one)]
    try:
        with nothing_fetched():
            request.build()
    except NotFetched as asked:
        backbones = [one for one in card.needs if not is_here(one)]
        wanted = backbones or absent
        assert asked.card.filename in [one.filename for one in wanted]
        assert asked.card.url in [one.url for one in wanted]
    except WeightsError as error:  # a whole repository, which only the hub's library can fetch
        assert absent
        assert "hf download" in error.hint
    else:
        assert absent == []
