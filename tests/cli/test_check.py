import pytest

import iqabench as library
from iqabench.contract import ModelCard, SaliencyCard, hookimpl
from iqabench.registry import registry


class Faulty:
    """A measure that cannot be built, and maps that are NaN where a picture is black."""

    @hookimpl
    def register_models(self, register):
        factory = "toy_plugin:Scorer"
        register(ModelCard(name="faulty", summary="s", kind="scorer", factory=factory))

    @hookimpl
    def register_saliency_providers(self, register):
        facts = {"summary": "s", "trained_on": "nothing", "licence": "MIT"}
        factory = "toy_plugin:Gaze"
        register(
            SaliencyCard(name="faulty", factory=factory, options="toy_plugin:Options", **facts)
        )


@pytest.fixture
def faulty(toy):
    found = registry()
    found.register(Faulty(), "faulty")
    yield
    for shelf in (found.models, found.saliency):
        shelf.remove_plugin("faulty")
    del found.plugins["faulty"]


def columns(printed):
    """(result, check) of each line that begins a finding."""
    lines = [line for line in printed.splitlines() if line[:6].strip() in ("pass", "FAIL", "-")]
    return {line[6:31].strip(): line[:6].strip() for line in lines}


def test_a_good_model_passes(iqabench):
    code, printed, complaint = iqabench("check", "piqe")
    found = columns(printed)
    assert (code, complaint) == (0, [])
    assert printed.splitlines()[0] == "model piqe"
    assert found["deterministic"] == found["card"] == found["no network"] == "pass"
    assert found["direction"] == "-"


def test_a_bad_one_makes_the_exit_code_one_and_everything_of_its_name_is_checked(faulty, iqabench):
    code, printed, complaint = iqabench("check", "faulty")
    assert (code, complaint) == (1, ["3 checks failed"]), printed
    assert {"model faulty", "saliency provider faulty"} <= set(printed.splitlines())
    assert "FAIL  card" in printed and "FAIL  can be built" in printed
    assert "FAIL  flat pictures" in printed
    text = " ".join(printed.split())
    assert "toy_plugin:Scorer takes options (missing a required argument: 'options')" in text


def test_lines_fit_the_terminal(faulty, iqabench, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    _, printed, _ = iqabench("check", "faulty")
    assert max(map(len, printed.splitlines())) <= 80


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["brisqe"], "unknown model, data set or provider 'brisqe'"),
        ([], "Missing argument 'NAME...'"),
        (["piqe", "--root", "."], "no data set is checked"),
        (["piqe", "--plugin", "none.py"], "no plugin at"),
    ],
)
def test_bad_usage_is_one_line_and_a_hint(iqabench, words, message):
    code, printed, complaint = iqabench("check", *words)
    assert (code, printed, len(complaint)) == (2, "", 2)
    assert message in complaint[0]


def test_a_set_that_is_not_here_has_its_card_checked(iqabench):
    code, printed, _ = iqabench("check", "kadid")
    found = columns(printed)
    assert (code, found["card"], found["can be read"]) == (0, "pass", "-")
    assert "--root DIR" in printed


def test_python_has_the_same_findings():
    found = {one.check: one for one in library.check("kadid")}
    assert found["card"] == library.Finding("data set kadid", "card", "pass", "")
