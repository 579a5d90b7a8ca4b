"""Writes a small, complete plugin, from which its author goes on."""

from __future__ import annotations

import importlib.util
import keyword
import re
from dataclasses import dataclass
from pathlib import Path

from iqabench.api.session import Session, in_use
from iqabench.contract.errors import UsageError

_MODEL = "iqabench run --models {name} --datasets demo"
_SET = "IQABENCH_DATA=DATA iqabench run --models brisque --datasets {name}"
_MAPS = "iqabench saliency show PICTURE --provider {name}"
_KINDS: dict[str, tuple[str, str, str]] = {
    "scorer": ("a measure that needs no training", "test_model.py", _MODEL),
    "estimator": ("features and a regression", "test_model.py", _MODEL),
    "network": ("a network", "test_model.py", _MODEL),
    "dataset": ("a reader of a data set, which lies in DATA/{name}", "test_dataset.py", _SET),
    "saliency": ("a provider of saliency maps", "test_saliency.py", _MAPS),
}
"""Kind -> what it is, the template of its test, and a command that uses it."""
PLUGIN_KINDS = tuple(_KINDS)
"""What :func:`new_plugin` can write."""
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@dataclass(frozen=True)
class NewPlugin:
    """A plugin that was written."""

    folder: Path
    files: tuple[Path, ...]
    next: tuple[str, ...]
    """Commands to try it, in its folder."""


def new_plugin(name: str, kind: str, *, session: Session | None = None) -> NewPlugin:
    """Write a small, complete plugin into a new folder of that name, in the current folder.

    Args:
        name: of the plugin, and of the model, data set or saliency provider that it offers.
        kind: one of :data:`PLUGIN_KINDS`.
        session: the plugins, whose names are taken.

    Raises:
        UsageError: the kind is unknown, the name is not possible or taken, or there is such a
            folder.
    """
    folder = Path(name).absolute()
    _refuse(name, kind, folder, in_use(session))
    files = rendered(name, kind)
    try:
        for inside, text in files.items():
            (folder / inside).parent.mkdir(parents=True, exist_ok=True)
            (folder / inside).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"cannot write {folder}: {error.strerror}", "go to another folder"
        ) from error
    return NewPlugin(folder, tuple(folder / inside for inside in files), _next(name, kind))


def rendered(name: str, kind: str) -> dict[str, str]:
    """The plugin's files: path in its folder -> text."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    what, test, command = _KINDS[kind]
    module, used = module_of(name), command.format(name=name)
    facts = {
        "name": name,
        "module": module,
        "cls": "".join(part.capitalize() for part in name.split("-")),
        "what": what.format(name=name),
        "file_command": f"{used} --plugin {module}.py",
        "installed_command": used,
        "check_more": f" --root DATA/{name}" if kind == "dataset" else "",
    }
    templates = Environment(
        loader=PackageLoader("iqabench.testing"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    sources = {
        "pyproject.toml": "pyproject.toml",
        f"{module}.py": f"{kind}.py",
        f"test_{module}.py": test,
        "README.md": "README.md",
        ".github/workflows/test.yml": "ci.yml",
    }
    return {
        path: templates.get_template(f"{source}.jinja").render(facts)
        for path, source in sources.items()
    }


def module_of(name: str) -> str:
    """The name of a plugin's Python module."""
    return name.replace("-", "_")


def _refuse(name: str, kind: str, folder: Path, session: Session) -> None:
    """Check a name and a kind.

    Raises:
        UsageError: they cannot be taken.
    """
    if kind not in _KINDS:
        raise UsageError(f"no plugin of the kind '{kind}'", f"one of {', '.join(_KINDS)}")
    module = module_of(name)
    if not NAME.fullmatch(name) or keyword.iskeyword(module):
        raise UsageError(
            f"'{name}' cannot name a plugin",
            "small letters, digits and single hyphens, with a letter first: my-model",
        )
    if folder.exists():
        raise UsageError(f"{folder} is there already", "choose another name, or remove it")
    if importlib.util.find_spec(module) is not None:
        raise UsageError(f"there is a Python module '{module}' already", "choose another name")
    known = session.registry
    for shelf in (known.models, known.datasets, known.saliency):
        if shelf.has(name):
            raise UsageError(f"there is a {shelf.what} '{name}' already", "choose another name")


def _next(name: str, kind: str) -> tuple[str, ...]:
    module, (_, _, command) = module_of(name), _KINDS[kind]
    root = f" --root DATA/{name}" if kind == "dataset" else ""
    used = command.format(name=name)
    return (
        f"iqabench check {name}{root} --plugin {module}.py",
        f"{used} --plugin {module}.py",
        "pip install -e '.[test]'    # then --plugin is not needed",
    )
