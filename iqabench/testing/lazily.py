"""Whether importing a plugin's registering module is cheap."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from importlib.metadata import entry_points

from iqabench.contract.hooks import GROUP
from iqabench.registry import Registry
from iqabench.testing.findings import Broken, NotApplicable

HEAVY = (
    *("torch", "torchvision", "timm", "lightning", "pyiqa", "tensorflow", "jax", "onnxruntime"),
    *("pandas", "scipy", "sklearn", "skimage", "cv2", "matplotlib"),
)
"""Libraries whose import takes so long that a list of models must not wait for it."""
PROGRAM = """
import importlib, json, sys
sys.path[:] = json.loads(sys.argv[1])
importlib.import_module(sys.argv[2])
print(json.dumps([name for name in json.loads(sys.argv[3]) if name in sys.modules]))
"""


def check_lazy(registry: Registry, plugin: str) -> None:
    """Check that an installed plugin's module imports no heavy library.

    Raises:
        Broken: it does.
        NotApplicable: the plugin is a single file, which is loaded only where it is named.
    """
    if plugin not in {point.name for point in entry_points(group=GROUP)}:
        raise NotApplicable("it is not installed: a single file is loaded only where it is named")
    module = registry.plugins[plugin]
    heavy = _heavy(module)
    if heavy:
        raise Broken(
            f"importing {module} imports {', '.join(heavy)}: name code on the card as a string, "
            "and import libraries where they are used"
        )


@cache
def _heavy(module: str) -> tuple[str, ...]:
    words = [json.dumps(sys.path), module, json.dumps(HEAVY)]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words], capture_output=True, text=True, timeout=60
    )
    if done.returncode:
        raise Broken(f"{module} cannot be imported: {done.stderr.strip().splitlines()[-1]}")
    return tuple(json.loads(done.stdout.splitlines()[-1]))
