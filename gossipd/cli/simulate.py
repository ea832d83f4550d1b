"""`gossipd simulate`: try a cluster in virtual time."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

from .options import output as output_option


def _word(name: str, metavar: str, text: str, **more: Any) -> Callable[..., Any]:
    return click.option(f"--{name}", name.replace("-", "_"), metavar=metavar, help=text, **more)


_fault = functools.partial(_word, multiple=True)


@click.command(
    short_help="Try a cluster before you run it, in virtual time.",
    epilog="Examples: gossipd simulate partition; gossipd simulate --nodes 30 --crash 5@10"
    "\n\nWHO is 10 (nodes, drawn), 5% (of all), n7 or n3-7 (by number, from 0).",
)
@click.argument("scenario", required=False)
@click.option(
    "--scenario",
    "named",
    metavar="FILE|NAME",
    envvar="GOSSIPD_SIMULATE_SCENARIO",
    help="The same as the argument.",
)
@click.option(
    "--list",
    "listing",
    is_flag=True,
    envvar="GOSSIPD_SIMULATE_LIST",
    help="List the scenarios that ship with gossipd.",
)
@_word("nodes", "N", "How many nodes.  [default: 100]")
@_word("duration", "SECONDS", "How long, in virtual time.  [default: 60]")
@_word("seed", "N", "The seed of all random choices; equal seeds give equal runs.  [default: 1]")
@_word("start", "HOW", "joined (all know each other) or together.  [default: joined]")
@_word("seeds", "N", "Each node has the first N as its seeds.  [default: 3]")
@_word("loss", "PERCENT", "Datagrams that are lost.")
@_word("latency", "DELAY", "fixed:1ms, uniform:1ms..5ms or lognormal:2ms,0.5, one way.")
@_word("duplicate", "PERCENT", "Datagrams that arrive twice.")
@_word("reorder", "PERCENT", "Datagrams that are delayed so that others overtake them.")
@_word("writes", "RATE", "Increments in the whole cluster, as in 5/s.")
@_word("owners", "N", "Processes of earlier runs whose counts are on the first node's disk.")
@_word("dead-rows", "N", "Members that died long ago and are on the first node's disk.")
@_word("holders", "N", "So many first nodes have these, each a random half.  [default: 1]")
@_word("profile", "PROFILE", "lan, wan or local, as for gossipd run.  [default: lan]")
@_word("set", "NAME=VALUE", "A protocol setting; repeatable.", multiple=True)
@_fault("crash", "WHO@START", "Processes end; ,machine=gone. Repeatable, as all that follow.")
@_fault("restart", "WHO@START[+LENGTH]", "Crash, start again; ,state=lost, backup=10s, copy=n7.")
@_fault("power-cut", "WHO@START[+LENGTH]", "Machines lose power: what was not synced may be gone.")
@_fault("set-back", "WHO@START", "Machines return to how they were ,back=3s before; ,noticed=yes.")
@_fault("leave", "WHO@START", "Nodes leave in good order.")
@_fault("pause", "WHO@START[+LENGTH]", "Processes stand still.")
@_fault("flip-flop", "WHO@START+LENGTH", "Paused again and again; ,paused=16s,running=10ms.")
@_fault("block", "WHO@START[+LENGTH]", "Traffic waits; ,timers=stop,blocked=2s,free=10ms.")
@_fault("slow", "WHO@START[+LENGTH]", "Packets are read late; ,late=0.5s..2.5s.")
@_fault("one-way", "WHO@START[+LENGTH]", "What they send is lost; ,direction=in,loss=100.")
@_fault("nat", "WHO@START[+LENGTH]", "They talk from another address; ,mapped=no.")
@_fault("partition", "WHO@START[+LENGTH]", "Cut off from all others, then healed.")
@_fault("reject", "WHO@START[+LENGTH]", "A firewall rejects what they and ,peer=n7 send.")
@_fault("clock-jump", "WHO@START", "The wall clock jumps ,by=-1h or ,by=8760h.")
@_fault("slow-disk", "WHO@START[+LENGTH]", "Each transaction takes ,delay=20ms..200ms.")
@_fault("bad-disk", "WHO@START[+LENGTH]", "Writes fail, ,fails=100 percent.")
@_fault("increment", "WHO@START", "Count ,amount=1,ack=LEVEL there; ,others=N counters more.")
@_fault("change", "WHO@START", "Named counters: ,kind=reset (delete, again),amount=1,names=N.")
@_fault("sync", "WHO@START", "Raise the counter to ,value=N or to what ,of=n7 counts.")
@_fault("register", "WHO@START", "Register ,peer=n7 there.")
@_fault("remove", "WHO@START", "Remove ,peer=n7 there.")
@_fault("tag", "WHO@START", "Give these nodes ,tags=role=web+zone=a; ,tags= for none.")
@output_option
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
    from gossipd.sim import Output, list_scenarios, run_scenario

    if listing:
        click.echo("\n".join(list_scenarios()))
        return 0
    if scenario and named:
        raise click.UsageError("SCENARIO and '--scenario' name two scenarios")
    options = {name.replace("_", "-"): value for name, value in words.items()}
    shown = Output(json=output == "json", trace=trace, plot=plot)
    try:
        return run_scenario(scenario or named, options, shown)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
