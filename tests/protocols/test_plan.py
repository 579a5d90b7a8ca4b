from collections import Counter
from dataclasses import replace

import pytest

from iqabench import Session
from iqabench import plan as plan_by_name
from iqabench.contract import DataError, ModelCard, Protocol, UsageError
from iqabench.data.splits import save
from iqabench.protocols import plan
from iqabench.protocols.choices import Choices
from iqabench.protocols.grammar import Across, Within
from iqabench.protocols.parts import split_of
from iqabench.protocols.requests import resolve
from iqabench.registry import registry
from iqabench.saliency.maps import MapSource
from iqabench.store.records import NONE

FOLDS = 4


def models(*names, overrides=(), device="cpu", precision="fp32", **choices):
    asked = names or ["brisque"]
    chosen = Choices(**choices)
    return resolve(registry(), asked, overrides, chosen, device=device, precision=precision)


def no_maps(model, dataset):
    return None


def default_maps(model, dataset):
    card = registry().provider("spectral-residual")
    return MapSource(card) if model.card.saliency != "none" else None


def make(requests, *sets, asked=None, maps=no_maps, **more):
    by_name = {found.name: found for found in sets}
    return plan.make(asked or models(), requests, by_name.__getitem__, maps, **more)


def of_kind(made, kind):
    return [job for job in made.jobs if job.identity.kind == kind]


def the_fit(found, **more):
    """The fingerprint of the only fit job of seed 0 of a hold-out."""
    (job,) = of_kind(make([Within(found.name)], found, **{"seeds": 1} | more), "fit")
    return job.fingerprint


def test_folds_test_every_content_once_by_a_model_that_never_saw_it(dataset):
    found = dataset()
    made = make([Within("set")], found)
    assert [evaluation.part.fold for evaluation in made.evaluations] == [0, 1, 2, 3]
    tested = Counter(name for evaluation in made.evaluations for name in evaluation.part.contents)
    assert tested == Counter(set(found.table["content"]))
    for evaluation in made.evaluations:
        seen = {*evaluation.predict.fit.split.train, *evaluation.predict.fit.split.validation}
        assert seen.isdisjoint(evaluation.part.contents)
        assert evaluation.predict.contents == evaluation.part.contents
        assert (evaluation.part.protocol.name, evaluation.train) == ("4-fold", "set")


def test_each_fit_comes_before_its_predictions_and_each_job_once(dataset):
    made = make([Within("set"), Within("set")], dataset(), seeds=2)
    names = [job.fingerprint for job in made.jobs]
    assert len(names) == len(set(names)) == 2 * 2 * FOLDS
    for job in of_kind(made, "predict"):
        assert names.index(job.fit.fingerprint) < names.index(job.fingerprint)


def test_across_sets_one_fit_per_seed_serves_every_test_set(dataset):
    source, one, other = dataset("a", 20), dataset("b"), dataset("c")
    made = make([Across("a", "b"), Across("a", "c")], source, one, other, seeds=2)
    assert len(of_kind(made, "fit")) == 2
    assert len(of_kind(made, "predict")) == 4
    for job in of_kind(made, "fit"):
        assert (len(job.split.train), len(job.split.validation), job.split.test) == (18, 2, ())
    for evaluation in made.evaluations:
        assert evaluation.part.contents is None
        assert evaluation.predict.dataset.name == evaluation.test.name
        assert (evaluation.part.protocol.name, evaluation.train) == ("cross", "a")


def test_a_model_that_is_not_fitted_scores_every_picture_once(dataset, tmp_path):
    weights = tmp_path / "w.safetensors"
    weights.write_bytes(b"")
    asked = models("biosiqnet-lite", weights=str(weights))
    made = make([Within("set")], dataset(), asked=asked, seeds=3)
    assert [job.identity.kind for job in made.jobs] == ["predict"]
    assert made.jobs[0].contents is None
    (evaluation,) = made.evaluations
    record = evaluation.record()
    assert (record.protocol.name, record.contents, record.split) == ("all", None, None)
    assert (record.train, record.seed, record.fold) == (NONE, 0, None)
    twice = [Within("set"), Across("other", "set")]
    made = make(twice, dataset(), dataset("other", 20), asked=asked)
    assert (len(made.evaluations), len(made.jobs)) == (1, 1)


