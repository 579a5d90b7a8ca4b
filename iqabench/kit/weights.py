"""Finds, verifies and reads weights.

They are sought in the weights folder, in a package, among the files that torch, pyiqa and CLIP
downloaded earlier, and on the hub.
"""

from __future__ import annotations

import pickletools
import re
import uuid
import zipfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.contract.cards import WeightsCard
from iqabench.contract.errors import WeightsError
from iqabench.kit import libsvm
from iqabench.kit.download import download, sha256
from iqabench.kit.matlab import variables
from iqabench.kit.places import earlier_downloads, hub_folder, shipped_file, weights_dir

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

ARRAYS = "an estimator's .safetensors, MATLAB's .mat or LIBSVM's text file is wanted"
REPOSITORY = re.compile(r"https://huggingface\.co/([^/]+)/([^/]+)")
"""The address of a whole repository, which a library downloads."""
SCALE = "scale"
"""The entry of a file's metadata that says in which units a fit of iqabench learnt the labels."""
SHOWN = 3
"""An error shows at most this many names of entries."""
TENSORS = "a .safetensors file or a plain torch state dict is wanted"
_fetches: ContextVar[bool] = ContextVar("fetches", default=True)
TIMEOUT = 2.0
"""Seconds to wait for a hub. Without a network, the error must come at once."""


class NotFetched(WeightsError):
    """Weights that are not on this machine, where nothing is downloaded."""

    def __init__(self, card: WeightsCard, hint: str) -> None:
        super().__init__(f"weights '{card.name}' are not on this machine", hint)
        self.card = card


@contextmanager
def nothing_fetched() -> Iterator[None]:
    """A context in which :func:`resolve` raises :class:`NotFetched` in place of a download."""
    token = _fetches.set(False)
    try:
        yield
    finally:
        _fetches.reset(token)


def resolve(card: WeightsCard, otherwise: str = "use --init random") -> Path:
    """The verified file that a card describes. It is downloaded if it is not on this machine.

    Args:
        card: describes the file.
        otherwise: what a user may do without the file; the end of the hint.

    Raises:
        WeightsError: the file cannot be obtained (the hint names the file and its folder), or its
            checksum is wrong.
    """
    for place in _own_places(card):
        if place.is_file():
            _verify(place, card)
            return place
    for place in _earlier_places(card):
        # Another program wrote it, perhaps not to its end; then it is downloaded again.
        if place.is_file() and _differs(place, card) is None:
            return place
    if not card.url:
        raise WeightsError(
            f"weights '{card.name}' are not on this machine", _place_hint(card, otherwise)
        )
    if not _fetches.get():
        raise NotFetched(card, _place_hint(card, otherwise))
    return _download(card, weights_dir() / card.filename, otherwise)


def is_here(card: WeightsCard) -> bool:
    """Whether the file or repository that a card describes is on this machine.

    Checksums are not compared.
    """
    repository = REPOSITORY.fullmatch(card.url)
    if repository is not None:
        folder = hub_folder() / "models--{}--{}".format(*repository.groups())
        return (folder / "snapshots").is_dir()
    return any(place.is_file() for place in (*_own_places(card), *_earlier_places(card)))


def download_text(size: int) -> str:
    """The size of a download in brackets, after a space; empty for 0, which is not known.

    >>> download_text(18_000_000)
    ' (18.0 MB)'
    """
    return f" ({size / 1e6:.1f} MB)" if size else ""


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str] | None]:
    """Tensors and metadata of a safetensors file or a plain torch state dict; unpickles no code.

    Raises:
        WeightsError: the file is neither.
    """
    import torch
    from safetensors import SafetensorError, safe_open

    _check_readable(path)
    try:
        if path.suffix == ".safetensors":
            with safe_open(path, "pt") as stored:
                return {key: stored.get_tensor(key) for key in stored.keys()}, stored.metadata()  # noqa: SIM118
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, SafetensorError, RuntimeError, ValueError, EOFError) as error:
        raise WeightsError(f"{path} is no weights file: {_reason(error)}", TENSORS) from error
    except Exception as error:  # weights_only refuses code, and garbage, with an UnpicklingError
        if not _is_pickle(path):
            raise WeightsError(f"{path} is no weights file", TENSORS) from error
        raise WeightsError(f"{path} holds more than tensors", "save its state_dict()") from error
    for key in ("params", "state_dict", "model"):
        if isinstance(found, dict) and isinstance(found.get(key), dict):
            found = found[key]
    if not isinstance(found, dict) or not all(torch.is_tensor(part) for part in found.values()):
        raise WeightsError(f"{path} holds no state dict", "save its state_dict()")
    return dict(found), None


def load_arrays(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, str] | None]:
    """Arrays and metadata of a safetensors file, the variables of a MATLAB file (up to v7), or the
    arrays of a LIBSVM regression.

    Raises:
        WeightsError: the file is none of these.
    """
    from safetensors import safe_open

    _check_readable(path)
    try:
        if _begins(path, libsvm.BEGINNING):
            return libsvm.arrays(path), None
        if path.suffix == ".mat":
            return variables(path.read_bytes(), flat=False), None
        with safe_open(path, "np") as stored:
            return {key: stored.get_tensor(key) for key in stored.keys()}, stored.metadata()  # noqa: SIM118
    except WeightsError:
        raise
    except Exception as error:  # a damaged file may raise any error
        raise WeightsError(f"{path} is no weights file: {_reason(error)}", ARRAYS) from error


def metadata(path: Path) -> dict[str, str]:
    """The metadata of a safetensors file; none of any other file."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "np") as stored:
            return stored.metadata() or {}
    except (OSError, SafetensorError):
        return {}


def listed(names: Collection[str]) -> str:
    """At most three of the names, and how many more there are.

    >>> listed(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    first, more = list(names)[:SHOWN], len(names) - SHOWN
    return ", ".join(first) + (f" and {more} more" if more > 0 else "")


def _check_readable(path: Path) -> None:
    try:
        path.open("rb").close()
    except OSError as error:
        raise WeightsError(f"cannot read weights {path}: {error.strerror}", TENSORS) from error


def _begins(path: Path, beginning: bytes) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(beginning)) == beginning


def _reason(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def _is_pickle(path: Path) -> bool:
    """Whether a file is a whole pickle, or an archive of torch that holds one; it is not run."""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                inside = next(name for name in archive.namelist() if name.endswith("data.pkl"))
                content = archive.read(inside)
        else:
            content = path.read_bytes()
        return sum(1 for _ in pickletools.genops(content)) > 1
    except Exception:  # pickletools may raise any error on what is no pickle
        return False


def _own_places(card: WeightsCard) -> tuple[Path, ...]:
    shipped = shipped_file(card.package)
    return (weights_dir() / card.filename, *([shipped] if shipped is not None else []))


def _earlier_places(card: WeightsCard) -> list[Path]:
    name = card.url.rpartition("/")[2]
    return [folder / name for folder in earlier_downloads()] if name else []


def _verify(path: Path, card: WeightsCard) -> None:
    found = _differs(path, card)
    if found is not None:
        raise WeightsError(
            f"{path} is not what '{card.name}' names: sha256 {found[:16]}, not {card.sha256[:16]}",
            "it is damaged or another version; remove it",
        )


def _differs(path: Path, card: WeightsCard) -> str | None:
    """The checksum of a file, if it is not the one on the card; else None."""
    found = sha256(path) if card.sha256 else ""
    return None if found.startswith(card.sha256) else found


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
