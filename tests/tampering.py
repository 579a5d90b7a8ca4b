"""Damages the files of a small real store and cache one by one, and looks at what comes of it.

The store holds a fit and a test of an estimator and of a network, imported scores and what reports
cached. After each damage a leaderboard and a run must print what they printed before.
"""

import logging
import random
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

import iqabench
from iqabench.contract.errors import IqabenchError
from iqabench.contract.progress import Silent
from iqabench.store import noticed

MODELS = ("toy-estimator", "toy-network")
LEFT_ALONE = ("datasets", "audit", "catalogues.lock")
"""Parts of a cache that hold no such files, or are not looked at here."""
MANNERS = ("first byte", "last byte", "middle byte", "some byte", "truncated", "JSON", "deleted")
JSON = b'{"a": [1, {"b": null}], "shape": [2], "files": {}}\n'
TIMES = ("seconds_per_image", "timed_on")
"""Columns of a leaderboard that another measurement changes."""


class Heard(Silent):
    """Keeps what is said."""

    def __init__(self):
        self.lines = []

    def say(self, line):
        self.lines.append(line)


@contextmanager
def warnings_kept():
    """The warnings of damaged caches, which are given once in a process."""
    lines, handler, log = [], logging.Handler(), logging.getLogger("iqabench.caches")
    handler.emit = lambda record: lines.append(record.getMessage())
    log.addHandler(handler)
    noticed._named.clear()
    try:
        yield lines
    finally:
        log.removeHandler(handler)


@dataclass
class World:
    """A data set, a store and a cache, and a copy of the latter two as they were."""

    catalog: Path
    scores: Path
    store: Path
    cache: Path
    pristine: Path
    board: pd.DataFrame | None = None

    def session(self):
        return iqabench.Session(self.catalog, store=self.store, watch=Heard())

    def run(self, session):
        return iqabench.run(
            MODELS, "little", seeds=1, set=["toy-network.recipe.epochs=1"], session=session
        ).outcome

    def score(self, session):
        iqabench.import_scores(self.scores, model="theirs", dataset="little", session=session)

    def leaderboard(self, session):
        return rows(iqabench.Results(session).leaderboard())

    def restore(self):
        """Bring back both folders as they were."""
        for place in (self.store, self.cache):
            kept = self.pristine / place.name
            shutil.rmtree(place)
            shutil.copytree(kept, place)

    def files(self):
        """Every file that may be damaged, of all kinds."""
        return sorted(
            path
            for place in (self.store, self.cache)
            for path in place.rglob("*")
            if path.is_file()
            and path.suffix != ".lock"
            and path.relative_to(place).parts[0] not in LEFT_ALONE
        )

    def where(self, path):
        """The folder that a file lies in, and the file's place in it."""
        place = self.store if self.store in path.parents else self.cache
        return place, path.relative_to(place)

    def forget(self, path):
        """Remove jobs, so that a run needs the cached file."""
        place, inside = self.where(path)
        if place == self.store:
            return
        for job in iqabench.Session(self.catalog, store=self.store).store.jobs():
            if "toy-estimator" in job.record.title:
                shutil.rmtree(job.folder)
        if inside.parts[0] == "images":
            shutil.rmtree(self.cache / "features")


def rows(board):
    """A leaderboard without measured times."""
    board = board.drop(columns=[name for name in TIMES if name in board])
    return board.sort_values(["model", "test"], ignore_index=True)


def build(folder, catalog, names, monkeypatch_cache):
    """A store and a cache of a real run."""
    world = World(
        catalog, folder / "scores.csv", folder / "store", folder / "cache", folder / "pristine"
    )
    monkeypatch_cache(world.cache)
    lines = [f"{name},{number}" for number, name in enumerate(names)]
    world.scores.write_text("\n".join(["image,score", *lines]) + "\n")
    session = world.session()
    world.run(session)
    world.score(session)
    world.board = world.leaderboard(session)
    for place in (world.store, world.cache):
        shutil.copytree(place, world.pristine / place.name)
    return world


