"""Weights of a job bring the options and the recipe with which the job fitted them."""

import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import iqabench
from iqabench import Choices, Session
from iqabench.contract import UsageError
from iqabench.store import Store

NETWORK = [
    "toy-network.recipe.epochs=1",
    "toy-network.recipe.crop=48,40",
    "toy-network.recipe.test_crops=5",
]


@pytest.fixture
def fitted(little, store):
    """Runs a model; returns its evaluation's record."""

    def run(model, set=(), **choices):
        session = Session(little.catalog, store=store, device="cpu")
        results = iqabench.run(
            model, "little", seeds=1, set=set, choices=Choices(**choices), session=session
        )
        (found,) = [one for one in Store(store).evaluations() if one.id in results.evaluations]
        return found

    return run


def stored(store, evaluation):
    return Store(store).predictions(evaluation.predict).set_index("image")["prediction"]


@pytest.mark.parametrize(
    ("model", "set"),
    [("toy-network", NETWORK), ("toy-estimator", ["toy-estimator.power=3"])],
)
def test_score_and_run_repeat_the_predictions_of_the_job(
    fitted, little, store, command, model, set
):
    first = fitted(model, set)
    expected = stored(store, first)
    pictures = [little.root / name for name in expected.index[:3]]
    code, printed, _ = command(
        *("score", model, *pictures, "--weights", f"job:{first.fit[:6]}", "--store", store),
        *("--quiet", "--device", "cpu", "--format", "json"),
    )
    assert code == 0
    found = [row["score"] for row in json.loads(printed)]
    np.testing.assert_allclose(found, expected.iloc[:3], rtol=1e-6)
    again = fitted(model, weights=f"job:{first.fit[:6]}")
    assert again.weights == f"job:{first.fit}"
    after = stored(store, again)
    np.testing.assert_allclose(after[expected.index], expected, rtol=1e-6)


def test_what_is_set_changes_what_the_job_brings(fitted, store):
    fit = fitted("toy-network", NETWORK).fit
    session = Session(store=store, device="cpu")
    (request,) = session.requests(
        ["a=toy-network"], ["a.recipe.test_crops=2"], Choices(weights=f"job:{fit}")
    )
    assert (request.recipe.crop, request.recipe.test_crops) == ((48, 40), 2)
    assert request.recipe_name == "own*"
    (plain,) = session.requests(["toy-network"], [], Choices(weights=f"job:{fit[:9]}"))
    (whole,) = session.requests(["other=toy-network"], [], Choices(weights=f"job:{fit}"))
    assert plain.config == whole.config != request.config


def test_a_predict_job_leads_to_its_fit_job(fitted, store):
    first = fitted("toy-estimator", ["toy-estimator.power=2"])
    second = fitted("toy-estimator", weights=f"job:{first.predict[:8]}")
    third = fitted("toy-estimator", weights=f"job:{second.predict}")
    assert second.weights == third.weights == f"job:{first.fit}"
    shutil.rmtree(store / "jobs" / first.fit)
    missing = f"fit job {first.fit}, with whose weights job {first.predict} scored, is not in the"
    with pytest.raises(UsageError, match=missing):
        fitted("toy-estimator", weights=f"job:{first.predict}")


@pytest.mark.parametrize("command_name", ["score", "explain", "run"])
def test_the_weights_of_another_model_are_refused_by_name(
    fitted, little, store, command, command_name
):
    fit = fitted("toy-network", NETWORK).fit
    words = {"run": ["run", "--models", "brisque", "--datasets", "little"]}
    picture = little.root / "c0.png"
    given = words.get(command_name, [command_name, "brisque", picture])
    given += ["--catalog", little.catalog, "--quiet"] if command_name == "run" else []
    code, _, complaint = command(*given, "--weights", f"job:{fit[:8]}", "--store", store)
    assert code == 2
    first, hint = complaint.splitlines()
    assert first == f"error: job {fit} fitted toy-network, not brisque"
    assert "toy-network" in hint


def test_jobs_without_weights_are_refused(fitted, little, store, tmp_path):
    scorer = fitted("toy-scorer")
    failed = fitted("toy-network", ["toy-network.fault=losses"])
    (tmp_path / "mine.csv").write_text("image,score\nc0_1.png,1\nc1_1.png,2\n")
    session = Session(little.catalog, store=store)
    imported = iqabench.import_scores(tmp_path / "mine.csv", "mine", "little", session=session)
    (brought,) = {
        one.predict for one in Store(store).evaluations() if one.id in imported.evaluations
    }
    lost = fitted("toy-estimator")
    (store / "jobs" / lost.fit / "weights.safetensors").unlink()
    for model, job, complaint in (
        ("toy-network", scorer.predict, "scored with toy-scorer as it was: no job fitted it"),
        ("toy-network", failed.fit, f"fit job {failed.fit} failed"),
        ("toy-network", failed.predict, f"fit job {failed.fit} failed"),
        ("toy-network", brought, "is an import: it has no weights"),
        ("toy-estimator", lost.fit, "is damaged: weights.safetensors is gone"),
        ("toy-network", "0123", "unknown job '0123'"),
        ("toy-network", "", "unknown job ''"),
    ):
        with pytest.raises(UsageError, match=complaint):
            fitted(model, weights=f"job:{job}")


