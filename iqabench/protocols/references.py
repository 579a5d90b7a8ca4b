"""What models need of a data set's references, and what is done where it has none."""

from __future__ import annotations

from iqabench.data.tables import Dataset
from iqabench.protocols.requests import ModelRequest, with_published


def with_references(model: ModelRequest, train: Dataset) -> tuple[ModelRequest, list[str]]:
    """The model as it can be used with a training set, and a line for the user if that is another.

    A model that learns from references takes its published weights, if it has some, where a set has
    none to learn from.
    """
    if not (_lacks(model, train) and model.card.weights):
        return model, []
    line = f"{model.label} on {train.name}: no references to learn from"
    return with_published(model), [f"{line}, so its published weights are used"]


def lack(model: ModelRequest, train: Dataset, test: Dataset) -> str:
    """A note on the set that lacks references which the model needs; empty if none does."""
    if model.card.full_reference and "reference" not in test.table:
        return f"{test.name}: it has no references"
    return f"{train.name}: it has no references to learn from" if _lacks(model, train) else ""


def _lacks(model: ModelRequest, train: Dataset) -> bool:
    learns = model.trains and model.card.fit_on == "references"
    return learns and "reference" not in train.table
