"""Draws docs/floors.svg, the floors of iqabench, from the import contracts in pyproject.toml."""

from __future__ import annotations

import ast
import re
import tomllib
from html import escape
from pathlib import Path

HERE = Path(__file__).parent
CONTRACT = "Data flows one way"
PLUGINS = "Plugins know the contract and the kit, nothing else of iqabench"
WIDTH, EDGE = 780, 12
ROOM = 140
"""Width of a room; what it is for stands to its right."""
LINE, GAP = 24, 8
"""Heights: of a room, and between floors. Rooms of one floor touch: they do not know each other."""


def floors() -> list[list[str]]:
    """The rooms of every floor, from the top down."""
    (contract,) = (one for one in _contracts() if one["name"] == CONTRACT)
    return [[name.strip() for name in layer.split("|")] for layer in contract["layers"]]


def plugins() -> list[str]:
    """The import packages that stand beside the house, on the kit."""
    (contract,) = (one for one in _contracts() if one["name"] == PLUGINS)
    return list(contract["source_modules"])


def picture() -> str:
    """The drawing as SVG text."""
    lines, top = [], EDGE
    for rooms in floors():
        if rooms == ["iqabench.kit"]:
            names = ", ".join(name.removeprefix("iqabench_") for name in plugins())
            lines.append(_room(top, "plugins", names, dashed=True))
            top += LINE + GAP
        for name in rooms:
            lines.append(_room(top, name.removeprefix("iqabench."), _about(name)))
            top += LINE
        top += GAP
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top + EDGE}" '
        f'width="{WIDTH}" font-family="sans-serif">'
    )
    return "\n".join([head, '<rect width="100%" height="100%" fill="white"/>', *lines, "</svg>\n"])


def _room(top: int, name: str, about: str, dashed: bool = False) -> str:
    dashes = ' stroke-dasharray="4 3"' if dashed else ""
    return (
        f'<rect x="{EDGE}" y="{top}" width="{ROOM}" height="{LINE}" fill="#eef2f8" '
        f'stroke="#205493"{dashes}/>'
        f'<text x="{EDGE + 8}" y="{top + 16}" font-size="13">{escape(name)}</text>'
        f'<text x="{EDGE + ROOM + 12}" y="{top + 16}" font-size="12" fill="#444">'
        f"{escape(about)}</text>"
    )


def _about(name: str) -> str:
    """The first sentence of a room's docstring, without markup."""
    place = HERE.parent.joinpath(*name.split("."))
    path = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    first = text.partition("\n")[0].partition(". ")[0].rstrip(".")
    return re.sub(r":\w+:`([^`]*)`", r"\1", first).replace("``", "")


def _contracts() -> list[dict[str, object]]:
    settings = tomllib.loads((HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))
    found: list[dict[str, object]] = settings["tool"]["importlinter"]["contracts"]
    return found


if __name__ == "__main__":
    (HERE / "floors.svg").write_text(picture(), encoding="utf-8")
