import pytest
from stored import fit_identity, job_record, keep

from iqabench.contract.errors import UsageError
from iqabench.engine import history
from iqabench.report import job as report
from iqabench.store import Store
from iqabench.store.records import EpochRecord


@pytest.fixture
def fitted(tmp_path):
    """A stored fit of two epochs, of which the second has no SROCC."""
    store = Store(tmp_path / "store")
    store.prepare()
    record = job_record("net", fit_identity("net"), seconds=12.34, parameters=5, epochs=2)
    found = store.job(keep(store, record))
    for epoch, srocc in enumerate((0.5, None)):
        one = EpochRecord(
            stage=0, epoch=epoch, losses={"quality": 2.0 - epoch}, validation_srocc=srocc
        )
        history.append(found.folder, one)
    return found


def test_facts_are_those_that_are_known(fitted):
    found = report.facts(fitted)
    assert (found["took"], found["model"], found["parameters"]) == ("12.3 s", "net", 5)
    assert "error" not in found and "validation SROCC" not in found
    assert "history.json" in found["files"]


def test_each_epoch_is_a_row_counted_from_one(fitted):
    first, second = report.epoch_rows(fitted)
    assert first == {"stage": 1, "epoch": 1, "loss quality": 2.0, "validation SROCC": "0.500"}
    assert second == {"stage": 1, "epoch": 2, "loss quality": 1.0, "validation SROCC": "-"}


@pytest.mark.parametrize("ending", ["png", "pdf", "svg"])
def test_the_curves_are_drawn(fitted, tmp_path, ending):
    path = tmp_path / f"curves.{ending}"
    report.draw(fitted, path)
    beginning = path.read_bytes()[:200]
    assert {"png": b"PNG", "pdf": b"%PDF", "svg": b"<?xml"}[ending] in beginning


def test_a_job_without_epochs_has_no_curves(fitted, tmp_path):
    (fitted.folder / "history.json").unlink()
    with pytest.raises(UsageError, match="no epochs to draw"):
        report.draw(fitted, tmp_path / "curves.png")
    assert not (tmp_path / "curves.png").exists()
