"""Files and functions stay short enough to be read at one sitting."""

import ast
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
ROOMS = ("iqabench", "biosiqnet_plugin", "plugins", "benchmarks", "docs")
FILES = [path for room in ROOMS for path in sorted((REPOSITORY / room).rglob("*.py"))]
LINES, FUNCTION = 400, 50
REASON = "is long because"
"""What a docstring says where one of them must be longer."""


def too_long(text):
    """What of a module is too long without a reason: its name and its lines."""
    tree = ast.parse(text)
    if text.count("\n") > LINES and REASON not in (ast.get_docstring(tree) or ""):
        yield "the file", text.count("\n")
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = node.end_lineno - node.lineno + 1
            if lines > FUNCTION and REASON not in (ast.get_docstring(node) or ""):
                yield node.name, lines


def test_nothing_is_too_long():
    assert len(FILES) > 250
    found = {
        path.relative_to(REPOSITORY).as_posix(): list(too_long(path.read_text(encoding="utf-8")))
        for path in FILES
    }
    assert {name: long for name, long in found.items() if long} == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1\n" * 401, [("the file", 401)]),
        ('"""It is long because it lists."""\n' + "x = 1\n" * 401, []),
        ("def f():\n" + "    x = 1\n" * 50, [("f", 51)]),
        ('def f():\n    """It is long because so."""\n' + "    x = 1\n" * 50, []),
        ("def f():\n" + "    x = 1\n" * 49, []),
    ],
)
def test_what_is_too_long(text, expected):
    assert list(too_long(text)) == expected
