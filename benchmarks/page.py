"""The text of docs/performance.md, made of what the benchmarks found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from measurement import Measurement

HEAD = """# How fast it is

`make bench` makes this page of benchmarks/results/*.json; edit benchmarks/page.py, not the page.
Each figure is a median over rounds in which iqabench and what it is compared with took turns in one
run. Trust the ratios; the seconds are those of one machine. `make bench` runs the benchmarks that
end in about a quarter of an hour together, `make bench-full` all of them at full size, and
`python benchmarks/all.py --only NAME` one.
"""
GPU = """
## On a GPU

GPU figures are not measured yet: no GPU was at hand. To get them, run on a machine with one

```
python benchmarks/gpu.py -o gpu.json              # at most 8 minutes
python benchmarks/gpu.py --page gpu.json          # makes docs/gpu.md
```
"""
ROW = "| What | Value | Ours | Other | Limit | Median of |\n|---|---|---|---|---|---|\n"

SHOWN = 12
"""Last printed lines that the page shows of a script that tells no measurement."""


def page(known: Mapping[str, Mapping[str, Any]], found: Mapping[str, Mapping[str, Any]]) -> str:
    """The page: for each script what it promises and what it found."""
    parts = [HEAD]
    for name, own in known.items():
        parts += _section(name, own, found.get(name))
    return "".join([*parts, GPU])


def _section(name: str, own: Mapping[str, Any], found: Mapping[str, Any] | None) -> Iterator[str]:
    yield f"\n## {own['title']}\n\n"
    for aim in own.get("aims", ()):
        yield f"- Aim: {aim}\n"
    if own.get("aims"):
        yield "\n"
    if found is None:
        size = "quick" if own.get("quick") is not None else "full"
        yield f"Not measured yet: `{_command(name, own[size])}`.\n"
        return
    rows = [Measurement(**one) for one in found["measurements"]]
    if rows:
        yield ROW
        yield from map(_row, rows)
    else:
        yield "\n".join(["```", *found["printed"][-SHOWN:], "```", ""])
    yield f"\n`{found['command']}`, {_where(found)}\n"


def _row(one: Measurement) -> str:
    cells = (
        one.name,
        f"{one.value:.3g} {one.unit}",
        one.ours,
        one.theirs,
        one.verdict,
        str(one.rounds),
    )
    return f"| {' | '.join(cells)} |\n"


def _where(found: Mapping[str, Any]) -> str:
    machine = found["machine"]
    versions = ", ".join(f"{name} {text}" for name, text in machine["versions"].items())
    load = "unknown" if found["load"] is None else f"{found['load']:.1f}"
    flags = f" ({', '.join(machine['flags'])})" if machine["flags"] else ""
    return (
        f"{found['date'][:10]}, {found['seconds']:.0f} s, commit {found['commit'] or 'unknown'}; "
        f"{machine['processor']}{flags}, {machine['cores']} cores, load before {load}; "
        f"Python {machine['python']}, {versions}."
    )


def _command(name: str, arguments: list[str]) -> str:
    return " ".join(["python", f"benchmarks/{name}.py", *arguments])
