"""Files that hold the options of a run: YAML, under the long names of the command's options."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

from pydantic import ValidationError

from iqabench import yaml_files
from iqabench.contract.errors import UsageError
from iqabench.protocols.placed import placed
from iqabench.registry import Registry
from iqabench.store.run_records import RunOptions

PLAIN = {"tuple_type": "give one text, or a list of texts"}
"""Kinds of pydantic's errors -> what to do, where its own message speaks of Python."""


def read(path: Path, registry: Registry) -> RunOptions:
    """The options in a file, with absolute paths; those in the file are relative to its folder.

    The plugins that the file names are loaded. A key without a value counts as absent.

    Raises:
        UsageError: there is no such file, it is no YAML, a key is unknown, a value does not fit,
            or a plugin cannot be loaded.
    """
    if not path.is_file():
        raise UsageError(f"no file {path}", "--config names a YAML file with options of the run")
    document = yaml_files.read_mapping(path, UsageError, "the file", "models:")
    yaml_files.check_keys(path, document, map(_outside, RunOptions.model_fields), UsageError)
    given = {key.replace("-", "_"): one for key, one in document.items() if one is not None}
    try:
        options = RunOptions.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        key = _outside(str(first["loc"][0]))
        told = PLAIN.get(first["type"], first["msg"])
        where = yaml_files.place(path, document, key)
        raise UsageError(f"{where}: {key}: {told}", f"it is {first['input']!r}") from error
    base = path.absolute().parent
    options = placed(options, base, registry)
    for plugin in options.plugin:
        registry.load_file(Path(plugin))
    # Again, since only now the options of the plugins' models are known.
    return placed(options, base, registry) if options.plugin else options


def text(options: RunOptions, remark: str) -> str:
    """The content of a file with these options, those that say nothing left out.

    Args:
        options: the options.
        remark: a line that the file begins with.
    """
    from ruamel.yaml import YAML

    fields = options.model_dump(mode="json")
    out = StringIO()
    YAML().dump({_outside(key): value for key, value in fields.items() if value}, out)
    return f"# {remark}\n{out.getvalue()}"


def _outside(field: str) -> str:
    """The long name of an option, as the command line and files have it."""
    return field.replace("_", "-")