def test_a_named_split_counts_without_fitting_too(dataset, tmp_path):
    found, path = dataset(), tmp_path / "split.json"
    split = split_of(found, 0, 0)
    save(split, path)
    weights = tmp_path / "w.safetensors"
    weights.write_bytes(b"")
    asked = models("biosiqnet-lite", weights=str(weights))
    made = make([Within("set")], found, asked=asked, seeds=1, split=str(path))
    whole, part = (evaluation.record() for evaluation in made.evaluations)
    assert (whole.protocol.name, part.contents) == ("all", split.test)
    assert whole.predict == part.predict
    assert len(made.jobs) == 1


def test_a_full_reference_model_does_not_apply_where_there_are_no_references(dataset):
    card = ModelCard(
        name="fr", summary="s", kind="scorer", factory="iqabench:run", full_reference=True
    )
    (base,) = models("brisque")
    asked = [replace(base, label="fr", card=card), base]
    made = make([Within("set")], dataset(references=False), asked=asked)
    assert made.skipped == ("fr on set: it has no references",)
    assert {evaluation.model.label for evaluation in made.evaluations} == {"brisque"}
    made = make([Within("set")], dataset(references=True), asked=asked)
    assert made.skipped == ()
    assert len(made.evaluations) == 1 + FOLDS


def test_what_learns_from_references_takes_published_weights_where_there_are_none(
    dataset, tmp_path
):
    without, with_them = dataset(references=False), dataset(references=True)
    made = make([Within("set")], without, asked=models("niqe", "brisque"))
    assert made.skipped == ()
    assert made.remarks == (
        "niqe on set: no references to learn from, so its published weights are used",
    )
    (niqe,) = [one for one in made.evaluations if one.model.label == "niqe"]
    (asked,) = models("niqe", weights="published")
    assert (niqe.predict.fit, niqe.model.config) == (None, asked.config)
    made = make([Within("set")], with_them, asked=models("niqe"))
    assert made.remarks == ()
    assert all(one.predict.fit is not None for one in made.evaluations)
    test = dataset("other", references=False)
    across = [Across("set", "other")]
    assert make(across, with_them, test, asked=models("niqe")).remarks == ()
    assert len(make(across, without, test, asked=models("niqe")).remarks) == 1
    weights = tmp_path / "niqe_modelparameters.mat"
    weights.write_bytes(b"")
    asked = models("niqe", weights=str(weights))
    assert make([Within("set")], without, asked=asked).remarks == ()


def test_what_learns_from_references_and_has_no_weights_does_not_apply_without_them(dataset):
    (niqe, brisque) = models("niqe", "brisque")
    bare = replace(niqe, card=niqe.card.model_copy(update={"weights": ()}))
    made = make([Within("set")], dataset(references=False), asked=[bare, brisque])
    assert made.skipped == ("niqe on set: it has no references to learn from",)
    assert {evaluation.model.label for evaluation in made.evaluations} == {"brisque"}


def test_labels_with_one_configuration_share_jobs_but_not_evaluations(dataset):
    made = make([Within("set")], dataset(), asked=models("a=brisque", "b=brisque"))
    assert len(made.jobs) == 2 * FOLDS
    records = [evaluation.record().model_dump_json() for evaluation in made.evaluations]
    assert len(set(records)) == 2 * FOLDS


def test_fingerprints_change_with_what_decides_results(dataset):
    found = dataset()
    lite = ["biosiqnet-lite"]

    def fit(*overrides, maps=default_maps, data=found, seed=0, **choices):
        asked = models(*lite, overrides=overrides, **choices)
        made = make([Within("set")], data, asked=asked, maps=maps, seeds=seed + 1)
        return next(job.fingerprint for job in of_kind(made, "fit") if job.seed == seed)

    base = fit()
    assert fit() == base
    relabelled = found.table.assign(mos=found.table["mos"] + 1)
    others = [
        fit("biosiqnet-lite.hidden=8"),
        fit("biosiqnet-lite.recipe.lr=0.5"),
        fit(seed=1),
        fit(data=replace(found, table=relabelled)),
        fit(maps=no_maps),
        fit(precision="bf16"),
        fit(device="cuda"),
        fit(init="random"),
    ]
    (found.root / "c3_1.png").write_bytes(b"another picture")
    others.append(fit(data=replace(found)))
    assert len({base, *others}) == 1 + len(others)


def test_fingerprints_do_not_know_paths_or_labels_of_models(dataset):
    here, there = dataset(folder="here"), dataset(folder="there")
    assert here.root != there.root
    first, second = (make([Within("set")], found) for found in (here, there))
    assert [job.fingerprint for job in first.jobs] == [job.fingerprint for job in second.jobs]
    named = make([Within("set")], here, asked=models("other=brisque"))
    assert [job.fingerprint for job in named.jobs] == [job.fingerprint for job in first.jobs]
    assert all(str(here.root.parent) not in job.identity.model_dump_json() for job in first.jobs)


