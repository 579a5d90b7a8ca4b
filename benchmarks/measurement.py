"""What a benchmark finds: it is printed, and kept for docs/performance.md where `make bench` asks.

from measurement import Measurement, tell

tell(Measurement("predicting, beside a bare loop", 1.03, "times as long", limit=1.05, rounds=5))
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "IQABENCH_BENCHMARK_FILE"
"""Environment variable with the file to which :func:`tell` adds a line of JSON."""


@dataclass(frozen=True)
class Measurement:
    """One figure: a ratio to a peer or, where there is none, a value in its unit."""

    name: str
    """What was measured, and beside what."""
    value: float
    """The median over the rounds."""
    unit: str
    """``times as fast``, ``times as long``, ``pictures/s``, ``s``, ``MB`` ..."""
    rounds: int
    """Number of interleaved rounds of which the value is the median."""
    limit: float | None = None
    """What the value must reach; None where nothing was promised."""
    higher: bool = False
    """Whether the limit is the least allowed value; else it is the most."""
    ours: str = ""
    """What iqabench took, with its unit."""
    theirs: str = ""
    """What the peer took, with its unit."""

    @property
    def met(self) -> bool | None:
        """Whether the limit is met; None where there is none."""
        if self.limit is None:
            return None
        return self.value >= self.limit if self.higher else self.value <= self.limit

    @property
    def verdict(self) -> str:
        """The limit and whether it is met, in words."""
        if self.limit is None:
            return ""
        bound = "at least" if self.higher else "at most"
        return f"{bound} {self.limit:g}: {'met' if self.met else 'MISSED'}"


def tell(*found: Measurement) -> None:
    """Print measurements, and keep them where `make bench` runs the script."""
    for one in found:
        sides = f" (ours {one.ours}, theirs {one.theirs})" if one.theirs else ""
        limit = f", {one.verdict}" if one.limit is not None else ""
        print(f"{one.name}: {one.value:.3g} {one.unit}{sides}{limit}", flush=True)
    if FILE in os.environ:
        with Path(os.environ[FILE]).open("a", encoding="utf-8") as stream:
            stream.writelines(json.dumps(asdict(one)) + "\n" for one in found)
