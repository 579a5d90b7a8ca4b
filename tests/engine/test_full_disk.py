"""Where the disk is full, one line or a failed job says so, and the next run goes on."""

import errno
from pathlib import Path

import pandas as pd
import pytest

from iqabench.engine.kinds import estimator, trainable

FULL = OSError(errno.ENOSPC, "No space left on device")


def full(*args, **kwargs):
    raise FULL


@pytest.fixture
def no_room(monkeypatch):
    """Lets no file with that in its path come to its place."""
    replace = Path.replace

    def refuse(part):
        def guarded(self, target):
            if part in str(target):
                raise OSError(errno.ENOSPC, "No space left on device", str(target))
            return replace(self, target)

        monkeypatch.setattr(Path, "replace", guarded)

    return refuse


@pytest.fixture
def words(little, store):
    models = ("--models", "toy-estimator", "--seeds", 1, "--device", "cpu")
    return ("run", *models, "--datasets", "little", "--catalog", little.catalog, "--store", store)


def board(command, store):
    code, out, _ = command("leaderboard", "--store", store, "--format", "csv", "--quiet")
    assert code == 0
    rows = pd.read_csv(pd.io.common.StringIO(out))
    return rows.drop(columns=["seconds_per_image", "timed_on"])


@pytest.fixture
def undisturbed(little, tmp_path, command):
    """The leaderboard of a run on a disk with room."""
    store = tmp_path / "undisturbed"
    models = ("--models", "toy-estimator", "--seeds", 1, "--device", "cpu")
    sets = ("--datasets", "little", "--catalog", little.catalog)
    assert command("run", *models, *sets, "--store", store, "--quiet")[0] == 0
    return board(command, store)


@pytest.mark.parametrize(
    "part", ["/tables/", "/splits/", "/evaluations/", "/store.json", "/job.json"]
)
def test_a_record_without_room_is_one_line(part, command, words, store, no_room):
    no_room(part)
    code, _, err = command(*words, "--quiet")
    assert code == 2
    first, *hints = err.strip().splitlines()
    assert first.startswith("error: ")
    assert "No space left on device" in first
    assert str(store) in first
    assert all(line.startswith("hint: ") for line in hints)


@pytest.mark.parametrize(
    ("place", "name"),
    [(pd.DataFrame, "to_parquet"), (estimator, "save_file")],
    ids=["predictions", "weights"],
)
def test_a_job_without_room_fails_by_name_and_is_made_again(
    place, name, command, words, store, undisturbed
):
    with pytest.MonkeyPatch.context() as patch:
        if name == "to_parquet":
            kept = pd.DataFrame.to_parquet
            patch.setattr(
                place,
                name,
                lambda self, path, **more: (
                    full() if "jobs" in str(path) else kept(self, path, **more)
                ),
            )
        else:
            patch.setattr(place, name, full)
        code, _, err = command(*words, "--quiet")
    assert code == 1
    (line,) = (line for line in err.splitlines() if line.startswith("failed: "))
    assert "toy-estimator" in line
    assert "No space left on device" in line
    assert "Traceback" not in err
    assert command(*words, "--quiet")[0] == 0
    assert board(command, store).equals(undisturbed)


def test_a_fit_without_room_for_its_weights_keeps_its_epochs(command, words, store, toy):
    network = [word if word != "toy-estimator" else "toy-network" for word in words]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trainable, "save_file", full)
        assert command(*network, "--quiet")[0] == 1
    assert list(store.glob("jobs/*.partial/stage-*"))
    losses = toy.Network.losses
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(toy.Network, "losses", lambda *_: pytest.fail("an epoch was made again"))
        assert command(*network, "--quiet")[0] == 0
    assert toy.Network.losses is losses


def test_files_asked_for_are_written_whole_or_not_at_all(command, words, store, tmp_path, no_room):
    assert command(*words, "--quiet")[0] == 0
    no_room("wanted")
    for name in ("wanted.csv", "wanted.md", "wanted.json", "wanted.tex", "wanted.parquet"):
        code, _, err = command("leaderboard", "--store", store, "-o", tmp_path / name, "--quiet")
        assert (code, "No space left on device" in err) == (2, True), name
    code, _, err = command("report", "-o", tmp_path / "wanted.html", "--store", store, "--quiet")
    assert (code, "No space left on device" in err) == (2, True), err
    assert not list(tmp_path.glob("*wanted*"))
