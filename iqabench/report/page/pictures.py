"""The small pictures of the page, at most so many that it stays small."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

from iqabench.contract.errors import DataError
from iqabench.data.pixels import cached
from iqabench.data.tables import Dataset, Tick
from iqabench.report.page.panels import Panel, distorted
from iqabench.report.tables import records

MOST = 400
"""Thumbnails on a page."""
SIDE = 128
"""Pixels of a thumbnail's longer side."""
QUALITY = 60
"""Of WebP."""

Key = tuple[str, str]
"""Name and hash of a test set."""
Source = Dataset | str
"""A test set's files, or why they are not at hand."""


@dataclass(frozen=True)
class Album:
    """Thumbnails as data URLs, and whose they are."""

    thumbnails: tuple[str, ...]
    numbers: Mapping[tuple[Key, str], int]
    """Place among the thumbnails, by test set and image."""
    absent: tuple[tuple[str, str], ...]
    """Test sets without pictures, and why."""

    def number(self, panel: Panel, image: str) -> int | None:
        """The place of a picture's thumbnail, None if it has none."""
        return self.numbers.get((panel.key, image))

    def captions(self, panel: Panel) -> list[tuple[str, str, str, int | None]]:
        """Of each picture in a panel's sample: name, distortion, label and thumbnail."""
        table = panel.group.table.set_index("image").loc[list(panel.sample)].reset_index()
        return [
            (
                name := one["image"],
                distorted(one),
                f"{one['quality']:.4g}",
                self.number(panel, name),
            )
            for one in records(table)
        ]


def album(sources: Mapping[Key, Source], panels: Sequence[Panel], tick: Tick) -> Album:
    """Thumbnails of the worst pictures of every model, then of sampled ones of each set in turn."""
    sets = {key: source for key, source in sources.items() if isinstance(source, Dataset)}
    absent = tuple((key[0], source) for key, source in sources.items() if isinstance(source, str))
    made: list[str] = []
    numbers: dict[tuple[Key, str], int] = {}
    wanted = [one for one in dict.fromkeys(_wanted(panels)) if one[0] in sets]
    for key, image in wanted:
        if len(made) == MOST:
            break
        try:
            thumbnail = _thumbnail(sets[key], image)
        except DataError:  # it failed for the models too, and is named among the failures
            continue
        numbers[key, image] = len(made)
        made.append(thumbnail)
        tick(len(made), min(MOST, len(wanted)), "thumbnails")
    return Album(tuple(made), numbers, absent)


def _wanted(panels: Sequence[Panel]) -> Iterator[tuple[Key, str]]:
    worst = [[(panel.key, one.image) for one in panel.worst] for panel in panels]
    of_sets = {panel.key: panel for panel in panels}
    sampled = [[(key, image) for image in panel.sample] for key, panel in of_sets.items()]
    for turn in chain(zip_longest(*worst), zip_longest(*sampled)):
        yield from (one for one in turn if one is not None)


def _thumbnail(dataset: Dataset, image: str) -> str:
    from PIL import Image

    picture = Image.fromarray(cached(dataset.root / image, dataset.image_hashes[image]).pixels)
    picture.thumbnail((SIDE, SIDE))
    stream = io.BytesIO()
    picture.save(stream, "WEBP", quality=QUALITY)
    return "data:image/webp;base64," + base64.b64encode(stream.getvalue()).decode()
