"""Tests which of two models is better, for every pair of models tested on the same parts."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from iqabench.contract.errors import UnknownNameError, UsageError
from iqabench.contract.progress import Tick
from iqabench.report import leaderboard
from iqabench.report.evaluations import Group, counted_once, groups, tested_alike
from iqabench.report.procedures import BY_CONTENT, Pair, finding
from iqabench.report.scores import scores
from iqabench.report.tables import FEW_CONTENTS, FEW_NOTE, mapping_note, proxy_note
from iqabench.report.verdicts import sentence, verdict
from iqabench.store import Store
from iqabench.store.records import NONE

if TYPE_CHECKING:
    import pandas as pd

    from iqabench.stats.mapping import Mapping

COLUMNS = (
    "family",
    "a",
    "b",
    "test",
    "protocol",
    "within",
    "labels",
    "images",
    "contents",
    "repetitions",
    "n",
    "tested",
    "difference",
    "low",
    "high",
    "d",
    "procedure",
    "mapping",
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
    test: str | None = None,
    only: Iterable[str] | None = None,
    exclude_shared: bool = False,
    tick: Tick = lambda done, total, what: None,
    mapping: Mapping = "logistic4",
    within: str = "",
) -> pd.DataFrame:
    """One row per pair of models that were tested on the same parts of a set under one protocol.

    All pairs of a test set and protocol that were tested alike form a family. p is adjusted by
    Holm's rule over the pairs of a family.

    Args:
        store: results.
        test: a name in :data:`iqabench.stats.significance.PROCEDURES`; None for the default.
        only: IDs of evaluations; None takes all.
        exclude_shared: whether to leave out contents that a model has seen.
        tick: shows progress.
        mapping: the mapping behind fitted residuals.
        within: a column of the test sets: models are compared by means over its groups. If empty,
            by all pictures.

    Returns:
        The columns :data:`COLUMNS`. ``attrs["alone"]`` has a sentence for each model that has no
        other model to compare with, ``attrs["repeated"]`` one for each label that stands for the
        same jobs as another and is left out.

    Raises:
        UsageError: the test's name is unknown or it takes no means over groups, or no two models
            were tested on the same parts.
    """
    import pandas as pd

    test = _known(test, within)
    alike, repeated = _counted(groups(store, only, exclude_shared, mapping, within))
    families = [same for same in alike if len(same) > 1]
    if not families:
        raise _nothing(alike, repeated, store)
    total = sum(len(same) * (len(same) - 1) // 2 for same in families)
    rows: list[dict[str, Any]] = []
    for number, same in enumerate(families, 1):
        for row in judged(same, test, lambda done: tick(len(rows) + done, total, "pairs")):
            rows.append({"family": number, **row})
    _tell_apart(rows)
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    frame.attrs["alone"] = [_alone(same[0]) for same in alike if len(same) == 1]
    frame.attrs["repeated"] = repeated
    return frame


def _known(test: str | None, within: str) -> str:
    """The test's name, of the default if it is None, if it can be made within groups."""
    from iqabench.stats.significance import DEFAULT, PROCEDURES

    test = test or DEFAULT
    if test not in PROCEDURES:
        raise UnknownNameError("test", test, PROCEDURES)
    if within and test not in BY_CONTENT:
        raise UsageError(
            f"--test {test} takes no mean over groups", f"drop --within, or take {BY_CONTENT[0]}"
        )
    return test


def _counted(found: Iterable[Group]) -> tuple[list[list[Group]], list[str]]:
    """Groups tested alike, each configuration once, and a line for each label left out."""
    counted = [counted_once(same) for same in tested_alike(found)]
    lines = dict.fromkeys(line for _, more in counted for line in more)
    return [same for same, _ in counted], list(lines)


def _tell_apart(rows: Sequence[dict[str, Any]]) -> None:
    """Name the protocol in the sentences of test sets that have several families of pairs."""
    families: dict[str, set[int]] = {}
    for row in rows:
        families.setdefault(row["test"], set()).add(row["family"])
    for row in rows:
        if len(families[row["test"]]) > 1:
            row["sentence"] = sentence(row, with_protocol=True)


