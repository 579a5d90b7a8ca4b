"""A plugin in which every part breaks the contract in one way; tests/testing tries each."""

import contextlib
import itertools
import socket
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from pydantic import BaseModel
from torch import nn

from iqabench.contract import (
    DatasetCard,
    ModelCard,
    Protocol,
    Recipe,
    SaliencyCard,
    Stage,
    hookimpl,
)


class Options(BaseModel):
    power: float = 1.0


def _local():
    class Hidden(BaseModel):
        power: float = 1.0

    return Hidden


Hidden = _local()


def contrast(images):
    return images.std((1, 2, 3))


class Scorer:
    def score(self, images):
        return contrast(images)


class Random(Scorer):
    def score(self, images):
        return contrast(images) + 0.1 * torch.rand(len(images))


class Neighbours(Scorer):
    def score(self, images):
        return contrast(images) - images.mean()


class Remembers(Scorer):
    last = 0.0

    def score(self, images):
        found = contrast(images) + 0.5 * self.last
        self.last = float(contrast(images)[-1])
        return found


class Shape(Scorer):
    def score(self, images):
        return contrast(images)[:, None]


class Listed(Scorer):
    def score(self, images):
        return contrast(images).tolist()


class Colours(Scorer):
    def score(self, images):
        return contrast(images) / (images.amax(1) - images.amin(1)).amax((1, 2))


