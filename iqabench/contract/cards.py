"""Frozen, validated descriptions of models, data sets and saliency providers.

Cards hold facts and names of code (``"package.module:attribute"``), never the code itself, so that
reading every card imports no heavy library.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    StringConstraints,
    model_validator,
)

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._+-]*$")]
Target = Annotated[str, StringConstraints(pattern=r"^[\w.]+:\w+$")]
Direction = Literal["higher", "lower"]


class Frozen(BaseModel):
    """Base of all cards: immutable, and unknown fields are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class WeightsCard(Frozen):
    """Where a set of weights comes from and what it is. Sought as a file first, then at the hub."""

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
    """Data sets these weights have seen, by their short names."""


class Stage(Frozen):
    """One stage of training: an optimiser, its schedule and what it may change."""

    epochs: int = Field(10, ge=1)
    optimizer: Literal["adam", "adamw", "sgd"] = "adam"
    lr: float = Field(1e-4, gt=0)
    lr_groups: dict[str, float] = {}
    """Factor on ``lr`` for each group the model's ``parameter_groups`` names."""
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
    average: float = Field(0.0, ge=0, le=1)
    """Share of the stage's steps, its last ones, whose weights are averaged when it ends (Izmailov
    et al., UAI 2018; densely as of Cha et al., NeurIPS 2021); 0 keeps the last step's."""


class Recipe(Frozen):
    """Everything that decides what training and test-time cropping do."""

    stages: tuple[Stage, ...] = Field((Stage(),), min_length=1)
    batch_size: int = Field(8, ge=1)
    resize_short: int | None = Field(None, ge=16)
    """Short side in pixels to which pictures are resized before cropping; None keeps them."""
    crop: tuple[PositiveInt, PositiveInt] | None = (224, 224)
    """(height, width) of a crop in pixels; None takes the whole picture (batch size 1)."""
    train_crops: int = Field(1, ge=1)
    """Random crops taken of each training picture in an epoch."""
    test_crops: int = Field(1, ge=1)
    test_crop_kind: Literal["grid", "random", "whole"] = "grid"
    """``grid``: evenly placed, one in the centre, five there and in the corners; ``random``: seeded
    by job and picture."""
    pool: Literal["mean", "median"] = "mean"
    augment: tuple[Literal["hflip", "vflip", "rot90", "shift"], ...] = ("hflip",)
    """``rot90`` turns square crops by any right angle and others by 180 degrees; ``shift`` moves a
    crop by up to an eighth of its side, repeating the border."""
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[PositiveFloat, PositiveFloat, PositiveFloat] = (1.0, 1.0, 1.0)
    loss_weights: dict[str, float] = {}
    """Factor on each entry of the model's ``losses``; 1 where unnamed."""
    patience: int | None = Field(None, ge=1)
    """Epochs without a better validation SROCC after which a stage ends."""
    select: Literal["best", "last"] = "best"
    """Which epoch's weights are kept: best validation SROCC, or the last."""

    @model_validator(mode="after")
    def _average_is_reached(self) -> Recipe:
        if self.patience is not None and any(stage.average for stage in self.stages):
            raise ValueError("a stage that may end early (patience) has no average")
        return self


class PaperRow(Frozen):
    """One row of a paper's table, and the run that would measure it again."""

    label: str
    published: dict[str, float]
    """Metric (``srocc``, ``plcc``, ``rmse``, or a cost) -> the printed number."""
    model: str = ""
    """Registered name; empty where no such model is to be had."""
    options: dict[str, Any] = {}
    versus: str = ""
    """A second model, where the row compares two."""
    datasets: str = ""
    """As of ``--datasets``; empty where nothing is trained or tested."""
    distortion: str = ""
    """Only pictures with this distortion count; empty for all."""
    why_absent: str = ""


