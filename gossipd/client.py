"""Asks a daemon whether it is ready, or something else, in one HTTP request over a socket.

Container engines start `gossipd health` anew every few seconds. So this module imports next to
nothing: no trio, no attrs, not even the standard library's HTTP client. TLS is imported for a
daemon that speaks it.
"""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from .secret_files import SecretFileError, read_secret

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

# The same as `gossipd.protocol.DEFAULT_PORT`, whose import takes longer than all of this.
DEFAULT_PORT = 8088

HEALTHY = 0
UNHEALTHY = 1
UNREACHABLE = 3

_READY = "/readyz"
_UNIX = "unix:"
_PORTS = {"http": 80, "https": 443}
_ANSWER_BYTES = 1 << 26
_PART_BYTES = 1 << 16
_HEAD_BYTES = 1 << 16
_SILENCE = 60
_LINE_CHARACTERS = 200


class Verdict(NamedTuple):
    """What is known of a daemon's health.

    Attributes:
        exit_code: HEALTHY (it answered 200), UNHEALTHY (it answered anything else) or UNREACHABLE.
        status: the exit code as a word.
        detail: one line for a person.
    """

    exit_code: int
    status: str
    detail: str


class Unfollowed(Exception):
    """A stream of events that did not begin, or ended.

    Attributes:
        verdict: why.
    """

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.detail)
        self.verdict = verdict


class Trust(NamedTuple):
    """With whom TLS is spoken, and as whom. The texts are names of files; empty ones do not count.

    Attributes:
        ca_file: certificates of those who vouch for daemons; without it, those of the system.
        own_cert: the daemon's own certificate, trusted without regard to the names in it.
        client_cert: the certificate that is shown to the daemon.
        client_key: its key.
    """

    ca_file: str = ""
    own_cert: str = ""
    client_cert: str = ""
    client_key: str = ""

    def context(self) -> ssl.SSLContext:
        """Returns what makes connections. Raises ValueError if a file cannot be used."""
        import ssl

        try:
            trusted = self.own_cert or self.ca_file or None
            context = ssl.create_default_context(cafile=trusted)
            if self.own_cert:
                context.check_hostname = False
                context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
            if self.client_cert:
                context.load_cert_chain(
                    self.client_cert, self.client_key or None, password=_no_password
                )
        except OSError as error:
            names = ", ".join(name for name in self if name)
            raise ValueError(f"cannot use {names}: {_reason(error)}") from None
        return context


_SYSTEM = Trust()


class Door(NamedTuple):
    """Where a daemon answers, and what it is shown.

    Attributes:
        url: `http://HOST[:PORT][/PREFIX]`, the same with https, or `unix:PATH`.
        token: the client's token, empty for none.
        trust: how TLS is spoken.
    """

    url: str
    token: str = ""
    trust: Trust = _SYSTEM


def door(
    environment: dict[str, str],
    url: str | None = None,
    token_file: str = "",
    trust: Trust = _SYSTEM,
) -> Door:
    """Returns the door of the daemon at `url`, or of the one that is run in this environment.

    The token is that of the file, or else of the variable GOSSIPD_TOKEN. Without `url` and without
    a CA the certificate in GOSSIPD_TLS_CERT is itself trusted, whatever its names, since this is
    the same machine; and it is shown to the daemon unless another is given.

    Raises ValueError if the environment, the file or the URL is wrong.
    """
    token = environment.get("GOSSIPD_TOKEN", "").strip()
    if token_file:
        try:
            token = read_secret(token_file, "token file").decode("latin-1").strip()
        except SecretFileError as error:
            raise ValueError(str(error)) from None
    if token and not (token.isascii() and token.isprintable() and " " not in token):
        where = token_file or "GOSSIPD_TOKEN"
        raise ValueError(f"{where}: there is no token, which `gossipd token generate` prints")
    own = environment.get("GOSSIPD_TLS_CERT", "")
    if url is None and own:
        key = environment.get("GOSSIPD_TLS_KEY", "")
        if not trust.client_cert:
            trust = trust._replace(client_cert=own, client_key=key)
        if not trust.ca_file:
            trust = trust._replace(own_cert=own)
    found = url or default_url(environment)
    if not found.startswith(_UNIX):
        parse_url(found)
    return Door(found, token, trust)


