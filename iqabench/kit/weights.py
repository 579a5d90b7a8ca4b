"""Finds, verifies and reads weights: in the weights folder, then a package, then the hub."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.contract.cards import WeightsCard
from iqabench.contract.errors import WeightsError
from iqabench.kit.download import download, sha256
from iqabench.kit.places import shipped_file, weights_dir

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

TIMEOUT = 2.0
"""Seconds to wait for a hub. Without a network, the error must come at once."""


def resolve(card: WeightsCard, otherwise: str = "use --init random") -> Path:
    """The verified file that a card describes. It is downloaded if it is not on this machine.

    Args:
        card: describes the file.
        otherwise: what a user may do without the file; the end of the hint.

    Raises:
        WeightsError: the file cannot be obtained (the hint names the file and its folder), or its
            checksum is wrong.
    """
    place = weights_dir() / card.filename
    shipped = shipped_file(card.package)
    for path in (place, shipped):
        if path is not None and path.is_file():
            _verify(path, card)
            return path
    if not card.url:
        raise WeightsError(
            f"weights '{card.name}' are not on this machine", _place_hint(card, otherwise)
        )
    return _download(card, place, otherwise)


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str] | None]:
    """Tensors and metadata of a safetensors file or a plain torch state dict; unpickles no code.

    Raises:
        WeightsError: the file is neither.
    """
    import torch
    from safetensors import SafetensorError, safe_open

    try:
        if path.suffix == ".safetensors":
            with safe_open(path, "pt") as stored:
                return {key: stored.get_tensor(key) for key in stored.keys()}, stored.metadata()  # noqa: SIM118
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, SafetensorError, RuntimeError, ValueError, EOFError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise WeightsError(
            f"cannot read weights {path}: {reason}",
            "a .safetensors file or a plain torch state dict is wanted",
        ) from error
    except Exception as error:  # weights_only refuses code with its own UnpicklingError
        raise WeightsError(f"{path} holds more than tensors", "save its state_dict()") from error
    for key in ("params", "state_dict", "model"):
        if isinstance(found, dict) and isinstance(found.get(key), dict):
            found = found[key]
    if not isinstance(found, dict) or not all(torch.is_tensor(part) for part in found.values()):
        raise WeightsError(f"{path} holds no state dict", "save its state_dict()")
    return dict(found), None


def load_arrays(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, str] | None]:
    """Arrays and metadata of a safetensors file, or the variables of a MATLAB file (up to v7).

    Raises:
        WeightsError: the file is neither.
    """
    from safetensors import safe_open

    try:
        if path.suffix == ".mat":
            from scipy.io import loadmat

            return {key: value for key, value in loadmat(path).items() if key[:2] != "__"}, None
        with safe_open(path, "np") as stored:
            return {key: stored.get_tensor(key) for key in stored.keys()}, stored.metadata()  # noqa: SIM118
    except Exception as error:  # scipy may raise any error on a damaged file
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise WeightsError(
            f"cannot read weights {path}: {reason}",
            "an estimator's .safetensors file or a MATLAB .mat file is wanted",
        ) from error


def _verify(path: Path, card: WeightsCard) -> None:
    if not card.sha256:
        return
    found = sha256(path)
    if not found.startswith(card.sha256):
        raise WeightsError(
            f"{path} is not what '{card.name}' names: sha256 {found[:16]}, not {card.sha256[:16]}",
            "it is damaged or another version; remove it",
        )


def _download(card: WeightsCard, place: Path, otherwise: str) -> Path:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WeightsError(
            f"cannot write weights into {place.parent}: {error.strerror}", "set $IQABENCH_WEIGHTS"
        ) from error
    part = place.with_name(f".{place.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        download(card.url, part, timeout=TIMEOUT)
        _verify(part, card)
        part.replace(place)
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise WeightsError(
            f"weights '{card.name}' are not on this machine and {card.url} cannot be reached "
            f"({reason})",
            _place_hint(card, otherwise),
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return place


def _place_hint(card: WeightsCard, otherwise: str) -> str:
    checksum = f" (sha256 {card.sha256})" if card.sha256 else ""
    return f"put {card.filename}{checksum} into {weights_dir()}" + (
        f", or {otherwise}" if otherwise else ""
    )
