"""Listing and helping must answer at once: they import no heavy library."""

import json
import os
import subprocess
import sys
from importlib.metadata import entry_points

import pytest

import iqabench
from iqabench.cli import COMMANDS
from iqabench.cli.datasets import COMMANDS as DATASETS
from iqabench.cli.plugin import COMMANDS as PLUGIN
from iqabench.cli.saliency import COMMANDS as SALIENCY
from iqabench.contract import GROUP
from iqabench.registry import registry

HEAVY = ("torch", "torchvision", "pandas", "scipy", "sklearn", "pyiqa", "timm", "lightning")
PLUGINS = sorted(point.value for point in entry_points(group=GROUP))
PROGRAM = """
import json, sys
from iqabench.cli import main
for words in json.loads(sys.argv[1]):
    sys.argv = ["iqabench", *words]
    try:
        code = main()
    except SystemExit as leave:
        code = leave.code
    print(json.dumps([words, code or 0, sorted(sys.modules)]), file=sys.stderr)
"""


def python(code, *arguments):
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ,
    )


def heavy(modules, but=()):
    return [name for name in HEAVY if name in modules and name not in but]


def program(*runs):
    """What the program printed; words, exit code and modules imported so far of each run."""
    done = python(PROGRAM, json.dumps([[str(word) for word in words] for words in runs]))
    found = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("[[")]
    assert len(found) == len(runs)
    return done.stdout, found


def test_importing_the_harness_or_a_plugin_is_cheap():
    """One interpreter, so that a fault is named by the first import that makes it."""
    names = ["iqabench", "iqabench.contract", "iqabench.cli", *PLUGINS, *iqabench._HOMES]
    code = (
        "import importlib, json, sys\n"
        "for name in sys.argv[1:]:\n"
        "    importlib.import_module(name)\n"
        "    print(json.dumps([name, sorted(sys.modules)]))\n"
    )
    for line in python(code, *names).stdout.splitlines():
        name, modules = json.loads(line)
        assert (name, heavy(modules)) == (name, [])


def test_lists_and_help_are_cheap():
    runs = [
        ["--help"],
        *([name, "--help"] for name in COMMANDS),
        ["models"],
        ["models", "--format", "json"],
        *(["models", name] for name in registry().models.cards),
        ["datasets"],
        *(["datasets", name, "--help"] for name in DATASETS),
        ["datasets", "show", "kadid"],
        ["saliency"],
        *(["saliency", name, "--help"] for name in SALIENCY),
        *(["plugin", name, "--help"] for name in PLUGIN),
    ]
    printed, found = program(*runs)
    assert "maniqa" in printed
    for words, code, modules in found:
        assert (words, code, heavy(modules)) == (words, 0, [])


def test_everything_public_is_there_on_first_use():
    for name in iqabench.__all__:
        assert getattr(iqabench, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = iqabench.nothing


def test_a_second_identical_run_imports_no_network_library(little, store):
    session = iqabench.Session(little.catalog, store=store)
    results = iqabench.run("brisque", "little", seeds=1, session=session)
    assert (results.outcome.made, results.outcome.failed) == (2, ())
    given = ["--models", "brisque", "--datasets", "little", "--seeds", "1", "--quiet"]
    places = ["--catalog", little.catalog, "--store", store]
    printed, [(_, code, modules)] = program(["run", *given, *places])
    assert code == 0
    assert "brisque" in printed
    assert len(list(store.glob("jobs/*/job.json"))) == 2
    assert heavy(modules, but=("pandas", "scipy", "sklearn")) == []
