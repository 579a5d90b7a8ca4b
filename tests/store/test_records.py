"""Records: what they refuse, what they are called, and what their hashes leave out."""

import hashlib
import json

import pytest
from pydantic import ValidationError
from stored import (
    CROSS,
    HOLD_OUT,
    OFFICIAL,
    THREE_FOLD,
    fit_identity,
    job_record,
    model,
    predict_identity,
)
from stored import evaluation as made_up

from iqabench.store import Store
from iqabench.store.fingerprints import digest
from iqabench.store.records import (
    Code,
    EpochRecord,
    EvaluationRecord,
    History,
    ImportIdentity,
    JobRecord,
    MapsIdentity,
    ModelIdentity,
    ProviderIdentity,
    Record,
    SplitRecord,
    StoredFile,
    StoreRecord,
    StressChange,
    StressRecord,
    TableRecord,
    TestProtocol,
    Timing,
    plain,
)
from iqabench.store.run_records import RunOptions, RunRecord

PROVIDER = ProviderIdentity(provider="center", options={"sigma": 0.2})
SHUFFLED = ProviderIdentity(provider="shuffled", of=PROVIDER)
MAPS = MapsIdentity(provider=SHUFFLED, code=Code(package="made-up", behaviour=3), files="f" * 16)
IMPORT = ImportIdentity(dataset="set", data="d", label="theirs", file="e" * 64, direction="lower")
CHANGE = StressChange(name="as it is", immaterial=True, predict=("a" * 16,))
STUDY = StressRecord(
    label="net",
    direction="lower",
    labels="proxy",
    protocol=CROSS,
    config="c" * 16,
    train="set",
    test="other",
    test_hash="h",
    changes=(CHANGE,),
)
RECORDS = (
    TableRecord(file=StoredFile(name="a.parquet", sha256="e" * 64, bytes=3)),
    Code(package="made-up", tree="t", harness={"engine": 1}, libraries={"torch": "2"}),
    PROVIDER,
    SHUFFLED,
    MAPS,
    IMPORT,
    CHANGE,
    STUDY,
    THREE_FOLD,
    model("net"),
    fit_identity("net", options={"depth": 3, "head": {"width": [8, None]}}),
    predict_identity("net", fit="f" * 16, contents=("é", "b")),
    job_record("net", fit_identity("net"), validation_srocc=None, epochs=3),
    job_record("net", status="failed", error="boom", hint="less", traceback="line 1"),
    job_record("theirs", IMPORT, images=3, notes={"16 bits": 2}, seconds_per_image=0.1 + 0.2),
    Timing(device="cpu", hardware="A chip", precision="bf16", threads=2, pictures=7),
    made_up(fold=1, contents=("c00",), shared=("c00",), seen=("set",), protocol=THREE_FOLD),
    EpochRecord(stage=0, epoch=2, losses={"score": 0.5}, validation_srocc=None),
    History(epochs=(EpochRecord(stage=0, epoch=0, losses={}, validation_srocc=-0.25),)),
    SplitRecord(dataset="set", train=("a",), validation=(), test=("ü",)),
    StoredFile(name="log.txt", sha256="0" * 64, bytes=0),
)
"""One of each kind at least."""
CHANGES = {
    "label": "other",
    "model": "other",
    "config": "d" * 16,
    "init": "random",
    "weights": "published",
    "direction": "lower",
    "protocol": TestProtocol(kind="k-fold", folds=4),
    "train": "other",
    "test": "other",
    "test_hash": "1" * 16,
    "labels": "proxy",
    "seed": 1,
    "fold": 0,
    "split": "5" * 16,
    "contents": ("c00",),
    "selection": "-",
    "saliency": "center",
    "predict": "0" * 16,
    "fit": "0" * 16,
}
"""Of an evaluation, another value of each field that identifies it."""
FINDINGS = {
    "pending": True,
    "shared": ("c00",),
    "seen": ("set",),
    "recipe": "own*",
    "skipped": ("a.png",),
    "variant_of": "model",
}
"""And of each that does not."""


def kinds(base=Record):
    for kind in base.__subclasses__():
        yield kind
        yield from kinds(kind)


def test_every_kind_of_record_is_tested_here():
    own = (kind for kind in kinds() if kind.__module__ == Record.__module__)
    public = {kind for kind in own if not kind.__name__.startswith("_")}
    assert {type(record) for record in RECORDS} == public


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_a_record_cannot_be_changed(record):
    for name in type(record).model_fields:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(record, name, getattr(record, name))
    with pytest.raises(ValidationError):
        record.another = 1


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_unknown_fields_are_refused(record):
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        type(record).model_validate({**plain(record), "another": 1})


# Fields that are written where they say something only.
UNSAID = {TestProtocol: {"test_share", "validation_share"}, ModelIdentity: {"compiled"}}


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_a_record_comes_back_from_json_as_it_was(record):
    text = json.dumps(plain(record), sort_keys=True)
    back = type(record).model_validate_json(text)
    assert back == record
    assert back.digest == record.digest
    assert len(record.digest) == 16
    unsaid = UNSAID.get(type(record), set())
    assert set(plain(record)) == set(type(record).model_fields) - unsaid


def test_a_store_may_say_more_of_itself():
    found = StoreRecord.model_validate_json('{"format": 2, "made by": "a later release"}')
    assert found.format == 2
    with pytest.raises(ValidationError, match="frozen"):
        found.format = 1


