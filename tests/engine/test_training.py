import json
import math
import signal
import warnings

import numpy as np
import pytest
import torch
from torch import nn

from iqabench.contract import Recipe, ScoreError, Stage
from iqabench.engine import checkpoints, history
from iqabench.engine.checkpoints import plain_state
from iqabench.engine.crops import TrainingCrops
from iqabench.engine.network_score import NetworkScore
from iqabench.engine.predictions import dataset_planes
from iqabench.engine.training import fit_network
from iqabench.engine.training_module import Course
from iqabench.stats import srocc

TWO_STAGES = Recipe(
    stages=(
        Stage(epochs=3, lr=1e-2, schedule="cosine", freeze=("body",)),
        Stage(epochs=3, lr=1e-2, optimizer="sgd", schedule="step", step_size=1, gamma=0.5),
    ),
    batch_size=5,
    crop=(32, 32),
    augment=("hflip", "vflip"),
)
AVERAGED = TWO_STAGES.model_copy(
    update={
        "stages": tuple(stage.model_copy(update={"average": 0.5}) for stage in TWO_STAGES.stages),
        "select": "last",
    }
)
STEPS = 3
"""Per epoch: 12 pictures in batches of 5."""


class Interrupt(Exception):
    """Stands for whatever may happen to a process."""


@pytest.fixture
def crops(dataset):
    def make(recipe, seed=0):
        rows = dataset.table.iloc[:12]
        return TrainingCrops(
            dataset,
            list(rows["image"]),
            (rows["quality"].to_numpy() / 5).astype(np.float32),
            recipe,
            None,
            seed,
        )

    return make


@pytest.fixture
def train(crops, toy, tmp_path):
    """Trains a network from seeded weights; ``validate`` and ``tick`` may interrupt."""

    def run(
        recipe,
        validate,
        folder="job",
        tick=lambda *_: None,
        model=None,
        seed=0,
        precision="fp32",
        init=0,
        log=None,
    ):
        torch.manual_seed(init)
        model = model or toy.Network(toy.Options())
        where = tmp_path / folder
        where.mkdir(exist_ok=True)
        history = fit_network(
            Course(model, recipe, crops(recipe, seed), validate, where, "cpu", precision, tick, log)
        )
        return plain_state(model), history

    return run


@pytest.fixture
def held_srocc(dataset):
    rows = dataset.table.iloc[12:20]

    def validate(network):
        planes = dataset_planes(dataset)
        content_of = dataset.image_hashes.__getitem__
        score = NetworkScore(network, TWO_STAGES, planes, content_of, "cpu", "fp32", 0)
        return srocc([score(name) for name in rows["image"]], rows["quality"])

    return validate


def counting(call):
    """``call``, with the number of its calls."""

    def counted(*arguments):
        counted.calls += 1
        return call(*arguments)

    counted.calls = 0
    return counted


def bomb(call, after):
    """``call``, but call number ``after`` (from 0, never if None) raises."""

    def dangerous(*arguments):
        if counted.calls == after:
            raise Interrupt
        return counted(*arguments)

    counted = counting(call)
    return dangerous


def scripted(*values):
    """A validation that gives these values and notes the weights it was shown."""
    left, seen = list(values), []

    def validate(network):
        seen.append(plain_state(network))
        return left.pop(0)

    validate.seen = seen
    return validate


def assert_same(state, other):
    assert state.keys() == other.keys()
    for name, tensor in state.items():
        assert torch.equal(tensor, other[name]), name


def equal(state, other):
    return all(torch.equal(tensor, other[name]) for name, tensor in state.items())


@pytest.mark.parametrize(
    ("step", "validation"),
    [(1, None), (STEPS + 1, None), (None, 1), (None, 2), (3 * STEPS, None), (None, 4), (None, 5)],
)
@pytest.mark.parametrize("recipe", [TWO_STAGES, AVERAGED], ids=["plain", "averaged"])
def test_interrupted_and_resumed_training_equals_one_in_a_go(
    train, held_srocc, recipe, step, validation
):
    whole, history = train(recipe, held_srocc, "whole")
    with pytest.raises(Interrupt):
        train(recipe, bomb(held_srocc, validation), "cut", bomb(lambda *_: None, step))
    done = validation if step is None else step // STEPS
    rest = counting(held_srocc)
    # Where a finished epoch lies in the folder, the weights at the start count no more.
    state, resumed = train(recipe, rest, "cut", init=0 if done == 0 else 99)
    assert_same(state, whole)
    assert resumed == history
    assert rest.calls == 6 - done


