"""The quality heads of Section III-B, and VGG's own."""

from __future__ import annotations

from torch import Tensor, nn

from iqabench.kit.heads import score_layer


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
