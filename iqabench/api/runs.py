"""Runs as files and records: read what to run, list what was run, run it again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from iqabench.api.jobs import shortened
from iqabench.api.running import run
from iqabench.api.session import Choices, Session, Spread, in_use
from iqabench.contract.errors import UsageError
from iqabench.registry import registry
from iqabench.store.run_records import RunOptions as RunOptions

if TYPE_CHECKING:
    from iqabench.api.results import Results
    from iqabench.store.run_records import RunRecord


@dataclass(frozen=True)
class RecordedRun:
    """A line of the list of runs."""

    run: str
    """The beginning of the run's ID, long enough to name it alone."""
    began: str
    """When it was first begun: day and time, UTC."""
    models: str
    """As they were asked for, comma-separated."""
    datasets: str
    """As they were asked for, separated by spaces."""
    jobs: int
    """Number of its jobs."""
    done: int
    """Number of those that the store holds, ended without an error."""


def read_config(path: Path | str, *, session: Session | None = None) -> RunOptions:
    """The options of a run in a YAML file: what ``iqabench run --config`` takes.

    Keys are the long names of the options of ``iqabench run``. Relative paths are relative to the
    file, and ``~`` is the user's home. The plugins that the file names are loaded.

    Raises:
        UsageError: there is no such file, it is no YAML, a key is unknown, a value does not fit,
            or a plugin cannot be loaded.
    """
    from iqabench.protocols.config_file import read

    return read(Path(path), in_use(session).registry)


def write_config(beginning: str, path: Path | str, *, session: Session | None = None) -> None:
    """Write the options of a recorded run to a YAML file, which :func:`read_config` reads.

    Args:
        beginning: of the run's ID.
        path: the file.
        session: names the store.

    Raises:
        UsageError: there is no such run, or the file cannot be written.
    """
    from iqabench.protocols.config_file import text
    from iqabench.store.files import write_atomically

    found = find_run(beginning, session=session)
    remark = f"Run {found.id} of {found.began[:10]}, iqabench {found.release}"
    content = text(found.options, remark).encode()
    try:
        write_atomically(Path(path), lambda part: part.write_bytes(content))
    except OSError as error:
        raise UsageError(
            f"cannot write {path}: {error.strerror or error}", "name another file"
        ) from error


def list_runs(*, session: Session | None = None) -> list[RecordedRun]:
    """The runs of the session's store, in the order in which they first began.

    Raises:
        UsageError: there are no results.
    """
    store = in_use(session).existing_store()
    found = sorted(store.runs(), key=lambda one: one.began)
    short = shortened([one.id for one in found])
    done = {name for name, ended in store.all_ended().items() if ended.done} if found else set()
    return [
        RecordedRun(
            short[one.id],
            one.began[:16].replace("T", " "),
            ",".join(one.options.models),
            " ".join(one.options.datasets),
            len(one.jobs),
            len(done.intersection(one.jobs)),
        )
        for one in found
    ]


def find_run(beginning: str, *, session: Session | None = None) -> RunRecord:
    """The recorded run whose ID begins with ``beginning``.

    Raises:
        UsageError: no ID begins so, or several do.
    """
    store = in_use(session).existing_store()
    found = [one for one in store.runs() if beginning and one.id.startswith(beginning)]
    if not found:
        raise UsageError(
            f"unknown run '{beginning}' in {store.root}", "`iqabench rerun` lists the runs"
        )
    if len(found) > 1:
        raise UsageError(
            f"'{beginning}' could be {', '.join(one.id for one in found)}",
            "give more digits of its name",
        )
    return found[0]


def rerun(options: RunOptions, *, session: Session | None = None) -> Results:
    """Run what options say: those of a recorded run (:func:`find_run`) or of a file.

    Args:
        options: what to run, with which catalogue, device, precision and executor.
        session: its store and its progress are used, and nothing else of it; None takes the store
            of the options, else the usual one.

    Raises:
        UsageError: a plugin of the options is not loaded. It is code, and whoever wrote the store
            must not choose which code runs here.
        IqabenchError: as for :func:`iqabench.run`.
    """
    for plugin in options.plugin:
        if Path(plugin).resolve() not in registry().files:
            raise UsageError(
                f"the run used the plugin {plugin}, which is not loaded",
                f"it is Python code: look at it, then add --plugin {plugin}",
            )
    session = Session(
        options.catalog,
        store=options.store if session is None else session.store.root,
        device=options.device,
        precision=options.precision,
        watch=None if session is None else session.watch,
        spread=Spread(**{name: getattr(options, name) for name in Spread.__dataclass_fields__}),
    )
    return run(
        options.models,
        options.datasets,
        seeds=options.seeds,
        split=options.split,
        test_share=options.test_share,
        validation_share=options.validation_share,
        set=options.set,
        choices=Choices(**{name: getattr(options, name) for name in Choices.__dataclass_fields__}),
        session=session,
        shown={"mapping": options.mapping, "exclude_shared": options.exclude_shared},
    )
