"""``iqabench run --config``."""

import click
import pytest

import iqabench as library
from iqabench.cli.run import command

SHOWN = {"config", "dry_run", "quiet", "form", "output", "wide", "plugin"}
"""Options that say what is shown, or that every command has."""


@pytest.fixture
def config(tmp_path, little):
    """Writes a file of options; returns its path. The store lies beside it."""
    path = tmp_path / "exp.yaml"

    def write(*lines):
        path.write_text("\n".join([f"catalog: {little.catalog.name}", "store: kept", *lines]))
        return path

    return write


def options_of_run():
    """The options of `run` that decide what is done, by the keys of a file."""
    found = [one for one in command.params if isinstance(one, click.Option)]
    return {one.opts[-1].removeprefix("--"): one for one in found if one.name not in SHOWN}


def test_a_file_has_every_option_that_decides_what_is_done_and_the_same_defaults():
    fields = {name.replace("_", "-"): one for name, one in library.RunOptions.model_fields.items()}
    options = options_of_run()
    assert set(fields) == {*options, "plugin"} and len(fields) > 25
    for key, option in options.items():
        # Options of who makes the jobs say nothing of their own, and the session has the defaults.
        if key in vars(library.Spread()):
            default = getattr(library.Spread(), key)
        else:
            default = command.make_context("run", []).params[option.name]
        default = default.split(",") if key == "models" else default
        default = tuple(default) if isinstance(default, list) else default
        assert fields[key].default == default, key


def test_a_file_runs_what_the_same_options_run(iqabench, config, little, tmp_path, toy):
    file = config(
        "models: [a=brisque, b=toy-estimator]",
        "datasets: little",
        "seeds: 2",
        "test-share: 0.3",
        "set: a.features=pypi",
        "mapping: none",
    )
    words = ["--datasets", "little", "--seeds", "2", "--test-share", "0.3", "--mapping", "none"]
    more = ["--models", "a=brisque,b=toy-estimator", "--set", "a.features=pypi", "--format", "csv"]
    code, said, told = iqabench("run", "--config", file, "--format", "csv")
    places = ["--catalog", little.catalog, "--store", tmp_path / "kept"]
    assert code == 0 and "0 reused" in told[-1]
    again = iqabench("run", *words, *more, *places)
    assert again[:2] == (0, said) and again[2][-1].startswith("0 jobs made")


def test_the_command_line_wins(iqabench, config):
    file = config("models: brisque,entropy", "datasets: [little]", "seeds: 3", "tiny: true")
    words = ["--models", "entropy", "--seeds", "1", "--dry-run", "--format", "json"]
    code, said, _ = iqabench("run", "--config", file, *words)
    assert code == 0 and "entropy" in said and "brisque" not in said
    assert not (file.parent / "kept").exists()


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("seed: 3", "line 3: unknown key 'seed'", "did you mean 'seeds'?"),
        ("test_share: 0.3", "line 3: unknown key 'test_share'", "did you mean 'test-share'?"),
        ("quiet: true", "line 3: unknown key 'quiet'", "known keys: models, datasets, seeds"),
        ("seeds: three", "line 3: seeds: Input should be a valid integer", "it is 'three'"),
        ("seeds: true", "line 3: seeds: Input should be a valid integer", "it is True"),
        ("tiny: 1", "line 3: tiny: Input should be a valid boolean", "it is 1"),
        ("init: zero", "line 3: init: Input should be 'default' or 'random'", "it is 'zero'"),
        ("models: 3", "line 3: models: give one text, or a list of texts", "it is 3"),
        ("models: [3]", "line 3: models: Input should be a valid string", "it is 3"),
        ("seeds: 1\nseeds: 2", 'line 4: found duplicate key "seeds"', "must be valid YAML"),
        ("seeds: [1", "expected ',' or ']'", "must be valid YAML"),
        ("- seeds", "line 3: ", "must be valid YAML"),
    ],
)
def test_a_wrong_key_or_value_is_one_line_with_its_place(iqabench, config, line, message, hint):
    file = config(line)
    code, said, told = iqabench("run", "--config", file)
    assert (code, said, len(told)) == (2, "", 2), told
    assert told[0].startswith(f"error: {file}, line ") and message in told[0]
    assert hint in told[1]
    assert not (file.parent / "kept").exists()


