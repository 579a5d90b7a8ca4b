import importlib.machinery
import io
import struct
import sys
import threading
import types
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageFile, features
from torchvision.io import decode_jpeg, read_file

from iqabench.contract import DataError
from iqabench.data import decoding
from iqabench.data.decoding import decode
from iqabench.data.picture_kinds import readable
from iqabench.kit.truncation import accepting_truncated

COLOURS = np.arange(18, dtype=np.uint8).reshape(2, 3, 3) * 14
DEEP = np.array([[0, 255, 256], [32768, 65280, 65535]], np.uint16)
PHOTO = np.clip(
    np.add.outer(np.arange(64), np.arange(48))[..., None] * [2.2, 1.5, 1.0]
    + np.random.default_rng(0).normal(0, 9, (64, 48, 3)),
    0,
    255,
).astype(np.uint8)


def saved(path, array, **options):
    Image.fromarray(array).save(path, **options)
    return path


def decoded(path, array, **options):
    """What comes back of an array saved as a picture file."""
    return decode(saved(path, array, **options))


def same(picture, pixels, *notes):
    assert picture.pixels.dtype == np.uint8
    assert picture.pixels.shape == np.shape(pixels)
    np.testing.assert_array_equal(picture.pixels, pixels)
    assert picture.notes == notes


def three(grey):
    return np.repeat(np.asarray(grey)[..., None], 3, axis=2)


def png(path, width, height, depth, kind, rows, *chunks):
    """A PNG by the book: header, further chunks, unfiltered rows."""

    def chunk(name, body):
        total = zlib.crc32(name + body)
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", total)

    head = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + b"".join(chunk(*given) for given in chunks)
        + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows)))
        + chunk(b"IEND", b"")
    )
    return path


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif", "a.ppm", "a.webp"])
def test_colours_come_back_as_they_are(tmp_path, name):
    lossless = {"lossless": True} if name == "a.webp" else {}
    same(decoded(tmp_path / name, COLOURS, **lossless), COLOURS)


def test_pixels_may_be_changed(tmp_path):
    assert decoded(tmp_path / "a.png", COLOURS).pixels.flags.writeable


@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg_is_as_another_library_decodes_it(tmp_path, progressive):
    path = saved(tmp_path / "a.jpg", PHOTO, quality=85, progressive=progressive)
    same(decode(path), decode_jpeg(read_file(str(path))).permute(1, 2, 0).numpy())
    assert np.abs(decode(path).pixels - PHOTO.astype(float)).mean() < 9


def test_names_do_not_matter(tmp_path):
    path = saved(tmp_path / "a.png", COLOURS)
    same(decode(path.rename(tmp_path / "a.jpg")), COLOURS)


def test_grey_is_three_equal_planes(tmp_path):
    grey = COLOURS[..., 0]
    same(decoded(tmp_path / "a.png", grey), three(grey), "grey copied to RGB")


def test_black_and_white_is_black_and_white(tmp_path):
    bits = np.array([[True, False], [False, True]])
    same(decoded(tmp_path / "a.png", bits), three(bits * 255), "1 bit widened to 8")


def test_a_palette_is_looked_up(tmp_path):
    path = tmp_path / "a.png"
    picture = Image.fromarray(np.array([[0, 1], [1, 0]], np.uint8)).convert("P")
    picture.putpalette([10, 20, 30, 200, 100, 50])
    one, two = [10, 20, 30], [200, 100, 50]
    picture.save(path)
    same(decode(path), [[one, two], [two, one]], "palette applied")
    for transparency in (1, b"\x00\x80"):  # one transparent entry, or an opacity for each
        picture.save(path, transparency=transparency)
        same(decode(path), [[one, two], [two, one]], "alpha dropped", "palette applied")


@pytest.mark.parametrize(
    ("opacity", "note"), [(7, "alpha dropped"), (0, "alpha dropped"), (255, "opaque alpha dropped")]
)
def test_alpha_is_left_out(tmp_path, opacity, note):
    alpha = np.full((2, 3, 1), opacity, np.uint8)
    coloured = np.concatenate([COLOURS, alpha], axis=2)
    same(decoded(tmp_path / "a.png", coloured), COLOURS, note)
    grey = np.concatenate([COLOURS[..., :1], alpha], axis=2)
    expected = three(COLOURS[..., 0])
    same(decoded(tmp_path / "b.png", grey), expected, note, "grey copied to RGB")


