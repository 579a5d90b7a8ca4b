from __future__ import annotations

import io
import warnings

import numpy as np
import pytest
from PIL import Image
from scipy.cluster.vq import kmeans2
from scipy.interpolate import CubicSpline
from skimage import color, data, filters
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from iqabench.contract.errors import UsageError
from iqabench.kit.distort import DISTORTIONS, distort, find
from iqabench.kit.distortions.quantize import minimum_variance_palette, otsu_thresholds
from iqabench.kit.distortions.sharpness import disc_kernel, line_kernel

RANDOM = {3, 5, 11, 12, 13, 14, 15, 19, 20, 23}
MONOTONE = [d for d in DISTORTIONS if d.monotone]

every_type = pytest.mark.parametrize("distortion", DISTORTIONS, ids=lambda d: d.slug)
every_monotone_type = pytest.mark.parametrize("distortion", MONOTONE, ids=lambda d: d.slug)


@pytest.fixture(scope="module")
def photo():
    image = np.ascontiguousarray(data.astronaut()[:256, 100:320])
    image.setflags(write=False)
    return image


@pytest.fixture(scope="module")
def real(photo):
    return photo / 255.0


def rng(seed=0):
    return np.random.default_rng(seed)


def flat(*rgb, size=(128, 128)):
    return np.tile(np.array(rgb, dtype=float), (*size, 1))


def psnr(reference, image):
    with np.errstate(divide="ignore"):
        return peak_signal_noise_ratio(reference, image)


def ssim(reference, image):
    return structural_similarity(reference, image, channel_axis=-1)


# The table and the names


def test_there_are_25_types_in_order():
    assert [d.id for d in DISTORTIONS] == list(range(1, 26))
    assert len({d.slug for d in DISTORTIONS}) == 25
    assert all(len(d.levels) == 5 for d in DISTORTIONS)
    assert {d.id for d in DISTORTIONS if not d.monotone} == {5, 18, 25}


def test_published_parameters():
    assert find("JPEG").levels == (43, 36, 24, 7, 4)
    assert find("white noise").levels == (0.001, 0.002, 0.003, 0.005, 0.01)
    assert find("contrast change").levels == (0.3, 0.15, 0, -0.4, -0.6)


@pytest.mark.parametrize(
    "name", [7, "7", "color-saturation-1", "Color saturation 1 (HSV)", " color  saturation 1 "]
)
def test_find_by_id_slug_or_name(name):
    assert find(name).id == 7


@every_type
def test_every_id_slug_and_name_is_found(distortion):
    assert find(distortion.id) is find(distortion.slug) is find(distortion.name) is distortion


def test_a_misspelt_name_gets_a_hint():
    with pytest.raises(UsageError) as error:
        find("gausian-blurr")
    assert "gaussian-blur" in error.value.hint


@pytest.mark.parametrize("name", [0, 26, -1, "", "cubism"])
def test_unknown_types_are_refused(name):
    with pytest.raises(UsageError):
        find(name)


# Levels


@every_type
def test_whole_levels_give_the_published_parameter(distortion):
    assert tuple(distortion.parameter(level) for level in range(1, 6)) == distortion.levels
    assert distortion.parameter(2.0) == distortion.levels[1]


def test_positive_parameters_are_interpolated_geometrically():
    assert find("gaussian blur").parameter(3.5) == pytest.approx(2**0.5)
    assert find("JPEG2000").parameter(1.5) == pytest.approx((16 * 32) ** 0.5)


def test_other_parameters_are_interpolated_linearly():
    assert find("mean shift").parameter(1.5) == pytest.approx(0.115)
    assert find("color saturation 1").parameter(4.25) == pytest.approx(-0.1)


@pytest.mark.parametrize("level", [0, 0.99, 5.01, 6, -1, float("nan"), float("inf"), True, "3"])
def test_other_levels_are_refused(level, photo):
    with pytest.raises(UsageError, match="level"):
        distort(photo, "jpeg", level)


# What holds for all types


@every_type
def test_any_size_from_16_pixels_on(distortion, photo):
    for height, width in ((16, 16), (17, 41), (64, 33)):
        picture = photo[40 : 40 + height, 60 : 60 + width]
        for level in (1, 3.3, 5):
            result = distort(picture, distortion.id, level)
            assert (result.shape, result.dtype) == (picture.shape, np.uint8), (level, height)


