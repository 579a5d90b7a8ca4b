"""A fit of each wrapped network that is cut off goes on from its last epoch, and ends the same."""

import pytest
import torch
from safetensors.torch import load_file

from iqabench.api.running import plan
from iqabench.api.session import Choices, Session
from iqabench.engine.kinds import trainable
from iqabench.engine.making import make
from iqabench.store import Store
from iqabench.store.folder import WEIGHTS

pytest.importorskip("pyiqa", reason="the networks are pyiqa's")
pytestmark = pytest.mark.usefixtures("one_thread")


class PowerCut(Exception):
    """Ends a training in the validation of its second epoch."""


@pytest.mark.parametrize(
    "name",
    [
        "cnniqa",
        "wadiqam",
        "maniqa",
        "dbcnn",
        "hyperiqa",
        pytest.param("tres", marks=pytest.mark.slow),
    ],
)
def test_it_goes_on_after_its_last_epoch(name, toy_set, tmp_path, monkeypatch):
    changed = [f"{name}.recipe.{text}" for text in ("epochs=2", "test_crops=1", "select=last")]
    choices = Choices(tiny=True, init="random")
    made = plan([name], ["toys"], seeds=1, set=changed, choices=choices, session=Session(toy_set))
    (fit,) = (evaluation.predict.fit for evaluation in made.evaluations)
    validated, epochs = trainable._validated, []

    def weights(store, cut):
        def until_cut(job, network):
            epochs.append(cut)
            if cut and len(epochs) == 2:
                raise PowerCut("no power")
            return validated(job, network)

        epochs.clear()
        monkeypatch.setattr(trainable, "_validated", until_cut)
        store.prepare()
        job = make(fit, store, lambda done, total, what: None, lambda line: None).job
        assert job.done != cut
        return None if cut else load_file(job.folder / WEIGHTS)

    whole = weights(Store(tmp_path / "whole"), cut=False)
    stages = len(epochs)
    weights(Store(tmp_path / "cut"), cut=True)
    assert "PowerCut" in Store(tmp_path / "cut").job(fit.fingerprint).record.error
    resumed = weights(Store(tmp_path / "cut"), cut=False)
    assert len(epochs) == stages - 1  # the first was not made again
    assert whole.keys() == resumed.keys()
    assert all(torch.equal(whole[key], resumed[key]) for key in whole)
    folder = Store(tmp_path / "cut").job(fit.fingerprint).folder
    assert not list(folder.glob("stage-*"))
