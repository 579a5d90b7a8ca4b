"""Statistics of agreement between predictions and labels: numpy in, numpy out.

Importing this package loads numpy alone; scipy is imported by the functions that need it.
"""

from iqabench.stats.agreement import Agreement, agreement, krocc, plcc, rmse, srocc
from iqabench.stats.bootstrap import (
    content_counts,
    interval,
    mean_of_drawn,
    repeated_bootstrap,
    repetition_samples,
)
from iqabench.stats.ceiling import Ceiling, ceiling
from iqabench.stats.logistic import LogisticFit, LogisticFitError, fit_logistic
from iqabench.stats.pairs import Krasula, krasula
from iqabench.stats.ranks import Friedman, cliques, critical_difference, friedman, nemenyi
from iqabench.stats.raters import outlier_ratio, rmse_star, standard_error
from iqabench.stats.saliency import auc_judd, cc, information_gain, kld, nss, shuffled_auc, sim
from iqabench.stats.splits import CorrectedT, corrected_error, corrected_t
from iqabench.stats.waterloo import (
    Consistency,
    discriminability,
    preference_consistency,
    ranking_consistency,
)
from iqabench.stats.weighted import (
    weighted_krocc,
    weighted_plcc,
    weighted_rmse,
    weighted_srocc,
)

__all__ = [
    "Agreement",
    "Ceiling",
    "Consistency",
    "CorrectedT",
    "Friedman",
    "Krasula",
    "LogisticFit",
    "LogisticFitError",
    "agreement",
    "auc_judd",
    "cc",
    "ceiling",
    "cliques",
    "content_counts",
    "corrected_error",
    "corrected_t",
    "critical_difference",
    "discriminability",
    "fit_logistic",
    "friedman",
    "information_gain",
    "interval",
    "kld",
    "krasula",
    "krocc",
    "mean_of_drawn",
    "nemenyi",
    "nss",
    "outlier_ratio",
    "plcc",
    "preference_consistency",
    "ranking_consistency",
    "repeated_bootstrap",
    "repetition_samples",
    "rmse",
    "rmse_star",
    "shuffled_auc",
    "sim",
    "srocc",
    "standard_error",
    "weighted_krocc",
    "weighted_plcc",
    "weighted_rmse",
    "weighted_srocc",
]