@every_type
def test_flat_pictures_are_no_problem(distortion):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for value in (0, 128, 255):
            picture = np.full((24, 24, 3), value, np.uint8)
            assert distort(picture, distortion.id, 5).shape == picture.shape


@every_type
def test_deterministic_for_a_seed(distortion, photo):
    before = photo.copy()
    first = distort(photo, distortion.id, 4, seed=3)
    assert np.array_equal(first, distort(photo, distortion.id, 4, seed=3))
    assert np.array_equal(photo, before)
    other = distort(photo, distortion.id, 4, seed=4)
    assert np.array_equal(first, other) == (distortion.id not in RANDOM)


@every_monotone_type
def test_damage_grows_with_the_level(distortion, photo):
    results = [distort(photo, distortion.id, level) for level in range(1, 6)]
    for measure, at_least in ((psnr, 3.0), (ssim, 0.03)):
        values = [measure(photo, result) for result in results]
        assert values == sorted(values, reverse=True)
        assert values[0] - values[-1] > at_least


@every_monotone_type
@pytest.mark.parametrize("level", [1.5, 2.5, 3.5, 4.5])
def test_fractional_levels_lie_between_their_neighbours(distortion, level, photo):
    below, between, above = (
        psnr(photo, distort(photo, distortion.id, x)) for x in (level - 0.5, level, level + 0.5)
    )
    assert below >= between >= above


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((32, 32, 3)),
        np.zeros((32, 32), np.uint8),
        np.zeros((32, 32, 4), np.uint8),
        np.zeros((3, 32, 32), np.uint8),
        np.zeros((1, 32, 32, 3), np.uint8),
        np.zeros((15, 32, 3), np.uint8),
        [[0]],
    ],
    ids=["float", "grey", "alpha", "channels-first", "batch", "small", "list"],
)
def test_other_images_are_refused(image):
    with pytest.raises(UsageError):
        distort(image, "jpeg", 1)


@pytest.mark.parametrize("seed", [-1, 0.5, "0", None])
def test_other_seeds_are_refused(seed, photo):
    with pytest.raises(UsageError, match="seed"):
        distort(photo, "jpeg", 1, seed=seed)


# Types 1-3 and 24: blurs and sharpening


def test_gaussian_blur_is_a_gaussian_cut_at_two_sigma(real):
    expected = filters.gaussian(real, 2, mode="nearest", truncate=2, channel_axis=-1)
    assert np.allclose(find(1).apply(real, 2, rng()), expected)


def test_the_first_gaussian_blur_of_kadid_is_invisible(photo):
    assert np.array_equal(distort(photo, 1, 1), photo)


def test_disc_of_radius_1():
    # The numbers MATLAB documents for fspecial("disk", 1).
    corner, edge, centre = 0.0251, 0.1453, 0.3183
    expected = [[corner, edge, corner], [edge, centre, edge], [corner, edge, corner]]
    assert np.allclose(disc_kernel(1), expected, atol=1e-4)


def test_disc_covers_its_area():
    kernel = disc_kernel(8)
    assert kernel.sum() == pytest.approx(1)
    assert kernel[8, 8] == pytest.approx(1 / (np.pi * 64), rel=1e-4)
    assert np.array_equal(kernel > 0, kernel.T > 0)


@pytest.mark.parametrize("angle", [0, np.pi / 2])
def test_line_along_an_axis(angle):
    kernel = line_kernel(10, angle)
    line = kernel[5] if angle == 0 else kernel[:, 5]
    assert np.allclose(line, [0.05] + [0.1] * 9 + [0.05])
    assert kernel.sum() == pytest.approx(1)


def test_lens_blur_of_a_point_is_the_disc():
    point = np.zeros((41, 41, 3))
    point[20, 20] = 1
    spread = find(2).apply(point, 4, rng())
    assert np.allclose(spread[16:25, 16:25, 0], disc_kernel(4))


def test_motion_of_one_pixel_is_none(photo):
    assert np.array_equal(distort(photo, 3, 1), photo)


@pytest.mark.parametrize("kind", ["lens-blur", "motion-blur"])
def test_blurs_replicate_the_border(kind):
    assert np.array_equal(
        distort(np.full((40, 40, 3), 77, np.uint8), kind, 5), np.full((40, 40, 3), 77)
    )


