"""Toys, a data set and the command line for every test of the engine."""

import sys

import pytest
import torch

from iqabench import cli


@pytest.fixture(autouse=True)
def always_toy(toy):
    """Every test here may name the toys."""


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
