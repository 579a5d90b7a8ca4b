"""``iqabench completion``."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from iqabench.contract.errors import UsageError


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the script that completes commands and options in SHELL.

    bash: eval "$(iqabench completion bash)" in ~/.bashrc; zsh: the same in ~/.zshrc with zsh; fish:
    iqabench completion fish > ~/.config/fish/completions/iqabench.fish
    """
    made = get_completion_class(shell)
    if made is None:
        raise UsageError(f"no completion for {shell}", "update click")
    try:
        text = made(ctx.find_root().command, {}, "iqabench", "_IQABENCH_COMPLETE").source()
    except RuntimeError as error:  # click asks bash for its version
        raise UsageError(str(error), "update bash") from error
    click.echo(text)
