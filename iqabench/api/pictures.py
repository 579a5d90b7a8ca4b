"""Pictures outside data sets: their Grad-CAM maps and saliency maps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from iqabench.api.jobs import shortened
from iqabench.api.session import Session, in_use, listed
from iqabench.contract.errors import UsageError
from iqabench.protocols.choices import Choices
from iqabench.protocols.requests import ModelRequest

if TYPE_CHECKING:
    from iqabench.contract.cards import ModelCard
    from iqabench.engine.explain import Explanation
    from iqabench.registry import Provider
    from iqabench.report.sheets import Panel

_TITLES = {"groundtruth": "true"}
"""What sheets call a provider's maps, unless by its name."""
Paths = str | Path | Sequence[str | Path]
"""One or several paths of pictures or of folders of pictures."""


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
    ``output`` is the folder of the PNG files; the other arguments are those of
    :func:`iqabench.score_pictures`.
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
    (request,) = loaded(session, [model], set, choices)
    pictures = _pictures(images, session)
    drawn = []
    asked = choices.saliency if choices is not None else None
    provider = session.registry.provider(asked) if asked else request.saliency
    maps = map_of(provider, session.place_of) if provider is not None else None
    title, shown = _titles(request, provider)
    found = explaining.explain(request, maps, pictures, session.store, shown)
    for number, (path, one) in enumerate(zip(pictures, found, strict=True), 1):
        if isinstance(one, Exception):
            yield path, str(one)
            continue
        drawn.append(_panels(one))
        note = _note(one)
        name = output / f"{number:03d}-{path.stem}.png"
        sheet(drawn[-1:], name, title, note)
        yield name, None
    if drawn:
        sheet(drawn, output / "montage.png", title, note)
        yield output / "montage.png", None


def show_saliency(
    images: Paths,
    output: Path | str,
    *,
    provider: str = "spectral-residual",
    session: Session | None = None,
) -> Iterator[tuple[Path, str | None]]:
    """Draw saliency maps of any pictures.

    Each PNG shows a picture, its map, and the map laid over the picture. Maps are scaled to their
    maximum, and small spots are widened.

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
    chosen = session.registry.provider(provider)
    shown = f"saliency: {chosen.card.name}"
    maps = picture_maps(chosen, pictures, session.place_of)
    for number, (path, found) in enumerate(zip(pictures, maps, strict=True), 1):
        if isinstance(found, IqabenchError):
            yield path, found.message
            continue
        name = Path(output) / f"{number:03d}-{path.stem}.png"
        draw(*found, name, path.name, shown)
        yield name, None


def _pictures(images: Paths, session: Session) -> list[Path]:
    """The pictures at the given paths; the session's watcher is told of files that are none."""
    from iqabench.data.picture_files import find_pictures

    given = [images] if isinstance(images, str | Path) else images
    found = find_pictures([Path(image) for image in given])
    if found.note:
        session.watch.say(found.note)
    return found.pictures


def loaded(
    session: Session, models: Sequence[str], set: str | Sequence[str], choices: Choices | None
) -> list[ModelRequest]:
    """Requests for models that are not to be trained.

    Weights that ``choices`` names are those of the models that learn; if none does, they are
    refused.
    """
    chosen = choices or Choices(weights="published")
    cards = [session.registry.model(model.rpartition("=")[2].strip()) for model in models]
    own = chosen.weights in ("train", "published")
    if cards and not own and not any(card.trains for card in cards):
        names = ", ".join(f"'{card.name}'" for card in cards)
        what = "learns nothing: it has" if len(cards) == 1 else "learn nothing: they have"
        raise UsageError(f"{names} {what} no weights but its own", "leave --weights out")
    for card in cards:
        if card.trains and chosen.weights == "train":
            raise UsageError(
                f"--weights train: '{card.name}' is not trained on loose pictures",
                _fitted_hint(session, card),
            )
        if card.trains and own and not card.weights:
            raise UsageError(
                f"no published weights are known for '{card.name}'", _fitted_hint(session, card)
            )
    return session.requests(models, listed(set), chosen)


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
        f"{published}--weights FILE; or fit it by `iqabench run --models {card.name} --datasets "
        "SET`, and then --weights job:ID, which `iqabench show` lists"
    )


def _titles(request: ModelRequest, provider: Provider | None) -> tuple[str, str]:
    """What a sheet is called, and what its provider's map is."""
    if provider is None:
        return request.label, ""
    named = provider.card.name
    return f"{request.label}, saliency: {named}", _TITLES.get(named, named)


def _panels(found: Explanation) -> list[Panel]:
    """The titled panels of a picture's sheet, in order."""
    from iqabench.report.overlay import laid_over, visible_spots

    score = "no score" if found.score != found.score else f"{found.score:.3g}"
    return [
        (f"{found.path.name}: {score}", found.image),
        ("Grad-CAM", laid_over(found.image, found.cam)),
        *((title, visible_spots(plane)) for title, plane in found.maps.items()),
    ]


def _note(found: Explanation) -> str:
    """What bright and dark places of a sheet mean."""
    words = ["Grad-CAM: bright places raise the predicted quality most."]
    if found.maps:
        words.append("Maps: bright places are high, dark ones low; each is scaled to its maximum.")
    if {name.split()[-1] for name in found.maps} & {"low", "high"}:
        words.append("Low and high: the parts of the saliency map below and above a threshold.")
    return " ".join(words)
