"""How often each significance test finds a difference: its size where there is none, its power.

    python benchmarks/significance.py [--repetitions 4000] [--closely 24000] [--write]

Two models score 25 images of each of 6, 16 or 30 contents (150, 400, 750 images). Labels are
standard normal, predictions label + error, and errors of both models correlate by 0.6. Where there
is no difference PLCC is 0.960 for both; power is against 0.9425. Errors are

- independent: of images only;
- clustered: 30% of their variance belongs to the content;
- heavy: clustered, both parts of Student's t with 5 degrees of freedom, common to both models;
- uneven: as large for both models, but only one model's are clustered.

Correlations are of raw predictions. For everything else the predictions are bent by a monotone
curve and brought back by the fitted logistic, as reports do; "raw" residuals are not bent. Ten runs
share 70% of the variance of their errors. The size of the default is then measured again, by
--closely repetitions with other seeds. --write puts the tables into docs/statistics.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from iqabench.cli.progress import RichWatcher
from iqabench.stats import by_content, correlated, residuals, variances
from iqabench.stats.logistic import LogisticFitError, fit_logistic
from iqabench.stats.significance import ALPHA

PAGE = Path(__file__).parents[1] / "docs" / "statistics.md"
CONTENTS, IMAGES, RUNS = (6, 16, 30), 25, 10
BETTER, WORSE = 0.960, 0.9425
TOGETHER, SHARED_BY_RUNS = 0.6, 0.7
CHUNK, RESAMPLES, BEND = 250, 1000, 4.0
DESIGNS: dict[str, tuple[tuple[float, float], int | None]] = {
    "independent": ((0.0, 0.0), None),
    "clustered": ((0.3, 0.3), None),
    "heavy": ((0.3, 0.3), 5),
    "uneven": ((0.0, 0.3), None),
}
"""Share of the content in both models' variance, and degrees of freedom of heavy tails."""
MAIN = ("independent", "clustered")
"""Designs whose power is measured, and for which the default's size is measured closely."""
DEFAULT = "`content-t` (default)"
Arrays = dict[str, Any]
TESTS: dict[str, Callable[[Arrays], Any]] = {
    DEFAULT: lambda x: by_content.content_t(x["square"].mean(-1)).p,
    "`sign-flip`": lambda x: by_content.sign_flip(x["square"].mean(-1), flips=1999).p,
    "t over images, squared errors": lambda x: by_content.content_t(flat(x["square"])).p,
    "bootstrap of contents, ΔPLCC": lambda x: x["bootstrap"],
    "`williams`": lambda x: correlated.williams(*x["plcc"], x["n"]).p,
    "`steiger`": lambda x: correlated.steiger(*x["plcc"], x["n"]).p,
    "`meng`": lambda x: correlated.meng(*x["plcc"], x["n"]).p,
    "`fisher`": lambda x: correlated.fisher(*x["plcc"][:2], x["n"]).p,
    "`steiger-srocc`": lambda x: correlated.steiger(*x["srocc"], x["n"], ranks=True).p,
    "`meng-srocc`": lambda x: correlated.meng(*x["srocc"], x["n"], ranks=True).p,
    "`fisher-srocc`": lambda x: correlated.fisher(*x["srocc"][:2], x["n"], ranks=True).p,
    "`pitman-morgan`": lambda x: variances.pitman_morgan(*x["fitted"]).p,
    "`f`": lambda x: variances.variance_ratio(*x["fitted"]).p,
    "`paper`, variants, raw": lambda x: paper(x["raw"], True),
    "`paper`, variants, raw, 10 runs": lambda x: paper(x["runs"], True),
    "`paper`, variants, fitted": lambda x: paper(x["fitted"], True),
    "`paper`, models, raw": lambda x: paper(x["raw"], False),
    "`paper`, models, raw, 10 runs": lambda x: paper(x["runs"], False),
    "`paper`, models, fitted": lambda x: paper(x["fitted"], False),
}


def flat(values: np.ndarray) -> np.ndarray:
    """(R, contents, images) -> (R, n)."""
    return values.reshape(len(values), -1)


def paper(pair: Any, variants: bool) -> np.ndarray:
    """p of the paper's procedure."""
    return residuals.pooled_residuals(*pair, variants=variants).p