def test_a_transparent_colour_is_a_colour(tmp_path):
    rows = [row.tobytes() for row in COLOURS]
    key = struct.pack(">HHH", *COLOURS[0, 0])
    same(
        decode(png(tmp_path / "a.png", 3, 2, 8, 2, rows, (b"tRNS", key))), COLOURS, "alpha dropped"
    )


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_16_bit_grey_keeps_its_high_byte(tmp_path, name):
    found = decoded(tmp_path / name, DEEP)
    same(found, three(DEEP >> 8), "16 bits cut to 8", "grey copied to RGB")


def test_16_bit_grey_ppm_keeps_its_high_byte(tmp_path):
    path = tmp_path / "a.ppm"
    path.write_bytes(b"P5 3 2 65535\n" + DEEP.astype(">u2").tobytes())
    same(decode(path), three(DEEP >> 8), "16 bits cut to 8", "grey copied to RGB")


def test_16_bit_colour_keeps_its_high_byte(tmp_path):
    path = png(tmp_path / "a.png", 1, 1, 16, 2, [DEEP[1].astype(">u2").tobytes()])
    same(decode(path), [[DEEP[1] >> 8]], "16 bits cut to 8")


@pytest.mark.parametrize("coding", [{}, {"byteorder": ">"}, {"compression": "zlib"}])
def test_16_bit_colour_tiff_keeps_its_high_byte(tmp_path, coding):
    tifffile.imwrite(tmp_path / "a.tif", DEEP[None], photometric="rgb", **coding)
    same(decode(tmp_path / "a.tif"), DEEP[None] >> 8, "16 bits cut to 8")


def test_16_bit_planes_are_refused_since_pillow_misreads_them(tmp_path):
    planes = DEEP.T[:, None]
    tifffile.imwrite(tmp_path / "a.tif", planes, photometric="rgb", planarconfig="separate")
    with pytest.raises(DataError, match="16-bit channels in separate planes"):
        decode(tmp_path / "a.tif")


def test_12_bit_grey_keeps_its_high_byte(tmp_path):
    tags = [(256, 3), (257, 1), (258, 12), (259, 1), (262, 1), (273, 8), (277, 1), (278, 1)]
    entries = [struct.pack("<HHIHH", tag, 3, 1, value, 0) for tag, value in [*tags, (279, 5)]]
    packed = bytes([0x12, 0x3F, 0xFF, 0x00, 0xF0])  # 0x123, 0xFFF, 0x00F
    (tmp_path / "a.tif").write_bytes(
        struct.pack("<2sHI", b"II", 42, 14)
        + packed.ljust(6, b"\0")
        + struct.pack("<H", len(entries))
        + b"".join(entries)
        + bytes(4)
    )
    expected = three([[0x12, 0xFF, 0x00]])
    same(decode(tmp_path / "a.tif"), expected, "12 bits cut to 8", "grey copied to RGB")


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (np.float32, "floating-point pixels"),
        (np.float16, "floating-point pixels"),
        (np.float64, "floating-point pixels"),
        (np.uint32, "32-bit integer pixels"),
        (np.int32, "signed integer pixels"),
        (np.int16, "signed integer pixels"),
        (np.int8, "signed integer pixels"),
    ],
)
def test_pixels_without_a_range_are_refused(tmp_path, kind, why):
    tifffile.imwrite(tmp_path / "a.tif", np.array([[0, 1]], kind))
    with pytest.raises(DataError, match=why):
        decode(tmp_path / "a.tif")


