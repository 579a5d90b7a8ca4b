import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from scipy.io import savemat

from iqabench.api.running import run
from iqabench.api.scoring import score as score_pictures
from iqabench.api.session import Choices, Session
from iqabench.contract import DataError, Estimator, WeightsError
from iqabench.kit.weights import load_arrays
from iqabench_nss.niqe import Niqe, block_features
from iqabench_nss.nss import gray_levels
from iqabench_nss.options import NiqeOptions

pytestmark = pytest.mark.usefixtures("one_thread")
OPTIONS = NiqeOptions()


@pytest.fixture(scope="session")
def parameters(photographs, tmp_path_factory):
    """A file as the release has it, of a Gaussian fitted to overlapping blocks of photographs."""
    shifted = [
        gray_levels(photo[..., y:, x:])[0]
        for photo in photographs
        for y in (0, 32, 64)
        for x in (0, 24, 48, 72)
    ]
    rows = np.concatenate([block_features(gray, OPTIONS.block)[0] for gray in shifted])
    rows = rows[np.isfinite(rows).all(axis=1)]
    path = tmp_path_factory.mktemp("niqe") / "niqe_modelparameters.mat"
    savemat(path, {"mu_prisparam": rows.mean(axis=0)[None], "cov_prisparam": np.cov(rows.T)})
    return path


@pytest.fixture
def model(parameters):
    loaded = Niqe(OPTIONS)
    loaded.load_state(load_arrays(parameters)[0])
    return loaded


@pytest.fixture(scope="session")
def pyiqa_niqe(parameters):
    pyiqa = pytest.importorskip("pyiqa", reason="needs pyiqa to compare with")
    return pyiqa.create_metric("niqe", pretrained_model_path=str(parameters), device="cpu")


def score(model, image):
    return model.predict(model.features(image)).item()


def test_scores_equal_those_of_pyiqa(distorted, model, pyiqa_niqe):
    assert score(model, distorted) == pytest.approx(pyiqa_niqe(distorted).item(), rel=5e-4)


@pytest.mark.parametrize("distorted", [2, 6, 8, 14, 18], indirect=True)
def test_scores_are_equal_however_pyiqa_adds_luma_up(distorted, model, pyiqa_niqe, pyiqas_luma):
    assert score(model, distorted) == pytest.approx(pyiqa_niqe(distorted).item(), rel=5e-4)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_flat_blocks_count_as_in_pyiqa(photographs, model, pyiqa_niqe, level):
    image = photographs[0].clone()
    image[..., :250, :300] = level / 255
    assert score(model, image) == pytest.approx(pyiqa_niqe(image).item(), rel=5e-4)


def test_one_block_is_enough(photographs, model, pyiqa_niqe):
    image = photographs[2][..., 100:290, 100:200]
    assert score(model, image) == pytest.approx(pyiqa_niqe(image).item(), rel=5e-4)


def test_the_distance_is_mahalanobis(photographs, model):
    features = model.features(photographs[1])
    mean, own = features[0, :36], block_features(gray_levels(photographs[1])[0], OPTIONS.block)[0]
    model.load_state({"mu_prisparam": mean, "cov_prisparam": np.eye(36)})
    assert model.predict(features) == 0
    away = np.linspace(-1, 1, 36)
    model.load_state({"mu_prisparam": mean + away, "cov_prisparam": np.eye(36)})
    solved = np.linalg.solve((np.eye(36) + np.cov(own.T)) / 2, away)
    assert model.predict(features) == pytest.approx(np.sqrt(away @ solved))


def test_sharpness_is_the_mean_local_deviation(photographs, plain_mscn):
    gray = gray_levels(photographs[1])[0][: 4 * 96, : 6 * 96]
    _, deviation = plain_mscn(gray, "edge")
    expected = deviation.reshape(4, 96, 6, 96).mean(axis=(1, 3)).ravel()
    np.testing.assert_allclose(block_features(gray, 96)[1], expected, rtol=1e-4)


def test_the_model_is_the_gaussian_of_sharp_blocks(photographs):
    model = Niqe(OPTIONS)
    model.fit(np.concatenate([model.features(photo) for photo in photographs]), np.full(5, np.nan))
    sharp = []
    for photo in photographs:
        rows, sharpness = block_features(gray_levels(photo)[0], OPTIONS.block)
        sharp.append(rows[sharpness > 0.75 * sharpness.max()])
    sharp = np.concatenate(sharp)
    assert len(sharp) > 10
    state = model.state()
    np.testing.assert_allclose(state["mu_prisparam"], sharp.mean(axis=0))
    np.testing.assert_allclose(state["cov_prisparam"], np.cov(sharp.T), atol=1e-12)


