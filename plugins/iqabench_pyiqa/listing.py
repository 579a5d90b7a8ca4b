"""Writes the table of pyiqa's metrics from pyiqa's own registry; run by ``make pyiqa-table``."""

from __future__ import annotations

import csv
import importlib
import re
import sys
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from .files import HUB
from .metrics import NO_SCORE, TABLE, Row
from .room import clip_importable

KEYS = {
    "brisque": "url",
    "fgresq": "fgresq",
    "fgresq_pair": "fgresq",
    "ilniqe": "ilniqe",
    "lpips": "0.1_alex",
    "lpips+": "0.1_alex",
    "lpips-vgg": "0.1_vgg",
    "lpips-vgg+": "0.1_vgg",
    "metaiqa": "meta-infer-ready",
    "nima": "inception_resnet_v2-ava",
    "nima-koniq": "inception_resnet_v2-koniq",
    "nima-spaq": "inception_resnet_v2-spaq",
    "nima-vgg16-ava": "vgg16-ava",
    "niqe": "niqe",
    "niqe_matlab": "niqe_matlab",
    "brisque_matlab": "brisque_matlab",
    "stlpips": "alex_shift_tolerant",
    "stlpips-vgg": "vgg_shift_tolerant",
}
"""Metric -> key of its weights in its module, for metrics whose options do not name the key."""
BACKBONE_ONLY = frozenset({"clipiqa", "maclip"})
"""Metrics without weights of their own, in modules that hold weights of other metrics."""
REPOSITORIES = {
    "compare2score": "q-future/Compare2Score",
    "qalign": "q-future/one-align",
    "qalign_4bit": "q-future/one-align",
    "qalign_8bit": "q-future/one-align",
    "qrealign": "q-future/Q-ReAlign-Mini-0.8B",
    "qrealign-mini": "q-future/Q-ReAlign-Mini-0.8B",
    "qrealign-lite": "q-future/Q-ReAlign-Lite-4B",
    "qrealign-pro": "q-future/Q-ReAlign-Pro-9B",
}
"""Metric -> repository that its library downloads from the hub as a whole."""
SETS = {
    "ava": "ava",
    "ava1": "ava",
    "cgfiqa": "cgfiqa",
    "clive": "livec",
    "csiq": "csiq",
    "flive": "flive",
    "gfiqa": "gfiqa",
    "kadid": "kadid",
    "kadid10k": "kadid",
    "koniq": "koniq",
    "koniq10k": "koniq",
    "live": "live",
    "livec": "livec",
    "paq2piq": "flive",
    "pipal": "pipal",
    "spaq": "spaq",
    "tid": "tid2013",
    "tid2013": "tid2013",
}
"""Word in the name of a metric or file -> data set."""
SIX = "bid csiq kadid koniq live livec"
BY_PAPER = {
    "brisque": "live",
    "brisque_matlab": "live",
    "clipiqa+": "koniq",
    "clipiqa+_rn50_512": "koniq",
    "clipiqa+_vitL14_512": "koniq",
    "dists": "kadid",
    "liqe_mix": SIX,
    "unique": SIX,
}
"""Metric -> its training sets according to its authors, if no name of a metric or file tells them.
"""


def main() -> None:
    """Write the table beside this module."""
    place, rows = Path(__file__).with_name(TABLE), listed()
    with place.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, [field.name for field in fields(Row)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(map(asdict, rows))
    print(f"wrote {place}", file=sys.stderr)


def listed() -> list[Row]:
    """The rows of all metrics of the installed pyiqa."""
    from pyiqa import list_models
    from pyiqa.default_model_configs import DEFAULT_CONFIGS

    with clip_importable():
        return [_row(name, DEFAULT_CONFIGS[name]) for name in list_models()]


def _row(metric: str, configuration: dict[str, Any]) -> Row:
    options = dict(configuration["metric_opts"])
    architecture = options.pop("type")
    module = _module(architecture)
    key, weights = _weights(metric, options, module)
    words = [metric, key, weights.rpartition("/")[2], *map(str, options.values())]
    return Row(
        metric=metric,
        architecture=architecture,
        module=module,
        mode=configuration["metric_mode"],
        direction="lower" if configuration.get("lower_better") else "higher",
        range=configuration["score_range"],
        weights=weights,
        trained_on=_trained_on(metric, words) if weights else "",
    )


def _module(architecture: str) -> str:
    """The module of ``pyiqa.archs`` that defines a class.

    The modules' text is searched, because some modules cannot be imported.
    """
    import pyiqa.archs

    folder = Path(pyiqa.archs.__file__).parent
    definition = re.compile(rf"^class {architecture}\(", re.MULTILINE)
    found = [
        path.stem
        for path in sorted(folder.glob("*_arch.py"))
        if definition.search(path.read_text(encoding="utf-8"))
    ]
    if len(found) != 1:
        raise LookupError(f"{architecture} is defined in {found}")
    return found[0]


def _weights(metric: str, options: dict[str, Any], module: str) -> tuple[str, str]:
    """Key and address of a metric's own weights; empty if it has none."""
    if metric in REPOSITORIES:
        return "", f"https://huggingface.co/{REPOSITORIES[metric]}"
    if metric == "msswd":  # only its constructor names its weights
        return "", HUB + "msswd_weights.pth"
    if metric in BACKBONE_ONLY or metric in NO_SCORE:
        return "", ""
    addresses: dict[str, str] = getattr(
        importlib.import_module(f"pyiqa.archs.{module}"), "default_model_urls", {}
    )
    chosen = [KEYS[metric]] if metric in KEYS else [str(value) for value in options.values()]
    found = [key for key in chosen if key in addresses]
    if not found and len(addresses) == 1:
        found = list(addresses)
    if len(found) != 1 and addresses:
        raise LookupError(f"{metric}: which of {sorted(addresses)}?")
    return (found[0], addresses[found[0]]) if found else ("", "")


def _trained_on(metric: str, names: list[str]) -> str:
    if metric in BY_PAPER:
        return BY_PAPER[metric]
    words = re.split(r"[^a-z0-9]+", " ".join(names).lower())
    return " ".join(sorted({SETS[word] for word in words if word in SETS}))


if __name__ == "__main__":
    main()
