"""``--compile``: the same numbers but for the last bits, and another configuration."""

import numpy as np
import pytest

import iqabench
from iqabench.contract import UsageError
from iqabench.engine import compiling

pytestmark = pytest.mark.usefixtures("toy", "one_thread")


@pytest.fixture
def traced(monkeypatch):
    """The network is traced as for a compiler, and run as it is: not every machine has one."""
    monkeypatch.setattr(compiling, "BACKEND", "eager")


def ran(little, store, models="toy-network", **choices):
    session = iqabench.Session(little.catalog, store=store, device="cpu")
    made = iqabench.run(
        models, "little", seeds=1, choices=iqabench.Choices(**choices), session=session
    )
    assert not made.outcome.failed
    return session.store


def of_kind(store, kind):
    (found,) = (job for job in store.jobs() if job.record.identity.kind == kind)
    return found


def test_a_compiled_network_predicts_the_same_under_another_name(traced, little, tmp_path):
    plain, compiled = (ran(little, tmp_path / str(asked), compile=asked) for asked in (False, True))
    for kind in ("fit", "predict"):
        one, other = of_kind(plain, kind), of_kind(compiled, kind)
        assert one.fingerprint != other.fingerprint
        assert other.record.identity.model.compiled
        # Jobs of releases that could not compile keep their names.
        assert "compiled" not in one.record.identity.model.model_dump()
    found = [
        store.predictions(of_kind(store, "predict").fingerprint)["prediction"]
        for store in (plain, compiled)
    ]
    np.testing.assert_allclose(*found, rtol=1e-4)


def test_training_and_scoring_go_through_the_compiler(traced, little, tmp_path, monkeypatch):
    asked = []
    plain = compiling.compiled

    def noted(work):
        asked.append(getattr(work, "__name__", type(work).__name__))
        return plain(work)

    for module in ("folding", "training_module"):
        monkeypatch.setattr(f"iqabench.engine.{module}.compiled", noted)
    ran(little, tmp_path / "store", compile=True)
    assert "losses" in asked and len(asked) > 1


def test_what_is_no_network_is_as_it_was(little, tmp_path):
    one, other = (
        of_kind(ran(little, tmp_path / str(asked), "toy-estimator", compile=asked), "predict")
        for asked in (False, True)
    )
    assert one.fingerprint == other.fingerprint


def test_without_a_compiler_no_job_is_begun(little, tmp_path, monkeypatch):
    monkeypatch.setattr(compiling, "BACKEND", "no such compiler")
    with pytest.raises(UsageError, match="torch cannot compile for cpu here: ") as error:
        ran(little, tmp_path / "store", compile=True)
    assert "--compile" in error.value.hint
    assert not list((tmp_path / "store").glob("jobs/*"))


def test_the_command_says_so(iqabench, toy, little, monkeypatch):
    monkeypatch.setattr(compiling, "BACKEND", "no such compiler")
    words = ["run", "--models", "toy-network", "--datasets", "little", "--seeds", "1"]
    code, _, told = iqabench(*words, "--catalog", little.catalog, "--compile", "--quiet")
    assert code == 2
    assert told[-2].startswith("error: torch cannot compile for cpu here: ")
    assert told[-1].startswith("hint: leave --compile out")
