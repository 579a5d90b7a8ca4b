"""The wheel: everything is in it, and it works where the checkout is out of sight."""

import json
import os
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest

from iqabench.registry import registry

CHECKOUT = Path(__file__).parent.parent
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", folder, CHECKOUT)
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A fresh environment with the wheel; what it depends on comes from the running one."""
    home = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
    python = home / ("Scripts" if os.name == "nt" else "bin") / "python"
    pip("--python", python, "install", "--no-deps", "--no-index", wheel)
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(output(python, "-c", code).strip())
    # A plain line: the .pth files in there, an editable checkout's among them, are not followed.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python, site


def pip(*words):
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*command, *map(str, words)], check=True, capture_output=True)


def output(*command):
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
        cwd=Path(command[0]).parent,
    ).stdout


def test_the_wheel_holds_every_file_and_the_catalogue(wheel):
    held = set(zipfile.ZipFile(wheel).namelist())
    for package in PACKAGES:
        root = CHECKOUT / package
        for path in root.rglob("*"):
            if path.is_dir() or "__pycache__" in path.parts:
                continue
            assert path.relative_to(root.parent).as_posix() in held
    assert "iqabench/datasets.yaml" in held
    assert any(name.endswith("/licenses/LICENSE") for name in held)
    tops = {name.split("/")[0] for name in held}
    assert {name for name in tops if not name.endswith(".dist-info")} == {
        Path(package).name for package in PACKAGES
    }


def test_typed_packages_say_so(wheel):
    held = set(zipfile.ZipFile(wheel).namelist())
    for package in PACKAGES:
        assert f"{Path(package).name}/py.typed" in held


def test_every_plugin_has_an_entry_point_and_every_package_is_checked():
    points = set(PROJECT["project"]["entry-points"]["iqabench"].values())
    names = {Path(package).name for package in PACKAGES}
    assert points == names - {"iqabench"}
    assert set(PROJECT["tool"]["mypy"]["packages"]) == names
    assert set(PROJECT["tool"]["importlinter"]["root_packages"]) == names


def test_an_installed_wheel_works_without_the_checkout(installed):
    python, site = installed
    code = "import {0} as found; print(found.__file__)"
    for package in PACKAGES:
        where = Path(output(python, "-c", code.format(Path(package).name)).strip())
        assert where.is_relative_to(site)
    rows = json.loads(output(python.with_name("iqabench"), "models", "--format", "json"))
    assert {row["model"]: row["plugin"] for row in rows} == registry().models.plugins
    rows = json.loads(output(python, "-m", "iqabench", "doctor", "--format", "json"))
    found = {row["what"]: row for row in rows}
    assert found["shipped catalogue"]["value"] == str(site / "iqabench" / "datasets.yaml")
    assert (site / "iqabench" / "datasets.yaml").read_text() == (
        CHECKOUT / "datasets.yaml"
    ).read_text()
    assert not [row for row in rows if row["value"] == "FAILED"]
    rows = json.loads(output(python, "-m", "iqabench", "datasets", "--format", "json"))
    assert {"demo", "kadid"} <= {row["data set"] for row in rows}
