import pytest

import iqabench
from iqabench import Session
from iqabench.contract.errors import UnknownNameError, UsageError
from iqabench.contract.progress import Silent
from iqabench.protocols.choices import Choices
from iqabench.protocols.requests import resolve
from iqabench.registry import registry
from iqabench.studies import cost as costing

PARAMETERS = (8 * 3 * 5 * 5 + 8) + 2 * 8 + (8 + 1)
"""The toy network's convolution, batch norm and linear layer."""
MACS = 8 * 3 * 5 * 5 * 7 * 7 + 8
"""A 5x5 convolution of stride 4 makes 7x7 of a 32x32 crop; then eight products."""

pytestmark = pytest.mark.usefixtures("toy")


class Said(Silent):
    """Keeps the lines that are said."""

    def __init__(self):
        self.lines = []

    def say(self, line):
        self.lines.append(line)


def test_size_and_multiplications():
    (request,) = resolve(registry(), ["toy-network"], [], Choices())
    found = costing.measure(request)
    assert found["parameters_m"] == PARAMETERS / 1e6
    statistics = 2 * 8 * 4 + 8  # batch norm's mean and variance, and its counter
    assert found["size_mib"] == (4 * PARAMETERS + statistics) / 2**20
    assert found["macs_g"] == MACS / 1e9
    assert found["seconds_per_step"] > 0 and found["seconds_per_crop"] > 0
    assert found["peak_memory_mib"] >= 0


@pytest.mark.parametrize(("seconds", "calls", "median"), [(1.0, 4, 1.0), (9.0, 2, 9.0)])
def test_a_long_call_is_measured_once_after_the_warm_up(monkeypatch, seconds, calls, median):
    now, made = [0.0], []

    def act():
        made.append(1)
        now[0] += seconds

    monkeypatch.setattr(costing.time, "perf_counter", lambda: now[0])
    assert costing._timed(act, "cpu") == median
    assert len(made) == calls


@pytest.mark.slow
def test_models_are_compared_in_fresh_processes_without_those_whose_library_is_missing():
    card = registry().model("toy-network")
    missing = card.model_copy(update={"name": "toy-missing", "requires": "no_such_library"})
    registry().models.add(missing, "toy")
    watch = Said()
    rows = iqabench.cost(["a=toy-network", "b=toy-missing"], session=Session(watch=watch))
    assert [row["model"] for row in rows] == ["a"]
    assert (rows[0]["crop"], rows[0]["batch"]) == ("32x32", 12)
    assert len(watch.lines) == 1 and "no_such_library" in watch.lines[0]


def test_a_misspelt_model_is_refused():
    with pytest.raises(UnknownNameError, match="toy-networks"):
        iqabench.cost(["toy-network", "toy-networks"])


def test_only_networks_have_a_step_to_time():
    with pytest.raises(UsageError, match="toy-estimator"):
        iqabench.cost("toy-estimator")


def test_ratios_are_to_the_named_model(monkeypatch):
    seconds = {"a": 3.0, "b": 2.0}
    monkeypatch.setattr(
        costing, "_in_fresh_process", lambda request: {"seconds_per_step": seconds[request.label]}
    )
    models = ["a=toy-network", "b=toy-network"]
    assert [row["step_ratio"] for row in iqabench.cost(models, base="b")] == [1.5, 1.0]
    assert [row["step_ratio"] for row in iqabench.cost(models, base="c")] == [None, None]
    assert all("step_ratio" not in row for row in iqabench.cost(models))
