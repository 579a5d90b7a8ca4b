"""The results of runs, and every report about them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from iqabench.api.session import Session, in_use, listed
from iqabench.api.tables import Names, Tables
from iqabench.engine.execute import Outcome as Outcome
from iqabench.stats.significance import SIGNIFICANCE_TESTS as SIGNIFICANCE_TESTS

if TYPE_CHECKING:
    import pandas as pd

    from iqabench.report.diff import Diff
    from iqabench.report.figures import Figures
    from iqabench.report.ranks import Ranking
    from iqabench.stats.mapping import Mapping
    from iqabench.store import Store


class Results:
    """The results of a run, or of a whole store.

    Every report has the same filters. ``models`` (labels) and ``datasets`` (test sets) select the
    results; an empty filter selects all. ``exclude_shared`` leaves out of a model's statistics the
    contents that the model has seen. A label or test set without results raises an
    UnknownNameError.
    """

    def __init__(
        self,
        session: Session | None = None,
        evaluations: Iterable[str] | None = None,
        outcome: Outcome | None = None,
    ) -> None:
        """Take the results of a session's store.

        Args:
            session: names the store; None takes a new session.
            evaluations: IDs of a run's evaluations; None takes all of the store.
            outcome: how many jobs the run made and reused, and which failed.
        """
        self.session = in_use(session)
        self.evaluations = None if evaluations is None else tuple(evaluations)
        self.outcome = outcome

    @property
    def store(self) -> Store:
        """The store that holds the results."""
        return self.session.existing_store()

    @cached_property
    def tables(self) -> Tables:
        """The same reports with footnotes and rows that fit a screen, as commands print them."""
        return Tables(self.session, self.evaluations)

    def leaderboard(
        self,
        models: Names = (),
        datasets: Names = (),
        exclude_shared: bool = False,
        *,
        sort: str = "srocc",
        failed: bool = False,
        mapping: Mapping = "logistic4",
        within: str = "",
    ) -> pd.DataFrame:
        """One row per model configuration x training set x test set; see docs/leaderboard.md.

        ``sort`` is a column, or a metric for its mean; it sorts the rows of each test set and
        protocol, the best first. ``failed`` keeps only rows with failed repetitions. ``mapping`` is
        that of mapped PLCC and RMSE: ``logistic4``, ``logistic5`` or ``none``. ``within``, such as
        ``distortion``, computes each metric within the groups of that column of a test set and
        averages over them; test sets without it are left out.

        Raises:
            UnknownNameError: there is no such column to sort by.
            UsageError: no test set has the column ``within``.
        """
        options: dict[str, Any] = {"sort": sort, "failed": failed, "mapping": mapping}
        return self.tables.leaderboard(
            models, datasets, exclude_shared, within=within, **options
        ).frame

    def breakdown(
        self,
        by: Literal["distortion", "level", "band"],
        models: Names = (),
        datasets: Names = (),
        exclude_shared: bool = False,
    ) -> pd.DataFrame:
        """Agreement within each distortion, level or quarter of quality; see docs/leaderboard.md.

        Raises:
            UsageError: no test set has the column ``by``.
        """
        return self.tables.breakdown(by, models, datasets, exclude_shared).frame

    def differences(
        self,
        models: Names = (),
        datasets: Names = (),
        exclude_shared: bool = False,
        *,
        within: str = "",
    ) -> pd.DataFrame:
        """The paired difference in SROCC of every pair of models, with bootstrap intervals.

        ``within`` as for :meth:`leaderboard`.
        """
        from iqabench.report.leaderboard import differences

        with self.session.watch.task("paired differences") as tick:
            only = self.tables.chosen(models, datasets, exclude_shared)
            return differences(self.store, only, exclude_shared, tick, within)

    def compare(
        self,
        models: Names = (),
        datasets: Names = (),
        exclude_shared: bool = False,
        *,
        test: str | None = None,
        mapping: Mapping = "logistic4",
        within: str = "",
    ) -> pd.DataFrame:
        """Test for every pair of models which one is better; see docs/statistics.md.

        A row also has a sentence with the result. ``test`` is one of the tests that
        docs/statistics.md lists; None takes ``content-t``. ``mapping`` is that of fitted residuals.
        ``within`` as for :meth:`leaderboard`; only ``content-t`` and ``sign-flip`` take it.

        Raises:
            UsageError: the test is unknown or does not take ``within``, or no two models were
                tested on the same parts of a set.
        """
        return self.tables.compare(
            models, datasets, exclude_shared, test=test, mapping=mapping, within=within
        ).frame

    def diff(self, a: str, b: str) -> Diff:
        """List the inputs in which two results differ; see docs/leaderboard.md.

        Args:
            a: the beginning of the hash of a job, an evaluation or a configuration; or a model's
                label, or ``MODEL@TEST`` if the model has several test sets.
            b: the same for the second result.

        Raises:
            UsageError: a name fits no result, or several.
        """
        from iqabench.report.diff import diff

        return diff(self.store, a, b)

    def ranks(
        self,
        models: Names = (),
        datasets: Names = (),
        exclude_shared: bool = False,
        *,
        train: str | None = None,
        within: str = "",
    ) -> Ranking:
        """Rank the models over test sets; see docs/ranks.md.

        ``train`` is the one set that the models were trained on, and the test sets are other sets.
        None takes models that were trained within each test set. ``within`` as for
        :meth:`leaderboard`.

        Raises:
            UsageError: fewer than 3 models have results on 2 or more test sets in common.
        """
        from iqabench.report.ranks import ranks

        only = self.tables.chosen((), datasets, exclude_shared)
        return ranks(self.store, listed(models), train, exclude_shared, only, within)

    def draw_ranks(
        self,
        path: Path | str,
        models: Names = (),
        datasets: Names = (),
        exclude_shared: bool = False,
        *,
        train: str | None = None,
        within: str = "",
    ) -> None:
        """Draw the critical-difference diagram of :meth:`ranks`, as PDF, PNG or SVG.

        Raises:
            UsageError: as for :meth:`ranks`, or the file cannot be written.
        """
        from iqabench.report import diagram

        ranking = self.ranks(models, datasets, exclude_shared, train=train, within=within)
        diagram.draw(ranking, Path(path))

    def raters(
        self,
        models: Names = (),
        datasets: Names = (),
        exclude_shared: bool = False,
        *,
        z: float = 1.645,
    ) -> pd.DataFrame:
        """Compare the models' errors with the scatter of the test sets' raters; see docs/ranks.md.

        ``z``: people tell two pictures apart if the labels differ by more than z standard errors of
        the difference.

        Raises:
            UsageError: no test set has the columns ``mos_std`` and ``raters``.
        """
        return self.tables.raters(models, datasets, exclude_shared, z=z).frame

    def waterloo(
        self,
        models: Names = (),
        datasets: Names = (),
        exclude_shared: bool = False,
        *,
        margin: float = 0.2,
    ) -> pd.DataFrame:
        """The D-, L- and P-test; see docs/waterloo.md.

        ``margin``: the labels of a pair of the P-test differ by more than this share of the labels'
        range.
        """
        return self.tables.waterloo(models, datasets, exclude_shared, margin=margin).frame

    def stress(self, models: Names = (), datasets: Names = ()) -> pd.DataFrame:
        """The stored stress studies: how far SROCC moves under small changes; see docs/ranks.md.

        Raises:
            UsageError: no study of the chosen models and test sets is stored.
        """
        return self.tables.stress(models, datasets).frame

    def predictions(
        self, models: Names = (), datasets: Names = (), exclude_shared: bool = False
    ) -> pd.DataFrame:
        """One row per picture and repetition: label, prediction, error; see docs/leaderboard.md.

        Raises:
            UsageError: nothing is stored.
        """
        return self.tables.predictions(models, datasets, exclude_shared).frame

    def figures(
        self,
        folder: Path | str,
        form: Literal["pdf", "png", "svg"] = "pdf",
        models: Names = (),
        datasets: Names = (),
        exclude_shared: bool = False,
    ) -> Figures:
        """Draw the results as figures for a paper, as files in a folder; see docs/ranks.md.

        Raises:
            UsageError: there are no results.
        """
        from iqabench.report.figures import write

        only = self.tables.chosen(models, datasets, exclude_shared)
        with self.session.watch.task("drawing") as tick:
            return write(self.store, Path(folder), form, only, exclude_shared, tick)

    def report(
        self,
        path: Path | str,
        models: Names = (),
        datasets: Names = (),
        exclude_shared: bool = False,
        mapping: Mapping = "logistic4",
        within: str = "",
    ) -> None:
        """Write the results as one self-contained HTML page; see docs/report.md.

        The page has thumbnails of a data set if a catalogue knows the set and its files have not
        changed since the test. For every other set the page gives the reason. ``within`` as for
        :meth:`leaderboard`.

        Raises:
            UsageError: nothing was tested yet, or the file cannot be written.
        """
        from iqabench.report import page

        store, only = self.store, self.tables.chosen(models, datasets, exclude_shared)
        sources = {key: self.session.pictures(*key) for key in page.sets_tested(store, only)}
        with self.session.watch.task(f"writing {path}") as tick:
            page.write(
                Path(path),
                store,
                self.session.catalog,
                sources,
                tick,
                only,
                exclude_shared,
                mapping,
                within,
            )

    def __repr__(self) -> str:
        """The number of evaluations and the folder of the store."""
        from iqabench.report.tables import counted

        known = self.evaluations
        many = "all evaluations" if known is None else counted(len(known), "evaluation")
        return f"<Results: {many} in {self.session.store.root}>"

    def _repr_html_(self) -> str:
        """The leaderboard for a notebook, with the columns that fit a screen."""
        import pandas as pd

        table = self.tables.leaderboard()
        notes = "".join(f"<p>{escape(note)}</p>" for note in table.notes)
        return str(pd.DataFrame(table.rows).to_html(index=False)) + notes
