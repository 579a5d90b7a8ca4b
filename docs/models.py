"""Writes docs/models.md from the registered cards: ``python docs/models.py``."""

from __future__ import annotations

from pathlib import Path

from tabulate import tabulate

from iqabench.contract import ModelCard
from iqabench.registry import registry

SYSTEMS = {
    "AIGQA": "",
    "BIECON": "",
    "BioSIQNet": "biosiqnet",
    "BLIINDS-II": "",
    "BRISQUE": "brisque",
    "DBCNN": "dbcnn",
    "DIIVINE": "",
    "DIQA": "",
    "DOR-IQA": "dor-iqa",
    "DQM-IQA": "",
    "HyperIQA": "hyperiqa",
    "ILNIQE": "ilniqe",
    "LIQE": "liqe",
    "MANIQA": "maniqa",
    "MEON": "",
    "MetaIQA": "metaiqa",
    "P2P-BM (PaQ-2-PiQ)": "paq2piq",
    "PSNR": "psnr",
    "Q-Align": "qalign",
    "RankIQA": "",
    "SDS-IQA": "sds-iqa",
    "SETNet": "",
    "SGDNet": "sgdnet",
    "SSIM": "ssim",
    "TIQA": "tiqa",
    "TReS": "tres",
    "TSIQA": "",
    "WaDIQaM": "wadiqam",
}
"""Systems that the BioSIQNet and SDS-IQA papers compare -> a registered name, if there is one."""

ABSENT = "pyiqa has none, and there is none of our own: `iqabench import` takes its scores"
WHY = {
    "estimator": "fitted to features of the training part",
    "trainable": "a network with its own recipe",
    "scorer": "with its published weights or formula; nothing is trained",
}
HEADER = """# Models

Made by `python docs/models.py` from the registered cards; `iqabench models NAME` shows one.

*Trains*: under the protocol of the run, on the training part of each split. *Scores*: as it was
published. *Imported scores only*: `iqabench import` brings them into the same tables.

## Which one to begin with

- **Photographs alone, without labels**: `piqe`, `niqe`, or `brisque` with published weights
  ([classics](classics.md)). A picture takes milliseconds.
- **Labels and a processor**: `brisque` and `lite0-ridge`, which are fitted in seconds to minutes;
  with patience [`biosiqnet-lite`](biosiqnet.md#biosiqnet-lite) and the other networks on
  EfficientNet-Lite0, which take minutes to hours.
- **Labels and a GPU**: [`biosiqnet`](biosiqnet.md), [`sgdnet`, `sds-iqa`](saliency-models.md),
  [`tiqa`, `dor-iqa`](transformers.md); with the extra [pyiqa](pyiqa.md) also `maniqa`, `dbcnn`,
  `hyperiqa` and `tres`.
- **References**: `psnr`, `ssim` and the other full-reference measures of [pyiqa](pyiqa.md).

Run `brisque` and `lite0-ridge` beside every network: they show what little effort reaches.

## What the two papers compare

The systems in the tables of BioSIQNet's and SDS-IQA's papers.
"""
PLUGINS = """
## Everything that is registered
"""


def page() -> str:
    """The text of docs/models.md."""
    cards = registry().models.cards
    systems = [_system(name, cards.get(own)) for name, own in SYSTEMS.items()]
    own = [
        (f"`{name}`", _does(card), card.summary, card.licence)
        for name, card in sorted(cards.items())
    ]
    return "\n".join(
        (
            HEADER,
            tabulate(systems, ("system", "here", "name", "why"), "github"),
            PLUGINS,
            tabulate(own, ("name", "does", "what", "licence"), "github"),
            "",
        )
    )


def _system(name: str, card: ModelCard | None) -> tuple[str, str, str, str]:
    if card is None:
        return name, "imported scores only", "", ABSENT
    return name, _does(card), f"`{card.name}`", WHY[card.kind]


def _does(card: ModelCard) -> str:
    return "trains" if card.trains else "scores"


if __name__ == "__main__":
    Path(__file__).with_suffix(".md").write_text(page(), encoding="utf-8")
