"""`gossipd monitor`: a running node, live in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .answers import answer
from .asking import asking

if TYPE_CHECKING:
    from gossipd.client import Door


@click.command(
    short_help="Watch a node live in the terminal.",
    epilog="Examples: NO_COLOR=1 gossipd monitor; gossipd monitor --url http://10.0.0.2:8088",
)
@asking
def monitor(door: Door) -> int:
    """Watch a node in the terminal: members, rates, counters that move, and events.

    \b
    q quit              s sort members by state, id, round trip, since
    f filter by state   c sort counters by rate, name, value, last change
    / filter by text    r reverse both orders
    tab change list     arrows move in that list; escape shows all again

    A node that is lost is asked again each second, and the view says so. It needs the extra
    `monitor`: pip install 'gossipd[monitor]'.

    Exit codes: 0 left by q, 1 refused, 2 no terminal or wrong usage, 3 unreachable at the start,
    130 Ctrl-C, 143 SIGTERM.
    """
    try:
        from gossipd.monitor import NoTerminal
        from gossipd.monitor import monitor as show
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"{error.name} is not installed: pip install 'gossipd[monitor]'"
        ) from None
    # A node that is not there is told as by other commands, and not on a screen of its own.
    answer(door, "/v1/status")
    try:
        return show(door)
    except NoTerminal as error:
        raise click.UsageError(
            f"{error}; `gossipd members` and `gossipd events` need none"
        ) from None
