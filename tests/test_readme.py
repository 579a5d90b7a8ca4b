"""README.md: what is made of the program is what the program prints, numbers apart."""

import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import walk
from PIL import Image
from stored import evaluation, job_record, keep

import iqabench as library
from iqabench import Results, Session
from iqabench.cli.run import _print_differences
from iqabench.report import leaderboard
from iqabench.store import Store
from iqabench.store.records import TestProtocol, Timing

CHECKOUT = Path(__file__).parents[1]
MAKER = runpy.run_path(str(CHECKOUT / "docs" / "readme.py"))
PAGE = MAKER["README"].read_text(encoding="utf-8")
CONTENTS = [f"c{number}" for number in range(8)]


@pytest.fixture
def demo(tmp_path, monkeypatch):
    """A store as the README's run makes it, with made-up predictions."""
    monkeypatch.setattr(leaderboard, "RESAMPLES", 200)
    store, random = Store(tmp_path / "store"), np.random.default_rng(0)
    store.prepare()
    names = [f"{content}_{number}.png" for content in CONTENTS for number in range(40)]
    table = pd.DataFrame({"image": names, "content": np.repeat(CONTENTS, 40)})
    table["quality"] = random.uniform(40, 100, len(table))
    store.save_table("demo", "0" * 16, table)
    timing = Timing(device="cpu", precision="fp32", threads=2, pictures=320)
    for label, noise in (("biosiqnet-lite", 9), ("brisque", 20)):
        scores = table[["image"]].assign(error=None)
        scores["prediction"] = table["quality"] + random.normal(0, noise, len(table))
        job = keep(store, job_record(label, seconds_per_image=0.01, timing=timing), scores)
        for fold in range(4):
            known = {"train": "demo", "test": "demo", "labels": "proxy", "shared": [], "seen": []}
            held = {"fold": fold, "contents": CONTENTS[fold::4], "predict": job}
            protocol = TestProtocol(kind="k-fold", folds=4)
            record = evaluation(label=label, model=label, protocol=protocol, **held, **known)
            store.save_evaluation(record)
    return store


def masked(text):
    """The words of the lines; numbers and what the processor is called differ."""
    text = re.sub(r"(?m)^(ms/image:).*(\n +.*)*", r"\1", text)
    text = re.sub(r"-{2,}", "--", re.sub(r"[+-]?\d+(\.\d+)*", "0", text))
    return [" ".join(line.split()) for line in text.splitlines()]


def test_the_leaderboard_is_in_the_form_in_which_the_program_prints_it(
    demo, iqabench, monkeypatch, capsys
):
    monkeypatch.setenv("COLUMNS", str(MAKER["COLUMNS"]))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    _, printed, _ = iqabench("leaderboard", "--store", demo.root)
    results = Results(Session(store=demo.root))
    _print_differences(results, False)
    told = capsys.readouterr().err
    assert masked(MAKER["shown"](PAGE, "board")) == masked(f"{printed}\n{told}")


def test_the_plugin_is_the_one_that_the_program_writes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    library.new_plugin("sharpness", "scorer")
    written = (tmp_path / "sharpness" / "sharpness.py").read_text(encoding="utf-8")
    assert MAKER["shown"](PAGE, "plugin") == written.rstrip(), "run make readme"


def test_a_part_is_replaced_between_its_marks_and_nowhere_else():
    page = "a\n<!-- x -->\n```py\nold\n```\n<!-- end -->\n```\nold\n```\n"
    assert MAKER["with_part"](page, "x", "new\\1") == page.replace("old", "new\\1", 1)
    with pytest.raises(SystemExit, match="no part 'y'"):
        MAKER["with_part"](page, "y", "new")


def test_the_screenshot_is_a_small_picture_of_the_width_that_is_made():
    place = MAKER["SCREENSHOT"]
    assert f"]({place.relative_to(CHECKOUT).as_posix()})" in PAGE
    assert place.stat().st_size < 200_000
    with Image.open(place) as picture:
        assert picture.size == (MAKER["WIDTH"], MAKER["HEIGHT"])


def test_the_walk_finds_every_command_and_nothing_that_is_printed():
    page = (
        "```\niqabench run  # a remark\nmodel  train\n\npip install x\n```\n"
        "```console\n$ head -1 a.csv\nfile,score\n```\n"
        "```toml\niqabench = 1\n```\n```python\nimport iqabench\n\niqabench.run()\n```\n"
    )
    assert list(walk.commands(page)) == [
        ("sh", "iqabench run"),
        ("sh", "pip install x"),
        ("sh", "head -1 a.csv"),
        ("python", "import iqabench\n\niqabench.run()\n"),
    ]
    played = [command for _, command in walk.commands(PAGE)]
    typed = [line.partition("  #")[0] for line in PAGE.splitlines() if line.startswith("iqabench ")]
    assert len(typed) > 10 and set(map(str.strip, typed)) <= set(played)
