"""Which of two models is better, and can we be sure: every pair of models tested alike."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from iqabench.contract.errors import UnknownNameError, UsageError
from iqabench.data.tables import Tick
from iqabench.report import leaderboard
from iqabench.report.evaluations import Group, chosen, groups, tested_alike
from iqabench.report.procedures import Pair, outcome
from iqabench.report.scores import scores
from iqabench.report.verdicts import sentence, verdict
from iqabench.store import Store

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "family",
    "a",
    "b",
    "test",
    "protocol",
    "labels",
    "images",
    "contents",
    "repetitions",
    "difference",
    "low",
    "high",
    "d",
    "procedure",
    "detail",
    "advantage",
    "statistic",
    "p",
    "pairs",
    "p_holm",
    "verdict",
    "sentence",
)
"""Names of the columns, in order; docs/statistics.md says what each means."""


def compare(
    store: Store,
    models: Sequence[str] = (),
    *,
    test: str | None = None,
    datasets: Sequence[str] = (),
    only: Iterable[str] | None = None,
    exclude_shared: bool = False,
    tick: Tick = lambda done, total, what: None,
) -> pd.DataFrame:
    """One row per pair of models on the same parts of a test set under one protocol.

    p is adjusted by Holm's rule over the pairs of one test set and protocol.

    Args:
        store: results.
        models: labels; all where empty.
        test: a name of :data:`iqabench.stats.significance.PROCEDURES`; None for the default.
        datasets: test sets; all where empty.
        only: identities of evaluations; all where None.
        exclude_shared: leaves contents out that a model has seen.
        tick: told of progress.

    Returns:
        :data:`COLUMNS`; ``attrs["alone"]`` are sentences about models that were tested like no
        other.

    Raises:
        UsageError: an unknown name, or no two models tested alike.
    """
    import pandas as pd

    from iqabench.stats.significance import DEFAULT, PROCEDURES

    test = test or DEFAULT
    if test not in PROCEDURES:
        raise UnknownNameError("test", test, PROCEDURES)
    alike = tested_alike(_chosen(store, models, datasets, only, exclude_shared))
    families = [same for same in alike if len(same) > 1]
    if not families:
        raise _nothing(alike, store)
    total = sum(len(same) * (len(same) - 1) // 2 for same in families)
    rows: list[dict[str, Any]] = []
    for number, same in enumerate(families, 1):
        for row in judged(same, test, lambda done: tick(len(rows) + done, total, "pairs")):
            rows.append({"family": number, **row})
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    frame.attrs["alone"] = [_alone(same[0]) for same in alike if len(same) == 1]
    return frame


def judged(
    same: Sequence[Group], test: str, tick: Callable[[int], None] = lambda done: None
) -> list[dict[str, Any]]:
    """A row for each pair of groups tested alike, in the order of ``itertools.combinations``.

    Args:
        same: one family: p is adjusted over its pairs.
        test: a name of :data:`iqabench.stats.significance.PROCEDURES`.
        tick: told how many pairs are done.

    Returns:
        :data:`COLUMNS` but ``family``.
    """
    rows: list[dict[str, Any]] = []
    held = zip(names(same), map(scores, same), strict=True)
    for (a, of_a), (b, of_b) in itertools.combinations(held, 2):
        tick(len(rows))
        rows.append({"a": a, "b": b, **_row(Pair(of_a, of_b), test)})
    return _adjusted(rows)


def names(same: Sequence[Group]) -> list[str]:
    """Labels of groups tested alike, told apart by training set, else by configuration."""

    def told(*keys: str) -> list[str]:
        return [
            " ".join([g.keys["label"], *(f"({str(g.keys[k])[:12]})" for k in keys)]) for g in same
        ]

    plain = told()
    for longer in (told("train"), told("train", "config"), told("config", "init", "weights")):
        plain = [
            long if plain.count(name) > 1 else name
            for name, long in zip(plain, longer, strict=True)
        ]
    return plain


def _chosen(
    store: Store,
    models: Sequence[str],
    datasets: Sequence[str],
    only: Iterable[str] | None,
    exclude_shared: bool,
) -> list[Group]:
    found = groups(store, only, exclude_shared)
    if not found:
        raise UsageError(
            f"no results in {store.root}", "iqabench run --models A,B --datasets NAME makes some"
        )
    return chosen(found, models, datasets)


def _nothing(alike: Sequence[Sequence[Group]], store: Store) -> UsageError:
    labels = sorted({group.keys["label"] for same in alike for group in same})
    if len(labels) == 1:
        return UsageError(
            f"{labels[0]} is the only model: it takes two to compare",
            "`iqabench leaderboard` lists the results in a store",
        )
    return UsageError(
        f"no two models in {store.root} were tested on the same parts of a set",
        "test them with the same --datasets, --seeds and --split",
    )


def _alone(group: Group) -> str:
    keys = group.keys
    return (
        f"{keys['label']} on {keys['test']} ({keys['protocol']}, {len(group.evaluations)} "
        "repetitions): no other model was tested on the same parts"
    )


def _row(pair: Pair, test: str) -> dict[str, Any]:
    from iqabench.stats.by_content import cohens_d

    keys = pair.a.group.keys
    paired = leaderboard.difference(pair.a.group, pair.b.group)
    return {
        **{key: keys[key] for key in ("test", "protocol", "labels")},
        "images": int(pair.both.any(axis=0).sum()),
        "contents": pair.gaps.size,
        "repetitions": int(pair.both.any(axis=1).sum()),
        **{key: paired[key] for key in ("difference", "low", "high")},
        "d": float(cohens_d(pair.gaps)),
        "procedure": test,
        **vars(outcome(pair, test)),
    }


def _adjusted(family: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of one family with adjusted p, verdict and sentence."""
    import numpy as np

    from iqabench.stats.significance import holm

    p = np.array([row["p"] for row in family])
    pairs = int(np.isfinite(p).sum())
    for row, adjusted in zip(family, holm(p).tolist(), strict=True):
        row |= {"pairs": pairs, "p_holm": adjusted}
        row["verdict"] = verdict(row)
        row["sentence"] = sentence(row)
    return family
