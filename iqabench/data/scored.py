"""What scoring pictures gives: a row for each picture and model, and small pictures for a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

CALIBRATED = ("band", "low", "high", "warning")
"""Columns that only calibrated weights fill; tables without such weights leave them out."""


@dataclass(frozen=True)
class PictureScore:
    """The score of a picture that belongs to no data set."""

    path: str
    """The file's path as given, or what the call names a picture in memory."""
    model: str
    score: float | None
    """None where the picture failed."""
    direction: str
    """Whether ``higher`` or ``lower`` is better."""
    error: str | None
    notes: str
    """Notes on the decoding of the picture."""
    band: str | None = None
    """The named band of quality in which the score lies."""
    low: float | None = None
    """The lower end of the score's interval, in its units."""
    high: float | None = None
    warning: str | None = None
    """Why the score may not hold for this picture."""


@dataclass(frozen=True)
class Look:
    """What a page shows of a picture, as WebP files."""

    thumbnail: bytes
    maps: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)
    """Model -> name of a map that it predicts -> the map, transparent where it is low."""


@dataclass(frozen=True)
class Scored:
    """One picture, scored by every model."""

    rows: tuple[PictureScore, ...]
    look: Look | None = None
    """None where no page is made, and where the picture cannot be read."""