class Blocks(Scorer):
    def score(self, images):
        height, width = images.shape[-2:]
        return contrast(
            images.reshape(len(images), 3, height // 16, 16, width // 16, 16).mean((3, 5))
        )


class Huge(Scorer):
    def score(self, images):
        if images[0].numel() > 1_000_000:
            raise MemoryError("no room for so many pixels")
        return contrast(images)


class Small(Scorer):
    def score(self, images):
        return contrast(images[:, :, 8:, 8:])


class Writes(Scorer):
    def score(self, images):
        Path("scores.log").write_text("scored")
        return contrast(images)


class Asks(Scorer):
    def score(self, images):
        with contextlib.suppress(OSError):
            socket.create_connection(("example.org", 80), timeout=0.1)
        return contrast(images)


class Changes(Scorer):
    def score(self, images):
        return contrast(images.sub_(0.5))


class Far(Scorer):
    def score(self, images):
        return contrast(images) * 100


class Leaves(Scorer):
    def score(self, images):
        sys.exit(3)


class Hangs(Scorer):
    def score(self, images):
        time.sleep(20)


class Nameless:
    def rate(self, images):
        return contrast(images)


class Takes(Scorer):
    def __init__(self, options):
        self.power = options.power


class Backwards:
    """A distance, called a similarity."""

    def score(self, images, references):
        return ((images - references) ** 2).mean((1, 2, 3))


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(3, 4, 3, 2)
        self.head = nn.Linear(4, 1)

    def forward(self, images):
        return self.head(self.layer(images).relu().mean((2, 3))).flatten()

    def losses(self, batch):
        return {"quality": ((self(batch.images) - batch.quality) ** 2).mean()}


class Detached(Network):
    def losses(self, batch):
        with torch.no_grad():
            return super().losses(batch)


class Unlearns(Network):
    def losses(self, batch):
        return {"quality": super().losses(batch)["quality"] * 0}


class Rises(Network):
    step = 0

    def losses(self, batch):
        self.step += 1
        return {"quality": super().losses(batch)["quality"] * self.step}


class Draws(Network):
    """Each call takes the other factor: two that are drawn at random may be almost equal."""

    calls = itertools.count()

    def losses(self, batch):
        return {"quality": super().losses(batch)["quality"] * (0.5 + next(self.calls) % 2)}


class Several(Network):
    def losses(self, batch):
        return {"quality": (self(batch.images) - batch.quality) ** 2}


class OneSize(Network):
    def __init__(self):
        super().__init__()
        self.place = nn.Parameter(torch.zeros(1, 3, 32, 32))

    def forward(self, images):
        return super().forward(images + self.place)


class NoLosses(nn.Module):
    pass


class Estimator:
    def features(self, images):
        return torch.stack([images.mean((1, 2, 3)), images.std((1, 2, 3))], 1).double().numpy()

    def fit(self, features, quality):
        self.weights = np.linalg.lstsq(self._one(features), quality, rcond=None)[0]

    def predict(self, features):
        return self._one(features) @ self.weights

    def state(self):
        return {"weights": self.weights}

    def load_state(self, state):
        self.weights = state["weights"]

    def _one(self, features):
        return np.hstack([features, np.ones((len(features), 1))])


class Forgets(Estimator):
    def load_state(self, state):
        self.weights = np.zeros_like(state["weights"])


class Mean(Estimator):
    def predict(self, features):
        return np.full(len(features), 0.5)


class Objects(Estimator):
    def state(self):
        return {"model": np.array([self], dtype=object)}


class Single(Estimator):
    def features(self, images):
        return super().features(images).astype(np.float32)


class Gaze:
    def saliency(self, images):
        grey = images.mean(1, keepdim=True)
        return grey / grey.amax((2, 3), keepdim=True)


class Dim:
    def saliency(self, images):
        return images.mean(1, keepdim=True) * 0.5


class Thin:
    def saliency(self, images):
        return images.mean(1)


class Goes:
    def saliency(self, images):
        sys.exit(6)


def read(root, options):
    return pd.read_csv(root / "scores.csv")


def leaves(root, options):
    sys.exit(5)


def shuffled(root, options):
    return read(root, options).sample(frac=1)


def columns(root, options):
    return read(root, options).rename(columns={"mos": "score"})


RECIPE = Recipe(stages=(Stage(lr=1e-2),), crop=(32, 32))
COMPLETE = {"summary": "a toy", "licence": "MIT"}
SCORERS = "Random Neighbours Remembers Shape Listed Colours Blocks Huge Small Writes Asks Changes"
SCORERS += " Leaves Hangs Nameless Takes"
NETWORKS = "Detached Unlearns Rises Draws Several OneSize NoLosses"
ESTIMATORS = "Forgets Mean Objects Single"


@hookimpl
def register_models(register):
    def card(name, kind, factory, **more):
        facts = {**COMPLETE, "direction": "higher", **more}
        register(ModelCard(name=name, kind=kind, factory=f"broken_plugin:{factory}", **facts))

    for name in SCORERS.split():
        card(name.lower(), "scorer", name)
    for name in NETWORKS.split():
        card(name.lower(), "trainable", name, recipe=RECIPE)
    for name in ESTIMATORS.split():
        card(name.lower(), "estimator", name)
    card("far", "scorer", "Far", score_range=(0, 1))
    card("missing", "scorer", "NotThere")
    card("hidden", "scorer", "Takes", options="broken_plugin:Hidden")
    card("backwards", "scorer", "Backwards", full_reference=True)
    card(
        "weighs",
        "trainable",
        "Network",
        recipe=RECIPE.model_copy(update={"loss_weights": {"x": 2}}),
    )
    card(
        "studies",
        "scorer",
        "Takes",
        options="broken_plugin:Options",
        studies={"s": {"a": {"q": 1}}},
    )
    register(ModelCard(name="silent", summary=" ", kind="scorer", factory="broken_plugin:Scorer"))


@hookimpl
def register_saliency_providers(register):
    for name in ("Gaze", "Dim", "Thin", "Goes"):
        factory = f"broken_plugin:{name}"
        register(SaliencyCard(name=name.lower(), factory=factory, trained_on="nothing", **COMPLETE))
    register(SaliencyCard(name="mute", summary="a toy", factory="broken_plugin:Gaze"))


@hookimpl
def register_datasets(register):
    def card(name, reader, **more):
        facts = {"title": "a toy", "licence": "MIT", "direction": "higher", **more}
        register(DatasetCard(name=name, reader=f"broken_plugin:{reader}", **facts))

    card("miscounted", "read", images=7)
    card("beyond", "read", score_range=(0, 2))
    card("restless", "shuffled")
    card("departed", "leaves")
    card("misnamed", "columns")
    card("few-folds", "read", protocol=Protocol(kind="k-fold", folds=9))
    card("upside-down", "read", direction="lower")
    card("unsplit", "read", protocol=Protocol(kind="official"))