def test_sharpening_overshoots_at_an_edge_and_nowhere_else():
    step = np.concatenate([flat(0.4, 0.4, 0.4), flat(0.6, 0.6, 0.6)], axis=1)
    sharp = find("high-sharpen").apply(step, 1, rng())
    assert np.allclose(sharp[:, [0, 255]], step[:, [0, 255]], atol=1e-3)
    assert sharp[64, 127, 0] < 0.35
    assert sharp[64, 128, 0] > 0.65


# Types 4-8: colour


def test_diffusion_of_a_flat_colour_only_scales_its_chroma():
    picture = flat(0.5, 0.48, 0.5)
    lab = color.rgb2lab(picture)
    expected = color.lab2rgb(lab * [1, 3, 3])
    assert np.allclose(find("color-diffusion").apply(picture, 3, rng()), expected)


@pytest.mark.parametrize("kind", ["color-diffusion", "color-saturation-2"])
def test_chroma_does_not_matter_without_colour(kind, photo):
    grey = np.repeat(photo[..., :1], 3, axis=-1)
    assert np.abs(distort(grey, kind, 5).astype(int) - grey).max() <= 1


def test_color_shift_moves_green_and_nothing_else(photo):
    shifted = distort(photo, "color-shift", 5)
    assert np.array_equal(shifted[..., [0, 2]], photo[..., [0, 2]])
    assert (shifted[..., 1] != photo[..., 1]).mean() > 0.5


def test_color_shift_moves_by_the_amount():
    step = flat(0.5, 0.2, 0.5)
    step[:, 64:, 1] = step[64:, :, 1] = 0.8
    changed = np.argwhere(find("color-shift").apply(step, 6, rng())[..., 1] != step[..., 1])
    rows = changed[changed[:, 1] < 50, 0]
    columns = changed[changed[:, 0] < 50, 1]
    down, right = np.ptp(rows) + 1, np.ptp(columns) + 1
    assert np.hypot(down, right) == pytest.approx(6, abs=1)


@pytest.mark.parametrize("level", range(1, 6))
def test_color_quantization_leaves_that_many_colours(level, photo):
    result = distort(photo, "color-quantization", level)
    assert len(np.unique(result.reshape(-1, 3), axis=0)) == find(6).levels[level - 1]


def test_palette_of_a_few_colours_is_those_colours():
    colours = np.array([[0, 0, 0], [250, 10, 10], [250, 10, 90], [20, 200, 30]], np.uint8)
    palette = minimum_variance_palette(np.repeat(colours, [9, 5, 2, 1], axis=0), 8)
    assert {tuple(c) for c in palette} == {tuple(c) for c in colours}


def test_palette_comes_close_to_k_means(photo):
    pixels = photo[::4, ::4].reshape(-1, 3)
    start = minimum_variance_palette(pixels, 16).astype(float)
    refined, _ = kmeans2(pixels.astype(float), start, minit="matrix", iter=30)

    def error(palette):
        return ((pixels[:, None] - palette) ** 2).sum(axis=-1).min(axis=1).mean()

    assert error(refined) <= error(start) < 1.25 * error(refined)


@pytest.mark.parametrize("factor", [0.4, 0.1, 0])
def test_saturation_is_that_of_hsv(factor, real):
    hsv = color.rgb2hsv(real)
    expected = color.hsv2rgb(hsv * [1, factor, 1])
    assert np.allclose(find(7).apply(real, factor, rng()), expected)


def test_negative_saturation_gives_the_complement():
    result = find(7).apply(flat(0.5, 0.4, 0.4), -0.4, rng())
    assert np.allclose(result, [0.5, 0.54, 0.54])


@pytest.mark.filterwarnings("ignore:.*negative Z values.*")
def test_saturation_in_lab(real, photo):
    expected = color.lab2rgb(color.rgb2lab(real) * [1, 2, 2])
    assert np.allclose(find(8).apply(real, 2, rng()), expected)
    assert np.abs(distort(photo, 8, 1).astype(int) - photo).max() <= 1


# Types 9 and 10: compression


def test_jpeg_is_that_of_pillow(photo):
    buffer = io.BytesIO()
    Image.fromarray(photo).save(buffer, "JPEG", quality=24)
    assert np.array_equal(distort(photo, "jpeg", 3), np.asarray(Image.open(buffer)))


