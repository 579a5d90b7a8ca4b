import pytest
import torch

from iqabench.contract import UsageError, WeightsError
from iqabench.engine.predict_job import ready_for
from iqabench.store import Store


@pytest.mark.parametrize("kind", ["file", "job"])
def test_weights_made_before_are_used(made, kind, weights_of, predictions):
    evaluation = made("toy-network")
    chosen = weights_of(evaluation)
    if kind == "job":
        chosen = f"job:{evaluation.predict.fit.fingerprint}"
    again = made("toy-network", weights=str(chosen))
    assert again.predict.fit is None
    before = predictions(evaluation).set_index("image")["prediction"]
    after = predictions(again).set_index("image")["prediction"]
    assert {*again.test.table["image"]} < {*after.index}  # not fitted, so it scores every image
    assert after[before.index].equals(before)


def failure(store, evaluation):
    return Store(store).job(evaluation.predict.fingerprint).record


def test_weights_of_a_job_that_is_not_there(made, store):
    with pytest.raises(UsageError, match="unknown job '0123456789abcdef'"):
        made("toy-network", weights="job:0123456789abcdef")


def test_weights_that_hold_code_are_refused(made, store, tmp_path):
    path = tmp_path / "evil.pth"
    torch.save({"run": Evil(str(tmp_path / "touched"))}, path)
    record = failure(store, made("toy-network", weights=str(path)))
    assert record.error == f"WeightsError: {path} holds more than tensors"
    assert not (tmp_path / "touched").exists()


class Evil:
    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return open, (self.target, "w")


def test_a_fit_that_failed_is_the_reason_of_the_prediction(made, store):
    evaluation = made("toy-network", ["toy-network.fault=constructor"])
    with pytest.raises(WeightsError, match=r"fit job \w+ failed") as refused:
        ready_for(evaluation.predict, Store(store))
    assert refused.value.hint == f"iqabench show {evaluation.predict.fit.fingerprint}"