@pytest.mark.parametrize(("module", "where"), [(history, "append"), (checkpoints, "save_state")])
@pytest.mark.parametrize("after", [0, 1])
def test_interruptions_between_two_writes(train, held_srocc, monkeypatch, module, where, after):
    recipe = TWO_STAGES.model_copy(update={"patience": 1})
    whole, epochs = train(recipe, held_srocc, "whole")
    plain = getattr(module, where)

    def write_and_stop(*arguments):
        plain(*arguments)
        raise Interrupt

    calls = iter(range(100))
    monkeypatch.setattr(
        module, where, lambda *a: (write_and_stop if next(calls) == after else plain)(*a)
    )
    with pytest.raises(Interrupt):
        train(recipe, held_srocc, "cut")
    state, resumed = train(recipe, held_srocc, "cut")
    assert_same(state, whole)
    assert resumed == epochs


@pytest.mark.parametrize("values", [(0.1, 0.2, 0.3, 0.4), (0.3, 0.2, 0.4, 0.1)])
def test_interruption_after_a_stage_has_stopped_early(train, monkeypatch, values):
    recipe = one_stage(epochs=4, patience=1)
    whole, history = train(recipe, scripted(*values), "whole")
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "save_state", bomb(checkpoints.save_state, 0))
        with pytest.raises(Interrupt):
            train(recipe, scripted(*values), "cut")
    state, resumed = train(recipe, scripted(*values[len(history) :]), "cut")
    assert_same(state, whole)
    assert resumed == history


def test_resuming_survives_a_moved_store(train, tmp_path):
    recipe = one_stage(epochs=3)
    validate = scripted(0.9, 0.1, 0.2)
    with pytest.raises(Interrupt):
        train(recipe, bomb(validate, 1), "here")
    (tmp_path / "here").rename(tmp_path / "there")
    state, _ = train(recipe, scripted(0.1, 0.2), "there")
    assert_same(state, validate.seen[0])


@pytest.mark.parametrize("what", ["last.ckpt", "best.ckpt", "stage-0.safetensors", "history.json"])
def test_a_damaged_checkpoint_is_not_used(train, held_srocc, tmp_path, what):
    recipe = TWO_STAGES.model_copy(update={"patience": None})
    whole, epochs = train(recipe, held_srocc, "whole")
    with pytest.raises(Interrupt):
        train(recipe, bomb(held_srocc, 5 if what == "stage-0.safetensors" else 2), "cut")
    (path,) = (tmp_path / "cut").rglob(what)
    content = path.read_bytes()
    middle = len(content) // 2
    path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    validate = counting(held_srocc)
    state, resumed = train(recipe, validate, "cut")
    assert_same(state, whole)
    assert resumed == epochs
    assert validate.calls == 6  # from the start


def test_a_checkpoint_that_cannot_be_written_leaves_the_one_before(
    train, held_srocc, monkeypatch, tmp_path
):
    whole, epochs = train(TWO_STAGES, held_srocc, "whole")
    plain, calls = checkpoints.write_atomically, iter(range(99))

    def full(path, write, *, lasting):
        def some(part):
            write(part)
            part.write_bytes(part.read_bytes()[:1000])
            raise OSError(28, "No space left on device")

        plain(path, some if next(calls) == 3 else write, lasting=lasting)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "write_atomically", full)
        with pytest.raises(OSError, match="No space left"):
            train(TWO_STAGES, held_srocc, "cut")
    left = [path for path in (tmp_path / "cut").rglob("*") if path.is_file()]
    assert not [path for path in left if path.suffix == ".part"]
    assert all(checkpoints.is_whole(path) for path in left if path.suffix == ".ckpt")
    validate = counting(held_srocc)
    state, resumed = train(TWO_STAGES, validate, "cut")
    assert_same(state, whole)
    assert resumed == epochs
    assert validate.calls < 6


