"""Who makes the jobs: what the user asks for, and what is refused in one line."""

import importlib.util

import pytest

from iqabench import Spread
from iqabench.contract import MissingDependencyError, UsageError
from iqabench.engine.executors import spread
from iqabench.engine.executors.base import Serial
from iqabench.engine.executors.processes import Processes


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["--jobs", "0"], "error: --jobs 0 is too small"),
        (["--threads", "-1"], "error: --threads -1 is too small"),
        (["--jobs", "2", "--devices", "0"], "error: --jobs and --devices"),
        (["--memory", "2"], "error: --memory: not with --executor local"),
        (["--address", "x:1"], "error: --address: not with --executor local"),
        (["--executor", "ray", "--devices", "0"], "error: --devices: not with --executor ray"),
        (
            ["--devices", "0,1", "--device", "cpu"],
            "error: --devices 0,1: the run computes on cpu, not on GPUs",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(command, little, store, words, error):
    code, out, err = command(
        *("run", "--models", "toy-scorer", "--datasets", "little"),
        *("--catalog", little.catalog, "--store", store, *words),
    )
    assert (code, out) == (2, "")
    assert err.splitlines()[0] == error
    assert not store.exists()


@pytest.mark.parametrize(("name", "library"), [("ray", "ray"), ("slurm", "submitit")])
def test_a_missing_extra_is_one_line_with_the_command(monkeypatch, name, library):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda one, *more: None if one == library else found(one)
    )
    with pytest.raises(MissingDependencyError) as raised:
        Spread(executor=name)
    assert raised.value.message == f"--executor {name} needs {library}, which is not installed"
    assert raised.value.hint == f"pip install 'iqabench[{name}]'"


def test_slurm_without_slurm_is_refused(command, little, store, monkeypatch):
    pytest.importorskip("submitit", reason="needs the extra slurm")
    monkeypatch.setenv("PATH", "/nowhere")
    code, _, err = command(
        *("run", "--models", "toy-scorer", "--datasets", "little", "--device", "cpu"),
        *("--catalog", little.catalog, "--store", store, "--executor", "slurm"),
    )
    assert code == 2
    assert "error: no Slurm here: sbatch is not on the path" in err


def test_the_gpus_of_this_machine_are_used_by_their_numbers(monkeypatch):
    monkeypatch.setattr(spread, "visible_gpus", lambda: {"0": "4", "1": "GPU-abc"})
    chosen = Spread(devices=("0", "1")).chosen("cuda")
    given = [one["CUDA_VISIBLE_DEVICES"] for one in chosen.environments]
    assert given == ["4", "GPU-abc"]
    for names, told in ((("0", "2"), "no GPU '2' here"), (("1", "1"), "1 twice")):
        with pytest.raises(UsageError, match=told):
            Spread(devices=names).chosen("cuda")
    monkeypatch.setattr(spread, "visible_gpus", dict)
    with pytest.raises(UsageError) as raised:
        Spread(devices=("0",)).chosen("cuda")
    assert raised.value.hint == "this machine has none"


def test_the_simplest_executor_that_will_do():
    assert isinstance(Spread().chosen("cpu"), Serial)
    assert isinstance(Spread(jobs=1).chosen("cpu"), Serial)
    several = Spread(jobs=3, threads=5).chosen("cpu")
    assert isinstance(several, Processes)
    assert [one["OMP_NUM_THREADS"] for one in several.environments] == ["5", "5", "5"]
