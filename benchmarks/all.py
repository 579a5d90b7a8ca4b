"""Runs the benchmarks, keeps what they find, and makes docs/performance.md of it.

    python benchmarks/all.py             # those that end in about a quarter of an hour together
    python benchmarks/all.py --full      # all, at full size: hours
    python benchmarks/all.py --only startup nss_speed
    python benchmarks/all.py --page      # makes the page again, measures nothing

A benchmark takes part if it has a constant ``BENCHMARK``; see benchmarks/README.md. What each run
found lies in benchmarks/results/NAME.json, with the machine, the versions, the commit, the load
before the run and the date.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import platform
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from measurement import FILE
from page import page

HERE = Path(__file__).parent
RESULTS = HERE / "results"
PAGE = HERE.parent / "docs" / "performance.md"
CONSTANT = "BENCHMARK"
PACKAGES = ("iqabench", "torch", "torchvision", "numpy", "scipy", "pillow", "timm", "pyiqa")
FLAGS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "sve", "bf16")
KEPT_LINES = 60
"""Most printed lines that are kept of a run."""


def settings() -> dict[str, dict[str, Any]]:
    """The ``BENCHMARK`` of every script that has one, by the script's name; nothing is imported."""
    found = {}
    for path in sorted(HERE.glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == CONSTANT:
                found[path.stem] = ast.literal_eval(node.value)
    return found


def machine() -> dict[str, Any]:
    """What decides how fast this machine is, and what runs on it."""
    names, flags = _processor()
    return {
        "processor": names,
        "flags": flags,
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: found for name in PACKAGES if (found := _version(name))},
    }


def run(name: str, asked: dict[str, Any], full: bool) -> dict[str, Any]:
    """Run a script; returns what it found, with all that is needed to judge it."""
    arguments = asked["full" if full else "quick"]
    # Where Python may not keep compiled modules every process would compile all of ours.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, str(HERE / f"{name}.py"), *arguments]
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    began = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "told"
        done = subprocess.run(
            command,
            env={**environment, FILE: str(told)},
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        lines = told.read_text(encoding="utf-8").splitlines() if told.exists() else []
    print(done.stdout, end="", flush=True)
    return {
        "command": " ".join(["python", f"benchmarks/{name}.py", *arguments]),
        "size": "full" if full else "quick",
        "status": done.returncode,
        "date": began.isoformat(timespec="seconds"),
        "seconds": round((datetime.now(UTC) - began).total_seconds(), 1),
        "load": load,
        "commit": _commit(),
        "machine": machine(),
        "measurements": [json.loads(line) for line in lines],
        "printed": done.stdout.splitlines()[-KEPT_LINES:],
    }


def results() -> dict[str, dict[str, Any]]:
    """What earlier runs found, by the script's name."""
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(RESULTS.glob("*.json"))
    }


def main() -> int:
    """Run what was asked for and write the page; 1 if a script failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="everything, at full size")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these scripts")
    parser.add_argument("--page", action="store_true", help="make the page; measure nothing")
    asked = parser.parse_args()
    known = settings()
    unknown = [name for name in asked.only or () if name not in known]
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(known)}")
    size, failed = "full" if asked.full else "quick", []
    for name, own in known.items():
        if asked.page or name not in (asked.only or known) or own.get(size) is None:
            continue
        print(f"== {name}", flush=True)
        found = run(name, own, asked.full)
        if found["status"]:
            failed.append(name)
            continue
        RESULTS.mkdir(exist_ok=True)
        text = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
        (RESULTS / f"{name}.json").write_text(text, encoding="utf-8")
    PAGE.write_text(page(known, results()), encoding="utf-8")
    print(f"wrote {PAGE}" + (f"; failed: {', '.join(failed)}" if failed else ""))
    return int(bool(failed))


def _processor() -> tuple[str, list[str]]:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor(), []
    cells = {
        key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)
    }
    flags = (cells.get("flags") or cells.get("Features") or "").split()
    return cells.get("model name", platform.machine()), [one for one in FLAGS if one in flags]


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _commit() -> str:
    """The commit, with ``+`` where the tree differs from it; empty outside git."""
    git = ["git", "-C", str(HERE)]
    try:
        head = subprocess.run(
            [*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True
        )
        tree = [*git, "status", "--porcelain", "--untracked-files=no"]
        changed = subprocess.run(tree, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return head.stdout.strip()[:12] + ("+" if changed.stdout.strip() else "")


if __name__ == "__main__":
    sys.exit(main())
