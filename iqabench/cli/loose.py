"""Options of commands for pictures outside every data set."""

from __future__ import annotations

from pathlib import Path

import click

from iqabench.cli.options import Function, saliency_option


def loose_options(function: Function) -> Function:
    """``MODEL IMAGES...``, ``--weights``, ``--set``, ``--saliency``: pictures of no data set."""
    images = click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
    return click.argument("model")(images(loose_choices(saliency_option(function))))


def loose_choices(function: Function) -> Function:
    """``--weights`` and ``--set`` of models that are not to be trained."""
    options = (
        click.option(
            "--weights",
            default="published",
            show_default=True,
            metavar="WHICH",
            help="published, FILE or job:ID.",
        ),
        click.option(
            "--set",
            "overrides",
            multiple=True,
            metavar="MODEL.KEY=VALUE",
            help="Override an option, or MODEL.recipe.KEY; repeatable, the last of one key counts.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function
