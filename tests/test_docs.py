import re
import runpy
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def test_the_page_of_models_is_made_from_the_cards():
    made = runpy.run_path(str(DOCS / "models.py"))["page"]()
    assert (DOCS / "models.md").read_text(encoding="utf-8") == made, "run python docs/models.py"


def test_the_picture_of_the_floors_is_drawn_from_the_import_rules():
    made = runpy.run_path(str(DOCS / "floors.py"))["picture"]()
    assert (DOCS / "floors.svg").read_text(encoding="utf-8") == made, "run make floors"


def test_the_page_of_the_floors_names_what_is_there():
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:iqabench|plugins|tests|docs)/[\w./]*)`", text))
    assert len(named) > 25
    assert {name for name in named if not (DOCS.parent / name).exists()} == set()


def test_every_system_that_has_a_name_is_registered():
    from iqabench.registry import registry

    systems = runpy.run_path(str(DOCS / "models.py"))["SYSTEMS"]
    assert {name for name in systems.values() if name} <= set(registry().models.cards)


def test_every_test_that_holds_a_right_answer_is_there():
    text = (DOCS / "wrong-answers.md").read_text(encoding="utf-8")
    named = re.findall(r"`([\w/]*\.py|)(?:::(\w+))?`", text)
    path, missing = "", []
    for file, test in named:
        path = file or path
        place = DOCS.parent / "tests" / path
        if not place.is_file() or (test and f"def {test}(" not in place.read_text("utf-8")):
            missing.append((path, test))
    assert len(named) > 100 and missing == []


def test_troubleshooting_quotes_what_the_program_says():
    text = (DOCS / "troubleshooting.md").read_text(encoding="utf-8")
    quoted = re.findall(r'^### "(?:data set \'live\' )?(.+?)(?: \.\.\.)?"', text, re.MULTILINE)
    code = "".join(
        path.read_text(encoding="utf-8") for path in (DOCS.parent / "iqabench").rglob("*.py")
    )
    assert len(quoted) >= 4
    assert [words for words in quoted if words not in code] == []
