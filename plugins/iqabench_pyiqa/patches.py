"""CNNIQA and WaDIQaM as implemented in pyiqa: networks for 32 x 32 patches."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from .network import Wrapped

SIDE = 32


class Cnniqa(Wrapped):
    """Gives one score per crop of 7 x 7 pixels or more; the loss is the absolute error."""

    loss = staticmethod(functional.l1_loss)

    def __init__(self) -> None:
        from pyiqa.archs.cnniqa_arch import CNNIQA

        super().__init__(CNNIQA(pretrained=None))


class Wadiqam(Wrapped):
    """Gives one score per crop of 32 x 32 pixels or more: the weighted mean of its patches' scores.

    The loss is the absolute error.
    """

    loss = staticmethod(functional.l1_loss)

    def __init__(self) -> None:
        from pyiqa.archs.wadiqam_arch import WaDIQaM

        super().__init__(WaDIQaM(metric_type="NR", model_name="wadiqam_nr_koniq", pretrained=False))
        self.net.get_patches = self._patches
        # The patches' weights pass through a ReLU. If its inputs are all negative at the start, its
        # gradient is 0 and the weights never learn.
        nn.init.ones_(self.net.fc_w[3].bias)

    def _patches(self, images: Tensor) -> Tensor:
        """All adjacent patches, (B, 3, h, w) -> (B * n, 3, 32, 32).

        This replaces pyiqa's own choice of patches. In testing, that choice leaves out the last row
        and column of patches if 32 divides the picture's sides.
        """
        rows, columns = images.shape[-2] // SIDE, images.shape[-1] // SIDE
        self.net.patch_num = rows * columns
        inner = images[..., : rows * SIDE, : columns * SIDE]
        cut = inner.reshape(len(images), -1, rows, SIDE, columns, SIDE)
        return cut.permute(0, 2, 4, 1, 3, 5).flatten(0, 2)
