"""Commands with missing, wrong, swapped, empty and huge arguments: each ends as documented.

The exit code is 0, 1, 2 or 130; an error is one line and a hint, and never a traceback.
"""

import random
import shlex
import shutil
import socket
from pathlib import Path

import click
import pytest
from limits import bounded, whole_fuzz

from iqabench.cli import cli

SECONDS = 120
HUGE = "9" * 25
WORDS = (
    *("", " ", "-", "--", "=", ",", ":", "a,,b", "x" * 5000, "../..", "\x1b[31mred", "\u202e", "é"),
    *(
        "nan",
        "-1",
        "0",
        HUGE,
        "1e400",
        "None",
        "{",
        "[1,2]",
        "%s",
        "$(ls)",
        "\n",
        "a=b=c",
        "%",
        "*",
    ),
)
MODELS = (
    *("toy-scorer", "toy-estimator", "brisque", "piqe", "psnr", "nope", "full", "mine=toy-scorer"),
    *("toy-scorer,toy-estimator", "toy-scorer,toy-scorer", "toy-estimator,", "=toy-scorer"),
)
SETS = ("little", "little,little", "little:little", "live", "nope", "little:", ":little", "csv")
PROVIDERS = (
    "center",
    "spectral-residual",
    "center:sigma=0",
    "shuffled:of=center",
    "readout",
    "nope",
)
NUMBERS = ("1", "2", "0", "-1", HUGE, "nan", "1.5", "", "x", "0x1", "1e3")
OVERRIDES = (
    *("toy-estimator.power=2", "toy-estimator.power=", "toy-estimator", ".", "nope.x=1", "=", "."),
    *("toy-estimator.recipe.epochs=1", "toy-scorer.nothing=1", f"toy-estimator.power={HUGE}"),
)
BY_NAME = {
    "model": MODELS,
    "models": MODELS,
    "dataset": SETS,
    "datasets": SETS,
    "provider": PROVIDERS,
    "providers": PROVIDERS,
    "saliency": PROVIDERS,
    "overrides": OVERRIDES,
    "split": ("official", "scores.csv", "empty.csv", "split.json", "nope.json"),
    "weights": ("train", "published", "job:", "job:0", f"job:{'0' * 16}", "scores.csv", "nope.pth"),
    "study": ("ablation", "cost", "saliency", "power", "nope"),
    "columns": ("image=image", "image=1,mos=2", "image", "=", "image=1,image=2", "nope=1"),
    "types": ("gaussian-blur", "1,2", "all", "99", "nope"),
    "levels": ("1,3", "1-5", "9", "nope"),
}


@pytest.fixture
def world(tmp_path, little_files, monkeypatch, toy, iqabench):
    """A folder with a set, a store and files of several kinds; nothing outside is reached."""

    def no_network(*_, **__):
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    # A C++ compiler would take half a minute for each --compile.
    monkeypatch.setattr("iqabench.engine.compiling.BACKEND", "eager")
    monkeypatch.chdir(tmp_path)
    root = shutil.copytree(little_files, tmp_path / "little")
    (tmp_path / "photos").mkdir()
    shutil.copy(root / "c0.png", tmp_path / "photos")
    (tmp_path / "catalog.yaml").write_text(
        f"datasets:\n  little: {{reader: csv, root: {root}, labels: scores.csv,"
        " columns: {image: file, mos: score, reference: original, distortion: kind}}\n"
    )
    (tmp_path / "scores.csv").write_text(
        "image,score\n" + "".join(f"c{c}_{n}.png,{n + c}\n" for c in range(9) for n in range(1, 5))
    )
    (tmp_path / "empty.csv").touch()
    (tmp_path / "noise.bin").write_bytes(bytes(range(256)) * 8)
    given = ("--dataset", "little", "--catalog", "catalog.yaml", "--store", "store", "--seeds", "2")
    for model in ("full", "twin"):
        assert iqabench("import", "scores.csv", "--model", model, *given)[0] == 0
    return tmp_path


