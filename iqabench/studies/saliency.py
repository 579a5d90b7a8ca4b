"""A study of saliency: one model on the same splits, its maps from one provider after another.

Splits and initial weights are the same under every provider, so what differs is what its maps do.
Each is compared with ``uniform``, whose maps say nothing, by a paired bootstrap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from iqabench import api
from iqabench.contract.errors import UsageError
from iqabench.engine.execute import Outcome
from iqabench.engine.progress import Watcher
from iqabench.registry import registry
from iqabench.studies.variants import Study, finished

CONTROL = "uniform"
"""The provider with which all are compared."""
PROVIDERS = ("readout", "spectral-residual", "center", CONTROL, "shuffled")


def run(
    model: str,
    datasets: Sequence[str],
    providers: Sequence[str] = PROVIDERS,
    *,
    seeds: int | None = None,
    set: Sequence[str] = (),
    choices: api.Choices | None = None,
    store: Path | None = None,
    catalog: Path | None = None,
    watch: Watcher | None = None,
) -> Study:
    """Run a model once under each provider; arguments as of :func:`iqabench.run`.

    Where ``uniform`` is not among the providers, the first takes its place in comparisons. ``set``
    holds ``KEY=VALUE`` overrides that all variants share.

    Raises:
        IqabenchError: the model uses no saliency, a provider is named twice or unknown, or as
            :func:`iqabench.run`.
    """
    card = registry().model(model)
    if card.saliency == "none":
        raise UsageError(f"'{model}' uses no saliency", "`iqabench models` shows which do")
    choices = choices or api.Choices()
    if choices.saliency is not None:
        raise UsageError("a study of saliency takes no single provider", "--providers NAME,NAME")
    if len(dict.fromkeys(providers)) < len(providers):
        raise UsageError("a provider is named twice", f"--providers {','.join(PROVIDERS)}")
    for provider in providers:
        registry().provider(provider)  # before the first of them runs
    runs = [
        api.run(
            [f"{_label(provider)}={card.name}"],
            datasets,
            seeds=seeds,
            set=[f"{_label(provider)}.{override}" for override in set],
            choices=replace(choices, saliency=provider),
            store=store,
            catalog=catalog,
            watch=watch,
        )
        for provider in providers
    ]
    order = [*map(_label, providers)]
    base = CONTROL if CONTROL in order else order[0]
    return finished("saliency", card.name, _joined(runs), order, base)


def _joined(runs: Sequence[api.Results]) -> api.Results:
    """All runs' evaluations as those of one."""
    outcomes = [run.outcome for run in runs if run.outcome is not None]
    return api.Results(
        runs[0].store,
        tuple(identity for run in runs for identity in run.evaluations or ()),
        Outcome(
            sum(outcome.made for outcome in outcomes),
            sum(outcome.reused for outcome in outcomes),
            tuple(name for outcome in outcomes for name in outcome.failed),
        ),
    )


def _label(provider: str) -> str:
    """A provider's name as a model's label, which holds no equals sign."""
    return provider.replace("=", "-")
