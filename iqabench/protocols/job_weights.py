"""The fit job that ``--weights job:ID`` names, and what it says about its model."""

from __future__ import annotations

import json
from pathlib import Path

from iqabench.contract.cards import ModelCard
from iqabench.contract.errors import UsageError
from iqabench.registry import Provider, Registry, load
from iqabench.store import Job, Store, intact
from iqabench.store.folder import WEIGHTS
from iqabench.store.records import JOB_WEIGHTS, FitIdentity, PredictIdentity, ProviderIdentity

PREFIX = JOB_WEIGHTS
FIT_AGAIN = "the next run that fits the model makes it again"
SHIPPED = "groundtruth"
"""Name of the saliency provider that reads the maps and fixations of a data set."""


def fit_behind(weights: str, card: ModelCard, store: Store) -> tuple[Job, FitIdentity]:
    """The done fit job of a model.

    Args:
        weights: ``job:`` and the beginning of the name of the fit job, or of a predict job that
            used its weights.
        card: the model.
        store: the jobs.

    Raises:
        UsageError: no job, or several, have such a name; or the job has no weights, failed or
            fitted another model.
    """
    job = store.find(weights.removeprefix(PREFIX))
    identity = job.record.identity
    if isinstance(identity, PredictIdentity):
        job = _fit_of(job, identity, store)
        identity = job.record.identity
    if not isinstance(identity, FitIdentity):
        raise UsageError(f"job {job.fingerprint} is an import: it has no weights", "name a fit job")
    fitted = identity.model.model
    if fitted != card.name:
        raise UsageError(
            f"job {job.fingerprint} fitted {fitted}, not {card.name}",
            f"name {fitted} as the model, or another job: `iqabench show` lists them",
        )
    if not job.done:
        raise UsageError(f"fit job {job.fingerprint} failed", f"iqabench show {job.fingerprint}")
    problem = weights_problem(job)
    if problem:
        raise UsageError(f"fit job {job.fingerprint} is damaged: {problem}", FIT_AGAIN)
    return job, identity


def weights_problem(job: Job) -> str:
    """What is wrong with the weights of a fit job; empty if they are as they were stored."""
    kept = [file for file in job.record.files if file.name == WEIGHTS]
    return intact.problem(job.folder, kept) if kept else f"it has no {WEIGHTS}"


def _fit_of(job: Job, identity: PredictIdentity, store: Store) -> Job:
    """The fit job whose weights a predict job used."""
    name = identity.fit
    if name is None and identity.model.weights.startswith(PREFIX):
        name = identity.model.weights.removeprefix(PREFIX)
    if name is None:
        raise UsageError(
            f"job {job.fingerprint} scored with {identity.model.model} as it was: no job fitted it",
            "name a fit job: `iqabench show` lists them",
        )
    fit = store.job(name)
    if fit is None:
        raise UsageError(
            f"fit job {name}, with whose weights job {job.fingerprint} scored, is not in the store",
            "run it again, or name another fit job: `iqabench show` lists them",
        )
    return fit


def provider_of(fit: FitIdentity, card: ModelCard, registry: Registry) -> Provider | None:
    """The saliency provider whose maps a model learnt from.

    None where nothing is noted, where the model needs no maps any more, and where the maps were
    those that the data set ships: then what holds for any model applies. None also where a model
    that gets no maps in a test learnt from maps read from the user's files, because a record holds
    hashes of files and not their paths.

    Raises:
        UsageError: the maps are an input of the model, and were made with files of the user.
    """
    learnt = fit.maps.provider if fit.maps is not None else None
    if card.saliency == "none" or learnt is None or learnt.provider == SHIPPED:
        return None
    computed = registry.saliency.get(learnt.provider).kind == "computed"
    if card.saliency == "target" and not computed:
        return None
    if not _reads_files(learnt, registry):
        return registry.provider(_text(learnt))
    if card.saliency == "target":
        return None
    raise UsageError(
        f"'{card.name}' learnt from maps of '{learnt.provider}', which reads files of yours",
        f"name it and its files: --saliency {learnt.provider}:...",
    )


def _reads_files(learnt: ProviderIdentity, registry: Registry) -> bool:
    """Whether an option of the provider, or of the provider whose maps it permutes, is a path."""
    card = registry.saliency.get(learnt.provider)
    fields = load(card.options).model_fields if card.options is not None else {}
    own = any(Path in _types(fields[key].annotation) for key in learnt.options if key in fields)
    return own or (learnt.of is not None and _reads_files(learnt.of, registry))


def _types(annotation: object) -> tuple[object, ...]:
    """A type, and the types that it is a union of."""
    return (annotation, *getattr(annotation, "__args__", ()))


def _text(learnt: ProviderIdentity) -> str:
    """A provider as ``--saliency`` names it."""
    values = {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in learnt.options.items()
    }
    if learnt.of is not None:
        values["of"] = _text(learnt.of)
    return ":".join([learnt.provider, *(f"{key}={value}" for key, value in values.items())])
