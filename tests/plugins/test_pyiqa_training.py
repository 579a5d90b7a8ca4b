"""Each network trains and predicts under the protocol, at toy size."""

import numpy as np
import pytest
import torch
from PIL import Image

from iqabench.api.running import plan
from iqabench.api.session import Choices, Session
from iqabench.contract.progress import Silent
from iqabench.engine.execute import execute
from iqabench.store import Store

pytest.importorskip("pyiqa", reason="the networks are pyiqa's")
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize(
    ("name", "recipe"),
    [
        ("cnniqa", "own"),
        ("wadiqam", "own"),
        ("maniqa", "own"),
        ("dbcnn", "own"),
        ("hyperiqa", "own"),
        pytest.param("tres", "own", marks=pytest.mark.slow),
        ("cnniqa", "common"),
        ("maniqa", "common"),
        ("hyperiqa", "common"),
    ],
)
def test_it_trains_from_random_weights_and_predicts(name, recipe, toy_set, store):
    changed = [f"{name}.recipe.test_crops=1"]
    choices = Choices(tiny=True, recipe=recipe)
    made = plan([name], ["toys"], seeds=1, set=changed, choices=choices, session=Session(toy_set))
    (evaluation,) = made.evaluations
    assert evaluation.model.recipe.stages[0].epochs == 1
    outcome = execute(made, Store(store), Silent())
    assert not outcome.failed
    table = Store(store).predictions(evaluation.predict.fingerprint)
    assert table["error"].isna().all()
    history = Store(store).job(evaluation.predict.fit.fingerprint)
    assert history.record.epochs == len(evaluation.model.recipe.stages)


def test_published_weights_score_by_the_harnesss_crops(toy_set, store):
    from pyiqa.archs.cnniqa_arch import CNNIQA

    from iqabench.kit.places import weights_dir

    torch.manual_seed(0)
    net = CNNIQA(pretrained=None).eval()
    weights_dir().mkdir(parents=True)
    torch.save({"params": net.state_dict()}, weights_dir() / "CNNIQA_koniq10k-e6f14c91.pth")
    made = plan(
        ["cnniqa"],
        ["toys"],
        seeds=1,
        set=["cnniqa.recipe.test_crops=1"],
        choices=Choices(weights="published"),
        session=Session(toy_set),
    )
    assert not execute(made, Store(store), Silent()).failed
    (evaluation,) = made.evaluations
    table = Store(store).predictions(evaluation.predict.fingerprint).set_index("image")
    assert len(table) == 12
    picture = np.asarray(Image.open(toy_set.parent / "c3_2.png"))
    centre = torch.tensor(picture[8:40, 16:48]).permute(2, 0, 1)[None] / 255
    with torch.inference_mode():
        expected = float(net(centre))
    assert table.loc["c3_2.png", "prediction"] == pytest.approx(expected, abs=1e-5)
