"""What identifies a saliency provider, and the maps it computes of single pictures, checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from iqabench.contract.errors import ScoreError, UsageError
from iqabench.registry import Provider
from iqabench.store.fingerprints import plugin

if TYPE_CHECKING:
    from torch import Tensor

SHORT = 8
"""Letters of a hash that stand for a file in a label."""
ROUNDING = 2.0**-12
"""A maximum that is off 1 by no more than this is 1 in float16."""


def identity(provider: Provider) -> dict[str, Any]:
    """What the user chose, as plain JSON: name and options, files and folders by content."""
    found: dict[str, Any] = {"provider": provider.card.name}
    options = dict(_options(provider))
    if options:
        found["options"] = options
    if provider.of is not None:
        found["of"] = identity(provider.of)
    return found


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
    """Options as plain JSON, but for the provider whose maps are permuted."""
    if provider.options is not None:
        for key, plain in provider.options.model_dump(mode="json").items():
            if provider.of is None or key != "of":
                yield key, provider.contents.get(key, plain)


def source(provider: Provider) -> dict[str, str]:
    """Name and source hash of the package that computes or reads the maps."""
    factory = (provider.of or provider).card.factory
    return plugin(factory) if factory else {}


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

        with torch.inference_mode():
            found = built.saliency(image[None])
        return checked(found, provider, tuple(image.shape[-2:]))[0]

    return compute


def checked(maps: Tensor, provider: Provider, size: tuple[int, ...]) -> Tensor:
    """The only map of a picture of that size, (1, 1, H, W).

    Raises:
        ScoreError: it has another shape, or values that are no saliency.
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
