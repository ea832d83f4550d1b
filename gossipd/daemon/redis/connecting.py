"""The commands about the connection, the client and the server, which count and read nothing."""

from __future__ import annotations

from ..resp import Status, Text, Value
from .channels import NOTIFIED
from .context import Context
from .counting import integer
from .errors import SYNTAX, Failed
from .names import Pattern

VERSION = "7.0.15"
"""The version of Redis whose answers these are: clients choose what they ask for by it."""

OK = Status("OK")

_ANYBODY = b"default"
"""The user of clients that know of none."""

_HELLO_FIRST = (
    "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto>"
    " AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol"
    " version at the same time"
)


def settings(*, durable: bool) -> dict[str, str]:
    """Returns what CONFIG GET knows: what clients ask for when they connect."""
    return {
        "appendfsync": "always",
        "appendonly": "yes" if durable else "no",
        "databases": "1",
        "maxmemory": "0",
        "maxmemory-policy": "noeviction",
        "notify-keyspace-events": NOTIFIED,
        "proto-max-bulk-len": "512",
        "save": "",
        "timeout": "0",
    }


def ping(context: Context, request: list[bytes]) -> Value:
    """PING [message]."""
    if len(request) > 2:
        raise _arguments("ping")
    if context.subscriptions.confines:
        return [b"pong", request[1] if len(request) == 2 else b""]
    return request[1] if len(request) == 2 else Status("PONG")


def echo(context: Context, request: list[bytes]) -> Value:
    """ECHO message."""
    return request[1]


def hello(context: Context, request: list[bytes]) -> Value:
    """HELLO [version [AUTH user password] [SETNAME name]]."""
    caller = context.caller
    resp = caller.resp
    if len(request) > 1:
        try:
            resp = integer(request[1])
        except Failed:
            raise Failed("ERR Protocol version is not an integer or out of range") from None
        if resp not in (2, 3):
            raise Failed("NOPROTO unsupported protocol version")
    options = request[2:]
    name: bytes | None = None
    shown: tuple[bytes, bytes] | None = None
    while options:
        option, *values = options
        if option.upper() == b"AUTH" and len(values) >= 2:
            shown = values[0], values[1]
            options = values[2:]
        elif option.upper() == b"SETNAME" and values:
            name, *options = values
        else:
            raise Failed(f"ERR Syntax error in HELLO option '{_shown(option)}'")
    if shown is not None:
        _show(context, *shown)
    elif not context.visitor.may("read"):
        raise Failed(_HELLO_FIRST)
    if name is not None:
        caller.rename(name)
    caller.speak(resp)
    return {
        "server": "redis",
        "version": VERSION,
        "proto": resp,
        "id": caller.number,
        "mode": "standalone",
        "role": "master",
        "modules": [],
    }


def auth(context: Context, request: list[bytes]) -> Value:
    """AUTH [name] token. Without tokens it answers as a Redis without passwords does."""
    if len(request) > 3:
        raise Failed(SYNTAX)
    if len(request) == 2 and not context.visitor.is_guarded:
        raise Failed(
            "ERR AUTH <password> called without any password configured for the default user."
            " Are you sure your configuration is correct?"
        )
    _show(context, request[1] if len(request) == 3 else _ANYBODY, request[-1])
    return OK


def _show(context: Context, user: bytes, secret: bytes) -> None:
    """Takes a client's token, whose name is the user, or `default`. Raises Failed."""
    named = "" if user == _ANYBODY else user.decode("latin-1")
    visitor = context.visitor
    if not (visitor.show(named, secret) if visitor.is_guarded else not named):
        raise Failed("WRONGPASS invalid username-password pair or user is disabled.")


def select(context: Context, request: list[bytes]) -> Value:
    """SELECT index: there is one database."""
    if integer(request[1]) != 0:
        raise Failed("ERR DB index is out of range")
    return OK


def quit_(context: Context, request: list[bytes]) -> Value:
    """QUIT."""
    context.caller.quit()
    return OK


def client(context: Context, request: list[bytes]) -> Value:
    """CLIENT ID, INFO, GETNAME, SETNAME, SETINFO, NO-EVICT."""
    caller = context.caller
    match [request[1].upper(), *request[2:]]:
        case [b"ID"]:
            return caller.number
        case [b"INFO"]:
            return Text(caller.line())
        case [b"GETNAME"]:
            return caller.name.encode() or None
        case [b"SETNAME", name]:
            caller.rename(name)
            return OK
        case [b"SETINFO", option, value]:
            caller.describe(option, value)
            return OK
        case [b"NO-EVICT", choice]:
            if choice.upper() not in (b"ON", b"OFF"):
                raise Failed(SYNTAX)
            return OK
        case [b"ID" | b"INFO" | b"GETNAME" | b"SETNAME" | b"SETINFO" | b"NO-EVICT" as known, *_]:
            raise _arguments(f"client|{known.decode().lower()}")
    raise _subcommand(request, "ID, INFO, GETNAME, SETNAME, SETINFO, NO-EVICT")


def config(context: Context, request: list[bytes]) -> Value:
    """CONFIG GET pattern [pattern ...]."""
    if request[1].upper() != b"GET":
        raise _subcommand(request, "GET")
    if len(request) < 3:
        raise _arguments("config|get")
    patterns = [Pattern(pattern.lower()) for pattern in request[2:]]
    return {
        name: value
        for name, value in context.settings.items()
        if any(pattern.matches(name) for pattern in patterns)
    }


def info(context: Context, request: list[bytes]) -> Value:
    """INFO [section ...]."""
    wanted = {section.decode("latin-1").lower() for section in request[1:]}
    everything = not wanted or bool(wanted & {"all", "default", "everything"})
    parts = []
    for section, fields in context.facts().items():
        if everything or section.lower() in wanted:
            lines = [f"# {section}", *(f"{name}:{value}" for name, value in fields.items())]
            parts.append("".join(f"{line}\r\n" for line in lines))
    return Text("\r\n".join(parts))


def wait(context: Context, request: list[bytes]) -> Value:
    """WAIT number timeout: how many others held this client's last write when it was answered."""
    integer(request[1])
    try:
        timeout = integer(request[2])
    except Failed:
        raise Failed("ERR timeout is not an integer or out of range") from None
    if timeout < 0:
        raise Failed("ERR timeout is negative")
    holders = context.caller.holders
    return holders - 1 if holders else len(context.service.peers())


def _arguments(command: str) -> Failed:
    return Failed(f"ERR wrong number of arguments for '{command}' command")


def _subcommand(request: list[bytes], known: str) -> Failed:
    shown = _shown(request[1])
    return Failed(f"ERR unknown subcommand '{shown}'. There are: {known}.")


def _shown(text: bytes) -> str:
    return text[:128].decode("utf-8", "replace")
