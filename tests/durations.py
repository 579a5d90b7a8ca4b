"""A pytest plugin that knows how long each test took when ``make durations`` last recorded it.

Tests that took :data:`SLOW` seconds or more count as ``slow``, beside those that are marked so in
their file. The files that take longest run first, so that no worker is left with one at the end.
A test that is not in the record, such as a new one, counts as short.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

RECORD = Path(__file__).with_suffix(".json")
SLOW = 0.3
SHORT = 0.2
"""Tests that took less are not recorded."""

KNOWN: dict[str, float] = json.loads(RECORD.read_text(encoding="utf-8"))
took: Counter[str] = Counter()


def pytest_addoption(parser):
    parser.addoption(
        "--record-durations", action="store_true", help=f"write what tests take to {RECORD.name}"
    )


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items):
    """Mark what is slow; of what is chosen, put the longest files first."""
    for item in items:
        if KNOWN.get(item.nodeid, 0) >= SLOW:
            item.add_marker("slow")
    yield
    whole = Counter()
    for item in items:
        whole[item.path] += KNOWN.get(item.nodeid, 0)
    items.sort(key=lambda item: -whole[item.path])


def pytest_runtest_logreport(report):
    """Add up set-up, call and end of each test."""
    took[report.nodeid] += report.duration


def pytest_sessionfinish(session, exitstatus):
    """Write the record at the end of a whole run; workers, whose sum is not whole, do not."""
    if not session.config.getoption("--record-durations") or hasattr(session.config, "workerinput"):
        return
    found = {name: round(took[name], 1) for name in sorted(took) if took[name] >= SHORT}
    RECORD.write_text(json.dumps(found, indent=0) + "\n", encoding="utf-8")