def test_ctrl_c_is_passed_on_and_keeps_finished_epochs(train):
    def validate(network):
        if validate.calls == 1:
            raise KeyboardInterrupt
        validate.calls += 1
        return 0.5

    validate.calls = 0
    with pytest.raises(KeyboardInterrupt):
        train(one_stage(epochs=3), validate, "cut")
    _, history = train(one_stage(epochs=3), scripted(0.1, 0.2), "cut")
    assert [one.validation_srocc for one in history] == [0.5, 0.1, 0.2]


def one_stage(patience=None, select="best", loss_weights=None, **stage):
    return Recipe(
        stages=(Stage(**{"lr": 1e-2, **stage}),),
        batch_size=6,
        crop=(32, 32),
        patience=patience,
        select=select,
        loss_weights=loss_weights or {},
    )


@pytest.mark.parametrize(
    ("values", "select", "chosen"),
    [
        ((0.1, 0.9, 0.3), "best", 1),
        ((-0.9, -0.1, -0.3), "best", 1),
        ((0.5, 0.5, 0.5), "best", 0),
        ((math.nan, -0.9, math.nan), "best", 1),
        ((math.nan, math.nan, math.nan), "best", 2),  # nothing is known, so train to the end
        ((0.9, 0.1, 0.3), "last", 2),
    ],
)
def test_the_chosen_epoch_is_kept(train, values, select, chosen):
    validate = scripted(*values)
    state, history = train(one_stage(epochs=3, select=select), validate)
    assert not equal(validate.seen[0], validate.seen[1])
    assert_same(state, validate.seen[chosen])
    found = [one.validation_srocc for one in history]
    assert found == [None if math.isnan(value) else value for value in values]


@pytest.mark.parametrize(("average", "first"), [(0.5, 2), (0.25, 3), (0.6, 1), (1.0, 0), (1e-9, 3)])
def test_the_last_steps_weights_are_averaged(train, average, first):
    """One step an epoch, so that validation sees the weights after each."""
    recipe = one_stage(epochs=4, select="last").model_copy(update={"batch_size": 12})
    plain = scripted(*[0.5] * 4)
    train(recipe, plain, "plain")
    stage = recipe.stages[0].model_copy(update={"average": average})
    averaged = scripted(*[0.5] * 4)
    state, _ = train(recipe.model_copy(update={"stages": (stage,)}), averaged, "averaged")
    for before, same in zip(plain.seen[:3], averaged.seen[:3], strict=True):
        assert_same(before, same)
    assert_same(state, averaged.seen[3])  # what is validated last is what is kept
    for name in ("body.0.weight", "head.1.weight"):
        mean = torch.stack([seen[name] for seen in plain.seen[first:]]).mean(0)
        torch.testing.assert_close(state[name], mean)


def test_averaged_weights_have_statistics_of_their_own(train, crops, toy):
    stage = Stage(epochs=4, lr=1e-2, average=0.5)
    recipe = one_stage(select="last").model_copy(update={"batch_size": 12, "stages": (stage,)})
    state, _ = train(recipe, scripted(*[0.5] * 4))
    model = toy.Network(toy.Options())
    model.load_state_dict(state)
    last = torch.stack([crops(recipe)[3, number][0] for number in range(12)])
    with torch.no_grad():
        found = model.body[0](last)
    torch.testing.assert_close(state["body.1.running_mean"], found.mean((0, 2, 3)))
    torch.testing.assert_close(state["body.1.running_var"], found.var((0, 2, 3)))


