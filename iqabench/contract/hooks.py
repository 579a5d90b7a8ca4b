"""The hooks that a plugin may implement, as in pytest and datasette.

A plugin is any importable module named by an entry point of the group ``iqabench``::

    [project.entry-points.iqabench]
    my_plugin = "my_plugin"

and it implements one or more of these functions with ``hookimpl``::

    from iqabench.contract import ModelCard, hookimpl

    @hookimpl
    def register_models(register):
        register(ModelCard(name="mine", factory="my_plugin.net:Mine", ...))

It says for which version of the contract it was written: ``IQABENCH_CONTRACT = 1``
(:mod:`iqabench.contract.version`). ``iqabench plugin new`` writes such a module.

Registering must be fast. Cards name their code as strings, so that a list of all models imports no
network library.
"""

from __future__ import annotations

from collections.abc import Callable

import pluggy

from iqabench.contract.cards import DatasetCard, ModelCard, SaliencyCard

GROUP = "iqabench"
"""The group of entry points that name plugins."""

hookspec = pluggy.HookspecMarker(GROUP)
"""Marks a hook; only iqabench has some."""
hookimpl = pluggy.HookimplMarker(GROUP)
"""Marks a plugin's function that implements a hook."""


@hookspec
def register_models(register: Callable[[ModelCard], None]) -> None:
    """Call ``register(ModelCard(...))`` once for every model the plugin offers."""


@hookspec
def register_datasets(register: Callable[[DatasetCard], None]) -> None:
    """Call ``register(DatasetCard(...))`` once for every data set the plugin can read."""


@hookspec
def register_saliency_providers(register: Callable[[SaliencyCard], None]) -> None:
    """Call ``register(SaliencyCard(...))`` once for every saliency provider."""
