"""SDS-IQA's tables, each row with the run that would measure it again.

The printed numbers are in ``published/*.csv``, read off a poor scan: other rows of Table 1 and the
ablation's figure cannot be read there and are left out.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import partial
from importlib.resources import files

from iqabench.contract import PaperRow, PaperTable

MODELS = {
    "SSIM": "ssim",
    "PSNR": "psnr",
    "DB-CNN": "dbcnn",
    "SGDNet": "sgdnet",
    "BIECON": "",
    "DQM-IQA": "",
    "TSIQ": "",
    "DIQA": "",
    "AIGQA": "",
    "SETNet": "",
    "BLIINDS-II": "",
    "RankIQA": "",
}
"""Names as printed -> as registered; empty where no implementation is to be had."""
DATASETS = {
    "LIVE": "live",
    "TID2013": "tid2013",
    "CSIQ": "csiq",
    "LIVEC": "livec",
    "KonIQ-10k": "koniq",
}
DISTORTIONS = {
    "jp2k": "jpeg2000",
    "jpeg": "jpeg",
    "wn": "white-noise",
    "gb": "gaussian-blur",
    "ff": "fast-fading",
}
NO_MODEL = "no implementation is to be had; import its scores"
SETTINGS = "Backbone, saliency model, loss and settings of the paper are not public."


def tables(ours: str = "sds-iqa") -> tuple[PaperTable, ...]:
    """Tables 1 to 4, with this model in SDS-IQA's place."""
    row = partial(_row, ours)
    return (
        PaperTable(
            number=1,
            title="PLCC on synthetic and authentic sets",
            rows=tuple(
                row("SDS-IQA", line["dataset"], DATASETS[line["dataset"]], {"plcc": line["plcc"]})
                for line in _read("table1_plcc")
            ),
            remark=f"Other models' rows cannot be read; this is the abstract's. {SETTINGS}",
        ),
        PaperTable(
            number=2,
            title="SROCC on LIVE by distortion",
            rows=tuple(
                row(line["method"], printed, "live", {"srocc": line[printed]}).model_copy(
                    update={"distortion": distortion}
                )
                for line in _read("table2_live_distortions")
                for printed, distortion in DISTORTIONS.items()
            ),
            remark=f"The scan does not name the coefficient; it is taken for SROCC. {SETTINGS}",
        ),
        PaperTable(number=3, title="Authentic sets", rows=tuple(_authentic(row)), remark=SETTINGS),
        PaperTable(
            number=4,
            title="Training on TID2013, testing on other sets",
            rows=tuple(
                row(line["method"], test, f"tid2013:{test}", {"srocc": line[test]})
                for line in _read("table4_from_tid2013")
                for test in ("live", "csiq", "livec", "koniq")
            ),
            remark=SETTINGS,
        ),
    )


def resnet50_tables() -> tuple[PaperTable, ...]:
    """The same with ResNet-50 in both streams."""
    return tables("sds-iqa-resnet50")


def _authentic(row: partial[PaperRow]) -> Iterator[PaperRow]:
    for line in _read("table3_authentic"):
        for test in ("livec", "koniq"):
            published = {metric: line[f"{test}_{metric}"] for metric in ("plcc", "srocc")}
            if any(published.values()):
                yield row(line["method"], test, test, published)


def _row(ours: str, method: str, where: str, datasets: str, published: dict[str, str]) -> PaperRow:
    model = ours if method == "SDS-IQA" else MODELS[method]
    return PaperRow(
        label=f"{method}, {where}",
        model=model,
        datasets=datasets,
        published={metric: float(printed) for metric, printed in published.items()},
        why_absent="" if model else NO_MODEL,
    )


def _read(name: str) -> list[dict[str, str]]:
    source = files("iqabench_saliency_models") / "published" / f"{name}.csv"
    return list(csv.DictReader(source.read_text(encoding="utf-8").splitlines()))
