from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from iqabench.audit.compare import Evidence
from iqabench.audit.pairs import Audit, Pair, Picture
from iqabench.contract import DataError, DatasetCard, ModelCard, Protocol, WeightsCard
from iqabench.data.tables import Dataset, canonical
from iqabench.protocols import plan
from iqabench.protocols.choices import Choices
from iqabench.protocols.grammar import Across, Within
from iqabench.protocols.leakage import audited, complete, kept
from iqabench.protocols.requests import resolve
from iqabench.registry import registry
from iqabench.store import Store
from iqabench.store.records import FitIdentity, ImportIdentity, JobRecord, SplitRecord

FOLDS = Protocol(kind="k-fold", folds=4, seeds=1)


@pytest.fixture
def sets(tmp_path):
    """Data sets ``a``, ``b`` and ``c`` of eight contents each; no file is a picture."""
    found = {}
    for name in ("a", "b", "c"):
        root = tmp_path / name
        root.mkdir()
        rows = []
        for number in range(8):
            (root / f"{name}{number}.png").write_bytes(f"{name} {number}".encode())
            rows.append({"image": f"{name}{number}.png", "content": f"{name}{number}"})
        card = DatasetCard(name=name, title=name, reader="x:y", protocol=FOLDS, aliases=(name * 3,))
        table = canonical(pd.DataFrame(rows).assign(mos=1.0), card, root)
        found[name] = Dataset(card, root, table)
    return found


class Auditor:
    """Finds what it was told, and counts how often it was asked."""

    def __init__(self, *twins):
        self.twins, self.asked = twins, []

    def __call__(self, first, second):
        self.asked.append((first.name, second and second.name))
        names = {first.name, (second or first).name}
        pairs = tuple(
            Pair(*(Picture(content, content, Path(), content) for content in twin), Evidence(True))
            for twin in self.twins
            if {content[0] for content in twin} == names
        )
        return Audit(first.name, second and second.name, pairs, (8, 8), ())


@pytest.fixture
def findings(sets, tmp_path):
    """Plans, audits and returns what was found, with the auditor."""

    def make(requests, *twins, models=None, **more):
        asked = models or resolve(registry(), ["brisque"], [], Choices())
        made = plan.make(asked, requests, sets.__getitem__, lambda model, data: None, **more)
        auditor = Auditor(*twins)
        store = Store(tmp_path / "store")
        return audited(made, store, sets.__getitem__, auditor).evaluations, auditor

    return make


def scored(weights=(), kind="scorer", choice="published"):
    """A request for a model; by default for one that learns nothing."""
    card = ModelCard(name="m", summary="s", kind=kind, factory="x:y", weights=weights)
    (base,) = resolve(registry(), ["brisque"], [], Choices())
    return replace(base, label="m", card=card, weights=choice)


def weights(*trained_on):
    return WeightsCard(name="w", filename="w.safetensors", trained_on=trained_on)


def test_across_sets_twins_of_any_training_content_are_shared(findings):
    found, auditor = findings([Across("a", "b"), Across("a", "c")], ("a0", "b3"), ("a5", "b1"))
    assert auditor.asked == [("a", "b"), ("a", "c")]
    for evaluation in found:
        expected = ("b1", "b3") if evaluation.test.name == "b" else ()
        assert (evaluation.shared, evaluation.seen) == (expected, ())


def test_within_a_set_only_a_twin_on_the_other_side_is_shared(findings):
    """Over the folds each content is tested once, and its twin is learnt from or tested beside."""
    found, auditor = findings([Within("a")], ("a0", "a1"))
    assert auditor.asked == [("a", None)]
    for evaluation in found:
        tested = {"a0", "a1"} & set(evaluation.part.contents)
        assert set(evaluation.shared) == (set() if len(tested) == 2 else tested)
    assert any(evaluation.shared for evaluation in found)


def test_validation_contents_count_as_learnt(findings):
    (first, *_), _ = findings([Within("a")])
    held, tested = first.part.split.validation[0], first.part.contents[0]
    (first, *_), _ = findings([Within("a")], (held, tested))
    assert first.shared == (tested,)


def test_what_was_found_does_not_identify_an_evaluation(findings):
    """Stores written before the audit keep their evaluations, and none is counted twice."""
    (found, *_), _ = findings([Across("a", "b")], ("a0", "b3"))
    before = replace(found, shared=None, seen=())
    assert found.id == before.id
    assert found.record() != before.record()
    assert replace(found, part=replace(found.part, seed=99)).id != found.id


def test_measures_that_learn_nothing_have_seen_nothing(findings):
    found, auditor = findings([Within("a")], ("a0", "a1"), models=[scored()])
    assert {evaluation.shared for evaluation in found} == {()}
    assert auditor.asked == []


@pytest.mark.parametrize("name", ["a", "aaa"])
def test_weights_that_have_seen_the_test_set_have_seen_all_of_it(findings, name):
    found, _ = findings([Within("a")], models=[scored((weights("imagenet-1k", name),))])
    for evaluation in found:
        everything = tuple(f"a{number}" for number in range(8))
        assert (evaluation.shared, evaluation.seen) == (everything, (name,))
    published = scored((weights(name),), "trainable")
    (found, *_), _ = findings([Across("b", "a")], models=[published])
    assert (len(found.shared), found.seen) == (8, (name,))


def test_weights_of_other_sets_have_not(findings):
    (found, *_), _ = findings([Within("a")], models=[scored((weights("kadis", "koniq"),))])
    assert (found.shared, found.seen) == ((), ())


