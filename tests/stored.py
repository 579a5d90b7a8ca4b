"""Records of jobs and evaluations that no run made, for tests of what reads a store."""

from iqabench.store.records import (
    Code,
    EvaluationRecord,
    FitIdentity,
    JobRecord,
    ModelIdentity,
    PredictIdentity,
    TestProtocol,
)
from iqabench.store.run_records import RunOptions, RunRecord

HASH = "0" * 16
"""Of the labels that are tested where a test names no others."""
CROSS, HOLD_OUT, OFFICIAL = (TestProtocol(kind=kind) for kind in ("cross", "hold-out", "official"))
THREE_FOLD = TestProtocol(kind="k-fold", folds=3)


def model(name, **fields):
    """What identifies a model that this module makes up."""
    facts = {"code": Code(package="made-up"), "weights": "train", "precision": "fp32"}
    return ModelIdentity(**{"model": name, **facts, "device": "cpu", **fields})


def fit_identity(name, dataset="set", data=HASH, split="5" * 16, seed=0, **fields):
    """A fit job of a model; further fields are the model's."""
    found = model(name, **fields)
    return FitIdentity(dataset=dataset, data=data, model=found, split=split, seed=seed)


def predict_identity(
    name, dataset="set", data=HASH, fit=None, contents=None, seed=0, maps=None, **fields
):
    """A predict job of a model; further fields are the model's."""
    what = {"dataset": dataset, "data": data, "fit": fit, "contents": contents, "maps": maps}
    return PredictIdentity(**what, model=model(name, **fields), seed=seed)


def job_record(label, identity=None, **fields):
    """A done job; without an identity it predicts with the model of that name."""
    made = identity or predict_identity(label)
    ended = {"title": f"{made.kind} {label}", "status": "done", "began": "now", "seconds": 1.0}
    return JobRecord(**{"identity": made, **ended, **fields})


def evaluation(**fields):
    """The evaluation of a model on a part of ``set``, unless fields say otherwise."""
    facts = {
        "label": "one",
        "model": "model-of-" + fields.get("label", "one"),
        "config": "c" * 16,
        "init": "default",
        "weights": "train",
        "direction": "higher",
        "protocol": THREE_FOLD,
        "train": "set",
        "test": "set",
        "test_hash": HASH,
        "labels": "human",
        "seed": 0,
        "selection": "validation",
        "predict": predict_identity(fields.get("label", "one")).fingerprint,
    }
    return EvaluationRecord(**{**facts, **fields})


def run_record(*jobs, **options):
    """A run of these jobs."""
    return RunRecord(began="2026-01-02", release="0", options=RunOptions(**options), jobs=jobs)


def keep(store, record, scores=None):
    """Store a job, with its predictions if there are any; returns its fingerprint."""
    fingerprint = record.identity.fingerprint
    with store.writing(fingerprint) as folder:
        if scores is not None:
            scores.to_parquet(folder / "predictions.parquet", index=False)
        store.finish(record)
    return fingerprint
