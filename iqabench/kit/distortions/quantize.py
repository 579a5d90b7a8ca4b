"""Types 6 and 22: too few colours, too few grey levels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from iqabench.kit.distortions.image import FloatImage, from_uint8, to_uint8

Pixels = npt.NDArray[np.uint8]
Counts = npt.NDArray[np.int64]


def color_quantization(image: FloatImage, colors: float, _rng: np.random.Generator) -> FloatImage:
    """Type 6: a palette of `colors` entries fitted to the picture, Floyd-Steinberg dithering."""
    from PIL import Image

    pixels = to_uint8(image)
    palette = minimum_variance_palette(pixels.reshape(-1, 3), round(colors))
    # Pillow fills short palettes up with black, a colour the picture need not have.
    padded = np.concatenate([palette, np.repeat(palette[:1], 256 - len(palette), axis=0)])
    holder = Image.new("P", (1, 1))
    holder.putpalette(padded.tobytes())
    dithered = Image.fromarray(pixels).quantize(palette=holder, dither=Image.Dither.FLOYDSTEINBERG)
    return from_uint8(np.asarray(dithered.convert("RGB")))


def quantization(image: FloatImage, thresholds: float, _rng: np.random.Generator) -> FloatImage:
    """Type 22: all channels cut at `thresholds` Otsu thresholds, common to the three."""
    pixels = to_uint8(image)
    histogram = np.bincount(pixels.ravel(), minlength=256)
    count = min(round(thresholds), int(np.count_nonzero(histogram)) - 1)
    if count < 1:
        return image
    cuts = otsu_thresholds(histogram, count)
    values = np.concatenate([[0], cuts[1:], [255]])
    return from_uint8(values[np.searchsorted(cuts, pixels)])


def minimum_variance_palette(pixels: Pixels, count: int) -> Pixels:
    """Means of at most `count` boxes of colours, (N, 3) -> (count or fewer, 3).

    Starting from one box, the cut of any box that saves most squared error is made next. MATLAB's
    rgb2ind also minimises the variance within boxes; in which order it cuts is unconfirmed.
    """
    boxes = [(pixels, *_best_cut(pixels))]
    while len(boxes) < count:
        worst = max(range(len(boxes)), key=lambda index: boxes[index][1])
        box, gain, axis, level = boxes[worst]
        if gain <= 0:
            break
        lower = box[:, axis] <= level
        parts = box[lower], box[~lower]
        boxes[worst : worst + 1] = [(part, *_best_cut(part)) for part in parts]
    return np.rint([box.mean(axis=0) for box, *_ in boxes]).astype(np.uint8)


def _best_cut(box: Pixels) -> tuple[float, int, int]:
    """The squared error that cutting a box saves, the axis, and the last level below the cut."""
    best = (0.0, 0, 0)
    total = box.sum(axis=0, dtype=np.float64)
    for axis in range(3):
        keys = box[:, axis]
        size = np.cumsum(np.bincount(keys, minlength=256))[:-1]
        sums = [np.bincount(keys, weights=channel, minlength=256) for channel in box.T]
        below = np.cumsum(sums, axis=1)[:, :-1]
        explained = (below**2).sum(axis=0) / np.maximum(size, 1) + (
            (total[:, None] - below) ** 2
        ).sum(axis=0) / np.maximum(len(box) - size, 1)
        level = int(explained.argmax())
        gain = float(explained[level] - (total**2).sum() / len(box))
        best = max(best, (gain, axis, level))
    return best


def otsu_thresholds(histogram: Counts, count: int) -> Counts:
    """The `count` grey levels that split a histogram with the least variance within classes.

    A level belongs to the class below it. Exact, by dynamic programming; MATLAB's multithresh
    searches for the same optimum and may stop short of it.
    """
    cost = _class_costs(histogram)
    best, origins = cost[0], []
    for _ in range(count):
        total = best[:, None] + cost
        origins.append(total.argmin(axis=0))
        best = total.min(axis=0)
    end, ends = len(histogram), []
    for origin in reversed(origins):
        end = int(origin[end])
        ends.append(end - 1)
    return np.array(ends[::-1])


def _class_costs(histogram: Counts) -> FloatImage:
    """Squared deviations within a class of levels i..j-1, at [i, j]; infinite unless i < j."""
    levels = np.arange(len(histogram), dtype=np.float64)
    moments = np.stack([histogram, histogram * levels, histogram * levels**2])
    sums = np.concatenate([np.zeros((3, 1)), np.cumsum(moments, axis=1)], axis=1)
    weight, first, second = sums[:, None, :] - sums[:, :, None]
    cost = second - first**2 / np.maximum(weight, 1)
    size = len(cost)
    return np.where(np.arange(size)[:, None] < np.arange(size), cost, np.inf)
