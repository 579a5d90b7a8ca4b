"""Plans and runs: fit and test models under one protocol, or import scores made elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.api.results import Results
from iqabench.api.session import Session, in_use, listed
from iqabench.contract.cards import Direction
from iqabench.protocols import grammar
from iqabench.protocols.choices import Choices
from iqabench.protocols.requests import check_seeds

if TYPE_CHECKING:
    from iqabench.protocols.plan import Plan
    from iqabench.store.ended import Ended
    from iqabench.store.run_records import RunRecord

DEFAULT_MODELS = ("biosiqnet-lite", "brisque")
DEFAULT_DATASETS = ("demo",)


@dataclass(frozen=True)
class PlannedJob:
    """A job of a plan, and its state in the store."""

    job: str
    """The job's fingerprint."""
    what: str
    """What the job does: fit or predict, with its model, data set and seed."""
    images: int
    """Number of pictures that it reads."""
    state: str
    """``done``, ``failed``, or ``-`` if the store does not hold the job."""
    estimate: float | None
    """Expected seconds, from a finished job of the same kind, model and recipe, per image; None if
    the store holds no such job."""
    download: str = ""
    """The file of weights that a run downloads first, with its size if it is known."""


def plan(
    models: str | Sequence[str] = DEFAULT_MODELS,
    datasets: str | Sequence[str] = DEFAULT_DATASETS,
    *,
    seeds: int | None = None,
    split: str | None = None,
    test_share: float | None = None,
    validation_share: float | None = None,
    set: str | Sequence[str] = (),
    choices: Choices | None = None,
    session: Session | None = None,
) -> Plan:
    """Plan the jobs of a run; arguments as for :func:`run`. Data sets are read, no job is made.

    Raises:
        IqabenchError: as for :func:`run`.
    """
    from iqabench.protocols import plan as plans
    from iqabench.protocols.parts import Shares

    session = in_use(session)
    session.store.readable()
    check_seeds(seeds)
    shares = Shares(test_share, validation_share)
    typed = grammar.parse(listed(datasets))
    requests = grammar.canonical(typed, session.catalog)
    resolved = session.requests(listed(models), listed(set), choices or Choices())
    for name in _sets(requests):
        session.labelled(name)
    return plans.make(
        resolved,
        requests,
        session.dataset,
        session.maps,
        seeds,
        split,
        shares=shares,
        find_unreadable=session.unreadable,
    )


def planned(made: Plan, *, session: Session | None = None) -> list[PlannedJob]:
    """The jobs of a plan, whether each is done, and the time that each is expected to take.

    Raises:
        IqabenchError: a model of a job cannot work. Nothing is downloaded to find out.
    """
    from iqabench.engine import preflight
    from iqabench.engine.titles import title
    from iqabench.store.ended import kind_of_job

    session = in_use(session)
    downloads = preflight.downloads(made, session.store, session.watch)
    store = session.store
    paces = _paces(store.all_ended().values())
    rows = []
    for job in made.jobs:
        known = store.ended(job.fingerprint)
        state = "-" if known is None else known.status
        pace = paces.get(kind_of_job(job.identity))
        estimate = None if pace is None else pace * job.images
        download = downloads.get(job.model.label, "") if state != "done" else ""
        rows.append(PlannedJob(job.fingerprint, title(job), job.images, state, estimate, download))
    return rows


def run(
    models: str | Sequence[str] = DEFAULT_MODELS,
    datasets: str | Sequence[str] = DEFAULT_DATASETS,
    *,
    seeds: int | None = None,
    split: str | None = None,
    test_share: float | None = None,
    validation_share: float | None = None,
    set: str | Sequence[str] = (),
    choices: Choices | None = None,
    session: Session | None = None,
    shown: Mapping[str, Any] | None = None,
) -> Results:
    """Fit and test models under one protocol. A job whose result the store holds is not made again.

    The store notes the arguments, so that :func:`rerun` can repeat the run. After the jobs the
    pictures of the sets are audited for shared contents, unless the cache has the audit: see
    docs/leakage.md.

    Args:
        models: names or ``label=name``.
        datasets: each is ``a,b`` (split a and b each into training and test part) or ``a:b,c``
            (train on a, test on b and c).
        seeds: number of repetitions; None takes the number in the training set's protocol.
        split: ``official`` for the split that a data set publishes, or the path of a split's file.
        test_share: share of contents that a hold-out tests; None leaves it to the set's card.
        validation_share: share of contents that choose the epoch; None as before.
        set: overrides, ``label.option=value`` or ``label.recipe.epochs=2``.
        choices: weights, initialisation, saliency provider, recipe, whether truncated pictures are
            accepted, and whether fits leave out unreadable ones.
        session: catalogue, store, device, precision and progress.
        shown: ``mapping`` and ``exclude_shared`` of the leaderboard, to be noted, too.

    Raises:
        IqabenchError: an error that the user can correct; it is raised before any job begins.
    """
    from iqabench.engine.execute import execute
    from iqabench.protocols import leakage

    session = in_use(session)
    store, executor = session.writable_store(), session.executor
    asked: dict[str, Any] = {"seeds": seeds, "split": split, "set": set, "choices": choices}
    asked |= {"test_share": test_share, "validation_share": validation_share}
    made = _checked(plan(models, datasets, **asked, session=session), session)
    record = _record(made, models, datasets, {**asked, **(shown or {})}, session)
    outcome = execute(leakage.kept(made, store), store, session.watch, executor, record)
    session.complete(one.id for one in made.evaluations if one.pending)
    return Results(session, (evaluation.id for evaluation in made.evaluations), outcome)


