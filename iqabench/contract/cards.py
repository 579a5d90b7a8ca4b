"""Frozen, validated descriptions of models, data sets and saliency providers.

Cards hold facts and names of code (``"package.module:attribute"``), never the code itself. So no
heavy library is imported when all cards are read.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
    model_validator,
)

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._+-]*$")]
Target = Annotated[str, StringConstraints(pattern=r"^[\w.]+:\w+$")]
Direction = Literal["higher", "lower"]


class Frozen(BaseModel):
    """Base of all cards: immutable, and unknown fields are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)


class Calibration(Frozen):
    """What the scores of certain weights mean to people: a scale, named bands, and how far off.

    It was measured on pictures that the weights had not seen.
    """

    bands: tuple[tuple[str, float], ...] = Field(min_length=1)
    """Name of a band of quality and its lowest score, the worst band first."""
    lowest: float
    """Scores below it are cut to it, and those above :attr:`highest` to that."""
    highest: float
    errors: tuple[tuple[float, float], ...] = Field(min_length=1)
    """Score, or expected error -> half the width of an interval that holds 90% of people's mean
    scores; interpolated in between."""
    by: Literal["score", "expected error"] = "score"
    """What the widths depend on. Only networks with ``scores_and_errors`` tell an expected
    error."""


class WeightsCard(Frozen):
    """The file, the source and the training sets of published weights.

    The file is looked for in the weights folder, then in ``package``, then at ``url``.
    """

    name: Name
    filename: str
    """Name of the file in a weights folder (``$IQABENCH_WEIGHTS`` or the user's cache)."""
    package: str = ""
    """``"package:path/inside"`` when an installed Python package ships the file."""
    url: str = ""
    sha256: str = ""
    size: int = 0
    """Bytes, 0 if unknown."""
    licence: str = ""
    trained_on: tuple[str, ...] = ()
    """Short names of the data sets with which these weights were trained."""
    options: dict[str, Any] = {}
    """Options with which these weights were made; ``--weights published`` sets them."""
    recipe: dict[str, Any] = {}
    """Fields of the recipe with which these weights score, where they differ from the card's."""
    calibration: Calibration | None = None
    """What their scores mean; None where nobody has measured it."""


