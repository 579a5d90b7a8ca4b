"""What is known of one job: facts, the epochs of its training, and their curves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from iqabench.contract.errors import UsageError
from iqabench.report import canvas, curves
from iqabench.report.tables import Row, milliseconds_text, number_text
from iqabench.store import Job
from iqabench.store.records import ImportIdentity, ModelIdentity


def facts(job: Job) -> dict[str, Any]:
    """The facts that people ask for; the record has all of them."""
    record, identity = job.record, job.record.identity
    found: dict[str, Any] = {
        "job": job.fingerprint,
        "what": record.title,
        "state": record.status,
        "began": record.began[:19].replace("T", " "),
        "took": f"{record.seconds:.1f} s",
        "data set": identity.dataset,
    }
    if isinstance(identity, ImportIdentity):
        found["model"] = identity.label
    else:
        found |= {"seed": identity.seed, **_model(identity.model)}
        found["saliency"] = record.saliency
    found |= {
        "split": getattr(identity, "split", None),
        "fit": getattr(identity, "fit", None),
        "parameters": record.parameters,
        "epochs": record.epochs,
        "validation SROCC": _defined(number_text(record.validation_srocc)),
        "pictures": record.images,
        "failed pictures": record.failed_images,
        "noted pictures": record.noted_images,
        **{f"note: {note}": count for note, count in record.notes.items()},
        "ms/image": _defined(milliseconds_text(record.seconds_per_image)),
        "error": record.error,
        "hint": record.hint,
        "folder": str(job.folder),
        "files": ", ".join(sorted(path.name for path in job.folder.iterdir())),
    }
    return {name: value for name, value in found.items() if value not in (None, "")}


def epoch_rows(job: Job) -> list[Row]:
    """One row per epoch: the mean of each loss and the validation SROCC."""
    return [
        {
            "stage": one.stage + 1,
            "epoch": one.epoch + 1,
            **{f"loss {name}": value for name, value in one.losses.items()},
            "validation SROCC": number_text(one.validation_srocc),
        }
        for one in job.epochs
    ]


def draw(job: Job, path: Path) -> None:
    """Draw losses and validation SROCC over the epochs, as PNG, PDF or SVG.

    Each loss is drawn as a share of its largest value, since they differ in size; the legend names
    that value.

    Raises:
        UsageError: the job has no epochs, or the file cannot be written.
    """
    found = job.epochs
    if not found:
        raise UsageError(
            f"{job.record.title}: no epochs to draw",
            "only the fit of a network has some; `iqabench show` lists the jobs",
        )
    made = canvas.figure(canvas.PAGE, 4.5)
    upper, lower = made.subplots(2, sharex=True)
    numbers = range(1, len(found) + 1)
    for number, name in enumerate(found[0].losses):
        values = [one.losses.get(name, float("nan")) for one in found]
        most = max(map(abs, values)) or 1.0
        shares = [value / most for value in values]
        label = f"{name}, at most {most:.3g}"
        upper.plot(numbers, shares, marker=".", label=label, **curves.Style(number).line)
    upper.set(ylabel="loss / its largest", title=job.record.title)
    upper.legend(fontsize="small")
    srocc = [
        float("nan") if one.validation_srocc is None else one.validation_srocc for one in found
    ]
    lower.plot(numbers, srocc, marker=".", color=canvas.BLUE)
    lower.set(xlabel="epoch", ylabel="validation SROCC")
    lower.xaxis.get_major_locator().set_params(integer=True)
    canvas.save(made, path)


def _model(model: ModelIdentity) -> dict[str, Any]:
    code = model.code
    return {
        "model": model.model,
        "options": ", ".join(f"{key}={value}" for key, value in sorted(model.options.items())),
        "code": code.package + ("" if code.behaviour is None else f", behaviour {code.behaviour}"),
        "weights": model.weights,
        "device": f"{model.device}, {model.precision}",
    }


def _defined(text: str) -> str:
    return "" if text == "-" else text
