import subprocess
import sys

import numpy as np
import pytest
import torch

from iqabench.contract import DataError, Scorer
from iqabench_nss.nss import mscn
from iqabench_nss.piqe import Piqe, levels_of, piqe

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def pyiqa_piqe():
    pyiqa = pytest.importorskip("pyiqa", reason="needs pyiqa to compare with")
    return pyiqa.create_metric("piqe", device="cpu")


# In float32 pyiqa takes the difference of two large numbers, and blocks change sides.
def test_scores_equal_those_of_pyiqa_in_float64(distorted, pyiqa_piqe):
    expected = pyiqa_piqe(distorted.double()).item()
    assert Piqe().score(distorted).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("distorted", [0, 6, 14], indirect=True)
def test_scores_are_equal_however_pyiqa_adds_luma_up(distorted, pyiqa_piqe, pyiqas_luma):
    expected = pyiqa_piqe(distorted.double()).item()
    assert Piqe().score(distorted).item() == pytest.approx(expected, rel=1e-5)


def plain_piqe(coefficients):
    """The published procedure, block by block, on whole blocks only."""
    distortion, active = 0.0, 0
    for top in range(0, coefficients.shape[0], 16):
        for left in range(0, coefficients.shape[1], 16):
            block = coefficients[top : top + 16, left : left + 16]
            variance = block.var(ddof=1)
            if variance <= 0.1:
                continue
            active += 1
            edges = (block[0], block[:, 15], block[15], block[:, 0])
            segments = [edge[start : start + 6] for edge in edges for start in range(11)]
            if min(segment.std(ddof=1) for segment in segments) < 0.1:
                distortion += 1 - variance
            surround = np.delete(np.delete(block, 7, axis=1), 8, axis=1)
            ratio = block[:, 7:9].std(ddof=1) / surround.std(ddof=1)
            sigma = np.sqrt(variance)
            if sigma > 2 * abs(sigma - ratio) / max(sigma, ratio):
                distortion += variance
    return 100 * (distortion + 1) / (active + 1)


def test_scores_follow_the_paper(distorted, plain_mscn):
    levels = levels_of(distorted[0, :, :256, :288])
    coefficients, _ = plain_mscn(levels, "edge")
    assert piqe(levels) == pytest.approx(plain_piqe(coefficients), rel=1e-3)


def test_brightness_does_not_count(photographs):
    images = torch.cat([photographs[1], photographs[1] / 2, photographs[1] / 4])
    first, *others = Piqe().score(images)
    assert all(score == first for score in others)


def test_it_is_a_scorer():
    model = Piqe()
    assert isinstance(model, Scorer)
    assert model.score(torch.empty(0, 3, 32, 32)).shape == (0,)


# MATLAB's documentation: uniform images score 100.
@pytest.mark.parametrize("level", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("shape", [(8, 8), (16, 16), (17, 39), (64, 100)])
def test_constant_images_score_100(level, shape):
    assert Piqe().score(torch.full((2, 3, *shape), level)).tolist() == [100, 100]


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 7)])
def test_too_small_images_are_refused(shape):
    with pytest.raises(DataError, match="x".join(map(str, shape))) as refused:
        Piqe().score(torch.rand(1, 3, *shape))
    assert refused.value.hint


MEASURED = """
import resource, torch
from iqabench_nss.piqe import Piqe
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
Piqe().score(torch.rand(1, 3, 256, 256))
images = torch.rand(1, 3, 3001, 4000)
before = peak()
Piqe().score(images)
print(peak() - before)
"""


def test_memory_grows_by_little_more_than_the_grey_levels():
    """They take 12 MB; planes of float32 of the whole picture take 48 MB each."""
    run = [sys.executable, "-c", MEASURED]
    added = subprocess.run(run, check=True, capture_output=True, text=True).stdout
    assert int(added) < 70e6


@pytest.mark.parametrize("shape", [(127, 130), (131, 64), (64, 200), (15, 200), (9, 8)])
def test_strips_give_what_the_whole_picture_gives(shape):
    """The formula on coefficients of the whole picture, of sides that no strip divides."""
    random = np.random.default_rng(1)
    levels = random.normal(120, 40, shape).round().clip(0, 255)
    levels[: shape[0] // 3] = levels[: shape[0] // 3].mean(axis=1, keepdims=True).round()
    padded = np.pad(levels, [(0, side % 16) for side in shape], mode="symmetric")
    rows, columns = (side // 16 * 16 for side in padded.shape)
    whole = mscn(padded, "edge")[:rows, :columns].astype(np.float64)
    assert piqe(levels) == pytest.approx(plain_piqe(whole), rel=1e-6)


@pytest.mark.parametrize("shape", [(8, 8), (8, 15), (9, 300), (3001, 4000)])
def test_small_and_huge_images_have_a_score(shape):
    image = torch.rand(1, 3, *shape, generator=torch.Generator().manual_seed(0))
    assert torch.isfinite(Piqe().score(image)).all()
