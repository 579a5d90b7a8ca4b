"""The public Python API; the command line parses and prints, and calls this.

>>> import iqabench
>>> results = iqabench.run(["brisque"], ["demo"])          # doctest: +SKIP
>>> results.leaderboard()[["model", "srocc_mean"]]         # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.catalog import Catalog
from iqabench.contract.errors import IqabenchError, UsageError
from iqabench.engine.progress import Silent, Watcher
from iqabench.protocols import grammar
from iqabench.protocols.requests import Choices, ModelRequest, check_seeds, resolve
from iqabench.results import Results, SaliencyResults
from iqabench.session import Session
from iqabench.store import Store
from iqabench.store.folder import default_root

if TYPE_CHECKING:
    import pandas as pd

    from iqabench.audit.pairs import Audit
    from iqabench.protocols.plan import Plan
    from iqabench.report.diff import Diff
    from iqabench.report.figures import Figures
    from iqabench.report.ranks import Ranking

__all__ = [
    "Choices",
    "Results",
    "SaliencyResults",
    "Session",
    "audit",
    "breakdown",
    "compare",
    "diff",
    "evaluate_saliency",
    "existing_store",
    "explain",
    "figures",
    "import_scores",
    "leaderboard",
    "open_store",
    "plan",
    "predictions",
    "ranks",
    "raters",
    "report",
    "run",
    "score",
    "show_saliency",
    "versions",
    "waterloo",
]

DEFAULT_MODELS = ("biosiqnet-lite", "brisque")
DEFAULT_DATASETS = ("demo",)


def plan(
    models: Sequence[str] = DEFAULT_MODELS,
    datasets: Sequence[str] = DEFAULT_DATASETS,
    *,
    seeds: int | None = None,
    split: str | None = None,
    set: Sequence[str] = (),
    choices: Choices | None = None,
    session: Session | None = None,
) -> Plan:
    """What a run would do; see :func:`run`. Reads data sets but makes no job."""
    from iqabench.protocols import plan as plans

    session = session or Session()
    check_seeds(seeds)
    requests = _canonical(grammar.parse(datasets), session.catalog)
    resolved = resolve(session.registry, models, set, choices or Choices())
    for name in _names(requests):
        session.labelled(name)
    return plans.make(resolved, requests, session.dataset, session.maps, seeds, split)


def run(
    models: Sequence[str] = DEFAULT_MODELS,
    datasets: Sequence[str] = DEFAULT_DATASETS,
    *,
    seeds: int | None = None,
    split: str | None = None,
    set: Sequence[str] = (),
    choices: Choices | None = None,
    store: Path | str | None = None,
    catalog: Path | None = None,
    watch: Watcher | None = None,
) -> Results:
    """Fit and test models under one protocol; jobs the store holds are not made again.

    Args:
        models: names or ``label=name``.
        datasets: each ``a,b`` (split each within itself) or ``a:b,c`` (train on a, test on the
            others).
        seeds: repetitions; None takes what the training set's protocol asks for.
        split: ``official`` for the split a data set publishes, or the path of a split's file.
        set: overrides, ``label.option=value`` or ``label.recipe.epochs=2``.
        choices: weights, initialisation, saliency provider, precision, device, and whether
            truncated pictures are accepted.
        store: folder of results; default ``$IQABENCH_STORE`` or ``./iqabench-results``.
        catalog: a further catalogue file.
        watch: shows progress.

    Raises:
        IqabenchError: anything the user can mend, before any job has begun.
    """
    from iqabench.engine.execute import execute
    from iqabench.protocols.leakage import audited

    watch = watch or Silent()
    session = Session(catalog, watch)
    kept = open_store(store)
    kept.check()
    made = plan(
        models,
        datasets,
        seeds=seeds,
        split=split,
        set=set,
        choices=choices,
        session=session,
    )
    for model in dict.fromkeys(evaluation.model.weights for evaluation in made.evaluations):
        if model.startswith("job:") and kept.job(model.removeprefix("job:")) is None:
            raise UsageError(f"no {model} in {kept.root}", "`iqabench run --dry-run` lists jobs")
    for line in made.skipped:
        watch.say(f"not applicable: {line}")
    made = audited(made, kept, session.dataset, session.audit)
    outcome = execute(made, kept, watch)
    identities = tuple(evaluation.identity for evaluation in made.evaluations)
    return Results(kept, identities, outcome)


def leaderboard(store: Path | str | None = None, *, exclude_shared: bool = False) -> pd.DataFrame:
    """The leaderboard of a whole store; see :meth:`Results.leaderboard`."""
    return Results(existing_store(store)).leaderboard(exclude_shared)


def compare(
    models: Sequence[str] = (),
    *,
    test: str | None = None,
    datasets: Sequence[str] = (),
    exclude_shared: bool = False,
    store: Path | str | None = None,
    watch: Watcher | None = None,
) -> pd.DataFrame:
    """Which of each two models of a whole store is better; see :meth:`Results.compare`."""
    return Results(existing_store(store)).compare(
        models, test=test, datasets=datasets, exclude_shared=exclude_shared, watch=watch
    )


def predictions(
    models: Sequence[str] = (),
    datasets: Sequence[str] = (),
    *,
    store: Path | str | None = None,
    watch: Watcher | None = None,
) -> pd.DataFrame:
    """Every prediction of a whole store; see :meth:`Results.predictions`.

    Raises:
        UsageError: nothing is stored, or not of that model or test set.
    """
    return Results(existing_store(store)).predictions(models, datasets, watch)


def diff(a: str, b: str, store: Path | str | None = None) -> Diff:
    """Why two results differ; see docs/leaderboard.md.

    Args:
        a: a job, an evaluation or a configuration, by the beginning of its hash, or a model's
            label; ``MODEL@TEST`` where it has several test sets.
        b: likewise.
        store: as in :func:`run`.

    Raises:
        UsageError: a name that means nothing, or several things.
    """
    from iqabench.report import diff as report

    return report.diff(existing_store(store), a, b)


def report(
    path: Path | str,
    store: Path | str | None = None,
    *,
    exclude_shared: bool = False,
    session: Session | None = None,
) -> None:
    """Write one self-contained HTML page of a whole store; see :meth:`Results.report`."""
    Results(existing_store(store)).report(path, exclude_shared=exclude_shared, session=session)


def audit(
    datasets: Sequence[str],
    *,
    catalog: Path | None = None,
    watch: Watcher | None = None,
) -> list[Audit]:
    """Pictures that show the same content: a leak, if one is trained on and the other tested.

    Args:
        datasets: as of :func:`run`; ``a:b`` compares two sets, ``a`` the contents of one.
        catalog: a further catalogue file.
        watch: shows progress.

    Raises:
        IqabenchError: unknown or missing data set.
    """
    session = Session(catalog, watch or Silent())
    found = []
    for request in _canonical(grammar.parse(datasets), session.catalog):
        names = _names([request])
        found.append(session.audit(*map(session.dataset, names)))
    return found


def breakdown(
    by: str, store: Path | str | None = None, *, exclude_shared: bool = False
) -> pd.DataFrame:
    """Agreement within each distortion, level or band of quality; see docs/leaderboard.md.

    Args:
        by: ``distortion``, ``level`` or ``band``.
        store: as in :func:`run`.
        exclude_shared: leaves contents that a model has seen out of its statistics.

    Raises:
        UsageError: no test set in the store has such a column.
    """
    from iqabench.report import breakdown as report

    return report.breakdown(existing_store(store), by, exclude_shared)


def waterloo(
    dataset: str,
    models: Sequence[str] = (),
    *,
    margin: float = 0.2,
    store: Path | str | None = None,
    session: Session | None = None,
) -> pd.DataFrame:
    """The D-, L- and P-test of models that were run on a data set; see docs/waterloo.md.

    Args:
        dataset: the set's name.
        models: labels of runs; all where empty.
        margin: share of the labels' range by which pairs of the P-test differ.
        store: as in :func:`run`.
        session: as in :func:`plan`.

    Raises:
        UsageError: nothing was run on the set, or not that model.
    """
    from iqabench.report import waterloo as report

    card = (session or Session()).catalog.get(dataset).card
    return report.waterloo(existing_store(store), card.name, card.unordered, models, margin)


def raters(
    dataset: str,
    models: Sequence[str] = (),
    *,
    z: float = 1.645,
    store: Path | str | None = None,
) -> pd.DataFrame:
    """Models beside the scatter of a data set's raters; see docs/ranks.md.

    Args:
        dataset: the set's name.
        models: labels of runs; all where empty.
        z: standard errors of a pair's difference above which people tell it apart.
        store: as in :func:`run`.

    Raises:
        UsageError: nothing was run on the set, not that model, or raters' numbers are missing.
    """
    from iqabench.report import raters as report

    return report.raters(existing_store(store), dataset, models, z)


def ranks(
    models: Sequence[str] = (),
    *,
    train: str | None = None,
    store: Path | str | None = None,
    exclude_shared: bool = False,
) -> Ranking:
    """Models ranked over the test sets of a store; see docs/ranks.md.

    Args:
        models: labels of runs; all where empty.
        train: the set that models were trained on and the others tested; None takes models that
            were trained within each test set.
        store: as in :func:`run`.
        exclude_shared: leaves contents that a model has seen out of its statistics.

    Raises:
        UsageError: fewer than 3 models or 2 test sets in common, or an unknown model.
    """
    from iqabench.report import ranks as report

    return report.ranks(existing_store(store), models, train, exclude_shared)


def figures(
    folder: Path,
    form: str = "pdf",
    *,
    store: Path | str | None = None,
    exclude_shared: bool = False,
    watch: Watcher | None = None,
) -> Figures:
    """Draw a store's results as files for a paper; see docs/ranks.md.

    Args:
        folder: where the files go.
        form: ``pdf``, ``png`` or ``svg``.
        store: as in :func:`run`.
        exclude_shared: leaves contents that a model has seen out of its statistics.
        watch: shows progress.

    Raises:
        UsageError: the store has no results.
    """
    from iqabench.report import figures as report

    with (watch or Silent()).task("drawing") as tick:
        return report.write(existing_store(store), folder, form, exclude_shared, tick)


def import_scores(
    path: Path,
    model: str,
    dataset: str,
    *,
    direction: str = "higher",
    seeds: int | None = None,
    store: Path | str | None = None,
    session: Session | None = None,
) -> Results:
    """Bring in scores made elsewhere, so that they join the same tables and tests.

    They are judged on the same test parts as models run here: see docs/leaderboard.md.

    Args:
        path: CSV with the columns ``image`` and ``score``; images by path below the data set's
            root, or by file name where that is unique.
        model: the name to show.
        dataset: what was scored.
        direction: ``higher`` or ``lower`` is better.
        seeds: repetitions of the data set's own protocol; None as in :func:`run`.
        store: as in :func:`run`.
        session: as in :func:`plan`.

    Raises:
        IqabenchError: the file lacks a column, names an unknown image or no number.
    """
    from iqabench.engine.imported import import_file

    check_seeds(seeds)
    session = session or Session()
    session.labelled(dataset)
    kept = open_store(store)
    kept.check()
    identities = import_file(path, model, session.dataset(dataset), direction, seeds, kept)
    return Results(kept, identities)


def score(
    model: str,
    paths: Sequence[Path],
    *,
    set: Sequence[str] = (),
    choices: Choices | None = None,
    store: Path | str | None = None,
    watch: Watcher | None = None,
) -> pd.DataFrame:
    """Score any pictures with weights that are already there.

    Args:
        model: a model's name.
        paths: pictures, and folders of pictures.
        set: overrides, as in :func:`run`.
        choices: ``weights`` is ``published`` (default), a file, or ``job:ID``.
        store: where jobs are sought.
        watch: shows progress.

    Returns:
        ``path``, ``score``, ``direction``, ``error`` and ``notes`` of what was done to decode it,
        one row per picture; a picture that cannot be read is a named row.

    Raises:
        IqabenchError: unknown model, no weights, no picture.
    """
    import pandas as pd

    from iqabench.data.pictures import find_pictures
    from iqabench.engine import loose

    session = Session(watch=watch or Silent())
    request = _loaded(session, model, set, choices)
    if request.card.full_reference:
        raise UsageError(
            f"'{model}' compares pictures with references", "run it on a data set that has them"
        )
    provider = request.saliency if request.card.saliency == "input" else None
    rows = loose.score(request, provider, find_pictures(paths), open_store(store), session.watch)
    return pd.DataFrame(list(rows), columns=["path", "score", "direction", "error", "notes"])


def explain(
    model: str,
    paths: Sequence[Path],
    output: Path,
    *,
    set: Sequence[str] = (),
    choices: Choices | None = None,
    store: Path | str | None = None,
) -> Iterator[tuple[Path, str | None]]:
    """Draw what a network looks at: a PNG sheet per picture, and ``montage.png``.

    Arguments as of :func:`score`; ``output`` is the folder of the PNG files.

    Yields:
        Each file written, and None; or a picture that failed, and why.

    Raises:
        IqabenchError: unknown model, no weights, no picture, or no network.
    """
    from iqabench.data.pictures import find_pictures
    from iqabench.engine import explain as explaining

    session = Session()
    request = _loaded(session, model, set, choices)
    pictures = find_pictures(paths)
    drawn = []
    found = explaining.explain(request, request.saliency, pictures, open_store(store))
    for number, (path, one) in enumerate(zip(pictures, found, strict=True), 1):
        if isinstance(one, Exception):
            yield path, str(one)
            continue
        drawn.append(one)
        name = output / f"{number:03d}-{path.stem}.png"
        explaining.sheet(one, name, request.label)
        yield name, None
    if drawn:
        explaining.montage(drawn, output / "montage.png", request.label)
        yield output / "montage.png", None


def evaluate_saliency(
    providers: Sequence[str],
    dataset: str,
    *,
    root: Path | None = None,
    session: Session | None = None,
) -> SaliencyResults:
    """Measure how well saliency providers predict the fixations of a data set.

    Args:
        providers: each ``NAME[:KEY=VALUE...]``.
        dataset: the set's name; ``fixations`` with a root is any folder of pictures and fixations.
        root: where the set lies, in place of what the catalogues say.
        session: as in :func:`plan`.

    Raises:
        IqabenchError: unknown provider or set, or a set without fixations.
    """
    from iqabench.data.maps import MapSource
    from iqabench.engine.saliency import evaluate

    session = session or Session()
    sources = [MapSource(session.registry.provider(text)) for text in providers]
    labelled = {source.label: source for source in sources}
    return SaliencyResults(evaluate(labelled, session.dataset(dataset, root), session.watch))


def show_saliency(
    paths: Sequence[Path], output: Path, *, provider: str = "spectral-residual"
) -> Iterator[tuple[Path, str | None]]:
    """Draw the saliency of any pictures: each picture, its map and both in one, as a PNG.

    Args:
        paths: pictures, and folders of pictures.
        output: the folder of the PNG files.
        provider: whose maps, ``NAME[:KEY=VALUE...]``.

    Yields:
        Each file written, and None; or a picture that failed, and why.

    Raises:
        IqabenchError: unknown provider, or no picture.
    """
    from iqabench.data.pictures import find_pictures
    from iqabench.engine.saliency import loose_maps
    from iqabench.report.overlay import draw

    pictures = find_pictures(paths)
    maps = loose_maps(Session().registry.provider(provider), pictures)
    for number, (path, found) in enumerate(zip(pictures, maps, strict=True), 1):
        if isinstance(found, IqabenchError):
            yield path, found.message
            continue
        name = output / f"{number:03d}-{path.stem}.png"
        draw(*found, name)
        yield name, None


def _loaded(
    session: Session, model: str, set: Sequence[str], choices: Choices | None
) -> ModelRequest:
    """A request for a model whose weights are already there."""
    chosen = choices or Choices(weights="published")
    request = resolve(session.registry, [model], set, chosen)[0]
    if request.trains:
        raise UsageError(
            f"--weights train: '{model}' is not trained on loose pictures",
            "--weights published, FILE or job:ID",
        )
    return request


def open_store(store: Path | str | None) -> Store:
    """The store at a path, or at the default place; may not exist yet."""
    return Store(Path(store) if store is not None else default_root())


def existing_store(store: Path | str | None) -> Store:
    """The store at a path.

    Raises:
        UsageError: nothing is there.
    """
    found = open_store(store)
    if not (found.root / "jobs").is_dir():
        raise UsageError(
            f"no results at {found.root}",
            "`iqabench run` makes some; --store DIR or $IQABENCH_STORE names another",
        )
    return found


def versions() -> Mapping[str, Any]:
    """Versions of the harness and of what it computes with, without importing them."""
    from iqabench.protocols.requests import COMPUTING_PACKAGES
    from iqabench.store.fingerprints import package_version

    return {name: package_version(name) for name in ("iqabench", *COMPUTING_PACKAGES, "pyiqa")}


def _canonical(requests: Sequence[grammar.Request], catalog: Catalog) -> list[grammar.Request]:
    """Requests by the sets' own names: an alias is no second set."""
    found: list[grammar.Request] = []
    for request in requests:
        if isinstance(request, grammar.Within):
            found.append(grammar.Within(catalog.get(request.dataset).name))
            continue
        train, test = catalog.get(request.train).name, catalog.get(request.test).name
        if train == test:
            raise UsageError(
                f"'{request.train}:{request.test}' trains and tests on all of {train}",
                f"--datasets {train} splits it by content",
            )
        found.append(grammar.Across(train, test))
    return list(dict.fromkeys(found))


def _names(requests: Sequence[grammar.Request]) -> list[str]:
    names: list[str] = []
    for request in requests:
        names += (
            [request.dataset]
            if isinstance(request, grammar.Within)
            else [request.train, request.test]
        )
    return list(dict.fromkeys(names))
