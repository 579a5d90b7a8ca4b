"""What a plugin must know of iqabench. Imports no numerical library."""

from iqabench.contract.cards import (
    ArchiveCard,
    DatasetCard,
    ModelCard,
    PaperRow,
    PaperTable,
    Protocol,
    Recipe,
    RepositoryCard,
    SaliencyCard,
    Stage,
    WeightsCard,
)
from iqabench.contract.errors import (
    CatalogError,
    DataError,
    IqabenchError,
    MissingDependencyError,
    ScoreError,
    StoreError,
    UnknownNameError,
    UsageError,
    WeightsError,
)
from iqabench.contract.hooks import GROUP, hookimpl, hookspec
from iqabench.contract.models import (
    Batch,
    Estimator,
    FullReferenceScorer,
    Scorer,
    TrainableModel,
    network,
)
from iqabench.contract.saliency import SaliencyProvider, SaliencyReader
from iqabench.contract.version import VERSION, ContractVersionError

__all__ = [
    "GROUP",
    "VERSION",
    "ArchiveCard",
    "Batch",
    "CatalogError",
    "ContractVersionError",
    "DataError",
    "DatasetCard",
    "Estimator",
    "FullReferenceScorer",
    "IqabenchError",
    "MissingDependencyError",
    "ModelCard",
    "PaperRow",
    "PaperTable",
    "Protocol",
    "Recipe",
    "RepositoryCard",
    "SaliencyCard",
    "SaliencyProvider",
    "SaliencyReader",
    "ScoreError",
    "Scorer",
    "Stage",
    "StoreError",
    "TrainableModel",
    "UnknownNameError",
    "UsageError",
    "WeightsCard",
    "WeightsError",
    "hookimpl",
    "hookspec",
    "network",
]
