"""Hashes of modules' code without comments, docstrings and layout, and the modules they import.

Nothing is imported: the packages' files are located and parsed.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SIZE = 8
"""Length of a hash in bytes."""
NO_DATA = (".py", ".pyc", ".pyi", ".md", ".rst", ".typed", ".so")
"""Suffixes of the files in a package that hold no data for its computations."""
CALLS = frozenset({"__import__", "eval", "exec"})
METHODS = frozenset({"import_module", "spec_from_file_location"})
"""Names of functions that load code without an import statement. The names in ``CALLS`` count only
without a dot before them, the names in ``METHODS`` with and without one."""


@dataclass(frozen=True)
class Package:
    """An importable package, or a module outside any package, and the place of its files."""

    name: str
    root: Path
    """The package's folder, or the single module's file."""

    def files(self) -> list[Path]:
        """All files of the package, sorted by path."""
        if self.root.is_file():
            return [self.root]
        found = (path for path in self.root.rglob("*") if path.is_file())
        return sorted(path for path in found if "__pycache__" not in path.parts)

    def module(self, name: str) -> Path | None:
        """The file of a module of this package; None where there is none."""
        if self.root.is_file():
            return self.root if name == self.name else None
        place = self.root.joinpath(*name.split(".")[1:])
        inside, single = place / "__init__.py", place.with_suffix(".py")
        if inside.is_file():
            return inside
        return single if place != self.root and single.is_file() else None


@dataclass(frozen=True)
class Reached:
    """The modules and packages that a module reaches by import statements."""

    modules: tuple[str, ...]
    """Modules of the same package, the module itself included, sorted."""
    others: tuple[str, ...]
    """Names of other top-level packages, the standard library left out, sorted."""
    dynamic: bool
    """Whether any of the modules loads code by other means than import statements."""


@cache
def package(name: str) -> Package | None:
    """The top-level package of that name, located without importing it; None if there is none."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    if spec.submodule_search_locations:
        return Package(name, Path(next(iter(spec.submodule_search_locations))))
    return Package(name, Path(spec.origin)) if spec.origin else None


@cache
def source_hash(name: str, parts: tuple[str, ...] = ()) -> str:
    """Hash of the Python files of a package, byte for byte; ``unknown`` if it cannot be found.

    If ``parts`` names folders or files at the top of the package, only these count.
    """
    found = package(name)
    if found is None:
        return "unknown"
    total = hashlib.blake2b(digest_size=SIZE)
    for path in found.files():
        inside = _relative(found, path)
        if path.suffix == ".py" and (not parts or inside.partition("/")[0] in parts):
            total.update(f"{inside}\0".encode() + path.read_bytes())
    return total.hexdigest()


@cache
def tree_hash(module: str) -> str:
    """Hash of the syntax of a module, of the modules that it imports from its own package, and of
    all data files of the package; ``unknown`` if the package cannot be found.

    Comments, docstrings and layout do not count. If any of these modules loads code by other means
    than import statements, every module of the package counts.
    """
    found = package(module.partition(".")[0])
    if found is None or found.module(module) is None:
        return "unknown"
    seen = reached(module)
    total = hashlib.blake2b(digest_size=SIZE)
    for path in found.files():
        if path.suffix == ".py":
            if seen.dynamic or path in {found.module(name) for name in seen.modules}:
                total.update(f"{_relative(found, path)}\0{canonical(_parsed(path))}\0".encode())
        elif path.suffix not in NO_DATA:
            total.update(f"{_relative(found, path)}\0".encode() + path.read_bytes())
    return total.hexdigest()


@cache
def reached(module: str) -> Reached:
    """The modules and packages that a module imports, also through modules of its own package."""
    found = package(module.partition(".")[0])
    modules: set[str] = set()
    others: set[str] = set()
    dynamic = False
    waiting = [module]
    while waiting and found is not None:
        name = waiting.pop()
        path = found.module(name)
        if name in modules or path is None:
            continue
        modules.add(name)
        dynamic = dynamic or _is_dynamic(_parsed(path))
        for target in imported(name):
            top = target.partition(".")[0]
            if top == found.name:
                waiting.append(target)
            elif top not in sys.stdlib_module_names:
                others.add(top)
    return Reached(tuple(sorted(modules)), tuple(sorted(others)), dynamic)


def canonical(node: object) -> str:
    """A syntax tree as text, without positions, docstrings and bare constants.

    It is the same for every Python version that parses the code to the same tree.
    """
    if isinstance(node, ast.AST):
        fields = (
            (name, value)
            for name, value in ast.iter_fields(node)
            if name not in ("ctx", "kind", "type_comment") and value not in (None, [])
        )
        inside = ",".join(f"{name}={canonical(value)}" for name, value in fields)
        return f"{type(node).__name__}({inside})"
    if isinstance(node, list):
        return f"[{','.join(canonical(one) for one in node if not _says_nothing(one))}]"
    return repr(node)


def _says_nothing(node: object) -> bool:
    """Whether a statement is only a constant: a docstring, or a string that documents a name."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def imported(module: str) -> Iterator[str]:
    """Full names of the modules that a module's own statements import, from any package."""
    found = package(module.partition(".")[0])
    path = None if found is None else found.module(module)
    if path is None:
        return
    is_package = path.name == "__init__.py"
    for node in ast.walk(_parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, module, is_package)
            for alias in node.names:
                # `from package import module` takes nothing from the package's own code.
                inside = f"{base}.{alias.name}"
                yield inside if _is_module(inside) else base


def _is_module(name: str) -> bool:
    found = package(name.partition(".")[0])
    return found is not None and found.module(name) is not None


def _absolute(node: ast.ImportFrom, module: str, is_package: bool) -> str:
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    above = parts[: len(parts) - node.level + is_package]
    return ".".join([*above, *([node.module] if node.module else [])])


def _is_dynamic(tree: ast.AST) -> bool:
    return any(
        (isinstance(node, ast.Name) and node.id in CALLS | METHODS)
        or (isinstance(node, ast.Attribute) and node.attr in METHODS)  # `net.eval()` is no `eval`
        for node in ast.walk(tree)
    )


@cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes())


def _relative(found: Package, path: Path) -> str:
    return path.name if found.root.is_file() else path.relative_to(found.root).as_posix()
