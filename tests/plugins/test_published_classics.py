"""The weights of NIQE and BRISQUE that ship with the project, against those who publish them."""

import pickle
import zipfile

import numpy as np
import pytest
import torch
from skimage import data
from sklearn.datasets import load_sample_image
from sklearn.svm import SVR

from iqabench.api.scoring import score
from iqabench.api.session import Choices
from iqabench.contract import WeightsError
from iqabench.kit.distort import distort
from iqabench.kit.weights import load_arrays, resolve
from iqabench.registry import registry
from iqabench_nss import converting
from iqabench_nss.brisque import Brisque
from iqabench_nss.niqe import Niqe
from iqabench_nss.options import BrisqueOptions, NiqeOptions

pytestmark = pytest.mark.usefixtures("one_thread")
PHOTOS = (
    data.astronaut,
    data.coffee,
    data.rocket,
    lambda: load_sample_image("china.jpg"),
    lambda: load_sample_image("flower.jpg"),
    data.chelsea,
)
KINDS = ("gaussian-blur", "white-noise", "contrast-change", "mean-shift")
# What the package brisque 0.2.0 gives with OpenCV 5.0 and SciPy 1.17, in the order of KINDS.
PACKAGE = (
    *(-8.48, 11.83, 46.10, 64.51, 92.46, 3.43),
    *(34.97, 25.85, 61.45, 71.21, 27.63, 28.07),
    *(0.34, 2.53, 11.59, 51.98, 11.74, 1.11),
    *(7.46, 22.49, 6.96, 29.15, 12.39, 3.27),
)


def picture(number):
    photo = PHOTOS[number % 6]()[: 260 + 7 * number, : 300 + 11 * number]
    return distort(photo, KINDS[number // 6], 1 + number % 5, seed=number)


def shipped(name):
    (card,) = registry().model(name).weights
    return load_arrays(resolve(card))[0]


def as_batch(pixels):
    return torch.tensor(pixels).permute(2, 0, 1)[None].float() / 255


@pytest.fixture(scope="module")
def published():
    model = Brisque(BrisqueOptions(features="pypi"))
    model.load_state(shipped("brisque"))
    return model


@pytest.mark.parametrize("number", range(len(PACKAGE)))
def test_published_brisque_scores_as_the_package_does(published, number):
    found = published.predict(published.features(as_batch(picture(number)))).item()
    assert found == pytest.approx(PACKAGE[number], abs=0.5)


def test_published_brisque_is_the_packages_and_not_the_authors():
    state = shipped("brisque")
    assert state["support_vectors"].shape == (770, 36)  # the authors' has 774
    assert state["intercept"] == [155.845]  # the authors' has 153.591
    assert abs(state["dual_coefficients"]).max() == 1024
    assert abs(state["dual_coefficients"].sum()) < 0.01  # as in every SVR
    assert (state["feature_low"][0], state["feature_high"][0]) == (0.336999, 9.999411)
    (card,) = registry().model("brisque").weights
    assert card.trained_on == ("live",)


def test_features_of_the_package_are_not_those_of_the_release(published):
    image = as_batch(data.astronaut())
    release = Brisque()
    release.load_state(shipped("brisque"))
    apart = release.predict(release.features(image)) - published.predict(published.features(image))
    assert abs(apart.item()) > 1


def test_published_niqe_equals_that_of_pyiqa(distorted, tmp_path):
    pyiqa = pytest.importorskip("pyiqa", reason="needs pyiqa to compare with")
    from scipy.io import savemat

    state = shipped("niqe")
    path = tmp_path / "parameters.mat"
    savemat(path, {**state, "mu_prisparam": state["mu_prisparam"][None]})
    theirs = pyiqa.create_metric("niqe", pretrained_model_path=str(path), device="cpu")
    model = Niqe(NiqeOptions())
    model.load_state(state)
    ours = model.predict(model.features(distorted)).item()
    assert ours == pytest.approx(theirs(distorted).item(), rel=0.01)


@pytest.mark.parametrize("name", ["brisque", "niqe"])
def test_any_photo_is_scored_offline(name, tmp_path):
    from PIL import Image

    for strength in (1, 5):
        blurred = distort(data.coffee(), "gaussian-blur", strength, seed=0)
        Image.fromarray(blurred).save(tmp_path / f"{strength}.png")
    found = score(name, tmp_path)
    assert found["error"].isna().all()
    assert set(found["direction"]) == {"lower"}
    weak, strong = found["score"]
    assert weak < strong


@pytest.fixture
def regression(tmp_path):
    """An SVR of BRISQUE's features in LIBSVM's files, and scikit-learn's predictions by it."""
    random = np.random.default_rng(0)
    low, high = random.uniform(-1, 0, 36), random.uniform(1, 2, 36)
    scaled = random.uniform(-1, 1, (60, 36))
    svr = SVR(C=1024, gamma=0.05, epsilon=0.1).fit(scaled, 50 + 30 * scaled[:, 0])
    vectors = [
        " ".join([repr(float(weight)), *(f"{i}:{value!r}" for i, value in enumerate(row, 1))])
        for weight, row in zip(svr.dual_coef_[0], svr.support_vectors_.tolist(), strict=True)
    ]
    head = (
        "svm_type epsilon_svr\nkernel_type rbf\ngamma 0.05\nnr_class 2\n"
        f"total_sv {len(vectors)}\nrho {-float(svr.intercept_[0])!r}\nSV\n"
    )
    (tmp_path / "allmodel").write_text(head + "\n".join(vectors) + "\n")
    bounds = [
        f"{i} {a!r} {b!r}"
        for i, (a, b) in enumerate(zip(low.tolist(), high.tolist(), strict=True), 1)
    ]
    (tmp_path / "allrange").write_text("x\n-1 1\n" + "\n".join(bounds) + "\n")
    features = low + (scaled + 1) / 2 * (high - low)
    return tmp_path / "allmodel", features, svr.predict(scaled)


def test_the_authors_files_are_read_as_libsvm_writes_them(regression):
    path, features, expected = regression
    model = Brisque()
    model.load_state(load_arrays(path)[0])
    np.testing.assert_allclose(model.predict(features), expected, rtol=1e-9)


def test_the_scores_of_the_authors_files_are_differences(regression, tmp_path):
    from PIL import Image

    path, _, _ = regression
    Image.fromarray(data.coffee()).save(tmp_path / "photo.png")
    found = score("brisque", tmp_path / "photo.png", choices=Choices(weights=str(path)))
    assert found["direction"].tolist() == ["lower"]
    assert found["error"].isna().all()


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda text: text[: len(text) // 2], "damaged"),
        (lambda text: text.replace("1:", "0:", 1), "damaged: feature 0"),
        (lambda text: text.replace("rho", "roh"), "damaged"),
        (lambda text: text.replace("1:", "1:nan ", 1), "damaged"),
        (lambda text: text.replace("epsilon_svr", "c_svc"), "no regression that fits"),
        (lambda text: text.partition("SV")[0], "damaged"),
    ],
)
def test_a_damaged_model_is_refused(regression, damage, problem):
    path, _, _ = regression
    path.write_text(damage(path.read_text()))
    with pytest.raises(WeightsError, match=problem):
        load_arrays(path)


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda text: text[: len(text) // 2], "no file of ranges"),
        (lambda text: text.replace("-1 1", "0 1", 1), "does not scale to -1 to 1"),
        (lambda text: "", "no file of ranges"),
    ],
)
def test_damaged_ranges_are_refused(regression, damage, problem):
    path, _, _ = regression
    ranges = path.with_name("allrange")
    ranges.write_text(damage(ranges.read_text()))
    with pytest.raises(WeightsError, match=problem):
        load_arrays(path)
    ranges.unlink()
    with pytest.raises(WeightsError, match="cannot read"):
        load_arrays(path)


