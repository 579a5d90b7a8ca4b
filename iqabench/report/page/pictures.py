"""The thumbnails of the page; their number is limited to keep the file small."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

from iqabench.contract.errors import DataError
from iqabench.contract.progress import Tick
from iqabench.data.picture_cache import cached
from iqabench.data.tables import Dataset
from iqabench.data.thumbnails import thumbnail, webp_url
from iqabench.report.page.panels import Panel, distorted
from iqabench.report.tables import records

MOST = 400
"""Most thumbnails on a page."""
SIDE = 128
"""Pixels of a thumbnail's longer side."""

Key = tuple[str, str]
"""Name and hash of a test set."""
Source = Dataset | str
"""A test set with its files, or the reason why they are not available."""


@dataclass(frozen=True)
class Album:
    """Thumbnails as data URLs, and their test sets and images."""

    thumbnails: tuple[str, ...]
    numbers: Mapping[tuple[Key, str], int]
    """Test set and image -> index of the thumbnail."""
    absent: tuple[tuple[str, str], ...]
    """Test sets without thumbnails, each with the reason."""

    def number(self, panel: Panel, image: str) -> int | None:
        """The index of a picture's thumbnail; None if it has no thumbnail."""
        return self.numbers.get((panel.key, image))

    def captions(self, panel: Panel) -> list[tuple[str, str, str, int | None]]:
        """For each picture in a panel's sample: name, distortion, label, index of its thumbnail."""
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
    """Make thumbnails, up to :data:`MOST`.

    The worst pictures of the models come first, then the sampled pictures of the sets. Models take
    turns, and so do sets.
    """
    sets = {key: source for key, source in sources.items() if isinstance(source, Dataset)}
    absent = tuple((key[0], source) for key, source in sources.items() if isinstance(source, str))
    made: list[str] = []
    numbers: dict[tuple[Key, str], int] = {}
    wanted = [one for one in dict.fromkeys(_wanted(panels)) if one[0] in sets]
    for key, image in wanted:
        if len(made) == MOST:
            break
        try:
            drawn = _thumbnail(sets[key], image)
        except DataError:  # the picture failed for the models too, and the failures list it
            continue
        numbers[key, image] = len(made)
        made.append(drawn)
        tick(len(made), min(MOST, len(wanted)), "thumbnails")
    return Album(tuple(made), numbers, absent)


def _wanted(panels: Sequence[Panel]) -> Iterator[tuple[Key, str]]:
    worst = [[(panel.key, one.image) for one in panel.worst] for panel in panels]
    of_sets = {panel.key: panel for panel in panels}
    sampled = [[(key, image) for image in panel.sample] for key, panel in of_sets.items()]
    for turn in chain(zip_longest(*worst), zip_longest(*sampled)):
        yield from (one for one in turn if one is not None)


def _thumbnail(dataset: Dataset, image: str) -> str:
    pixels = cached(dataset.path(image), dataset.image_hashes[image]).pixels
    return webp_url(thumbnail(pixels, SIDE))