def test_blocks_go_row_by_row(photographs):
    gray = gray_levels(photographs[4])[0][:384, :576]
    whole, _ = block_features(gray, 96)
    moved, _ = block_features(gray[96:, 96:], 96)
    assert (whole.shape, moved.shape) == ((4 * 6, 36), (3 * 5, 36))
    inner = moved.reshape(3, 5, 36)[1, 1:4]
    np.testing.assert_allclose(inner, whole.reshape(4, 6, 36)[2, 2:5], rtol=1e-6)


def test_it_is_an_estimator(model):
    assert isinstance(model, Estimator)
    none = model.features(torch.empty(0, 3, 96, 96))
    assert none.shape == (0, model.features(torch.rand(1, 3, 96, 96)).shape[1])


def test_an_unfitted_model_says_so():
    for call in (Niqe(OPTIONS).state, lambda: Niqe(OPTIONS).predict(np.zeros((1, 1405)))):
        with pytest.raises(RuntimeError, match="fit or load_state"):
            call()


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"mu_prisparam": np.zeros(36)},
        {"mu_prisparam": np.zeros(35), "cov_prisparam": np.eye(36)},
        {"mu_prisparam": np.zeros(36), "cov_prisparam": np.full((36, 36), np.nan)},
        {"mu_prisparam": np.full(36, None), "cov_prisparam": np.eye(36)},
    ],
)
def test_other_parameters_are_refused(state):
    with pytest.raises(WeightsError, match="no NIQE model") as refused:
        Niqe(OPTIONS).load_state(state)
    assert refused.value.hint


def test_too_few_sharp_blocks_are_refused(photographs):
    model = Niqe(OPTIONS)
    with pytest.raises(DataError, match="1 sharp blocks in 1 pristine pictures") as refused:
        model.fit(model.features(photographs[0][..., :96, :96]), np.zeros(1))
    assert refused.value.hint


@pytest.mark.parametrize("level", [0.0, 0.3, 1.0])
def test_constant_images_are_refused(model, level):
    with pytest.raises(DataError, match="flat blocks") as refused:
        model.features(torch.full((1, 3, 100, 200), level))
    assert refused.value.hint


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 95)])
def test_too_small_images_are_refused(model, shape):
    with pytest.raises(DataError, match="x".join(map(str, shape))) as refused:
        model.features(torch.rand(1, 3, *shape))
    assert refused.value.hint


@pytest.mark.parametrize("shape", [(96, 96), (97, 300), (3001, 4000)])
def test_small_and_huge_images_have_a_score(model, shape):
    image = torch.rand(1, 3, *shape, generator=torch.Generator().manual_seed(0))
    assert np.isfinite(score(model, image))


def test_it_learns_from_the_references_of_a_training_part(little, store):
    results = run(
        ["niqe", "piqe"],
        ["little"],
        set=["niqe.block=32"],
        seeds=1,
        session=Session(little.catalog, store=store),
    )
    assert results.outcome.failed == ()
    board = results.leaderboard()
    assert (board["coverage"] == 1).all()
    assert board.set_index(["model", "protocol"])["train"].to_dict() == {
        ("niqe", "hold-out"): "little",
        ("piqe", "hold-out"): "-",
        ("piqe", "all"): "-",
    }
    fits = [job for job in results.store.jobs() if job.record.identity.kind == "fit"]
    assert [fit.record.images for fit in fits] == [6]  # of 9 contents
    assert load_file(fits[0].folder / "weights.safetensors")["mu_prisparam"].shape == (36,)


def test_published_parameters_need_no_fit(little, store, model, parameters, tmp_path):
    from PIL import Image

    path = tmp_path / "photo.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (110, 200, 3), np.uint8)).save(path)
    found = score_pictures("niqe", [path, little.root / "c0.png"], choices=Choices(str(parameters)))
    image = torch.tensor(np.array(Image.open(path))).permute(2, 0, 1)[None].float() / 255
    assert found["score"][0] == score(model, image)
    assert set(found["direction"]) == {"lower"}
    assert found["error"][1].startswith("NIQE sees no block of 96x96 in 80x96 pixels")
