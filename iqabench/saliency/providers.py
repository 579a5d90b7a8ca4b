"""The identity of a saliency provider, and the maps that it computes of single pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from iqabench.contract.errors import ScoreError, UsageError
from iqabench.kit.foreign import staying
from iqabench.registry import Provider
from iqabench.store.behaviour import Part
from iqabench.store.code import code_of
from iqabench.store.records import Code, ProviderIdentity

if TYPE_CHECKING:
    from torch import Tensor

SHORT = 8
"""A label shows a file by this many digits of its hash."""
ROUNDING = 2.0**-12
"""A maximum that differs from 1 by at most this is 1 in float16."""


def identity(provider: Provider) -> ProviderIdentity:
    """The user's choice: name and options. Hashes of contents stand for files and folders."""
    return ProviderIdentity(
        provider=provider.card.name,
        options=dict(_options(provider)),
        of=identity(provider.of) if provider.of is not None else None,
    )


def label(provider: Provider) -> str:
    """The provider as tables show it: NAME, and the options that are not the default.

    Files and folders are shown by the beginning of their hash.
    """
    fields = type(provider.options).model_fields if provider.options is not None else {}
    parts = [provider.card.name]
    for key, value in _options(provider):
        if key in provider.contents:
            parts.append(f"{key}={value[:SHORT]}")
        elif getattr(provider.options, key) != fields[key].default:
            shown = ",".join(map(str, value)) if isinstance(value, list) else value
            parts.append(f"{key}={shown}")
    if provider.of is not None:
        parts.append(f"of={label(provider.of)}")
    return ":".join(parts)


def _options(provider: Provider) -> Iterator[tuple[str, Any]]:
    """Options as plain JSON, without ``of``, the provider whose maps are permuted."""
    if provider.options is not None:
        for key, plain in provider.options.model_dump(mode="json").items():
            if provider.of is None or key != "of":
                yield key, provider.contents.get(key, plain)


def code(provider: Provider) -> Code:
    """The identity of the code that computes or reads the provider's maps."""
    parts: tuple[Part, ...] = ("decoding",)
    if provider.of is not None:
        parts, provider = (*parts, "permutation"), provider.of
    card = provider.card
    requires = [card.requires] if card.requires else []
    return code_of(card.factory or "", card.behaviour, parts, requires)


def computing(provider: Provider) -> Callable[[Tensor], Tensor]:
    """A function that computes the map of one picture, (3, H, W) in [0, 1] -> (1, H, W).

    Raises:
        UsageError: the provider needs a data set.
    """
    if provider.card.kind != "computed":
        raise UsageError(
            f"saliency provider '{provider.card.name}' has maps of data sets' pictures only",
            "name one that computes them, such as spectral-residual",
        )
    built = provider.build()

    def compute(image: Tensor) -> Tensor:
        import torch

        with torch.inference_mode(), staying():
            found = built.saliency(image[None])
        return checked(found, provider, tuple(image.shape[-2:]))[0]

    return compute


def checked(maps: Tensor, provider: Provider, size: tuple[int, ...]) -> Tensor:
    """Check a provider's map of one picture of the size (H, W); returns the map, (1, 1, H, W).

    Raises:
        ScoreError: the map has another shape, or is not in [0, 1] with maximum 1.
    """
    wrong = ""
    if tuple(maps.shape) != (1, 1, *size):
        wrong = f"of shape {tuple(maps.shape)} for a picture of {size[0]}x{size[1]}"
    else:
        low, high = (float(value) for value in maps.aminmax())
        if not (low >= 0 and abs(high - 1) <= ROUNDING):  # NaN fails, too
            wrong = f"from {low:.6g} to {high:.6g}"
    if wrong:
        raise ScoreError(
            f"saliency provider '{provider.card.name}' returned a map {wrong}",
            "a provider returns (B, 1, H, W), finite, in [0, 1] with maximum 1",
        )
    return maps
