"""Ranks models over several test sets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from iqabench.contract.errors import UnknownNameError, UsageError
from iqabench.report import leaderboard
from iqabench.report.evaluations import Group, groups
from iqabench.report.group_parts import without_groups
from iqabench.report.tables import PROXY, part_text
from iqabench.store import Store
from iqabench.store.fingerprints import text_digest
from iqabench.store.records import IMPORTED, NONE

if TYPE_CHECKING:
    import pandas as pd

    from iqabench.stats.ranks import Friedman

Way = tuple[str, ...]
"""A protocol, the hash of the labels, and the parts that are tested."""
Skipped = dict[tuple[str, str], str]
"""Model and test set -> how many of the set's pictures the model scored, if it skipped some."""


@dataclass(frozen=True)
class Ranking:
    """Models in the order of their mean ranks over test sets, and the tests of these ranks."""

    scores: pd.DataFrame
    """Mean SROCC: a row per model, best mean rank first, and a column per test set."""
    friedman: Friedman
    """Friedman's test; its ``ranks`` are in the order of the rows."""
    critical_difference: float
    """Nemenyi's critical difference of mean ranks, at .05."""
    cliques: tuple[tuple[str, ...], ...]
    """Groups of models whose mean ranks differ by no more than the critical difference, each group
    best first."""
    remarks: tuple[str, ...]
    """One line for each test set, model or protocol that is left out, and for each model with
    different configurations on different test sets."""
    proxy: tuple[str, ...]
    """Test sets with proxy labels, which are not from people."""

    @property
    def table(self) -> pd.DataFrame:
        """The columns ``model``, ``mean_rank``, and the mean SROCC on each test set."""
        table = self.scores.reset_index(names="model")
        table.insert(1, "mean_rank", self.friedman.ranks)
        return table


def ranks(
    store: Store,
    models: Sequence[str] = (),
    train: str | None = None,
    exclude_shared: bool = False,
    only: Iterable[str] | None = None,
    within: str = "",
) -> Ranking:
    """Rank models by their mean SROCC on each test set, and test the ranks.

    Test sets are the blocks of the tests. Scores of seeds and folds are averaged before. A test set
    counts once. If it has results under several protocols, on several parts, or with
    several versions of its labels, those with the most models count. A model has no rank on a set
    of which it skipped pictures that another of the ranked models scored: its mean would be that of
    an easier or a harder set.

    Args:
        store: results.
        models: labels; if empty, all models that were tested on every set of the ranking.
        train: the one set that all trained models were trained on; None takes models that were
            trained within each test set.
        exclude_shared: whether to leave out contents that a model has seen.
        only: IDs of evaluations; None takes all.
        within: a column: SROCC is the mean over its groups; if empty, that of all pictures.

    Raises:
        UsageError: fewer than 3 models or 2 test sets are left, or a model is unknown.
    """
    from iqabench.stats.ranks import MIN_BLOCKS, MIN_MODELS

    found = _trained(groups(store, only, exclude_shared, within=within), train)
    known = {name for group in found for name in (group.record.label, group.name)}
    for model in models:
        if model not in known:
            raise UnknownNameError("model with results to rank", model, known)
    chosen = [g for g in found if not models or {g.record.label, g.name} & set(models)]
    kept, left_out = _one_protocol_each(chosen, without_groups(store, within, only))
    kept, repeated = _counted_once(kept)
    skipped = _skipped(kept)
    scores, more = _complete(_scores(kept, skipped), bool(models), skipped)
    if scores.shape[0] < MIN_MODELS or scores.shape[1] < MIN_BLOCKS:
        raise UsageError(
            f"{scores.shape[0]} models on {scores.shape[1]} test sets in common are too few to "
            f"rank: {MIN_MODELS} on {MIN_BLOCKS} are needed",
            "; ".join([*left_out, *repeated, *more])
            or "run more models on more sets, or name models",
        )
    proxy = {group.record.test for group in kept if group.record.labels == "proxy"}
    remarks = (*left_out, *repeated, *more, *_mixed(kept, scores))
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


def _trained(found: Iterable[Group], train: str | None) -> list[Group]:
    """The groups trained on ``train`` and tested on other sets; None: trained within their set."""
    if train is None:
        return [group for group in found if not group.across]
    return [group for group in found if group.across and group.record.train in (train, NONE)]


def _one_protocol_each(
    found: Sequence[Group], left_out: Sequence[str]
) -> tuple[list[Group], list[str]]:
    """For each test set the groups under one protocol, on the same parts, with the same labels.

    Those with the most models are taken. Also returns ``left_out`` with a further line for each
    that is left out, but not for the rows of all pictures, if their models also have rows that are
    taken.
    """
    by_test: dict[str, dict[Way, list[Group]]] = {}
    for group in found:
        ways = by_test.setdefault(group.record.test, {})
        parts = sorted({str(record.contents) for record in group.evaluations})
        ways.setdefault((group.protocol, group.record.test_hash, *parts), []).append(group)
    kept: list[Group] = []
    lines = [*left_out]
    for test, ways in by_test.items():
        first, *others = sorted(ways, key=lambda way: (-len(ways[way]), way))
        kept += ways[first]
        labels = {group.record.label for group in ways[first]}
        for way in others:
            whole = all(group.record.protocol.kind == "all" for group in ways[way])
            if not (whole and labels.issuperset(group.record.label for group in ways[way])):
                one, other = _told(ways[way][0], ways[first][0])
                lines.append(f"left out: {test} by {one}; it counts by {other}")
    return kept, lines


