"""Every part computes what its version is recorded to compute.

A red test of the first two kinds says what to do. The last kind shows that the first two can fail.
"""

from __future__ import annotations

import json

import numpy as np
import pytest
from golden import parts
from golden.changes import SENSITIVE, made
from golden.tolerances import TOLERANCES

from iqabench.registry import registry
from iqabench.store.behaviour import VERSIONS

RECORDS = json.loads(parts.GOLDEN.read_text(encoding="utf-8"))
SHIPPED = ("biosiqnet_plugin", "iqabench_")
"""How the packages begin whose cards stand here."""
LARGEST_FILE = 200_000

pytestmark = pytest.mark.usefixtures("one_thread")


def shipped(cards):
    """The cards that stand here and whose code computes."""
    return [card for card in cards if card.factory and card.factory.startswith(SHIPPED)]


def numbers_of(name):
    """A part's recorded numbers."""
    return {key: np.array(values) for key, values in RECORDS[name]["numbers"].items()}


def needing(name):
    """Skip where an optional library of a part is missing."""
    for library in parts.PARTS[name].needs:
        pytest.importorskip(library)


@pytest.mark.parametrize("name", parts.PARTS)
def test_the_recorded_version_is_the_current_one(name):
    part = parts.PARTS[name]
    assert name in RECORDS, f"'{name}' is a new part: record it by `{parts.RECORD}`"
    assert part.version() == RECORDS[name]["version"], (
        f"{part.place} is {part.version()}, recorded is {RECORDS[name]['version']}: if '{name}' "
        f"computes other numbers now, record them by `{parts.RECORD}`; else put the version back"
    )


@pytest.mark.parametrize("name", parts.PARTS)
def test_the_same_version_computes_the_same_numbers(name):
    needing(name)
    far, key = parts.worst(parts.compute(name), numbers_of(name))
    assert far <= TOLERANCES[name], (
        f"'{name}' computes other numbers under the same version: '{key}' is {far:.1e} of its "
        f"largest value away, allowed are {TOLERANCES[name]:.0e}. If that is meant, raise "
        f"{parts.PARTS[name].place} and run `{parts.RECORD}`: results of the old version are then "
        "computed anew. If a new version of a library does it, which fingerprints hold anyway, run "
        f"`{parts.RECORD} --first`. If it is not meant, mend the code"
    )


def test_every_part_of_the_harness_is_recorded():
    assert set(VERSIONS) <= set(parts.PARTS)


def test_every_family_of_models_is_recorded():
    cards = shipped(registry().models.cards.values())
    known = {card.factory: card for card in cards if card.name in parts.PARTS}
    assert {card.factory for card in cards} == set(known)
    # One model speaks for its family, so the whole family must have the same version.
    assert {card.name for card in cards if card.behaviour != known[card.factory].behaviour} == set()
    assert all(card.behaviour is not None for card in cards)


def test_every_saliency_provider_is_recorded():
    cards = shipped(registry().saliency.cards.values())
    assert {card.name for card in cards} <= set(parts.PARTS)
    assert all(card.behaviour is not None for card in cards)


def test_the_file_holds_these_parts_and_stays_small():
    assert set(RECORDS) == set(parts.PARTS) == set(TOLERANCES) == set(SENSITIVE)
    assert parts.GOLDEN.stat().st_size < LARGEST_FILE


@pytest.mark.parametrize(
    ("name", "change"),
    [
        pytest.param(name, change, id=f"{name}-{number}")
        for name, changes in SENSITIVE.items()
        for number, change in enumerate(changes)
    ],
)
def test_a_change_of_one_percent_shows(name, change):
    needing(name)
    with made(change):
        far, _ = parts.worst(parts.compute(name), numbers_of(name))
    assert far > TOLERANCES[name], f"{change.target} changed, and no number of '{name}' noticed"
