"""Writes data sets into a user's catalogue. Each set is first read with the settings to write."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import platformdirs
from filelock import FileLock

from iqabench.catalog import Catalog
from iqabench.contract.errors import CatalogError, DataError
from iqabench.contract.progress import Tick
from iqabench.data.tables import Dataset, read
from iqabench.kit.places import cache_dir
from iqabench.registry import registry
from iqabench.store.files import write_atomically


def user_root(name: str) -> Path:
    """The default root of a new set, below ``$IQABENCH_DATA`` or the user's data folder."""
    base = os.environ.get("IQABENCH_DATA") or platformdirs.user_data_path("iqabench") / "datasets"
    return Path(base) / name


def check_new(name: str, catalog: Path) -> None:
    """Check that a set's name is free and that the set could be written into a catalogue.

    Raises:
        CatalogError: the name is taken or cannot name a set, or the file is no catalogue.
    """
    there = Catalog(registry(), catalog if catalog.exists() else None)
    if registry().datasets.canonical(name) in there.names():
        raise CatalogError(
            f"there is a data set '{name}' already", "choose another name, or edit its catalogue"
        )
    with _trial(name, {"reader": "csv"}, catalog):
        pass


def bind(name: str, entry: Mapping[str, Any], catalog: Path, tick: Tick | None = None) -> Dataset:
    """Read a data set as an entry describes it, then write the entry into a catalogue.

    The file keeps its comments and its order. If the set has an entry already, the fields that the
    new entry does not name are kept.

    Args:
        name: the set's name.
        entry: the fields to write below the name; paths are absolute.
        catalog: the YAML file; it is made if it does not exist.
        tick: shows progress.

    Returns:
        The set.

    Raises:
        CatalogError: the file cannot be read or written.
        DataError: the set cannot be read; then nothing is written.
    """
    with _trial(name, entry, catalog) as known:
        dataset = read(known.ready(name), tick)
    catalog = catalog.resolve()  # so that a symbolic link is not replaced by a file
    try:
        catalog.parent.mkdir(parents=True, exist_ok=True)
        cache_dir().mkdir(parents=True, exist_ok=True)
        with FileLock(cache_dir() / "catalogues.lock"):
            text = with_entry(_text(catalog), name, entry, catalog)
            write_atomically(catalog, lambda part: part.write_text(text, encoding="utf-8"))
    except OSError as error:
        raise CatalogError(
            f"cannot write {catalog}: {error.strerror or error}", "name another with --catalog"
        ) from error
    return dataset


@contextmanager
def _trial(name: str, entry: Mapping[str, Any], catalog: Path) -> Iterator[Catalog]:
    """The catalogue as it would be with the entry; errors name the true file, not the trial's."""
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / catalog.name
        trial.write_text(with_entry(_text(catalog), name, entry, catalog), encoding="utf-8")
        try:
            yield Catalog(registry(), trial)
        except (CatalogError, DataError) as error:
            message = error.message.replace(str(trial), str(catalog))
            raise type(error)(message, error.hint) from error


def _text(catalog: Path) -> str:
    try:
        return catalog.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogError(f"cannot read {catalog}: {error}", "is it a YAML file?") from error


def with_entry(text: str, name: str, entry: Mapping[str, Any], catalog: Path) -> str:
    """A catalogue's text with a data set's entry written into it.

    Raises:
        CatalogError: the text is no catalogue.
    """
    from ruamel.yaml.comments import CommentedMap

    yaml, document = _loaded(text, catalog)
    before = ""
    if document is None:  # the text has only comments, which no YAML node keeps
        before, document = text.rstrip() + "\n" if text.strip() else "", CommentedMap()
    if not document.get("datasets"):
        document["datasets"] = CommentedMap()
    datasets = document["datasets"]
    if datasets and not datasets.fa.flow_style():
        yaml.map_indent = datasets.lc.col
    canonical = registry().datasets.canonical
    key = next((key for key in datasets if canonical(str(key)) == canonical(name)), name)
    if datasets.get(key) is None:
        datasets[key] = CommentedMap()
    for field, value in entry.items():
        datasets[key][field] = _flow(value)
    stream = io.StringIO()
    yaml.dump(document, stream)
    return before + stream.getvalue()


def _loaded(text: str, catalog: Path) -> tuple[Any, Any]:
    """A YAML writer with the text's own indentation and quotes, and the text's document."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError
    from ruamel.yaml.util import load_yaml_guess_indent

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    try:
        document, dash, offset = load_yaml_guess_indent(text, yaml=yaml)
    except YAMLError as error:
        raise CatalogError(f"{catalog} is no valid YAML", str(error).splitlines()[0]) from error
    if offset is not None:
        yaml.sequence_indent, yaml.sequence_dash_offset = dash, offset
    whole = document or {}
    if not isinstance(whole, dict) or not isinstance(whole.get("datasets") or {}, dict):
        raise CatalogError(f"{catalog} is no catalogue", "it begins with 'datasets:'")
    return yaml, document


def _flow(value: Any) -> Any:
    """The value; lists and mappings are to be written on one line."""
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    if not isinstance(value, dict | list):
        return value
    kept = CommentedMap(value) if isinstance(value, dict) else CommentedSeq(value)
    kept.fa.set_flow_style()
    return kept
