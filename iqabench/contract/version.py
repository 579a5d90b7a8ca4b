"""The version of the contract between iqabench and its plugins.

A plugin's module may say for which version it was written: ``IQABENCH_CONTRACT = 1``. One that says
nothing is taken for version 1. The version rises only when a plugin that was right has to change;
new fields, hooks and helpers do not raise it. What goes is deprecated first: it works for at least
two more releases, ``iqabench check`` says what replaces it, and then the version rises.
"""

from __future__ import annotations

from iqabench.contract.errors import IqabenchError

VERSION = 1
"""The version of this release."""
OLDEST = 1
"""The oldest version whose plugins work with this release."""
MARK = "IQABENCH_CONTRACT"
"""The name in a plugin's module that says for which version it was written."""


class ContractVersionError(IqabenchError):
    """A plugin that was written for a version of the contract that this release does not know."""


def check_version(plugin: object) -> None:
    """Check that a plugin, a module or an object, was written for a version that works.

    Raises:
        ContractVersionError: it was not.
    """
    written = getattr(plugin, MARK, 1)
    if written in range(OLDEST, VERSION + 1):
        return
    if isinstance(written, int) and written > VERSION:
        hint = "upgrade iqabench"
    else:
        hint = f"upgrade the plugin; docs/plugins.md says what {MARK} = {VERSION} asks for"
    spoken = f"version {VERSION}" if OLDEST == VERSION else f"versions {OLDEST} to {VERSION}"
    raise ContractVersionError(
        f"it is written for version {written!r} of the plugin contract, and this iqabench takes "
        f"{spoken}",
        hint,
    )
