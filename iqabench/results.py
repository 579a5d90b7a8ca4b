"""What came of a run, and the tables and pages that can be made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from iqabench.engine.progress import Silent, Watcher
from iqabench.session import Session
from iqabench.store import Store

if TYPE_CHECKING:
    import pandas as pd

    from iqabench.engine.execute import Outcome


@dataclass(frozen=True)
class Results:
    """What a run, or a whole store, holds."""

    store: Store
    evaluations: tuple[str, ...] | None = None
    """Identities of a run's evaluations; None means all of the store."""
    outcome: Outcome | None = None

    def leaderboard(
        self, exclude_shared: bool = False, watch: Watcher | None = None
    ) -> pd.DataFrame:
        """One row per model configuration x training set x test set; see docs/leaderboard.md.

        ``exclude_shared`` leaves contents that a model has seen out of its statistics.
        """
        from iqabench.report.leaderboard import leaderboard

        with (watch or Silent()).task("leaderboard") as tick:
            return leaderboard(self.store, self.evaluations, exclude_shared, tick)

    def differences(
        self, exclude_shared: bool = False, watch: Watcher | None = None
    ) -> pd.DataFrame:
        """Paired SROCC differences of all pairs of models, with bootstrap intervals."""
        from iqabench.report.leaderboard import differences

        with (watch or Silent()).task("paired differences") as tick:
            return differences(self.store, self.evaluations, exclude_shared, tick)

    def predictions(
        self,
        models: Sequence[str] = (),
        datasets: Sequence[str] = (),
        watch: Watcher | None = None,
    ) -> pd.DataFrame:
        """One row per picture and repetition: label, prediction, error; see docs/leaderboard.md.

        ``models`` (labels) and ``datasets`` (test sets) choose; empty takes all.
        """
        from iqabench.report.predictions import predictions

        with (watch or Silent()).task("predictions") as tick:
            return predictions(self.store, models, datasets, self.evaluations, tick)

    def _repr_html_(self) -> str:
        """The leaderboard as a notebook shows it: the columns that fit."""
        import pandas as pd

        from iqabench.report import tables

        board = self.leaderboard()
        notes = "".join(f"<p>{escape(note)}</p>" for note in tables.notes(board))
        return str(pd.DataFrame(tables.short(board)).to_html(index=False)) + notes

    def marks(self, exclude_shared: bool = False) -> list[str]:
        """``best``, ``second`` or nothing for each row of :meth:`leaderboard`.

        Only rows that are better than the next for sure are marked.
        """
        from iqabench.report.marks import marks

        return marks(self.store, self.evaluations, exclude_shared)

    def compare(
        self,
        models: Sequence[str] = (),
        *,
        test: str | None = None,
        datasets: Sequence[str] = (),
        exclude_shared: bool = False,
        watch: Watcher | None = None,
    ) -> pd.DataFrame:
        """Which of each two models is better, and a sentence that says so; see docs/statistics.md.

        Args:
            models: labels; all where empty.
            test: ``content-t`` where None, or another that docs/statistics.md lists.
            datasets: test sets; all where empty.
            exclude_shared: leaves contents that a model has seen out of its statistics.
            watch: shows progress.

        Raises:
            UsageError: an unknown name, or no two models were tested on the same parts of a set.
        """
        from iqabench.report import compare as report

        with (watch or Silent()).task("comparing models") as tick:
            return report.compare(
                self.store,
                models,
                test=test,
                datasets=datasets,
                only=self.evaluations,
                exclude_shared=exclude_shared,
                tick=tick,
            )

    def report(
        self, path: Path | str, *, exclude_shared: bool = False, session: Session | None = None
    ) -> None:
        """Write one self-contained HTML page; see docs/report.md.

        Pictures come from data sets that the catalogues know and that are still as they were
        tested; of the others the page has no thumbnails and says why.

        Raises:
            UsageError: nothing was tested yet, or the file cannot be written.
        """
        from iqabench.report import page

        session = session or Session()
        keys = page.sets_tested(self.store, self.evaluations)
        sources = {key: session.pictures(*key) for key in keys}
        with session.watch.task(f"writing {path}") as tick:
            page.write(
                Path(path),
                self.store,
                session.catalog,
                sources,
                tick,
                self.evaluations,
                exclude_shared,
            )


@dataclass(frozen=True)
class SaliencyResults:
    """How well saliency providers predict where people looked."""

    pictures: pd.DataFrame
    """One row per picture and provider; see :func:`iqabench.engine.saliency.evaluate`."""

    def summary(self) -> pd.DataFrame:
        """One row per provider: means and intervals; see docs/saliency.md."""
        from iqabench.report.saliency import summary

        return summary(self.pictures)
