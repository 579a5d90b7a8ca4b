"""The benchmarks start, run at toy size, and docs/performance.md is what they found."""

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from networks import needs_attention_in_bf16

CHECKOUT = Path(__file__).parents[1]
FOLDER = CHECKOUT / "benchmarks"
pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="benchmarks are in a checkout only")
SCRIPTS = [
    path.stem for path in sorted(FOLDER.glob("*.py")) if "__main__" in path.read_text("utf-8")
]
FOUND = {
    "command": "python benchmarks/startup.py --rounds 5",
    "status": 0,
    "date": "2020-01-02T03:04:05+00:00",
    "seconds": 12.3,
    "load": 0.25,
    "commit": "abc123",
    "machine": {
        "processor": "Abacus",
        "flags": ["avx2"],
        "cores": 2,
        "python": "3.11.0",
        "versions": {"torch": "2.0"},
    },
    "measurements": [
        {
            "name": "a beside b",
            "value": 2.5,
            "unit": "times as fast",
            "rounds": 5,
            "limit": 3.0,
            "higher": True,
            "ours": "2 s",
            "theirs": "5 s",
        }
    ],
    "printed": ["text"],
}


@pytest.fixture
def modules(monkeypatch):
    """The modules of the frame, as the scripts import them."""
    monkeypatch.syspath_prepend(str(FOLDER))
    import all as frame
    import gpu_page
    import measurement
    import page

    yield frame, page, measurement, gpu_page
    for name in ("all", "page", "measurement", "gpu_page"):
        sys.modules.pop(name, None)


def ran(name, *arguments, **options):
    command = [sys.executable, str(FOLDER / f"{name}.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def test_the_page_is_what_the_results_give(modules):
    frame, page, _, _ = modules
    text = page.page(frame.settings(), frame.results())
    assert frame.PAGE.read_text("utf-8") == text, "python benchmarks/all.py --page"


def test_a_row_says_what_was_promised_and_whether_it_holds(modules):
    _, page, _, _ = modules
    known = {"startup": {"title": "Start", "aims": ["soon"], "quick": [], "full": []}}
    text = page.page(known, {"startup": FOUND})
    assert "- Aim: soon\n" in text
    assert "| a beside b | 2.5 times as fast | 2 s | 5 s | at least 3: MISSED | 5 |\n" in text
    assert "2020-01-02, 12 s, commit abc123; Abacus (avx2), 2 cores, load before 0.2;" in text
    silent = page.page(known, {"startup": {**FOUND, "measurements": []}})
    assert "```\ntext\n```\n" in silent
    assert "Not measured yet: `python benchmarks/startup.py`" in page.page(known, {})


@pytest.mark.parametrize(
    ("value", "higher", "verdict"),
    [(1.05, False, "at most 1.05: met"), (1.06, False, "at most 1.05: MISSED")],
)
def test_a_limit_is_met_or_missed(modules, value, higher, verdict):
    one = modules[2].Measurement("a", value, "times as long", 5, 1.05, higher)
    assert one.verdict == verdict


def test_every_benchmark_has_a_title_and_arguments(modules):
    for name, own in modules[0].settings().items():
        assert own["title"], name
        for size in ("quick", "full"):
            assert own[size] is None or all(isinstance(one, str) for one in own[size]), name
        assert own["quick"] is not None or own["full"] is not None, name


def test_what_a_script_tells_is_kept(modules, monkeypatch, tmp_path):
    frame, _, measurement, _ = modules
    (tmp_path / "toy.py").write_text(
        "import sys\nfrom measurement import Measurement, tell\n"
        "tell(Measurement('a', float(sys.argv[1]), 's', 1, limit=2))\nsys.exit(int(sys.argv[2]))\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(FOLDER))
    monkeypatch.setattr(frame, "HERE", tmp_path)
    found = frame.run("toy", {"quick": ["1.5", "0"], "full": ["1.5", "3"]}, full=False)
    assert [measurement.Measurement(**one).met for one in found["measurements"]] == [True]
    assert found["command"] == "python benchmarks/toy.py 1.5 0"
    assert found["printed"] == ["a: 1.5 s, at most 2: met"]
    assert found["machine"]["versions"]["torch"]
    assert found["machine"]["processor"]
    assert frame.run("toy", {"full": ["1.5", "3"]}, full=True)["status"] == 3


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_answers_help(name, monkeypatch, capsys):
    kept = dict(sys.modules)
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "--help"])
    monkeypatch.setattr(sys, "path", [*sys.path])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(FOLDER / f"{name}.py"), run_name="__main__")
    for fresh in sys.modules.keys() - kept.keys():
        if str(FOLDER) in str(getattr(sys.modules[fresh], "__file__", "")):
            del sys.modules[fresh]
    assert ended.value.code in (0, None)
    assert "usage" in capsys.readouterr().out