def _counted_once(found: Sequence[Group]) -> tuple[list[Group], list[str]]:
    """The groups of models that do not only repeat another's jobs under a second label.

    Also returns a line for each model that is left out.
    """
    jobs: dict[str, set[tuple[str, str]]] = {}
    for group in sorted(found, key=lambda one: one.record.label != one.record.model):
        jobs.setdefault(group.name, set()).add((group.record.test, group.predictions_of))
    same = {
        name: next(
            (other for other in list(jobs)[:place] if theirs <= jobs[other]),
            next((other for other in list(jobs)[place + 1 :] if theirs < jobs[other]), None),
        )
        for place, (name, theirs) in enumerate(jobs.items())
    }
    return (
        [group for group in found if same[group.name] is None],
        [
            f"left out: {name}; it is {other} under another label"
            for name, other in same.items()
            if other is not None
        ],
    )


def _told(one: Group, other: Group) -> tuple[str, str]:
    """How each of two groups was tested, with as many facts as tell them apart."""
    first, second = (f"{x.protocol}, labels {x.record.test_hash[:6]}" for x in (one, other))
    if first != second:
        return first, second
    return f"{first}, {_parts(one)}", f"{second}, {_parts(other)}"


def _parts(group: Group) -> str:
    """The number of a group's repetitions, and a hash of what they test."""
    tested = text_digest([str(record.contents) for record in group.evaluations])
    return f"{len(group.evaluations)} parts {tested[:6]}"


def _skipped(found: Sequence[Group]) -> Skipped:
    """The models that skipped pictures which another model scored, by test set."""
    skipped: Skipped = {}
    for test in dict.fromkeys(group.record.test for group in found):
        rows = [(group, leaderboard.row(group)) for group in found if group.record.test == test]
        if not any(part_text(row) for _, row in rows):
            continue
        frames = {group.identity: group.repetitions() for group, _ in rows}
        scored = {
            image
            for parts in frames.values()
            for frame in parts
            for image in frame.loc[frame["prediction"].notna(), "image"]
        }
        for group, row in rows:
            lacks = (set(f.loc[f["prediction"].isna(), "image"]) for f in frames[group.identity])
            if part_text(row) and any(scored & lacking for lacking in lacks):
                skipped[group.name, test] = part_text(row)
    return skipped


def _scores(found: Sequence[Group], skipped: Skipped) -> pd.DataFrame:
    """Mean SROCC, models x test sets; each configuration of an ambiguous label is a model.

    It is nan where the model skipped pictures.
    """
    import math

    import pandas as pd

    rows: dict[str, dict[str, Any]] = {}
    for group in found:
        name, test, mean = group.name, group.record.test, leaderboard.row(group)["srocc_mean"]
        rows.setdefault(name, {})[test] = math.nan if (name, test) in skipped else mean
    return pd.DataFrame.from_dict(rows, orient="index", dtype=float)


def _mixed(found: Sequence[Group], scores: pd.DataFrame) -> list[str]:
    """A line for each model that has different configurations on different test sets."""
    configs: dict[str, set[str]] = {}
    for group in found:
        counts = group.name in scores.index and group.record.test in scores
        if counts and group.record.model != IMPORTED:
            configs.setdefault(group.name, set()).add(group.record.config)
    return [
        f"{name} has {len(known)} configurations on different sets"
        for name, known in configs.items()
        if len(known) > 1
    ]


def _complete(
    scores: pd.DataFrame, named: bool, skipped: Skipped
) -> tuple[pd.DataFrame, list[str]]:
    """Drop models and test sets until every model has a score on every test set.

    If the user named the models, only test sets are dropped. Else the model or test set with the
    largest share of missing scores is dropped first. Also returns a line for each that is dropped.
    """

    def lack(model: str, test: str, where: str) -> str:
        part = skipped.get((model, test))
        return f"has no SROCC on {where}" if part is None else f"scored {part} of {where}"

    left_out = []
    while scores.isna().any(axis=None):
        gaps_of_sets, gaps_of_models = scores.isna().mean(), scores.isna().mean(axis=1)
        if named or gaps_of_sets.max() >= gaps_of_models.max():
            test = str(gaps_of_sets.idxmax())
            without = str(scores[test].isna().idxmax())
            left_out.append(f"left out: {test}; {without} {lack(without, test, 'it')}")
            scores = scores.drop(columns=test)
        else:
            model = str(gaps_of_models.idxmax())
            absent = str(scores.loc[model].isna().idxmax())
            left_out.append(f"left out: {model}; it {lack(model, absent, absent)}")
            scores = scores.drop(index=model)
    return scores, left_out


def notes(ranking: Ranking) -> list[str]:
    """The necessary footnotes of a ranking: results of its tests, and what is left out."""
    found, models = ranking.friedman, len(ranking.scores)
    tests = ranking.scores.shape[1]
    lines = [
        f"Friedman: chi2({models - 1}) = {found.chi2:.2f}, p = {found.p:.3g}, by permutation "
        f"{found.p_permuted:.3g}",
        f"Iman-Davenport: F({models - 1}, {(models - 1) * (tests - 1)}) = {found.f:.2f}, "
        f"p = {found.p_f:.3g}",
        f"Nemenyi: ranks differ at .05 by more than {ranking.critical_difference:.2f}; blocks are "
        f"the {tests} test sets",
        *(f"cannot be told apart: {', '.join(clique)}" for clique in ranking.cliques),
        *ranking.remarks,
    ]
    return [*lines, *([f"{PROXY} ({', '.join(ranking.proxy)})"] if ranking.proxy else [])]
