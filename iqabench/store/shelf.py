"""What a store keeps beside its jobs: labels, splits, evaluations, stress studies and runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from iqabench.contract.errors import StoreError
from iqabench.store import intact, label_tables, removal
from iqabench.store.fingerprints import text_digest
from iqabench.store.formats import written_format
from iqabench.store.reading import RUN_AGAIN, Kind, read_record
from iqabench.store.records import FORMAT, EvaluationRecord, SplitRecord, StressRecord, plain
from iqabench.store.run_records import RunRecord
from iqabench.store.saved import SavedRecords
from iqabench.store.sealed import write_sealed

if TYPE_CHECKING:
    import pandas as pd


class Shelf:
    """The records and tables of a store. A record that is damaged counts as absent."""

    def __init__(self, root: Path, say: Callable[[str], None] | None = None) -> None:
        """Name the folder.

        Args:
            root: the folder.
            say: is told once of everything damaged that is met, in one line each.
        """
        self.root = root
        self._say = say
        self._told: set[str] = set()

    def save_table(self, name: str, data_hash: str, table: pd.DataFrame) -> None:
        """Keep the labels of a data set, so that reports do not need the data set."""
        path = label_tables.path(self._readable, name, data_hash)
        if path.exists() or label_tables.note(path).exists():
            self.has_table(name, data_hash)  # damage is told before it is mended
        label_tables.save(path, table)

    def has_table(self, name: str, data_hash: str) -> bool:
        """Whether the labels of a data set are kept and intact; damage is told."""
        path = label_tables.path(self._readable, name, data_hash)
        problem = label_tables.problem(path)
        if problem:
            self._tell(path, problem, RUN_AGAIN)
        return not problem

    def table(self, name: str, data_hash: str) -> pd.DataFrame:
        """The labels kept by :meth:`save_table`.

        Raises:
            StoreError: they are damaged or gone.
        """
        return label_tables.read(label_tables.path(self._readable, name, data_hash))

    def save_split(self, record: SplitRecord) -> None:
        """Keep a split under its hash."""
        name = f"splits/{record.digest}.json"
        stamp = self._saved.stamp(name)  # before the file is read
        if self._saved.holds(name, stamp, record.digest):
            return
        if self._record(self._readable / name, SplitRecord) == record:
            self._saved.note(name, stamp, record.digest)
        else:
            write_sealed(self._readable / name, plain(record))

    def split(self, split_hash: str) -> SplitRecord | None:
        """The split kept by :meth:`save_split`; None where there is none."""
        return self._record(self._readable / "splits" / f"{split_hash}.json", SplitRecord)

    def save_evaluation(self, record: EvaluationRecord) -> None:
        """Keep an evaluation under its ID."""
        name, content = f"evaluations/{record.id}.json", text_digest([record.model_dump_json()])
        stamp = self._saved.stamp(name)  # before the file is read
        if self._saved.holds(name, stamp, content):
            self._evaluations[record.id] = stamp, record
        elif self.evaluation(record.id) == record:
            self._saved.note(name, stamp, content)
        else:
            # There are thousands, and the next run writes again what a loss of power took.
            write_sealed(self._readable / name, plain(record), lasting=False)

    @cached_property
    def _saved(self) -> SavedRecords:
        return SavedRecords(self._readable)

    def evaluations(self, only: Iterable[str] | None = None) -> list[EvaluationRecord]:
        """The evaluations of those IDs that there are, or all, in the order of IDs."""
        if only is None:
            only = [path.stem for path in (self._readable / "evaluations").glob("[!.]*.json")]
        found = (self.evaluation(name) for name in sorted({*only}))
        return [record for record in found if record is not None]

    @cached_property
    def _evaluations(self) -> dict[str, tuple[intact.Stamp, EvaluationRecord]]:
        return {}

    def evaluation(self, name: str) -> EvaluationRecord | None:
        """The evaluation of that ID; None where there is none.

        Its file is read again only if it has changed.
        """
        path = f"{self._readable}/evaluations/{name}.json"
        stamp = intact.stamp(path)
        known = self._evaluations.get(name)
        if known is not None and known[0] == stamp:
            return known[1]
        record = self._record(Path(path), EvaluationRecord)
        if record is not None:
            self._evaluations[name] = stamp, record
        return record

    def save_stress(self, record: StressRecord) -> None:
        """Keep a stress study in place of an earlier one of the same ID."""
        write_sealed(self._readable / "stress" / f"{record.id}.json", plain(record))

    def stresses(self) -> Iterator[StressRecord]:
        """All stress studies, by ID."""
        yield from self._all("stress", StressRecord)

    def save_run(self, record: RunRecord) -> None:
        """Keep a run, unless the store has it from an earlier time."""
        path = self._readable / "runs" / f"{record.id}.json"
        if self._record(path, RunRecord) is None:
            write_sealed(path, plain(record))

    def runs(self) -> Iterator[RunRecord]:
        """All runs, by ID; none in a store that no run was noted in."""
        yield from self._all("runs", RunRecord)

    def _all(self, part: str, kind: type[Kind]) -> Iterator[Kind]:
        for path in sorted((self._readable / part).glob("[!.]*.json")):
            record = self._record(path, kind)
            if record is not None:
                yield record

    def _record(self, path: Path, kind: type[Kind]) -> Kind | None:
        """The record in a file; None where it is absent, or damaged, which is told."""
        try:
            return read_record(path, kind)
        except StoreError as error:
            self._saved.forget(path)
            self._tell_line(f"{error.message}: it is left out; {error.hint}")
            return None

    def _tell(self, path: Path, problem: str, remedy: str) -> None:
        self._tell_line(f"{path} is damaged: {problem}: it is left out; {remedy}")

    def _tell_line(self, line: str) -> None:
        if line not in self._told:
            self._told.add(line)
            if self._say is not None:
                self._say(line)

    def readable(self) -> None:
        """Check that this release can read the store.

        Raises:
            StoreError: another release wrote it in another format.
        """
        _ = self._readable

    @cached_property
    def _readable(self) -> Path:
        """The root, after a check that the store has this release's format."""
        found = written_format(self.root)
        if found is None or found == FORMAT:
            try:
                removal.finish(self.root)
            except StoreError as error:  # the store is read all the same
                self._tell_line(f"{error.message}: {error.hint}")
            return self.root
        problem = f"the store {self.root} has format {found}, and this release reads {FORMAT}"
        if found > FORMAT:
            raise StoreError(problem, "a later release of iqabench wrote it: install that one")
        raise StoreError(problem, f"iqabench store upgrade --store {self.root}")