def test_jpeg2000_reaches_the_ratio(photo, monkeypatch):
    sizes = []
    save = Image.Image.save

    def spy(self, buffer, *arguments, **options):
        save(self, buffer, *arguments, **options)
        sizes.append(len(buffer.getvalue()))

    monkeypatch.setattr(Image.Image, "save", spy)
    for level in (1, 3, 5):
        distort(photo, "jpeg2000", level)
    assert photo.size / np.array(sizes) == pytest.approx([16, 45, 400], rel=0.1)


# Types 11-15: noise


@pytest.mark.parametrize("variance", find(11).levels)
def test_white_noise_has_the_variance(variance):
    picture = flat(0.5, 0.5, 0.5, size=(200, 200))
    noise = find(11).apply(picture, variance, rng()) - picture
    assert noise.var(axis=(0, 1)) == pytest.approx(variance, rel=0.04)
    assert noise.mean() == pytest.approx(0, abs=4 * (variance / noise.size) ** 0.5)


def test_another_level_is_the_same_noise_at_another_strength():
    grey = np.full((64, 64, 3), 128, np.uint8)
    weak, strong = (distort(grey, 11, level).astype(float) - 128 for level in (1, 5))
    assert np.corrcoef(weak.ravel(), strong.ravel())[0, 1] > 0.99
    assert strong.std() / weak.std() == pytest.approx(10**0.5, rel=0.02)


def test_component_noise_has_the_variance_in_ycbcr():
    picture = flat(0.5, 0.4, 0.6, size=(200, 200))
    noisy = find(12).apply(picture, 0.002, rng())
    components = (color.rgb2ycbcr(noisy) - color.rgb2ycbcr(picture)) / 255
    assert components.var(axis=(0, 1)) == pytest.approx(0.002, rel=0.04)
    assert np.abs(np.corrcoef(components.reshape(-1, 3).T) - np.eye(3)).max() < 0.03


def test_impulse_noise_hits_that_share_of_the_samples():
    grey = np.full((256, 256, 3), 100, np.uint8)
    noisy = {level: distort(grey, 13, level) for level in (3, 5)}
    for level, density in ((3, 0.01), (5, 0.03)):
        assert np.mean(noisy[level] == 0) == pytest.approx(density / 2, rel=0.15)
        assert np.mean(noisy[level] == 255) == pytest.approx(density / 2, rel=0.15)
    hit = noisy[3] != 100
    assert np.array_equal(noisy[5][hit], noisy[3][hit])


def test_speckle_scales_with_the_picture_and_is_uniform():
    picture = flat(0.2, 0.4, 0.6, size=(200, 200))
    noise = find(14).apply(picture, 0.05, rng()) / picture - 1
    assert noise.var(axis=(0, 1)) == pytest.approx(0.05, rel=0.04)
    assert np.abs(noise).max() == pytest.approx((3 * 0.05) ** 0.5, rel=0.01)


def test_denoising_removes_most_of_the_noise():
    picture = flat(0.5, 0.5, 0.5)
    left = find(15).apply(picture, 0.01, rng()) - picture
    assert left.var() < 0.01 / 10


# Types 16-18 and 25: brightness and contrast


@pytest.mark.parametrize("amount", find("darken").levels)
def test_darkening_lowers_middle_grey_by_half_the_amount(amount):
    greys = np.repeat(np.array([0, 0.5, 1])[None, :, None], 3, axis=-1)
    assert find("darken").apply(greys, amount, rng())[0, :, 0] == pytest.approx(
        [0, 0.5 - amount / 2, 1]
    )


@pytest.mark.parametrize("amount", find("brighten").levels)
def test_brightening_is_two_thirds_in_rgb_and_one_in_lightness(amount):
    greys = np.repeat(np.array([0, 0.5, 1])[None, :, None], 3, axis=-1)
    lightness = color.rgb2lab(greys)[0, 1, 0] / 100
    lifted = min(float(CubicSpline([0, 0.5, 1], [0, 0.5 + amount / 2, 1])(lightness)), 1.0)
    in_lab = color.lab2rgb(np.array([[[100 * lifted, 0, 0]]]))[0, 0, 0]
    middle = (2 * min(0.5 + amount / 2, 1) + in_lab) / 3
    assert find("brighten").apply(greys, amount, rng())[0, :, 0] == pytest.approx(
        [0, middle, 1], abs=1e-3
    )


