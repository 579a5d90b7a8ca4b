"""Decodes damaged picture files in a process of its own, whose end tells what went wrong.

    python fuzz_images.py FOLDER FIRST LAST

Writes one line of JSON before each file and one after it. File N is always damaged in the same way.
"""

import faulthandler
import io
import json
import os
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image, features

from iqabench.contract import DataError
from iqabench.data.decoding import MAX_PIXELS, decode

SEED = 20240607
LIMIT = 10
"""Seconds that one file may take."""
FORBIDDEN = ("subprocess.", "socket.", "os.system", "os.exec", "os.posix_spawn", "os.remove")
NUMBERS = (0, 1, 2, 7, 255, 256, 4096, 11585, 32767, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1)


def seeds():
    """Small valid files of every kind, by name; the part before the dot is the format."""
    random = np.random.default_rng(SEED)
    smooth = np.add.outer(np.arange(9), np.arange(12))[..., None] * [5, 9, 12]
    noisy = (smooth + random.integers(0, 40, (9, 12, 3))).astype(np.uint8)
    colour = Image.fromarray(noisy)
    grey, palette, bits = colour.convert("L"), colour.quantize(7), colour.convert("1")
    alpha = Image.fromarray(random.integers(0, 255, (9, 12, 4), np.uint8))
    deep = Image.fromarray(random.integers(0, 2**16, (9, 12), np.uint16))
    other = Image.fromarray(noisy[::-1].copy())
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "maker"
    found = {}

    def add(name, picture, **options):
        stream = io.BytesIO()
        picture.save(stream, name.partition(".")[0], **options)
        found[name] = stream.getvalue()

    add("png.colour", colour, exif=exif, icc_profile=bytes(200))
    add("png.grey", grey)
    add("png.bits", bits)
    add("png.palette", palette, transparency=3)
    add("png.alpha", alpha)
    add("png.deep", deep)
    add("png.animated", colour, save_all=True, append_images=[other])
    add("jpeg.colour", colour, exif=exif, icc_profile=bytes(200))
    add("jpeg.progressive", colour, progressive=True, quality=40)
    add("jpeg.grey", grey, restart_marker_blocks=1)
    add("jpeg.cmyk", colour.convert("CMYK"))
    add("bmp.colour", colour)
    add("bmp.palette", palette)
    add("bmp.bits", bits)
    found["bmp.runs"] = run_length_bmp()
    add("webp.lossy", colour, exif=exif)
    add("webp.lossless", alpha, lossless=True)
    add("webp.animated", colour, save_all=True, append_images=[other], duration=9)
    for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
        add(f"tiff.{compression}", colour, compression=compression, exif=exif)
    add("tiff.fax", bits, compression="group4")
    add("tiff.deep", deep)
    add("tiff.float", grey.convert("F"))
    add("tiff.pages", colour, save_all=True, append_images=[other])
    for name, tone, array in (
        ("white", "miniswhite", np.asarray(deep)),
        ("extra", "rgb", random.integers(0, 255, (9, 12, 5), np.uint8)),
        ("luma", "ycbcr", noisy),
    ):
        stream = io.BytesIO()
        more = {"subsampling": (1, 1)} if tone == "ycbcr" else {}
        tifffile.imwrite(stream, array, photometric=tone, planarconfig="contig", **more)
        found[f"tiff.{name}"] = stream.getvalue()
    if features.check("avif"):
        add("avif.colour", colour, exif=exif)
        add("avif.alpha", alpha)
    add("gif.still", palette)
    add("gif.animated", colour, save_all=True, append_images=[other], transparency=0)
    add("ppm.colour", colour)
    found["ppm.plain"] = b"P3 2 1 1023 1 2 3 1000 5 6\n"
    return found


def run_length_bmp():
    """A 4x2 picture in BMP's run-length code, which Pillow reads but does not write."""
    palette = bytes(range(16))
    data = b"\x04\x01\x00\x00\x02\x02\x00\x03\x01\x02\x03\x00\x00\x01"
    start = 14 + 40 + len(palette)
    header = struct.pack("<IiiHHIIiiII", 40, 4, 2, 1, 8, 1, len(data), 0, 0, 4, 4)
    return struct.pack("<2sIII", b"BM", start + len(data), 0, start) + header + palette + data


def flip(random, data, _):
    """Some bits."""
    found = bytearray(data)
    for place in random.integers(len(found), size=random.integers(1, 9)):
        found[place] ^= 1 << int(random.integers(8))
    return bytes(found)


def cut(random, data, _):
    """The end is missing."""
    return data[: random.integers(len(data))]


def splice(random, data, others):
    """Part of one file in another, in place of a part or between."""
    other = others[random.integers(len(others))]
    begin, end = sorted(random.integers(len(other) + 1, size=2))
    place = random.integers(len(data) + 1)
    skip = (end - begin) * int(random.integers(2))
    return data[:place] + other[begin:end] + data[place + skip :]


