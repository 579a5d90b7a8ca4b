"""Every column of every table that a command prints is explained in docs/tables.md."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from iqabench import Session, import_scores, run
from iqabench.cli import options, terminal
from iqabench.studies import cost as costing

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
MANY = "Columns that many tables have"
ALSO = {"run, leaderboard, import": "leaderboard.md", "compare": "statistics.md"}
"""Sections whose command has further columns on a page of its own."""
METRIC = re.compile(r"^(srocc|plcc_mapped|plcc|krocc|rmse_mapped|rmse)(?=[ _])")
ENDING = re.compile(r" \[95%\]$|[ _](low|high)$")
GENERAL = ("SET", "MODEL", "PROVIDER")
"""What docs/tables.md writes for the name of a data set, a model or a saliency provider."""
PLAIN = ("--quiet", "--format")
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("toy", "one_thread")]


def explained(text):
    """The names in the first cells of a text's tables."""
    found = set()
    for cell in re.findall(r"^\| (`.*?) \|", text, re.MULTILINE):
        names = re.findall(r"`([^`]+)`", cell)
        found |= {f"METRIC{name}" if name.startswith("_") else name for name in names}
    return found


def sections():
    """Heading -> the columns that it explains."""
    text = (DOCS / "tables.md").read_text(encoding="utf-8")
    found = {}
    for part in text.split("\n## ")[1:]:
        heading, _, rest = part.partition("\n")
        found[heading] = explained(rest)
        if heading in ALSO:
            found[heading] |= explained((DOCS / ALSO[heading]).read_text(encoding="utf-8"))
    return found


SECTIONS = sections()


def unexplained(columns, heading, names):
    """The columns that neither the section nor the common one explains.

    ``names`` are what a column may be called after: data sets, models, providers.
    """
    known = SECTIONS[heading] | SECTIONS[MANY]
    missing = []
    for column in columns:
        bare = ENDING.sub("", column)
        metric = METRIC.sub("METRIC", column), METRIC.sub("METRIC", bare).partition(",")[0]
        general = {
            re.sub(rf"(?<![\w])({'|'.join(names)})( \(-\))?$", name, column) for name in GENERAL
        }
        general |= {re.sub(r"(?<=srocc_minus_).*", "VARIANT", column)}
        if not known & {column, bare, f"{bare}_mean", *metric, *general}:
            missing.append(column)
    return missing


@pytest.fixture
def columns(iqabench, monkeypatch):
    """``columns(*words)``: runs a command; returns the columns of the table that it printed."""
    rendered = []

    def noting(place, name, at):
        """Note the columns, argument ``at``, of what this function prints, and print it."""
        printing = getattr(place, name)

        def noted(rows, *others):
            names = (others[at - 1] if len(others) >= at else None) or []
            rendered.append(dict.fromkeys([*names, *(key for row in rows for key in row)]))
            return printing(rows, *others)

        monkeypatch.setattr(place, name, noted)

    noting(options, "render", at=2)
    noting(terminal, "for_terminal", at=1)

    def printed(*words):
        rendered.clear()
        code, _, said = iqabench(*words)
        assert code in (0, 1) and len(rendered) == 1, said
        return list(rendered[0])

    return printed


@pytest.fixture(scope="module")
def shelf(shared_little, tmp_path_factory):
    """Scores of three models on two sets with raters; the catalogue and the store."""
    folder = tmp_path_factory.mktemp("shelf")
    root = shutil.copytree(shared_little.root, folder / "rated")
    head, *rows = (root / "scores.csv").read_text().splitlines()
    rated = [f"{head},sd,votes", *(f"{row},0.9,20" for row in rows)]
    (root / "scores.csv").write_text("\n".join(rated))
    head, own = (
        shared_little.catalog.read_text().replace(str(shared_little.root), str(root)).split("\n", 1)
    )
    own = own.replace("level: strength}", "level: strength, mos_std: sd, raters: votes}")
    catalog = folder / "catalog.yaml"
    catalog.write_text(f"{head}\n{own}{own.replace('little:', 'twin:')}")
    random = np.random.default_rng(0)
    session = Session(catalog, store=folder / "store")
    for label in ("good", "fair", "bad"):
        lines = [f"{row.split(',')[0]},{random.normal()}" for row in rows]
        (folder / f"{label}.csv").write_text("\n".join(["image,score", *lines]))
        for name in ("little", "twin"):
            import_scores(folder / f"{label}.csv", label, name, session=session)
    return catalog, folder / "store"


STORED = [
    ("leaderboard", "run, leaderboard, import"),
    ("leaderboard --by level", "leaderboard --by"),
    ("leaderboard --by band", "leaderboard --by"),
    ("compare", "compare"),
    ("ranks", "ranks"),
    ("raters --dataset little", "raters"),
    ("predictions", "predictions"),
    ("diff good@little bad@little", "diff"),
    ("waterloo --dataset little", "waterloo"),
    ("results", "results, results remove"),
]


NAMES = ["little", "twin", "good", "fair", "bad"]


@pytest.mark.parametrize(("words", "heading"), STORED)
def test_tables_of_a_store(columns, shelf, words, heading):
    for form in ("table", "json"):
        found = columns(*words.split(), "--store", shelf[1], "--format", form)
        assert found and unexplained(found, heading, NAMES) == []