class PaperTable(Frozen):
    """A table of a paper, to be reproduced as far as the data at hand allow."""

    number: int
    title: str
    rows: tuple[PaperRow, ...]
    seeds: int = Field(10, ge=1)
    cost: bool = False
    """The table compares cost (parameters, memory, time), not only agreement."""
    remark: str = ""


class ModelCard(Frozen):
    """What the harness must know of a model before it loads any of its code."""

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
    """What an estimator learns from: the training images or their pristine references."""
    recipe: Recipe = Recipe(crop=None, test_crop_kind="whole", batch_size=1)
    fixed_crop: bool = False
    """The network takes crops of its recipe's size and no other."""
    saliency: Literal["none", "target", "input"] = "none"
    """``target``: maps supervise training only; ``input``: also needed to predict."""
    saliency_default: str = "spectral-residual"
    """Provider where the data set ships no maps and the user names none."""
    direction: Direction = "higher"
    """Whether a higher score means better quality; training always predicts ``higher``."""
    weights: tuple[WeightsCard, ...] = ()
    tiny: dict[str, Any] = {}
    """``--set`` values that make the same model toy-sized, for tests."""
    studies: dict[str, dict[str, dict[str, Any]]] = {}
    """Study name -> label -> options."""
    reproductions: Target | None = None
    """``reproductions()`` gives the paper's tables as :class:`PaperTable` objects."""
    extra: str = ""
    """Optional dependency group of iqabench that the model needs, such as ``pyiqa``."""
    requires: str = ""
    """Importable name that must be installed (checked without importing it)."""
    paper: str = ""
    licence: str = "Apache-2.0"

    @property
    def trains(self) -> bool:
        """Whether the model learns from a training part."""
        return self.kind != "scorer"


class Protocol(Frozen):
    """How a data set wants to be split when nobody says otherwise."""

    kind: Literal["hold-out", "k-fold", "official"] = "hold-out"
    folds: int = Field(4, ge=2)
    test_share: float = Field(0.2, gt=0, lt=1)
    """Share of contents in the test part of a hold-out."""
    validation_share: float = Field(0.1, gt=0, lt=1)
    """Share of all contents held for choosing the checkpoint; at least one."""
    seeds: int = Field(3, ge=1)
    """Repetitions when the user does not say."""


class ArchiveCard(Frozen):
    """The file a data set is published as."""

    name: str = ""
    """Its file name; where empty, the last part of ``url``."""
    url: str = ""
    """Where it can be had without a form or a password; needs ``sha256`` and ``bytes``."""
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
        """What the file is called."""
        return self.name or self.url.rpartition("/")[2]


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
    """``proxy``: quality comes from a measure, not from people; every table says so. ``none``:
    there are no scores; the set judges saliency maps."""
    protocol: Protocol = Protocol()
    unordered: tuple[str, ...] = ()
    """Distortions whose levels do not order severity, named as in the column ``distortion``."""
    unlabelled: int | None = None
    """Pictures that lie beside labelled ones and have no label; None where that is not known."""
    archive: ArchiveCard = ArchiveCard()
    option_keys: tuple[str, ...] = ()
    """Catalogue keys that the reader understands beside ``root``."""
    homepage: str = ""
    licence: str = ""
    citation: str = ""

    @property
    def labelled(self) -> bool:
        """Whether pictures have scores of quality."""
        return self.label_kind != "none"


class SaliencyCard(Frozen):
    """A provider of saliency maps."""

    name: Name
    summary: str
    kind: Literal["computed", "read", "permuted"] = "computed"
    """``computed`` from any picture; ``read`` from files that a data set ships or that lie in a
    folder; ``permuted``: the harness gives each picture another's map, by the provider that the
    option ``of`` names, in an order that the option ``seed`` decides."""
    factory: Target | None = None
    """Called with the options object, or with nothing where the card has no options; none where
    maps are permuted."""
    options: Target | None = None
    """A pydantic model of the provider's options. Files and folders among them are fields of type
    ``Path``: their contents identify maps, not where they lie."""
    aliases: tuple[Name, ...] = ()
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
