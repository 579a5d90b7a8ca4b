"""How often the default test tells two models apart where one of them skipped half of the pictures.

    python benchmarks/partial_coverage.py [--draws 2000] [--write]

Labels are standard normal, predictions label + error, bent by a monotone curve that the logistic
can bring back. Half of the pictures are hard: their errors are three times as large, for every
model. 30% of the errors' variance belongs to the content. Two models score 4 images of each of 10
contents, or 25 of each of 16; the second one skips half of the pictures, at random or the hard
ones. Its predictions are

- identical to the first one's;
- unequal, but of equal accuracy: errors of both correlate by 0.6 and are of one distribution, on
  the common pictures, too, because a picture's hardness does not depend on a model's own error.

*before* fits each model's curve to all pictures that it scored itself; *now* both curves are fitted
to the pictures that both scored, as ``iqabench.report.procedures.Pair`` does. Power is measured
with nothing skipped, the second model's errors 1.2 times as large. --write puts the table into
docs/statistics.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from iqabench.report.procedures import Pair
from iqabench.report.scores import Scores
from iqabench.stats.by_content import content_means, content_t
from iqabench.stats.significance import ALPHA

PAGE = Path(__file__).parents[1] / "docs" / "statistics.md"
SHAPES = ((10, 4), (16, 25))
"""Contents, and images of each."""
SPREAD, HARDER, WORSE, TOGETHER, OF_CONTENT, BEND = 0.2, 3.0, 1.2, 0.6, 0.3, 4.0
PREDICTIONS, SKIPPED = ("identical", "unequal"), ("random", "hard")


class Drawn(NamedTuple):
    """Labels, contents, hardness, and predictions of both models, one entry per picture."""

    quality: np.ndarray
    contents: np.ndarray
    hard: np.ndarray
    first: np.ndarray
    second: np.ndarray


def drawn(rng: np.random.Generator, shape: tuple[int, int], factor: float = 1.0) -> Drawn:
    """Two models on one set; ``factor`` is on the second one's errors."""
    contents, images = shape
    quality = rng.normal(size=shape)
    hard = rng.permuted(np.tile(np.arange(images) % 2 == 0, (contents, 1)), axis=1)

    def errors() -> np.ndarray:
        of_content, of_image = rng.normal(size=(contents, 1)), rng.normal(size=shape)
        mixed: np.ndarray = np.sqrt(OF_CONTENT) * of_content + np.sqrt(1 - OF_CONTENT) * of_image
        return mixed

    common, scale = errors(), SPREAD * np.where(hard, HARDER, 1.0)
    predictions = []
    for of_model in (1.0, factor):
        error = np.sqrt(TOGETHER) * common + np.sqrt(1 - TOGETHER) * errors()
        bent = np.clip((quality + of_model * scale * error) / BEND, -0.999, 0.999)
        predictions.append(np.arctanh(bent).ravel())
    names = np.repeat(np.arange(contents).astype(str), images)
    return Drawn(quality.ravel(), names, hard.ravel(), *predictions)


def scores(one: Drawn, prediction: np.ndarray) -> Scores:
    """A model's predictions as reports hold them."""
    everything = np.ones((1, prediction.size), dtype=bool)
    group: Any = SimpleNamespace(mapping="logistic4")
    together = np.zeros(len(one.quality), dtype=int)
    return Scores(group, one.quality, one.contents, together, prediction[None], everything)


def skipping(rng: np.random.Generator, one: Drawn, prediction: np.ndarray, which: str) -> Scores:
    """A model that has no prediction of half of the pictures."""
    gone = one.hard if which == "hard" else rng.permuted(one.hard)
    return scores(one, np.where(gone, np.nan, prediction))


def now(a: Scores, b: Scores) -> float:
    """p of the default test."""
    return float(content_t(Pair(a, b).gaps).p)


def before(a: Scores, b: Scores) -> float:
    """p of the same test if each curve is fitted to all that its model scored."""
    (first,), (second,) = a.fitted(a.scored), b.fitted(b.scored)
    both = np.isfinite(first) & np.isfinite(second)
    squares = (second[both] ** 2, first[both] ** 2)
    means = [content_means(one, a.contents[both]) for one in squares]
    return float(content_t(means[0] - means[1]).p)


WAYS = {"before": before, "now": now}


def share(
    draws: int,
    cell: tuple[int, ...],
    made: Callable[[np.random.Generator], tuple[Scores, Scores]],
) -> dict[str, float]:
    """Share of draws in which each way finds a difference."""
    rng = np.random.default_rng(cell)
    found = dict.fromkeys(WAYS, 0)
    for _ in range(draws):
        pair = made(rng)
        for name, way in WAYS.items():
            found[name] += way(*pair) < ALPHA
    return {name: count / draws for name, count in found.items()}


def size(draws: int, shape: tuple[int, int], predictions: str, which: str) -> dict[str, float]:
    """Share of draws in which two equal models are told apart, one of which skipped pictures."""

    def made(rng: np.random.Generator) -> tuple[Scores, Scores]:
        one = drawn(rng, shape)
        other = one.first if predictions == "identical" else one.second
        return scores(one, one.first), skipping(rng, one, other, which)

    cell = (0, *shape, PREDICTIONS.index(predictions), SKIPPED.index(which))
    return share(draws, cell, made)


def power(draws: int, shape: tuple[int, int]) -> dict[str, float]:
    """Share of draws in which the better model is told from the worse; both scored everything."""

    def made(rng: np.random.Generator) -> tuple[Scores, Scores]:
        one = drawn(rng, shape, WORSE)
        return scores(one, one.first), scores(one, one.second)

    return share(draws, (1, *shape), made)


def highest(draws: int) -> float:
    """The nominal level plus two standard errors of a share of so many draws."""
    return float(ALPHA + 2 * np.sqrt(ALPHA * (1 - ALPHA) / draws))


def rows(draws: int) -> Iterator[tuple[str, list[dict[str, float]]]]:
    """Title of each row and its shares, one for each shape."""
    for predictions in PREDICTIONS:
        for which in SKIPPED:
            title = f"size, {predictions} predictions, {which} pictures skipped"
            yield title, [size(draws, shape, predictions, which) for shape in SHAPES]
    yield "power, nothing skipped", [power(draws, shape) for shape in SHAPES]


def table(draws: int) -> str:
    """The table as Markdown; sizes above :func:`highest` are bold."""
    limit = highest(draws)
    heads = [
        f"{contents} x {images}, {way}" for contents, images in SHAPES for way in ("before", "now")
    ]
    lines = [
        f"{draws} draws each; **bold**: a size above {limit:.3f}, the level plus two standard "
        "errors.",
        "",
        "| contents x images | " + " | ".join(heads) + " |",
        "|---" * (len(heads) + 1) + "|",
    ]
    for title, cells in rows(draws):
        texts = [
            f"**{value:.3f}**" if title.startswith("size") and value > limit else f"{value:.3f}"
            for cell in cells
            for value in cell.values()
        ]
        lines.append(f"| {title} | " + " | ".join(texts) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the table, or put it between the two marks of the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    made = table(asked.draws)
    if not asked.write:
        print(made)
        return
    begin, end = "<!-- table of benchmarks/partial_coverage.py -->\n", "<!-- end of table -->"
    text = PAGE.read_text(encoding="utf-8")
    before_it, rest = text.split(begin)
    PAGE.write_text(before_it + begin + "\n" + made + end + rest.split(end)[1], encoding="utf-8")


if __name__ == "__main__":
    main()
