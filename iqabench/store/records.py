"""The records of a store: frozen, versioned models of jobs, evaluations, studies and splits.

A store keeps each record as a JSON file. :data:`FORMAT` numbers the format of all of them;
:mod:`iqabench.store.upgrade` turns the records of an older format into these.

This file is long because the records of one format change together.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from iqabench.contract.cards import Direction, Recipe
from iqabench.store.fingerprints import digest

FORMAT = 3
"""Number of the format that this release writes."""
NONE = "-"
"""Stands for a training set, recipe, provider or selection that a model does not have."""
JOB_WEIGHTS = "job:"
"""Begins the name of weights that a job fitted, and is followed by its fingerprint."""
UNKNOWN = "?"
"""Stands for a recipe that an older format did not note."""
IMPORTED = "imported"
"""Stands for the registered name of a model whose scores were made elsewhere."""


class Record(BaseModel):
    """Base of all records: immutable, and unknown fields are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with other values, without what was computed from the former ones."""
        copied = super().model_copy(update=update, deep=deep)
        values, fields = vars(copied), type(self).model_fields
        for computed in [name for name in values if name not in fields]:
            del values[computed]
        return copied

    @cached_property
    def digest(self) -> str:
        """Hash of the record's content, 16 hexadecimal digits."""
        return digest(self.model_dump(mode="json"))


class Code(Record):
    """The identity of the code that computes predictions or maps."""

    package: str
    behaviour: int | None = None
    """The behaviour number on the card; None if the card has none."""
    tree: str = ""
    """Hash of the code's syntax trees and data files; empty if the card has a number."""
    harness: dict[str, int | str] = {}
    """Behaviour versions of the parts of the harness that take part in the computation."""
    libraries: dict[str, str] = {}
    """Versions of the libraries that take part in the computation."""


class ProviderIdentity(Record):
    """A saliency provider as the user chose it."""

    provider: str
    options: dict[str, JsonValue] = {}
    """A hash of its contents stands for each file or folder among the options."""
    of: ProviderIdentity | None = None
    """The provider whose maps are permuted."""


class MapsIdentity(Record):
    """The identity of the saliency maps of a data set's pictures."""

    provider: ProviderIdentity
    code: Code
    files: str = ""
    """Hash of all files that maps are read from."""


