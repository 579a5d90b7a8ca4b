"""SGDNet: quality and saliency from one feature, quality weighted by the saliency predicted.

Yang, Jiang, Lin, Wang: "SGDNet: An end-to-end saliency-guided deep neural network for no-reference
image quality assessment" (ACM MM 2019), sizes and losses as in the authors' code.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from iqabench.contract import Batch
from iqabench.kit.encoders import encoder
from iqabench.kit.heads import score_layer
from iqabench.kit.saliency import mean_over_maps, total_variation
from iqabench_saliency_models.attention import ChannelGate
from iqabench_saliency_models.options import SGDOptions

REDUCTION = 4
"""Channels to one hidden unit of the gate."""


class SGDNet(nn.Module):
    """The network, or one with parts left out; see :class:`SGDOptions`."""

    takes_any_size = True

    def __init__(self, options: SGDOptions) -> None:
        super().__init__()
        self.trunk = encoder(options.encoder, options.init)
        channels, hidden = options.channels, options.hidden
        self.project = nn.Sequential(
            nn.Conv2d(self.trunk.channels[-1], channels, 1, bias=False), nn.ReLU()
        )
        self.gate = ChannelGate(channels, REDUCTION) if options.channel_attention else None
        self.saliency = _saliency(channels) if options.saliency else None
        self.head = nn.Sequential(
            nn.Linear(channels, hidden),
            nn.ReLU(),
            nn.Dropout(options.dropout),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            score_layer(hidden),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Quality of normalised crops, (B, 3, h, w) -> (B,)."""
        return self._run(images)[0]

    def maps(self, images: Tensor) -> dict[str, Tensor]:
        """Predicted ``saliency`` as large as the crops, (B, 1, h, w), not negative."""
        found = self._run(images)[1]
        if found is None:
            return {}
        return {
            "saliency": functional.interpolate(
                found.float(), size=images.shape[-2:], mode="bilinear"
            )
        }

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """``quality`` (mean absolute error), and ``saliency``: total variation distance to the
        true map, averaged over the areas that the predicted map's values stand for."""
        score, found = self._run(batch.images)
        losses = {"quality": functional.l1_loss(score.float(), batch.quality)}
        if found is None or batch.saliency is None:
            return losses
        height, width = found.shape[-2:]
        truth = functional.adaptive_avg_pool2d(batch.saliency, (height, width))
        losses["saliency"] = mean_over_maps(total_variation(found, truth), truth)
        return losses

    def cam_layers(self) -> list[nn.Module]:
        """Where Grad-CAM looks: the encoder's last layer."""
        return [self.trunk.last_layer()]

    def _run(self, images: Tensor) -> tuple[Tensor, Tensor | None]:
        """Scores, and the predicted map, (B, 1, h / stride, w / stride)."""
        feature = self.project(self.trunk(images))
        weighted = feature
        if self.gate is not None:
            weighted = weighted * self.gate(feature.mean((2, 3)))[..., None, None]
        found = None
        if self.saliency is not None:
            found = self.saliency(feature)
            weighted = weighted * found
        scores: Tensor = self.head(weighted.mean((2, 3)))
        return scores.squeeze(1), found


def _saliency(channels: int) -> nn.Sequential:
    """A 1x1 convolution and ReLU that starts as the mean over channels, about.

    With weights of both signs the ReLU is zero everywhere for some seeds, and since it also weighs
    the quality, neither task could then learn anything.
    """
    convolution = nn.Conv2d(channels, 1, 1, bias=False)
    nn.init.uniform_(convolution.weight, 0, 2 / channels)
    return nn.Sequential(convolution, nn.ReLU())
