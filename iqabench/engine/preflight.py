"""Builds every model that has work to do, before the first job: what cannot work is said at once.

Only errors that the user can correct are said here, such as missing weights or libraries, wrong
options, and weights of another shape. A model that raises anything else fails in its job, which
keeps the traceback.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, NoReturn

from iqabench.contract.errors import (
    IqabenchError,
    MissingDependencyError,
    UsageError,
    WeightsError,
)
from iqabench.contract.progress import Watcher
from iqabench.kit.weights import NotFetched, download_text, nothing_fetched
from iqabench.protocols.plan import FitJob, Plan
from iqabench.protocols.requests import ModelRequest
from iqabench.store import Store

if TYPE_CHECKING:
    from iqabench.engine.kinds.base import Pictures


def check(plan: Plan, store: Store, watch: Watcher) -> None:
    """Build the models of all jobs that the store lacks; missing weights are downloaded.

    Raises:
        IqabenchError: a model cannot work, and the message names it; or epochs cannot be logged
            where they are to be; or networks cannot be compiled.
    """
    waiting = _waiting(plan, store)
    problems = dict(_problems(waiting, store, watch, fetch=True))
    if problems:
        _refuse(problems)
    networks = [one for one in waiting if one.kind.has_recipe]
    for at in {one.log for one in networks if one.log is not None and one.trains}:
        from iqabench.engine import training_log

        training_log.check(at)
    for device in {one.device for one in networks if one.compile}:
        from iqabench.engine import compiling

        with watch.task("looking for a compiler"):
            compiling.check(device)


def downloads(plan: Plan, store: Store, watch: Watcher) -> dict[str, str]:
    """As :func:`check`, but nothing is downloaded.

    Returns:
        Label of a model -> the file that must be downloaded first, with its size if it is known.

    Raises:
        IqabenchError: a model cannot work; the message names it.
    """
    found = dict(_problems(_waiting(plan, store), store, watch, fetch=False))
    problems = {label: one for label, one in found.items() if not isinstance(one, NotFetched)}
    if problems:
        _refuse(problems)
    absent = {label: one for label, one in found.items() if isinstance(one, NotFetched)}
    return {
        label: f"{one.card.filename}{download_text(one.card.size)}" for label, one in absent.items()
    }


def _problems(
    waiting: Collection[ModelRequest], store: Store, watch: Watcher, fetch: bool
) -> Iterator[tuple[str, IqabenchError]]:
    """Labels of the models that cannot be built, and why."""
    if not waiting:
        return
    import torch

    allowed = nullcontext() if fetch else nothing_fetched()
    with allowed, torch.random.fork_rng(devices=[]), watch.task("checking the models") as tick:
        for done, request in enumerate(waiting, 1):
            try:
                _build(request, store)
            except IqabenchError as error:
                yield request.label, error
            except Exception:  # its job fails, and keeps the traceback
                pass
            tick(done, len(waiting), "models")


def _waiting(plan: Plan, store: Store) -> Collection[ModelRequest]:
    """The models of the jobs that have yet to be made, but not those that such a job will fit."""
    found: dict[str, ModelRequest] = {}
    for job in plan.jobs:
        if job.model.label not in found and (isinstance(job, FitJob) or job.fit is None):
            known = store.ended(job.fingerprint)
            if known is None or not known.done:
                found[job.model.label] = job.model
    return found.values()


def _build(request: ModelRequest, store: Store) -> None:
    from iqabench.engine.kinds import adapter
    from iqabench.engine.model_weights import chosen_weights

    if request.trains:
        request.build()
    else:
        adapter(request.card).ready(request, chosen_weights(request, store), _no_pictures(), seed=0)


def _no_pictures() -> Pictures:
    from iqabench.engine.kinds.base import Pictures

    def none(*_: Any) -> Any:
        raise TypeError("nothing is scored here")

    return Pictures(none, none, none)


def _refuse(problems: dict[str, IqabenchError]) -> NoReturn:
    label, error = next(iter(problems.items()))
    others = [other for other in problems if other != label]
    also = f"; nor can {', '.join(others)} run" if others else ""
    kinds = (WeightsError, MissingDependencyError)
    kind = next((kind for kind in kinds if isinstance(error, kind)), UsageError)
    raise kind(f"'{label}' cannot run: {error.message}{also}", error.hint) from error
