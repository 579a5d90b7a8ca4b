import re

import numpy as np
import pytest
from stored import fit_identity, job_record, keep

from iqabench.engine import history
from iqabench.report.evaluations import groups
from iqabench.report.page.axes import BOTTOM, LEFT, RIGHT, TOP
from iqabench.report.page.training import trainings
from iqabench.store.records import EpochRecord


def fitted(book, name, sroccs, seed=0):
    """Store a fit with these validation SROCCs; returns its fingerprint."""
    job = keep(book.store, job_record(name, fit_identity(name, seed=seed)))
    for epoch, srocc in enumerate(sroccs):
        one = EpochRecord(stage=0, epoch=epoch, losses={"quality": 1.0}, validation_srocc=srocc)
        history.append(book.store.job(job).folder, one)
    return job


def points(path):
    return [[float(x), float(y)] for x, y in re.findall(r"([\d.]+) ([\d.]+)", path)]


@pytest.fixture
def drawn(book):
    """A network fitted for two folds, and a scorer."""
    jobs = [
        fitted(book, "net", sroccs, seed)
        for seed, sroccs in enumerate([(0.2, 0.6), (0.4, None, 0.8)])
    ]
    predict = book.add("net", book.noisy(0.3), folds=())
    for fold, job in enumerate(jobs):
        book.evaluate("net", predict, fold, job)
    book.add("scorer", book.noisy(0.4))
    return trainings(groups(book.store))


def test_each_fit_has_a_curve_of_its_own_and_a_name(drawn):
    (one,) = drawn
    assert [fit.name for fit in one.fits] == ["fold 0", "fold 1"]
    assert len({fit.style for fit in one.fits}) == 2
    for fit, epochs, values in zip(
        one.fits, ([1, 2], [1, 3]), ([0.2, 0.6], [0.4, 0.8]), strict=True
    ):
        expected = [
            np.interp(epochs, (1, 3), (LEFT + 4, RIGHT - 4)),
            np.interp(values, (0.2, 0.8), (BOTTOM - 4, TOP + 4)),
        ]
        np.testing.assert_allclose(np.transpose(points(fit.path)), expected, atol=0.051)
    assert [text for _, text in one.x_ticks] == ["1", "2", "3"]


def test_without_validation_nothing_is_drawn(book):
    job = fitted(book, "net", [None, None])
    book.add("net", book.noisy(0.3), folds=(0,), fit=job)
    assert trainings(groups(book.store)) == []
