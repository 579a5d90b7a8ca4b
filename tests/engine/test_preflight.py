"""What cannot work is said before the first job, and a failure is said once."""

import socket

import pytest

import iqabench
from iqabench import Choices, Session
from iqabench.contract import WeightsCard, WeightsError
from iqabench.kit.places import weights_dir
from iqabench.kit.weights import resolve
from iqabench.registry import registry
from iqabench.store import Store

FILE = b"weights"


@pytest.fixture
def hungry(toy, monkeypatch):
    """A network that starts from a file, and a scorer that needs one; returns its card."""

    def need(**fields):
        card = WeightsCard(name="start", filename="start.bin", **fields)

        def hungry(made):
            def build(self, options):
                if options.init == "default" and options.fault == "":
                    resolve(card)
                made(self, options)

            return build

        for kind in (toy.Network, toy.Scorer):
            monkeypatch.setattr(kind, "__init__", hungry(kind.__init__))
        return card

    return need


@pytest.fixture
def run(command, little, store):
    def go(*words, models="toy-network,toy-estimator"):
        given = ["--models", models, "--datasets", "little", "--seeds", 2, "--device", "cpu"]
        return command("run", *given, "--catalog", little.catalog, "--store", store, *words)

    return go


@pytest.mark.parametrize("dry", [True, False])
def test_weights_that_nobody_can_get_are_refused_before_the_first_job(run, hungry, store, dry):
    hungry()
    code, _, complaint = run(*["--dry-run"] * dry, models="toy-estimator,toy-network,toy-scorer")
    assert code == 2
    first, hint = complaint.splitlines()[-2:]
    assert first == (
        "error: 'toy-network' cannot run: weights 'start' are not on this machine; "
        "nor can toy-scorer run"
    )
    assert hint == f"hint: put start.bin into {weights_dir()}, or use --init random"
    assert not (store / "jobs").exists()
    assert run("--init", "random", "--quiet", models="toy-network")[0] == 0


def test_weights_to_download_are_told_without_asking_for_them(run, hungry, hub, store):
    hungry(url=f"{hub.url}/start.bin", size=12_300_000)
    hub.files["start.bin"] = FILE
    code, printed, _ = run("--dry-run")
    assert (code, hub.asked) == (0, [])
    lines = printed.splitlines()
    note = lines.pop()
    assert note.startswith("not on this machine: start.bin (12.3 MB); a run downloads this before")
    assert sum("start.bin (12.3 MB)" in line for line in lines) == 4  # both jobs of both seeds
    code, _, _ = run("--quiet")
    assert (code, len(hub.asked)) == (0, 1)
    assert (weights_dir() / "start.bin").read_bytes() == FILE
    _, printed, _ = run("--dry-run")
    assert "download" not in printed


def test_weights_that_cannot_be_downloaded_stop_the_run_at_once(run, hungry, store):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        hungry(url=f"http://127.0.0.1:{unused.getsockname()[1]}/start.bin")
    code, _, complaint = run()
    assert code == 2
    first, hint = complaint.splitlines()[-2:]
    assert "'toy-network' cannot run: weights 'start' are not on this machine and http" in first
    assert "start.bin" in hint and "--init random" in hint
    assert not (store / "jobs").exists()


@pytest.mark.parametrize("dry", [True, False])
def test_options_that_the_model_refuses_are_said_before_the_first_job(run, store, dry):
    code, _, complaint = run(
        *["--dry-run"] * dry,
        *("--set", "biosiqnet-lite.encoder=resnet999"),
        models="toy-estimator,biosiqnet-lite",
    )
    assert code == 2
    first, hint = complaint.splitlines()[-2:]
    assert "'biosiqnet-lite' cannot run: unknown encoder 'resnet999'" in first
    assert "resnet50" in hint
    assert not (store / "jobs").exists()


def test_what_is_made_already_needs_no_check(run, hungry, store):
    assert run("--quiet", models="toy-network")[0] == 0
    hungry()
    assert run("--quiet", models="toy-network")[0] == 0
    assert run("--dry-run", models="toy-network")[0] == 0


def test_a_check_changes_no_random_numbers(little, store, tmp_path, toy, monkeypatch):
    """A scorer without weights of its own draws them: the same, whatever was built before it."""
    import torch

    from iqabench.engine import preflight

    session = Session(little.catalog, store=store, device="cpu")
    plan = iqabench.plan("toy-network", "little", seeds=1, session=session)
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    preflight.check(plan, Store(store), session.watch)
    assert torch.equal(torch.rand(3), expected)


def test_a_fit_that_fails_is_said_once_and_counted_with_what_lacks_it(run):
    code, _, told = run("--set", "toy-network.fault=losses", models="toy-network")
    assert code == 1
    lines = told.splitlines()
    said = [line for line in lines if "failed:" in line]
    assert len(said) == 2  # one of each seed
    assert all("fit toy-network on little" in line and "no such loss" in line for line in said)
    assert all("iqabench show" in line for line in said)
    assert not any("WeightsError" in line for line in lines)
    assert any(line.startswith("4 jobs made, 4 failed, 0 reused") for line in lines)


def test_published_weights_are_checked_too(little, store):
    card = registry().model("cnniqa")
    session = Session(little.catalog, store=store, device="cpu")
    plan = iqabench.plan("cnniqa", "little", choices=Choices(weights="published"), session=session)
    (job,) = iqabench.planned(plan, session=session)
    assert job.download == card.weights[0].filename
    weights_dir().mkdir(parents=True)
    (weights_dir() / card.weights[0].filename).write_bytes(b"garbage")
    with pytest.raises(WeightsError, match=r"'cnniqa' cannot run: .* is no weights file"):
        iqabench.planned(plan, session=session)
