"""Plans and runs: fit and test models under one protocol, or import scores made elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from iqabench.api.results import Results
from iqabench.api.session import Session, in_use, listed
from iqabench.contract.cards import Direction
from iqabench.contract.errors import UsageError
from iqabench.protocols import grammar
from iqabench.protocols.requests import Choices, check_seeds

if TYPE_CHECKING:
    from iqabench.protocols.plan import FitJob, Plan, PredictJob
    from iqabench.store import Job

DEFAULT_MODELS = ("biosiqnet-lite", "brisque")
DEFAULT_DATASETS = ("demo",)


@dataclass(frozen=True)
class PlannedJob:
    """A job of a plan, and its state in the store."""

    job: str
    """The job's fingerprint."""
    what: str
    images: int
    state: str
    """``done``, ``failed``, or ``-`` if the store does not hold the job."""
    estimate: float | None
    """Expected seconds, from a finished job of the same kind, model and recipe, per image; None if
    the store holds no such job."""


def plan(
    models: str | Sequence[str] = DEFAULT_MODELS,
    datasets: str | Sequence[str] = DEFAULT_DATASETS,
    *,
    seeds: int | None = None,
    split: str | None = None,
    set: str | Sequence[str] = (),
    choices: Choices | None = None,
    session: Session | None = None,
) -> Plan:
    """Plan the jobs of a run; arguments as for :func:`run`. Data sets are read, no job is made.

    Raises:
        IqabenchError: as for :func:`run`.
    """
    from iqabench.protocols import plan as plans

    session = in_use(session)
    session.store.readable()
    check_seeds(seeds)
    typed = grammar.parse(listed(datasets))
    requests = grammar.canonical(typed, session.catalog)
    resolved = session.requests(listed(models), listed(set), choices or Choices())
    for name in _sets(requests):
        session.labelled(name)
    return plans.make(resolved, requests, session.dataset, session.maps, seeds, split)


def planned(made: Plan, *, session: Session | None = None) -> list[PlannedJob]:
    """The jobs of a plan, whether each is done, and the time that each is expected to take."""
    from iqabench.engine.execute import title

    ended = {job.fingerprint: job for job in in_use(session).store.jobs()}
    rows = []
    for job in made.jobs:
        known = ended.get(job.fingerprint)
        state = "-" if known is None else known.record.status
        estimate = _estimate(job, ended.values())
        rows.append(PlannedJob(job.fingerprint, title(job), job.images, state, estimate))
    return rows


def run(
    models: str | Sequence[str] = DEFAULT_MODELS,
    datasets: str | Sequence[str] = DEFAULT_DATASETS,
    *,
    seeds: int | None = None,
    split: str | None = None,
    set: str | Sequence[str] = (),
    choices: Choices | None = None,
    session: Session | None = None,
) -> Results:
    """Fit and test models under one protocol. A job whose result the store holds is not made again.

    Args:
        models: names or ``label=name``.
        datasets: each is ``a,b`` (split a and b each into training and test part) or ``a:b,c``
            (train on a, test on b and c).
        seeds: number of repetitions; None takes the number in the training set's protocol.
        split: ``official`` for the split that a data set publishes, or the path of a split's file.
        set: overrides, ``label.option=value`` or ``label.recipe.epochs=2``.
        choices: weights, initialisation, saliency provider, recipe, and whether truncated pictures
            are accepted.
        session: catalogue, store, device, precision and progress.

    Raises:
        IqabenchError: an error that the user can correct; it is raised before any job begins.
    """
    from iqabench.engine.execute import execute
    from iqabench.protocols.leakage import audited

    session = in_use(session)
    store = session.writable_store()
    made = plan(
        models, datasets, seeds=seeds, split=split, set=set, choices=choices, session=session
    )
    for weights in dict.fromkeys(evaluation.model.weights for evaluation in made.evaluations):
        if weights.startswith("job:") and store.job(weights.removeprefix("job:")) is None:
            raise UsageError(f"no {weights} in {store.root}", "`iqabench run --dry-run` lists jobs")
    for line in made.skipped:
        session.watch.say(f"not applicable: {line}")
    made = audited(made, store, session.dataset, session.audit)
    outcome = execute(made, store, session.watch)
    return Results(session, (evaluation.id for evaluation in made.evaluations), outcome)


def import_scores(
    path: Path | str,
    model: str,
    dataset: str,
    *,
    direction: Direction = "higher",
    seeds: int | None = None,
    session: Session | None = None,
) -> Results:
    """Import scores made elsewhere, so that they appear in the same tables and tests.

    They are judged on all pictures of the set and, where models that were fitted here stand on it,
    on the test parts of these: see docs/leaderboard.md.

    Args:
        path: CSV with the columns ``image`` and ``score``. An image is named by its path below the
            data set's root, or by its file name if that is unique.
        model: the name to show.
        dataset: the data set that was scored.
        direction: ``higher`` or ``lower`` scores are better.
        seeds: judge also on the test parts of so many repetitions of the set's own protocol.
        session: catalogue and store.

    Raises:
        IqabenchError: the file cannot be read, lacks a column, names an unknown image or an image
            twice, or a score is no finite number.
    """
    from iqabench.protocols.imports import import_file

    check_seeds(seeds)
    session = in_use(session)
    session.labelled(dataset)
    store = session.writable_store()
    read = session.dataset(dataset)
    found = import_file(Path(path), model, read, direction, seeds, store, session.watch.say)
    return Results(session, found)


def find_job(beginning: str, *, session: Session | None = None) -> Job:
    """The ended job whose fingerprint begins with ``beginning``.

    Raises:
        UnknownNameError: no fingerprint begins so, or several do.
    """
    from iqabench.contract.errors import UnknownNameError

    ended = list(in_use(session).existing_store().jobs())
    matches = [known for known in ended if known.fingerprint.startswith(beginning)]
    if len(matches) != 1:
        names = [known.fingerprint for known in ended]
        what = "job" if not matches else "job (several begin so)"
        raise UnknownNameError(what, beginning, names)
    return matches[0]


def _estimate(job: FitJob | PredictJob, ended: Iterable[Job]) -> float | None:
    for known in ended:
        record, identity = known.record, known.record.identity
        if (
            record.done
            and record.images
            and identity.kind == job.identity.kind
            and identity.model.model == job.identity.model.model
            and identity.model.recipe == job.identity.model.recipe
        ):
            return record.seconds / record.images * job.images
    return None


def _sets(requests: Sequence[grammar.Request]) -> list[str]:
    """Names of all data sets in the requests, in order and each once."""
    return list(dict.fromkeys(name for request in requests for name in request.sets))