def test_no_file_and_no_mapping(iqabench, tmp_path):
    code, _, told = iqabench("run", "--config", tmp_path / "none.yaml")
    assert code == 2 and told[0] == f"error: no file {tmp_path / 'none.yaml'}"
    (tmp_path / "list.yaml").write_text("- brisque\n")
    code, _, told = iqabench("run", "--config", tmp_path / "list.yaml")
    assert code == 2 and told[0].endswith("no mapping at the top")


def test_what_the_run_refuses_of_a_file_is_said_as_of_the_command_line(iqabench, config):
    code, _, told = iqabench("run", "--config", config("seeds: 0", "datasets: little"))
    assert code == 2 and told[0] == "error: --seeds 0 asks for no repetition"
    code, _, told = iqabench("run", "--config", config("memory: 3"))
    assert code == 2 and "--memory: not with --executor local" in told[0]


def test_an_empty_key_is_as_none(config):
    assert library.read_config(config("seeds:", "models:")) == library.read_config(config())


def test_gpus_are_named_by_numbers_or_text(config):
    for text in ("0,1", "[0, 1]", "['0', '1']"):
        assert library.read_config(config(f"devices: {text}")).devices == ("0", "1")
    assert library.read_config(config("devices: 3")).devices == ("3",)


def test_paths_are_relative_to_the_file(config, tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "maps").mkdir()
    options = library.read_config(
        config(
            "weights: net.safetensors",
            "split: ~/split.json",
            "saliency: shuffled:seed=2:of=folder:root=maps",
            "set: entropy.root=maps",
        )
    )
    assert options.catalog == str(tmp_path / "catalog.yaml")
    assert options.store == str(tmp_path / "kept")
    assert options.weights == str(tmp_path / "net.safetensors")
    assert options.split == str(tmp_path / "home" / "split.json")
    assert options.saliency == f"shuffled:seed=2:of=folder:root={tmp_path / 'maps'}"
    assert options.set == ("entropy.root=maps",)  # no model has such an option


@pytest.mark.parametrize(
    ("key", "value"),
    [("weights", "published"), ("weights", "job:0a1b"), ("split", "official"), ("saliency", "x:y")],
)
def test_what_is_no_path_stays(config, key, value):
    assert getattr(library.read_config(config(f"{key}: {value}")), key) == value


PLUGIN = """
from pathlib import Path
from pydantic import BaseModel
from iqabench.contract import ModelCard, hookimpl

class Options(BaseModel):
    file: Path = Path("none.txt")

class Scorer:
    def __init__(self, options):
        self.number = float(options.file.read_text())

    def score(self, images):
        return images.mean((1, 2, 3)) * self.number

@hookimpl
def register_models(register):
    register(ModelCard(name="config-toy", summary="a toy", factory="config_toy:Scorer",
        options="config_toy:Options", kind="scorer", direction="higher"))
"""


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """A plugin in a file, with a model that reads a file."""
    import sys

    from iqabench.registry import registry

    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "config_toy.py").write_text(PLUGIN)
    (tmp_path / "number.txt").write_text("2.5")
    yield tmp_path / "config_toy.py"
    registry().models.remove_plugin("config_toy")
    registry().plugins = {
        key: name for key, name in registry().plugins.items() if name != "config_toy"
    }
    registry().files = [path for path in registry().files if path.stem != "config_toy"]
    sys.modules.pop("config_toy", None)


def test_a_file_names_plugins_and_paths_of_their_options(iqabench, config, plugin, monkeypatch):
    monkeypatch.chdir("/")
    file = config(
        "plugin: config_toy.py",
        "models: config-toy",
        "datasets: little",
        "set: config-toy.file=number.txt",
    )
    code, _, told = iqabench("run", "--config", file, "--device", "cpu")
    assert code == 0, told
    (one,) = library.list_runs(session=library.Session(store=plugin.parent / "kept"))
    found = library.find_run(one.run, session=library.Session(store=plugin.parent / "kept"))
    assert found.options.set == (f"config-toy.file={plugin.parent / 'number.txt'}",)
    assert found.options.plugin == (str(plugin),)
