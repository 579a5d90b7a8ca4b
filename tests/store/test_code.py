"""What identifies code: numbers on shipped cards, syntax of strangers', versions of libraries."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import iqabench
from iqabench.contract.cards import SaliencyCard
from iqabench.protocols.choices import Choices
from iqabench.protocols.requests import resolve
from iqabench.registry import registry
from iqabench.saliency.providers import code as code_of_provider
from iqabench.store import code
from iqabench.store.behaviour import VERSIONS
from iqabench.store.code import code_of, sources
from iqabench.store.syntax import source_hash

PACKAGE = Path(iqabench.__file__).parent
TELL = """
import json
import iqabench
from iqabench.protocols.choices import Choices
from iqabench.protocols.requests import resolve
from iqabench.registry import registry
import toy_plugin
registry().register(toy_plugin, "toy")
names = ["biosiqnet-lite", "brisque", "sds-iqa", "toy-network", "toy-estimator"]
configs = {one.label: one.config for one in resolve(registry(), names, [], Choices())}
print(json.dumps([iqabench.__file__, configs]))
"""


def model(name):
    (found,) = resolve(registry(), [name], [], Choices())
    return found.identity.code


def shipped():
    """Every model and provider that comes with iqabench."""
    shelves = registry().models.cards, registry().saliency.cards
    return [card for shelf in shelves for card in shelf.values()]


def test_every_shipped_card_numbers_its_behaviour():
    computing = [
        card for card in shipped() if not isinstance(card, SaliencyCard) or card.kind != "permuted"
    ]
    assert len(computing) > 130
    assert {card.name for card in computing if card.behaviour is None} == set()


def test_a_numbered_behaviour_stands_in_place_of_the_code():
    found = model("brisque")
    assert (found.package, found.behaviour, found.tree) == ("iqabench_nss", 1, "")
    assert found.harness == {part: VERSIONS[part] for part in ("decoding", "training")}


def test_a_strangers_code_counts_itself(toy):
    found = model("toy-network")
    assert found.behaviour is None
    assert len(found.tree) == 16
    parts = ("decoding", "crops", "training", "pooling", "kit")
    assert found.harness == {part: VERSIONS[part] for part in parts}


@pytest.mark.parametrize(
    ("name", "wanted", "unwanted"),
    [
        ("brisque", {"scipy", "scikit-learn", "pillow"}, {"timm", "torchvision", "pyiqa"}),
        ("piqe", {"scipy"}, {"scikit-learn", "timm", "lightning"}),
        ("biosiqnet-lite", {"timm", "torchvision", "lightning"}, {"scikit-learn", "pyiqa"}),
        ("maniqa", {"pyiqa", "timm", "torchvision"}, {"scikit-learn"}),
        ("entropy", {"pyiqa", "timm"}, {"lightning", "scikit-learn"}),
    ],
)
def test_libraries_count_for_what_they_compute(name, wanted, unwanted):
    libraries = set(model(name).libraries)
    assert wanted <= libraries
    assert not unwanted & libraries
    assert not {"pydantic", "click", "pandas"} & libraries


def test_a_provider_that_needs_a_library_names_it():
    assert "onnxruntime" in code_of("iqabench_saliency.onnx:Onnx", 1, (), ["onnxruntime"]).libraries
    readout = code_of_provider(registry().provider("readout"))
    assert {"timm", "torch"} <= set(readout.libraries)
    assert "permutation" not in readout.harness


def test_permuted_maps_are_those_of_their_provider_and_of_the_permutation():
    found = code_of_provider(registry().provider("shuffled:of=readout"))
    readout = code_of_provider(registry().provider("readout"))
    assert found.harness == {**readout.harness, "permutation": VERSIONS["permutation"]}
    assert found.libraries == readout.libraries


def test_release_lines_of_torch_count_and_whole_versions_of_others(monkeypatch):
    numbers = {"torch": "2.14.1+cpu", "numpy": "2.4.6", "pillow": "12.0.3", "scipy": "1.17.1"}
    monkeypatch.setattr(code, "package_version", lambda name: numbers.get(name, "unknown"))
    found = code_of("iqabench_nss.piqe:Piqe", 1, ())
    assert found.libraries == {
        "torch": "2.14",
        "numpy": "2.4",
        "pillow": "12.0.3",
        "scipy": "1.17.1",
    }


def test_the_whole_source_is_told_beside():
    assert sources("iqabench_nss.piqe:Piqe") == {
        "iqabench": source_hash("iqabench"),
        "iqabench_nss": source_hash("iqabench_nss"),
    }


def _configs(folder):
    """Configurations as a process sees them whose iqabench is the one in a folder."""
    repository = PACKAGE.parent
    places = [folder, repository / "plugins", repository, Path(__file__).parent.parent]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, places))}
    done = subprocess.run(
        [sys.executable, "-c", TELL],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    file, configs = json.loads(done.stdout)
    assert Path(file).is_relative_to(folder)
    return configs


def test_code_that_decides_no_prediction_changes_no_configuration(tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "iqabench", ignore=shutil.ignore_patterns("__pycache__"))
    before = _configs(tmp_path)
    for name in (
        "report/leaderboard.py",
        "cli/run.py",
        "stats/agreement.py",
        "audit/geometry.py",
        "engine/explain.py",
        "report/sheets.py",
    ):
        path = tmp_path / "iqabench" / name
        assert path.is_file()
        path.write_text(path.read_text() + "\n\nADDED = 1\n")
    for name in ("engine/crops.py", "kit/saliency.py", "data/decoding.py", "contract/cards.py"):
        path = tmp_path / "iqabench" / name
        path.write_text("# A comment.\n" + path.read_text())
    assert _configs(tmp_path) == before
