"""The record of a run: what was asked for, so that it can be run again."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StrictBool, StrictInt

from iqabench.store.fingerprints import digest
from iqabench.store.records import Record

Number = Annotated[float, Field(strict=True)]


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _split_at_commas(value: Any) -> Any:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


def _as_devices(value: Any) -> Any:
    """Numbers of GPUs, which YAML reads as numbers, as the names that they are."""
    value = [value] if isinstance(value, int) else _split_at_commas(value)
    if not isinstance(value, list | tuple):
        return value
    return [str(one) if isinstance(one, int) else one for one in value]


Texts = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Names = Annotated[tuple[str, ...], BeforeValidator(_split_at_commas)]


class RunOptions(Record):
    """The options of ``iqabench run``, under their long names, with ``_`` for each dash.

    A list may be given as one text: names of models and GPUs are then divided at commas, any other
    list has the text as its only entry.
    """

    models: Names = ("biosiqnet-lite", "brisque")
    datasets: Texts = ("demo",)
    seeds: StrictInt | None = None
    split: str | None = None
    test_share: Number | None = None
    validation_share: Number | None = None
    weights: str = "train"
    init: Literal["default", "random"] = "default"
    recipe: Literal["own", "common"] = "own"
    set: Texts = ()
    tiny: StrictBool = False
    saliency: str | None = None
    allow_truncated: StrictBool = False
    skip_unreadable: StrictBool = False
    exclude_shared: StrictBool = False
    mapping: Literal["logistic4", "logistic5", "none"] = "logistic4"
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    precision: Literal["fp32", "bf16"] = "fp32"
    executor: Literal["local", "ray", "slurm"] = "local"
    jobs: StrictInt | None = None
    devices: Annotated[tuple[str, ...], BeforeValidator(_as_devices)] = ()
    threads: StrictInt | None = None
    memory: Number | None = None
    address: str | None = None
    log: str | None = None
    compile: StrictBool = False
    catalog: str | None = None
    plugin: Texts = ()
    store: str | None = None
    """The folder of results; None where the record lies in it, or the usual one is meant."""


class RunRecord(Record):
    """A run that began."""

    version: Literal[1] = 1
    began: str
    """ISO 8601."""
    release: str
    """The version of iqabench."""
    options: RunOptions
    """Paths in it are absolute."""
    jobs: tuple[str, ...]
    """Fingerprints of all jobs of the run, those that were not made again included."""

    @cached_property
    def id(self) -> str:
        """Hash of everything but the date: the same run has one record, that of its first time."""
        unused = {"version", "began"}
        # Without defaults: an option that a later release adds gives no earlier run another name.
        return digest(self.model_dump(mode="json", exclude=unused, exclude_defaults=True))
