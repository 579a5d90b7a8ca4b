"""A plugin as a stranger might write it: a network, an estimator and a scorer, with faults."""

import os
import time

import numpy as np
import torch
from pydantic import BaseModel
from torch import nn
from torch.nn import functional

from iqabench.contract import (
    ModelCard,
    PaperRow,
    PaperTable,
    Recipe,
    SaliencyCard,
    Stage,
    hookimpl,
)


class Options(BaseModel):
    init: str = "default"
    fault: str = ""
    power: float = 1.0


class Network(nn.Module):
    def __init__(self, options):
        super().__init__()
        if options.fault == "constructor":
            raise RuntimeError("no such layer")
        self.fault = options.fault
        self.body = nn.Sequential(nn.Conv2d(3, 8, 5, stride=4), nn.BatchNorm2d(8), nn.ReLU())
        self.head = nn.Sequential(nn.Dropout(0.3), nn.Linear(8, 1))

    def forward(self, images):
        scores = self.head(self.body(images).mean((2, 3)))
        if self.fault == "constant":
            scores = scores * 0 + 0.25
        return scores if self.fault == "shape" else scores.squeeze(1)

    def losses(self, batch):
        if self.fault == "losses":
            raise RuntimeError("no such loss")
        time.sleep(float(os.environ.get("TOY_STEP_SECONDS", "0")))
        scores = self(batch.images).flatten() * (torch.nan if self.fault == "nan" else 1)
        return {"quality": functional.mse_loss(scores, batch.quality)}


class Guided(Network):
    """Looks only where the map says."""

    def forward(self, images, saliency):
        return super().forward(images * saliency)

    def losses(self, batch):
        score = self(batch.images, batch.saliency)
        return {"quality": functional.mse_loss(score, batch.quality)}


class Estimator:
    def __init__(self, options):
        self.power = options.power

    def features(self, images):
        powered = images.double() ** self.power
        return torch.cat([powered.mean((2, 3)), powered.std((2, 3))], 1).numpy()

    def fit(self, features, quality):
        self.weights = np.linalg.lstsq(_with_one(features), quality, rcond=None)[0]

    def predict(self, features):
        return _with_one(features) @ self.weights

    def state(self):
        return {"weights": self.weights}

    def load_state(self, state):
        self.weights = state["weights"]


class Scorer:
    """Contrast; the third picture may be its undoing."""

    def __init__(self, options):
        self.fault, self.calls = options.fault, 0

    def score(self, images):
        self.calls += 1
        if self.fault == "all pictures" or (self.fault == "one picture" and self.calls == 3):
            raise ValueError("too odd a picture")
        if self.fault == "hang" and self.calls == 3:
            time.sleep(60)
        if self.fault == "device":
            return torch.tensor([float(os.environ["CUDA_VISIBLE_DEVICES"])])
        score = images.std((1, 2, 3)) * (torch.nan if self.fault == "nan" else 1)
        return score.repeat(2) if self.fault == "shape" else score


class Gaze:
    """Looks at what is red."""

    def __init__(self, options):
        self.fault = options.fault

    def saliency(self, images):
        if self.fault == "shape":
            return images[:, 0]
        red = images[:, :1] / images[:, :1].amax((2, 3), keepdim=True)
        wrong = {"nan": torch.nan, "dim": 0.5, "bright": 255, "negative": -1, "empty": 0}
        return red * wrong.get(self.fault, 1)


def _with_one(features):
    return np.hstack([features, np.ones((len(features), 1))])


def tables():
    """A paper with one table."""
    ours = {"model": "toy-estimator", "datasets": "little"}
    rows = (
        PaperRow(label="as it is", published={"srocc": 0.5, "plcc": 0.25}, **ours),
        PaperRow(
            label="squared",
            options={"power": 2.0},
            published={"srocc": 0.5, "rmse": 0.125},
            against="as it is",
            mark="*",
            **ours,
        ),
        PaperRow(label="against another", versus="brisque", mark="-", published={}, **ours),
        PaperRow(label="blurred", distortion="blur", published={"srocc": 0.5}, **ours),
        PaperRow(label="hazy", distortion="haze", published={"srocc": 0.5}, **ours),
        PaperRow(label="lost", published={"srocc": 0.9}, why_absent="nobody kept it"),
        PaperRow(label="elsewhere", model="toy-estimator", datasets="moon", published={}),
    )
    return (PaperTable(number=1, title="Powers", rows=rows, seeds=2, remark="made up"),)


RECIPE = Recipe(
    stages=(Stage(epochs=2, lr=1e-2),),
    batch_size=12,
    crop=(32, 32),
    mean=(0.5,) * 3,
    std=(0.5,) * 3,
)


@hookimpl
def register_models(register):
    def card(name, kind, factory, **more):
        register(
            ModelCard(
                name=name,
                summary="a toy",
                kind=kind,
                factory=f"toy_plugin:{factory}",
                options="toy_plugin:Options",
                **more,
            )
        )

    card("toy-network", "trainable", "Network", recipe=RECIPE)
    card("toy-guided", "trainable", "Guided", recipe=RECIPE, saliency="input")
    card(
        "toy-estimator",
        "estimator",
        "Estimator",
        studies={"power": {"plain": {}, "squared": {"power": 2.0}, "dull": {"power": 0.0}}},
        reproductions="toy_plugin:tables",
    )
    card("toy-scorer", "scorer", "Scorer")


@hookimpl
def register_saliency_providers(register):
    register(
        SaliencyCard(
            name="toy-gaze",
            summary="a toy",
            factory="toy_plugin:Gaze",
            options="toy_plugin:Options",
        )
    )
