"""Published results on BIQ2021's official split, and the models that are measured beside them.

The numbers are in ``biq2021_published.csv``, from both tables of the set's readme.
"""

from __future__ import annotations

import csv
from importlib.resources import files
from typing import Any

from iqabench.contract import PaperRow, PaperTable

SOURCE = "biq2021_published.csv"
MEASURED: dict[str, dict[str, Any]] = {
    "BRISQUE": {"model": "brisque"},
    "NIQE": {"model": "niqe", "weights": "published"},
    "PIQE": {"model": "piqe"},
}
"""Printed name -> the model that is measured."""
OURS = (
    "lite0-ridge",
    "biosiqnet-lite",
    *(f"biosiqnet-lite-v{number}" for number in range(1, 6)),
    "sds-iqa",
    "sgdnet-lite",
    "dor-iqa-lite",
    "tiqa-lite",
    "cnniqa",
)
"""Models without a printed number that train on two processor cores."""
NETWORKS = (
    "ResNet-50",
    "MobileNet-V2",
    "DenseNet-201",
    "Inception-ResNet-V2",
    "Xception",
    "EfficientNet-b0",
    "VGG16",
    "NASNet-Large",
)
"""What the set's authors fine-tuned; no model of ours is such a network and no more."""
WHY_ABSENT = {
    **dict.fromkeys(NETWORKS, "the authors' fine-tuning in MATLAB, as no registered model"),
    "IL-NIQE": "pyiqa has it, whose parameters are a download; `iqabench run "
    "--models ilniqe --datasets biq2021 --split official`",
}
NO_MODEL = "no implementation is registered; import its scores"
REMARK = (
    "Printed numbers: the readme of nisarahmedrana/BIQ2021 at 62c7b40. 'printed' is its first "
    "table, or its second where the first has no such row; 'also printed' is its second. The "
    "second table names its columns PLCC, SROCC and RMSE, but they hold the year, PLCC and SROCC. "
    "PLCC is taken from it in three rows alone (NASNet-Large, PIQI, DeepEns): in all others it "
    "repeats SROCC. It cites Varga (Electronics 12(7), 2023), who describes the set as 8,000 "
    "pictures: whether these numbers are of the official split is not known. The rows ResNet-18 "
    "and ResNet-101 hold zeros and are left out."
)


def tables() -> tuple[PaperTable, ...]:
    """The one table: printed results first, then models that have none."""
    text = files(__package__).joinpath(SOURCE).read_text(encoding="utf-8")
    printed = [_row(line) for line in csv.DictReader(text.splitlines())]
    ours = [PaperRow(label=n, model=n, datasets="biq2021", published={}) for n in OURS]
    return (
        PaperTable(
            number=1,
            title="Published results on BIQ2021, official split",
            rows=(*printed, *ours),
            seeds=1,
            split="official",
            by_distortion=True,
            remark=REMARK,
        ),
    )


def _row(line: dict[str, str]) -> PaperRow:
    method = line["method"]
    first, second = (_numbers(line, table) for table in ("first", "second"))
    known = MEASURED.get(method, {})
    return PaperRow(
        label=method,
        published=first or second,
        also_published=second if first else {},
        datasets="biq2021",
        why_absent="" if known else WHY_ABSENT.get(method, NO_MODEL),
        **known,
    )


def _numbers(line: dict[str, str], table: str) -> dict[str, float]:
    found = {metric: line[f"{table}_{metric}"] for metric in ("srocc", "plcc")}
    return {metric: float(text) for metric, text in found.items() if text}
