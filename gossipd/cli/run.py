"""`gossipd run`: run a node."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from .config_file import load, unknown_variables
from .options import TAG, LateChoice, option, parsed
from .settings import ARGUMENTS, again, settings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path


class _GoStyleFlags(click.Command):
    """A command that also takes the original system's flags with one hyphen, as Go programs do."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        # The settings are read from the same arguments once more when the node is to do so.
        ctx.meta[ARGUMENTS] = [*args]
        original = ("-discovery-port", "-disable-discovery")
        return super().parse_args(
            ctx, [f"-{arg}" if arg.startswith(original) else arg for arg in args]
        )


def _bind_or_port(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[str, int]:
    from gossipd.daemon import DEFAULT_HOST, parse_bind

    text = (value or DEFAULT_HOST).strip()
    names_port = ":" in text.rpartition("]")[2]
    return parsed(ctx, param, parse_bind, text, None if names_port else _port_variable())


def _port_variable() -> int:
    from gossipd.daemon import DEFAULT_PORT, parse_port

    port = os.environ.get("PORT", "").strip()
    try:
        return parse_port(port) if port else DEFAULT_PORT
    except ValueError as error:
        raise click.UsageError(f"Invalid value for environment variable PORT: {error}") from None


def _advertised(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    from gossipd.daemon import parse_contact

    return parsed(ctx, param, parse_contact, value, ctx.params["bind"][1])


def _redis(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[str, int] | None:
    if value is None:
        return None
    from gossipd.daemon import parse_bind

    return parsed(ctx, param, parse_bind, value)


def _by(name: str) -> Callable[..., Any]:
    """Returns what reads the text of an option by the function of that name, in the daemon."""

    def read(ctx: click.Context, param: click.Parameter, value: str) -> Any:
        import gossipd.daemon

        return parsed(ctx, param, getattr(gossipd.daemon, name), value)

    return read


def _each_by(name: str) -> Callable[..., tuple[Any, ...]]:
    """Returns what reads the lists of an option by the function of that name, in the daemon."""

    def read(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> tuple[Any, ...]:
        import gossipd.daemon

        parse = getattr(gossipd.daemon, name)
        return tuple(dict.fromkeys(e for text in value for e in parsed(ctx, param, parse, text)))

    return read


def _tags(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> str:
    from gossipd.daemon import parse_tags

    try:
        return parse_tags(value)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from None


def _file(ctx: click.Context, param: click.Parameter, value: str | None) -> Path | None:
    from pathlib import Path

    return Path(value) if value else None


def _unless(ctx: click.Context, param: click.Parameter, value: bool) -> bool:
    return not value


def _ack_level(ctx: click.Context, param: click.Parameter, value: str) -> str | None:
    return None if value == "auto" else value


def _profiles() -> Iterable[str]:
    from gossipd.daemon import PROFILES

    return PROFILES


def _ack_levels() -> Iterable[str]:
    from gossipd.daemon import ACK_LEVELS

    return ("auto", *ACK_LEVELS)


def _log_formats() -> Iterable[str]:
    from gossipd.daemon import LOG_FORMATS

    return LOG_FORMATS


def _log_levels() -> Iterable[str]:
    from gossipd.daemon import LOG_LEVELS

    return LOG_LEVELS


@click.command(
    cls=_GoStyleFlags,
    epilog="Examples: gossipd run; gossipd run --bind 10.0.0.1 --join 10.0.0.2:8088",
)
@option(
    "--config",
    metavar="FILE",
    envvar="GOSSIPD_CONFIG",
    is_eager=True,
    expose_value=False,
    callback=load,
    help='A TOML file with options by their names, such as profile = "wan"; flags and variables'
    " have precedence. `gossipd config check` checks one.",
)
@option(
    "--bind",
    metavar="HOST[:PORT]",
    envvar="GOSSIPD_BIND",
    is_eager=True,
    callback=_bind_or_port,
    help="Listen here, TCP for HTTP and UDP for gossip. Without a port, the variable PORT counts."
    "  [default: 127.0.0.1:8088]",
)
@option(
    "--advertise",
    metavar="HOST[:PORT]",
    envvar="GOSSIPD_ADVERTISE",
    callback=_advertised,
    help="The address under which other nodes reach this one; it is also this node's id."
    "  [default: as bound, or this machine's own address]",
)
@option(
    "--join",
    metavar="HOST[:PORT]",
    multiple=True,
    envvar=["GOSSIPD_JOIN", "PEERS"],
    callback=_each_by("parse_contacts"),
    help="A node to join. Repeat it, or give a comma list; without a port: 8088.",
)
@option(
    "--cluster",
    callback=_by("check_cluster"),
    metavar="NAME",
    default="gossipd",
    show_default=True,
    envvar="GOSSIPD_CLUSTER",
    help="Nodes talk only to nodes of the same cluster name.",
)
@option(
    "--tag",
    "tags",
    type=TAG,
    multiple=True,
    envvar="GOSSIPD_TAG",
    callback=_tags,
    help="What this node says of its purpose, such as role=web; all nodes show it. Repeat it, or"
    " give a comma list. Read again at SIGHUP.",
)
@option(
    "--profile",
    type=LateChoice(_profiles),
    metavar="PROFILE",
    default="lan",
    show_default=True,
    envvar="GOSSIPD_PROFILE",
    help="Intervals and time-outs: lan (one data centre), wan (several) or local (one machine).",
)
@option(
    "--ack",
    type=LateChoice(_ack_levels),
    callback=_ack_level,
    metavar="LEVEL",
    default="auto",
    show_default=True,
    envvar="GOSSIPD_ACK",
    help="Which nodes hold a write before it is answered: all, majority, one (other), local (only"
    " this one), or auto: all up to 64 members, else one.",
)
@option(
    "--forget-after",
    callback=_by("parse_duration"),
    metavar="TIME",
    default="72h",
    show_default=True,
    envvar="GOSSIPD_FORGET_AFTER",
    help="Forget members that have been dead or left for so long: 90s, 30m, 72h, 7d, or 0 for"
    " never. The same for all nodes; the shortest time counts.",
)
@option(
    "--fold-after",
    callback=_by("parse_duration"),
    metavar="TIME",
    default="60s",
    show_default=True,
    envvar="GOSSIPD_FOLD_AFTER",
    help="Take over what earlier processes on this directory counted, so long after the start: 10s,"
    " 5m, or 0 for never.",
)
@option(
    "--max-counters",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    default=100_000,
    show_default=True,
    envvar="GOSSIPD_MAX_COUNTERS",
    help="How many named counters clients may make at this node. Those that other nodes made are"
    " taken in any case.",
)
@option(
    "--metrics-counters",
    type=click.IntRange(min=0, max=1000),
    metavar="NUMBER",
    default=100,
    show_default=True,
    envvar="GOSSIPD_METRICS_COUNTERS",
    help="How many of them /metrics shows by name: those that change most often.",
)
@option(
    "--log-format",
    type=LateChoice(_log_formats),
    metavar="FORMAT",
    default="console",
    show_default=True,
    envvar="GOSSIPD_LOG_FORMAT",
    help="Log lines on stderr: console (for people) or json (for machines).",
)
@option(
    "--log-level",
    type=LateChoice(_log_levels, case_sensitive=False),
    metavar="LEVEL",
    default="info",
    show_default=True,
    envvar="GOSSIPD_LOG_LEVEL",
    help="The least important level that is logged: debug, info, warning or error.",
)
@option(
    "--no-discovery",
    "--disable-discovery",
    "discovery",
    is_flag=True,
    callback=_unless,
    envvar="GOSSIPD_NO_DISCOVERY",
    help="Do not look for nodes by broadcast.",
)
@option(
    "--discovery-port",
    callback=_by("parse_port"),
    metavar="PORT",
    default="7000",
    show_default=True,
    envvar="GOSSIPD_DISCOVERY_PORT",
    help="The UDP port on which nodes look for each other by broadcast; the same for all.",
)
@option(
    "--http",
    metavar="HOST:PORT",
    multiple=True,
    envvar="GOSSIPD_HTTP",
    callback=_each_by("parse_places"),
    help="Answer HTTP here and not where gossip is: HOST:PORT, or unix:PATH for the owner and group"
    " of that socket. Repeat it, or give a comma list.  [default: as --bind]",
)
@option(
    "--redis",
    metavar="HOST:PORT",
    envvar="GOSSIPD_REDIS",
    callback=_redis,
    help="Answer Redis clients here: redis-cli, and the client libraries of every language.",
)
@option(
    "--no-page",
    "page",
    is_flag=True,
    callback=_unless,
    envvar="GOSSIPD_NO_PAGE",
    help="Show browsers no page at /.",
)
@option(
    "--allowed-host",
    "allowed_hosts",
    metavar="NAME",
    multiple=True,
    envvar="GOSSIPD_ALLOWED_HOST",
    callback=_each_by("parse_hosts"),
    help="A name under which clients may change something here, beside addresses, localhost and"
    " this node's own names. Repeat it, or give a comma list.",
)
@option(
    "--key-file",
    metavar="FILE",
    envvar="GOSSIPD_KEY_FILE",
    callback=_file,
    help="Seal all gossip with the first key in FILE, and open what is sealed with any of them."
    " `gossipd keys generate` makes one. Read again when it changes, and at SIGHUP.",
)
@option(
    "--accept-open",
    is_flag=True,
    envvar="GOSSIPD_ACCEPT_OPEN",
    help="Take open gossip as well, while a running cluster moves to keys.",
)
@option(
    "--tls-cert",
    metavar="FILE",
    envvar="GOSSIPD_TLS_CERT",
    callback=_file,
    help="Speak TLS with clients, by this certificate. All files of TLS are read again when they"
    " change, and at SIGHUP.",
)
@option(
    "--tls-key",
    metavar="FILE",
    envvar="GOSSIPD_TLS_KEY",
    callback=_file,
    help="The key of that certificate.",
)
@option(
    "--tls-client-ca",
    metavar="FILE",
    envvar="GOSSIPD_TLS_CLIENT_CA",
    callback=_file,
    help="Answer only clients with a certificate that one of these authorities issued.",
)
@option(
    "--token-file",
    metavar="FILE",
    envvar="GOSSIPD_TOKEN_FILE",
    callback=_file,
    help="Ask clients for tokens. FILE says who may do what, in lines that `gossipd token generate`"
    " makes. Read again when it changes, and at SIGHUP.",
)
@option(
    "--data-dir",
    metavar="DIR",
    envvar="GOSSIPD_DATA_DIR",
    help="Keep the node's state here; no other node may.  [default: a directory of this user and"
    " this --bind, ~/.local/state/gossipd/127.0.0.1_8088]",
)
@option(
    "--ephemeral",
    is_flag=True,
    envvar="GOSSIPD_EPHEMERAL",
    help="Keep nothing on disk: counts that only this node holds are lost when it ends.",
)
def run(data_dir: str | None, ephemeral: bool, **settings: Any) -> int:
    """Run a node until SIGTERM or Ctrl-C, then leave the cluster.

    A flag has precedence over its environment variable, and that over the file of --config. An
    empty variable counts as not set.
    """
    from gossipd.daemon import StartError, main

    ctx = click.get_current_context()
    args, program = ctx.meta[ARGUMENTS], ctx.find_root().command
    others = program.list_commands(ctx) if isinstance(program, click.Group) else ()
    unknown = unknown_variables(run, os.environ, others)
    config = settings_of(data_dir, ephemeral=ephemeral, **settings)
    try:
        return main(config, unknown, lambda: again(run, args))
    except StartError as error:
        raise click.ClickException(str(error)) from None
