"""`gossipd members`, `status`, `events`, `register`, `remove`: the cluster, as a node sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .answers import answer, as_json, following, quoted, read, say, table
from .asking import asking
from .options import TAG
from .options import output as output_option

if TYPE_CHECKING:
    from gossipd.client import Door

_WATCH_SECONDS = 1.0
_STATES = ("alive", "suspect", "dead", "left")


@click.command(
    short_help="List the members of the cluster.",
    epilog="Examples: gossipd members; gossipd members --tag role=web --state suspect -o json",
)
@asking
@click.option(
    "--state",
    "states",
    type=click.Choice(_STATES),
    envvar="GOSSIPD_MEMBERS_STATE",
    multiple=True,
    help="Only members in this state. Repeat it for several.",
)
@click.option(
    "--tag",
    "tags",
    type=TAG,
    multiple=True,
    envvar="GOSSIPD_MEMBERS_TAG",
    help="Only members with this tag. Repeat it for members that have all of several.",
)
@click.option("--watch", is_flag=True, help="List them again whenever a state or a tag changes.")
@output_option
def members(
    door: Door, states: tuple[str, ...], tags: tuple[str, ...], watch: bool, output: str
) -> int:
    """List the members of the cluster, as a running node knows them.

    Exit codes: 0 done, 1 refused, 2 wrong usage, 3 unreachable, 130 Ctrl-C.
    """
    from time import sleep

    path = f"/v1/members?tag={quoted(','.join(tags))}" if tags else "/v1/members"
    shown: list[tuple[str, str, dict[str, str]]] | None = None
    while True:
        found = read(answer(door, path))
        now = [(row["id"], row["state"], row.get("tags", {})) for row in found["members"]]
        if now != shown:
            _list(found, states, output)
        if not watch:
            return 0
        shown = now
        sleep(_WATCH_SECONDS)


def _list(found: dict[str, Any], states: tuple[str, ...], output: str) -> None:
    rows = [row for row in found["members"] if not states or row["state"] in states]
    if output == "json":
        click.echo(as_json({**found, "members": rows}))
        return
    head = ["ID", "STATE", "SINCE", "ROUND TRIP", "VERSION", "TAGS", "NOTES"]
    listed = [head, *(_cells(row, found["node_id"]) for row in rows)]
    if not any("tags" in row for row in rows):
        listed = [[*cells[:5], *cells[6:]] for cells in listed]
    click.echo(table(listed))


def _cells(row: dict[str, Any], own: str) -> list[str]:
    notes = []
    if row["id"] == own:
        notes.append("this node")
    if row.get("local_health"):
        notes.append(f"late {row['local_health']}")
    if "key" in row:
        notes.append("gossips in the open" if row["key"] == "open" else f"key {row['key']}")
    if row["removed"]:
        notes.append("removed here")
    if row["state"] in ("suspect", "dead") and "accuser" in row:
        refused = row.get("evidence") == "refused"
        why = "was told that no process is there" if refused else "got no answer"
        notes.append(f"{row['accuser']} {why}")
    trip = f"{row['round_trip'] * 1000:.1f} ms" if "round_trip" in row else "-"
    version = row.get("version", "-")
    return [row["id"], row["state"], row["since"], trip, version, _tags(row), ", ".join(notes)]


def _tags(row: dict[str, Any]) -> str:
    return ",".join(f"{name}={value}" for name, value in row.get("tags", {}).items())


@click.command(
    short_help="Tell how a node is.",
    epilog="Examples: gossipd status; gossipd status --url http://10.0.0.2:8088 -o json",
)
@asking
@output_option
def status(door: Door, output: str) -> int:
    """Tell how a running node is: its writes, members, doors, store, seeds, and warnings.

    Exit codes: 0 done, 1 refused, 2 wrong usage, 3 unreachable. A node that takes no writes is told
    in words; `gossipd health` has an exit code for it.
    """
    text = answer(door, "/v1/status")
    if output == "json":
        click.echo(text)
        return 0
    click.echo(table(_status_rows(read(text))))
    return 0


def _status_rows(found: dict[str, Any]) -> list[list[str]]:
    # A node of an earlier release tells nothing of its gossip, doors, store and warnings.
    rows = [
        ["node", found["node_id"]],
        ["version", found["version"]],
        ["writes", "taken" if found["ready"] else f"not taken: {found['reason']}"],
        ["cluster", found["cluster"] or "none yet"],
        ["members", ", ".join(f"{n} {state}" for state, n in found["members"].items() if n)],
        ["counters", f"{found['counters']} beside default"],
        ["health", _local_health(found["local_health"])],
    ]
    if "gossip" in found:
        rows.append(["gossip", f"{found['listening']}, {found['gossip']}"])
    rows += [["door", _door(door)] for door in found.get("doors", ())]
    if "store" in found:
        rows.append(["store", _store(found["store"])])
    if found.get("tags"):
        rows.append(["tags", _tags(found)])
    for seed in found["seeds"]:
        reason = f": {seed['reason']}" if seed["reason"] else ""
        rows.append(["seed", f"{seed['name']} {seed['state']}{reason}"])
    return rows + [["warning", each] for each in found.get("warnings", ())]


def _door(door: dict[str, Any]) -> str:
    tls = "TLS with client certificates" if door["client_certificates"] else "TLS"
    return (
        f"{door['protocol']} {door['place']}, {tls if door['tls'] else 'no TLS'},"
        f" {'tokens' if door['tokens'] else 'no tokens'}"
    )


def _store(store: dict[str, Any] | None) -> str:
    if store is None:
        return "none: what only this node holds is lost with it"
    size = f"{(store['bytes'] + 999) // 1000:,} kB"
    state = store["failure"] or f"last write {store['last_write'] or 'before this start'}"
    return f"{store['path']}, {size}, {state}"


def _local_health(score: int) -> str:
    return "good" if score == 0 else f"late {score} (0 is good): this node is slow to act or answer"


@click.command(
    short_help="Follow what happens to members.",
    epilog="Examples: gossipd events; gossipd events -o json | while read -r line; do ...; done",
)
@asking
@output_option
def events(door: Door, output: str) -> int:
    """Follow what happens to members, a line for each event, until Ctrl-C.

    Exit codes: 1 refused, 2 wrong usage, 3 unreachable, or the node ended; 130 Ctrl-C.
    """
    for data in following(door, "/v1/events"):
        click.echo(data if output == "json" else _in_words(read(data)))
    return 0


def _in_words(happened: dict[str, Any]) -> str:
    head = [str(happened.pop(name)) for name in ("time", "event") if name in happened]
    return "  ".join([*head, *(f"{name}={value}" for name, value in happened.items())])


@click.command(
    short_help="Contact a node, to join it.",
    epilog="Example: gossipd register 10.0.0.2:8088",
)
@click.argument("member", metavar="HOST[:PORT]")
@asking
@output_option
def register(door: Door, member: str, output: str) -> int:
    """Let the running node contact HOST:PORT, which joins it; also after `gossipd remove`.

    Exit codes: 0 taken, 1 refused, 2 wrong usage, 3 unreachable.
    """
    answer(door, "/register", "POST", {"id": member})
    words = f"contacts {member}; `gossipd members` shows it once it has answered"
    say(output, words, id=member, status="registered")
    return 0


@click.command(
    short_help="Ignore a member at this node, or forget it everywhere.",
    epilog="Examples: gossipd remove 10.0.0.2:8088; gossipd remove --everywhere 10.0.0.3:8088",
)
@click.argument("member", metavar="HOST[:PORT]")
@click.option(
    "--everywhere",
    is_flag=True,
    help="Forget a dead or left member in the whole cluster instead.  HOST:PORT is as"
    " `gossipd members` shows it.",
)
@asking
@output_option
def remove(door: Door, member: str, everywhere: bool, output: str) -> int:
    """Let the running node ignore HOST:PORT until it is registered again. Others do not ignore it.

    Exit codes: 0 taken, 1 refused, 2 wrong usage, 3 unreachable.
    """
    if everywhere:
        found = read(answer(door, f"/v1/members/{quoted(member)}/forget", "POST", {}))
        say(output, f"{member} is forgotten; all members are told", id=member, **found)
        return 0
    answer(door, "/remove-peer", "POST", {"id": member})
    words = f"ignores {member} until `gossipd register {member}`"
    say(output, words, id=member, status="removed")
    return 0
