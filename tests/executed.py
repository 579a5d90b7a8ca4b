"""What the tests of every executor do alike: a run of toys, and its leaderboard without times."""

from contextlib import contextmanager

import iqabench
from iqabench import Session
from iqabench.contract.progress import Summary

MODELS = ("toy-network", "toy-estimator")
TIMES = ["seconds_per_image", "timed_on"]
"""Columns of the leaderboard that differ from run to run."""
PROGRAM = """
import sys
import toy_plugin
from iqabench.cli import main
from iqabench.registry import registry
registry().register(toy_plugin, "toy")
sys.argv[:] = ["iqabench", *sys.argv[1:]]
main()
"""
"""The program with the toys; to be run in this folder."""


def run(little, store, models, spread, watch=None, seeds=2):
    session = Session(little.catalog, store=store, device="cpu", watch=watch, spread=spread)
    return iqabench.run(models, "little", seeds=seeds, session=session)


def board(results):
    """The leaderboard as CSV, without columns of time."""
    return results.leaderboard().drop(columns=TIMES).to_csv(index=False)


class Watcher:
    """Notes what it is told: lines, how many tasks go on at most, what they do and came to."""

    def __init__(self, on_tick=lambda done, total, what: None):
        self.said, self.whats, self.titles, self.came_to = [], set(), [], []
        self.going = self.most = 0
        self.on_tick = on_tick

    @contextmanager
    def task(self, title):
        self.titles.append(title)
        self.going += 1
        self.most = max(self.most, self.going)

        def tick(done, total, what):
            if isinstance(what, Summary):
                self.came_to.append(what)
                return
            self.whats.add(what)
            self.on_tick(done, total, what)

        yield tick
        self.going -= 1

    def say(self, line):
        self.said.append(line)

    fail = say
