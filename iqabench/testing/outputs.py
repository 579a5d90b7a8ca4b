"""Checks of anything that maps pictures to numbers: scores, features and saliency maps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from iqabench.testing import samples
from iqabench.testing.findings import Broken, Check, NotApplicable, first_line

if TYPE_CHECKING:
    from torch import Tensor

SAME, CLOSE = 1e-5, 1e-3
"""Largest difference, as a share of the largest output: of a repetition, and of another batch."""
BASE, ODD, TINY, HUGE = (192, 256), (211, 197), (8, 8), (1000, 1500)
"""Heights and widths of pictures."""


@dataclass
class Subject:
    """A part of a plugin under test.

    Attributes:
        what: the name of the method, as sentences name it.
        build: makes it.
        outputs: calls it: the part and pictures (B, 3, H, W) -> (B, ...), on the CPU.
        shape: the shape of the output for pictures; None stands for any number.
        like: makes another one that must give the same outputs as the given one.
        size: of the pictures.
        fixed: why it takes pictures of this size only; empty if it takes any.
        bounds: the least and the largest output; None if nothing is known.
        slack: factor on the differences that are allowed; GPUs compute in TF32.
    """

    what: str
    build: Callable[[], Any]
    outputs: Callable[[Any, Tensor], Any]
    shape: Callable[[Tensor], tuple[int | None, ...]]
    like: Callable[[Any], Any]
    size: tuple[int, int] = BASE
    fixed: str = ""
    bounds: tuple[float, float] | None = None
    slack: float = 1.0
    seen: list[float] = field(default_factory=list)

    @cached_property
    def part(self) -> Any:
        """The part, built once."""
        return self.build()

    def of(self, images: Tensor, part: Any = None) -> Tensor:
        """The outputs for pictures, after checks of their form.

        Raises:
            Broken: they have another type or shape, or are not finite.
        """
        import torch

        found = self.outputs(self.part if part is None else part, images)
        if not isinstance(found, torch.Tensor):
            raise Broken(f"{self.what} returned {type(found).__name__}, not a torch.Tensor")
        wanted = self.shape(images)
        fits = len(found.shape) == len(wanted) and all(
            side is None or side == there for side, there in zip(wanted, found.shape, strict=True)
        )
        if not fits:
            raise Broken(
                f"{self.what} returned shape {tuple(found.shape)} for pictures of shape "
                f"{tuple(images.shape)}, not {_text(wanted)}"
            )
        if not found.is_floating_point() or found.device.type != "cpu":
            raise Broken(f"{self.what} returned {found.dtype} on {found.device}, not floats on cpu")
        if not bool(torch.isfinite(found).all()):
            raise Broken(f"{self.what} returned numbers that are not finite")
        self.seen += [float(found.min()), float(found.max())]
        return found

    def differ(self, first: Tensor, second: Tensor, share: float) -> bool:
        """Whether outputs differ by more than a share of the largest."""
        most = share * self.slack * float(first.abs().max())
        return first.shape != second.shape or _gap(first, second) > most

    def batch(self, number: int, size: tuple[int, int] | None = None) -> Tensor:
        """Different pictures, of the usual size if no other is given."""
        return samples.pictures(number, *(size or self.size))


def output_checks(subject: Subject) -> Iterator[Check]:
    """The checks that hold for every kind."""
    for name, act in (
        ("output", _form),
        ("deterministic", _deterministic),
        ("batch equals single", _batch),
        ("order-independent", _order),
        ("input is left alone", _input),
        ("grey pictures", _grey),
        ("odd sizes", _odd),
        ("tiny pictures", _tiny),
        ("huge pictures", _huge),
        ("range", _range),
    ):
        yield name, partial(act, subject)


def _form(subject: Subject) -> str:
    found = subject.of(subject.batch(1))
    return f"{str(found.dtype).removeprefix('torch.')} {tuple(found.shape)}"


def _deterministic(subject: Subject) -> None:
    import torch

    images = subject.batch(1)
    first = subject.of(images)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(12345)
        again, other = subject.of(images), subject.of(images, subject.like(subject.part))
    for found, which in ((again, "a second call"), (other, "another object of the same kind")):
        if subject.differ(first, found, SAME):
            raise Broken(
                f"one picture has two results: {which} differs by {_gap(first, found):.3g}; "
                "is anything drawn at random?"
            )


def _one_by_one(subject: Subject, images: Tensor) -> Tensor:
    """The results of pictures that are given one after another."""
    import torch

    return torch.cat([subject.of(image[None]) for image in images])


def _batch(subject: Subject) -> None:
    images = subject.batch(3)
    whole = subject.of(images)
    single = _one_by_one(subject, images)
    if subject.differ(whole, single, CLOSE):
        raise Broken(
            f"three pictures in one batch have other results than one by one, by up to "
            f"{_gap(whole, single):.3g}; does a picture look at its neighbours?"
        )


def _order(subject: Subject) -> None:
    images = subject.batch(3)
    forth = _one_by_one(subject, images)
    back = _one_by_one(subject, images.flip(0)).flip(0)
    if subject.differ(forth, back, SAME):
        raise Broken(
            f"results change by up to {_gap(forth, back):.3g} with the order of the pictures; "
            "does it remember earlier ones?"
        )


def _input(subject: Subject) -> None:
    images = subject.batch(1)
    kept = images.clone()
    subject.of(images)
    if not bool((images == kept).all()):
        raise Broken(f"{subject.what} changes the pictures that it is given; copy them first")


def _grey(subject: Subject) -> None:
    subject.of(samples.grey(1, *subject.size))


def _odd(subject: Subject) -> None:
    _any_size(subject)
    subject.of(subject.batch(1, ODD))


def _tiny(subject: Subject) -> str | None:
    _any_size(subject)
    try:
        subject.of(subject.batch(1, TINY))
    except Broken:
        raise
    except Exception as error:
        return f"refused: {getattr(error, 'message', first_line(error))}"
    return None


def _huge(subject: Subject) -> None:
    _any_size(subject)
    subject.of(subject.batch(1, HUGE))


def _range(subject: Subject) -> str:
    if subject.bounds is None:
        raise NotApplicable("the card states none")
    low, high = subject.bounds
    least, most = min(subject.seen), max(subject.seen)
    if least < low or most > high:
        out = least if least < low else most
        raise Broken(f"{out:.6g} lies outside the range {low:g} to {high:g}")
    return f"{least:.6g} to {most:.6g}"


def _any_size(subject: Subject) -> None:
    if subject.fixed:
        raise NotApplicable(subject.fixed)


def _gap(first: Tensor, second: Tensor) -> float:
    return float((first - second).abs().max())


def _text(shape: tuple[int | None, ...]) -> str:
    sides = ", ".join("any" if side is None else str(side) for side in shape)
    return f"({sides},)" if len(shape) == 1 else f"({sides})"
