"""The command line: reads flags and environment, builds a config, starts. No logic of its own.

Everything that costs time to import is imported by the command that needs it.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from gossipd import __version__

if TYPE_CHECKING:
    from gossipd.daemon.config import AckLevel, LogFormat, LogLevel, Profile

INTERRUPTED = 130  # what a shell reports for a program that Ctrl-C ended
MAX_TIMEOUT = 3600  # seconds that `gossipd health` may be told to wait


def _checked(function: str) -> Callable[[click.Context, click.Parameter, str], Any]:
    """An option's callback: that function of `gossipd.daemon.config` makes the value or refuses."""

    def callback(ctx: click.Context, param: click.Parameter, value: str) -> Any:
        from gossipd.daemon import config

        try:
            return getattr(config, function)(value.strip())
        except ValueError as error:
            raise click.BadParameter(str(error), ctx, param) from None

    return callback


class _Option(click.Option):
    """An option with an environment variable, which an error names if it is at fault."""

    def get_error_hint(self, ctx: click.Context | None) -> str:
        hint = " / ".join(f"'{name}'" for name in [*self.opts, *self.secondary_opts])
        source = ctx.get_parameter_source(self.name or "") if ctx else None
        if source is click.core.ParameterSource.ENVIRONMENT:
            names = [self.envvar] if isinstance(self.envvar, str) else self.envvar or ()
            hint += f" (environment variable {next(n for n in names if os.environ.get(n))})"
        return hint


_option = functools.partial(click.option, cls=_Option, show_envvar=True)


class _OneLineErrors(click.Group):
    """A group whose every failure is one line on stderr and an exit code, and never a traceback."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        try:
            code = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        except click.ClickException as error:
            message = " ".join(error.format_message().split())
            click.echo(f"Error: {message}", err=True)
            code = error.exit_code
        except (click.Abort, KeyboardInterrupt):
            click.echo("Interrupted", err=True)
            code = INTERRUPTED
        except BrokenPipeError:
            # The interpreter flushes stdout once more at its end and would complain about it.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = 1
        sys.exit(code)


class _GoStyleFlags(click.Command):
    """A command that takes the flags of the original system with one hyphen, as Go programs do."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        original = ("-discovery-port", "-disable-discovery")
        return super().parse_args(
            ctx, [f"-{arg}" if arg.startswith(original) else arg for arg in args]
        )


@click.group(
    cls=_OneLineErrors,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="gossipd", message="%(prog)s %(version)s")
