"""A store whose predictions a test writes itself."""

import itertools

import numpy as np
import pandas as pd
import pytest

from iqabench.report import leaderboard
from iqabench.store import Store


class Book:
    """Three repetitions of four contents each, six images per content, and models' predictions."""

    def __init__(self, root):
        self.store, self.clock = Store(root), itertools.count()
        self.store.prepare()
        random = np.random.default_rng(0)
        contents = np.repeat([f"c{number:02d}" for number in range(12)], 6)
        self.table = pd.DataFrame(
            {
                "image": [f"{content}_{n % 6}.png" for n, content in enumerate(contents)],
                "content": contents,
                "quality": random.uniform(1, 5, len(contents)),
            }
        )
        self.store.save_table("set", "0" * 16, self.table)
        self.folds = [sorted(set(contents))[start::3] for start in range(3)]

    def part(self, fold):
        """Labels of a repetition."""
        return self.table[self.table["content"].isin(self.folds[fold])].reset_index(drop=True)

    def noisy(self, noise, seed=0):
        """Predictions for every image: quality plus noise."""
        random = np.random.default_rng(seed)
        return self.table["quality"] + random.normal(0, noise, len(self.table))

    def add(self, label, scores, folds=(0, 1, 2), status="done", fit=None, name=None, **keys):
        """Store a job of these scores, or one that failed, and evaluations that use it."""
        job = f"{name or label:0<16}"
        with self.store.writing(job) as folder:
            if status == "done":
                scored = pd.DataFrame({"image": self.table["image"], "prediction": scores})
                scored["error"] = np.where(scored["prediction"].isna(), "ValueError: odd", None)
                scored.to_parquet(folder / "predictions.parquet", index=False)
            self.store.finish(
                job,
                {
                    "began": str(next(self.clock)),
                    "status": status,
                    "parameters": 17,
                    "seconds_per_image": 0.25,
                },
            )
        for fold in folds:
            self.evaluate(label, job, fold, fit, **keys)

    def evaluate(self, label, job, fold, fit=None, identity=None, **keys):
        """Record that a job counts for a model on a repetition."""
        apart = [keys[key] for key in ("test", "protocol", "config") if key in keys]
        self.store.save_evaluation(
            "-".join([identity or label, str(fold), *apart]),
            {
                "label": label,
                "model": "model-of-" + label,
                "config": "c" * 16,
                "init": "default",
                "weights": "train",
                "direction": "higher",
                "protocol": "3-fold",
                "train": "set",
                "test": "set",
                "test_hash": "0" * 16,
                "labels": "human",
                "seed": 0,
                "fold": fold,
                "split": None,
                "contents": self.folds[fold],
                "selection": "validation",
                "saliency": "-",
                "predict": job,
                "fit": fit,
                **keys,
            },
        )

    def board(self):
        """The leaderboard by model."""
        return leaderboard.leaderboard(self.store).set_index("model", drop=False)

    def difference(self, only=None):
        """The one paired difference."""
        (row,) = leaderboard.differences(self.store, only).to_dict("records")
        return row


@pytest.fixture
def book(tmp_path, monkeypatch):
    """An empty store with labels; few resamples."""
    monkeypatch.setattr(leaderboard, "RESAMPLES", 300)
    return Book(tmp_path / "store")