IN_TURN = """
import json, os, runpy, sys
import lightning, pyiqa  # which takes seconds: once for all
for path, *arguments in json.loads(sys.argv[1]):
    child = os.fork()
    if not child:
        sys.argv, sys.path[0] = [path, *arguments], os.path.dirname(path)
        runpy.run_path(path, run_name="__main__")
        sys.exit()
    if os.waitpid(child, 0)[1]:
        sys.exit(f"failed: {path}")
"""
"""Runs scripts, each in a process of its own that has imported what is large."""


@pytest.mark.slow
def test_every_benchmark_runs_at_toy_size(modules, tmp_path):
    pytest.importorskip("pyiqa", reason="the peer of several benchmarks")
    scripts = [
        [str(FOLDER / f"{name}.py"), *own["tiny"]]
        for name, own in modules[0].settings().items()
        if "tiny" in own
    ]
    assert len(scripts) >= 8
    command = [sys.executable, "-c", IN_TURN, json.dumps(scripts)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_gpu_script_runs_each_kind_of_part_at_toy_size_and_makes_a_page(tmp_path):
    needs_attention_in_bf16()
    found = tmp_path / "gpu.json"
    parts = ("biosiqnet:eager", "biosiqnet-lite:harness", "biosiqnet-lite:compiled")
    done = ran("gpu", "--tiny", "--parts", ",".join(parts), "-o", str(found), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads(found.read_text("utf-8"))
    assert told["left_out"] == []
    speeds = {
        (row["model"], row["kind"], row["precision"]) for row in told["rows"] if "step_ms" in row
    }
    assert speeds == {
        (*part.split(":"), precision)
        for part in (parts[0], parts[2])
        for precision in ("fp32", "tf32", "bf16")
    }
    assert {row["model"] for row in told["rows"] if "epoch_s" in row} == {"biosiqnet-lite"}
    page = tmp_path / "gpu.md"
    assert ran("gpu", "--page", str(found), "--to", str(page)).returncode == 0
    assert "toy sizes, which say nothing about speed" in page.read_text("utf-8")


def test_the_gpu_page_names_what_was_left_out(modules, tmp_path):
    told = {
        "date": "2020-01-02T03:04:05+00:00",
        "tiny": False,
        "machine": {"device": "H100", "cuda": "13", "versions": {"torch": "2"}},
        "rows": [
            {
                "model": "m",
                "kind": "eager",
                "precision": "bf16",
                "batch": 4,
                "step_ms": 12.34,
                "train_per_s": 324.1,
                "train_mib": 1000.4,
                "predict_per_s": 999.6,
                "predict_mib": None,
            },
            {"model": "m", "kind": "harness", "epoch_s": 2.0, "bare_epoch_s": 1.6, "steps": 9},
        ],
        "left_out": [{"part": "maniqa:eager", "why": "no time was left"}],
    }
    modules[3].write(told, tmp_path / "gpu.md")
    text = (tmp_path / "gpu.md").read_text("utf-8")
    assert "2020-01-02, H100, CUDA 13, torch 2.\n" in text
    assert "| m | eager | bf16 | 4 | 12.3 ms | 324 | 1000 | 1000 | - |\n" in text
    assert "| m | epoch of 9 steps | 2.0000 s | 1.6000 s | 1.25 |\n" in text
    assert "- maniqa:eager: no time was left\n" in text