def header(random, data, _):
    """Bytes of the first 64."""
    found = bytearray(data)
    for place in random.integers(min(64, len(found)), size=random.integers(1, 5)):
        found[place] = random.integers(256)
    return bytes(found)


def number(random, data, _):
    """Something that may be a length, an offset or a count."""
    form = ("<H", ">H", "<I", ">I")[random.integers(4)]
    value = NUMBERS[random.integers(len(NUMBERS))] % 256 ** struct.calcsize(form)
    found = bytearray(data)
    place = int(random.integers(max(1, len(found) - 4)))
    found[place : place + struct.calcsize(form)] = struct.pack(form, value)
    return bytes(found)


def size(random, data, _):
    """Width and height, wherever the format has them."""
    width, height = (NUMBERS[place] for place in random.integers(len(NUMBERS), size=2))
    found = bytearray(data)

    def put(form, place, *values):
        top = 256 ** struct.calcsize(form[0] + form[-1])
        struct.pack_into(form, found, place, *(value % top for value in values))

    if data.startswith(b"\x89PNG"):
        put(">II", 16, width, height)
    elif data.startswith(b"\xff\xd8"):
        frame = next(p for p in range(len(data)) if data[p : p + 2] in (b"\xff\xc0", b"\xff\xc2"))
        put(">HH", frame + 5, height, width)
    elif data.startswith(b"BM"):
        put("<II", 18, width, height)
    elif data.startswith(b"GIF"):
        put("<HH", 6, width, height)
        if random.integers(2):
            put("<HH", data.index(b",", 13) + 5, width, height)
    elif data.startswith(b"RIFF"):
        put("<HH", 24 if data[12:16] == b"VP8X" else 26, width, height)
    elif data.startswith((b"II", b"MM")):
        byte_order = "<" if data[:1] == b"I" else ">"
        for tag, value in ((256, width), (257, height)):
            entry = data.find(struct.pack(f"{byte_order}H", tag))
            put(f"{byte_order}HI", entry + 2, 4, 1)
            put(f"{byte_order}I", entry + 8, value)
    else:
        found = bytearray(data.replace(b"12 9", b"%d %d" % (width, height)))
    return bytes(found)


DAMAGES = (flip, cut, splice, header, number, size)


def with_checksums(data):
    """A PNG whose chunks have the checksums of what they hold, so that damage gets deeper in."""
    found, place = bytearray(data), 8
    while place + 12 <= len(found):
        (length,) = struct.unpack_from(">I", found, place)
        end = place + 8 + length
        if end + 4 > len(found):
            break
        struct.pack_into(">I", found, end, zlib.crc32(found[place + 4 : end]))
        place = end + 4
    return bytes(found)


def damaged(n, files):
    """File number ``n``: its kind, and its bytes."""
    random = np.random.default_rng([SEED, n])
    names = sorted(files)
    name = names[n // len(DAMAGES) % len(names)]
    damage = DAMAGES[n % len(DAMAGES)]
    found = files[name]
    for _ in range(1 + (random.integers(4) == 0)):
        found = damage(random, found, list(files.values())) or b"\0"
    if name.startswith("png") and random.integers(2):
        found = with_checksums(found)
    return f"{name} {damage.__name__}", found


def main():
    folder, first, last = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    files = seeds()
    path = folder / "picture"
    for data in files.values():  # imports what is needed, before anything is watched
        path.write_bytes(data)
        outcome(path, True)
    strange = []
    allowed = (str(folder), sys.prefix, sys.base_prefix, str(Path(Image.__file__).parent))

    def watch(event, arguments):
        opened = event == "open" and isinstance(arguments[0], str | bytes)
        if event.startswith(FORBIDDEN) or (
            opened and not os.fsdecode(arguments[0]).startswith(allowed)
        ):
            strange.append(f"{event} {arguments[0]}")

    sys.addaudithook(watch)
    for n in range(first, last):
        kind, data = damaged(n, files)
        path.write_bytes(data)
        print(json.dumps([n, kind]), flush=True)
        faulthandler.dump_traceback_later(LIMIT, exit=True)
        told = outcome(path, allow_truncated=n % 2 == 1)
        faulthandler.cancel_dump_traceback_later()
        print(json.dumps([n, kind, strange.pop() if strange else told]), flush=True)


def outcome(path, allow_truncated):
    """``decoded``, ``refused``, or what should not have been."""
    try:
        picture = decode(path, allow_truncated)
    except DataError as error:
        return "refused" if "\n" not in error.message else f"two lines: {error.message}"
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    pixels = picture.pixels
    good = pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] == 3
    if not good or not 0 < pixels.size <= 3 * MAX_PIXELS:
        return f"{pixels.dtype} {pixels.shape}"
    return "decoded"


if __name__ == "__main__":
    main()
