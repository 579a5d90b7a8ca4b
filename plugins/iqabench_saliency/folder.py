"""Maps made elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from iqabench.contract.errors import DataError
from iqabench.kit.tree import composed
from iqabench_saliency.files import SUFFIXES, read_map
from iqabench_saliency.options import FolderOptions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Folder:
    """Files below a folder, found by a picture's path or by its name, whatever their suffix."""

    def __init__(self, options: FolderOptions) -> None:
        self.root = options.root

    def sources(self, row: Mapping[str, Any], root: Path) -> Sequence[Path]:
        """The map at the picture's path, else the only one of its name.

        Raises:
            DataError: there is none, or several.
        """
        path = PurePosixPath(composed(row["image"])).with_suffix("")
        found = self._by_path.get(str(path)) or self._by_name.get(path.name, [])
        if len(found) != 1:
            several = f"several maps, such as {found[0].name}" if found else "no map"
            raise DataError(
                f"{several} in {self.root}", f"one file of the name {path}.png, .npy or another"
            )
        return found

    def load(
        self, row: Mapping[str, Any], root: Path, size: tuple[int, int]
    ) -> NDArray[np.float32]:
        """A picture's map, (H, W) in [0, 1] with maximum 1.

        Raises:
            DataError: there is no file, or it holds no map.
        """
        (path,) = self.sources(row, root)
        return read_map(path, size)

    @cached_property
    def _files(self) -> list[Path]:
        return sorted(path for path in self.root.rglob("*") if path.suffix.lower() in SUFFIXES)

    @cached_property
    def _by_path(self) -> Mapping[str, list[Path]]:
        found: dict[str, list[Path]] = {}
        for path in self._files:
            name = path.relative_to(self.root).with_suffix("").as_posix()
            found.setdefault(composed(name), []).append(path)
        return found

    @cached_property
    def _by_name(self) -> Mapping[str, list[Path]]:
        found: dict[str, list[Path]] = {}
        for path in self._files:
            found.setdefault(composed(path.stem), []).append(path)
        return found
