"""Models ranked over several test sets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from iqabench.contract.errors import UnknownNameError, UsageError
from iqabench.report import leaderboard
from iqabench.report.evaluations import Group, distinct_labels, groups
from iqabench.store import Store

if TYPE_CHECKING:
    import pandas as pd

    from iqabench.stats.ranks import Friedman

CROSS = "cross"


@dataclass(frozen=True)
class Ranking:
    """Models in order of their mean ranks over test sets, and what can be said of the order."""

    scores: pd.DataFrame
    """Mean SROCC: a row per model, best mean rank first, a column per test set."""
    friedman: Friedman
    """``ranks`` in the order of the rows."""
    critical_difference: float
    """Nemenyi's, at .05."""
    cliques: tuple[tuple[str, ...], ...]
    """Models whose mean ranks lie no further apart than that, best first."""
    remarks: tuple[str, ...]
    """Test sets, models and protocols that do not count, and models that are not the same on every
    test set: one line each."""
    proxy: tuple[str, ...]
    """Test sets whose labels are no people's."""

    @property
    def table(self) -> pd.DataFrame:
        """``model``, ``mean_rank``, and the mean SROCC on each test set."""
        table = self.scores.reset_index(names="model")
        table.insert(1, "mean_rank", self.friedman.ranks)
        return table


def ranks(
    store: Store,
    models: Sequence[str] = (),
    train: str | None = None,
    exclude_shared: bool = False,
    only: Iterable[str] | None = None,
) -> Ranking:
    """Rank models by their mean SROCC on each test set, and test the ranks.

    Test sets are the blocks; seeds and folds average into one score before. A set that several
    protocols tested, or that has other labels by now, counts once: as most models saw it.

    Args:
        store: results.
        models: labels; all that were tested on every set of the ranking where empty.
        train: the one set that all models were trained on, if they were trained; None takes
            models that were trained within each test set.
        exclude_shared: leaves contents that a model has seen out of its statistics.
        only: identities of evaluations; all where None.

    Raises:
        UsageError: fewer than 3 models or 2 test sets are left, or an unknown model.
    """
    from iqabench.stats.ranks import MIN_BLOCKS, MIN_MODELS

    found = [group for group in groups(store, only, exclude_shared) if _counts(group, train)]
    known = {group.keys["label"] for group in found}
    for model in models:
        if model not in known:
            raise UnknownNameError("model with results to rank", model, known)
    chosen = [group for group in found if not models or group.keys["label"] in models]
    kept, left_out = _one_protocol_each(chosen)
    scores, more = _complete(_scores(kept), bool(models))
    if scores.shape[0] < MIN_MODELS or scores.shape[1] < MIN_BLOCKS:
        raise UsageError(
            f"{scores.shape[0]} models on {scores.shape[1]} test sets in common are too few to "
            f"rank: {MIN_MODELS} on {MIN_BLOCKS} are needed",
            "; ".join([*left_out, *more]) or "run more models on more sets, or name models",
        )
    proxy = {group.keys["test"] for group in kept if group.keys["labels"] == "proxy"}
    remarks = (*left_out, *more, *_mixed(kept, scores))
    return _ranking(scores, remarks, tuple(sorted(proxy & set(scores))))


def _ranking(scores: pd.DataFrame, remarks: tuple[str, ...], proxy: tuple[str, ...]) -> Ranking:
    from iqabench.stats.ranks import block_ranks, cliques, critical_difference, friedman

    mean = block_ranks(scores.T.to_numpy()).mean(axis=0)
    scores = scores.iloc[mean.argsort(kind="stable")]
    found = friedman(scores.T.to_numpy())
    width = critical_difference(*scores.shape)
    names = list(scores.index)
    alike = (tuple(names[place] for place in clique) for clique in cliques(found.ranks, width))
    return Ranking(scores, found, width, tuple(alike), remarks, proxy)


def _counts(group: Group, train: str | None) -> bool:
    across = group.keys["protocol"].startswith(CROSS)
    if train is None:
        return not across
    return across and group.keys["train"] in (train, "-")


def _one_protocol_each(found: Sequence[Group]) -> tuple[list[Group], list[str]]:
    """The groups of each test set under the protocol, and the labels, that have most models."""
    by_test: dict[str, dict[tuple[str, str], list[Group]]] = {}
    for group in found:
        ways = by_test.setdefault(group.keys["test"], {})
        ways.setdefault((group.keys["protocol"], group.keys["test_hash"]), []).append(group)
    kept: list[Group] = []
    left_out = []
    for test, ways in by_test.items():
        first, *others = sorted(ways, key=lambda way: (-len(ways[way]), way))
        kept += ways[first]
        left_out += [
            f"left out: {test} by {protocol}, labels {labels[:6]}; it counts by {first[0]}, labels "
            f"{first[1][:6]}"
            for protocol, labels in others
        ]
    return kept, left_out


def _scores(found: Sequence[Group]) -> pd.DataFrame:
    """Mean SROCC, models x test sets; a label with several configurations gives several models."""
    import pandas as pd

    rows: dict[str, dict[str, Any]] = {}
    for name, group in zip(distinct_labels(found), found, strict=True):
        mean = leaderboard.row(group)["srocc_mean"]
        rows.setdefault(name, {})[group.keys["test"]] = mean
    return pd.DataFrame.from_dict(rows, orient="index", dtype=float)


def _mixed(found: Sequence[Group], scores: pd.DataFrame) -> list[str]:
    """A line for each model whose configuration is not the same on every test set."""
    configs: dict[str, set[str]] = {}
    for name, group in zip(distinct_labels(found), found, strict=True):
        counts = name in scores.index and group.keys["test"] in scores
        if counts and group.keys["model"] != "imported":
            configs.setdefault(name, set()).add(group.keys["config"])
    return [
        f"{name} has {len(known)} configurations on different sets"
        for name, known in configs.items()
        if len(known) > 1
    ]


def _complete(scores: pd.DataFrame, named: bool) -> tuple[pd.DataFrame, list[str]]:
    """Models and test sets without a gap between them.

    Models that were named stay, and sets that lack one go; else what has most gaps goes first.
    """
    left_out = []
    while scores.isna().any(axis=None):
        gaps_of_sets, gaps_of_models = scores.isna().mean(), scores.isna().mean(axis=1)
        if named or gaps_of_sets.max() >= gaps_of_models.max():
            test = str(gaps_of_sets.idxmax())
            without = scores[test].isna().idxmax()
            left_out.append(f"left out: {test}; {without} has no SROCC on it")
            scores = scores.drop(columns=test)
        else:
            model = str(gaps_of_models.idxmax())
            absent = scores.loc[model].isna().idxmax()
            left_out.append(f"left out: {model}; it has no SROCC on {absent}")
            scores = scores.drop(index=model)
    return scores, left_out
