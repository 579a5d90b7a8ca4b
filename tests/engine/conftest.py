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
    from iqabench import Session

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


@pytest.fixture
def made(little, store):
    """Plans a model's repetitions, makes the jobs and returns the evaluations; one as itself."""
    from iqabench import Choices, Session, plan
    from iqabench.contract.progress import Silent
    from iqabench.engine.execute import execute

    def make(model, set=(), store=store, seeds=1, **choices):
        session = Session(little.catalog, store=store)
        found = plan(
            model, "little", seeds=seeds, set=set, choices=Choices(**choices), session=session
        )
        execute(found, session.store, Silent())
        return found.evaluations if seeds > 1 else found.evaluations[0]

    return make


@pytest.fixture
def weights_of(store):
    """The file of weights behind an evaluation."""
    return lambda evaluation: (
        store / "jobs" / evaluation.predict.fit.fingerprint / "weights.safetensors"
    )


@pytest.fixture
def predictions(store):
    """The stored predictions of an evaluation."""
    from iqabench.store import Store

    def read(evaluation, root=store):
        return Store(root).predictions(evaluation.predict.fingerprint)

    return read


@pytest.fixture
def parts():
    """Labels of the training and the test part of an evaluation."""

    def tables(evaluation):
        table, split = evaluation.test.table, evaluation.part.split
        return (table[table["content"].isin(part)] for part in (split.train, split.test))

    return tables
