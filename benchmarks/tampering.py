"""Damages files of a small store and cache, one by one, and counts what comes of it.

::

    python benchmarks/tampering.py 1000

Prints how many damaged files were used, caused a traceback, were named, and were made again by a
run or reported by `iqabench store check`. The first two must be 0. Not named can be a file that was
deleted from a cache, and one that nothing read: a picture of the validation part, which an
estimator does not look at, or a part of a database that holds no row.
"""

from __future__ import annotations

import argparse
import importlib
import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from measurement import Measurement, tell

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))


BENCHMARK = {
    "title": "Damaged files of a store and its caches",
    "aims": ["1,000 files: 0 used, 0 tracebacks, each made again or reported"],
    "quick": None,
    "full": ["1000"],
}
TOLD = {
    "remade": "made again by a run",
    "reported": "reported by a check",
    "named": "named by a report, a run or a check",
    "deleted": "deleted, of which those of caches have no name",
    "unread": "named nowhere, because nothing read them",
}
"""What is counted beside what must not be, and its words."""


def main(number: int, seed: int) -> int:
    """Run the cases; returns the exit code."""
    import conftest
    import tampering

    from iqabench.registry import registry

    registry().register(importlib.import_module("toy_plugin"), "toy")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        catalog, names = _data_set(folder / "little", conftest)
        world = tampering.build(
            folder, catalog, names, lambda cache: os.environ.update(IQABENCH_CACHE=str(cache))
        )
        draw, counts, start = random.Random(seed), Counter[str](), time.process_time()
        for done, (path, manner) in enumerate(tampering.chosen(world, number, seed), 1):
            found = tampering.case(world, path, manner, draw)
            counts += Counter(
                used=bool(found.used),
                tracebacks=bool(found.crashed),
                named=found.told,
                deleted=manner == "deleted",
                unread=manner != "deleted" and not found.told,
                remade=found.remade,
                reported=found.reported,
                neither=not (found.remade or found.reported),
            )
            if not found.good:
                print(found)
            world.restore()
            if done % 20 == 0:
                seconds = f"{time.process_time() - start:.0f} s"
                print(done, dict(counts), seconds, file=sys.stderr, flush=True)
    wrong = {
        "used": "used as if whole",
        "tracebacks": "ended in a traceback",
        "neither": "neither made again nor reported",
    }
    for name, words in wrong.items():
        tell(Measurement(f"files {words}", counts[name], f"of {number}", rounds=1, limit=0))
    for name, words in TOLD.items():
        tell(Measurement(f"files {words}", counts[name], f"of {number}", rounds=1))
    return int(bool(counts["used"] or counts["tracebacks"] or counts["neither"]))


def _data_set(root: Path, conftest) -> tuple[Path, list[str]]:  # type: ignore[no-untyped-def]
    """The small data set of the tests."""

    class Factory:
        def mktemp(self, name: str) -> Path:
            root.mkdir()
            return root

    conftest.little_files.__wrapped__(Factory())
    catalog = root.with_suffix(".yaml")
    catalog.write_text(
        f"datasets:\n  little:\n    reader: csv\n    root: {root}\n    labels: scores.csv\n"
        "    columns: {image: file, mos: score, reference: original, distortion: kind,"
        " level: strength}\n"
    )
    return catalog, sorted(path.name for path in root.glob("c?_?.png"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("number", type=int, nargs="?", default=1000, help="of damaged files")
    parser.add_argument("seed", type=int, nargs="?", default=0)
    asked = parser.parse_args()
    sys.exit(main(asked.number, asked.seed))
