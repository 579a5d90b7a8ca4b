"""Scores of any pictures: as a table, as a page, as a differentiable measure, and exported."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from iqabench.api.pictures import loaded
from iqabench.api.session import Session, in_use, listed
from iqabench.contract.errors import UsageError
from iqabench.data.scored import CALIBRATED, PictureScore, Scored
from iqabench.protocols.choices import Choices
from iqabench.protocols.requests import ModelRequest

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray
    from PIL.Image import Image
    from torch import Tensor

    from iqabench.data.given import Given
    from iqabench.engine.judges import Judge
    from iqabench.engine.loaded import Loaded

    Picture = str | Path | Image | NDArray[np.uint8] | NDArray[np.floating[Any]] | Tensor

DEFAULT_MODEL = "biosiqnet-lite"
"""The model that scores pictures where none is named."""
COLUMNS = ("path", "model", "score", "direction", *CALIBRATED, "error", "notes")


@dataclass(frozen=True)
class Scores:
    """The scores of pictures by one or several models."""

    pictures: tuple[Scored, ...]
    """In the order in which they were given, or the best first."""
    models: tuple[str, ...]

    @property
    def rows(self) -> list[PictureScore]:
        """One row for each picture and model."""
        return [row for picture in self.pictures for row in picture.rows]

    @property
    def columns(self) -> list[str]:
        """The columns of :meth:`records`; those of calibrated weights only where a row has any."""
        calibrated = any(row.band is not None for row in self.rows)
        return [name for name in COLUMNS if calibrated or name not in CALIBRATED]

    def sorted(self) -> Scores:
        """The pictures with the first model's best score first and those without one last."""

        def key(picture: Scored) -> tuple[bool, float]:
            first = picture.rows[0]
            score = first.score or 0.0
            return first.score is None, -score if first.direction == "higher" else score

        return Scores(tuple(sorted(self.pictures, key=key)), self.models)

    def records(self) -> list[dict[str, Any]]:
        """The rows as dictionaries. Bytes of a path that are no UTF-8 are escapes."""
        from iqabench.report.neutral import encodable

        columns = self.columns
        return [
            {
                name: encodable(cell) if isinstance(cell := getattr(row, name), str) else cell
                for name in columns
            }
            for row in self.rows
        ]

    def frame(self) -> pd.DataFrame:
        """The rows as a frame."""
        import pandas as pd

        return pd.DataFrame(self.records(), columns=self.columns)

    def page(self, path: str | Path) -> None:
        """Write one self-contained HTML page: pictures by score, predicted saliency, a histogram.

        The pictures are those whose looks were kept (``looks`` of :func:`score_pictures`).

        Raises:
            UsageError: the file cannot be written.
        """
        from iqabench.report import score_page

        score_page.write(Path(path), self.pictures)


def score(
    model: str | Sequence[str] | None,
    images: Picture | Sequence[Picture],
    *,
    reference: str | Path | None = None,
    recursive: bool = False,
    backend: Literal["torch", "onnx"] = "torch",
    set: str | Sequence[str] = (),
    choices: Choices | None = None,
    session: Session | None = None,
) -> pd.DataFrame:
    """Score any pictures with models that need no training, or with existing weights.

    Arguments and errors are those of :func:`score_pictures`.

    Returns:
        One row for each picture and model: ``path``, ``model``, ``score``, ``direction``,
        ``error``, and ``notes`` about how the picture was decoded; where the weights are
        calibrated, also ``band``, ``low``, ``high`` and ``warning``. A picture that cannot be read
        has an ``error`` and no score. Pictures in memory are called ``image 1`` and so on, PIL
        pictures by their files' names. Bytes of a path that are no UTF-8 are escapes, such as
        ``\\udce9``.
    """
    return score_pictures(
        model,
        images,
        reference=reference,
        recursive=recursive,
        backend=backend,
        set=set,
        choices=choices,
        session=session,
    ).frame()


def score_pictures(
    model: str | Sequence[str] | None,
    images: Picture | Sequence[Picture],
    *,
    reference: str | Path | None = None,
    recursive: bool = False,
    backend: Literal["torch", "onnx"] = "torch",
    looks: bool = False,
    set: str | Sequence[str] = (),
    choices: Choices | None = None,
    session: Session | None = None,
) -> Scores:
    """Score pictures as :func:`score`; returns the rows and, for a page, small pictures.

    Args:
        model: a name, several (a list, or separated by commas), or None for :data:`DEFAULT_MODEL`.
        images: one picture or several: paths of pictures and of folders of pictures, PIL pictures,
            arrays (H, W, 3), tensors (3, H, W) or (B, 3, H, W); uint8, or floats in [0, 1].
        reference: for measures that compare: a picture, the reference of all; or a folder of
            references with the pictures' names.
        recursive: whether folders below the given ones are entered.
        backend: ``onnx`` scores without torch, with the exported file ``choices.weights``.
        looks: whether to make the thumbnails and maps that :meth:`Scores.page` shows.
        set: overrides, as in :func:`iqabench.run`.
        choices: ``weights`` is ``published`` (default), a file, or ``job:ID``: a fit job, or a
            predict job that used its weights, by the beginning of its name. The job's options,
            recipe and saliency provider are taken; ``set`` changes them.
        session: the store of the jobs that ``job:ID`` names, device, precision and progress, which
            is told of files in the folders that are no pictures.

    Raises:
        IqabenchError: a model is unknown, its weights cannot be loaded, there is no picture, or a
            model that compares has no references.
    """
    from iqabench.data.given import given
    from iqabench.engine import picture_scores

    session = in_use(session)
    build = (_exported if backend == "onnx" else _requested)(model, set, choices, session)
    pictures, note = given(images, recursive)
    against = _references(build, pictures, reference)
    if note:
        session.watch.say(note)
    judges = [one.judge() for one in build]
    truncated = choices is not None and choices.allow_truncated
    found = picture_scores.score(judges, pictures, against, session.watch, truncated, looks)
    return Scores(tuple(found), tuple(judge.label for judge in judges))


