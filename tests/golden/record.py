"""Records what each part computes: ``make golden``.

``.venv/bin/python tests/golden/record.py`` writes ``golden.json`` anew and says what changed.
It refuses where a part computes other numbers and its version was not raised; then it writes
nothing. ``--first`` records whatever is computed: before the first release of a version, or when a
library computes other numbers, whose own version is in the fingerprints.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))  # so that it runs as a script

from golden import parts
from golden.tolerances import TOLERANCES

from iqabench.store.files import write_atomically

Record = dict[str, Any]
"""``version`` and ``numbers``, named lists, of one part."""


@dataclass(frozen=True)
class Verdict:
    """What becomes of a part's record."""

    record: Record | None
    """None where the part keeps none."""
    note: str = ""
    """What changed; empty where nothing did."""
    refused: bool = False


def main() -> None:
    """Compute every part and write the file, or say what stands against it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--first", action="store_true", help="record changed numbers of the same version, too"
    )
    first = parser.parse_args().first
    known = recorded()
    verdicts = {name: judged(name, known.get(name), first) for name in parts.PARTS}
    gone = dict.fromkeys(
        known.keys() - verdicts.keys(), Verdict(None, "is no part any more: dropped")
    )
    verdicts |= gone
    for name, verdict in verdicts.items():
        if verdict.note:
            print(f"{name} {verdict.note}")
    if any(verdict.refused for verdict in verdicts.values()):
        sys.exit(f"nothing is recorded: {parts.GOLDEN.name} stays as it was")
    found = {name: one.record for name, one in verdicts.items() if one.record is not None}
    if found == known:
        print(f"nothing changed: {parts.GOLDEN.name} stays as it was")
        return
    write(parts.GOLDEN, found)
    print(f"{len(found)} parts in {parts.GOLDEN.name}, {parts.GOLDEN.stat().st_size / 1000:.0f} kB")


def recorded() -> dict[str, Record]:
    """What the file holds, by part; nothing where there is none."""
    if not parts.GOLDEN.exists():
        return {}
    found: dict[str, Record] = json.loads(parts.GOLDEN.read_text(encoding="utf-8"))
    return found


def judged(name: str, known: Record | None, first: bool) -> Verdict:
    """A part computed, and compared with its record."""
    missing = [library for library in parts.PARTS[name].needs if find_spec(library) is None]
    if missing:
        return Verdict(known, f"is left as it was: {' and '.join(missing)} is not installed")
    numbers = {key: array.tolist() for key, array in parts.compute(name).items()}
    found = {"version": parts.PARTS[name].version(), "numbers": numbers}
    return compared(found, known, TOLERANCES[name], parts.PARTS[name].place, first)


def compared(
    found: Record, known: Record | None, tolerance: float, place: str, first: bool = False
) -> Verdict:
    """Whether what is found may take the place of what is known.

    Args:
        found: what the part computes now.
        known: what it is known to compute; None for a new part.
        tolerance: up to where numbers count as the same, which then stay as they were recorded.
        place: where the part's version is written.
        first: whether other numbers of the same version may be recorded.
    """
    if known is None:
        return Verdict(found, f"is new, version {found['version']}")
    far, key = parts.worst(arrays(found["numbers"]), arrays(known["numbers"]))
    same = far <= tolerance
    old, new = known["version"], found["version"]
    distance = f"'{key}' is {far:.1e} of its largest value away, allowed are {tolerance:.0e}"
    if new < old:
        return Verdict(known, f"went back from version {old} to {new}: raise {place}", True)
    if same:
        raised = f"was raised from version {old} to {new}, but computes the same numbers"
        kept = {"version": new, "numbers": known["numbers"]}
        return Verdict(kept, raised if new > old else "")
    if new > old:
        return Verdict(found, f"went from version {old} to {new}: {distance}")
    if first:
        return Verdict(found, f"changed under version {new}: {distance}")
    why = f"computes other numbers under version {new}: {distance}; raise {place}"
    return Verdict(known, why, True)


def arrays(numbers: Mapping[str, list[float]]) -> dict[str, np.ndarray]:
    """Lists of numbers as arrays."""
    return {key: np.array(values, np.float64) for key, values in numbers.items()}


def write(path: Path, found: Mapping[str, Record]) -> None:
    """Write the file whole or not at all, an array a line, so that changes can be read."""
    blocks = [
        f'{json.dumps(name)}: {{"version": {record["version"]}, "numbers": {{\n{lines(record)}}}}}'
        for name, record in sorted(found.items())
    ]
    text = "{\n" + ",\n".join(blocks) + "\n}\n"
    write_atomically(path, lambda part: part.write_text(text, encoding="utf-8"))


def lines(record: Record) -> str:
    """A part's arrays, each on a line of its own."""
    return ",\n".join(
        f" {json.dumps(key)}: {json.dumps([plain(value) for value in values], allow_nan=False)}"
        for key, values in record["numbers"].items()
    )


def plain(value: float) -> float | int:
    """A whole number without its ``.0``."""
    return int(value) if value == int(value) else value


if __name__ == "__main__":
    main()
