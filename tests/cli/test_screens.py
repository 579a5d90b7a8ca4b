"""What each command prints on a terminal, kept as text in ``screens/`` with numbers masked.

``IQABENCH_RECORD=1 pytest tests/cli/test_screens.py`` writes the texts anew; look at what changed.
"""

import os
import re
import shutil
import sys
from pathlib import Path

import pytest
from rich.cells import cell_len

import iqabench as library

KEPT = Path(__file__).with_name("screens")
SCREENS = {
    "leaderboard": "leaderboard --store STORE",
    "leaderboard-by": "leaderboard --by distortion --store STORE",
    "compare": "compare --store STORE --datasets other piqe entropy",
    "ranks": "ranks --store STORE",
    "predictions": "predictions --store STORE --model piqe",
    "results": "results list --store STORE",
    "diff": "diff piqe@little entropy@little --store STORE",
    "dry-run": "run --models brisque --datasets little --catalog CATALOG --store EMPTY --dry-run",
    "runs": "rerun --store STORE",
    "jobs": "show --store STORE",
    "job": "show JOB --store STORE",
    "models": "models",
    "model": "models brisque",
    "datasets": "datasets",
    "dataset": "datasets show little --catalog CATALOG",
    "verify": "datasets verify little --catalog CATALOG",
    "saliency": "saliency",
    "doctor": "doctor",
    "score": "score piqe ROOT/c0.png ROOT/c1.png ROOT/c2_1.png",
    "score-two": "score piqe,entropy ROOT/c0.png ROOT/c1.png",
}
"""Name of a screen -> the command behind it."""
LONG = {"models": 8, "datasets": 8, "saliency": 8, "predictions": 8, "doctor": 2}
"""Screens of which only the first lines are kept, since others change with every new part."""


@pytest.fixture(scope="module")
def catalog(shared_little, tmp_path_factory):
    """The small set under two names, so that models can be ranked over sets."""
    one = shared_little.catalog.read_text().partition("\n")[2]
    path = tmp_path_factory.mktemp("catalog") / "catalog.yaml"
    path.write_text("datasets:\n" + one + one.replace("little:", "other:"))
    return path


@pytest.fixture(scope="module")
def made(catalog, tmp_path_factory):
    """A store with three models on the two sets."""
    store = tmp_path_factory.mktemp("screens") / "store"
    used = library.Session(catalog, store=store)
    library.run(["brisque", "piqe", "entropy"], ["little", "other"], seeds=2, session=used)
    return store


@pytest.fixture
def screen(iqabench, made, catalog, shared_little, tmp_path, monkeypatch):
    """Prints what a command shows on a terminal of so many columns."""
    root = tmp_path / "photos"
    shutil.copytree(shared_little.root, root)
    places = {
        "STORE": made,
        "CATALOG": catalog,
        "ROOT": "photos",
        "EMPTY": tmp_path / "none",
        "JOB": library.list_jobs(session=library.Session(store=made))[0].job,
    }

    def show(line, columns):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
        for word, place in places.items():
            line = re.sub(rf"\b{word}\b", str(place), line)
        code, printed, complaint = iqabench(*line.split())
        assert code == 0, complaint
        return printed

    return show


def masked(text):
    """The text without what differs between machines: digits, places, lines' ends and widths."""
    text = re.sub(r"(?m)^((?:root|folder) +)/.*(\n +.*)*", r"\1PATH", text)
    text = re.sub(r"(?m)^(ms/image:).*(\n +.*)*", r"\1 TIMED", text)
    text = re.sub(r"\n +(?=\S)", " ", text)
    text = re.sub(r"/\S*/", "PATH/", text)
    text = re.sub(r"\bsplit [0-9a-f]{6,}", "split HASH", text)
    text = re.sub(r"\b[0-9a-f]{8,16}\b", "HASH", text)
    text = re.sub(r"\b(AVX\w*|NEON|DEFAULT)\b", "CPU", text)
    text = re.sub(r"[<+-]?\d+(\.\d+)*(e[+-]?\d+)?", "#", text)
    return re.sub(r" {2,}", "  ", re.sub(r"-{3,}", "---", text))


@pytest.mark.parametrize("name", SCREENS)
def test_every_screen_is_as_it_was_and_fits(screen, name):
    printed = screen(SCREENS[name], 80)
    assert [line for line in printed.splitlines() if cell_len(line) > 80] == []
    lines = masked(printed).splitlines()
    found = "\n".join(line.rstrip() for line in lines[: LONG.get(name)]) + "\n"
    place = KEPT / f"{name}.txt"
    if os.environ.get("IQABENCH_RECORD"):
        place.write_text(found, encoding="utf-8")
    assert found == place.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SCREENS)
def test_no_line_is_wider_than_a_narrow_terminal(screen, name):
    printed = screen(SCREENS[name], 60)
    assert [line for line in printed.splitlines() if cell_len(line) > 60] == []


def test_the_columns_that_matter_most_stay(screen):
    head = screen(SCREENS["predictions"], 60).splitlines()[0].split()
    assert {"model", "quality", "prediction"} <= set(head)


def test_wide_shows_what_the_terminal_has_no_room_for(screen):
    command = SCREENS["leaderboard"]
    narrow, wide = screen(command, 80), screen(f"{command} --wide", 80)
    assert "ms/image" not in narrow.splitlines()[0] and "ms/image" in wide.splitlines()[0]
    assert re.search(r"^not shown: .*KROCC.* \(--wide shows all\)$", narrow, re.M)
    assert "not shown" not in wide


def test_nothing_is_left_out_off_a_terminal(iqabench, made, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    _, printed, _ = iqabench("leaderboard", "--store", made)
    assert "ms/image" in printed.splitlines()[0] and "not shown" not in printed


@pytest.mark.parametrize("form", ["csv", "json", "markdown", "latex"])
def test_other_formats_are_whole_on_a_terminal(screen, form):
    line = f"leaderboard --store STORE --format {form}"
    assert screen(line, 40) == screen(line, 400)