def _checked(made: Plan, session: Session) -> Plan:
    """A plan after a check that its models work, with what is known of shared contents."""
    from iqabench.audit.pairs import known
    from iqabench.engine import preflight
    from iqabench.protocols import leakage

    for line in (*(f"not applicable: {one}" for one in made.skipped), *made.remarks):
        session.watch.say(line)
    preflight.check(made, session.store, session.watch)
    return leakage.audited(made, session.store, session.dataset, known)


def _record(
    made: Plan,
    models: str | Sequence[str],
    datasets: str | Sequence[str],
    asked: Mapping[str, Any],
    session: Session,
) -> RunRecord:
    """What the store notes of a run that begins now."""
    from iqabench.protocols.placed import placed
    from iqabench.store.fingerprints import package_version
    from iqabench.store.run_records import RunOptions, RunRecord

    choices = asked["choices"] or Choices()
    options = RunOptions(
        models=listed(models),
        datasets=listed(datasets),
        **{key: _plain(value) for key, value in asked.items() if key != "choices"},
        **vars(choices),
        **session.noted(),
    )
    return RunRecord(
        began=datetime.now(UTC).isoformat(),
        release=package_version("iqabench"),
        options=placed(options, Path.cwd(), session.registry),
        jobs=[job.fingerprint for job in made.jobs],
    )


def _plain(value: Any) -> Any:
    """An argument as records hold it: callers may give paths, and numbers of numpy."""
    if isinstance(value, Path):
        return str(value)
    return value.item() if hasattr(value, "item") else value


def import_scores(
    path: Path | str,
    model: str,
    dataset: str,
    *,
    direction: Direction = "higher",
    seeds: int | None = None,
    columns: Mapping[str, str | int] | None = None,
    session: Session | None = None,
) -> Results:
    """Import scores made elsewhere, so that they appear in the same tables and tests.

    They are judged on all pictures of the set and, where models that were fitted here stand on it,
    on the test parts of these: see docs/leaderboard.md.

    Args:
        path: delimited text, JSON, JSON Lines, Parquet or xlsx with the columns ``image`` and
            ``score``. An image is named by its path below the data set's root, by the ending of
            that path, or, without folders, by its file name, if that is unique.
        model: the name to show.
        dataset: the data set that was scored.
        direction: ``higher`` or ``lower`` scores are better.
        seeds: judge also on the test parts of so many repetitions of the set's own protocol.
        columns: ``image`` or ``score`` -> the column's name in the file, or its number, from 1.
        session: catalogue, store and progress, which also says how the file was read.

    Raises:
        IqabenchError: the file cannot be read, lacks a column, names an unknown image or an image
            twice, or a score is no finite number.
    """
    from iqabench.protocols.imports import import_file

    check_seeds(seeds)
    session = in_use(session)
    session.labelled(dataset)
    store = session.writable_store()
    found = import_file(
        Path(path),
        model,
        session.dataset(dataset),
        direction,
        seeds,
        store,
        columns,
        session.watch.say,
    )
    return Results(session, found)


def _paces(ended: Iterable[Ended]) -> dict[str, float]:
    """Kind of job -> seconds per image of the first done job of the kind."""
    found: dict[str, float] = {}
    for one in ended:
        if one.done and one.images:
            found.setdefault(one.kind, one.seconds / one.images)
    return found


def _sets(requests: Sequence[grammar.Request]) -> list[str]:
    """Names of all data sets in the requests, in order and each once."""
    return list(dict.fromkeys(name for request in requests for name in request.sets))
