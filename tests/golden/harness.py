"""What the harness itself computes: each part of :data:`iqabench.store.behaviour.VERSIONS`."""

from __future__ import annotations

import base64
import io
import itertools
import zlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import tifffile
import torch
from golden import inputs
from golden.filling import fill
from PIL import Image
from torch import nn
from torch.nn import functional

from iqabench.contract import Recipe, Stage
from iqabench.data import decoding as decoder
from iqabench.data import tensors
from iqabench.engine import crops as cropping
from iqabench.engine.label_scale import LabelScale
from iqabench.engine.network_score import NetworkScore

Numbers = dict[str, np.ndarray]
JPEG = (
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAYEBQYFBAYGBQYHBwYIChAKCgkJChQODwwQFxQYGBcUFhYaHSUfGhsj"
    "HBYWICwgIyYnKSopGR8tMC0oMCUoKSj/2wBDAQcHBwoIChMKChMoGhYaKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgo"
    "KCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCj/wAARCAAQABgDASIAAhEBAxEB/8QAFwAAAwEAAAAAAAAAAAAAAAAA"
    "AAYHBf/EACIQAAICAgEEAwEAAAAAAAAAAAECAxEEIQASEyIxQVFxFP/EABUBAQEAAAAAAAAAAAAAAAAAAAQA/8QA"
    "JREAAQIEBAcAAAAAAAAAAAAAAQACAxESIQUxgfFRcaGxweHw/9oADAMBAAIRAxEAPwBJkgyWyI5Io53igZpUpQWD"
    "dQIA+qB0d01/nKbA3Yx8cS5AE5AZXRFDi6bpFgeV+Wj8k+6HFFxihGDY8UruiDSK3V4kRNVXdN6PyBzPhTIwuqZZ"
    "QZJC3RCOphR8bNkbsjdj2bsEng2wzFkHGRHUnPf0mtNVwb8rcO/11Sy8Uv8AMxe8ZtujyFlAJUgerJbYqjfs/ZOT"
    "eDJlOTk9tHByBJ2UWShWi2ydDxJogD9HDi24QcnRANd1GBUJubVqB4K//9k="
)
"""A picture of 16 x 24 pixels with colours at half the resolution."""
NORMAL = {"mean": (0.5, 0.4, 0.3), "std": (0.5, 0.25, 0.2)}


def silent(done: int, total: int, what: str) -> None:
    """Tell nobody."""


def decoding(folder: Path) -> Numbers:
    """Some pixels of files of every mode and of several kinds."""
    colours = Image.fromarray(inputs.picture(12, 16, seed=1))
    alpha = Image.fromarray(inputs.picture(12, 16, seed=2)[..., 0])
    deep = Image.fromarray((inputs.noise(12, 16, seed=3) * 257 - 100).clip(0).astype(np.uint16))
    exif = Image.Exif()
    exif[0x0112] = 6
    files = {
        "colours": encoded(colours, "PNG"),
        "alpha": encoded(with_alpha(colours, alpha), "PNG"),
        "grey": encoded(colours.convert("L"), "BMP"),
        "grey and alpha": encoded(Image.merge("LA", [alpha, alpha]), "PNG"),
        "two levels": encoded(alpha.point(lambda level: level > 90).convert("1"), "PNG"),
        "palette": encoded(palette(alpha), "GIF"),
        "16 bits": encoded(deep, "PNG"),
        "10 bits": b"P5 16 12 1023\n" + (inputs.noise(192, seed=4) * 4).astype(">u2").tobytes(),
        "negative": negative(inputs.noise(12, 16, seed=6)),
        "inks": encoded(Image.merge("CMYK", [*colours.split(), alpha]), "TIFF"),
        "turned": encoded(colours, "PNG", exif=exif),
        "jpeg": base64.b64decode(JPEG),
    }
    found = {name: picked(decoder.decode_bytes(files[name], Path(name)).pixels) for name in files}
    cut = files["jpeg"][:-150]
    found["jpeg cut short"] = picked(decoder.decode_bytes(cut, Path("a"), True).pixels)
    return found


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    """A picture file; all kinds but JPEG keep every pixel."""
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def negative(levels: np.ndarray) -> bytes:
    """A TIFF of 16-bit grey in which white is zero."""
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, (levels * 257).astype(np.uint16), photometric="miniswhite")
    return buffer.getvalue()