FILES = (
    *(
        "scores.csv",
        "empty.csv",
        "noise.bin",
        "catalog.yaml",
        "little/c0_1.png",
        "photos",
        "little",
    ),
    *("nowhere", "nowhere/file.csv", "scores.csv/x", "/dev/null", "out.md", "out.tex", "out.json"),
    *("out.parquet", "out.html", "out.xlsx", "out.png", "out.csv", "", "x" * 300),
)


def commands(command=cli, path=()):
    """Every command with the words that call it."""
    if not isinstance(command, click.Group):
        return [(path, command)]
    context = click.Context(command)
    return [
        found
        for name in command.list_commands(context)
        for found in commands(command.get_command(context, name), (*path, name))
    ]


def value(parameter, draw):
    """Some word for a parameter: often one that makes sense, at times one that does not."""
    kind, name = parameter.type, parameter.name
    if draw.random() < 0.12:
        return draw.choice((*WORDS, *FILES, *MODELS, *NUMBERS))
    if isinstance(kind, click.Choice):
        return draw.choice((*map(str, kind.choices), "nope")) if draw.random() < 0.9 else ""
    if name == "store":
        return draw.choice(("store", "store", "store", "nowhere", "scores.csv", "little"))
    if name == "catalog":
        return draw.choice(("catalog.yaml", "catalog.yaml", "catalog.yaml", *FILES))
    if isinstance(kind, click.Path):
        return draw.choice(FILES)
    if kind.name.startswith(("integer", "float")):
        return draw.choice(NUMBERS)
    return draw.choice(BY_NAME.get(name, (*MODELS, *SETS)))


def call(path, command, draw):
    """A command line."""
    words = []
    for parameter in command.params:
        needed = parameter.required or parameter.name in ("models", "datasets", "store", "catalog")
        if draw.random() > (0.93 if needed else 0.25):
            continue
        if isinstance(parameter, click.Argument):
            words.append([value(parameter, draw) for _ in range(draw.choice((1, 1, 2, 3)))])
        elif getattr(parameter, "is_flag", False):
            words.append([parameter.opts[-1]])
        else:
            words.append([parameter.opts[-1], value(parameter, draw)])
    fate = draw.random()
    if fate < 0.08:
        draw.shuffle(words)
    flat = [word for group in words for word in group]
    if fate > 0.95 and flat:
        del flat[draw.randrange(len(flat))]
    elif fate > 0.9:
        flat.insert(draw.randrange(len(flat) + 1), draw.choice((*WORDS, "--nope", "-x")))
    if path == ("run",) and "--models" not in flat:  # the default would train for minutes
        flat += ["--models", "toy-scorer"]
    if path == ("run",) and "--datasets" not in flat:
        flat += ["--datasets", "little"]
    return [*path, *flat]


@pytest.mark.parametrize(
    ("first", "calls"),
    [
        (0, 150),
        pytest.param(150, 450, marks=pytest.mark.slow),
        pytest.param(600, 1550, marks=whole_fuzz),
    ],
)
def test_every_call_ends_as_documented(world, iqabench, first, calls):
    found, known, given = {}, commands(), set(world.rglob("*.png"))
    for number in range(first, first + calls):
        draw = random.Random(number)
        path, command = known[number % len(known)]
        words = call(path, command, draw)
        with bounded(SECONDS, shlex.join(words)[:600]):
            code, _, complaint = iqabench(*words)
        found.setdefault(code, []).append(words)
        # A later call would draw a sheet of each sheet that lies here.
        for sheet in set(filter(Path.is_file, world.rglob("*.png"))) - given:
            sheet.unlink()
        shown = (shlex.join(words)[:600], code, complaint[-4:])
        assert code in (0, 1, 2, 130), shown
        assert not any("Traceback" in line or "is a fault of" in line for line in complaint), shown
        if code == 2:
            at = [place for place, line in enumerate(complaint) if line.startswith("error: ")]
            assert len(at) == 1 and len(complaint) - at[0] <= 3, shown
        assert all(len(line) < 700 for line in complaint), shown
    assert {0, 2} <= set(found)