@click.pass_context
def main(ctx: click.Context) -> int:
    """Know which nodes are alive, and count together with them.

    Run one daemon beside each instance of your application.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 daemon unreachable.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        ctx.exit(2)
    return 0


def _bind_or_port(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[str, int]:
    from gossipd.daemon import config

    if value:
        bind: tuple[str, int] = _checked("parse_bind")(ctx, param, value)
        return bind
    port = os.environ.get("PORT", "").strip()
    try:
        return config.DEFAULT_HOST, config.parse_port(port) if port else config.DEFAULT_PORT
    except ValueError as error:
        raise click.UsageError(f"Invalid value for environment variable PORT: {error}") from None


def _advertised(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    from gossipd.daemon import config

    try:
        return config.parse_contact(value.strip(), ctx.params["bind"][1])
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from None


def _contacts(
    ctx: click.Context, param: click.Parameter, value: tuple[str, ...]
) -> tuple[str, ...]:
    parse = _checked("parse_contacts")
    return tuple(dict.fromkeys(contact for text in value for contact in parse(ctx, param, text)))


@main.command(cls=_GoStyleFlags)
@_option(
    "--bind",
    metavar="HOST:PORT",
    envvar="GOSSIPD_BIND",
    is_eager=True,
    callback=_bind_or_port,
    help="Listen here, TCP for HTTP and UDP for gossip. Without it, PORT replaces only the port."
    "  [default: 127.0.0.1:8088]",
)
@_option(
    "--advertise",
    metavar="HOST[:PORT]",
    envvar="GOSSIPD_ADVERTISE",
    callback=_advertised,
    help="The address under which other nodes reach this one; it is also this node's id."
    "  [default: as bound, or this machine's own address]",
)
@_option(
    "--join",
    metavar="HOST[:PORT]",
    multiple=True,
    envvar=["GOSSIPD_JOIN", "PEERS"],
    callback=_contacts,
    help="A node to join. Repeat it, or give a comma list; without a port: 8088.",
)
@_option(
    "--cluster",
    callback=_checked("check_cluster"),
    metavar="NAME",
    default="gossipd",
    show_default=True,
    envvar="GOSSIPD_CLUSTER",
    help="Nodes talk only to nodes of the same cluster name.",
)
@_option(
    "--profile",
    type=click.Choice(["lan", "wan", "local"]),
    metavar="PROFILE",
    default="lan",
    show_default=True,
    envvar="GOSSIPD_PROFILE",
    help="Intervals and time-outs: lan (one data centre), wan (several) or local (one machine).",
)
@_option(
    "--ack",
    type=click.Choice(["auto", "all", "majority", "one", "local"]),
    metavar="LEVEL",
    default="auto",
    show_default=True,
    envvar="GOSSIPD_ACK",
    help="Who holds a write before it is answered: all, majority, one (other node), local (only"
    " this one), or auto: all up to 64 members, else one.",
)
@_option(
    "--log-format",
    type=click.Choice(["console", "json"]),
    metavar="FORMAT",
    default="console",
    show_default=True,
    envvar="GOSSIPD_LOG_FORMAT",
    help="Log lines on stderr: console (for people) or json (for machines).",
)
@_option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"], case_sensitive=False),
    metavar="LEVEL",
    default="info",
    show_default=True,
    envvar="GOSSIPD_LOG_LEVEL",
    help="The least important lines to log: debug, info, warning or error.",
)
@_option(
    "--no-discovery",
    "--disable-discovery",
    "no_discovery",
    is_flag=True,
    envvar="GOSSIPD_NO_DISCOVERY",
    help="Do not look for nodes by broadcast. (Broadcast is not there yet.)",
)
@_option(
    "--discovery-port",
    callback=_checked("parse_port"),
    metavar="PORT",
    default="7000",
    show_default=True,
    envvar="GOSSIPD_DISCOVERY_PORT",
    help="The UDP port for that.",
)
@_option(
    "--ephemeral",
    is_flag=True,
    envvar="GOSSIPD_EPHEMERAL",
    help="Keep nothing on disk. (Nothing is kept yet.)",
)
def run(
    bind: tuple[str, int],
    advertise: str | None,
    join: tuple[str, ...],
    cluster: str,
    profile: Profile,
    ack: AckLevel | str,
    log_format: LogFormat,
    log_level: LogLevel,
    no_discovery: bool,
    discovery_port: int,
    ephemeral: bool,
) -> int:
    """Run a node until SIGTERM or Ctrl-C, then leave the cluster.

    A flag has precedence over its environment variable. An empty variable counts as not set.
    """
    from gossipd import daemon
    from gossipd.daemon.config import DaemonConfig

    config = DaemonConfig(
        bind=bind,
        advertise=advertise,
        join=join,
        cluster=cluster,
        profile=profile,
        ack=None if ack == "auto" else ack,  # type: ignore[arg-type]  # click has checked it
        log_format=log_format,
        log_level=log_level,
        discovery=not no_discovery,
        discovery_port=discovery_port,
        ephemeral=ephemeral,
    )
    return daemon.main(config)


@main.command()
@click.option(
    "--url",
    metavar="URL",
    help="Where the daemon answers.  [default: from GOSSIPD_BIND or PORT, else"
    " http://127.0.0.1:8088]",
)
@click.option(
    "--timeout",
    type=float,
    metavar="SECONDS",
    default=5,
    show_default=True,
    help="Wait this long for the answer.",
)
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="What to print on stdout.",
)
def health(url: str | None, timeout: float, output: str) -> int:
    """Ask a running node whether it is ready.

    Exit codes: 0 ready, 1 not ready, 2 wrong usage, 3 unreachable.
    """
    from gossipd.health import ask, default_url

    if not 0 < timeout <= MAX_TIMEOUT:
        raise click.UsageError(
            f"Invalid value for '--timeout': {timeout:g} is not above 0 and at most {MAX_TIMEOUT}"
        )
    try:
        url = url or default_url(dict(os.environ))
        verdict = ask(url, timeout)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if output == "json":
        import json

        answer = {"status": verdict.status, "detail": verdict.detail, "url": url}
        click.echo(json.dumps(answer, separators=(",", ":")))
    else:
        click.echo(f"{verdict.status}: {verdict.detail}", err=verdict.exit_code != 0)
    return verdict.exit_code


def _word(name: str, metavar: str, text: str, **more: Any) -> Callable[..., Any]:
    return click.option(f"--{name}", name.replace("-", "_"), metavar=metavar, help=text, **more)


_fault = functools.partial(_word, multiple=True)


@main.command(epilog="WHO is 10 (nodes, drawn), 5% (of all), n7 or n3-7 (by number, from 0).")
@click.argument("scenario", required=False)
@click.option("--scenario", "named", metavar="FILE|NAME", help="The same as the argument.")
@click.option("--list", "listing", is_flag=True, help="List the scenarios that ship with gossipd.")
@_word("nodes", "N", "How many nodes.  [default: 100]")
@_word("duration", "SECONDS", "How long, in virtual time.  [default: 60]")
@_word("seed", "N", "What all chance is drawn from; equal seeds give equal runs.  [default: 1]")
@_word("start", "HOW", "joined (all know each other) or together.  [default: joined]")
@_word("seeds", "N", "Each node has the first N as its seeds.  [default: 3]")
@_word("loss", "PERCENT", "Datagrams that are lost.")
@_word("latency", "DELAY", "fixed:1ms, uniform:1ms..5ms or lognormal:2ms,0.5, one way.")
@_word("duplicate", "PERCENT", "Datagrams that arrive twice.")
@_word("reorder", "PERCENT", "Datagrams that are held back for others to overtake them.")
@_word("writes", "RATE", "Increments in the whole cluster, as in 5/s.")
@_word("profile", "PROFILE", "lan, wan or local, as for gossipd run.  [default: lan]")
@_word("set", "NAME=VALUE", "A protocol setting; repeatable.", multiple=True)
@_fault("crash", "WHO@START", "Processes end without a word. Repeatable, as all that follow.")
@_fault("restart", "WHO@START[+LENGTH]", "Crash, start again; ,state=lost, backup=10s, copy=n7.")
@_fault("leave", "WHO@START", "Nodes leave in good order.")
@_fault("pause", "WHO@START[+LENGTH]", "Processes stand still.")
@_fault("flip-flop", "WHO@START+LENGTH", "Paused again and again; ,paused=16s,running=10ms.")
@_fault("block", "WHO@START[+LENGTH]", "I/O waits, timers run; ,blocked=2s,free=10ms: repeatedly.")
@_fault("slow", "WHO@START[+LENGTH]", "Packets are read late; ,late=0.5s..2.5s.")
@_fault("one-way", "WHO@START[+LENGTH]", "What they send is lost; ,direction=in,loss=100.")
@_fault("partition", "WHO@START[+LENGTH]", "Cut off from all others, then healed.")
@_fault("clock-jump", "WHO@START", "The wall clock jumps ,by=-1h; seen at the next start.")
@_fault("slow-disk", "WHO@START[+LENGTH]", "Each write takes ,delay=20ms..200ms.")
@_fault("bad-disk", "WHO@START[+LENGTH]", "Each write fails.")
@_fault("increment", "WHO@START", "Count ,amount=1,ack=LEVEL at these nodes.")
@_fault("sync", "WHO@START", "Raise the counter to ,value=N or to what ,of=n7 counts.")
@_fault("register", "WHO@START", "Register ,peer=n7 there.")
@_fault("remove", "WHO@START", "Remove ,peer=n7 there.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="What to print on stdout.",
)
@click.option("--plot", metavar="FILE.png", help="Draw the run; needs the extra gossipd[sim].")
@click.option("--trace", is_flag=True, help="Print a line for each change of state.")
def simulate(
    scenario: str | None,
    named: str | None,
    listing: bool,
    output: str,
    plot: str | None,
    trace: bool,
    **words: Any,
) -> int:
    """Try a cluster before you run it: the same protocol under virtual time, with faults.

    SCENARIO is a TOML file or the name of a scenario that ships with gossipd; options replace its
    words. Exit codes: 0 done, 2 wrong usage, 130 interrupted (what was seen is printed).
    """
    from gossipd.sim import command

    if listing:
        click.echo("\n".join(command.listing()))
        return 0
    if scenario and named:
        raise click.UsageError("SCENARIO and '--scenario' name two scenarios")
    options = {name.replace("_", "-"): value for name, value in words.items()}
    shown = command.Output(json=output == "json", trace=trace, plot=plot)
    try:
        return command.simulate(scenario or named, options, shown)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