class ModelIdentity(Record):
    """Everything about a model that decides its predictions, except saliency maps."""

    model: str
    code: Code
    options: dict[str, JsonValue] = {}
    recipe: Recipe | None = None
    """None where the model is no network."""
    weights: str
    """``train``, ``job:FINGERPRINT``, or the hash of a file."""
    precision: str
    device: str
    allow_truncated: bool = False
    scale: float = 1.0
    """Factor on both sides of the pictures that are scored."""
    compiled: bool = False
    """Whether ``torch.compile`` made the code that ran, which adds in another order."""

    @model_serializer(mode="wrap")
    def _without_later_fields(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Jobs of earlier releases, which had no such field, keep their fingerprints.
        fields: dict[str, Any] = dump(self)
        return {key: value for key, value in fields.items() if key != "compiled" or value}


class _JobIdentity(Record):
    dataset: str
    data: str
    """Hash of the data set's labels and pictures."""

    @property
    def fingerprint(self) -> str:
        """The job's name in the store."""
        return self.digest


class FitIdentity(_JobIdentity):
    """Everything that decides the outcome of a fit job."""

    kind: Literal["fit"] = "fit"
    model: ModelIdentity
    split: str
    maps: MapsIdentity | None = None
    seed: int
    skipped: tuple[str, ...] = ()
    """Unreadable pictures that the fit would read, and leaves out."""

    @property
    def fingerprint(self) -> str:
        """The job's name in the store; a fit that skips nothing is named as before it could."""
        unused = set() if self.skipped else {"skipped"}
        return digest(self.model_dump(mode="json", exclude=unused))


class PredictIdentity(_JobIdentity):
    """Everything that decides the outcome of a predict job."""

    kind: Literal["predict"] = "predict"
    model: ModelIdentity
    fit: str | None = None
    """Fingerprint of the fit job whose weights predict."""
    contents: tuple[str, ...] | None = None
    """The contents that are scored; None scores all pictures."""
    maps: MapsIdentity | None = None
    seed: int = 0


class ImportIdentity(_JobIdentity):
    """Everything that decides the outcome of an import: the file, its label and its direction."""

    kind: Literal["import"] = "import"
    label: str
    file: str
    """SHA-256 of the file of scores."""
    direction: Direction


JobIdentity = Annotated[FitIdentity | PredictIdentity | ImportIdentity, Field(discriminator="kind")]


class StoredFile(Record):
    """A file of a job's folder."""

    name: str
    sha256: str
    bytes: int


class Timing(Record):
    """On what the time per image of a job was measured."""

    device: str
    hardware: str = ""
    """The processor's name, as far as the system told it."""
    precision: str
    threads: int
    """Threads that torch may use on the CPU."""
    pictures: int
    """Pictures that the model worked on in full; what a cache served is not measured."""


class JobRecord(Record):
    """A job that has ended: what it was, how it ended, and the files that it left."""

    version: Literal[1] = 1
    identity: JobIdentity
    title: str
    status: Literal["done", "failed"]
    began: str
    """ISO 8601."""
    seconds: float
    error: str = ""
    hint: str = ""
    traceback: str = ""
    images: int | None = None
    failed_images: int | None = None
    noted_images: int | None = None
    notes: dict[str, int] = {}
    """Note on decoding -> number of pictures that have this note."""
    seconds_per_image: float | None = None
    """Median over the pictures that were measured."""
    timing: Timing | None = None
    """None if no picture was measured. Records from before this field may have a time that caches
    shortened; reports do not show it.
    """
    parameters: int | None = None
    epochs: int | None = None
    validation_srocc: float | None = None
    """SROCC of the kept epoch on the validation part; None where it is not defined."""
    saliency: str | None = None
    """The provider whose maps the model learnt from."""
    threads: int | None = None
    """Threads that torch could use; None if torch was not loaded, and for what format 2 stored."""
    capability: str = ""
    """The vector instructions that torch used on the CPU, such as ``AVX512``. With the threads they
    decide in which order sums are added, and so the last digits of predictions."""
    sources: dict[str, str] = {}
    """Hashes of the whole source of harness and plugin: ``diff`` shows them, they identify nothing.
    """
    files: tuple[StoredFile, ...] = ()

    @property
    def done(self) -> bool:
        """Whether the job ended without an error."""
        return self.status == "done"


class EpochRecord(Record):
    """A finished epoch of training."""

    stage: int
    epoch: int
    """Number of the epoch within its stage, from 0."""
    losses: dict[str, float]
    """Mean of each loss over the epoch's crops, unweighted."""
    validation_srocc: float | None
    """None where it is not defined."""


class History(Record):
    """The finished epochs of a fit, in order."""

    epochs: tuple[EpochRecord, ...] = ()


class TestProtocol(Record):
    """How training and test pictures of a repetition were chosen."""

    __test__ = False  # else pytest takes it for a test class

    kind: Literal["hold-out", "k-fold", "official", "file", "cross", "all"]
    """``file``: a split from a user's file; ``cross``: trained on one data set, tested on another;
    ``all``: all pictures of a data set, for models that are not fitted here.
    """
    folds: int | None = None
    """Number of folds, for ``k-fold`` only."""
    split: str = ""
    """Hash of the split, for ``file`` only."""
    test_share: float | None = None
    """Share of contents in the test part, for ``hold-out`` only; None for the usual fifth."""
    validation_share: float | None = None
    """Share of contents in the validation part; None for the usual tenth."""

    @property
    def name(self) -> str:
        """The protocol as tables show it, such as ``4-fold``, ``hold-out 10%`` (of contents are
        tested) or ``split 01ab23cd``.
        """
        if self.kind == "file":
            return f"split {self.split[:8]}"
        name = f"{self.folds}-fold" if self.kind == "k-fold" else self.kind
        if self.test_share is not None:
            name += f" {100 * self.test_share:g}%"
        if self.validation_share is not None:
            name += f", validation {100 * self.validation_share:g}%"
        return name

    @model_serializer(mode="wrap")
    def _without_usual_shares(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Evaluations of earlier releases, which had no shares, keep their IDs.
        fields: dict[str, Any] = dump(self)
        unsaid = ("test_share", "validation_share")
        return {k: v for k, v in fields.items() if k not in unsaid or v is not None}


class EvaluationRecord(Record):
    """Which predictions count for a model on a part of a test set."""

    version: Literal[1] = 1
    label: str
    """The name that the user gave the model."""
    model: str
    """The model's registered name; ``imported`` for scores made elsewhere."""
    config: str
    """Hash of the model's identity and saliency provider; for an import, the job's fingerprint."""
    init: str = NONE
    weights: str = NONE
    recipe: str = NONE
    """``own`` or ``common``, with ``*`` where fields were changed."""
    direction: Direction
    protocol: TestProtocol
    train: str = NONE
    test: str
    test_hash: str
    labels: Literal["human", "proxy", "none"]
    seed: int
    fold: int | None = None
    split: str | None = None
    """Hash of the split."""
    contents: tuple[str, ...] | None = None
    """The tested contents; None if all are tested."""
    selection: str = NONE
    """The criterion that chose the kept epoch."""
    saliency: str = NONE
    predict: str
    """Fingerprint of the predict or import job."""
    fit: str | None = None
    """Fingerprint of the fit job."""
    shared: tuple[str, ...] | None = None
    """Tested contents that the model has seen; None where this is not known."""
    pending: bool = False
    """Whether the audit that tells ``shared`` has yet to be made."""
    seen: tuple[str, ...] = ()
    """Names of the test set that the cards of published weights list as training data."""
    skipped: tuple[str, ...] = ()
    """Unreadable pictures that the fit left out of training and validation."""
    variant_of: str = ""
    """The model of which the model is a variant; empty for none, and for what an earlier release
    stored."""

    @property
    def family(self) -> str:
        """The registered name that all variants of one model share."""
        return self.variant_of or self.model

    @cached_property
    def id(self) -> str:
        """Hash of the fields that identify the evaluation.

        The findings of the audit are left out. The recipe's name and the skipped pictures are left
        out, too, because ``config`` is a hash of the recipe itself and of these pictures; and so is
        what follows from the model's name.
        """
        unused = {"version", "shared", "pending", "seen", "recipe", "skipped", "variant_of"}
        return digest(self.model_dump(mode="json", exclude=unused))

    def audited(
        self, shared: tuple[str, ...] | None, *, pending: bool, seen: tuple[str, ...]
    ) -> Self:
        """The evaluation with what an audit tells of it, which does not change its ID."""
        found = self.model_copy(update={"shared": shared, "pending": pending, "seen": seen})
        found.__dict__["id"] = self.id  # a plan has thousands, and hashing them takes seconds
        return found


class StressChange(Record):
    """One change of a stress study."""

    name: str
    immaterial: bool
    """Whether the change should not affect scores. Such changes make up the noise band."""
    predict: tuple[str, ...]
    """Fingerprints of the predict jobs, one for each tested part."""


class StressRecord(Record):
    """Which predictions show how much each change moves a model's scores."""

    version: Literal[1] = 1
    label: str
    direction: Direction
    labels: Literal["human", "proxy", "none"]
    protocol: TestProtocol
    config: str
    train: str
    test: str
    test_hash: str
    changes: tuple[StressChange, ...]
    """The first entry is the unchanged model."""

    @property
    def id(self) -> str:
        """Hash of the studied configuration, training set and test set."""
        return stress_id(self.config, self.train, self.test, self.test_hash)


class SplitRecord(Record):
    """The contents of a split's three parts. Each part is sorted; no content is in two parts."""

    dataset: str
    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]


class TableRecord(Record):
    """What a kept table of labels is compared with."""

    file: StoredFile


class StoreRecord(BaseModel):
    """The content of ``store.json``. Later releases may add fields."""

    model_config = ConfigDict(frozen=True, extra="allow")

    format: int


def stress_id(config: str, train: str, test: str, test_hash: str) -> str:
    """The ID of the stress study of a configuration on a training set and a test set."""
    return digest({"config": config, "train": train, "test": test, "test_hash": test_hash})


def plain(record: BaseModel) -> dict[str, Any]:
    """A record as the JSON object that a store keeps."""
    return record.model_dump(mode="json")