def judged(
    same: Sequence[Group], test: str, tick: Callable[[int], None] = lambda done: None
) -> list[dict[str, Any]]:
    """A row for each pair of groups tested alike, in the order of ``itertools.combinations``.

    Args:
        same: the groups of one family; p is adjusted over its pairs.
        test: a name in :data:`iqabench.stats.significance.PROCEDURES`.
        tick: is called with the number of finished pairs.

    Returns:
        Rows with :data:`COLUMNS` except ``family``.
    """
    rows: list[dict[str, Any]] = []
    held = zip(names(same), map(scores, same), strict=True)
    for (a, of_a), (b, of_b) in itertools.combinations(held, 2):
        tick(len(rows))
        rows.append({"a": a, "b": b, **_row(Pair(of_a, of_b), test)})
    return _adjusted(rows)


def names(same: Sequence[Group]) -> list[str]:
    """Distinct names of groups tested alike; equal ones get their training sets in brackets."""
    plain = [group.name for group in same]
    return [
        f"{name} ({group.record.train})" if plain.count(name) > 1 else name
        for name, group in zip(plain, same, strict=True)
    ]


def _nothing(alike: Sequence[Sequence[Group]], repeated: Sequence[str], store: Store) -> UsageError:
    labels = sorted({group.name for same in alike for group in same})
    if not labels:
        return UsageError(
            f"no results in {store.root}", "iqabench run --models A,B --datasets NAME makes some"
        )
    if len(labels) == 1 and repeated:
        return UsageError(repeated[0], "`iqabench diff A B` shows what two results are made from")
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
    return (
        f"{group.name} on {group.record.test} ({group.protocol}, {len(group.evaluations)} "
        "repetitions): no other model was tested on the same parts"
    )


def _row(pair: Pair, test: str) -> dict[str, Any]:
    from iqabench.stats.by_content import cohens_d

    group = pair.a.group
    paired = leaderboard.difference(group, pair.b.group)
    return {
        "test": group.record.test,
        "protocol": group.protocol,
        "within": group.within or NONE,
        "labels": group.record.labels,
        "images": int(pair.both.any(axis=0).sum()),
        "contents": pair.gaps.size,
        "repetitions": int(pair.both.any(axis=1).sum()),
        "n": int(pair.both.sum()),
        "tested": int(pair.a.tested.sum()),
        **{key: paired[key] for key in ("difference", "low", "high")},
        "d": float(cohens_d(pair.gaps)),
        "procedure": test,
        "mapping": group.mapping,
        **vars(finding(pair, test)),
    }


def _adjusted(family: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of one family, completed with the adjusted p, the verdict and the sentence."""
    import numpy as np

    from iqabench.stats.significance import holm

    p = np.array([row["p"] for row in family])
    pairs = int(np.isfinite(p).sum())
    for row, adjusted in zip(family, holm(p).tolist(), strict=True):
        row |= {"pairs": pairs, "p_holm": adjusted}
        row["verdict"] = verdict(row)
        row["sentence"] = sentence(row)
    return family


def notes(frame: pd.DataFrame) -> list[str]:
    """The necessary footnotes of a comparison of models."""
    from iqabench.stats.significance import PROCEDURES

    procedure = PROCEDURES[frame["procedure"].iloc[0]]
    found = [
        "a row's model against a column's: + better, - worse, = cannot be told apart, "
        "few: too few contents, ?: nothing to compare",
        f"{procedure.title}, two-sided at 0.05; p is corrected by Holm's rule over the pairs of "
        "one test set and protocol",
        f"it assumes: {procedure.assumes}",
    ]
    if procedure.fault:
        found.append(f"its fault: {procedure.fault}")
    found += mapping_note(frame)
    column = frame["within"].iloc[0]
    if column != NONE:
        found.append(
            f"--within {column}: ΔSROCC is the mean of the differences within each {column}; the "
            "test fits curves within each, and each weighs the same"
        )
    if frame["contents"].min() < FEW_CONTENTS:
        found.append(FEW_NOTE)
    return [
        *found,
        *proxy_note(frame),
        *frame.attrs["repeated"],
        *(f"not compared: {one}" for one in frame.attrs["alone"]),
    ]
