"""Validation SROCC over the epochs of fits, a curve per repetition."""

from __future__ import annotations

from dataclasses import dataclass

from iqabench.report import curves
from iqabench.report.evaluations import Group
from iqabench.report.page.axes import BOTTOM, LEFT, RIGHT, TOP, Scale, places, scale, ticks

Epochs = list[tuple[int, float]]
"""Number of an epoch, counted over all stages from 1, and its validation SROCC."""


@dataclass(frozen=True)
class Fit:
    """The curve of one fit."""

    path: str
    name: str
    """Of the repetition; empty if there is only one."""
    style: curves.Style


@dataclass(frozen=True)
class Training:
    """The fits of one model on one training set."""

    group: Group
    fits: tuple[Fit, ...]
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]


def trainings(found: list[Group]) -> list[Training]:
    """A drawing for each group whose fits noted validation SROCCs; the same fits are drawn once."""
    made: dict[tuple[str | None, ...], Training] = {}
    for group in found:
        fits = tuple(record.fit for record in group.evaluations)
        if fits not in made and (one := _training(group)) is not None:
            made[fits] = one
    return list(made.values())


def _training(group: Group) -> Training | None:
    named: dict[str, tuple[str, curves.Style, Epochs]] = {}
    told = curves.names(group.evaluations)
    for number, (record, name) in enumerate(zip(group.evaluations, told, strict=True)):
        if record.fit and (epochs := _epochs(group, record.fit)):
            named.setdefault(record.fit, (name, curves.Style(number), epochs))
    if not named:
        return None
    points = [point for _, _, epochs in named.values() for point in epochs]
    numbers, values = [number for number, _ in points], [value for _, value in points]
    x = scale(1, max(numbers), LEFT + 4, RIGHT - 4)
    y = scale(min(values), max(values), BOTTOM - 4, TOP + 4)
    return Training(
        group,
        tuple(
            Fit("M" + "L".join(places(*_along(epochs, x, y))), name, style)
            for name, style, epochs in named.values()
        ),
        ticks(1, max(numbers), x, whole=True),
        ticks(min(values), max(values), y),
    )


def _along(epochs: Epochs, x: Scale, y: Scale) -> tuple[list[float], list[float]]:
    if len(epochs) == 1:  # a point is drawn as a line of no length
        epochs = 2 * epochs
    return [x(number) for number, _ in epochs], [y(value) for _, value in epochs]


def _epochs(group: Group, fit: str) -> Epochs:
    job = group.store.job(fit)
    if job is None:
        return []
    return [
        (number, one.validation_srocc)
        for number, one in enumerate(job.epochs, 1)
        if one.validation_srocc is not None
    ]