def test_cmyk_is_what_is_left_of_white(tmp_path):
    inks = np.array([[[255, 0, 0, 0], [0, 255, 255, 0], [0, 0, 0, 255], [0, 0, 0, 0]]], np.uint8)
    picture = Image.frombytes("CMYK", (4, 1), inks.tobytes())
    colours = np.array([[[0, 255, 255], [255, 0, 0], [0, 0, 0], [255, 255, 255]]])
    picture.save(tmp_path / "a.tif")
    same(decode(tmp_path / "a.tif"), colours, "CMYK converted to RGB")
    picture.resize((64, 16), Image.Resampling.NEAREST).save(tmp_path / "a.jpg", quality=100)
    found = decode(tmp_path / "a.jpg")  # Adobe's kind, whose inks are inverted
    assert found.notes == ("CMYK converted to RGB",)
    assert np.abs(found.pixels[8:9, 8::16] - colours).max() <= 3


UPRIGHT = {
    1: COLOURS,
    2: COLOURS[:, ::-1],
    3: COLOURS[::-1, ::-1],
    4: COLOURS[::-1],
    5: COLOURS.transpose(1, 0, 2),
    6: np.rot90(COLOURS, -1),
    7: COLOURS[::-1, ::-1].transpose(1, 0, 2),
    8: np.rot90(COLOURS),
}


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.tif"])
def test_pictures_are_turned_upright(tmp_path, name, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    lossless = {"lossless": True} if name == "a.webp" else {}
    notes = () if orientation == 1 else (f"turned upright (EXIF {orientation})",)
    found = decoded(tmp_path / name, COLOURS, exif=exif, **lossless)
    same(found, UPRIGHT[orientation], *notes)


def test_a_damaged_exif_costs_no_picture(tmp_path):
    found = decoded(tmp_path / "a.png", COLOURS, exif=b"Exif\0\0no TIFF header")
    same(found, COLOURS, "EXIF unreadable")


def test_a_colour_profile_is_not_applied(tmp_path):
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    found = decoded(tmp_path / "a.png", COLOURS, icc_profile=profile)
    same(found, COLOURS, "ICC profile ignored")


@pytest.mark.parametrize("name", ["a.gif", "a.png", "a.webp", "a.tif"])
def test_the_first_frame_is_taken(tmp_path, name):
    frames = [np.full((2, 3, 3), value, np.uint8) for value in (0, 90, 200)]
    more = {"save_all": True, "append_images": [Image.fromarray(frame) for frame in frames[1:]]}
    more |= {"lossless": True} if name == "a.webp" else {}
    found = decoded(tmp_path / name, frames[0], **more)
    np.testing.assert_array_equal(found.pixels, frames[0])
    assert found.notes[-1] == "first of 3 frames"


def test_notes_add_up(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 3
    grey = Image.fromarray(DEEP)
    grey.save(
        tmp_path / "a.tif", exif=exif, icc_profile=b"profile", save_all=True, append_images=[grey]
    )
    same(
        decode(tmp_path / "a.tif"),
        three(DEEP[::-1, ::-1] >> 8),
        "turned upright (EXIF 3)",
        "16 bits cut to 8",
        "grey copied to RGB",
        "ICC profile ignored",
        "first of 2 frames",
    )


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize(
    ("kind", "depth"), [(np.bool_, "1 bit widened to 8"), (np.uint8, ""), (np.uint16, "16 bits")]
)
def test_a_picture_in_which_white_is_zero_is_as_its_negative_twin(
    tmp_path, kind, depth, compression
):
    top = 1 if kind is np.bool_ else np.iinfo(kind).max
    values = np.random.default_rng(3).integers(0, top, (11, 17), endpoint=True)
    for name, tone, stored in (("a", "minisblack", values), ("b", "miniswhite", top - values)):
        tifffile.imwrite(
            tmp_path / name,
            stored.astype(kind),
            photometric=tone,
            compression=None if kind is np.bool_ else compression,
        )
    plain, negative = (decode(tmp_path / name) for name in "ab")
    expected = values * 255 if top == 1 else values >> (8 * (top > 255))
    np.testing.assert_array_equal(plain.pixels, three(expected))
    np.testing.assert_array_equal(negative.pixels, plain.pixels)
    assert negative.notes == ("negative inverted", *plain.notes)
    assert any(note.startswith(depth) for note in plain.notes)


def test_a_fax_is_black_on_white(tmp_path):
    bits = np.ones((8, 16), bool)
    bits[2:5, 3:9] = False
    Image.fromarray(bits).save(tmp_path / "a.tif", compression="group4")
    np.testing.assert_array_equal(decode(tmp_path / "a.tif").pixels, three(bits * 255))


NAMED = (
    "signed integer pixels",
    "floating-point pixels",
    "-bit channels in separate planes",
    "CIELAB colours",
    "a TIFF of ",
)


def tiffs():
    """Kinds of TIFF that differ in colours, samples, extra channels and how they are laid out."""
    for tone, colours in (("minisblack", 1), ("miniswhite", 1), ("rgb", 3), ("cielab", 3)):
        for kind in (np.uint8, np.uint16, np.int8, np.int16, np.float32):
            for extra in ((), (0,), (0, 0), (2,), (2, 0)):
                for planes in ("contig", "separate") if colours + len(extra) > 1 else (None,):
                    for layout in ({}, {"compression": "zlib"}, {"byteorder": ">"}):
                        yield tone, kind, colours, extra, planes, layout


def test_every_tiff_is_read_rightly_or_refused_by_name(tmp_path):
    random, right = np.random.default_rng(0), set()
    for tone, kind, colours, extra, planes, layout in tiffs():
        shape = (5, 7, colours + len(extra))
        high = 1 if kind is np.float32 else np.iinfo(kind).max
        given = (random.random(shape) * high).astype(kind)
        stored = given if planes != "separate" else np.moveaxis(given, 2, 0)
        more = {"extrasamples": extra} if extra else {}
        if planes:
            more["planarconfig"] = planes
        tifffile.imwrite(tmp_path / "a.tif", np.squeeze(stored), photometric=tone, **more, **layout)
        case = (tone, kind.__name__, extra, planes, str(layout))
        try:
            found = decode(tmp_path / "a.tif")
        except DataError as error:
            assert any(name in error.message for name in NAMED), (case, error.message)
            continue
        assert kind in (np.uint8, np.uint16), case
        eight = (given >> (8 if kind is np.uint16 else 0))[..., :colours]
        eight = 255 - eight if tone == "miniswhite" else eight
        np.testing.assert_array_equal(found.pixels, np.broadcast_to(eight, (5, 7, 3)), str(case))
        unnamed = sum(not one for one in extra)
        assert any("extra channel" in note for note in found.notes) is bool(unnamed), case
        assert any("alpha" in note for note in found.notes) is (2 in extra), case
        right.add(case[:3])
    assert ("rgb", "uint16", (0,)) in right
    assert ("rgb", "uint8", (0, 0)) in right
    assert ("miniswhite", "uint16", ()) in right


def test_premultiplied_colours_are_divided(tmp_path):
    """100 of 200 is 127.5 of 255."""
    pixels = np.array([[[100, 50, 10, 200], [50, 60, 70, 255]]], np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="rgb", extrasamples=[1])
    expected = [[[127, 63, 12], [50, 60, 70]]]
    same(decode(tmp_path / "a.tif"), expected, "premultiplied alpha divided out", "alpha dropped")
    grey = pixels[..., [0, 3]]
    tifffile.imwrite(
        tmp_path / "b.tif", grey, photometric="minisblack", planarconfig="contig", extrasamples=[1]
    )
    notes = ("premultiplied alpha divided out", "alpha dropped", "grey copied to RGB")
    same(decode(tmp_path / "b.tif"), three([[127, 50]]), *notes)


def test_a_fifth_ink_is_an_extra_channel(tmp_path):
    inks = np.array([[[255, 0, 0, 0, 9], [0, 255, 255, 0, 9], [0, 0, 0, 255, 9]]], np.uint8)
    tifffile.imwrite(
        tmp_path / "a.tif", inks, photometric="separated", planarconfig="contig", extrasamples=[0]
    )
    notes = ("1 extra channel dropped", "CMYK converted to RGB")
    same(decode(tmp_path / "a.tif"), [[[0, 255, 255], [255, 0, 0], [0, 0, 0]]], *notes)


def test_luma_and_chroma_are_converted_where_they_are_whole(tmp_path):
    """By the formula of JFIF, up to one level of rounding."""
    stored = np.random.default_rng(1).integers(0, 256, (6, 8, 3), np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="ycbcr", subsampling=(1, 1))
    luma, blue, red = stored[..., 0].astype(float), *(stored[..., 1:] - 128.0).transpose(2, 0, 1)
    expected = np.stack([luma + 1.402 * red, luma - 0.344136 * blue - 0.714136 * red], -1)
    expected = np.concatenate([expected, (luma + 1.772 * blue)[..., None]], -1).clip(0, 255)
    found = decode(tmp_path / "a.tif")
    assert np.abs(found.pixels - expected).max() <= 1.01
    assert found.notes == ("YCbCr converted to RGB",)


@pytest.mark.parametrize(
    ("tag", "why"),
    [
        ((530, 3, 2, (2, 2)), "reduced chroma"),
        ((529, 5, 3, ((2126, 10000), (7152, 10000), (722, 10000))), "other coefficients"),
        ((532, 5, 6, ((15, 1), (235, 1), (128, 1), (240, 1), (128, 1), (240, 1))), "other levels"),
    ],
)
def test_other_luma_and_chroma_is_refused(tmp_path, tag, why):
    stored = np.full((4, 4, 3), 128, np.uint8)
    code, kind, count, values = tag
    flat = [part for value in values for part in (value if kind == 5 else (value,))]
    tags = [] if code == 530 else [(530, 3, 2, (1, 1))]
    raw_tiff(tmp_path / "a.tif", stored, [*tags, (code, kind, count, flat)])
    with pytest.raises(DataError, match=why):
        decode(tmp_path / "a.tif")


def raw_tiff(path, pixels, more):
    """A TIFF by the book, of one uncompressed strip of luma and chroma."""
    height, width, count = pixels.shape
    tags = [(256, 3, 1, [width]), (257, 3, 1, [height]), (258, 3, 3, [8] * 3), (259, 3, 1, [1])]
    tags += [(262, 3, 1, [6]), (273, 4, 1, [8]), (277, 3, 1, [count]), (278, 3, 1, [height])]
    tags = sorted([*tags, (279, 4, 1, [pixels.size]), *more])
    start = 8 + pixels.size
    place = start + 2 + 12 * len(tags) + 4
    entries, values = b"", b""
    for code, kind, number, given in tags:
        packed = struct.pack("<" + {3: "H", 4: "I", 5: "I"}[kind] * len(given), *given)
        if len(packed) > 4:
            values, packed = values + packed, struct.pack("<I", place + len(values))
        entries += struct.pack("<HHI", code, kind, number) + packed.ljust(4, b"\0")
    head = struct.pack("<2sHI", b"II", 42, start)
    path.write_bytes(
        head + pixels.tobytes() + struct.pack("<H", len(tags)) + entries + bytes(4) + values
    )


@pytest.mark.parametrize("mark", [{"subfiletype": 1}, {"extratags": [(50706, 1, 4, b"\1\4\0\0")]}])
def test_the_preview_of_a_raw_file_is_no_picture(tmp_path, mark):
    tifffile.imwrite(tmp_path / "a.dng", COLOURS, photometric="rgb", **mark)
    with pytest.raises(DataError, match="a camera's raw file"):
        decode(tmp_path / "a.dng")


avif = pytest.mark.skipif(not features.check("avif"), reason="this Pillow reads no AVIF")


@avif
@pytest.mark.parametrize("orientation", [1, 6])
def test_avif_is_read_and_turned_upright(tmp_path, orientation):
    halves = np.zeros((64, 48, 3), np.uint8)
    halves[:32], halves[:, :24, 2] = [200, 0, 0], 150
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = decoded(tmp_path / "a.avif", halves, exif=exif, quality=95)
    upright = halves if orientation == 1 else np.rot90(halves, -1)
    assert found.pixels.shape == upright.shape
    assert np.abs(found.pixels - upright.astype(float)).mean() < 6
    assert found.notes == (() if orientation == 1 else ("turned upright (EXIF 6)",))


@pytest.mark.parametrize(("flags", "bits"), [(0x0C, 8), (0x4C, 10), (0x6C, 12)])
def test_bits_of_an_avif(flags, bits):
    """The box by AV1-ISOBMFF: marker and version, profile and level, flags, delay."""
    box = struct.pack(">I4sBBBB", 12, b"av1C", 0x81, 0, flags, 0)
    assert decoding.avif_bits(b"\0\0\0\x20ftypavif" + box) == bits


def without(monkeypatch, *kinds):
    """An installation that cannot read some formats."""
    monkeypatch.setattr(
        decoding, "readable", lambda: tuple(kind for kind in readable() if kind not in kinds)
    )


@pytest.mark.parametrize(
    ("start", "name", "hint"),
    [
        (b"\0\0\0\x20ftypavif\0\0\0\0avifmif1", "AVIF is not read here", "pillow>=11.3"),
        (b"\0\0\0\x20ftypmif1\0\0\0\0mif1avif", "AVIF is not read here", "pillow>=11.3"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC is not read here", "iqabench[heif]"),
        (b"\xff\x0a\xff\x07", "JPEG XL is not read here", "convert it to PNG"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000 is not read here", "convert it to PNG"),
        (b"8BPS\0\1", "Photoshop is not read here", "convert it to PNG"),
        (b"\x89PNG\r\n\x1a\nxxxx", "it begins as PNG, but is damaged", "look at"),
        (b"plain words", "not PNG, JPEG, BMP, WEBP, TIFF, GIF", "look at"),
    ],
)
def test_a_format_that_is_not_read_is_named(tmp_path, monkeypatch, start, name, hint):
    without(monkeypatch, "AVIF", "HEIF")
    (tmp_path / "photo").write_bytes(start + bytes(40))
    with pytest.raises(DataError, match="photo") as error:
        decode(tmp_path / "photo")
    assert name in error.value.message
    assert hint in error.value.hint


@pytest.fixture
def heif(monkeypatch):
    """A stand-in for pillow-heif: its pictures are PNG files behind the mark of HEIC."""

    def register_heif_opener():
        Image.register_open("HEIF", Standin, lambda head: head[4:12] == b"ftypheic")

    class Standin(ImageFile.ImageFile):
        format = "HEIF"

        def _open(self):
            with Image.open(io.BytesIO(self.fp.read()[24:]), formats=["PNG"]) as inner:
                self.inner = inner.copy()
            self._size, self._mode = self.inner.size, self.inner.mode

        def load(self):
            self.im = self.inner.im
            return self.inner.load()

    module = types.ModuleType("pillow_heif")
    module.__spec__ = importlib.machinery.ModuleSpec("pillow_heif", None)
    module.register_heif_opener = register_heif_opener
    monkeypatch.setitem(sys.modules, "pillow_heif", module)
    readable.cache_clear()
    yield
    readable.cache_clear()
    Image.OPEN.pop("HEIF", None)
    if "HEIF" in Image.ID:
        Image.ID.remove("HEIF")


def test_heic_is_read_where_pillow_heif_is(tmp_path, heif):
    inner = saved(tmp_path / "a.png", COLOURS).read_bytes()
    path = tmp_path / "photo.HEIC"
    path.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + inner)
    same(decode(path), COLOURS)
    path.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + inner[: len(inner) // 3])
    with pytest.raises(DataError, match=r"photo\.HEIC"):
        decode(path)


@pytest.mark.parametrize("damage", ["text", "empty", "cut", "absent", "folder", "icon"])
def test_what_is_no_whole_picture_is_refused_by_name(tmp_path, damage):
    path = tmp_path / "hurt.png"
    if damage == "text":
        path.write_text("no picture")
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "cut":
        cut(saved(path, PHOTO))
    elif damage == "folder":
        path.mkdir()
    elif damage == "icon":
        Image.fromarray(COLOURS).save(path, "ICO")
    with pytest.raises(DataError, match="hurt") as error:
        decode(path)
    assert "\n" not in error.value.message
    assert str(path) in error.value.hint


def cut(path, share=0.5):
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def test_a_truncated_png_keeps_its_rows_if_that_is_asked_for(tmp_path):
    path = cut(saved(tmp_path / "a.png", PHOTO))
    with pytest.raises(DataError, match="truncated") as error:
        decode(path)
    assert "--allow-truncated" in error.value.hint
    found = decode(path, allow_truncated=True)
    assert found.notes == ("truncated",)
    np.testing.assert_array_equal(found.pixels[:20], PHOTO[:20])
    assert found.pixels.shape == PHOTO.shape
    assert (found.pixels[-20:] == 0).all()


def test_a_truncated_jpeg_keeps_its_rows_if_that_is_asked_for(tmp_path):
    path = saved(tmp_path / "a.jpg", PHOTO)
    whole = decode(path)
    with pytest.raises(DataError, match="truncated"):
        decode(cut(path, 0.8))
    found = decode(path, allow_truncated=True)
    assert found.notes == ("truncated",)
    np.testing.assert_array_equal(found.pixels[:16], whole.pixels[:16])
    assert (found.pixels[-1] != whole.pixels[-1]).any()


def test_a_file_cut_off_behind_its_first_page_keeps_that(tmp_path):
    page = Image.fromarray(PHOTO)
    page.save(tmp_path / "a.tif", save_all=True, append_images=[page, page])
    path = cut(tmp_path / "a.tif")
    with pytest.raises(DataError, match="cannot decode"):
        decode(path)
    same(decode(path, allow_truncated=True), PHOTO, "truncated", "first of several frames")


def test_whole_pictures_are_the_same_where_truncated_ones_are_allowed(tmp_path):
    path = saved(tmp_path / "a.jpg", PHOTO)
    same(decode(path, allow_truncated=True), decode(path).pixels)


@pytest.mark.parametrize("others", [False, True])
def test_what_others_allow_is_not_allowed_here_and_left_to_them(tmp_path, monkeypatch, others):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", others)
    path = cut(saved(tmp_path / "a.png", PHOTO))
    for _ in range(2):
        with pytest.raises(DataError, match="truncated"):
            decode(path)
        decode(path, allow_truncated=True)
    assert bool(ImageFile.LOAD_TRUNCATED_IMAGES) is others


def test_what_one_thread_allows_is_not_allowed_in_another(tmp_path):
    path = cut(saved(tmp_path / "a.png", PHOTO))
    refused = []

    def strict():
        try:
            decode(path)
        except DataError as error:
            refused.append(error)

    with accepting_truncated(True):
        thread = threading.Thread(target=strict)
        thread.start()
        thread.join()
        assert ImageFile.LOAD_TRUNCATED_IMAGES
    assert len(refused) == 1


@pytest.mark.parametrize("side", [2**14, 2**16 - 1, 2**31 - 1])
def test_too_large_a_picture_is_refused_before_it_is_decoded(tmp_path, side):
    path = png(tmp_path / "a.png", side, side, 8, 2, [])
    with pytest.raises(DataError, match="more than 134217728 pixels"):
        decode(path)


def test_the_limit_itself_is_allowed(tmp_path, monkeypatch):
    path = saved(tmp_path / "a.png", COLOURS)
    monkeypatch.setattr(decoding, "MAX_PIXELS", 6)
    same(decode(path), COLOURS)
    monkeypatch.setattr(decoding, "MAX_PIXELS", 5)
    with pytest.raises(DataError, match="more than 5 pixels"):
        decode(path, allow_truncated=True)


def run_length_coded(width, height, runs):
    """An 8-bit BMP with a grey palette, coded in runs."""
    palette = b"".join(bytes((grey, grey, grey, 0)) for grey in range(256))
    start = 14 + 40 + len(palette)
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(runs), 0, 0, 256, 0)
    return struct.pack("<2sIHHI", b"BM", start + len(runs), 0, 0, start) + head + palette + runs


def test_runs_that_cannot_fill_a_huge_picture_are_refused_at_once(tmp_path):
    row = b"\x08\x64\x00\x00"
    path = tmp_path / "runs.bmp"
    path.write_bytes(run_length_coded(8, 4, 4 * row + b"\x00\x01"))
    assert (decode(path).pixels == 100).all()
    path.write_bytes(run_length_coded(9_000, 9_000, 4 * row + b"\x00\x01"))
    for truncated in (False, True):
        with pytest.raises(DataError, match="more pixels are declared than the runs hold"):
            decode(path, truncated)