def test_history_is_kept_as_a_file(train, tmp_path):
    steps = []
    _, history = train(
        TWO_STAGES, scripted(*range(6)), tick=lambda *what: steps.append(what), folder="job"
    )
    assert [(one.stage, one.epoch) for one in history] == [
        (stage, epoch) for stage in (0, 1) for epoch in range(3)
    ]
    assert all(one.losses["quality"] > 0 for one in history)
    kept = json.loads((tmp_path / "job/history.json").read_text())["epochs"]
    assert kept == [one.model_dump() for one in history]
    assert steps[0] == (1, 3 * STEPS, "epoch 1/3")
    assert steps[-1] == (3 * STEPS, 3 * STEPS, "epoch 3/3")


@pytest.mark.parametrize(
    ("values", "epochs"),
    [((0.5, 0.4, 0.3, 0.9), 3), ((0.1, 0.2, 0.1, 0.3, 0.2, 0.2), 6), ((0.5, *[math.nan] * 4), 3)],
)
def test_patience_ends_a_stage(train, values, epochs):
    _, history = train(one_stage(epochs=6, patience=2), scripted(*values))
    assert len(history) == epochs


def test_frozen_parameters_stay_and_then_move(train):
    validate = scripted(*range(6))
    train(TWO_STAGES, validate)
    for name in ("body.0.weight", "body.1.bias"):
        assert torch.equal(validate.seen[0][name], validate.seen[2][name])
        assert not torch.equal(validate.seen[2][name], validate.seen[5][name])
    assert not torch.equal(validate.seen[0]["head.1.weight"], validate.seen[2]["head.1.weight"])


def test_what_the_model_itself_froze_stays_frozen(train, toy):
    model = toy.Network(toy.Options())
    model.body.requires_grad_(False)
    before = model.body[0].weight.clone()
    train(one_stage(epochs=1), scripted(0), model=model)
    assert torch.equal(model.body[0].weight, before)


def test_a_loss_that_is_not_finite_is_named(train, toy):
    with pytest.raises(ScoreError, match=r"loss is not finite in epoch 0: quality nan"):
        train(one_stage(epochs=1), scripted(0), model=toy.Network(toy.Options(fault="nan")))


@pytest.mark.parametrize("where", ["losses", "validation"])
def test_a_stray_stop_iteration_is_no_end_of_training(train, toy, where, monkeypatch):
    def stop(*arguments):
        return next(iter(()))

    if where == "losses":
        monkeypatch.setattr(toy.Network, "losses", stop)
    with pytest.raises(ScoreError, match="StopIteration"):
        train(one_stage(epochs=2), stop if where == "validation" else scripted(0, 0))


class Slope(nn.Module):
    """Losses with constant gradients, so that parameters tell the learning rates there were."""

    def __init__(self):
        super().__init__()
        self.slow, self.fast = (nn.Parameter(torch.zeros(())) for _ in range(2))

    def parameter_groups(self, stage):
        return {"slow": [self.slow], "fast": [self.fast], "none": []}

    def forward(self, images):
        return images.mean((1, 2, 3))

    def losses(self, batch):
        return {"one": -self.slow, "two": -self.fast}


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", [1, 1, 1, 1]),
        ("step", [1, 1, 0.1, 0.1]),
        ("cosine", [(1 + math.cos(math.pi * epoch / 4)) / 2 for epoch in range(4)]),
    ],
)
def test_schedules_and_groups(train, schedule, expected):
    recipe = one_stage(
        epochs=4,
        optimizer="sgd",
        momentum=0,
        schedule=schedule,
        step_size=2,
        gamma=0.1,
        lr_groups={"fast": 10},
    )
    validate, told = scripted(*range(4)), []
    train(recipe, validate, model=Slope(), log=lambda _, numbers: told.append(numbers))
    for place, (name, factor) in enumerate((("slow", 1), ("fast", 10))):
        rates = 1e-2 * factor * np.array(expected)
        moved = np.diff([0, *(float(state[name]) for state in validate.seen)])
        np.testing.assert_allclose(moved, 2 * rates, rtol=1e-4)
        np.testing.assert_allclose([one[f"learning_rate/{place}"] for one in told], rates)