def damage(path, manner, draw):
    """Damage a file in place."""
    content = path.read_bytes()
    if manner == "deleted":
        path.unlink()
    elif manner == "truncated":
        path.write_bytes(content[: draw.randrange(len(content))] if content else b"x")
    elif manner == "JSON":
        path.write_bytes(JSON)
    elif not content:
        path.write_bytes(b"x")
    else:
        place = {
            "first byte": 0,
            "last byte": len(content) - 1,
            "middle byte": len(content) // 2,
            "some byte": draw.randrange(len(content)),
        }[manner]
        flipped = content[place] ^ (1 << draw.randrange(8))
        path.write_bytes(content[:place] + bytes([flipped]) + content[place + 1 :])


@dataclass
class Case:
    """What came of one damage."""

    file: str
    manner: str
    used: str = ""
    """The columns of a leaderboard that changed."""
    crashed: str = ""
    named: bool = False
    remade: bool = False
    reported: bool = False

    @property
    def told(self):
        """Whether a report, a run or a check named the file."""
        return self.named or self.reported

    @property
    def good(self):
        return not self.used and not self.crashed and (self.remade or self.reported)


def case(world, path, manner, draw):
    """Damage one file, look at the store, check it, run again and look once more."""
    with warnings_kept() as warned:
        done = _case(world, path, manner, draw)
    done.named |= any(path.name in line for line in warned)
    return done


def _case(world, path, manner, draw):
    place, inside = world.where(path)
    is_cache = place == world.cache or inside.parts[0] == "cache"
    done = Case(f"{place.name}/{inside}", manner)
    damage(path, manner, draw)
    try:
        world.forget(path)
        _look(world, path, done)
        reported = iqabench.check_store(session=world.session())
        done.reported = any(
            one.path == path or one.path in path.parents or one.path.stem == path.stem
            for one in reported
        )
        again = world.session()
        world.run(again)
        if "theirs" not in set(world.leaderboard(again)["model"]):
            world.score(again)  # a run cannot import scores again
        done.named |= any(str(path.name) in line for line in again.watch.lines)
        found = world.leaderboard(world.session())
        done.used = done.used or changed(found, world.board)
        left = {one.path for one in iqabench.check_store(session=world.session())}
        gone = not path.exists() and not is_cache
        done.remade = not gone and not any(one == path or one in path.parents for one in left)
    except Exception as error:
        done.crashed = f"{type(error).__name__}: {error}"
    return done


def _look(world, path, done):
    """Whether a leaderboard of the damaged store shows other numbers than before."""
    session = world.session()
    try:
        found = world.leaderboard(session)
    except IqabenchError as error:
        done.named = str(path.name) in error.message
        return
    done.named = any(
        path.name in line or path.stem in line or path.parent.name in line
        for line in session.watch.lines
    )
    for _, row in found.iterrows():
        before = world.board[world.board["model"] == row["model"]]
        complete = row["runs"] == before["runs"].iloc[0] if "runs" in row else True
        if complete and changed(found[found["model"] == row["model"]], before):
            done.used = done.used or _other_numbers(row, before.iloc[0])


def _other_numbers(row, before):
    """Says so where a row has numbers, and others than before."""
    now, then = row["srocc_mean"], before["srocc_mean"]
    return "srocc_mean" if now == now and now != then else ""


def changed(one, other):
    """The columns in which two leaderboards differ; empty if they show the same."""
    if len(one) != len(other):
        return "rows"
    first, second = (board.reset_index(drop=True) for board in (one, other))
    differ = [name for name in first if first[[name]].to_csv() != second[[name]].to_csv()]
    return " ".join(differ)


def chosen(world, number, seed=0):
    """Pairs of a file and a manner: every kind of file, then at random."""
    draw = random.Random(seed)
    files = world.files()
    kinds = {}
    for path in files:
        place, inside = world.where(path)
        kinds.setdefault(
            (place.name, inside.parts[0], path.suffix or len(inside.parts)), []
        ).append(path)
    pairs = [(draw.choice(some), manner) for some in kinds.values() for manner in MANNERS]
    while len(pairs) < number:
        pairs.append((draw.choice(files), draw.choice(MANNERS)))
    draw.shuffle(pairs)
    return pairs[:number]
