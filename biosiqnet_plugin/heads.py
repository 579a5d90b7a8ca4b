"""The quality heads of Section III-B, and VGG's own."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from iqabench.kit.heads import MIDDLE, score_layer
from iqabench.kit.ridge import RidgeFit


class ConvolutionalHead(nn.Module):
    """The CNN-tailored head: pooling, a fully connected layer, ReLU, a layer with one score."""

    def __init__(self, channels: int, hidden: int, dropout: float) -> None:
        super().__init__()
        score = score_layer(hidden)
        self.layers = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Dropout(dropout),
            nn.Linear(channels, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            score,
        )

    def forward(self, feature: Tensor) -> Tensor:
        """(B, C, h, w) -> (B,)."""
        found: Tensor = self.layers(feature)
        return found.squeeze(1)


class FullyConnectedHead(nn.Module):
    """VGG's own fully connected layers behind a 7x7 feature, and one score in place of classes."""

    GRID = 7

    def __init__(self, layers: nn.Module, channels: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.AdaptiveAvgPool2d(self.GRID),
            layers,
            nn.Flatten(),
            nn.Dropout(dropout),
            score_layer(channels),
        )

    def forward(self, feature: Tensor) -> Tensor:
        """(B, C, h, w) -> (B,)."""
        found: Tensor = self.layers(feature)
        return found.squeeze(1)


class StatisticsHead(nn.Module):
    """Quality from the statistics of every block: a ridge regression and a network beside it.

    The regression is fitted to the untrained trunk's statistics and stays as it is: a step of a
    usual length along each of some thousand coefficients would undo it. The network beside it
    starts at zero, and the trunk moves. So training starts from the ridge, not from noise.
    """

    mean: Tensor
    spread: Tensor
    coefficients: Tensor
    intercept: Tensor
    error_coefficients: Tensor
    error_intercept: Tensor

    def __init__(
        self, features: int, hidden: int, dropout: float, expected_error: bool = False
    ) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("spread", torch.ones(features))
        self.register_buffer("coefficients", torch.zeros(features))
        self.register_buffer("intercept", torch.tensor(MIDDLE))
        if expected_error:
            self.register_buffer("error_coefficients", torch.zeros(features))
            self.register_buffer("error_intercept", torch.tensor(0.0))
        last = nn.Linear(hidden, 1)
        for parameter in last.parameters():
            nn.init.zeros_(parameter)
        self.beside = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(features, hidden), nn.ReLU(), nn.Dropout(dropout), last
        )

    def forward(self, statistics: Tensor) -> Tensor:
        """(B, features) -> (B,)."""
        # A sum of thousands of products rounded to bfloat16 would be off by half a point of 100.
        with torch.autocast(statistics.device.type, enabled=False):
            scaled = self._scaled(statistics)
            found: Tensor = scaled @ self.coefficients + self.intercept + self.beside(scaled)[:, 0]
            return found

    def errors(self, statistics: Tensor) -> Tensor:
        """(B, features) -> (B,): how far off the scores are expected to be, not below 0."""
        with torch.autocast(statistics.device.type, enabled=False):
            found = self._scaled(statistics) @ self.error_coefficients + self.error_intercept
            return found.clamp_min(0)

    def _scaled(self, statistics: Tensor) -> Tensor:
        return ((statistics - self.mean) / self.spread).clamp(-FAR, FAR)

    @torch.no_grad()
    def start(self, fitted: RidgeFit) -> None:
        """Take the scale of the statistics and the linear part from a ridge regression."""
        self.mean.copy_(torch.from_numpy(fitted.mean))
        self.spread.copy_(torch.from_numpy(fitted.spread))
        self.coefficients.copy_(torch.from_numpy(fitted.coefficients))
        self.intercept.fill_(fitted.intercept)

    @torch.no_grad()
    def start_errors(self, fitted: RidgeFit) -> None:
        """Take the expected error from a regression on statistics of the same scale."""
        self.error_coefficients.copy_(torch.from_numpy(fitted.coefficients))
        self.error_intercept.fill_(fitted.intercept)


FAR = 6.0
"""Standard deviations at which statistics are cut. A picture unlike all others, such as one of a
single colour, would otherwise get a score far off the scale."""


class TransformerHead(nn.Module):
    """The transformer-tailored head (eq. 3): the weighted mean of a score for every patch.

    MANIQA puts a ReLU behind the scores. If all scores fall below zero, that ReLU has no gradient
    and the head stops learning. This happened in our trials, so this head has no such ReLU.
    """

    def __init__(self, channels: int, dropout: float) -> None:
        super().__init__()
        score = score_layer(channels)
        self.score = nn.Sequential(
            nn.Linear(channels, channels), nn.ReLU(), nn.Dropout(dropout), score
        )
        self.weight = nn.Sequential(
            nn.Linear(channels, channels),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, feature: Tensor) -> Tensor:
        """(B, C, h, w) -> (B,)."""
        patches = feature.flatten(2).transpose(1, 2)
        scores, weights = self.score(patches).float(), self.weight(patches).float()
        found: Tensor = (scores * weights).sum((1, 2)) / weights.sum((1, 2)).clamp_min(1e-8)
        return found
