import json

from stored import job_record, keep, predict_identity

from iqabench.catalog import Catalog
from iqabench.registry import registry
from iqabench.report.evaluations import groups
from iqabench.report.page import records
from iqabench.report.page.panels import panel_of


def test_failed_jobs_come_before_failed_pictures(book):
    scores = book.noisy(0.5)
    scores[[3, 4]] = float("nan")
    book.add("one", scores, folds=(0, 2))
    book.add("one", None, folds=(1,), status="failed", name="lost")
    (group,) = groups(book.store)
    job, pictures = records.failures(panel_of(group))
    assert (job.model, job.train, job.test, job.error) == ("one", "set", "set", "failed")
    first = book.table["image"][3]
    assert (pictures.what, pictures.error) == (f"{first} and 1 more", "ValueError: odd")


def test_shared_contents_are_all_named(book):
    shared = [f"c{number:02d}" for number in range(11)]
    book.add("one", book.noisy(0.5), shared=shared)
    book.add("two", book.noisy(0.5), shared=[])
    (leak,) = records.leaks(groups(book.store))
    assert (leak.model, leak.contents) == ("one", tuple(shared))


def test_an_origin_names_what_made_the_predictions(book):
    identity = predict_identity("one", contents=("c00",), options={"k": "<b>"})
    job = keep(book.store, job_record("one", identity))
    for fold in (0, 1):
        book.evaluate("one", job, fold, split="5" * 16)
    (group,) = groups(book.store)
    found = records.origin(group)
    facts = dict(found.facts)
    assert (facts["seeds"], facts["splits"]) == ("0", "5" * 16)
    assert (facts["test set"], facts["predict jobs"]) == ("set " + "0" * 16, job)
    assert "fit jobs" not in facts
    shown = json.loads(found.identity)
    assert (shown["kind"], shown["model"]["model"]) == ("predict", "one")
    assert shown["model"]["options"] == {"k": "<b>"}
    assert set(shown) == set(type(identity).model_fields) - {"contents"}


def test_citations_are_those_of_the_cards(book):
    book.add("one", book.noisy(0.5), train="kadid", model="brisque")
    found = {one.name: one for one in records.citations(groups(book.store), Catalog(registry()))}
    card = Catalog(registry()).get("kadid").card
    assert list(found) == ["kadid", "set", "brisque"]
    assert (found["kadid"].text, found["kadid"].link) == (
        f"{card.title}. {card.citation}",
        card.homepage,
    )
    assert found["set"].text == "no longer in a catalogue, so its citation is not known"
    assert found["brisque"].text == registry().model("brisque").paper
