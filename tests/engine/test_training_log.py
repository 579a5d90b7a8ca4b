"""What ``run --log`` writes, read back; and that nothing else depends on it."""

import math
import sys
import types

import pytest

import iqabench
from iqabench.contract import MissingDependencyError, UnknownNameError, UsageError
from iqabench.engine import training_log
from iqabench.protocols import log_places
from iqabench.protocols.log_places import LogPlace, log_place

ASKED = {
    "seeds": 1,
    "set": [f"net.recipe.{one}" for one in ("epochs=3", "schedule=cosine", "lr=0.01")],
}
pytestmark = pytest.mark.usefixtures("toy", "one_thread")


def ran(little, store, log=None, models="net=toy-network", **spread):
    """A store with a fit of three epochs."""
    session = iqabench.Session(
        little.catalog, store=store, device="cpu", spread=iqabench.Spread(**spread)
    )
    choices = iqabench.Choices(log=log)
    outcome = iqabench.run(models, "little", **ASKED, choices=choices, session=session).outcome
    assert not outcome.failed
    return session.store


def fits(store):
    return [job for job in store.jobs() if job.record.identity.kind == "fit"]


def scalars(folder):
    """Name -> step -> value, of all files of events in a folder."""
    events = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator",
        reason="needs iqabench[tensorboard]",
    )
    found = events.EventAccumulator(str(folder))
    found.Reload()
    return {
        name: {event.step: event.value for event in found.Scalars(name)}
        for name in found.Tags()["scalars"]
    }


def expected(epochs):
    """What a log has to hold of the epochs of a fit that :data:`ASKED` describes."""
    found = {f"loss/{name}": [epoch.losses[name] for epoch in epochs] for name in epochs[0].losses}
    return {
        **found,
        "validation_srocc": [epoch.validation_srocc for epoch in epochs],
        "learning_rate": [0.005 * (1 + math.cos(math.pi * step / 3)) for step in range(3)],
    }


def close(found, wanted):
    """Whether a log holds these numbers, in single precision, which TensorBoard keeps."""
    return found.keys() == wanted.keys() and all(
        list(found[name].values()) == pytest.approx(wanted[name], rel=1e-6)
        and list(found[name]) == list(range(len(wanted[name])))
        for name in wanted
    )


@pytest.fixture
def board(tmp_path):
    pytest.importorskip("tensorboard", reason="needs iqabench[tensorboard]")
    return tmp_path / "board"


def test_tensorboard_has_every_epoch_under_the_title_of_its_job(little, store, board):
    kept = ran(little, store, f"tensorboard:{board}", ["net=toy-network", "toy-estimator"])
    network = next(job for job in fits(kept) if job.epochs)
    (folder,) = board.glob("*/*")  # an estimator has no epochs
    assert folder.parent.name == network.record.title
    assert folder.name == network.fingerprint[:8]
    assert len(network.epochs) == 3 and close(scalars(folder), expected(network.epochs))
    assert [path.name for path in folder.iterdir() if "tfevents" not in path.name] == []


def test_a_log_changes_no_job_and_no_byte_of_it(little, store, board, tmp_path):
    logged, plain = ran(little, store, f"tensorboard:{board}"), ran(little, tmp_path / "plain")
    results = [
        {
            (job.fingerprint, file.name): file.sha256
            for job in one.jobs()
            for file in job.record.files
            if file.name not in ("log.txt", "predictions.parquet")
        }
        for one in (logged, plain)
    ]
    assert results[0] == results[1] and len(results[0]) == 2
    for job in logged.jobs():
        if job.record.identity.kind == "predict":
            mine, theirs = (one.predictions(job.fingerprint) for one in (logged, plain))
            assert mine.equals(theirs)


def test_workers_log_too(little, store, board):
    if sys.platform == "win32":
        pytest.skip("worker processes need a POSIX system")
    kept = ran(little, store, f"tensorboard:{board}", jobs=2)
    (fit,), (folder,) = fits(kept), board.glob("*/*")
    assert close(scalars(folder), expected(fit.epochs))


def test_epochs_that_are_logged_again_replace_the_earlier(board):
    at = log_place(f"tensorboard:{board}")
    with pytest.raises(KeyboardInterrupt), training_log.epoch_log(at, "fit a/b", "f" * 16) as log:
        log(0, {"x": 1.0})
        log(1, {"x": 2.0})
        raise KeyboardInterrupt
    with training_log.epoch_log(at, "fit a/b", "f" * 16) as log:
        log(1, {"x": 3.0})
        log(2, {"x": 4.0})
    assert scalars(board / "fit a_b" / "ffffffff") == {"x": {0: 1.0, 1: 3.0, 2: 4.0}}


def test_a_log_that_breaks_off_ends_no_training(little, store, board, monkeypatch, capsys):
    from lightning.pytorch.loggers import TensorBoardLogger

    real, calls = TensorBoardLogger.log_metrics, []

    def breaks(self, numbers, step):
        calls.append(step)
        if step == 1:
            raise OSError(28, "No space left on device")
        real(self, numbers, step)

    monkeypatch.setattr(TensorBoardLogger, "log_metrics", breaks)
    kept = ran(little, store, f"tensorboard:{board}")
    (fit,) = fits(kept)
    assert fit.done and len(fit.epochs) == 3 and calls == [0, 1]
    (line,) = [one for one in capsys.readouterr().err.splitlines() if "its log" in one]
    assert line == (
        f"{fit.record.title}: its log to tensorboard ends: "
        "OSError: [Errno 28] No space left on device"
    )


