"""Unpacks untrusted archives: only plain files inside the folder, and no excessive size."""

from __future__ import annotations

import lzma
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath, PureWindowsPath

from iqabench.contract.errors import DataError
from iqabench.contract.progress import Tick

GROWTH = 20
"""An archive may unpack to this many times its own size; compression hardly shrinks pictures."""
ALLOWANCE = 100 * 2**20
"""Every archive may unpack to this many bytes, even if it is small."""


BLOCK = 4096
"""Each member counts as at least this many bytes on disk."""

_STARTS = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00")
"""How a zip, and a packed tar, begin."""
_DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    NotImplementedError,  # a compression that zipfile does not know
)


@dataclass(frozen=True)
class _Member:
    name: str
    size: int
    plain: bool
    """Whether it is a regular file or a folder, and no link or device."""
    extract: Callable[[Path], object]


def unpack(archive: Path, root: Path, tick: Tick | None = None) -> None:
    """Unpack a zip or tar archive as the folder ``root``; a failure leaves no partial folder.

    If the archive holds a single folder and nothing beside it, that folder becomes ``root``.

    Raises:
        DataError: the file is no archive, is damaged, needs a password, holds other things than
            plain files and folders, holds a path that leads outside, needs more disk than is free,
            or unpacks to more than both ``GROWTH`` times its size and ``ALLOWANCE`` bytes.
        OSError: the folder cannot be written, or exists and is not empty.
    """
    with tempfile.TemporaryDirectory(dir=root.parent, prefix=f".{root.name}.") as scratch:
        part = Path(scratch) / "files"
        part.mkdir()
        try:
            if zipfile.is_zipfile(archive):
                with zipfile.ZipFile(archive) as packed:
                    _extract(archive, _zip_members(packed), part, tick)
            elif tarfile.is_tarfile(archive):
                with tarfile.open(archive) as tape:
                    _extract(archive, _tar_members(tape), part, tick)
            else:
                raise _unknown(archive)
        except EOFError as error:
            raise _refused(archive, "is cut off", "fetch it again") from error
        except _DAMAGE as error:
            raise _refused(archive, f"is damaged: {error}", "fetch it again") from error
        inside = list(part.iterdir())
        only = inside[0] if len(inside) == 1 and inside[0].is_dir() else part
        if root.exists():
            root.rmdir()
        only.rename(root)


def _unknown(archive: Path) -> DataError:
    """What to say of a file that is neither zip nor tar as a whole, but may begin as one."""
    with archive.open("rb") as stream:
        start = stream.read(6)
    if start.startswith(_STARTS):
        return _refused(archive, "is cut off or damaged", "fetch it again")
    return _refused(archive, "is neither zip nor tar", "unpack it by other means")


def _refused(archive: Path, problem: str, hint: str) -> DataError:
    return DataError(f"{archive.name} {problem}", hint)


def _zip_members(packed: zipfile.ZipFile) -> Iterable[_Member]:
    for info in packed.infolist():
        kind = stat.S_IFMT(info.external_attr >> 16)
        if info.flag_bits & 1:
            raise _refused(Path(str(packed.filename)), "asks for a password", "unpack it yourself")
        yield _Member(
            info.filename,
            info.file_size,
            kind in (0, stat.S_IFREG, stat.S_IFDIR),
            partial(packed.extract, info),
        )


def _tar_members(tape: tarfile.TarFile) -> Iterable[_Member]:
    for info in tape:
        yield _Member(
            info.name,
            info.size,
            info.isreg() or info.isdir(),
            partial(tape.extract, info, filter="data"),
        )


def _extract(archive: Path, listed: Iterable[_Member], folder: Path, tick: Tick | None) -> None:
    """Check every member, then extract all members."""
    most = max(GROWTH * archive.stat().st_size, ALLOWANCE)
    members, total = [], 0
    for member in listed:
        path = PurePosixPath(member.name)
        outside = path.is_absolute() or ".." in path.parts or "\\" in member.name
        if outside or PureWindowsPath(member.name).drive:
            raise _refused(archive, f"reaches outside itself: {member.name!r}", "do not trust it")
        if not member.plain:
            raise _refused(archive, f"holds a link or device: {member.name!r}", "do not trust it")
        total += max(member.size, BLOCK)
        if total > most:
            raise _refused(
                archive,
                f"unpacks to more than {most / 2**20:.0f} MiB",
                f"at most {GROWTH} times an archive's own size is unpacked",
            )
        members.append(member)
    free = shutil.disk_usage(folder).free
    if total > free:
        raise _refused(
            archive,
            f"needs {total / 2**20:.0f} MiB of disk, and {free / 2**20:.0f} MiB are free",
            "name another place with --root",
        )
    for done, member in enumerate(members, 1):
        member.extract(folder)
        if tick is not None:
            tick(done, len(members), "unpacking")
