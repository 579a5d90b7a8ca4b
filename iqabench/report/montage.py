"""Draws pairs of pictures that show the same content, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from iqabench.audit.pairs import Pair, Picture
from iqabench.contract.errors import DataError
from iqabench.data.picture_cache import cached
from iqabench.store.files import write_picture

if TYPE_CHECKING:
    from PIL import Image

SIDE, CAPTION, GAP = 240, 34, 12
"""Pixels: side of a picture's square, height of the text below, distance between pairs."""
ACROSS = 2
"""Most pairs in a row."""
MOST = 100
"""At most this many pairs are drawn: the first ones."""


def montage(pairs: Sequence[Pair], path: Path) -> bool:
    """Write a PNG of the first pairs; without pairs nothing is written and the result is False."""
    from PIL import Image

    if not pairs:
        return False
    drawn = pairs[:MOST]
    columns = min(ACROSS, len(drawn))
    width, height = 2 * SIDE + GAP, SIDE + CAPTION + GAP
    sheet = Image.new("RGB", (columns * width, -(-len(drawn) // columns) * height), "white")
    for number, pair in enumerate(drawn):
        sheet.paste(_drawn(pair), (number % columns * width, number // columns * height))
    write_picture(path, lambda stream: sheet.save(stream, format="PNG"))
    return True


def _drawn(pair: Pair) -> Image.Image:
    from PIL import Image, ImageDraw, ImageFont

    tile = Image.new("RGB", (2 * SIDE, SIDE + CAPTION), "white")
    draw = ImageDraw.Draw(tile)
    font = ImageFont.load_default(12)
    for left, picture in ((0, pair.first), (SIDE, pair.second)):
        small = _thumbnail(picture)
        tile.paste(small, (left + (SIDE - small.width) // 2, (SIDE - small.height) // 2))
        draw.text((left + 4, SIDE + 2), picture.name[-36:], "black", font)
    draw.text((4, SIDE + 18), _words(pair), "dimgrey", font)
    return tile


def _thumbnail(picture: Picture) -> Image.Image:
    from PIL import Image, ImageOps

    try:
        image = Image.fromarray(cached(picture.path, picture.hash).pixels)
    except DataError:
        return Image.new("RGB", (SIDE, SIDE), "lightgrey")
    return ImageOps.contain(image, (SIDE - 4, SIDE - 4))


def _words(pair: Pair) -> str:
    evidence = pair.evidence
    words = [evidence.found_by]
    if evidence.inliers is not None:
        words.append(f"{evidence.inliers} inliers, correlation {evidence.correlation:.2f}")
    if evidence.mirrored:
        words.append("mirrored")
    return "; ".join(words)
