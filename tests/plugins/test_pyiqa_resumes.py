"""A fit of each wrapped network that is cut off goes on from its last epoch, and ends the same."""

import os
import signal

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


@pytest.fixture
def fit(name, toy_set):
    """The job: two epochs of a network on twelve pictures."""
    changed = [f"{name}.recipe.{text}" for text in ("epochs=2", "test_crops=1", "select=last")]
    choices = Choices(tiny=True, init="random")
    planned = plan(
        [name], ["toys"], seeds=1, set=changed, choices=choices, session=Session(toy_set)
    )
    (found,) = (evaluation.predict.fit for evaluation in planned.evaluations)
    return found


@pytest.fixture
def train(fit, monkeypatch):
    """Makes the job in a store; does something in its second validation; counts validations."""
    validated = trainable._validated

    def made(store, second=lambda: None):
        epochs = []

        def watched(job, network):
            epochs.append(job)
            if len(epochs) == 2:
                second()
            return validated(job, network)

        monkeypatch.setattr(trainable, "_validated", watched)
        store.prepare()
        return make(fit, store, lambda done, total, what: None, lambda line: None).job, len(epochs)

    return made


def goes_on(train, tmp_path):
    """Whether a training that was cut off makes its second epoch only, and ends as an undisturbed
    one.
    """
    whole, stages = train(Store(tmp_path / "whole"))
    resumed, rest = train(Store(tmp_path / "cut"))
    assert rest == stages - 1
    expected, found = (load_file(job.folder / WEIGHTS) for job in (whole, resumed))
    assert expected.keys() == found.keys()
    assert all(torch.equal(expected[key], found[key]) for key in expected)
    assert not list(resumed.folder.glob("stage-*"))


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
def test_it_goes_on_after_its_last_epoch(train, tmp_path):
    def cut():
        raise PowerCut("no power")

    failed, _ = train(Store(tmp_path / "cut"), cut)
    assert "PowerCut" in failed.record.error
    goes_on(train, tmp_path)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the training is a process of its own")
@pytest.mark.parametrize("name", ["cnniqa", "wadiqam", "maniqa"])
def test_it_goes_on_after_it_was_killed(train, tmp_path):
    child = os.fork()
    if not child:
        try:
            train(Store(tmp_path / "cut"), lambda: os.kill(os.getpid(), signal.SIGKILL))
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    goes_on(train, tmp_path)