@pytest.mark.parametrize(("kind", "sign"), [("brighten", 1), ("darken", -1)])
def test_the_mean_moves_the_right_way(kind, sign, photo):
    means = [sign * distort(photo, kind, level).mean() for level in range(1, 6)]
    assert sign * photo.mean() < means[0]
    assert means == sorted(means)


def test_mean_shift_shifts_the_mean():
    grey = np.full((32, 32, 3), 100, np.uint8)
    means = [distort(grey, "mean-shift", level).mean() for level in range(1, 6)]
    assert means == pytest.approx([138, 120, 100, 80, 62])


@pytest.mark.parametrize("amount", find("contrast-change").levels)
def test_contrast_curve_is_the_published_spline(amount):
    knots = [0, 0.3, 0.5, 0.7, 1]
    spline = CubicSpline(knots, [0, 0.25 - amount / 4, 0.5, 0.75 + amount / 4, 1])
    ramp = np.repeat(np.linspace(0, 1, 101)[None, :, None], 3, axis=-1)
    assert np.allclose(find("contrast-change").apply(ramp, amount, rng()), spline(ramp))


# Types 19-23: pixels and patches out of place, grey levels


def test_jitter_fetches_from_about_the_amount_away():
    columns = np.repeat(np.tile(np.arange(200.0), (200, 1))[..., None], 3, axis=-1)
    moved = (find("jitter").apply(columns, 0.2, rng()) - columns)[:, 20:-20, 0]
    assert moved.mean() == pytest.approx(0, abs=0.02)
    # Five independent moves, less what interpolating between neighbours averages away.
    assert 0.2**2 < moved.var() < 5 * 0.2**2


def test_patches_are_copies_from_nearby(photo):
    result = distort(photo, "non-eccentricity-patch", 1)
    changed = (result != photo).any(axis=-1)
    assert 0 < changed.sum() <= 20 * 16 * 16
    more = (distort(photo, "non-eccentricity-patch", 2) != photo).any(axis=-1)
    assert changed.sum() < more.sum() <= 40 * 16 * 16
    shifts = [np.roll(photo, (dy, dx), axis=(0, 1)) for dy in range(-8, 9) for dx in range(-8, 9)]
    assert np.any([(result == shift).all(axis=-1) for shift in shifts], axis=0).all()


@pytest.mark.parametrize("level", range(1, 6))
def test_pixelate_is_nearest_neighbour_down_and_up(level):
    columns = np.tile(np.arange(256, dtype=np.uint8)[None, :, None], (40, 1, 3))
    small = int(np.ceil(256 * (0.95 - find("pixelate").levels[level - 1] ** 0.6)))
    pillow = Image.fromarray(columns).resize((small, 40), Image.Resampling.NEAREST)
    expected = np.asarray(pillow.resize((256, 40), Image.Resampling.NEAREST)).astype(int)
    result = distort(columns, "pixelate", level)
    assert len(np.unique(result)) == small
    # Half-way between two samples either may be taken.
    assert np.abs(result - expected).max() <= 1
    assert (result == expected).mean() > 0.9


@pytest.mark.parametrize("level", range(1, 6))
def test_quantization_leaves_one_value_more_than_thresholds(level, photo):
    values = np.unique(distort(photo, "quantization", level))
    assert len(values) == find("quantization").levels[level - 1] + 1
    assert (values[0], values[-1]) == (0, 255)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_thresholds_are_those_of_otsu(count, photo):
    histogram = np.bincount(photo.ravel(), minlength=256)
    expected = filters.threshold_multiotsu(classes=count + 1, hist=(histogram, np.arange(256)))
    assert np.array_equal(otsu_thresholds(histogram, count), expected)


def test_thresholds_between_a_few_levels():
    histogram = np.zeros(256, int)
    histogram[[10, 12, 100, 103, 250]] = 5
    low, high = otsu_thresholds(histogram, 2)
    assert 12 <= low < 100
    assert 103 <= high < 250


def test_color_blocks_are_squares_of_one_colour():
    grey = np.full((300, 300, 3), 100, np.uint8)
    for level, blocks in ((1, 2), (5, 10)):
        result = distort(grey, "color-block", level)
        colours, sizes = np.unique(result.reshape(-1, 3), axis=0, return_counts=True)
        assert len(colours) <= blocks + 1
        assert sizes.sum() - sizes.max() <= blocks * 32 * 32
        assert 32 * 32 in sizes
