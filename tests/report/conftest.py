"""A store whose predictions a test writes itself, and a browser for pages."""

import itertools

import numpy as np
import pandas as pd
import pytest
from browsers import CHROMIUM
from stored import evaluation, job_record, keep

from iqabench.report import leaderboard
from iqabench.store import Store
from iqabench.store.records import Timing


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

    def add(
        self, label, scores, folds=(0, 1, 2), status="done", fit=None, name=None, job=None, **keys
    ):
        """Store a job of these scores, or one that failed, and evaluations that use it.

        ``name`` tells jobs of one model apart, ``job`` has further fields of the job's record and
        ``keys`` of the evaluations; returns the job's fingerprint.
        """
        on = Timing(device="cpu", precision="fp32", threads=1, pictures=72)
        facts = {"parameters": 17, "seconds_per_image": 0.25, "timing": on, "status": status}
        facts |= job or {}
        scored = None
        if status == "done":
            scored = pd.DataFrame({"image": self.table["image"], "prediction": scores})
            scored["error"] = np.where(scored["prediction"].isna(), "ValueError: odd", None)
        record = job_record(name or label, began=str(next(self.clock)), **facts)
        predict = keep(self.store, record, scored)
        for fold in folds:
            self.evaluate(label, predict, fold, fit, **keys)
        return predict

    def evaluate(self, label, job, fold, fit=None, **keys):
        """Record that a job counts for a model on a repetition; returns the evaluation's ID."""
        where = {"fold": fold, "contents": self.folds[fold], "predict": job, "fit": fit}
        record = evaluation(label=label, **{**where, **keys})
        self.store.save_evaluation(record)
        return record.id

    def ids(self, *labels):
        """IDs of the evaluations of models with these labels."""
        return [one.id for one in self.store.evaluations() if one.label in labels]

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


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with playwright.sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()
