"""Pictures that are scored together have the scores, rows and errors they have alone."""

import numpy as np
import pytest
import torch
from torch import nn

from iqabench.contract import Recipe, ScoreError
from iqabench.engine import batches, time_limit
from iqabench.engine.batches import in_batches
from iqabench.engine.label_scale import LabelScale
from iqabench.engine.network_score import NetworkScore
from iqabench.engine.one_by_one import predictions
from iqabench.engine.time_limit import TookTooLong

RECIPES = {
    "whole": Recipe(crop=None, test_crop_kind="whole"),
    "grid": Recipe(crop=(16, 16), test_crops=5),
    "random": Recipe(crop=(16, 16), test_crops=4, test_crop_kind="random", pool="median"),
}


class Net(nn.Module):
    """The mean of red, and of a fourth plane if there is one; counts its calls and their crops."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, images, *extra):
        self.seen.append(len(images))
        return images[:, 0].mean((1, 2)) + sum(one.mean((1, 2, 3)) for one in extra)


@pytest.fixture
def pictures():
    """Twenty pictures, of which some neighbours have one size."""
    random = np.random.default_rng(0)
    sizes = [(20, 24)] * 7 + [(32, 16)] * 5 + [(20, 24)] * 8
    return {
        f"p{number}": torch.from_numpy(random.random((3, *size), dtype=np.float32))
        for number, size in enumerate(sizes)
    }


def score_of(pictures, model, recipe, device="cpu"):
    def planes(name):
        if isinstance(pictures[name], Exception):
            raise pictures[name]
        return pictures[name]

    content = {name: f"{number:x}" for number, name in enumerate(pictures)}
    return NetworkScore(
        model, recipe, planes, content.__getitem__, device, "fp32", 3, LabelScale(1, 5)
    )


def rows(found):
    return [(row.image, row.prediction, row.error) for row in found]


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("planes", [3, 4])
def test_scores_are_those_of_one_picture_at_a_time(pictures, name, planes):
    extra = {key: torch.cat([one, one[:1]])[:planes] for key, one in pictures.items()}
    score = score_of(extra, Net(), RECIPES[name])
    found, alone = list(in_batches(list(extra), score)), list(predictions(list(extra), score))
    assert [row.image for row in found] == list(extra)
    np.testing.assert_allclose(
        [row.prediction for row in found], [row.prediction for row in alone], rtol=1e-6
    )
    assert all(row.seconds > 0 and row.error is None for row in found)


def test_neighbours_of_one_size_go_together_up_to_the_limit(pictures):
    model = Net()
    score = score_of(pictures, model, RECIPES["whole"])
    list(in_batches(list(pictures), score))
    assert model.seen == [7, 5, 8]
    model.seen.clear()
    list(in_batches(list(pictures), score, pixels=3 * 20 * 24))
    assert model.seen == [3, 3, 1, 2, 2, 1, 3, 3, 2]
    model.seen.clear()
    list(in_batches(list(pictures), score, pixels=1))
    assert model.seen == [1] * 20


def test_an_error_stays_with_its_picture(pictures):
    pictures["p2"] = ValueError("no picture")
    pictures["p9"] = torch.full_like(pictures["p8"], float("nan"))
    score = score_of(pictures, Net(), RECIPES["whole"])
    found = rows(in_batches(list(pictures), score))
    errors = {name: error for name, _, error in found if error}
    assert errors == {"p2": "ValueError: no picture", "p9": "ScoreError: the score is nan"}
    assert [name for name, *_ in found] == list(pictures)


def test_what_fails_together_is_scored_alone_and_batches_shrink(pictures):
    class Small(Net):
        def forward(self, images, *extra):
            self.seen.append(len(images))
            if len(images) > 2:
                raise torch.OutOfMemoryError("too many")
            return images[:, 0].mean((1, 2))

    model = Small()
    score = score_of(pictures, model, RECIPES["whole"])
    found = rows(in_batches(list(pictures), score, pixels=5 * 20 * 24))
    assert found == rows(predictions(list(pictures), score_of(pictures, Net(), RECIPES["whole"])))
    assert model.seen[:6] == [5, *[1] * 5]
    assert model.seen[6:8] == [2, 2]


def test_the_machine_s_failures_end_the_job(pictures):
    for failure in (MemoryError(), OSError(28, "No space left on device")):
        score = score_of({**pictures, "p3": failure}, Net(), RECIPES["whole"])
        with pytest.raises(type(failure)):
            list(in_batches(list(pictures), score))


def test_a_model_that_hangs_ends_the_job(pictures, monkeypatch):
    monkeypatch.setattr(time_limit, "PICTURE_SECONDS", 0.2)

    class Hangs(Net):
        def forward(self, images, *extra):
            while True:
                pass

    with pytest.raises(TookTooLong, match="p0"):
        list(in_batches(list(pictures), score_of(pictures, Hangs(), RECIPES["whole"])))


def test_a_wrong_shape_is_named_for_each_picture(pictures):
    class Wrong(Net):
        def forward(self, images, *extra):
            return images.mean()

    score = score_of(pictures, Wrong(), RECIPES["whole"])
    found = list(in_batches(list(pictures), score))
    assert {row.error for row in found} == {
        f"{ScoreError.__name__}: the model returned shape () for 1 crops"
    }


def test_only_other_devices_than_the_cpu_take_batches(pictures, monkeypatch):
    model = Net()
    list(score_of(pictures, model, RECIPES["whole"]).predictions(list(pictures)))
    assert model.seen == [1] * 20
    asked = []
    monkeypatch.setattr(
        "iqabench.engine.network_score.in_batches", lambda names, score: asked.append(names) or []
    )
    list(score_of(pictures, model, RECIPES["whole"], "cuda").predictions(list(pictures)))
    assert asked == [list(pictures)]
    assert batches.PIXELS >= 16 * 512 * 512
