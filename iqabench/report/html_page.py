"""Self-contained HTML pages: templates that are filled, and one script that may run."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from iqabench.contract.errors import UsageError
from iqabench.store.files import write_atomically
from iqabench.store.fingerprints import package_version


def rendered(packages: Sequence[str], page: str, script: str, **parts: Any) -> str:
    """A page as text; all text of ``parts`` is escaped.

    The page's security policy allows the script by its hash, so that no other script can run.

    Args:
        packages: where templates are looked for, in order.
        page: name of the page's template, which uses ``script``, ``script_hash`` and ``version``.
        script: name of the script's template.
        parts: what else the page's template uses.
    """
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package) for package in packages]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    code = environment.get_template(script).render()
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    return environment.get_template(page).render(
        script=code,
        script_hash=f"sha256-{digest}",
        version=package_version("iqabench"),
        **parts,
    )


def written(path: Path, text: str) -> None:
    """Write a page; a failure leaves no partial file.

    Raises:
        UsageError: the file cannot be written.
    """
    try:
        write_atomically(path, lambda part: part.write_text(text, encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}", "name another file") from error
