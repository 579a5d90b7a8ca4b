"""How bf16 ranks pictures beside fp32, with the same weights, trained on the demo set.

    python benchmarks/precision.py [--models hyperiqa,dbcnn]

Each network starts from random weights and learns from small crops of one fold for a few epochs,
far fewer than its recipe asks for; then it scores that fold's test pictures in both precisions.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import iqabench
from iqabench.api.session import Session
from iqabench.cli.progress import RichWatcher
from iqabench.data import splits
from iqabench.stats import srocc

SHORT = {
    "hyperiqa": {
        "epochs": 8,
        "lr": 1e-4,
        "batch_size": 8,
        "train_crops": 1,
        "test_crops": 5,
    },
    "dbcnn": {
        "stages.0.epochs": 1,
        "stages.1.epochs": 14,
        "stages.1.lr": 1e-4,
        "crop": "96,96",
        "test_crops": 5,
        "test_crop_kind": "grid",
    },
}
"""Recipe fields that make training short enough for two cores."""
BENCHMARK = {
    "title": "Ranks in bf16 beside fp32",
    "quick": None,
    "full": [],
}


def one_fold(path: Path) -> None:
    """Write the first fold of the demo set."""
    demo = Session().dataset("demo")
    protocol = demo.card.protocol
    splits.save(splits.k_fold("demo", sorted(set(demo.table["content"])), 0, 0, protocol), path)


def scored(name: str, weights: str, precision: str, split: Path) -> iqabench.Results:
    """The model's scores of the fold's test part, trained first where ``weights`` is train."""
    return iqabench.run(
        [name],
        ["demo"],
        seeds=1,
        split=str(split),
        set=[f"{name}.recipe.{key}={value}" for key, value in SHORT[name].items()],
        choices=iqabench.Choices(weights=weights, init="random"),
        session=iqabench.Session(
            store=split.parent / "store", precision=precision, watch=RichWatcher()
        ),
    )


def compare(name: str, split: Path) -> None:
    """Train one model, score in both precisions, and print how far they agree."""
    trained = scored(name, "train", "fp32", split)
    records = [record for record in trained.store.evaluations() if record.model == name]
    (fit,) = {record.fit for record in records}
    other = scored(name, f"job:{fit}", "bf16", split)
    found = []
    for results in (trained, other):
        counted = results.store.evaluations(results.evaluations)
        (predict,) = {record.predict for record in counted}
        scores = results.store.predictions(predict)
        found.append(scores.set_index("image")["prediction"])
    fp32, bf16 = found[0], found[1].loc[found[0].index]
    labels = trained.leaderboard().iloc[0]["srocc_mean"]
    print(
        f"{name}: SROCC of fp32 with bf16 {srocc(fp32, bf16):.5f} over {len(fp32)} pictures; "
        f"scores spread over {fp32.max() - fp32.min():.3f}, they differ by at most "
        f"{(fp32 - bf16).abs().max():.4f}; fp32 with the labels {labels:.3f}",
        flush=True,
    )


def main() -> None:
    """Compare each model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", default="hyperiqa,dbcnn")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        split = Path(place) / "fold.json"
        one_fold(split)
        for name in asked.models.split(","):
            compare(name, split)


if __name__ == "__main__":
    main()
