import pytest

from iqabench.contract import DataError
from iqabench.engine.features import features_of
from iqabench.protocols.choices import Choices
from iqabench.protocols.requests import resolve
from iqabench.registry import registry


def test_a_refused_picture_is_named(dataset, toy, monkeypatch):
    def refuse(self, images):
        raise DataError("too odd a picture", "leave it out")

    monkeypatch.setattr(toy.Estimator, "features", refuse)
    (request,) = resolve(registry(), ["toy-estimator"], ["toy-estimator.power=7"], Choices())
    with pytest.raises(DataError, match=r"^c0_1\.png: too odd a picture$") as refused:
        features_of(request.build(), request, dataset, ["c0_1.png"], lambda *told: None)
    assert refused.value.hint == "leave it out"


def test_options_that_change_features_do_not_share_a_cache(
    made, tmp_path, monkeypatch, predictions
):
    made("toy-estimator")
    cubed = made("toy-estimator", ["toy-estimator.power=3"])
    monkeypatch.setenv("IQABENCH_CACHE", str(tmp_path / "fresh"))
    made("toy-estimator", ["toy-estimator.power=3"], tmp_path / "other")
    assert predictions(cubed).equals(predictions(cubed, tmp_path / "other"))