@pytest.mark.parametrize("kind", ["tensorboard", "mlflow"])
def test_a_missing_library_is_said_before_anything(iqabench, little, store, monkeypatch, kind):
    real = log_places.importlib.util.find_spec
    monkeypatch.setattr(
        log_places.importlib.util, "find_spec", lambda name: None if name == kind else real(name)
    )
    words = ["--models", "toy-network", "--datasets", "little", "--catalog", little.catalog]
    code, said, told = iqabench("run", *words, "--store", store, "--log", kind)
    assert (code, said) == (2, "") and told == [
        f"error: --log {kind} needs {kind}, which is not installed",
        f"hint: pip install 'iqabench[{kind}]'",
    ]
    assert not store.exists()
    with pytest.raises(MissingDependencyError):
        log_place(f"{kind}:x")


def test_a_folder_of_the_name_is_no_library(tmp_path, monkeypatch):
    (tmp_path / "tensorboard").mkdir()
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "tensorboard", raising=False)
    with pytest.raises(MissingDependencyError, match="needs tensorboard"):
        log_place("tensorboard")


def test_a_place_that_cannot_be_used_is_refused_before_any_job(little, store, board):
    board.write_text("")
    with pytest.raises(UsageError, match=r"--log tensorboard:.*cannot be used"):
        ran(little, store, f"tensorboard:{board}")
    assert not store.exists()


def test_nothing_is_made_for_a_log_where_every_job_is_done(little, store, board):
    ran(little, store)
    ran(little, store, f"tensorboard:{board}")
    assert not board.exists()


def test_another_name_is_refused():
    with pytest.raises(UnknownNameError, match="unknown logger of --log 'tensorbord'") as caught:
        log_place("tensorbord:x")
    assert caught.value.hint == "did you mean tensorboard?"


def test_the_usual_folder_is_below_the_working_folder(board, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert log_place("tensorboard") == LogPlace("tensorboard", str(tmp_path / "iqabench-logs"))


def test_a_run_notes_its_log(little, store, board, monkeypatch):
    monkeypatch.chdir(board.parent)
    (found,) = ran(little, store, f"tensorboard:{board.name}").runs()
    assert found.options.log == f"tensorboard:{board}"


class StandIn:
    """Takes the place of Lightning's logger for MLflow, and keeps what it is told."""

    every = ()

    def __init__(self, *given):
        self.given, self.told, self.status = given, [], None
        StandIn.every = (*StandIn.every, self)

    def log_metrics(self, numbers, step):
        self.told.append((step, numbers))

    def finalize(self, status):
        self.status = status


@pytest.fixture
def stand_in(monkeypatch):
    from lightning.pytorch import loggers

    monkeypatch.setattr(loggers, "MLFlowLogger", StandIn)
    monkeypatch.setattr(StandIn, "every", ())
    monkeypatch.setenv(training_log.NO_TELEMETRY, "")
    monkeypatch.delenv(training_log.NO_TELEMETRY)
    module = types.SimpleNamespace(get_tracking_uri=lambda: "sqlite:///own.db")
    monkeypatch.setitem(sys.modules, "mlflow", module)
    return lambda: StandIn.every


@pytest.mark.parametrize(("place", "uri"), [("", "sqlite:///own.db"), ("http://a:1", "http://a:1")])
def test_mlflow_is_given_the_title_the_place_and_the_job(stand_in, place, uri):
    with training_log.epoch_log(LogPlace("mlflow", place), "fit a, seed 0", "f" * 16) as log:
        log(0, {"x": 1.0})
        log(1, {"x": 2.0})
    (one,) = stand_in()
    assert one.given == ("iqabench", "fit a, seed 0", uri, {"iqabench.job": "f" * 16})
    assert (one.told, one.status) == ([(0, {"x": 1.0}), (1, {"x": 2.0})], "finished")
    assert training_log.os.environ[training_log.NO_TELEMETRY] == "true"


def test_a_fit_that_fails_is_a_failed_run_of_mlflow(stand_in):
    with (
        pytest.raises(ValueError, match="loss"),
        training_log.epoch_log(LogPlace("mlflow", ""), "fit a", "f" * 16) as log,
    ):
        log(0, {"x": 1.0})
        raise ValueError("loss")
    with (
        pytest.raises(ValueError, match="at once"),
        training_log.epoch_log(LogPlace("mlflow", ""), "fit a", "f" * 16),
    ):
        raise ValueError("at once")  # before its first epoch there is no run
    assert [one.status for one in stand_in()] == ["failed"]


def test_mlflow_has_every_epoch_under_the_title_of_its_job(little, store, tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow", reason="needs iqabench[mlflow]")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    uri = f"file:{tmp_path / 'runs'}"
    (fit,) = fits(ran(little, store, f"mlflow:{uri}"))
    client = mlflow.tracking.MlflowClient(uri)
    (run,) = client.search_runs([client.get_experiment_by_name("iqabench").experiment_id])
    assert (run.info.run_name, run.info.status) == (fit.record.title, "FINISHED")
    assert run.data.tags["iqabench.job"] == fit.fingerprint
    found = {
        name: {one.step: one.value for one in client.get_metric_history(run.info.run_id, name)}
        for name in run.data.metrics
    }
    assert close(found, expected(fit.epochs))


def test_a_place_that_mlflow_refuses_is_said_before_any_job(little, store):
    pytest.importorskip("mlflow", reason="needs iqabench[mlflow]")
    with pytest.raises(UsageError, match="--log mlflow:nowhere://x cannot be used"):
        ran(little, store, "mlflow:nowhere://x")
    assert not store.exists()