def with_alpha(colours: Image.Image, alpha: Image.Image) -> Image.Image:
    """Colours that are transparent in places."""
    found = colours.copy()
    found.putalpha(alpha)
    return found


def palette(levels: Image.Image) -> Image.Image:
    """Levels as places in a table of colours."""
    found = levels.copy().convert("P")
    found.putpalette(inputs.noise(768, seed=5).astype(np.uint8).tobytes())
    return found


def picked(pixels: np.ndarray) -> np.ndarray:
    """Sides, and the three colours of four pixels."""
    height, width = pixels.shape[:2]
    places = [(1, 1), (3, width - 2), (height - 3, 5), (height - 1, width - 1)]
    return np.array([height, width, *(level for place in places for level in pixels[place])])


def crops(folder: Path) -> Numbers:
    """Sizes, test crops, training crops, augmentations and normalisation."""
    image = inputs.image(40, 52)
    plain = Recipe(crop=(24, 32), augment=(), **NORMAL)
    changed = {
        "grid": {"test_crops": 5},
        "lattice": {"test_crops": 6},
        "random": {"test_crops": 6, "test_crop_kind": "random"},
        "enlarged": {"crop": (56, 60)},
        "reduced": {"resize_short": 30, "test_crops": 2},
        "whole": {"test_crop_kind": "whole"},
    }
    found: Numbers = {}
    for name, fields in changed.items():
        recipe = plain.model_copy(update=fields)
        views = cropping.test_views(image, recipe, (1, 2))
        found[f"sides, {name}"] = np.array(views.shape)
        found[f"light, {name}"] = views.mean((1, 2, 3)).numpy()
        found[f"colours, {name}"] = cropping.normalise(views, recipe)[-1].mean((1, 2)).numpy()
        found[f"contrast, {name}"] = slopes(views[-1])
    for factor in (0.5, 1.3):
        smaller = tensors.scaled(image, factor)
        found[f"sides, {factor}"] = np.array(smaller.shape)
        found[f"contrast, {factor}"] = slopes(smaller)
    every = plain.model_copy(update={"augment": ("hflip", "vflip", "rot90", "shift")})
    for name, part in (("augmented", image), ("augmented square", image[:, :40, :40])):
        drawn = [
            cropping.augmented(part, every, np.random.default_rng([7, number]))
            for number in range(4)
        ]
        found[name] = np.array([float(value) - 0.5 for one in drawn for value in weighed(one)])
    return found | training_crops(folder, every)


def training_crops(folder: Path, recipe: Recipe) -> Numbers:
    """The order of an epoch, and what its first crops are."""
    dataset = inputs.dataset(folder)
    names = list(dataset.table["image"])
    maps = SimpleNamespace(
        read=lambda data, name, truncated: (
            inputs.saliency(36, 44, names.index(name))[0].half().numpy()
        )
    )
    quality = (dataset.table["quality"].to_numpy() / 5).astype(np.float32)
    found: Numbers = {}
    for name, fields in {"kept": {"train_crops": 2}, "resized": {"resize_short": 30}}.items():
        drawn = cropping.TrainingCrops(
            dataset, names, quality, recipe.model_copy(update=fields), maps, seed=3
        )
        order = cropping.EpochOrder(drawn, first_epoch=10_000)
        order.set_epoch(2)
        items = list(order)
        first = list(zip(*(drawn[item] for item in items[:3]), strict=True))
        drawn.ahead.close()
        image, _, saliency, index = map(torch.stack, first)
        found[f"order, {name}"] = np.array([number for _, number in items])
        found[f"pictures, {name}"] = np.array([*image.shape, *index])
        found[f"training, {name}"] = image.mean((2, 3)).flatten().numpy()
        found[f"maps, {name}"] = saliency.mean((1, 2, 3)).numpy()
    return found