def test_a_beginning_that_several_jobs_share_is_refused_with_their_names(
    fitted, store, command, monkeypatch
):
    fit = fitted("toy-estimator").fit
    shutil.copytree(store / "jobs" / fit, store / "jobs" / (fit[:-1] + "x"))
    for words in (
        ["show", fit[:-1]],
        ["score", "toy-estimator", "a.png", "--weights", f"job:{fit[:-1]}"],
        ["diff", fit[:-1], fit],
    ):
        code, _, complaint = command(*words, "--store", store)
        assert code == 2
        assert fit in complaint and fit[:-1] + "x" in complaint
        assert "Traceback" not in complaint
        assert len(complaint.splitlines()) == 2


def test_show_lists_the_jobs_and_its_names_serve(fitted, store, command):
    evaluation = fitted("toy-estimator")
    fitted("toy-network", ["toy-network.fault=losses"])
    code, printed, _ = command("show", "--store", store)
    assert code == 0
    lines = [line for line in printed.splitlines() if "toy-estimator" in line]
    assert [evaluation.fit[:8] in line for line in lines] == [True, False]
    assert sum("failed" in line for line in printed.splitlines()) == 2
    code, printed, _ = command("show", evaluation.fit[:8], "--store", store)
    assert (code, "fit toy-estimator on little" in printed) == (0, True)


@pytest.mark.parametrize("name", ["toy-network", "toy-estimator"])
def test_what_contradicts_the_shapes_is_refused_before_any_job(
    fitted, little, store, command, toy, monkeypatch, name
):
    fit = fitted(name).fit
    before = len(list(Store(store).jobs()))
    kind = getattr(toy, name[4:].title())
    made = kind.__init__

    def other(self, options):
        made(self, options)
        if options.power == 2:
            self.head = torch.nn.Linear(8, 5)
            self.features = lambda images: np.ones((len(images), 9))

    monkeypatch.setattr(kind, "__init__", other)
    given = ["--weights", f"job:{fit[:7]}", "--set", f"{name}.power=2", "--store", store]
    for words in (
        ["score", name, little.root / "c0.png"],
        ["run", "--models", name, "--datasets", "little", "--catalog", little.catalog],
        ["run", "--models", name, "--datasets", "little", "--catalog", little.catalog, "--dry-run"],
    ):
        code, _, complaint = command(*words, *given, "--device", "cpu")
        assert code == 2
        assert "does not fit" in complaint.splitlines()[-2]
        assert "Traceback" not in complaint
    assert len(list(Store(store).jobs())) == before


def test_a_file_that_does_not_fit_is_told_by_three_entries_and_their_number(
    fitted, little, store, command, tmp_path
):
    tensors = load_file(store / "jobs" / fitted("toy-network").fit / "weights.safetensors")
    tensors["head.1.weight"] = torch.zeros(5, 8)
    tensors |= {f"other.{number}": torch.zeros(1) for number in range(400)}
    save_file(tensors, tmp_path / "mine.safetensors")
    picture = little.root / "c0.png"
    given = ["--weights", tmp_path / "mine.safetensors", "--store", store]
    code, _, complaint = command("score", "toy-network", picture, *given)
    assert code == 2
    told = next(line for line in complaint.splitlines() if line.startswith("error"))
    assert told.endswith(
        "does not fit Network: 401 entries differ: head.1.weight is 5x8, not 1x8, "
        "other.0 is unknown, other.1 is unknown and 398 more"
    )
    code, _, complaint = command("score", "toy-estimator", picture, *given)
    assert code == 2
    assert "does not fit Estimator: it holds " in complaint
    assert len(complaint) < 600


@pytest.mark.parametrize("store_has", ["nothing", "a fit"])
@pytest.mark.parametrize("weights", ["train", "published"])
@pytest.mark.parametrize("name", ["score", "explain"])
def test_the_hint_for_loose_pictures_names_weights_that_serve(
    fitted, little, store, command, store_has, weights, name
):
    fit = fitted("toy-network", NETWORK).fit if store_has == "a fit" else ""
    picture = little.root / "c0.png"
    code, _, complaint = command(
        name, "toy-network", picture, "--weights", weights, "--store", store
    )
    assert code == 2
    hint = complaint.splitlines()[-1]
    assert "train" not in hint and "published" not in hint
    expected = f"--weights job:{fit[:8]} (fit toy-network on little" if fit else "iqabench run"
    assert expected in hint


def test_a_model_that_learns_nothing_takes_no_weights(little, store, command):
    given = ["score", "toy-scorer", little.root / "c0.png", "--store", store]
    code, _, complaint = command(*given, "--weights", "job:0123")
    assert code == 2
    assert "'toy-scorer' learns nothing" in complaint


def test_a_job_takes_no_common_recipe(fitted):
    fit = fitted("toy-network", NETWORK).fit
    with pytest.raises(UsageError, match="--recipe common is for training"):
        fitted("toy-network", weights=f"job:{fit}", recipe="common")


def test_the_maps_that_a_model_learnt_from_are_those_that_it_gets(fitted, store):
    named = fitted("toy-guided", saliency="shuffled:seed=3:of=center:sigma=0.3")
    session = Session(store=store, device="cpu")
    (request,) = session.requests(["toy-guided"], [], Choices(weights=f"job:{named.fit}"))
    assert request.saliency.card.name == "shuffled"
    assert request.saliency.options.seed == 3
    assert request.saliency.of.options.sigma == 0.3
    assert request.saliency_named
    (other,) = session.requests(
        ["toy-guided"], [], Choices(weights=f"job:{named.fit}", saliency="toy-gaze")
    )
    assert other.saliency.card.name == "toy-gaze"
