"""Luma as processors add it up, and pictures that all of them round alike."""

import numpy as np

WEIGHTS = (0.299, 0.587, 0.114)
THOUSANDTHS = (299, 587, 114)


def from_left(images):
    """Each product and each sum rounded to float32, as separate operations do."""
    red, green, blue = _products(images.float())
    return red + green + blue


def from_right(images):
    """The same products, added in reverse."""
    red, green, blue = _products(images.float())
    return blue + green + red


def fused(images):
    """A product is not rounded before it is added, as with fused multiply-add."""
    red, green, blue = images.float().unbind(dim=-3)
    total = WEIGHTS[0] * red
    for weight, channel in zip(WEIGHTS[1:], (green, blue), strict=True):
        exact = float(np.float32(weight)) * channel.double()
        total = (exact + total.double()).float()
    return total


def in_float64(images):
    """Nothing rounded to float32."""
    return sum(_products(images.double()))


LUMAS = {add.__name__: add for add in (from_left, from_right, fused, in_float64)}
"""Functions of RGB images in [0, 1], (..., 3, H, W) -> (..., H, W)."""


def _products(images):
    return [
        weight * channel for weight, channel in zip(WEIGHTS, images.unbind(dim=-3), strict=True)
    ]


def ties(picture, brightest=255_000):
    """Where luma is halfway between two grey levels, or so near that float32 cannot tell.

    Args:
        picture: (H, W, 3) uint8.
        brightest: thousandths of luma that become level 255.
    """
    levels = 255 * (picture @ THOUSANDTHS) / brightest
    return np.abs(levels % 1 - 0.5) < 1e-4


def untied(picture):
    """The picture with a little more or less blue at every tie, (H, W, 3) uint8.

    At ties of PIQE too, which takes the brightest pixel as level 255.
    """
    picture = picture.copy()
    while (tied := ties(picture) | ties(picture, (picture @ THOUSANDTHS).max())).any():
        blue = picture[tied, 2].astype(int)
        picture[tied, 2] = np.where(blue < 255, blue + 1, blue - 1)
    return picture
