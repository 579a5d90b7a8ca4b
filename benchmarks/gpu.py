"""What one GPU does: training steps, prediction, memory, precision, the harness beside a bare loop.

    python benchmarks/gpu.py -o gpu.json [--minutes 8]   # also $OUT/gpu.json, where $OUT is set
    python benchmarks/gpu.py --page gpu.json             # makes docs/gpu.md
    python benchmarks/gpu.py --tiny -o gpu.json          # toy sizes on the CPU, to try the script

It needs the package alone: installed, or a checkout with PYTHONPATH=.:plugins. Networks begin at
random weights and pictures are generated, so nothing is downloaded. Each part runs in a process
with a time limit; the results are written after each part, and what failed or did not fit is named.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import tomllib
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from gpu_page import write

CHECKOUT = Path(__file__).parents[1]
MODELS = ("biosiqnet", "biosiqnet-vgg19", "biosiqnet-lite", "maniqa")
HARNESS = ("biosiqnet-lite", "biosiqnet")
LIMITS = {"eager": 60.0, "harness": 90.0, "compiled": 100.0}
"""Most seconds of a part of each kind."""
PARTS = (
    *((name, "eager") for name in MODELS),
    *((name, "harness") for name in HARNESS),
    *((name, "compiled") for name in reversed(MODELS)),
)
"""The most important ones first: the last ones may not fit."""
LEAST = 15.0
"""Seconds that must be left for another part to begin."""


def main() -> int:
    """Run all parts, or one; 2 where there is no GPU."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, help="the JSON file to write")
    parser.add_argument("--minutes", type=float, default=8, help="for everything (default 8)")
    parser.add_argument("--tiny", action="store_true", help="toy sizes on the CPU")
    parser.add_argument("--parts", metavar="MODEL:KIND,...", help="only these (default all)")
    parser.add_argument("--page", type=Path, metavar="FILE.json", help="make the page of a file")
    parser.add_argument("--to", type=Path, default=CHECKOUT / "docs" / "gpu.md", help="the page")
    parser.add_argument("--part", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.page:
        write(json.loads(asked.page.read_text(encoding="utf-8")), asked.to)
        return 0
    if asked.part:
        from gpu_parts import measure_all

        measure_all(asked.part.split(","), asked.output, asked.tiny)
        return 0
    if not asked.tiny and not _gpu():
        print("no CUDA device here; --tiny tries the script on the CPU", file=sys.stderr)
        return 2
    output = asked.output or Path(os.environ.get("OUT", ".")) / "gpu.json"
    names = asked.parts.split(",") if asked.parts else [f"{model}:{kind}" for model, kind in PARTS]
    everything(names, output, asked.minutes * 60, asked.tiny)
    return 0


def everything(names: list[str], output: Path, seconds: float, tiny: bool) -> None:
    """Run the parts that fit into the time; the file is written after each."""
    end = time.monotonic() + seconds
    found: dict[str, Any] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "tiny": tiny,
        "machine": {},
        "rows": [],
        "left_out": [],
    }
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        environment = _environment(place)
        # At toy size the start of a process takes longest; so all share one.
        for group in [names] if tiny else [[name] for name in names]:
            left = end - time.monotonic()
            limit = left if tiny else min(LIMITS[group[0].partition(":")[2]], left)
            told = place / "told"
            told.unlink(missing_ok=True)
            why = "no time was left"
            if limit >= LEAST:
                why = _process(group, told, limit, environment, tiny)
            _add(found, _lines(told))
            if why:
                found["left_out"].append({"part": ",".join(group), "why": why})
            print(f"{', '.join(group)}: {why or 'ended'}", flush=True)
            output.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(f"wrote {output}")


def _process(
    parts: list[str], told: Path, limit: float, environment: dict[str, str], tiny: bool
) -> str:
    """Run parts in a process; returns why what they did not tell was left out."""
    command = [sys.executable, __file__, "--part", ",".join(parts), "-o", str(told)]
    try:
        done = subprocess.run(
            [*command, *(["--tiny"] if tiny else [])],
            env=environment,
            timeout=limit,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"stopped after {limit:.0f} s"
    lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    return lines[-1][:300] if done.returncode else ""


def _add(found: dict[str, Any], lines: list[dict[str, Any]]) -> None:
    """Sort what a process told into the results."""
    for line in lines:
        if "device" in line:
            found["machine"] = line
        else:
            found["left_out" if "why" in line else "rows"].append(line)


def _lines(told: Path) -> list[dict[str, Any]]:
    """What a part wrote; a line that was cut off is left out."""
    text = told.read_text(encoding="utf-8") if told.exists() else ""
    return [json.loads(line) for line in text.splitlines(True) if line.endswith("\n")]


def _environment(place: Path) -> dict[str, str]:
    """The environment of the parts: private folders, and plugins that are found without installing.

    Python finds plugins by installed metadata; a checkout that is only on PYTHONPATH gets some.
    """
    private = {f"IQABENCH_{name}": str(place / name.lower()) for name in ("CACHE", "CONFIG")}
    found = {**os.environ, **private}
    try:
        version("iqabench")
        return found
    except PackageNotFoundError:
        project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))[
            "project"
        ]
    metadata = place / "metadata" / "iqabench-0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: iqabench\nVersion: 0\n")
    lines = [f"{name} = {module}" for name, module in project["entry-points"]["iqabench"].items()]
    (metadata / "entry_points.txt").write_text("\n".join(["[iqabench]", *lines, ""]))
    folders = [str(CHECKOUT), str(CHECKOUT / "plugins"), str(metadata.parent)]
    old = os.environ.get("PYTHONPATH", "")
    return {**found, "PYTHONPATH": os.pathsep.join([*folders, *([old] if old else [])])}


def _gpu() -> bool:
    import torch

    return torch.cuda.is_available()


if __name__ == "__main__":
    sys.exit(main())
