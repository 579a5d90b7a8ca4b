"""iqabench: honest evaluation of no-reference image quality models.

>>> import iqabench
>>> results = iqabench.run("brisque", "demo")          # doctest: +SKIP
>>> results.leaderboard()[["model", "srocc_mean"]]     # doctest: +SKIP

Every name is loaded on first use, so that importing the package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from iqabench.kit.processors import settle

if TYPE_CHECKING:
    from iqabench.api.contents import list_results, merge_results, remove_results
    from iqabench.api.datasets import (
        Audit,
        add_dataset,
        audit_datasets,
        describe_dataset,
        draw_pairs,
        export_split,
        fetch_dataset,
        list_datasets,
        synthesize_dataset,
        verify_dataset,
    )
    from iqabench.api.jobs import (
        DescribedJob,
        EndedJob,
        describe_job,
        draw_job,
        find_job,
        list_jobs,
    )
    from iqabench.api.machine import describe_machine, describe_model, list_models, versions
    from iqabench.api.pictures import explain, show_saliency
    from iqabench.api.results import SIGNIFICANCE_TESTS, Outcome, Results
    from iqabench.api.running import PlannedJob, import_scores, plan, planned, run
    from iqabench.api.runs import (
        RecordedRun,
        RunOptions,
        find_run,
        list_runs,
        read_config,
        rerun,
        write_config,
    )
    from iqabench.api.saliency import clear_maps, evaluate_saliency, kept_maps, list_providers
    from iqabench.api.scoring import DEFAULT_MODEL, Scores, export_onnx, load, score, score_pictures
    from iqabench.api.session import Choices, Session, Spread
    from iqabench.api.stores import check_store, clean_store, upgrade_store
    from iqabench.studies.cost import cost
    from iqabench.studies.reproduce import PlannedReproduction, plan_reproduction, reproduce
    from iqabench.studies.saliency import study_saliency
    from iqabench.studies.stress import Stress, stress
    from iqabench.studies.variants import study
    from iqabench.testing.contracts import check
    from iqabench.testing.findings import Finding
    from iqabench.testing.new import PLUGIN_KINDS, new_plugin

settle()  # before anything loads a library that computes with threads

_HOMES = {
    "iqabench.api.contents": ("list_results", "merge_results", "remove_results"),
    "iqabench.api.datasets": (
        "Audit",
        "add_dataset",
        "audit_datasets",
        "describe_dataset",
        "draw_pairs",
        "export_split",
        "fetch_dataset",
        "list_datasets",
        "synthesize_dataset",
        "verify_dataset",
    ),
    "iqabench.api.jobs": (
        "DescribedJob",
        "EndedJob",
        "describe_job",
        "draw_job",
        "find_job",
        "list_jobs",
    ),
    "iqabench.api.machine": ("describe_machine", "describe_model", "list_models", "versions"),
    "iqabench.api.pictures": ("explain", "show_saliency"),
    "iqabench.api.results": ("SIGNIFICANCE_TESTS", "Outcome", "Results"),
    "iqabench.api.running": (
        "PlannedJob",
        "import_scores",
        "plan",
        "planned",
        "run",
    ),
    "iqabench.api.runs": (
        "RecordedRun",
        "RunOptions",
        "find_run",
        "list_runs",
        "read_config",
        "rerun",
        "write_config",
    ),
    "iqabench.api.saliency": ("clear_maps", "evaluate_saliency", "kept_maps", "list_providers"),
    "iqabench.api.scoring": (
        "DEFAULT_MODEL",
        "Scores",
        "export_onnx",
        "load",
        "score",
        "score_pictures",
    ),
    "iqabench.api.session": ("Choices", "Session", "Spread"),
    "iqabench.api.stores": ("check_store", "clean_store", "upgrade_store"),
    "iqabench.studies.cost": ("cost",),
    "iqabench.studies.reproduce": ("PlannedReproduction", "plan_reproduction", "reproduce"),
    "iqabench.studies.saliency": ("study_saliency",),
    "iqabench.studies.stress": ("Stress", "stress"),
    "iqabench.studies.variants": ("study",),
    "iqabench.testing.contracts": ("check",),
    "iqabench.testing.findings": ("Finding",),
    "iqabench.testing.new": ("PLUGIN_KINDS", "new_plugin"),
}
"""Modules, and the public names that live there."""

__all__ = [
    "DEFAULT_MODEL",
    "PLUGIN_KINDS",
    "SIGNIFICANCE_TESTS",
    "Audit",
    "Choices",
    "DescribedJob",
    "EndedJob",
    "Finding",
    "Outcome",
    "PlannedJob",
    "PlannedReproduction",
    "RecordedRun",
    "Results",
    "RunOptions",
    "Scores",
    "Session",
    "Spread",
    "Stress",
    "add_dataset",
    "audit_datasets",
    "check",
    "check_store",
    "clean_store",
    "clear_maps",
    "cost",
    "describe_dataset",
    "describe_job",
    "describe_machine",
    "describe_model",
    "draw_job",
    "draw_pairs",
    "evaluate_saliency",
    "explain",
    "export_onnx",
    "export_split",
    "fetch_dataset",
    "find_job",
    "find_run",
    "import_scores",
    "kept_maps",
    "list_datasets",
    "list_jobs",
    "list_models",
    "list_providers",
    "list_results",
    "list_runs",
    "load",
    "merge_results",
    "new_plugin",
    "plan",
    "plan_reproduction",
    "planned",
    "read_config",
    "remove_results",
    "reproduce",
    "rerun",
    "run",
    "score",
    "score_pictures",
    "show_saliency",
    "stress",
    "study",
    "study_saliency",
    "synthesize_dataset",
    "upgrade_store",
    "verify_dataset",
    "versions",
    "write_config",
]


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            found = getattr(importlib.import_module(module), name)
            globals()[name] = found
            return found
    raise AttributeError(f"module 'iqabench' has no attribute '{name}'")


def __dir__() -> list[str]:
    """The public names, for completion."""
    return sorted(__all__)
