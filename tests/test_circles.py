"""No file imports itself through others, also not inside functions or for types alone."""

import graphlib

import grimp
import pytest


def ordered(imported):
    """Raises CycleError, which names the files, where imports run in a circle."""
    graphlib.TopologicalSorter(imported).prepare()


def test_imports_run_in_no_circle():
    graph = grimp.build_graph("iqabench", "biosiqnet_plugin")
    assert len(graph.modules) > 300
    ordered({one: graph.find_modules_directly_imported_by(one) for one in graph.modules})


def test_a_circle_is_found():
    with pytest.raises(graphlib.CycleError):
        ordered({"a": {"b"}, "b": {"c"}, "c": {"a"}})