class Stage(Frozen):
    """One stage of training: an optimiser, its schedule, and the parameters that it may change."""

    epochs: int = Field(10, ge=1)
    optimizer: Literal["adam", "adamw", "sgd"] = "adam"
    lr: float = Field(1e-4, gt=0)
    lr_groups: dict[str, float] = {}
    """Factor on ``lr`` for each group that the model's ``parameter_groups`` names."""
    weight_decay: float = Field(0.0, ge=0)
    momentum: float = Field(0.9, ge=0, lt=1)
    """Used by sgd only."""
    schedule: Literal["constant", "step", "cosine"] = "constant"
    step_size: int = Field(10, ge=1)
    """Epochs between two decays of the step schedule."""
    gamma: float = Field(0.1, gt=0)
    """Factor of each decay of the step schedule."""
    freeze: tuple[str, ...] = ()
    """Prefixes of parameter names that this stage leaves as they are."""
    freeze_statistics: bool = False
    """Whether batch normalisation normalises by its running statistics, which stay as they are."""
    average: float = Field(0.0, ge=0, le=1)
    """The weights of the last steps are averaged when the stage ends; this is their share of the
    stage's steps (Izmailov et al., UAI 2018; with every step, as in Cha et al., NeurIPS 2021). 0
    keeps the weights of the last step."""

    @model_serializer(mode="wrap")
    def _without_later_fields(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Jobs of earlier releases, which had no such field, keep their fingerprints.
        fields: dict[str, Any] = dump(self)
        return {k: v for k, v in fields.items() if k != "freeze_statistics" or v}


class Recipe(Frozen):
    """Everything that decides what training and test-time cropping do."""

    stages: tuple[Stage, ...] = Field((Stage(),), min_length=1)
    batch_size: int = Field(8, ge=1)
    resize_short: int | None = Field(None, ge=16)
    """Short side in pixels to which pictures are resized before cropping; None keeps their size."""
    max_pixels: int | None = Field(None, ge=1024)
    """Pictures of more pixels are reduced to about this number before cropping; None keeps them."""
    crop: tuple[PositiveInt, PositiveInt] | None = (224, 224)
    """(height, width) of a crop in pixels; None takes the whole picture (batch size 1)."""
    train_crops: int = Field(1, ge=1)
    """Random crops taken of each training picture in an epoch."""
    test_crops: int = Field(1, ge=1)
    test_crop_kind: Literal["grid", "random", "whole"] = "grid"
    """``grid``: evenly placed crops; one crop lies in the centre, five crops lie in the centre and
    the corners. ``random``: crops at random places, seeded by job and picture. ``whole``: the whole
    picture."""
    pool: Literal["mean", "median"] = "mean"
    augment: tuple[Literal["hflip", "vflip", "rot90", "shift"], ...] = ("hflip",)
    """``rot90`` turns square crops by any right angle and others by 180 degrees; ``shift`` moves a
    crop by up to an eighth of its side and repeats the border."""
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[PositiveFloat, PositiveFloat, PositiveFloat] = (1.0, 1.0, 1.0)
    loss_weights: dict[str, float] = {}
    """Factor on each entry of the model's ``losses``; 1 for an entry without a factor."""
    patience: int | None = Field(None, ge=1)
    """Epochs without a better validation SROCC after which a stage ends."""
    select: Literal["best", "last"] = "best"
    """Which epoch's weights are kept: best validation SROCC, or the last."""

    @model_validator(mode="after")
    def _average_is_reached(self) -> Recipe:
        if self.patience is not None and any(stage.average for stage in self.stages):
            raise ValueError("a stage that may end early (patience) has no average")
        return self

    @model_serializer(mode="wrap")
    def _without_later_fields(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Jobs of earlier releases, which had no such field, keep their fingerprints.
        fields: dict[str, Any] = dump(self)
        return {k: v for k, v in fields.items() if k != "max_pixels" or v is not None}


class PaperRow(Frozen):
    """One row of a table of published results, and the run that would measure it again."""

    label: str
    published: dict[str, float]
    """Metric (``srocc``, ``plcc``, ``rmse``, or a cost) -> the printed number."""
    also_published: dict[str, float] = {}
    """The numbers that another source prints for the same row."""
    model: str = ""
    """Registered name of the model; empty if none is registered."""
    options: dict[str, Any] = {}
    weights: Literal["train", "published"] = "train"
    """A value of ``--weights``."""
    versus: str = ""
    """The second model, if the row compares two."""
    against: str = ""
    """Label of the row with whose model the paper compares this row's."""
    mark: Literal["*", "-", ""] = ""
    """Printed significance against that row or the second model: ``*`` significant, ``-`` not."""
    datasets: str = ""
    """A value of ``--datasets``; empty if nothing is trained or tested."""
    distortion: str = ""
    """Only pictures with this distortion count; empty for all."""
    why_absent: str = ""


class PaperTable(Frozen):
    """A table of published results, to be reproduced as far as the user's data sets allow."""

    number: int
    title: str
    rows: tuple[PaperRow, ...]
    seeds: int = Field(10, ge=1)
    split: Literal["official"] | None = None
    """A value of ``--split``; None takes the data sets' own protocols."""
    by_distortion: bool = False
    """Whether SROCC is also measured within each distortion of the test set, with the mean."""
    cost: bool = False
    """The table compares cost (parameters, memory, time), not only agreement."""
    remark: str = ""


class ModelCard(Frozen):
    """The facts of a model that the harness needs before it loads any of its code."""

    name: Name
    summary: str
    kind: Literal["scorer", "estimator", "trainable"]
    """``scorer`` needs no fitting; ``estimator`` fits plain arrays; ``trainable`` is a network."""
    factory: Target
    """Called with the options object, or with nothing where the card has no options."""
    options: Target | None = None
    """A pydantic model of the model's options; a field ``init`` is set by ``--init``."""
    defaults: dict[str, Any] = {}
    """Options that differ from the options model's own defaults."""
    aliases: tuple[Name, ...] = ()
    full_reference: bool = False
    fit_on: Literal["images", "references"] = "images"
    """Whether an estimator learns from the training images or from their pristine references."""
    recipe: Recipe = Recipe(crop=None, test_crop_kind="whole", batch_size=1)
    fixed_crop: bool = False
    """Whether the network takes crops of its recipe's size only."""
    saliency: Literal["none", "target", "input"] = "none"
    """``target``: maps supervise training only; ``input``: the model also needs maps to predict."""
    saliency_default: str = "spectral-residual"
    """The provider used if the data set ships no maps and the user names no provider."""
    direction: Direction = "higher"
    """Whether a higher score means better quality. One fitted to qualities predicts ``higher``."""
    score_range: tuple[float, float] | None = None
    """The least and the largest score of a scorer; None if there are no bounds or none is known."""
    weights: tuple[WeightsCard, ...] = ()
    """Published weights. A scorer needs them all; other models score with the first."""
    needs: tuple[WeightsCard, ...] = ()
    """Files that the model with its default options needs besides: the weights from which a
    network's training starts, or a scorer's backbone. ``iqabench models`` says whether they are
    here."""
    tiny: dict[str, Any] = {}
    """``--set`` values that make the same model very small, for tests."""
    studies: dict[str, dict[str, dict[str, Any]]] = {}
    """Study name -> label -> options."""
    variant_of: Name | None = None
    """The registered model of which this is a variant, such as its ablation; a procedure that pairs
    variants of one model takes both for one."""
    reproductions: Target | None = None
    """``reproductions()`` gives the paper's tables as :class:`PaperTable` objects."""
    extra: str = ""
    """Optional dependency group of iqabench that the model needs, such as ``pyiqa``."""
    requires: str = ""
    """Importable name that must be installed (checked without importing it)."""
    also_requires: tuple[str, ...] = ()
    """Further importable names that must be installed, of packages that compute nothing."""
    behaviour: int | None = Field(None, ge=1)
    """A number that rises when the model's code computes other predictions, and never otherwise.
    Without a number, the code itself is compared: its syntax, and the data files of the factory's
    package."""
    paper: str = ""
    licence: str = "Apache-2.0"

    @property
    def trains(self) -> bool:
        """Whether the model learns from a training part."""
        return self.kind != "scorer"


class Protocol(Frozen):
    """How a data set is split unless the user asks for another split."""

    kind: Literal["hold-out", "k-fold", "official"] = "hold-out"
    folds: int = Field(4, ge=2)
    test_share: float = Field(0.2, gt=0, lt=1)
    """Share of contents in the test part of a hold-out."""
    validation_share: float = Field(0.1, gt=0, lt=1)
    """Share of all contents in the validation part, which chooses the checkpoint; at least one."""
    seeds: int = Field(3, ge=1)
    """Number of repetitions unless the user gives one."""


class ArchiveCard(Frozen):
    """The file in which a data set is published."""

    name: str = ""
    """The file's name; if empty, the last part of ``url``."""
    url: str = ""
    """Address for a download without a form or a password; needs ``sha256`` and ``bytes``."""
    sha256: str = Field("", pattern=r"^([0-9a-f]{64})?$")
    bytes: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _checkable(self) -> ArchiveCard:
        if self.url and not (self.sha256 and self.bytes):
            raise ValueError("a url needs sha256 and bytes")
        if self.url and not self.url.startswith(("http://", "https://")):
            raise ValueError("a url begins with http:// or https://")
        return self

    @property
    def filename(self) -> str:
        """The file's name."""
        return self.name or self.url.rpartition("/")[2]


class RepositoryCard(Frozen):
    """The repository on GitHub in which a data set is published file by file."""

    name: str = Field(pattern=r"^[A-Za-z0-9-]+/[A-Za-z0-9_-][A-Za-z0-9._-]*$")
    """``OWNER/NAME``."""
    commit: str = Field(pattern=r"^[0-9a-f]{40}$")
    tree: str = Field(pattern=r"^[0-9a-f]{40}$")
    """The id of the commit's tree (``git rev-parse COMMIT^{tree}``), which pins every file."""
    paths: tuple[str, ...] = ()
    """Files and folders that the reader needs; if empty, all."""

    def needs(self, path: str) -> bool:
        """Whether the reader needs the file at this path in the repository."""
        return not self.paths or any(f"{path}/".startswith(f"{one}/") for one in self.paths)


class DatasetCard(Frozen):
    """The facts of a data set and the name of its reader."""

    name: Name
    title: str
    reader: Target
    """Called as ``reader(root, options)`` with the folder and the catalogue's options for it."""
    builder: Target | None = None
    """``builder(root, progress)`` makes a built-in set's files; such a set needs no root."""
    version: str = "1"
    """Changes when a built-in set's files change."""
    aliases: tuple[Name, ...] = ()
    images: int = 0
    contents: int = 0
    direction: Direction = "higher"
    """Whether a higher published score means better quality."""
    score_range: tuple[float, float] | None = None
    label_kind: Literal["human", "proxy", "none"] = "human"
    """``proxy``: quality comes from a measure, not from people; every table says so. ``none``: the
    set has no scores; it serves to evaluate saliency maps."""
    protocol: Protocol = Protocol()
    unordered: tuple[str, ...] = ()
    """Distortions whose levels do not order severity, by the names in the column ``distortion``."""
    unlabelled: int | None = None
    """Number of pictures in the set without a label; None if this is not known."""
    archive: ArchiveCard = ArchiveCard()
    repository: RepositoryCard | None = None
    """Where to fetch the files if ``archive`` has no address."""
    option_keys: tuple[str, ...] = ()
    """Catalogue keys that the reader understands in addition to ``root``."""
    reproductions: Target | None = None
    """``reproductions()`` gives published results on the set as :class:`PaperTable` objects."""
    homepage: str = ""
    licence: str = ""
    citation: str = ""

    @property
    def labelled(self) -> bool:
        """Whether pictures have scores of quality."""
        return self.label_kind != "none"

    @property
    def fetched(self) -> bool:
        """Whether ``iqabench datasets fetch`` can download the set."""
        return bool(self.archive.url) or self.repository is not None


class SaliencyCard(Frozen):
    """A provider of saliency maps."""

    name: Name
    summary: str
    kind: Literal["computed", "read", "permuted"] = "computed"
    """``computed``: maps are computed from any picture. ``read``: maps are read from files that a
    data set ships or that lie in a folder. ``permuted``: the harness gives each picture the map of
    a picture of another content. The option ``of`` names the provider of the maps, and the option
    ``seed`` decides the order."""
    factory: Target | None = None
    """Called with the options object, or with nothing where the card has no options; None where
    maps are permuted."""
    options: Target | None = None
    """A pydantic model of the provider's options. A file or folder is a field of type ``Path``. Its
    contents identify the maps; its path does not."""
    aliases: tuple[Name, ...] = ()
    behaviour: int | None = Field(None, ge=1)
    """A number that rises when the code computes other maps; see :class:`ModelCard`."""
    trained_on: str = "nothing"
    paper: str = ""
    licence: str = "Apache-2.0"
    extra: str = ""
    requires: str = ""

    @model_validator(mode="after")
    def _makeable(self) -> SaliencyCard:
        if (self.factory is None) != (self.kind == "permuted"):
            raise ValueError("maps need a factory unless they are permuted")
        if self.kind == "permuted" and self.options is None:
            raise ValueError("permuted maps need the options of and seed")
        return self
