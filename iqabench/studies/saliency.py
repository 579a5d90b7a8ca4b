"""A study of saliency: runs one model on the same splits with the maps of several providers.

Splits and initial weights are the same for every provider, so differences come from the maps alone.
A paired bootstrap compares each provider with ``uniform``, whose maps carry no information.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from iqabench.api.results import Results
from iqabench.api.running import DEFAULT_DATASETS, run
from iqabench.api.session import Session, in_use, listed
from iqabench.contract.errors import UsageError
from iqabench.engine.execute import Outcome
from iqabench.protocols.choices import Choices
from iqabench.studies.variants import Study, finished

CONTROL = "uniform"
"""The provider with which all other providers are compared."""
PROVIDERS = ("readout", "spectral-residual", "center", CONTROL, "shuffled")


def study_saliency(
    model: str,
    datasets: str | Sequence[str] = DEFAULT_DATASETS,
    providers: str | Sequence[str] = PROVIDERS,
    *,
    seeds: int | None = None,
    split: str | None = None,
    set: str | Sequence[str] = (),
    choices: Choices | None = None,
    session: Session | None = None,
) -> Study:
    """Run a model once with each provider; the other arguments are those of :func:`iqabench.run`.

    If ``uniform`` is not among the providers, all are compared with the first provider. ``set``
    holds ``KEY=VALUE`` overrides for all variants.

    Raises:
        IqabenchError: the model uses no saliency, ``choices`` names a provider, a provider is
            unknown or named twice, or as for :func:`iqabench.run`.
    """
    session, providers = in_use(session), listed(providers)
    card = session.registry.model(model)
    if card.saliency == "none":
        raise UsageError(f"'{model}' uses no saliency", "`iqabench models` shows which do")
    choices = choices or Choices()
    if choices.saliency is not None:
        raise UsageError("a study of saliency takes no single provider", "--providers NAME,NAME")
    if len(dict.fromkeys(providers)) < len(providers):
        raise UsageError("a provider is named twice", f"--providers {','.join(PROVIDERS)}")
    for provider in providers:
        session.registry.provider(provider)  # before the first of them runs
    runs = [
        run(
            [f"{_label(provider)}={card.name}"],
            datasets,
            seeds=seeds,
            split=split,
            set=[f"{_label(provider)}.{override}" for override in listed(set)],
            choices=replace(choices, saliency=provider),
            session=session,
        )
        for provider in providers
    ]
    order = [*map(_label, providers)]
    base = CONTROL if CONTROL in order else order[0]
    return finished("saliency", card.name, _joined(runs), order, base)


def _joined(runs: Sequence[Results]) -> Results:
    """The evaluations of several runs as one result."""
    outcomes = [run.outcome for run in runs if run.outcome is not None]
    return Results(
        runs[0].session,
        tuple(identity for run in runs for identity in run.evaluations or ()),
        Outcome(
            sum(outcome.made for outcome in outcomes),
            sum(outcome.reused for outcome in outcomes),
            tuple(name for outcome in outcomes for name in outcome.failed),
        ),
    )


def _label(provider: str) -> str:
    """A provider's name as a model's label, in which no equals sign is allowed."""
    return provider.replace("=", "-")
