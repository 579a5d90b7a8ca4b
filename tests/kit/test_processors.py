"""How many processors and threads may be used, and who says so."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from iqabench.kit import processors
from iqabench.kit.processors import Allowance, allowance, cores, settle, share_of, threads


@pytest.fixture
def groups(tmp_path, monkeypatch):
    """Writes files of control groups, and the line that says which is the process's own."""
    monkeypatch.setattr(processors, "CGROUP", tmp_path)
    monkeypatch.setattr(processors, "OWN_CGROUP", tmp_path / "own")

    def write(own, **files):
        (tmp_path / "own").write_text(own)
        for name, content in files.items():
            path = tmp_path / name.replace("__", "/").replace("0", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)

    return write


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system has no affinity")
def test_a_process_bound_to_one_processor_uses_one() -> None:
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        assert cores() == 1
    finally:
        os.sched_setaffinity(0, allowed)
    assert cores() <= len(allowed)


@pytest.mark.parametrize(
    ("own", "files", "quota"),
    [
        ("0::/a/b\n", {"a__b__cpu0max": "250000 100000\n"}, 2.5),
        ("0::/a/b\n", {"a__b__cpu0max": "max 100000\n", "a__cpu0max": "100000 100000\n"}, 1.0),
        ("0::/\n", {"cpu0max": "50000 100000\n"}, 0.5),
        ("0::/a\n", {"a__cpu0max": "max 100000\n"}, None),
        ("0::/hidden\n", {"cpu0max": "300000 100000\n"}, 3.0),
        (
            "5:cpu,cpuacct:/x\n",
            {
                "cpu,cpuacct__x__cpu0cfs_quota_us": "150000\n",
                "cpu,cpuacct__x__cpu0cfs_period_us": "100000\n",
            },
            1.5,
        ),
        (
            "5:cpu:/x\n1:memory:/y\n",
            {"cpu__cpu0cfs_quota_us": "-1\n", "cpu__cpu0cfs_period_us": "100000\n"},
            None,
        ),
        ("nonsense", {}, None),
        ("0::/a\n", {"a__cpu0max": "nonsense"}, None),
    ],
)
def test_the_quota_of_a_control_group(groups, own, files, quota):
    groups(own, **files)
    assert allowance().quota == quota


@pytest.mark.parametrize(
    ("limits", "number"),
    [
        ((16, 8, None, None), 8),
        ((16, 8, 2.5, None), 3),
        ((16, 8, 0.2, None), 1),
        ((16, 8, 4.0, 2), 2),
        ((2, None, None, 5), 2),
    ],
)
def test_the_narrowest_limit_counts(limits, number):
    assert Allowance(*limits).cores == number


def test_a_users_settings_are_kept():
    given = {"OMP_NUM_THREADS": "7", "OMP_WAIT_POLICY": "ACTIVE"}
    settle(given)
    assert (given["OMP_NUM_THREADS"], given["OMP_WAIT_POLICY"]) == ("7", "ACTIVE")
    assert given["GOMP_SPINCOUNT"] == "0"
    free = {}
    settle(free)
    assert free["OMP_NUM_THREADS"] == str(cores())
    assert free["OMP_WAIT_POLICY"] == "PASSIVE"


def test_workers_divide_the_processors_and_not_the_users_threads(monkeypatch):
    monkeypatch.setattr(processors, "allowance", lambda: Allowance(8, 8, None, None))
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    settle()
    for jobs, each in ((1, "8"), (3, "2"), (20, "1")):
        assert share_of(jobs)["OMP_NUM_THREADS"] == share_of(jobs)["IQABENCH_CORES"] == each
    assert share_of(3, threads=4)["OMP_NUM_THREADS"] == "4"
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    assert (share_of(2)["OMP_NUM_THREADS"], threads()) == ("5", 5)
    monkeypatch.setenv("OMP_NUM_THREADS", "3,1")
    assert threads() == 3


PROGRAM = """
import json, os, sys
import iqabench
import torch
from iqabench.kit.processors import SETTINGS
print(json.dumps([torch.get_num_threads(), {name: os.environ[name] for name in SETTINGS}]))
"""


@pytest.mark.parametrize(("users", "number"), [("", cores()), ("1", 1)])
def test_importing_iqabench_settles_the_threads_of_torch(users, number, monkeypatch):
    for name in (*processors.SETTINGS, processors.THREADS, processors.DECIDED):
        monkeypatch.delenv(name, raising=False)
    if users:
        monkeypatch.setenv("OMP_NUM_THREADS", users)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [number, processors.SETTINGS]
