"""A store as large as a study, of made-up scores: models x data sets x seeds, and the pictures."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageFilter
from skimage import data
from stored import HOLD_OUT, evaluation, job_record, keep, predict_identity

from iqabench import Session
from iqabench.contract.cards import Protocol
from iqabench.data.splits import hold_out
from iqabench.store import Store
from iqabench.store.fingerprints import digest
from iqabench.store.records import Timing

SIZE = (192, 144)


@dataclass(frozen=True)
class Study:
    """Where everything lies."""

    store: Path
    catalog: Path


def study(root, models, sets, seeds, contents=25, levels=8):
    """Each of ``models`` tested within each of ``sets``, noisier the later it is named."""
    random = np.random.default_rng(0)
    catalog, made = root / "catalog.yaml", Study(root / "store", root / "catalog.yaml")
    store = Store(made.store)
    store.prepare()
    lines = ["datasets:"]
    for name in sets:
        _pictures(root / name, contents, levels, random)
        columns = "{image: file, mos: score, content: scene, distortion: kind, level: level}"
        lines += [f"  {name}:", "    reader: csv", f"    root: {root / name}"]
        lines += ["    labels: scores.csv", f"    columns: {columns}"]
    catalog.write_text("\n".join(lines) + "\n")
    session = Session(catalog)
    for name in sets:
        dataset = session.dataset(name)
        store.save_table(name, dataset.hash, dataset.table)
        for seed in range(seeds):
            split = hold_out(name, dataset.table["content"], seed, Protocol())
            store.save_split(split.record())
            for place, model in enumerate(models):
                rows = dataset.rows_of(list(split.test))
                noise = random.normal(0, 0.3 + 0.1 * place, len(rows))
                scores = pd.DataFrame({"image": rows["image"], "prediction": rows["mos"] + noise})
                _save(store, dataset, model, seed, split, scores)
    return made


def _save(store, dataset, model, seed, split, scores):
    """One predict job and the evaluation that uses it."""
    identity = predict_identity(model, dataset.name, dataset.hash, seed=seed)
    record = job_record(
        model,
        identity,
        began=f"{seed}",
        title=f"predict with {model}",
        seconds_per_image=0.01,
        timing=Timing(device="cpu", precision="fp32", threads=1, pictures=len(scores)),
        parameters=9,
    )
    predict = keep(store, record, scores.assign(error=None, notes=""))
    store.save_evaluation(
        evaluation(
            label=model,
            model=model,
            config=digest({"model": model}),
            protocol=HOLD_OUT,
            train=dataset.name,
            test=dataset.name,
            test_hash=dataset.hash,
            seed=seed,
            split=split.hash,
            contents=split.test,
            predict=predict,
            shared=(),
        )
    )


def _pictures(root, contents, levels, random):
    """Crops of photographs, blurred and noisy, and their labels."""
    root.mkdir(parents=True)
    photos = [data.astronaut(), data.coffee(), data.chelsea()]
    rows = []
    for content in range(contents):
        photo = photos[content % len(photos)]
        height, width = photo.shape[:2]
        top, left = random.integers(0, height - SIZE[1]), random.integers(0, width - SIZE[0])
        crop = photo[top : top + SIZE[1], left : left + SIZE[0]]
        for level in range(1, levels + 1):
            noisy = np.clip(crop + random.normal(0, 4 * level, crop.shape), 0, 255)
            blurred = Image.fromarray(crop).filter(ImageFilter.GaussianBlur(0.3 * level))
            for kind, made in (
                ("noise", Image.fromarray(noisy.astype("uint8"))),
                ("blur", blurred),
            ):
                name = f"{kind}_{content:02d}_{level}.jpg"
                made.save(root / name, quality=90)
                rows.append((name, 5 - 4 * level / levels, f"scene {content}", kind, level))
    table = pd.DataFrame(rows, columns=["file", "score", "scene", "kind", "level"])
    table.to_csv(root / "scores.csv", index=False)