def default_url(environment: dict[str, str]) -> str:
    """Returns the URL at which `gossipd run` in this environment is reached from this machine.

    Raises ValueError, which names the variable, if the environment has a wrong value.
    """
    doors = environment.get("GOSSIPD_HTTP", "").replace(",", " ").split()
    for each in doors:
        if each.startswith(_UNIX):
            return each
    scheme = "https" if environment.get("GOSSIPD_TLS_CERT") else "http"
    bind, variable = (environment.get("GOSSIPD_BIND") or "127.0.0.1").strip(), "GOSSIPD_BIND"
    if doors:
        bind, variable = doors[0], "GOSSIPD_HTTP"
    if ":" not in bind.rpartition("]")[2]:
        port = (environment.get("PORT") or str(DEFAULT_PORT)).strip()
        bind, variable = f"{bind}:{port}", "PORT"
    try:
        host, port_number = _host_and_port(bind)
    except ValueError as error:
        raise ValueError(f"{variable}: {error}") from None
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"{scheme}://{_authority(host, port_number)}"


def parse_url(url: str) -> tuple[str, int, str]:
    """Returns host, port and path prefix of an http or https URL.

    Raises ValueError if the text is not of the form `http://HOST[:PORT][/PREFIX]`.
    """
    scheme, separator, rest = url.partition("://")
    port = _PORTS.get(scheme.lower())
    authority, _, prefix = rest.partition("/")
    strange = "@" in authority or not url.isascii() or not url.isprintable() or " " in url
    if not separator or port is None or strange:
        raise ValueError(f"{url!r} is not of the form http://HOST:PORT")
    host, port = _host_and_port(authority, default_port=port)
    return host, port, f"/{prefix}".rstrip("/")


def ask(door: Door, timeout: float) -> Verdict:
    """Asks the daemon behind a door whether it is ready. Takes and raises what `fetch` does."""
    return fetch(door, timeout, _READY)[0]


def fetch(
    door: Door, timeout: float, path: str, method: str = "GET", body: str = ""
) -> tuple[Verdict, str]:
    """Asks the daemon behind a door. Returns the verdict, and what a healthy one answered.

    It takes at most `timeout` seconds in all, and before that the time to look a name up. Raises
    ValueError if the door's URL or a file of its trust cannot be used.
    """
    url, deadline = door.url, time.monotonic() + timeout
    try:
        with _connected(door, timeout) as connection:
            connection.sendall(_request(door, path, method, body.encode()))
            answer = _read_all(connection, deadline)
    except TimeoutError:
        return Verdict(UNREACHABLE, "unreachable", f"no answer from {url} within {timeout:g} s"), ""
    except (OSError, UnicodeError) as error:
        detail = f"cannot reach {url}: {_reason(error)}"
        return Verdict(UNREACHABLE, "unreachable", detail), ""
    verdict = _judge(url, answer)
    found = answer.partition(b"\r\n\r\n")[2]
    return verdict, found.decode("utf-8", "replace") if verdict.exit_code == HEALTHY else ""


def follow(door: Door, timeout: float, path: str) -> Iterator[str]:
    """Yields the data of server-sent events, as `follow_after` does."""
    return (data for _, data in follow_after(door, timeout, path) if data)


def follow_after(
    door: Door, timeout: float, path: str, last_id: str = ""
) -> Iterator[tuple[str, str]]:
    """Yields the id and the data of server-sent events, which a daemon sends as they happen.

    It begins after the event `last_id`. An id or data that an event does not have is empty.

    The stream is to begin within `timeout` seconds. It goes on until the daemon ends it or is
    silent for so long that it would have sent a comment. Then, or if there is no stream, it raises
    Unfollowed; and ValueError as `fetch` does.
    """
    url = door.url
    try:
        with _connected(door, timeout) as connection:
            connection.sendall(_request(door, path, "GET", b"", last_id))
            with connection.makefile("rb") as lines:
                head = _read_head(lines)
                verdict = _judge(url, head + b"\r\n")
                if verdict.exit_code != HEALTHY:
                    verdict = _judge(url, head + b"\r\n" + lines.read(_PART_BYTES))
                    raise Unfollowed(verdict)
                connection.settimeout(_SILENCE)
                yield from _events(lines)
    except (OSError, UnicodeError) as error:
        detail = f"cannot follow {url}: {_reason(error)}"
        raise Unfollowed(Verdict(UNREACHABLE, "unreachable", detail)) from None
    raise Unfollowed(Verdict(UNREACHABLE, "unreachable", f"{url} ended the stream"))


