"""CNNIQA and WaDIQaM as pyiqa implements them: networks that look at 32 x 32 patches."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from .network import Wrapped

SIDE = 32


class Cnniqa(Wrapped):
    """One score per crop of any size from 7 x 7; absolute error."""

    loss = staticmethod(functional.l1_loss)

    def __init__(self) -> None:
        from pyiqa.archs.cnniqa_arch import CNNIQA

        super().__init__(CNNIQA(pretrained=None))


class Wadiqam(Wrapped):
    """One score per crop of any size from 32 x 32: the weighted mean of its patches' scores."""

    loss = staticmethod(functional.l1_loss)

    def __init__(self) -> None:
        from pyiqa.archs.wadiqam_arch import WaDIQaM

        super().__init__(WaDIQaM(metric_type="NR", model_name="wadiqam_nr_koniq", pretrained=False))
        self.net.get_patches = self._patches
        # Patches' weights end in a ReLU; where it starts below zero for all, they never learn.
        nn.init.ones_(self.net.fc_w[3].bias)

    def _patches(self, images: Tensor) -> Tensor:
        """All patches side by side, (B, 3, h, w) -> (B * n, 3, 32, 32).

        In place of the network's own choice, which at test time leaves out the last row and column
        of a picture whose sides 32 divides.
        """
        rows, columns = images.shape[-2] // SIDE, images.shape[-1] // SIDE
        self.net.patch_num = rows * columns
        inner = images[..., : rows * SIDE, : columns * SIDE]
        cut = inner.reshape(len(images), -1, rows, SIDE, columns, SIDE)
        return cut.permute(0, 2, 4, 1, 3, 5).flatten(0, 2)
