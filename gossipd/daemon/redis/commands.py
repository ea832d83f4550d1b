"""The table of commands: how many arguments they take, what clients are told of them, and code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import attrs

from gossipd.protocol import Change

from ..access import Role
from ..resp import Status, Value
from . import connecting, counting, reading, subscribing, writing
from .context import Context
from .errors import Failed
from .view import View
from .writing import Plan

Call: TypeAlias = "Callable[[Context, list[bytes]], Value | Iterator[bytes]]"


@attrs.frozen
class Command:
    """A command.

    Attributes:
        name: in capitals.
        arity: the number of its arguments, itself counted; a negative one is the least number.
        flags: what it does, in Redis's words.
        keys: the first and the last argument that is a key, and the step between them.
        group: the family to which Redis's documentation assigns it.
        summary: what it does here.
        call: makes its answer, if it writes nothing.
        change: makes the change that it counts, if it only counts; its answer is the value.
        plan: makes what it writes, or its answer if that is nothing, if it writes anything else.
            A session carries out itself what has neither.
        role: which role a client must have, where clients have tokens; None for what it may do
            before it has shown one. It follows from the flags.
    """

    name: str
    arity: int
    flags: str
    keys: tuple[int, int, int]
    group: str
    summary: str
    call: Call | None = None
    change: Callable[[list[bytes]], Change] | None = None
    plan: Callable[[View, list[bytes]], Plan | Value] | None = None
    role: Role | None = attrs.field(init=False)

    @role.default
    def _role(self) -> Role | None:
        flags = self.flags.split()
        if "no_auth" in flags:
            return None
        return "count" if "write" in flags else "read"

    def check(self, request: list[bytes]) -> None:
        """Raises Failed if the request has not as many arguments as there must be."""
        given = len(request)
        if given != self.arity if self.arity > 0 else given < -self.arity:
            raise Failed(f"ERR wrong number of arguments for '{self.name.lower()}' command")

    def info(self) -> Value:
        """Returns what COMMAND INFO says of it."""
        flags = {Status(flag) for flag in self.flags.split()}
        group = {Status(f"@{self.group}")}
        return [self.name.lower(), self.arity, flags, *self.keys, group, [], [], []]

    def documentation(self) -> Value:
        """Returns what COMMAND DOCS says of it."""
        return {"summary": self.summary, "since": "1.0.0", "group": self.group}


def _reads(read: Callable[[View, list[bytes]], Value]) -> Call:
    return lambda context, request: read(context.view, request)


def _keys(context: Context, request: list[bytes]) -> Iterator[bytes]:
    return reading.keys(context.view, request, context.caller.resp)


def _scan(context: Context, request: list[bytes]) -> Value:
    return reading.scan(context.view, request, context.scans)


def _command(context: Context, request: list[bytes]) -> Value:
    """COMMAND, COMMAND COUNT, COMMAND INFO [name ...], COMMAND DOCS [name ...]."""
    match [one.upper() for one in request[1:]]:
        case []:
            return [one.info() for one in COMMANDS.values()]
        case [b"COUNT"]:
            return len(COMMANDS)
        case [b"INFO", *names]:
            found = [find(name) for name in names] if names else [*COMMANDS.values()]
            return [None if one is None else one.info() for one in found]
        case [b"DOCS", *names]:
            found = [find(name) for name in names] if names else [*COMMANDS.values()]
            return {one.name.lower(): one.documentation() for one in found if one is not None}
    shown = request[1][:128].decode("utf-8", "replace")
    raise Failed(f"ERR unknown subcommand '{shown}'. There are: COUNT, INFO, DOCS.")


_KEY, _ALL, _NONE = (1, 1, 1), (1, -1, 1), (0, 0, 0)
_READS = "readonly fast"
_COUNTS = "write denyoom fast"
_TALKS = "noscript loading stale fast"
_GREETS = f"{_TALKS} no_auth"
_FOLLOWS = "pubsub noscript loading stale no_multi"

COMMANDS = {
    one.name: one
    for one in (
        Command("GET", 2, _READS, _KEY, "string", "The value.", _reads(reading.get)),
        Command("MGET", -2, _READS, _ALL, "string", "Values.", _reads(reading.mget)),
        Command("EXISTS", -2, _READS, _ALL, "generic", "Counts names.", _reads(reading.exists)),
        Command("TYPE", 2, _READS, _KEY, "generic", "string or none.", _reads(reading.type_of)),
        Command("TTL", 2, _READS, _KEY, "generic", "Seconds left.", _reads(reading.ttl)),
        Command("PTTL", 2, _READS, _KEY, "generic", "Milliseconds left.", _reads(reading.pttl)),
        Command("PERSIST", 2, _READS, _KEY, "generic", "0.", _reads(reading.persist)),
        Command("DBSIZE", 1, _READS, _NONE, "server", "The counters.", _reads(reading.dbsize)),
        Command("KEYS", 2, "readonly no_multi", _NONE, "generic", "Names by pattern.", _keys),
        Command("SCAN", -2, "readonly", _NONE, "generic", "Names in pages.", _scan),
        Command("INCR", 2, _COUNTS, _KEY, "string", "Adds 1.", change=counting.incr),
        Command("DECR", 2, _COUNTS, _KEY, "string", "Takes 1.", change=counting.decr),
        Command("INCRBY", 3, _COUNTS, _KEY, "string", "Adds.", change=counting.incrby),
        Command("DECRBY", 3, _COUNTS, _KEY, "string", "Takes.", change=counting.decrby),
        Command("SET", -3, _COUNTS, _KEY, "string", "Needs NX or GET.", plan=writing.set_),
        Command("GETDEL", 2, _COUNTS, _KEY, "string", "Takes all.", plan=writing.getdel),
        Command("DEL", -2, _COUNTS, _ALL, "generic", "Deletes.", plan=writing.delete),
        Command("UNLINK", -2, _COUNTS, _ALL, "generic", "Deletes.", plan=writing.delete),
        Command("EXPIRE", -3, _COUNTS, _KEY, "generic", "Seconds to live.", plan=writing.expire),
        Command("PEXPIRE", -3, _COUNTS, _KEY, "generic", "In milliseconds.", plan=writing.pexpire),
        Command("MULTI", 1, _TALKS, _NONE, "transactions", "Begins a batch."),
        Command("EXEC", 1, _TALKS, _NONE, "transactions", "Carries the batch out."),
        Command("DISCARD", 1, _TALKS, _NONE, "transactions", "Drops the batch."),
        Command("RESET", 1, _GREETS, _NONE, "connection", "Begins anew."),
        Command("QUIT", -1, _GREETS, _NONE, "connection", "Closes.", connecting.quit_),
        Command("PING", -1, _TALKS, _NONE, "connection", "PONG.", connecting.ping),
        Command("ECHO", 2, _TALKS, _NONE, "connection", "The message.", connecting.echo),
        Command("HELLO", -1, f"{_GREETS} no_multi", _NONE, "connection", "RESP2 or RESP3.",
                connecting.hello),
        Command("AUTH", -2, f"{_GREETS} no_multi", _NONE, "connection", "Shows a token.",
                connecting.auth),
        Command("SELECT", 2, _TALKS, _NONE, "connection", "0 only.", connecting.select),
        Command("CLIENT", -2, _TALKS, _NONE, "connection", "About the client.", connecting.client),
        Command("COMMAND", -1, _TALKS, _NONE, "server", "About commands.", _command),
        Command("CONFIG", -2, _TALKS, _NONE, "server", "GET only.", connecting.config),
        Command("INFO", -1, _TALKS, _NONE, "server", "About the node.", connecting.info),
        Command("SUBSCRIBE", -2, _FOLLOWS, _NONE, "pubsub", "Follows counters.",
                subscribing.subscribe),
        Command("PSUBSCRIBE", -2, _FOLLOWS, _NONE, "pubsub", "Follows counters by pattern.",
                subscribing.subscribe),
        Command("UNSUBSCRIBE", -1, _FOLLOWS, _NONE, "pubsub", "Ends SUBSCRIBE.",
                subscribing.unsubscribe),
        Command("PUNSUBSCRIBE", -1, _FOLLOWS, _NONE, "pubsub", "Ends PSUBSCRIBE.",
                subscribing.unsubscribe),
        Command("WAIT", 3, _TALKS, _NONE, "generic", "Other holders.", connecting.wait),
    )
}  # fmt: skip

_BY_NAME = {
    name: command
    for command in COMMANDS.values()
    for name in (command.name.encode(), command.name.lower().encode())
}

COUNTING = {
    name: (command.name, command.arity, command.change)
    for name, command in _BY_NAME.items()
    if command.change is not None
}
"""Of the commands that only count their name, number of arguments, and what makes the change."""


def find(name: bytes) -> Command | None:
    """Returns the command of a name, in small letters or capitals."""
    return _BY_NAME.get(name) or _BY_NAME.get(name.upper())