def errors(
    rng: np.random.Generator, shape: tuple[int, ...], design: str, worse: bool
) -> list[np.ndarray]:
    """Errors of both models, (..., contents, images)."""
    shares, freedom = DESIGNS[design]

    def part(size: tuple[int, ...]) -> list[np.ndarray]:
        common = rng.normal(size=size)
        tails = 1.0
        if freedom is not None:
            tails = np.sqrt((freedom - 2) / rng.chisquare(freedom, size=size))
        return [
            tails * (np.sqrt(TOGETHER) * common + np.sqrt(1 - TOGETHER) * rng.normal(size=size))
            for _ in shares
        ]

    content, image = part((*shape[:-1], 1)), part(shape)
    spreads = [np.sqrt(1 / plcc**2 - 1) for plcc in (BETTER, WORSE if worse else BETTER)]
    return [
        spread * (np.sqrt(share) * of_content + np.sqrt(1 - share) * of_image)
        for spread, share, of_content, of_image in zip(spreads, shares, content, image, strict=True)
    ]


def fitted(prediction: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Residuals after the logistic, (R, n), of predictions bent by a curve that it can undo."""
    bent = np.arctanh(np.clip(prediction / BEND, -0.999, 0.999))
    out = np.empty_like(label)
    for row, (x, y) in enumerate(zip(bent, label, strict=True)):
        try:
            out[row] = fit_logistic(x, y)(x) - y
        except LogisticFitError:
            out[row] = np.nan
    return out


def bootstrap(rng: np.random.Generator, pair: list[np.ndarray], label: np.ndarray) -> np.ndarray:
    """0 where the 95% interval of the difference of PLCC excludes 0, else 1; contents are drawn."""
    contents = label.shape[1]
    drawn = rng.integers(contents, size=(RESAMPLES, contents))
    counts = np.apply_along_axis(np.bincount, 1, drawn, minlength=contents).astype(float)
    sums = [counts @ np.stack([x, label, x * x, label * label, x * label], -1).sum(2) for x in pair]
    n = IMAGES * contents
    plcc = []
    for total in sums:
        x, y, xx, yy, xy = np.moveaxis(total / n, -1, 0)
        plcc.append((xy - x * y) / np.sqrt((xx - x * x) * (yy - y * y)))
    low, high = np.quantile(plcc[0] - plcc[1], (0.025, 0.975), axis=1)
    return np.where((low > 0) | (high < 0), 0.0, 1.0)


def simulated(
    rng: np.random.Generator, repetitions: int, contents: int, design: str, worse: bool
) -> Arrays:
    """What the tests take, of some repetitions at once."""
    from scipy.stats import rankdata

    shape = (repetitions, contents, IMAGES)
    label = rng.normal(size=shape)
    error = errors(rng, shape, design, worse)
    pair = [label + one for one in error]
    y, (a, b) = flat(label), map(flat, pair)
    fits = [fitted(x, y) for x in (a, b)]
    ranks = [rankdata(x, axis=1) for x in (a, b, y)]
    own = errors(rng, (RUNS, *shape), design, worse)
    runs = [
        np.sqrt(SHARED_BY_RUNS) * one + np.sqrt(1 - SHARED_BY_RUNS) * more
        for one, more in zip(error, own, strict=True)
    ]
    return {
        "n": contents * IMAGES,
        "plcc": correlations(a, b, y),
        "srocc": correlations(*ranks),
        "raw": [flat(one) for one in error],
        "runs": [np.moveaxis(one, 0, 1).reshape(repetitions, -1) for one in runs],
        "fitted": fits,
        "square": squared_gaps(fits, shape),
        "bootstrap": bootstrap(rng, pair, label),
    }


def correlations(a: np.ndarray, b: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, ...]:
    """Correlations ra, rb and rab."""
    return correlated.pearson(a, y), correlated.pearson(b, y), correlated.pearson(a, b)


def cells() -> Iterator[tuple[str, int, bool]]:
    """Every design, number of contents, and whether one model is worse."""
    for worse in (False, True):
        for design in MAIN if worse else DESIGNS:
            for contents in CONTENTS:
                yield design, contents, worse


def measure(repetitions: int) -> dict[tuple[str, int, bool], dict[str, float]]:
    """Share of repetitions in which each test finds a difference, for every cell."""
    found: dict[tuple[str, int, bool], dict[str, float]] = {}
    wanted = list(cells())
    with RichWatcher().task("simulating") as tick:
        for number, cell in enumerate(wanted):
            rng = np.random.default_rng([0, number])
            rejected = dict.fromkeys(TESTS, 0)
            for start in range(0, repetitions, CHUNK):
                tick(number * repetitions + start, len(wanted) * repetitions, "repetitions")
                arrays = simulated(rng, min(CHUNK, repetitions - start), cell[1], cell[0], cell[2])
                for name, test in TESTS.items():
                    rejected[name] += int((test(arrays) < ALPHA).sum())
            found[cell] = {name: count / repetitions for name, count in rejected.items()}
    return found


def closely(repetitions: int) -> str:
    """The size of the default alone, as a line of Markdown."""
    sizes = []
    with RichWatcher().task("the default alone") as tick:
        for design in MAIN:
            for contents in CONTENTS:
                tick(len(sizes), len(MAIN) * len(CONTENTS), f"{design} {contents}")
                sizes.append(
                    (f"{design} {contents}", size_of_default(repetitions, design, contents))
                )
    listed = ", ".join(f"{name}: {size:.4f}" for name, size in sizes)
    return (
        f"The size of `content-t` by {repetitions} other repetitions each (band ± "
        f"{band(repetitions):.4f}): {listed}.\n"
    )


def size_of_default(repetitions: int, design: str, contents: int) -> float:
    """Share of repetitions in which the default tells two equal models apart."""
    rng = np.random.default_rng([1, list(DESIGNS).index(design), contents])
    rejected = 0
    for start in range(0, repetitions, CHUNK):
        shape = (min(CHUNK, repetitions - start), contents, IMAGES)
        label = rng.normal(size=shape)
        wrong = errors(rng, shape, design, worse=False)
        fits = [fitted(flat(label + one), flat(label)) for one in wrong]
        rejected += int((TESTS[DEFAULT]({"square": squared_gaps(fits, shape)}) < ALPHA).sum())
    return rejected / repetitions


def squared_gaps(fits: list[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    """Squared residuals of the first model less the second's, (R, contents, images)."""
    found: np.ndarray = (fits[0] ** 2 - fits[1] ** 2).reshape(shape)
    return found


def band(repetitions: int) -> float:
    """Half of the interval in which 95 of 100 measured sizes lie if the true one is the level."""
    return float(1.96 * np.sqrt(ALPHA * (1 - ALPHA) / repetitions))


def tables(repetitions: int) -> str:
    """Both tables as Markdown; sizes above the binomial band of the level are bold."""
    found = measure(repetitions)
    half = band(repetitions)
    lines = [
        f"{repetitions} repetitions; a test whose size is {ALPHA:.3f} lies between "
        f"{ALPHA - half:.3f} and {ALPHA + half:.3f} in 95 of 100 such simulations. "
        "**Bold**: above.",
        "",
    ]
    for title, worse in (("size", False), ("power", True)):
        columns = [cell for cell in found if cell[2] == worse]
        heads = [f"{design} {contents}" for design, contents, _ in columns]
        lines += [f"| {title} | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
        for name in TESTS:
            shares = [found[cell][name] for cell in columns]
            bold = [not worse and share > ALPHA + half for share in shares]
            texts = [f"**{s:.3f}**" if b else f"{s:.3f}" for s, b in zip(shares, bold, strict=True)]
            lines.append(f"| {name} | " + " | ".join(texts) + " |")
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    """Print the tables, or put them between the two marks of the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=4000)
    parser.add_argument("--closely", type=int, default=24000)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    made = tables(asked.repetitions) + "\n" + closely(asked.closely)
    if not asked.write:
        print(made)
        return
    begin, end = "<!-- tables of benchmarks/significance.py -->\n", "<!-- end of tables -->"
    text = PAGE.read_text(encoding="utf-8")
    before, after = text.split(begin)[0], text.split(end)[1]
    PAGE.write_text(before + begin + "\n" + made + end + after, encoding="utf-8")


if __name__ == "__main__":
    main()
