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
    weighted_krocc,
    weighted_plcc,
    weighted_rmse,
    weighted_srocc,
)
from iqabench.stats.logistic import LogisticFit, LogisticFitError, fit_logistic
from iqabench.stats.saliency import auc_judd, cc, information_gain, kld, nss, shuffled_auc, sim
from iqabench.stats.waterloo import (
    Consistency,
    discriminability,
    preference_consistency,
    ranking_consistency,
)

__all__ = [
    "Agreement",
    "Consistency",
    "LogisticFit",
    "LogisticFitError",
    "agreement",
    "auc_judd",
    "cc",
    "content_counts",
    "discriminability",
    "fit_logistic",
    "information_gain",
    "interval",
    "kld",
    "krocc",
    "mean_of_drawn",
    "nss",
    "plcc",
    "preference_consistency",
    "ranking_consistency",
    "repeated_bootstrap",
    "repetition_samples",
    "rmse",
    "shuffled_auc",
    "sim",
    "srocc",
    "weighted_krocc",
    "weighted_plcc",
    "weighted_rmse",
    "weighted_srocc",
]
