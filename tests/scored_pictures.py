"""Scored pictures with everything that a page can show."""

import base64
import io

import numpy as np
from PIL import Image

from iqabench.data.scored import Look, PictureScore, Scored
from iqabench.data.thumbnails import glow, thumbnail

EVIL = "<img src=x onerror=alert(1)>"
BANDS = ("bad", "poor", "fair", "good", "excellent")
COUNT = 30
MODELS = {"net": "higher", "nss": "lower"}


def look(number, maps):
    """A small picture of one colour, and two maps: the left half, and the right."""
    pixels = np.full((60, 80 if number % 3 else 40, 3), (8 * number, 90, 120), np.uint8)
    halves = {"low": slice(None, 20), "high": slice(20, None)}
    planes = {}
    for name, side in halves.items():
        planes[name] = np.zeros((30, 40), np.float32)
        planes[name][:, side] = 1
    made = {name: glow(plane) for name, plane in planes.items()}
    return Look(thumbnail(pixels, 256), {"net": made} if maps else {})


def scored(number, maps=True, bands=True):
    """Picture ``number`` of two models: of the second, a lower score is better."""
    name = f"deep/{EVIL}.png" if number == 3 else f"deep/{number:02d}.png"
    if number == 4:
        rows = [PictureScore(name, m, None, d, "cannot decode", "") for m, d in MODELS.items()]
        return Scored(tuple(rows))
    known = {}
    if bands:
        known = {"band": BANDS[number * 5 // COUNT], "low": number - 2.0, "high": number + 2.0}
        known["warning"] = "rendered text" if number == 5 else None
    first = PictureScore(name, "net", float(number), "higher", None, "turned", **known)
    second = PictureScore(name, "nss", 100.0 + number % 7, "lower", None, "turned")
    return Scored((first, second), look(number, maps))


def pictures():
    """Thirty pictures of two models, the first with maps and bands."""
    return [scored(number) for number in range(COUNT)]


def plain():
    """Three pictures of one model that predicts no maps and has no bands."""
    found = [scored(number, maps=False, bands=False) for number in range(3)]
    return [Scored(one.rows[:1], one.look) for one in found]


def opened(url):
    """The picture of a data URL."""
    return Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))