@pytest.mark.parametrize(
    ("protocol", "name"),
    [
        (HOLD_OUT, "hold-out"),
        (OFFICIAL, "official"),
        (CROSS, "cross"),
        (TestProtocol(kind="k-fold", folds=10), "10-fold"),
        (TestProtocol(kind="hold-out", test_share=0.125), "hold-out 12.5%"),
        (TestProtocol(kind="cross", validation_share=0.2), "cross, validation 20%"),
        (TestProtocol(kind="file", split="01ab23cd456789ef"), "split 01ab23cd"),
    ],
)
def test_protocols_have_names(protocol, name):
    assert protocol.name == name


def test_an_unknown_protocol_is_refused():
    with pytest.raises(ValidationError, match=r"'hold-out', .*'cross' or 'all'"):
        TestProtocol(kind="3-fold")


def test_every_field_of_an_evaluation_identifies_it_or_is_a_finding():
    assert {*CHANGES, *FINDINGS, "version"} == set(EvaluationRecord.model_fields)


def test_findings_do_not_change_the_id_of_an_evaluation():
    record = made_up()
    for name, value in FINDINGS.items():
        assert made_up(**{name: value}) != record
        assert made_up(**{name: value}).id == record.id
    assert made_up(**FINDINGS).id == record.id
    assert made_up(shared=()).id == record.id  # known to be none, where it was not known


def test_everything_else_does():
    ids = {made_up().id, *(made_up(**{name: value}).id for name, value in CHANGES.items())}
    assert len(ids) == 1 + len(CHANGES)


def test_a_fit_that_skips_nothing_keeps_the_name_that_earlier_releases_gave_it():
    fit = fit_identity("net")
    assert fit.fingerprint == "0fd7105b10a7efb5"
    names = {fit.model_copy(update={"skipped": one}).fingerprint for one in ((), ("a",), ("b",))}
    assert len(names) == 3


def test_kinds_of_jobs_are_told_apart_by_what_the_file_says():
    for identity in (fit_identity("net"), predict_identity("net"), IMPORT):
        record = job_record("net", identity)
        back = JobRecord.model_validate_json(json.dumps(plain(record)))
        assert type(back.identity) is type(identity)
        assert back.identity.kind == identity.kind
        assert back.identity.fingerprint == identity.fingerprint
    names = {one.fingerprint for one in (fit_identity("net"), predict_identity("net"), IMPORT)}
    assert len(names) == 3
    with pytest.raises(ValidationError, match="'fit', 'predict', 'import'"):
        JobRecord.model_validate({**plain(job_record("net")), "identity": {"kind": "score"}})


def test_how_a_job_ended_does_not_change_its_fingerprint():
    done = job_record("net", began="now", sources={"made-up": "1"}, seconds=2.0)
    failed = job_record("net", began="later", status="failed", error="boom")
    assert done.identity.fingerprint == failed.identity.fingerprint
    assert (done.done, failed.done) == (True, False)


@pytest.mark.parametrize(
    "more",
    [
        {"dataset": "other"},
        {"data": "1" * 16},
        {"seed": 1},
        {"fit": "f" * 16},
        {"contents": ("a",)},
        {"contents": ("a", "b")},
        {"contents": ()},
        {"maps": MAPS},
        {"precision": "bf16"},
        {"device": "cuda"},
        {"weights": "job:" + "f" * 16},
        {"options": {"depth": 3}},
        {"allow_truncated": True},
        {"scale": 0.5},
        {"code": Code(package="made-up", behaviour=1)},
    ],
)
def test_what_decides_predictions_is_in_the_fingerprint(more):
    assert predict_identity("net", **more).fingerprint != predict_identity("net").fingerprint


def test_the_order_of_options_is_not_in_the_fingerprint():
    one = predict_identity("net", options={"a": 1, "b": {"c": 2, "d": 3}})
    two = predict_identity("net", options={"b": {"d": 3, "c": 2}, "a": 1})
    assert one.fingerprint == two.fingerprint


def test_the_files_of_a_job_are_recorded_with_their_hashes(store):
    kept, record = Store(store), job_record("net", fit_identity("net"))
    kept.prepare()
    contents = {"weights.safetensors": b"\x00weights", "log.txt": b"", "history.json": b"{}"}
    with kept.writing(record.identity.fingerprint) as folder:
        for name, content in contents.items():
            (folder / name).write_bytes(content)
        (folder / "job.json").write_text("of an attempt before")
        (folder / "checkpoints").mkdir()
        kept.finish(record)
    expected = tuple(
        StoredFile(name=name, sha256=hashlib.sha256(text).hexdigest(), bytes=len(text))
        for name, text in sorted(contents.items())
    )
    found = kept.job(record.identity.fingerprint)
    assert found.record.files == expected
    assert found.record == record.model_copy(update={"files": expected})
    assert record.files == ()


def test_a_changed_copy_has_another_hash():
    record = made_up()
    before = record.id, record.digest
    changed = record.model_copy(update={"seed": 7})
    assert changed.id == made_up(seed=7).id != before[0]
    assert changed.digest == made_up(seed=7).digest != before[1]
    assert record == made_up()
    assert not {"id", "digest"} & set(record.model_dump())


def test_the_id_of_a_run_depends_on_what_is_not_usual_alone():
    """So an option that a later release adds gives no earlier run another name."""
    options = {"models": ["a"], "seeds": 3}
    run = RunRecord(began="2026", release="0.1", options=RunOptions(**options), jobs=["1" * 16])
    assert run.id == digest({"release": "0.1", "options": options, "jobs": ["1" * 16]})
    assert run.model_copy(update={"began": "2027"}).id == run.id
    for other in ({"release": "0.2"}, {"jobs": ()}, {"options": RunOptions(seeds=4)}):
        assert run.model_copy(update=other).id != run.id
