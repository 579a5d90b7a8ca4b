import sys

import pytest

from iqabench.store import syntax

NET = '''"""A network."""

import math

from . import layers
from stranger.scale import SCALE


class Net:
    """Scores."""

    GAIN = 2.5
    """Of the score."""

    def forward(self, x):
        """Score a crop."""
        from stranger.late import shift  # read only here

        return math.tanh(self.GAIN * layers.mix(x)) * SCALE + shift
'''
FILES = {
    "__init__.py": "from stranger.cards import CARDS\n",
    "cards.py": "CARDS = ('net', 'other')\n",
    "net.py": NET,
    "layers.py": "def mix(x):\n    return 0.5 * x\n",
    "scale.py": "from .deep import BASE\n\nSCALE = BASE + 1\n",
    "deep.py": "BASE = 3\n",
    "late.py": "shift = 1\n",
    "other.py": "class Other:\n    GAIN = 7\n",
    "weights.bin": "abc",
    "README.md": "words",
}


@pytest.fixture(autouse=True)
def fresh():
    """Files change within a test, so nothing is remembered."""

    def forget():
        for one in (syntax.package, syntax.source_hash, syntax.tree_hash, syntax.reached):
            one.cache_clear()
        syntax._parsed.cache_clear()

    forget()
    yield forget
    forget()


@pytest.fixture
def stranger(tmp_path, monkeypatch, fresh):
    """Writes somebody's package with some files changed; returns the hash of its network."""
    monkeypatch.syspath_prepend(tmp_path)
    root = tmp_path / "stranger"
    root.mkdir()

    def write(module="stranger.net", **changed):
        files = FILES | {name.replace("__dot__", "."): text for name, text in changed.items()}
        for name, text in files.items():
            (root / name).write_text(text)
        fresh()
        return syntax.tree_hash(module)

    return write


def changed(name, old, new):
    assert old in FILES[name]
    return {name.replace(".", "__dot__"): FILES[name].replace(old, new)}


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("net.py", "import math\n", "import math  # hyperbolic tangent\n\n\n"),
        ("net.py", '"""Score a crop."""', '"""Score one crop, (B,)."""'),
        ("net.py", '"""A network."""\n', ""),
        ("net.py", '    """Of the score."""\n', ""),
        (
            "net.py",
            "(self.GAIN * layers.mix(x))",
            "(\n            self.GAIN * layers.mix(x)\n        )",
        ),
        ("layers.py", "    return 0.5 * x", "    # half of it\n    return 0.5 * x"),
        ("other.py", "GAIN = 7", "GAIN = 8"),  # another model of the same plugin
        ("cards.py", "'other'", "'another'"),
        (
            "__init__.py",
            "from stranger.cards import CARDS",
            "from stranger.cards import CARDS as C",
        ),
        ("README.md", "words", "more words"),
    ],
)
def test_what_changes_no_number_changes_no_hash(stranger, name, old, new):
    assert stranger() == stranger(**changed(name, old, new))


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("net.py", "2.5", "2.525"),
        ("net.py", "math.tanh(", "math.sin("),
        ("net.py", "+ shift", "- shift"),
        ("layers.py", "0.5", "0.505"),  # imported by `from . import`
        ("scale.py", "+ 1", "+ 2"),  # by its whole name
        ("deep.py", "3", "4"),  # by what is imported
        ("late.py", "1", "2"),  # inside a function
        ("weights.bin", "abc", "abd"),  # a data file
    ],
)
def test_what_may_change_numbers_changes_the_hash(stranger, name, old, new):
    assert stranger() != stranger(**changed(name, old, new))


@pytest.mark.parametrize(
    "line",
    [
        "import importlib\n\nother = importlib.import_module('stranger.other')\n",
        "from importlib import import_module\n\nother = import_module('stranger.' + 'other')\n",
        "other = __import__('stranger.other')\n",
        "exec('from stranger.other import Other')\n",
    ],
)
def test_where_imports_are_hidden_every_module_counts(stranger, line):
    hidden = {"layers__dot__py": FILES["layers.py"] + line}
    assert stranger(**hidden) != stranger(**hidden, other__dot__py="class Other:\n    GAIN = 8\n")


def test_a_networks_eval_hides_nothing(stranger):
    plain = {"layers__dot__py": FILES["layers.py"] + "def ready(net):\n    return net.eval()\n"}
    assert stranger(**plain) == stranger(**plain, other__dot__py="class Other:\n    GAIN = 8\n")


def test_a_plugin_of_one_file(tmp_path, monkeypatch, fresh):
    monkeypatch.syspath_prepend(tmp_path)
    path, found = tmp_path / "single.py", []
    for text in ("GAIN = 2\n", "GAIN = 2  # twice\n", "GAIN = 3\n"):
        path.write_text(text)
        fresh()
        found.append(syntax.tree_hash("single"))
    assert found[0] == found[1] != found[2]


def test_nothing_is_imported(stranger):
    stranger(net__dot__py="raise RuntimeError('imported')\n")
    assert "stranger" not in sys.modules


@pytest.mark.parametrize("module", ["nobody.at.home", "stranger.absent"])
def test_code_that_is_not_there(stranger, module):
    assert stranger(module) == "unknown"
    assert syntax.reached(module).modules == ()


def test_what_a_module_reaches(stranger):
    stranger(
        net__dot__py="import os.path\nimport timm.layers\nfrom torch import nn\n"
        "from .layers import mix\n"
    )
    found = syntax.reached("stranger.net")
    assert found.modules == ("stranger.layers", "stranger.net")
    assert found.others == ("timm", "torch")
    assert not found.dynamic


def test_relative_imports_of_a_package_in_a_package(stranger, tmp_path):
    inside = tmp_path / "stranger" / "inside"
    inside.mkdir()
    (inside / "__init__.py").write_text("from .near import A\nfrom ..deep import BASE\n")
    (inside / "near.py").write_text("from .. import late\nA = 1\n")
    stranger()
    assert syntax.reached("stranger.inside").modules == (
        "stranger.deep",
        "stranger.inside",
        "stranger.inside.near",
        "stranger.late",
    )


def test_the_source_hash_takes_every_byte(stranger, fresh):
    stranger()
    before = syntax.source_hash("stranger")
    stranger(**changed("other.py", "GAIN = 7", "GAIN = 7  # seven"))
    assert syntax.source_hash("stranger") != before
