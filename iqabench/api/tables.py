"""The reports as tables: a frame with all columns, rows that fit a screen, and footnotes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from iqabench.api.session import Session, listed
from iqabench.contract.errors import UnknownNameError, UsageError
from iqabench.report.tables import MARK_NOTES, Table, records, screen_rows

if TYPE_CHECKING:
    from iqabench.stats.mapping import Mapping
    from iqabench.store import Store


Names = str | Sequence[str]
"""One or several names."""


class Tables:
    """The reports of all or some of a store's evaluations.

    Every report has the same filters. ``models`` (labels) and ``datasets`` (test sets) select the
    results; an empty filter selects all. ``exclude_shared`` leaves out of a model's statistics the
    contents that the model has seen.
    """

    def __init__(self, session: Session, evaluations: tuple[str, ...] | None) -> None:
        self.session = session
        self.evaluations = evaluations

    @property
    def store(self) -> Store:
        """The store that holds the results."""
        return self.session.existing_store()

    def chosen(
        self, models: Names = (), datasets: Names = (), exclude_shared: bool = False
    ) -> frozenset[str] | None:
        """IDs of the evaluations that the filters select; None stands for all of the store.

        ``exclude_shared`` makes the audits for which they wait.

        Raises:
            UsageError: the filters select nothing.
            UnknownNameError: the store has no results of a label or a test set.
        """
        only = None if self.evaluations is None else frozenset(self.evaluations)
        if models or datasets:
            from iqabench.report.evaluations import selected

            only = selected(self.store, self.evaluations, listed(models), listed(datasets))
        if exclude_shared:
            self.session.complete(one.id for one in self.store.evaluations(only) if one.pending)
        return only

    def leaderboard(
        self,
        models: Names = (),
        datasets: Names = (),
        exclude_shared: bool = False,
        form: str = "table",
        *,
        sort: str = "srocc",
        failed: bool = False,
        mapping: Mapping = "logistic4",
        within: str = "",
    ) -> Table:
        """The leaderboard; ``sort``, ``failed`` and ``within`` as for
        :meth:`iqabench.Results.leaderboard`.

        In Markdown and LaTeX the best models are marked, if a test finds that they are better.

        Raises:
            UnknownNameError: there is no column of the name ``sort``.
        """
        from iqabench.report import leaderboard, leaderboard_table
        from iqabench.report.group_parts import without_groups
        from iqabench.report.marks import marks

        only = self.chosen(models, datasets, exclude_shared)
        leaderboard_table.sortable(sort)
        ungrouped = without_groups(self.store, within, only)
        with self.session.watch.task("leaderboard") as tick:
            frame = leaderboard.leaderboard(self.store, only, exclude_shared, tick, mapping, within)
        marked = None
        if form in MARK_NOTES:
            marked = marks(self.store, only, exclude_shared, mapping, within)
        rows = leaderboard_table.short(frame, marked)
        places = leaderboard_table.places(frame, sort, failed)
        notes = leaderboard_table.notes(frame.iloc[sorted(places)], form)
        notes += ungrouped
        notes += ["no row has failed repetitions"] * (failed and not places)
        shown = frame.iloc[places].reset_index(drop=True)
        return Table(shown, [rows[place] for place in places], notes)

    def breakdown(
        self,
        by: Literal["distortion", "level", "band"],
        models: Names = (),
        datasets: Names = (),
        exclude_shared: bool = False,
        mapping: Mapping = "logistic4",
    ) -> Table:
        """Agreement within each distortion, level or quarter of quality."""
        from iqabench.report import breakdown

        only = self.chosen(models, datasets, exclude_shared)
        frame = breakdown.breakdown(self.store, by, only, exclude_shared, mapping)
        return Table(frame, screen_rows(frame), breakdown.notes(frame))

    def compare(
        self,
        models: Names = (),
        datasets: Names = (),
        exclude_shared: bool = False,
        *,
        test: str | None = None,
        mapping: Mapping = "logistic4",
        within: str = "",
    ) -> Table:
        """Every pair of models: rows are a matrix of verdicts, notes begin with a sentence each."""
        from iqabench.report import compare, verdicts
        from iqabench.report.group_parts import without_groups

        only = self.chosen(models, datasets, exclude_shared)
        with self.session.watch.task("comparing models") as tick:
            ungrouped = without_groups(self.store, within, only)
            frame = compare.compare(self.store, test, only, exclude_shared, tick, mapping, within)
        notes = [*frame["sentence"], *compare.notes(frame), *ungrouped]
        return Table(frame, verdicts.matrix(frame), notes)

    def ranks(
        self,
        models: Names = (),
        datasets: Names = (),
        exclude_shared: bool = False,
        *,
        train: str | None = None,
        within: str = "",
    ) -> Table:
        """The models' mean ranks, and their mean SROCC on each test set."""
        from iqabench.report import ranks

        only = self.chosen((), datasets, exclude_shared)
        ranking = ranks.ranks(self.store, listed(models), train, exclude_shared, only, within)
        return Table(ranking.table, screen_rows(ranking.table), ranks.notes(ranking))

    def raters(
        self,
        models: Names = (),
        datasets: Names = (),
        exclude_shared: bool = False,
        *,
        z: float = 1.645,
    ) -> Table:
        """The models' errors compared with the scatter of the test sets' raters."""
        from iqabench.report import raters

        only = self.chosen(models, datasets, exclude_shared)
        frame = raters.raters(self.store, z, only, exclude_shared)
        return Table(frame, raters.short(frame), raters.notes(z))

    def waterloo(
        self,
        models: Names = (),
        datasets: Names = (),
        exclude_shared: bool = False,
        *,
        margin: float = 0.2,
    ) -> Table:
        """The D-, L- and P-test of the models."""
        from iqabench.report import waterloo

        only = self.chosen(models, datasets, exclude_shared)
        frame = waterloo.waterloo(self.store, self._unordered, margin, only, exclude_shared)
        return Table(frame, screen_rows(frame), waterloo.notes(frame))

    def predictions(
        self, models: Names = (), datasets: Names = (), exclude_shared: bool = False
    ) -> Table:
        """One row per picture and repetition."""
        from iqabench.report import predictions

        only = self.chosen(models, datasets, exclude_shared)
        with self.session.watch.task("predictions") as tick:
            frame = predictions.predictions(self.store, only, exclude_shared, tick)
        if frame.empty:
            raise UsageError(f"no predictions in {self.store.root}", "`iqabench run` makes some")
        return Table(frame, screen_rows(frame))

    def stress(self, models: Names = (), datasets: Names = ()) -> Table:
        """The stored stress studies."""
        import pandas as pd

        from iqabench.report import noise

        found = noise.studies(self.store)
        labels, sets = {one.label for one in found}, {one.test for one in found}
        for what, known, asked in (
            ("model with a stress study", labels, listed(models)),
            ("test set of a stress study", sets, listed(datasets)),
        ):
            for name in asked:
                if name not in known:
                    raise UnknownNameError(what, name, known)
        chosen = [
            one
            for one in found
            if (not models or one.label in listed(models))
            and (not datasets or one.test in listed(datasets))
        ]
        if not chosen:
            raise UsageError("no stress study is stored", "iqabench study stress MODEL makes one")
        frames, notes = [], []
        for one, name in zip(chosen, noise.names(self.store, chosen), strict=True):
            frame = noise.table(self.store, one)
            notes += noise.notes(one.test, noise.band(frame), one.labels)
            frames.append(frame.assign(model=name, train=one.train, test=one.test))
        frame = pd.concat(frames, ignore_index=True)
        first = ["model", "train", "test"]
        frame = frame[[*first, *(name for name in frame if name not in first)]]
        if frame[["agreement", "srocc"]].isna().any(axis=None):
            notes.append("-: the job of the change failed, or all its predictions are equal")
        return Table(frame, records(frame), list(dict.fromkeys(notes)))

    def _unordered(self, dataset: str) -> Sequence[str]:
        """The data set's distortions whose levels do not order severity, according to its card."""
        try:
            return self.session.catalog.get(dataset).card.unordered
        except UnknownNameError:  # tested once, but no longer in a catalogue
            return ()