def test_a_changed_reference_makes_new_jobs(dataset):
    found = dataset(protocol=Protocol())
    before = the_fit(found)
    (found.root / "c0.png").write_bytes(b"another pristine picture")
    assert the_fit(replace(found)) != before


def test_too_few_contents_are_refused_before_anything_runs(dataset):
    with pytest.raises(DataError, match="'set' has 3 contents; this protocol needs 4"):
        make([Within("set")], dataset(contents=3))


def test_one_set_under_two_names_is_not_two_sets(tmp_path):
    (tmp_path / "images").mkdir()
    lines = ["dist_img,ref_img,dmos,var"]
    for content in range(1, 6):
        names = [f"I{content:02d}.png", f"I{content:02d}_01_01.png"]
        for name in names:
            (tmp_path / "images" / name).write_bytes(name.encode())
        lines.append(f"{names[1]},{names[0]},{content},0.1")
    (tmp_path / "dmos.csv").write_text("\n".join(lines))
    catalog = tmp_path / "catalog.yaml"
    catalog.write_text(f"datasets:\n  kadid: {{root: {tmp_path}}}\n")

    def evaluations(flag):
        made = plan_by_name(["brisque"], [flag], seeds=1, session=Session(catalog))
        return made.evaluations

    assert len(evaluations("kadid,kadid10k")) == 1
    with pytest.raises(UsageError, match="trains and tests on all of"):
        evaluations("kadid:kadid10k")


def test_no_seeds_are_refused():
    for seeds in (0, -1):
        with pytest.raises(UsageError, match=f"--seeds {seeds}"):
            plan_by_name(["brisque"], ["demo"], seeds=seeds)


def test_a_splits_file_takes_the_protocols_place(dataset, tmp_path):
    found = dataset()
    split = split_of(found, 0, 1)
    save(split, tmp_path / "s.json")
    made = make([Within("set")], found, seeds=2, split=str(tmp_path / "s.json"))
    assert [(one.part.seed, one.part.fold, one.part.split) for one in made.evaluations] == [
        (0, None, split),
        (1, None, split),
    ]
    assert {one.part.protocol.name for one in made.evaluations} == {f"split {split.hash[:8]}"}
    assert made.evaluations[0].part.contents == split.test
    # The job is the very one of that fold.
    folds = make([Within("set")], found, seeds=1)
    assert made.jobs[0].fingerprint == folds.evaluations[1].predict.fit.fingerprint


@pytest.mark.parametrize(("contents", "chosen"), [(8, False), (20, True)])
def test_validation_on_one_content_chooses_no_epoch(dataset, contents, chosen):
    """A tenth of 8 contents is one, of 20 two; an SROCC within one says nothing of others."""
    protocol = Protocol(kind="hold-out", seeds=1)
    recipe = ("select=best", "patience=2", "average=0")
    overrides = [f"biosiqnet-lite.recipe.{field}" for field in recipe]
    asked = models("biosiqnet-lite", overrides=overrides, tiny=True)
    made = make([Within("set")], dataset(contents=contents, protocol=protocol), asked=asked)
    (fit,), (evaluation,) = of_kind(made, "fit"), made.evaluations
    assert len(fit.split.validation) == (2 if chosen else 1)
    wanted = ("best", 2) if chosen else ("last", None)
    assert (fit.model.recipe.select, fit.model.recipe.patience) == wanted
    assert fit.identity.model.recipe == fit.model.recipe
    assert evaluation.record().selection == ("validation" if chosen else "last epoch")
    assert evaluation.record().config == asked[0].config
    assert made.remarks == (
        ()
        if chosen
        else (
            "biosiqnet-lite on set: validation on a single content cannot choose an epoch, so the "
            "last one is kept",
        )
    )


def test_what_chooses_no_epoch_is_not_remarked_on(dataset):
    asked = models(
        "brisque", "biosiqnet-lite", overrides=["biosiqnet-lite.recipe.select=last"], tiny=True
    )
    assert make([Within("set")], dataset(), asked=asked).remarks == ()


def test_an_evaluation_says_whose_variant_its_model_is(dataset):
    asked = models("biosiqnet-vgg19-v1", "biosiqnet-vgg19-v2", "brisque", tiny=True)
    made = make([Within("set")], dataset(), asked=asked, maps=default_maps)
    found = {one.record().model: one.record().family for one in made.evaluations}
    assert found["biosiqnet-vgg19-v1"] == found["biosiqnet-vgg19-v2"] == "biosiqnet-vgg19"
    assert found["brisque"] == "brisque"
