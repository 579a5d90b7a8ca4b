"""A cache that is damaged, absent or cannot be written costs time and changes nothing."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import iqabench
from iqabench.contract.progress import Silent
from iqabench.data import file_hashes
from iqabench.store import Store

ASKED = {"models": "toy-estimator", "datasets": "little", "seeds": 1}
CACHED = ("hashes.sqlite", "features", "images")


class Heard(Silent):
    def __init__(self):
        self.lines = []

    def say(self, line):
        self.lines.append(line)


@pytest.fixture
def once(toy, little, store, tmp_path, monkeypatch):
    """The scores of a run with a cache of its own."""
    monkeypatch.setenv("IQABENCH_CACHE", str(tmp_path / "cache"))
    return run(little, store)


def run(little, store, watch=None):
    session = iqabench.Session(little.catalog, store=store, watch=watch)
    results = iqabench.run(**ASKED, session=session)
    assert results.outcome.failed == ()
    return results.predictions()[["image", "prediction"]]


@pytest.mark.parametrize("what", CACHED)
@pytest.mark.parametrize("manner", ["gone", "damaged", "another kind"])
def test_a_damaged_cache(once, little, tmp_path, what, manner):
    place = tmp_path / "cache" / what
    for path in [place] if place.is_file() else place.rglob("*"):
        if manner == "damaged" and path.is_file():
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    if manner != "damaged":
        place.unlink() if place.is_file() else shutil.rmtree(place)
    if manner == "another kind":
        place.mkdir() if what == "hashes.sqlite" else place.write_text("no folder")
    assert run(little, tmp_path / "again").equals(once)


def test_a_cache_that_cannot_be_written(once, little, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("IQABENCH_CACHE", str(tmp_path / "file"))
    assert file_hashes.file_hashes([little.root / "c0.png"])
    from iqabench.engine import features
    from iqabench.protocols.choices import Choices
    from iqabench.protocols.requests import resolve
    from iqabench.registry import registry

    dataset = iqabench.Session(little.catalog).dataset("little")
    (request,) = resolve(registry(), ["toy-estimator"], [], Choices())
    assert len(features.features(request.build(), request, dataset, "c0_1.png")) == 6
    assert (tmp_path / "file").read_text() == "no folder"


def test_the_cache_of_a_store(iqabench, once, little, store):
    first = iqabench("leaderboard", "--store", store)[:2]  # times on standard error differ
    for damage in (
        lambda place: shutil.rmtree(place),
        lambda place: (shutil.rmtree(place), place.write_text("no folder")),
        lambda place: (place.unlink(), place.mkdir()),
        lambda place: [path.write_bytes(b"{}") for path in place.iterdir()],
        lambda place: [path.write_bytes(path.read_bytes()[:-3]) for path in place.iterdir()],
    ):
        damage(store / "cache")
        assert iqabench("leaderboard", "--store", store)[:2] == first
    assert iqabench("store", "check", "--store", store)[0] == 0


def test_a_lost_or_damaged_result_is_named_and_made_again(once, little, store):
    fit, predict = sorted(Store(store).jobs(), key=lambda job: job.record.identity.kind)
    (table,) = store.glob("tables/*.parquet")
    (evaluation,) = store.glob("evaluations/*.json")
    split = next(store.glob("splits/*.json"))
    for path in (
        predict.folder / "predictions.parquet",
        predict.folder / "job.json",
        fit.folder / "weights.safetensors",
        fit.folder / "job.json",
        table,
        evaluation,
        split,
    ):
        for content in (None, b"", b"{}", path.read_bytes()[:-1]):
            if content is None:
                path.unlink()
            else:
                path.write_bytes(content)
            if content is not None:
                assert iqabench.check_store(session=iqabench.Session(store=store)), path
            watch = Heard()
            assert run(little, store, watch).equals(once)
            if content is not None:
                named = [line for line in watch.lines if "is damaged" in line]
                assert [line for line in named if str(path.parent) in line], (path, watch.lines)
            assert iqabench.check_store(session=iqabench.Session(store=store)) == [], path


def test_flipped_weights_do_not_score(once, little, store):
    fit = next(job for job in Store(store).jobs() if job.record.identity.kind == "fit")
    path = fit.folder / "weights.safetensors"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 64]))
    session = iqabench.Session(little.catalog, store=store)
    chosen = iqabench.Choices(weights=f"job:{fit.fingerprint}")
    picture = little.root / "c0_1.png"
    with pytest.raises(iqabench.contract.IqabenchError, match=r"the content of weights\."):
        iqabench.score("toy-estimator", [picture], choices=chosen, session=session)
    for predict in [job for job in session.store.jobs() if job.record.identity.kind == "predict"]:
        shutil.rmtree(predict.folder)
    assert run(little, store).equals(once)
    assert path.read_bytes() == content


def test_a_store_that_cannot_be_written_is_read(iqabench, once, store, tmp_path):
    """On a mount that is read-only; with another user's rights it would be the same."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("a read-only mount needs root and unshare")
    first = iqabench("leaderboard", "--store", store)
    (store / "removing.json").write_text("{}")
    shutil.rmtree(store / "cache")
    script = (
        f"mount --bind {store} {store} && mount -o remount,ro,bind {store} && cd {tmp_path} && "
        f"! touch {store}/x 2>/dev/null && "
        f"for what in leaderboard show 'report -o page.html' 'results list'; do "
        f"python -m iqabench $what --store {store} > out 2> err || {{ cat err; exit 9; }}; "
        f'[ "$what" = leaderboard ] && cp out board; done; exit 0'
    )
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script], capture_output=True, text=True, env=_environment()
    )
    if done.returncode == 1 and "unshare" in done.stderr:
        pytest.skip("no mounts of its own may be made here")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "board").read_text() == first[1]


def _environment():
    import sys

    tests = Path(__file__).parent
    path = [str(tests.parent), str(tests.parent / "plugins"), os.environ.get("PYTHONPATH", "")]
    binaries = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": binaries, "PYTHONPATH": os.pathsep.join(path)}


def test_a_relative_store_survives_a_change_of_folder(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    session = iqabench.Session(store="results")
    monkeypatch.chdir("elsewhere")
    assert session.store.root == tmp_path / "results"
