"""The text of docs/gpu.md, made of what benchmarks/gpu.py found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

HEAD = """# On a GPU

Made by `python benchmarks/gpu.py --page FILE.json` of one run of that script: random weights,
generated pictures, one device. A crop has the size that the model's recipe asks for.
"""
SPEED = """
## Training and prediction

Medians. A step is forward, backward and optimiser with the recipe's batch; memory is the most that
tensors took on the device.

| Model | Way | Precision | Batch | Step | Trained crops/s | MiB | Predicted crops/s | MiB |
|---|---|---|---|---|---|---|---|---|
"""
AGREEMENT = """
## Precisions and devices

Scores of the same crops by the same weights, after the few training steps of this script, in fp32
on the GPU and otherwise.

| Model | Crops | SROCC with bf16 | with TF32 | Spread | Largest difference: bf16 | TF32 | CPU |
|---|---|---|---|---|---|---|---|
"""
HARNESS = """
## The harness beside a bare loop

An epoch of `iqabench run`, its validation included, is half of what a fit of three epochs takes
longer than one of one epoch; the bare epoch is the step above times the number of steps, and the
bare prediction of the validation part. A picture of the bare prediction is decoded, and its crops
are scored from tensors in memory. All in fp32.

| Model | What | iqabench | Bare loop | Ratio |
|---|---|---|---|---|
"""


def write(found: Mapping[str, Any], path: Path) -> None:
    """Write the page of what was found."""
    path.write_text("".join(_page(found)), encoding="utf-8")


def _page(found: Mapping[str, Any]) -> Iterator[str]:
    yield HEAD
    machine = found["machine"]
    versions = ", ".join(f"{name} {text}" for name, text in machine.get("versions", {}).items())
    tiny = "; toy sizes, which say nothing about speed" if found["tiny"] else ""
    yield (
        f"\n{found['date'][:10]}, {machine.get('device')}, CUDA {machine.get('cuda')}, "
        f"{versions}{tiny}.\n"
    )
    yield SPEED
    yield from (_speed(row) for row in found["rows"] if "step_ms" in row)
    yield AGREEMENT
    yield from (_agreement(row) for row in found["rows"] if row["kind"] == "agreement")
    yield HARNESS
    yield from (_harness(row) for row in found["rows"] if row["kind"] == "harness")
    if found["left_out"]:
        yield "\n## Left out\n\n"
        yield from (f"- {one['part']}: {one['why']}\n" for one in found["left_out"])


def _speed(row: Mapping[str, Any]) -> str:
    return _cells(
        row["model"],
        row["kind"],
        row["precision"],
        row["batch"],
        f"{row['step_ms']:.1f} ms",
        f"{row['train_per_s']:.0f}",
        _memory(row["train_mib"]),
        f"{row['predict_per_s']:.0f}",
        _memory(row["predict_mib"]),
    )


def _agreement(row: Mapping[str, Any]) -> str:
    return _cells(
        row["model"],
        row["crops"],
        f"{row['srocc_bf16']:.4f}",
        f"{row['srocc_tf32']:.4f}",
        *(f"{row[name]:.2g}" for name in ("spread", "most_bf16", "most_tf32", "most_cpu")),
    )


def _harness(row: Mapping[str, Any]) -> str:
    if "epoch_s" in row:
        what, ours, bare = f"epoch of {row['steps']} steps", row["epoch_s"], row["bare_epoch_s"]
    else:
        what, ours, bare = "picture", row["picture_s"], row["bare_picture_s"]
    return _cells(row["model"], what, f"{ours:.4f} s", f"{bare:.4f} s", f"{ours / bare:.2f}")


def _memory(mib: float | None) -> str:
    return "-" if mib is None else f"{mib:.0f}"


def _cells(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |\n"