def _events(lines: BinaryIO) -> Iterator[tuple[str, str]]:
    event = {b"id": "", b"data": ""}
    for line in lines:
        field, _, value = line.partition(b": ")
        if field in event:
            event[field] = value.decode("utf-8", "replace").rstrip("\r\n")
        elif not line.strip() and any(event.values()):
            yield event[b"id"], event[b"data"]
            event = dict.fromkeys(event, "")


def _read_head(lines: BinaryIO) -> bytes:
    """Returns the lines before the first empty one, or before the end of the stream."""
    head = b""
    while len(head) < _HEAD_BYTES:
        line = lines.readline(_HEAD_BYTES)
        if line in (b"\r\n", b""):
            break
        head += line
    return head


def _connected(door: Door, timeout: float) -> socket.socket:
    if door.url.startswith(_UNIX):
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.settimeout(timeout)
            connection.connect(door.url.removeprefix(_UNIX))
        except BaseException:
            connection.close()
            raise
        return connection
    host, port, _ = parse_url(door.url)
    speaks_tls = door.url.lower().startswith("https:")
    context = door.trust.context() if speaks_tls else None
    connection = socket.create_connection((host, port), timeout)
    if context is None:
        return connection
    # It closes the connection if that fails.
    return context.wrap_socket(connection, server_hostname=host)


def _request(door: Door, path: str, method: str, body: bytes, last_id: str = "") -> bytes:
    authority, prefix = "localhost", ""
    if not door.url.startswith(_UNIX):
        host, port, prefix = parse_url(door.url)
        authority = _authority(host, port)
    lines = [f"{method} {prefix}{path} HTTP/1.1", f"Host: {authority}", "Connection: close"]
    if door.token:
        lines.append(f"Authorization: Bearer {door.token}")
    if last_id:
        lines.append(f"Last-Event-ID: {last_id}")
    if method != "GET":
        lines.append(f"Content-Length: {len(body)}")
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("ascii") + body


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _no_password() -> str:
    # Else OpenSSL asks for one at the terminal.
    return ""


def _reason(error: Exception) -> str:
    told = getattr(error, "verify_message", None) or getattr(error, "strerror", None)
    return " ".join((told or str(error)).split())


def _host_and_port(text: str, default_port: int | None = None) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or port.endswith("]"):
        host, port = text, "" if default_port is None else str(default_port)
    bracketed = host.startswith("[") and host.endswith("]")
    if bracketed:
        host = host[1:-1]
    if not host or (":" in host) is not bracketed:
        raise ValueError(f"{text!r} is not of the form HOST:PORT")
    digits = port.isascii() and port.isdecimal() and len(port) <= len("65535")
    if not digits or not 1 <= int(port) <= 65535:
        raise ValueError(f"{text!r} has no port from 1 to 65535")
    return host, int(port)


def _read_all(connection: socket.socket, deadline: float) -> bytes:
    answer = b""
    while len(answer) < _ANSWER_BYTES:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        connection.settimeout(remaining)
        data = connection.recv(_PART_BYTES)
        if not data:
            break
        answer += data
    return answer


def _judge(url: str, answer: bytes) -> Verdict:
    head, _, body = answer.decode("utf-8", "replace").partition("\r\n\r\n")
    protocol, _, rest = head.partition("\r\n")[0].partition(" ")
    code = rest[:3]
    if not answer:
        return Verdict(UNREACHABLE, "unreachable", f"{url} closed the connection without an answer")
    if not protocol.startswith("HTTP/1.") or not (code.isascii() and code.isdecimal()):
        return Verdict(UNHEALTHY, "unhealthy", f"{url} does not answer in HTTP")
    if code == "200":
        return Verdict(HEALTHY, "healthy", f"{url} is ready")
    line = (_told(body).strip().splitlines() or [""])[0][:_LINE_CHARACTERS]
    reason = "".join(c if c.isprintable() else "?" for c in line)
    detail = f"{url} answered {code}: {reason}" if reason else f"{url} answered {code}"
    return Verdict(UNHEALTHY, "unhealthy", detail)


def _told(body: str) -> str:
    """Returns what a body says in words: the detail of a problem document, or the body itself."""
    if not body.startswith("{"):
        return body
    import json

    try:
        return str(json.loads(body)["detail"])
    except (ValueError, KeyError, RecursionError):
        return body