def slopes(image: torch.Tensor) -> np.ndarray:
    """Mean differences of neighbours along both sides, (2,), which show how sharp a picture is."""
    along = [image.diff(dim=dim).abs().double().mean() for dim in (-2, -1)]
    return np.array([float(one) for one in along])


def weighed(image: torch.Tensor) -> list[torch.Tensor]:
    """Where the light of a picture lies: mean row and mean column, each from 0 to 1."""
    light = image.double().mean(0)
    light = light / light.sum()
    return [
        (light.sum(1 - dim) * torch.linspace(0, 1, light.shape[dim], dtype=torch.float64)).sum()
        for dim in (0, 1)
    ]


class Toy(nn.Module):
    """A network of one convolution, whose losses note what the global generator was seeded with."""

    def __init__(self) -> None:
        super().__init__()
        # A bias before a normalisation has no gradient but noise, which Adam would blow up.
        self.body = nn.Sequential(
            nn.Conv2d(3, 4, 5, stride=4, bias=False), nn.BatchNorm2d(4), nn.ReLU()
        )
        self.head = nn.Linear(4, 1)
        self.seeds: list[int] = []
        fill(self)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(B, 3, h, w) -> (B,)."""
        return self.head(self.body(images).mean((2, 3))).squeeze(1)

    def losses(self, batch):
        """``quality``, and ``bright``, which wants scores to follow the light of the crops."""
        self.seeds.append(torch.initial_seed() % 10_007)
        scores = self(batch.images)
        return {
            "quality": functional.mse_loss(scores, batch.quality),
            "bright": functional.l1_loss(scores, batch.images.mean((1, 2, 3))),
        }

    def parameter_groups(self, stage: Stage) -> dict[str, list[nn.Parameter]]:
        """``body`` and ``head``."""
        return {"body": list(self.body.parameters()), "head": list(self.head.parameters())}


RECIPES = {
    "adam": Recipe(
        stages=(
            Stage(epochs=2, lr=0.01, weight_decay=0.1, schedule="step", step_size=1, gamma=0.5),
        ),
        loss_weights={"quality": 2.0, "bright": 0.25},
        **{"batch_size": 3, "crop": (24, 24), **NORMAL},
    ),
    "adamw": Recipe(
        stages=(
            Stage(
                epochs=2,
                optimizer="adamw",
                lr=0.02,
                weight_decay=0.2,
                schedule="cosine",
                average=0.6,
            ),
        ),
        select="last",
        **{"batch_size": 4, "crop": (24, 24), **NORMAL},
    ),
    "sgd": Recipe(
        stages=(
            Stage(epochs=2, optimizer="sgd", lr=0.05, momentum=0.8, freeze=("body",)),
            Stage(epochs=3, optimizer="sgd", lr=0.02, weight_decay=0.1, lr_groups={"head": 0.3}),
        ),
        patience=1,
        **{"batch_size": 4, "crop": (24, 24), **NORMAL},
    ),
}
SROCCS = {
    "adam": (0.5, 0.25),
    "adamw": (0.5, 0.25),
    "sgd": (0.5, float("nan"), 0.3, 0.2, 0.9),
}
"""What validation is told to find; the last stage of sgd ends before 0.9."""


def training(folder: Path) -> Numbers:
    """Label scales, and what three recipes make of a toy network."""
    scale = LabelScale.of(np.array([3.0, 1.5, 4.0]))
    found = {
        "labels": np.array([*scale.down(np.array([1.5, 2.0, 3.7])), scale.up(0.3)]),
        **whole_fit(folder),
    }
    for name in RECIPES:
        found |= fit(folder, name)
    return found


def fit(folder: Path, name: str) -> Numbers:
    """Weights, losses and seeds of a training whose validation is told what to find."""
    from iqabench.engine.training import fit_network
    from iqabench.engine.training_module import Course

    root = folder / name
    root.mkdir()
    dataset = inputs.dataset(root)
    quality = LabelScale.of(dataset.table["quality"].to_numpy()).down(
        dataset.table["quality"].to_numpy()
    )
    drawn = cropping.TrainingCrops(
        dataset,
        list(dataset.table["image"]),
        quality.astype(np.float32),
        RECIPES[name],
        None,
        seed=5,
    )
    told, network = itertools.chain(SROCCS[name]), Toy()
    epochs = fit_network(
        Course(network, RECIPES[name], drawn, lambda _: next(told), root, "cpu", "fp32", silent)
    )
    return {
        f"{name}, weights": trained(network),
        f"{name}, losses": np.array([loss for one in epochs for loss in one.losses.values()]),
        f"{name}, epochs": np.array([[one.stage, one.epoch] for one in epochs]),
        f"{name}, seeds": np.unique(network.seeds),
    }


def whole_fit(folder: Path) -> Numbers:
    """A fit as a job has it, from labels to the kept epoch, which a true validation chooses."""
    from safetensors.torch import load_file

    from iqabench.engine.kinds.trainable import Trainable

    root = folder / "whole"
    root.mkdir()
    model = SimpleNamespace(
        build=Toy,
        recipe=RECIPES["adam"],
        card=SimpleNamespace(saliency="none"),
        kind=SimpleNamespace(has_recipe=True),
        device="cpu",
        precision="fp32",
        allow_truncated=False,
        log=None,
        compile=False,
    )
    dataset, learnt, held = inputs.dataset(root, contents=5), ("c0", "c1", "c2"), ("c3", "c4")
    job = SimpleNamespace(
        dataset=dataset,
        split=SimpleNamespace(train=learnt, validation=held),
        training=dataset.rows_of(list(learnt)),
        validation=dataset.rows_of(list(held)),
        model=model,
        maps=None,
        seed=2,
    )
    fitted = Trainable().fit(job, root, silent)
    kept = Toy()
    kept.load_state_dict(load_file(root / "weights.safetensors"))
    return {
        "job, weights": trained(kept),
        "job, validation": np.array([fitted.images, fitted.epochs, fitted.validation_srocc]),
    }


def trained(network: Toy) -> np.ndarray:
    """Some of the weights that training moved."""
    picked = {
        "body.0.weight": 7,
        "body.1.weight": 1,
        "body.1.running_mean": 2,
        "head.weight": 1,
        "head.bias": 1,
    }
    state = network.state_dict()
    return np.concatenate(
        [state[name].flatten()[:28:step].double().numpy() for name, step in picked.items()]
    )


def pooling(folder: Path) -> Numbers:
    """One score of several crops, by either way of pooling."""
    network = Toy().eval()
    pictures = {f"{seed}.png": inputs.image(60, 70, seed=seed) for seed in range(3)}
    asked = {
        "mean": {"pool": "mean", "test_crops": 5},
        "median": {"pool": "median", "test_crops": 6},
        "random": {"pool": "median", "test_crops": 5, "test_crop_kind": "random"},
    }
    found = {}

    def content_of(picture: str) -> str:
        return f"{zlib.crc32(picture.encode()):x}"

    for name, fields in asked.items():
        recipe = Recipe(crop=(24, 24), augment=(), **NORMAL, **fields)
        score = NetworkScore(network, recipe, pictures.__getitem__, content_of, "cpu", "fp32", 4)
        found[name] = np.array([score(picture) for picture in pictures])
    return found


def permutation(folder: Path) -> Numbers:
    """Who is given whose map, and the maps themselves."""
    from iqabench.registry import registry
    from iqabench.saliency.maps import MapSource
    from iqabench.saliency.permutation import partners

    rows = [
        {"image": f"{content}/{level}.png", "content": content, "reference": f"{content}.png"}
        for content in "abcdef"
        for level in range(1 + (content != "c"))
    ]
    table = pd.DataFrame(rows)
    found: Numbers = {}
    for name, columns in (("with references", table), ("without", table.drop(columns="reference"))):
        for seed in (0, 3):
            given = partners(SimpleNamespace(name="set", table=columns), seed)
            names = sorted(given)
            found[f"{name}, seed {seed}"] = np.array([names.index(given[one]) for one in names])
    dataset = inputs.dataset(folder, contents=3)
    source = MapSource(registry().provider("shuffled:seed=1:of=center:sigma=0.3"))
    image = dataset.table["image"][0]
    found["map"] = inputs.means(source.read(dataset, image))
    return found


def kit(folder: Path) -> Numbers:
    """Encoders, heads, losses between maps, fixations and distortions."""
    from iqabench.kit.heads import score_layer

    return {
        "start of a head": score_layer(3).bias.detach().numpy(),
        **encoders(),
        **map_losses(),
        **fixations(folder),
        **distortions(),
    }


def encoders() -> Numbers:
    """What blocks say of a picture: of random weights, and of those that come with a package."""
    from iqabench.kit.encoders import encoder

    found: Numbers = {}
    shown = torch.stack([inputs.image(64, 64, seed=seed) for seed in range(2)]) * 2 - 1
    for name, init in (("test_resnet", "random"), ("efficientnet-lite0", "default")):
        made = encoder(name, init)
        net = (fill(made) if init == "random" else made).eval()
        blocks: list[torch.Tensor] = []

        def gained(number: int, feature: torch.Tensor, blocks: list[torch.Tensor] = blocks):
            blocks.append(feature.double().mean())
            return feature * 1.25

        with torch.inference_mode():
            last = net(shown, gained)
        rates = [one.momentum for one in net.modules() if isinstance(one, nn.BatchNorm2d)]
        found[f"{name}, blocks"] = np.array([float(one) for one in blocks])
        found[f"{name}, last"] = last.double().mean((2, 3)).flatten()[:: last.shape[1] // 8].numpy()
        found[f"{name}, form"] = np.array([*net.channels, *net.strides, len(rates)])
        found[f"{name}, momentum"] = np.unique(rates)
    return found


def map_losses() -> Numbers:
    """Losses between maps, their gradient, and maps brought to a maximum of 1."""
    from iqabench.kit import saliency

    truth = torch.stack([inputs.saliency(32, 40, seed=seed) for seed in (0, 1)])
    guess = torch.stack([inputs.saliency(32, 40, seed=seed) for seed in (2, 3)]).requires_grad_()
    measures = ("kld", "cc", "sim", "total_variation")
    found = {name: getattr(saliency, name)(guess, truth).detach().numpy() for name in measures}
    low, high = saliency.decompose(truth, 120)
    loss = saliency.saliency_loss(guess, high, (5, -2, -1))
    loss.backward()
    resized = saliency.peak_at_one(truth * 0.3 - 0.01, (21, 50))
    return found | {
        "parts": np.array([float(low.mean()), float(high.mean())]),
        "binary parts": np.array(
            [float(one.mean()) for one in saliency.decompose(truth, 90, True)]
        ),
        "loss": np.array([float(loss.detach())]),
        "gradient of the loss": inputs.means(guess.grad[0])[::3],
        "peak at one": inputs.means(resized[0])[::3],
    }


def fixations(folder: Path) -> Numbers:
    """A map of fixations, some of them outside the picture."""
    from iqabench.kit.fixations import TRUTH_SIGMA, blurred, pixels, read_fixations

    places = inputs.noise(30, 2, seed=8) * 40 // 256
    rows = [f"a/b.png,{y}.5,{x}.5" for y, x in places]
    (folder / "places.csv").write_text("\n".join(["image,y,x", *rows]) + "\n")
    read = read_fixations(folder / "places.csv", "set/a/b.png")
    return {
        "fixations inside": np.array([len(pixels(read, (30, 35)))]),
        "fixations": inputs.means(blurred(read, (30, 35), TRUTH_SIGMA * 30 * 3))[::3],
    }


def distortions() -> Numbers:
    """How far each distortion is from the picture, in levels, at a level between two."""
    from iqabench.kit.distort import DISTORTIONS, distort
    from iqabench.kit.proxy import proxy_quality

    photo = inputs.picture(48, 56, seed=4)
    made = [distort(photo, kind.id, 3.5, seed=1) for kind in DISTORTIONS]
    away = [np.abs(one.astype(int) - photo).mean() for one in made]
    return {
        "distortions": np.array(away),
        "proxy": np.array([proxy_quality(made[number], photo) for number in (0, 10, 20)]),
    }
