"""Plays every command of README.md and docs/tutorial.md as a new user types it, for ``make walk``.

The user has a fresh clone of what is committed, an empty HOME and, once iqabench is installed, no
network. The installation is not played: the environment that runs this script is the installed one,
and the clone's code comes first in it. ``python tests/walk.py`` prints each command with its exit
code, and ends with 1 if one is not as expected.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import tutorial

CHECKOUT = Path(__file__).parents[1]
CLONE = "iqabench"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
GIVEN = ("python3 -m venv", ". .venv/bin/activate", "pip install")
"""Commands that are not played: the environment is there."""
PROGRAMS = ("iqabench", "git", "cd", "make", *GIVEN)
"""What a line of a block without a language begins with if it is a command."""
REFUSED = {"kadid:live,csiq": "data sets that nobody may pass on, and the weights of two networks"}
"""Part of a command -> what it needs and a new user lacks; the exit code is 2."""
JOB = "job:ID"
"""Stands for the ID of a fit job of biosiqnet-lite; the walk asks ``iqabench show`` for one."""
DEAD_PROXY = "http://127.0.0.1:9"
"""Nothing listens at port 9."""


def commands(page: str) -> Iterator[tuple[str, str]]:
    """Every command of a page, in order: ``sh`` or ``python``, and the text without its comment."""
    for language, block in FENCE.findall(page):
        if language == "python" and "import iqabench\n" in block:
            yield "python", block
        elif language in ("", "sh"):
            lines = (line.partition("  #")[0].strip() for line in block.splitlines())
            yield from (("sh", line) for line in lines if line.startswith(PROGRAMS))
        elif language == "console":
            yield from (("sh", step.command) for step in tutorial.steps(block))


def offline() -> tuple[list[str], dict[str, str], str]:
    """Words before a command, variables and the name of how commands are kept off the network."""
    for words in (["unshare", "-n"], ["unshare", "-rn"]):
        with_it = shutil.which("unshare") and subprocess.run([*words, "true"], capture_output=True)
        if with_it and with_it.returncode == 0:
            return words, {}, " ".join(words)
    names = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
    return [], dict.fromkeys(names, DEAD_PROXY), f"the proxy {DEAD_PROXY}"


class Walk:
    """A new user in an empty home, who types commands."""

    def __init__(self, home: Path) -> None:
        self.home, self.folder = home, home
        self.before, proxies, self.how = offline()
        self.wrong = 0
        here = Path(sys.executable).parent
        self.settings = {
            "HOME": str(home),
            "PATH": f"{here}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": f"{home / CLONE}{os.pathsep}{home / CLONE / 'plugins'}",
            "LANG": "C.UTF-8",
            **proxies,
        }

    def type(self, kind: str, command: str, shown: str = "") -> str:
        """Run a command as it is written, print it with its exit code; what it printed."""
        if command.startswith("cd "):
            self.folder = self.folder / command.removeprefix("cd ")
        if command.startswith(("cd ", *GIVEN)):
            self._tell(None, None, 0.0, command)
            return ""
        began = time.perf_counter()
        words = ["bash", "-c", command] if kind == "sh" else [sys.executable, "-c", command]
        done = subprocess.run(
            [*self.before, *words],
            cwd=self.folder,
            env=self.settings,
            capture_output=True,
            text=True,
        )
        expected = 2 if any(part in command for part in REFUSED) else 0
        name = shown or (command if kind == "sh" else "the block in Python")
        self._tell(done.returncode, expected, time.perf_counter() - began, name)
        if done.returncode:
            print(*(f"        {line}" for line in done.stderr.splitlines()[-4:]), sep="\n")
        return done.stdout

    def _tell(self, code: int | None, expected: int | None, seconds: float, command: str) -> None:
        self.wrong += code != expected
        said = "given" if code is None else code
        print(f"{said!s:>5} {seconds:6.0f} s  {command}", flush=True)

    def with_job(self, command: str) -> str:
        """The command with the ID of a fit job where it has :data:`JOB`."""
        if JOB not in command:
            return command
        listed = subprocess.run(
            [*self.before, "iqabench", "show", "--format", "csv"],
            cwd=self.folder,
            env=self.settings,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        (name, *_) = re.findall(r"^(\w+),\"?fit biosiqnet-lite on demo", listed, re.MULTILINE)
        return command.replace(JOB, f"job:{name}")


def readme(walk: Walk) -> None:
    """Play README.md; the pictures and the set that it names are there."""
    page = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    for kind, command in commands(page):
        if "URL-OF-THIS-REPOSITORY" in command:
            url = shlex.quote(str(CHECKOUT))
            walk.type(kind, command.replace("URL-OF-THIS-REPOSITORY", url), command)
            belongings(walk)
        else:
            walk.type(kind, walk.with_job(command), command if kind == "sh" else "")


def belongings(walk: Walk) -> None:
    """What README.md takes for granted: ``photo.jpg``, ``holiday/`` and the set ``my-set``."""
    own, clone = walk.home / "own", walk.home / CLONE
    own.mkdir()
    tutorial.prepare(own)
    shutil.copy(own / "photos" / "p01.png", clone / "photo.jpg")
    shutil.copytree(own / "photos", clone / "holiday")
    labels = f"--root {shlex.quote(str(own / 'rated'))} --labels ratings.csv --content scene"
    walk.type("sh", f"iqabench datasets add my-set {labels}", "(my-set is added)")


def lesson(walk: Walk) -> None:
    """Play docs/tutorial.md in a folder of its own."""
    walk.folder = walk.home / "tutorial"
    walk.folder.mkdir()
    tutorial.prepare(walk.folder)
    page = tutorial.PAGE.read_text(encoding="utf-8")
    lines = [step.lines for block in tutorial.BLOCK.findall(page) for step in tutorial.steps(block)]
    names: dict[str, str] = {}
    for kind, command in commands(page):
        printed = walk.type(kind, tutorial.with_jobs(command, names))
        if kind == "sh" and not command.startswith(GIVEN):
            before = lines.pop(0)
            names |= tutorial.jobs(before, tutorial.shortened(printed.splitlines(), before))


def main() -> int:
    """Play both pages; 1 if an exit code was not as expected."""
    with tempfile.TemporaryDirectory() as place:
        walk = Walk(Path(place).resolve())
        print(f"no network by {walk.how}; exit code 2 is expected of what needs", *REFUSED.values())
        readme(walk)
        lesson(walk)
        print(f"{walk.wrong} commands ended otherwise than expected")
    return int(walk.wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