@pytest.mark.parametrize(
    "model",
    [
        scored((weights(),)),
        scored((weights(),), "trainable"),
        scored((), "trainable", "some.safetensors"),
        scored((), "trainable", "job:unknown"),
    ],
)
def test_weights_of_unknown_origin_leave_it_open(findings, model):
    (found, *_), _ = findings([Within("a")], models=[model])
    assert (found.shared, found.seen) == (None, ())


def test_published_weights_do_not_count_for_a_model_that_is_fitted_here(findings):
    model = scored((weights("a"),), "estimator", "train")
    found, _ = findings([Within("a")], models=[model])
    assert {(evaluation.shared, evaluation.seen) for evaluation in found} == {((), ())}


@pytest.fixture
def job(sets, tmp_path):
    """Stores a fit job on four contents of set ``a``; returns its name."""
    store = Store(tmp_path / "store")
    store.prepare()

    split = SplitRecord(dataset="a", train=("a0", "a1", "a2"), validation=("a3",), test=())

    def make(kind="fit", dataset="a", data=sets["a"].hash):
        store.save_split(split)
        on = {"dataset": dataset, "data": data}
        if kind == "fit":
            (model,) = resolve(registry(), ["brisque"], [], Choices())
            identity = FitIdentity(model=model.identity, split=split.digest, seed=0, **on)
        else:
            identity = ImportIdentity(label="m", file="0" * 64, direction="higher", **on)
        with store.writing(identity.fingerprint):
            done = {"status": "done", "began": "2026-01-01T00:00:00+00:00", "seconds": 0.0}
            store.finish(JobRecord(identity=identity, title="t", **done))
        return scored((), "trainable", f"job:{identity.fingerprint}")

    return make


def test_a_trained_jobs_own_contents_are_shared_and_their_twins(findings, job):
    found, auditor = findings([Within("a")], ("a1", "a6"), models=[job()])
    for evaluation in found:
        assert set(evaluation.shared) == {"a0", "a1", "a2", "a3", "a6"}
    (found, *_), auditor = findings([Across("c", "b")], ("a1", "b6"), models=[job()])
    assert (found.shared, auditor.asked) == (("b6",), [("a", "b")])


def test_a_job_whose_data_are_gone_or_changed_leaves_it_open(findings, job, sets):
    for changes in ({"data": "0" * 16}, {"kind": "import"}):
        (found, *_), _ = findings([Within("b")], models=[job(**changes)])
        assert found.shared is None
    model = job(dataset="lost")

    def gone(name):
        if name == "lost":
            raise DataError("gone", "")
        return sets[name]

    made = plan.make([model], [Within("b")], gone, lambda model, data: None)
    (found, *_) = audited(made, Store(sets["a"].root.parent / "store"), gone, Auditor()).evaluations
    assert found.shared is None


@pytest.fixture
def fitted(sets, tmp_path):
    """A plan that fits on ``a`` and tests on ``b``, its store with the ended fits, unaudited."""
    asked = resolve(registry(), ["brisque"], [], Choices())
    made = plan.make(asked, [Across("a", "b")], sets.__getitem__, lambda model, data: None)
    store = Store(tmp_path / "store")
    store.prepare()
    made = audited(made, store, sets.__getitem__, lambda first, second: None)
    for evaluation in made.evaluations:
        fit = evaluation.predict.fit
        store.save_evaluation(evaluation.record())
        store.save_split(fit.split.record())
        if store.job(fit.fingerprint) is None:
            with store.writing(fit.fingerprint):
                done = {"status": "done", "began": "2026-01-01T00:00:00+00:00", "seconds": 0.0}
                store.finish(JobRecord(identity=fit.identity, title="t", **done))
    return made, store


def test_an_evaluation_is_pending_until_its_sets_are_audited(fitted, sets):
    made, store = fitted
    assert {(one.shared, one.pending) for one in made.evaluations} == {(None, True)}
    names = [one.id for one in made.evaluations]
    auditor = Auditor(("a0", "b3"))
    assert complete(names, store, sets.__getitem__, auditor) == (names, [])
    assert auditor.asked == [("a", "b")]
    for name in names:
        record = store.evaluation(name)
        assert (record.id, record.shared, record.pending) == (name, ("b3",), False)


def test_the_end_of_the_audit_changes_nothing_else(fitted, sets):
    made, store = fitted
    (first, *_) = made.evaluations
    before = store.evaluation(first.id)
    complete([first.id], store, sets.__getitem__, Auditor())
    after = store.evaluation(first.id)
    assert after == before.model_copy(update={"shared": (), "pending": False})
    assert len(store.evaluations()) == len(made.evaluations)


def test_what_is_not_audited_or_no_longer_here_stays_pending(fitted, sets):
    made, store = fitted
    name = made.evaluations[0].id
    assert complete([name], store, sets.__getitem__, lambda first, second: None) == ([], [])
    others = {"a": sets["a"], "b": sets["c"]}
    assert complete([name], store, others.__getitem__, Auditor()) == ([], ["b"])
    assert complete([name], store, {"a": sets["c"], "b": sets["b"]}.__getitem__, Auditor())[0] == []
    assert store.evaluation(name).pending


def test_an_earlier_finding_is_kept_while_a_new_audit_is_awaited(fitted, sets):
    made, store = fitted
    assert kept(made, store) == made
    complete([one.id for one in made.evaluations], store, sets.__getitem__, Auditor(("a0", "b3")))
    again = kept(made, store).evaluations
    assert {(one.shared, one.pending) for one in again} == {(("b3",), False)}
