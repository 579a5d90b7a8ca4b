"""Readers for image quality data sets, and the built-in demo set."""

from __future__ import annotations

from collections.abc import Callable

from iqabench.contract import DatasetCard, Protocol, hookimpl

DEMO = DatasetCard(
    name="demo",
    title="Demo: eight photographs, eight distortions, five levels, proxy labels",
    reader="iqabench_datasets.demo:read",
    builder="iqabench_datasets.demo:build",
    images=320,
    contents=8,
    score_range=(0, 100),
    label_kind="proxy",
    protocol=Protocol(kind="k-fold", folds=4, seeds=1),
    licence="photographs: public domain or CC0/CC-BY as scikit-image, scikit-learn and matplotlib "
    "state; distortions and labels: Apache-2.0",
    citation="distortions after Lin, Hosu, Saupe: KADID-10k (QoMEX 2019)",
)

KADID = DatasetCard(
    name="kadid",
    title="KADID-10k",
    reader="iqabench_datasets.kadid:read",
    aliases=("kadid10k", "kadid-10k"),
    images=10125,
    contents=81,
    direction="higher",
    score_range=(1, 5),
    homepage="https://database.mmsp-kn.de/kadid-10k-database.html",
    citation="Lin, Hosu, Saupe: KADID-10k, a large-scale artificially distorted IQA database "
    "(QoMEX 2019)",
)

GENERIC = DatasetCard(
    name="csv",
    title="Any CSV or Parquet file with a column of paths and one of scores",
    reader="iqabench_datasets.generic:read",
    option_keys=("labels", "columns"),
)


@hookimpl
def register_datasets(register: Callable[[DatasetCard], None]) -> None:
    """The sets this plugin reads."""
    for card in (DEMO, KADID, GENERIC):
        register(card)