def test_a_log_is_told_of_every_epoch_of_all_stages_in_one_count(train):
    told = {}
    values = (0.1, math.nan, 0.3, 0.4, 0.5, 0.6)
    _, epochs = train(TWO_STAGES, scripted(*values), log=told.__setitem__)
    assert list(told) == [0, 1, 2, 3, 4, 5]
    for numbers, record, value in zip(told.values(), epochs, values, strict=True):
        assert numbers["loss/quality"] == record.losses["quality"]
        assert numbers.get("validation_srocc", math.nan) == pytest.approx(value, nan_ok=True)
    assert [told[step]["learning_rate"] for step in (3, 4, 5)] == [1e-2, 5e-3, 2.5e-3]


def test_loss_weights(train):
    recipe = one_stage(
        epochs=1, optimizer="sgd", momentum=0, lr=0.5, loss_weights={"one": 3, "two": 0}
    )
    validate = scripted(0)
    _, history = train(recipe, validate, model=Slope())
    assert validate.seen[0] == {"slow": torch.tensor(3.0), "fast": torch.tensor(0.0)}
    # Unweighted, averaged over two steps.
    assert history[0].losses["one"] == pytest.approx((0 - 1.5) / 2)


class Noting(Slope):
    """Notes what it is shown, what it draws, and in which mode."""

    def __init__(self):
        super().__init__()
        self.orders, self.crops, self.draws = [], [], []

    def losses(self, batch):
        assert self.training
        self.orders.append(batch.index.tolist())
        self.crops.append(batch.images.numpy())
        self.draws.append(float(torch.rand(())))
        return super().losses(batch)


def test_every_epoch_has_its_own_order_crops_and_draws(train):
    def validate(network):
        assert not network.training
        return 0.5

    model = Noting()
    stage = Stage(epochs=2)
    recipe = one_stage().model_copy(update={"stages": (stage, stage), "batch_size": 12})
    train(recipe, validate, model=model)
    assert [sorted(order) for order in model.orders] == [list(range(12))] * 4
    sorted_crops = [
        crops[np.argsort(order)] for crops, order in zip(model.crops, model.orders, strict=True)
    ]
    for first in range(4):
        for second in range(first):
            assert model.orders[first] != model.orders[second]
            assert model.draws[first] != model.draws[second]
            assert not np.array_equal(sorted_crops[first], sorted_crops[second])


def test_seeds(train):
    recipe = one_stage(epochs=1)
    one, _ = train(recipe, scripted(0), "one", seed=1)
    same, _ = train(recipe, scripted(0), "same", seed=1)
    other, _ = train(recipe, scripted(0), "other", seed=2)  # from the same initial weights
    assert_same(one, same)
    assert not equal(one, other)


def test_training_leaves_the_process_as_it_was(train):
    def handler(number, frame):
        pass

    before = signal.signal(signal.SIGINT, handler)
    try:
        filters = list(warnings.filters)
        train(one_stage(epochs=1), scripted(0))
        assert signal.getsignal(signal.SIGINT) is handler
        assert warnings.filters == filters
        assert not torch.are_deterministic_algorithms_enabled()
    finally:
        signal.signal(signal.SIGINT, before)


def test_bf16_keeps_float_weights(train, held_srocc):
    state, history = train(one_stage(epochs=1), held_srocc, precision="bf16")
    assert state["body.0.weight"].dtype == torch.float32
    assert math.isfinite(history[0].losses["quality"])


@pytest.mark.parametrize("average", [0, 0.5])
@pytest.mark.parametrize("keeps", [True, False])
def test_statistics_of_normalisation_stay_where_the_stage_freezes_them(
    train, held_srocc, toy, keeps, average
):
    model = toy.Network(toy.Options())
    model.body[1].running_mean.fill_(0.25)
    stage = Stage(epochs=2, lr=1e-2, freeze_statistics=keeps, average=average)
    recipe = TWO_STAGES.model_copy(update={"stages": (stage,), "select": "last"})
    state, _ = train(recipe, held_srocc, model=model)
    stayed = bool((state["body.1.running_mean"] == 0.25).all())
    assert stayed == keeps
    assert int(state["body.1.num_batches_tracked"] == 0) == keeps
    assert not torch.equal(state["body.1.weight"], torch.ones(8))  # its weights learn in any case
