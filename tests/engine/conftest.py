"""The toy plugin, registered as an installed one would be."""

import importlib
import sys
from pathlib import Path

import pytest
import torch

from iqabench import cli
from iqabench.registry import registry


@pytest.fixture(autouse=True)
def toy(monkeypatch):
    """``toy_plugin`` for the length of a test."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    plugin = importlib.import_module("toy_plugin")
    registry().register(plugin, "toy")
    yield plugin
    for shelf in (registry().models, registry().datasets, registry().saliency):
        shelf.remove_plugin("toy")
    del registry().plugins["toy"]


@pytest.fixture(autouse=True, scope="package")
def one_thread():
    """For toys, threads cost more than they bring."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def dataset(little):
    """The small data set, read."""
    from iqabench.api import Session

    return Session(little.catalog).dataset(little.name)


@pytest.fixture
def command(monkeypatch, capsys):
    """Runs a command line; returns its exit code, output and error output."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["iqabench", *map(str, arguments)])
        try:
            cli.main()
            code = 0
        except SystemExit as leave:
            code = leave.code or 0
        return code, *capsys.readouterr()

    return run
