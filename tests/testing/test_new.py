"""Plugins as `iqabench plugin new` writes them: they install, pass and run as they are."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import iqabench as library
from iqabench.contract import UsageError
from iqabench.testing.new import rendered

CHECKOUT = Path(__file__).parents[2]
KINDS = library.PLUGIN_KINDS
MODELS = "my-scorer,my-estimator,my-network"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty current folder."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def folder_of_scores(root):
    """A set as the template of a reader wants it: 8 scenes at 2 levels of noise."""
    root.mkdir(parents=True)
    random, lines = np.random.default_rng(0), ["file,scene,score"]
    for scene in range(8):
        smooth = np.linspace(40, 200, 96)[None, :, None] + 4 * scene
        for level in (1, 2):
            pixels = smooth + random.normal(0, 12 * level, (72, 96, 3))
            Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(root / f"{scene}{level}.png")
            lines.append(f"{scene}{level}.png,scene{scene},{5 - level - scene / 20:.2f}")
    (root / "scores.csv").write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_is_printed_and_is_tidy(here, iqabench, kind):
    code, printed, _ = iqabench("plugin", "new", f"my-{kind}", "--kind", kind)
    assert code == 0
    made = {path.relative_to(here).as_posix() for path in here.rglob("*") if path.is_file()}
    assert made == set(printed.split("\n\n")[0].splitlines())
    assert f"cd my-{kind}" in printed and f"iqabench check my-{kind}" in printed
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent))
    if ruff is not None:
        for words in (["check"], ["format", "--check"]):
            subprocess.run([ruff, *words, "--isolated", here], check=True, capture_output=True)


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("brisque", "scorer", "there is a model 'brisque' already"),
        ("kadid10k", "dataset", "there is a data set 'kadid10k' already"),
        ("center", "saliency", "there is a saliency provider 'center' already"),
        ("json", "scorer", "there is a Python module 'json' already"),
        ("My-Model", "scorer", "'My-Model' cannot name a plugin"),
        ("../up", "scorer", "'../up' cannot name a plugin"),
        ("class", "scorer", "'class' cannot name a plugin"),
        ("there", "scorer", "is there already"),
        ("mine", "filter", "no plugin of the kind 'filter'"),
    ],
)
def test_a_name_that_cannot_be_is_refused_and_nothing_is_written(here, name, kind, message):
    (here / "there").mkdir()
    with pytest.raises(UsageError, match=message):
        library.new_plugin(name, kind)
    assert [path.name for path in here.iterdir()] == ["there"]


@pytest.mark.slow
def test_a_new_plugin_takes_part_in_a_run_without_being_installed(here, iqabench, monkeypatch):
    """The shortest way from nothing to a row of the leaderboard; workers find the files, too."""
    folder_of_scores(here / "data" / "my-dataset")
    monkeypatch.setenv("IQABENCH_DATA", str(here / "data"))
    monkeypatch.setattr(sys, "path", [*sys.path])
    iqabench("plugin", "new", "new-scorer", "--kind", "scorer")
    iqabench("plugin", "new", "my-dataset", "--kind", "dataset")
    files = ("--plugin", "new-scorer/new_scorer.py", "--plugin", "my-dataset/my_dataset.py")
    try:
        code, printed, complaint = iqabench(
            *("run", "--models", "new-scorer", "--datasets", "my-dataset", "--format", "json"),
            *("--seeds", "1", "--jobs", "2", "--quiet", *files),
        )
    finally:
        library.registry.registry.cache_clear()
        for name in ("new_scorer", "my_dataset"):
            sys.modules.pop(name, None)
    assert code == 0, complaint
    row = next(row for row in json.loads(printed) if row["protocol"] == "all")
    assert (row["model"], row["n"]) == ("new-scorer", 16)


def environment(data):
    """What the programs below see: this checkout, and a folder of data sets."""
    found = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    places = [CHECKOUT, CHECKOUT / "plugins"]
    return {
        **found,
        "PYTHONPATH": os.pathsep.join(map(str, places)),
        "IQABENCH_DATA": str(data),
        "OMP_NUM_THREADS": "1",
    }


@pytest.fixture
def installed(here):
    """Python of an environment in which every kind is installed, and the projects' folders.

    Libraries come from the running environment.
    """
    pytest.importorskip("hatchling")
    home = here / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
    python = home / ("Scripts" if os.name == "nt" else "bin") / "python"
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout
    ours = sysconfig.get_path("purelib")
    Path(site.strip(), "dependencies.pth").write_text(ours + "\n")
    folders = []
    for kind in KINDS:
        made = library.new_plugin(f"my-{kind}", kind)
        folders.append(made.folder)
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    words = ("--python", python, "install", "--no-deps", "--no-build-isolation", "--no-index")
    outside = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [str(word) for word in (*pip, *words, *folders)]
    subprocess.run(command, check=True, capture_output=True, env=outside)
    return python, folders


def output(python, *words, data, expect=0):
    done = subprocess.run(
        [str(word) for word in (python, *words)],
        capture_output=True,
        text=True,
        env=environment(data),
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_every_kind_installs_tests_checks_and_runs(installed, here):
    python, folders = installed
    folder_of_scores(here / "data" / "my-dataset")
    data = here / "data"
    shown = output(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *folders, data=data)
    assert f"{len(KINDS)} passed" in shown
    shown = output(python, "-m", "iqabench", "check", *(f"my-{kind}" for kind in KINDS), data=data)
    assert shown.count("loads lazily\n") == shown.count("card\n") == len(KINDS)
    assert "FAIL" not in shown and "pass  can be read" in shown
    rows = json.loads(
        output(
            *(python, "-m", "iqabench", "run", "--models", f"{MODELS},sgdnet"),
            *("--datasets", "my-dataset", "--seeds", "1", "--tiny", "--init", "random"),
            *("--saliency", "my-saliency", "--quiet", "--format", "json"),
            *("--store", here / "store"),
            data=data,
        )
    )
    assert {row["model"] for row in rows} == {*MODELS.split(","), "sgdnet"}
    assert all(row["coverage"] == 1 for row in rows)


def test_docs_show_the_templates_as_they_are():
    text = (CHECKOUT / "docs" / "plugins.md").read_text(encoding="utf-8")
    for kind in KINDS:
        files = rendered(f"my-{kind}", kind)
        assert f"```python\n{files[f'my_{kind}.py']}```" in text, kind
    files = rendered("my-scorer", "scorer")
    assert f"```toml\n{files['pyproject.toml']}```" in text
    assert f"```python\n{files['test_my_scorer.py']}```" in text
