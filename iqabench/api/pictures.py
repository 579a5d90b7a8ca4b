"""Pictures outside data sets: their scores, Grad-CAM maps and saliency maps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from iqabench.api.jobs import shortened
from iqabench.api.session import Session, in_use, listed
from iqabench.contract.errors import UsageError
from iqabench.protocols.requests import Choices, ModelRequest

if TYPE_CHECKING:
    import pandas as pd

    from iqabench.contract.cards import ModelCard
    from iqabench.engine.explain import Explanation
    from iqabench.report.sheets import Panel

_TITLES = {"groundtruth": "true"}
"""What sheets call a provider's maps, unless by its name."""
Paths = str | Path | Sequence[str | Path]
"""One or several paths of pictures or of folders of pictures."""


def score(
    model: str,
    images: Paths,
    *,
    set: str | Sequence[str] = (),
    choices: Choices | None = None,
    session: Session | None = None,
) -> pd.DataFrame:
    """Score any pictures with a model that needs no training, or with existing weights.

    Args:
        model: a model's name.
        images: pictures, and folders of pictures.
        set: overrides, as in :func:`iqabench.run`.
        choices: ``weights`` is ``published`` (default), a file, or ``job:ID``: a fit job, or a
            predict job that used its weights, by the beginning of its name. The job's options,
            recipe and saliency provider are taken; ``set`` changes them.
        session: the store of the jobs that ``job:ID`` names, device, precision and progress, which
            is told of files in the folders that are no pictures.

    Returns:
        One row per picture: ``path``, ``score``, ``direction``, ``error``, and ``notes`` about how
        the picture was decoded. A picture that cannot be read has an ``error`` and no score. Bytes
        of a path that are no UTF-8 are escapes, such as ``\\udce9``.

    Raises:
        IqabenchError: the model is unknown, its weights cannot be loaded, or there is no picture.
    """
    import pandas as pd

    from iqabench.engine import picture_scores
    from iqabench.report.neutral import encodable

    session = in_use(session)
    request = _loaded(session, model, set, choices)
    if request.card.full_reference:
        raise UsageError(
            f"'{model}' compares pictures with references", "run it on a data set that has them"
        )
    provider = request.saliency if request.card.saliency == "input" else None
    pictures = _pictures(images, session)
    rows = picture_scores.score(request, provider, pictures, session.store, session.watch)
    columns = ["path", "score", "direction", "error", "notes"]
    cells = (
        {key: encodable(cell) if isinstance(cell, str) else cell for key, cell in vars(row).items()}
        for row in rows
    )
    return pd.DataFrame(list(cells), columns=columns)


def explain(
    model: str,
    images: Paths,
    output: Path | str,
    *,
    set: str | Sequence[str] = (),
    choices: Choices | None = None,
    session: Session | None = None,
) -> Iterator[tuple[Path, str | None]]:
    """Draw the parts of pictures that a network looks at: Grad-CAM and saliency maps.

    Writes a PNG sheet per picture, and ``montage.png`` with all pictures: the picture, Grad-CAM,
    the saliency provider's map and, beside each map that the network predicts, the true one.
    ``output`` is the folder of the PNG files; the other arguments are those of :func:`score`.
    ``choices.saliency`` may name any provider, such as ``groundtruth``: one that reads maps is
    asked for those of the data set in whose folder a picture lies.

    Yields:
        The path of a written file, and None; or the path of a picture that failed, and the reason.

    Raises:
        IqabenchError: the model is unknown or no network, its weights cannot be loaded, or there
            is no picture.
    """
    from iqabench.engine import explain as explaining
    from iqabench.report.sheets import sheet
    from iqabench.saliency.picture_maps import map_of

    session, output = in_use(session), Path(output)
    request = _loaded(session, model, set, choices)
    pictures = _pictures(images, session)
    drawn = []
    named = choices.saliency if choices is not None else None
    provider = session.registry.provider(named) if named else request.saliency
    maps = map_of(provider, session.place_of) if provider is not None else None
    title = "" if provider is None else _TITLES.get(provider.card.name, provider.card.name)
    found = explaining.explain(request, maps, pictures, session.store, title)
    for number, (path, one) in enumerate(zip(pictures, found, strict=True), 1):
        if isinstance(one, Exception):
            yield path, str(one)
            continue
        drawn.append(_panels(one))
        name = output / f"{number:03d}-{path.stem}.png"
        sheet(drawn[-1:], name, request.label)
        yield name, None
    if drawn:
        sheet(drawn, output / "montage.png", request.label)
        yield output / "montage.png", None


