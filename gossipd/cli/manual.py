"""`gossipd manual`: manual pages, made from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator

import click


@click.command(
    short_help="Print manual pages.",
    epilog="Examples: gossipd manual members | man -l -; gossipd manual --into /usr/share/man/man1",
)
@click.argument("command", nargs=-1)
@click.option("--into", metavar="DIR", help="Write the pages of all commands here instead.")
@click.pass_context
def manual(ctx: click.Context, command: tuple[str, ...], into: str | None) -> int:
    """Print the manual page of COMMAND, or of gossipd, in the form that `man` reads.

    Exit codes: 0 done, 1 DIR cannot be written, 2 wrong usage.
    """
    from pathlib import Path

    pages = dict(_pages(ctx.find_root().command, "gossipd"))
    if into is None:
        name = "-".join(("gossipd", *command))
        if name not in pages:
            raise click.UsageError(f"there is no command {' '.join(command)!r}")
        click.echo(pages[name])
        return 0
    try:
        for name, page in pages.items():
            (Path(into) / f"{name}.1").write_text(f"{page}\n", encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"cannot write to {into}: {error.strerror}") from None
    click.echo(f"{len(pages)} pages are in {into}")
    return 0


def _pages(
    command: click.Command, name: str, parent: click.Context | None = None
) -> Iterator[tuple[str, str]]:
    """Yields name and text of the page of a command, and of all below it."""
    # The options of a run's environment must not be parsed here.
    settings = {**command.context_settings, "max_content_width": 100}
    ctx = click.Context(command, parent=parent, info_name=name, **settings)
    page = ctx.command_path.replace(" ", "-")
    yield page, _page(ctx, page)
    if isinstance(command, click.Group):
        for each in sorted(command.commands):
            yield from _pages(command.commands[each], each, ctx)


def _page(ctx: click.Context, name: str) -> str:
    command = ctx.command
    lines = [f'.TH "{_escaped(name.upper())}" 1', ".SH NAME"]
    lines.append(f"{_escaped(name)} \\- {_escaped(command.get_short_help_str(200))}")
    usage = " ".join([ctx.command_path, *command.collect_usage_pieces(ctx)])
    lines += [".SH SYNOPSIS", _escaped(usage), ".SH DESCRIPTION"]
    lines += _paragraphs(command.help or "")
    options = [found for each in command.get_params(ctx) if (found := each.get_help_record(ctx))]
    for title, entries in (("OPTIONS", options), ("COMMANDS", _commands(command))):
        if entries:
            lines.append(f".SH {title}")
        for term, text in entries:
            lines += [".TP", f"\\fB{_escaped(term)}\\fR", _escaped(" ".join(text.split()))]
    if command.epilog:
        _, _, examples = command.epilog.partition(":\n")
        lines += [".SH EXAMPLES", *_paragraphs(f"\b\n{examples}")]
    return "\n".join(lines)


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        # What click is told to leave as it is.
        if paragraph.lstrip().startswith("\b"):
            kept = [_escaped(each.strip()) for each in paragraph.replace("\b", "").splitlines()]
            yield from (".nf", *filter(None, kept), ".fi", ".PP")
        else:
            yield from (_escaped(" ".join(paragraph.split())), ".PP")


def _commands(command: click.Command) -> list[tuple[str, str]]:
    if not isinstance(command, click.Group):
        return []
    return [(name, each.get_short_help_str(200)) for name, each in sorted(command.commands.items())]


def _escaped(text: str) -> str:
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{text}" if text.startswith((".", "'")) else text
