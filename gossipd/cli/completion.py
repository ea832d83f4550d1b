"""`gossipd completion`: what lets a shell complete commands and options."""

from __future__ import annotations

import click

_SHELLS = ("bash", "zsh", "fish")


@click.command(
    short_help="Print what lets a shell complete commands.",
    epilog="Example: gossipd completion bash >~/.local/share/bash-completion/completions/gossipd",
)
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> int:
    """Print a script for SHELL that lets it complete the commands and options of gossipd.

    Exit codes: 0 done, 2 wrong usage.
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(ctx.find_root().command, {}, "gossipd", "_GOSSIPD_COMPLETE").source())
    return 0