def load(
    model: str,
    *,
    weights: str = "published",
    set: str | Sequence[str] = (),
    session: Session | None = None,
) -> Loaded:
    """A network as an ``nn.Module`` that scores pictures, for instance as a loss.

    It takes float RGB pictures in [0, 1], (B, 3, H, W), and returns scores, (B,), as
    ``iqabench score`` gives them: with the same crops and on the same scale. It stays in evaluation
    mode, its weights are fixed, and gradients reach the pictures. Its attribute ``direction`` says
    whether ``higher`` or ``lower`` scores are better.

    Args:
        model: the name of a network.
        weights: ``published``, a file, or ``job:ID``.
        set: overrides, as in :func:`iqabench.run`.
        session: the store of the jobs that ``job:ID`` names, and the device.

    Raises:
        IqabenchError: the model is unknown or no network, or its weights cannot be loaded.
    """
    from iqabench.engine.loaded import Loaded

    session = in_use(session)
    (request,) = loaded(session, [model], set, Choices(weights=weights))
    return Loaded(request, session.store)


def export_onnx(
    model: str,
    output: str | Path,
    *,
    set: str | Sequence[str] = (),
    choices: Choices | None = None,
    session: Session | None = None,
) -> dict[str, Any]:
    """Write a network with its weights as an ONNX file, which ``backend="onnx"`` scores with.

    The file is compared with the network before it gets its name. It takes pictures in [0, 1] of
    any number and, if the network does, of any size; its metadata hold what scoring needs.
    Arguments are those of :func:`score_pictures`.

    Returns:
        The metadata.

    Raises:
        IqabenchError: the model is unknown or no network, its weights cannot be loaded, or it
            cannot be exported.
    """
    from iqabench.engine import onnx_export

    session = in_use(session)
    (request,) = loaded(session, [model], set, choices)
    return onnx_export.export(request, session.store, Path(output)).model_dump(mode="json")


def _names(model: str | Sequence[str] | None) -> list[str]:
    """Single names of models."""
    given = listed(DEFAULT_MODEL if model is None else model)
    return [name.strip() for text in given for name in text.split(",") if name.strip()]


@dataclass(frozen=True)
class _Wanted:
    """A model that is to score; it is built after the pictures were found."""

    label: str
    full_reference: bool
    judge: Callable[[], Judge]


def _requested(
    model: str | Sequence[str] | None,
    set: str | Sequence[str],
    choices: Choices | None,
    session: Session,
) -> list[_Wanted]:
    """The models in torch."""
    if choices is not None and choices.weights.endswith(".onnx"):
        raise UsageError(
            f"{choices.weights} is an exported network", "--backend onnx scores with it"
        )

    def wanted(request: ModelRequest) -> _Wanted:
        def judge() -> Judge:
            from iqabench.engine.torch_judge import TorchJudge

            return TorchJudge(request, session.store)

        return _Wanted(request.label, request.card.full_reference, judge)

    return [wanted(request) for request in loaded(session, _names(model), set, choices)]


def _exported(
    model: str | Sequence[str] | None,
    set: str | Sequence[str],
    choices: Choices | None,
    session: Session,
) -> list[_Wanted]:
    """The exported network that ``choices.weights`` names."""
    from iqabench.engine.onnx_judge import OnnxJudge

    weights = choices.weights if choices is not None else "published"
    if weights in ("published", "train") or weights.startswith("job:"):
        raise UsageError(
            "--backend onnx scores with an exported file",
            "`iqabench export MODEL -o model.onnx`, and then --weights model.onnx",
        )
    if listed(set) or (choices is not None and choices.saliency) or session.precision != "fp32":
        raise UsageError(
            "an exported network has its options, recipe and precision",
            "leave --set, --saliency and --precision out, or export it again with them",
        )
    judge = OnnxJudge(Path(weights))
    names = [judge.label] if model is None else _names(model)
    if names != [judge.label]:
        raise UsageError(
            f"{weights} holds {judge.label}, not {', '.join(names)}", "leave the model out"
        )
    return [_Wanted(judge.label, False, lambda: judge)]


def _references(
    models: Sequence[_Wanted], pictures: Sequence[Given], reference: str | Path | None
) -> list[Given] | None:
    comparing = [one.label for one in models if one.full_reference]
    if comparing and reference is None:
        raise UsageError(
            f"'{comparing[0]}' compares pictures with references",
            "--reference FILE, or FOLDER with files of the same names",
        )
    if reference is None:
        return None
    if not comparing:
        names = ", ".join(one.label for one in models)
        raise UsageError(f"{names} needs no reference", "leave --reference out")
    from iqabench.data.pairing import references

    return references(pictures, Path(reference))