def test_an_option_of_later_releases_changes_no_name_of_earlier_results():
    assert BrisqueOptions().model_dump(mode="json") == {}
    assert BrisqueOptions(features="pypi").model_dump(mode="json") == {"features": "pypi"}


@pytest.fixture
def wheel(regression, tmp_path):
    """``wheel(ranges)``: the path of an archive as PyPI's package brisque is packed."""
    model, _, _ = regression

    def pack(ranges):
        path = tmp_path / "brisque-0.2.0-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("brisque/models/svm.txt", model.read_text())
            archive.writestr("brisque/models/normalize.pickle", pickle.dumps(ranges))
        return path

    return pack


def test_a_wheel_is_converted_to_the_arrays_that_it_holds(wheel, regression):
    low, high = np.linspace(-1, 0, 36).tolist(), np.linspace(1, 2, 36).tolist()
    with zipfile.ZipFile(wheel({"min_": low, "max_": high})) as archive:
        found = converting.brisque(archive)
    expected = load_arrays(regression[0])[0]
    assert found["feature_low"].tolist() == low
    assert found["feature_high"].tolist() == high
    for name in ("support_vectors", "dual_coefficients", "intercept", "gamma"):
        assert np.array_equal(found[name], expected[name])


class Code:
    def __reduce__(self):
        return print, ("it runs",)


def test_a_wheel_with_code_in_its_pickle_is_refused(wheel, capsys):
    with (
        zipfile.ZipFile(wheel({"min_": Code(), "max_": []})) as archive,
        pytest.raises(pickle.UnpicklingError, match="neither list nor number"),
    ):
        converting.brisque(archive)
    assert capsys.readouterr().out == ""
