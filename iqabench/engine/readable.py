"""Decodes all pictures of a fit before its first step, and refuses those that cannot be decoded."""

from __future__ import annotations

from collections.abc import Sequence

from iqabench.contract.errors import DataError
from iqabench.contract.progress import Tick
from iqabench.data.picture_cache import prepare
from iqabench.kit.weights import listed
from iqabench.protocols.plan import FitJob


def check_readable(job: FitJob, names: Sequence[str], tick: Tick) -> None:
    """Decode the named pictures into the cache.

    Raises:
        DataError: some cannot be decoded, which the message names; or none is left in a part that
            the fit needs.
    """
    needed = [job.training, *([job.validation] if job.model.kind.has_recipe else [])]
    if any(part.empty for part in needed):
        raise DataError(
            f"no readable picture is left in a part of {job.dataset.name} that the fit needs",
            f"`iqabench datasets verify {job.dataset.name}` lists what is wrong with them",
        )
    failures = prepare(job.dataset, names, job.model.allow_truncated, tick).failures
    if failures:
        told = [f"{name} ({error.message})" for name, error in failures.items()]
        raise DataError(
            f"{_pictures(len(failures))} to learn from cannot be read: {listed(told)}",
            f"`iqabench datasets verify {job.dataset.name}` lists them all; --skip-unreadable "
            "leaves them out",
        )


def _pictures(count: int) -> str:
    return "1 picture" if count == 1 else f"{count} pictures"
