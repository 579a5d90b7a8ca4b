"""Measures how much the parts' numbers differ between kinds of machines.

``.venv/bin/python tests/golden/spread.py [PART ...]`` computes every part anew with the kernels of
older processors and with other numbers of threads, and prints the largest deviations.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))  # so that it runs as a script

from golden import parts  # noqa: E402

OLD = {
    "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
    "MKL_CBWR": "COMPATIBLE",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
}
"""What keeps the libraries beside torch from using new instructions."""
MACHINES = {
    f"{isa or 'newest'}, {threads}": {
        **({"ATEN_CPU_CAPABILITY": isa} if isa else {}),
        "OMP_NUM_THREADS": str(threads),
    }
    for isa in ("", "avx2", "default")
    for threads in (1, 2)
} | {"oldest, 1": {**OLD, "ATEN_CPU_CAPABILITY": "default", "OMP_NUM_THREADS": "1"}}


def main() -> None:
    """Print a table; the first machine is what the others are compared with."""
    names = sys.argv[1:] or list(parts.PARTS)
    known, largest = measured(next(iter(MACHINES)), names), dict.fromkeys(names, (0.0, "", ""))
    for machine in [*MACHINES][1:]:
        found = measured(machine, names)
        for name in names:
            far, key = parts.worst(found[name], known[name])
            largest[name] = max(largest[name], (far, machine, key))
    for name, (far, machine, key) in largest.items():
        print(f"{name:20} {far:.1e}  {machine:12} {key}")


def measured(machine: str, names: list[str]) -> dict[str, dict[str, np.ndarray]]:
    """The numbers of some parts, computed by a process that sees such a machine."""
    script = (
        "import json, sys; from golden import parts; "
        "print(json.dumps({name: {key: array.tolist() for key, array in "
        "parts.compute(name).items()} for name in sys.argv[1:]}))"
    )
    environment = {**os.environ, **MACHINES[machine], "PYTHONPATH": str(HERE.parent)}
    ran = subprocess.run(
        [sys.executable, "-c", script, *names], env=environment, stdout=subprocess.PIPE, check=True
    )
    found = json.loads(ran.stdout.splitlines()[-1])
    return {
        name: {key: np.array(array) for key, array in numbers.items()}
        for name, numbers in found.items()
    }


if __name__ == "__main__":
    main()
