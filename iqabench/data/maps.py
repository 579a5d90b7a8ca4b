"""Saliency maps of a data set's pictures: computed once per picture and provider, float16."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.contract.cards import SaliencyCard
from iqabench.contract.errors import ScoreError
from iqabench.data.pixels import cached
from iqabench.data.tables import Dataset, Tick
from iqabench.kit.places import cache_dir
from iqabench.registry import load, require
from iqabench.store.fingerprints import plugin
from iqabench.store.folder import write_array

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class MapSource:
    """A saliency provider whose maps are cached."""

    card: SaliencyCard

    def fields(self) -> dict[str, Any]:
        """What identifies these maps in a fingerprint."""
        return {"provider": self.card.name, **plugin(self.card.factory)}

    def path(self, content_hash: str) -> Path:
        """Where the map of the picture of that content lies, made or not."""
        folder = f"{self.card.name}-{plugin(self.card.factory)['source'][:8]}"
        return cache_dir() / "saliency" / folder / content_hash[:2] / f"{content_hash}.npy"

    def read(self, content_hash: str) -> NDArray[np.float16]:
        """A map made before, (H, W) float16 in [0, 1] with maximum 1, memory-mapped."""
        import numpy as np

        loaded: NDArray[np.float16] = np.load(
            self.path(content_hash), mmap_mode="c", allow_pickle=False
        )
        return loaded

    def make(
        self,
        dataset: Dataset,
        names: Sequence[str],
        tick: Tick | None = None,
        allow_truncated: bool = False,
    ) -> None:
        """Compute the maps of the named images that are not cached yet.

        Raises:
            ScoreError: the provider returned a wrong shape, range or NaN.
        """
        missing = [name for name in names if not self.path(dataset.image_hashes[name]).exists()]
        if not missing:
            return
        require(self.card)
        provider = load(self.card.factory)()
        for done, name in enumerate(missing, 1):
            content_hash = dataset.image_hashes[name]
            pixels = cached(dataset.root / name, content_hash, allow_truncated).pixels
            write_array(self.path(content_hash), self._compute(provider, pixels, name))
            if tick is not None:
                tick(done, len(missing), f"saliency maps ({self.card.name})")

    def _compute(self, provider: Any, pixels: NDArray[np.uint8], name: str) -> NDArray[np.float16]:
        import numpy as np
        import torch

        image = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255
        with torch.inference_mode():
            found = provider.saliency(image)
        if found.shape != (1, 1, *pixels.shape[:2]) or not bool(torch.isfinite(found).all()):
            raise ScoreError(
                f"saliency provider '{self.card.name}' returned a bad map for {name}",
                "a provider returns (B, 1, H, W), finite, in [0, 1] with maximum 1",
            )
        return found[0, 0].numpy().astype(np.float16)  # type: ignore[no-any-return]
