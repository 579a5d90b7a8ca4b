"""The manual as Sphinx builds it: no warning, and nothing public is missing."""

import html
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from dataclasses import fields, is_dataclass
from pathlib import Path

import click
import pytest
from pydantic import BaseModel

import iqabench
from iqabench import contract, kit, stats
from iqabench.cli import cli

CHECKOUT = Path(__file__).parents[1]
DOCS, MADE = CHECKOUT / "docs", CHECKOUT / "build" / "manual"
SOURCES = ("docs", "iqabench", "plugins", "biosiqnet_plugin", "CHANGELOG.md", "CONTRIBUTING.md")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder of the built manual: that of `make docs` if no source has changed since."""
    if up_to_date():
        return MADE
    pytest.importorskip("furo", reason="the manual needs iqabench[docs]")
    place = tmp_path_factory.mktemp("manual")
    words = ["-m", "sphinx", "-W", "--keep-going", "-q", DOCS, place]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return place


def up_to_date():
    """Whether `make docs` has built the last page of the manual after every file it is made of."""
    last = MADE / "objects.inv"
    files = (
        path
        for name in SOURCES
        for path in (CHECKOUT / name, *(CHECKOUT / name).rglob("*"))
        if path.is_file() and path.suffix != ".pyc"
    )
    return last.exists() and max(path.stat().st_mtime for path in files) < last.stat().st_mtime


def targets(built, page):
    """The names to which one can link on a page."""
    return set(re.findall(r' id="([^"]+)"', (built / page).read_text(encoding="utf-8")))


def commands(command, context, path=()):
    """Every command below one, with its path."""
    yield path, command
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            one = command.get_command(context, name)
            yield from commands(
                one, click.Context(one, info_name=name, parent=context), (*path, name)
            )


COMMANDS = list(commands(cli, click.Context(cli, info_name="iqabench")))


def test_every_option_of_every_command_is_in_the_reference_with_a_text(built):
    known = targets(built, "cli.html")
    page = html.unescape(re.sub(r"<[^>]+>|\s+", "", (built / "cli.html").read_text("utf-8")))
    missing, seen = [], 0
    for path, command in COMMANDS:
        for option in (one for one in command.params if isinstance(one, click.Option)):
            seen += 1
            anchor = "-".join(("cmdoption-iqabench", *path, option.opts[0].lstrip("-")))
            text = re.sub(r"\s+|`", "", option.help or "")
            if anchor not in known or not text or text not in page:
                missing.append((path, option.opts[0]))
    assert seen > 200 and missing == []


def test_every_public_name_and_member_of_the_package_is_in_the_reference(built):
    known = targets(built, "api.html")
    wanted = {f"iqabench.{name}" for name in dir(iqabench)}
    for name in dir(iqabench):
        one = getattr(iqabench, name)
        if inspect.isclass(one) and is_dataclass(one):
            wanted |= {f"iqabench.{name}.{field.name}" for field in fields(one)}
        if inspect.isclass(one) and issubclass(one, BaseModel):
            wanted |= {f"iqabench.{name}.{field}" for field in one.model_fields}
        if inspect.isclass(one) and name != "Session":
            unasked = ("_", "model_config")  # the latter is pydantic's
            own = (member for member in vars(one) if not member.startswith(unasked))
            wanted |= {f"iqabench.{name}.{member}" for member in own}
    assert len(wanted) > 90 and wanted - known == set()


def test_every_name_of_the_contract_is_in_the_reference(built):
    known = targets(built, "contract.html")
    places = [f"iqabench.contract{room}" for room in ("", ".hooks", ".errors", ".version")]
    missing = [
        name for name in contract.__all__ if not known & {f"{place}.{name}" for place in places}
    ]
    assert missing == []


def test_every_hook_is_shown_with_its_signature(built):
    page = re.sub(r"<[^>]+>", "", (built / "contract.html").read_text(encoding="utf-8"))
    hooks = [
        (name, one)
        for name, one in vars(contract.hooks).items()
        if inspect.isfunction(one) and one.__module__ == contract.hooks.__name__
    ]
    assert len(hooks) >= 3
    for name, hook in hooks:
        assert f"{name}({', '.join(inspect.signature(hook).parameters)})" in page
        assert name in (DOCS / "plugins.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("package", "page"), [(kit, "kit"), (stats, "stats")])
def test_every_public_function_of_the_kit_and_of_the_statistics_is_in_the_reference(
    built, package, page
):
    known = targets(built, f"{page}.html")
    wanted = {f"{package.__name__}.{name}" for name in getattr(package, "__all__", ())}
    if not wanted:
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            found = vars(importlib.import_module(module.name)) if not module.ispkg else {}
            wanted |= {
                f"{module.name}.{name}"
                for name, one in found.items()
                if (inspect.isfunction(one) or inspect.isclass(one))
                and not name.startswith("_")
                and one.__module__ == module.name
            }
    assert len(wanted) > 40 and wanted - known == set()


def test_pages_ask_no_other_machine_for_anything(built):
    asked = set()
    for page in built.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        asked |= set(re.findall(r'<(?:script|img|iframe)[^>]* src="(https?:[^"]+)"', text))
        asked |= set(re.findall(r'<link[^>]* href="(https?:[^"]+)"', text))
    for style in built.rglob("*.css"):
        text = style.read_text(encoding="utf-8")
        asked |= set(re.findall(r"(?:@import|url\()\s*[\"']?(https?:[^\"')]+)", text))
    assert asked == set()