def show_saliency(
    images: Paths,
    output: Path | str,
    *,
    provider: str = "spectral-residual",
    session: Session | None = None,
) -> Iterator[tuple[Path, str | None]]:
    """Draw saliency maps of any pictures.

    Each PNG shows a picture, its map, and the map laid over the picture.

    Args:
        images: pictures, and folders of pictures.
        output: the folder of the PNG files.
        provider: the saliency provider, ``NAME[:KEY=VALUE...]``.
        session: plugins, and the watcher that is told of files that are no pictures.

    Yields:
        The path of a written file, and None; or the path of a picture that failed, and the reason.

    Raises:
        IqabenchError: the provider is unknown, or there is no picture.
    """
    from iqabench.contract.errors import IqabenchError
    from iqabench.report.overlay import draw
    from iqabench.saliency.picture_maps import picture_maps

    session = in_use(session)
    pictures = _pictures(images, session)
    maps = picture_maps(session.registry.provider(provider), pictures, session.place_of)
    for number, (path, found) in enumerate(zip(pictures, maps, strict=True), 1):
        if isinstance(found, IqabenchError):
            yield path, found.message
            continue
        name = Path(output) / f"{number:03d}-{path.stem}.png"
        draw(*found, name)
        yield name, None


def _pictures(images: Paths, session: Session) -> list[Path]:
    """The pictures at the given paths; the session's watcher is told of files that are none."""
    from iqabench.data.picture_files import find_pictures

    given = [images] if isinstance(images, str | Path) else images
    found = find_pictures([Path(image) for image in given])
    if found.note:
        session.watch.say(found.note)
    return found.pictures


def _loaded(
    session: Session, model: str, set: str | Sequence[str], choices: Choices | None
) -> ModelRequest:
    """A request for a model that is not to be trained."""
    chosen = choices or Choices(weights="published")
    card = session.registry.model(model.rpartition("=")[2].strip())
    own = chosen.weights in ("train", "published")
    if not card.trains and not own:
        raise UsageError(
            f"'{card.name}' learns nothing: it has no weights but its own", "leave --weights out"
        )
    if card.trains and chosen.weights == "train":
        raise UsageError(
            f"--weights train: '{card.name}' is not trained on loose pictures",
            _fitted_hint(session, card),
        )
    if card.trains and own and not card.weights:
        raise UsageError(
            f"no published weights are known for '{card.name}'", _fitted_hint(session, card)
        )
    return session.requests([model], listed(set), chosen)[0]


def _fitted_hint(session: Session, card: ModelCard) -> str:
    """Weights that score loose pictures: of a job that fitted the model, or how to make one."""
    from iqabench.store.records import FitIdentity

    published = "--weights published, or " if card.weights else ""
    fits = [
        job
        for job in session.store.jobs()
        if job.done
        and isinstance(job.record.identity, FitIdentity)
        and job.record.identity.model.model == card.name
    ]
    if fits:
        last = max(fits, key=lambda job: job.record.began)
        name = shortened([job.fingerprint for job in session.store.jobs()])[last.fingerprint]
        return f"{published}--weights job:{name} ({last.record.title}); `iqabench show` lists jobs"
    return (
        f"{published}--weights FILE; or fit it, `iqabench run --models {card.name}`, and then "
        "--weights job:ID, which `iqabench show` lists"
    )


def _panels(found: Explanation) -> list[Panel]:
    """The titled panels of a picture's sheet, in order."""
    score = "no score" if found.score != found.score else f"{found.score:.3g}"
    return [
        (f"{found.path.name}: {score}", found.image),
        ("Grad-CAM", found.cam),
        *found.maps.items(),
    ]