def test_tables_without_a_format(columns, shelf, tmp_path):
    store = shutil.copytree(shelf[1], tmp_path / "store")
    scores = ("import", shelf[1].parent / "good.csv", "--model", "again", "--dataset", "little")
    for words, heading in (
        (("show",), "show"),
        (("results", "remove", "good"), "results, results remove"),
        ((*scores, "--catalog", shelf[0]), "run, leaderboard, import"),
    ):
        found = columns(*words, "--store", store)
        assert found and unexplained(found, heading, ["little"]) == []
    assert unexplained(columns("saliency", "cache"), "saliency", ["-"]) == []
    assert unexplained(columns("datasets", "show", "livec"), "datasets show", []) == []


MACHINE = [
    ("models", "models"),
    ("models toy-network", "models"),
    ("datasets", "datasets"),
    ("saliency", "saliency"),
    ("doctor", "doctor"),
]


@pytest.mark.parametrize(("words", "heading"), MACHINE)
def test_tables_of_the_machine(columns, words, heading):
    found = columns(*words.split(), "--format", "json")
    assert found and unexplained(found, heading, ["-"]) == []


RUNS = [
    (
        "run --models toy-network,toy-estimator --datasets little --seeds 1",
        "run, leaderboard, import",
    ),
    ("run --models toy-network --datasets little --dry-run", "run --dry-run"),
    ("study stress toy-estimator --dataset little", "study stress"),
    (
        "study saliency toy-guided --dataset little --seeds 1 --providers center,uniform",
        "study",
    ),
    ("study cost toy-network --tiny", "study cost"),
    ("reproduce toy-estimator --table 1 --seeds 1", "reproduce"),
    ("reproduce toy-estimator --table 1 --dry-run", "reproduce --dry-run"),
]


@pytest.mark.parametrize(("words", "heading"), RUNS)
def test_tables_of_runs(columns, little, store, words, heading, monkeypatch):
    monkeypatch.setattr(costing, "_in_fresh_process", costing.measure)
    for form in ("table", "json"):
        places = ("--catalog", little.catalog, "--store", store)
        found = columns(*words.split(), *places, *PLAIN, form)
        assert found and unexplained(found, heading, ["little"]) == []


def test_the_table_of_runs(columns, little, store):
    run("piqe", "little", session=Session(little.catalog, store=store))
    for form in ("table", "json"):
        found = columns("rerun", "--store", store, "--format", form)
        assert found and unexplained(found, "rerun", []) == []


def test_tables_of_pictures(columns, little, tmp_path):
    bad = shutil.copytree(little.root, tmp_path / "bad")
    (bad / "c0_1.png").write_bytes(b"no picture")
    catalog = ("--catalog", tmp_path / "catalog.yaml")
    added = ("datasets", "add", "bad", "--root", bad, "--labels", bad / "scores.csv")
    for words, heading in (
        ((*added, "--image", "file", "--mos", "score", *catalog), "datasets"),
        (("datasets", "verify", "bad", *catalog), "datasets verify"),
        (("datasets", "audit", "bad", *catalog), "datasets audit"),
        (("score", "piqe", bad / "c0.png"), "score"),
    ):
        found = columns(*words)
        assert found and unexplained(found, heading, ["-"]) == []


def test_the_table_of_providers(columns, tmp_path):
    (tmp_path / "images").mkdir()
    random = np.random.default_rng(0)
    lines = ["image,y,x"]
    for name in ("a.png", "b.png"):
        noise = random.integers(0, 256, (20, 30, 3), np.uint8)
        Image.fromarray(noise).save(tmp_path / "images" / name)
        lines += [f"{name},{y:.1f},{x:.1f}" for y, x in random.uniform(0, 20, (3, 2))]
    (tmp_path / "fixations.csv").write_text("\n".join(lines))
    for form in ("table", "json"):
        words = ("saliency", "eval", "center", "--dataset", "fixations", "--root", tmp_path)
        found = columns(*words, *PLAIN, form)
        assert found and unexplained(found, "saliency eval", ["center"]) == []


PRINTING = """
compare diff doctor imports leaderboard models options predictions ranks raters reproduce rerun run
score show study waterloo datasets/add datasets/audit datasets/fetch datasets/listing datasets/show
datasets/synthesize datasets/verify results/listing results/remove saliency/cache
saliency/evaluating saliency/listing
"""
"""Modules of commands that print tables."""


def test_every_command_that_prints_a_table_is_asked():
    asked = {heading for _, heading in (*STORED, *MACHINE, *RUNS)} | {
        *(
            "rerun",
            "show",
            "datasets show",
            "datasets verify",
            "datasets audit",
            "score",
            "saliency eval",
            MANY,
        )
    }
    assert asked == set(SECTIONS)
    printing = {
        path.relative_to(ROOT / "iqabench" / "cli").with_suffix("").as_posix()
        for path in (ROOT / "iqabench" / "cli").rglob("*.py")
        if re.search(r"\bemit(_table|_set)?\(", path.read_text(encoding="utf-8"))
    }
    assert printing == set(PRINTING.split()), (
        "ask the new command in this file, and explain its columns in docs/tables.md"
    )


def test_an_unknown_column_is_found():
    assert unexplained(["srocc_mean", "vs good (-)", "novel"], "compare", ["good"]) == [
        "srocc_mean",
        "novel",
    ]
