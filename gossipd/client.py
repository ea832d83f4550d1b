"""Asks a daemon whether it is ready, or something else, in one HTTP request over a plain socket.

Container engines start `gossipd health` anew every few seconds. So this module imports next to
nothing: no trio, no attrs, not even the standard library's HTTP client, and nothing of gossipd.
"""

from __future__ import annotations

import socket
import time
from typing import NamedTuple

# The same as `gossipd.protocol.DEFAULT_PORT`, whose import takes longer than all of this.
DEFAULT_PORT = 8088

HEALTHY = 0
UNHEALTHY = 1
UNREACHABLE = 3

_READY = "/readyz"
_ANSWER_BYTES = 1 << 20
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


def default_url(environment: dict[str, str]) -> str:
    """Returns the URL at which `gossipd run` in this environment is reached from this machine.

    Raises ValueError, which names the variable, if the environment has a wrong value.
    """
    bind, variable = (environment.get("GOSSIPD_BIND") or "127.0.0.1").strip(), "GOSSIPD_BIND"
    if ":" not in bind.rpartition("]")[2]:
        port = (environment.get("PORT") or str(DEFAULT_PORT)).strip()
        bind, variable = f"{bind}:{port}", "PORT"
    try:
        host, port_number = _host_and_port(bind)
    except ValueError as error:
        raise ValueError(f"{variable}: {error}") from None
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port_number}" if ":" in host else f"http://{host}:{port_number}"


def parse_url(url: str) -> tuple[str, int, str]:
    """Returns host, port and path prefix of an http URL.

    Raises ValueError if the text is not of the form `http://HOST[:PORT][/PREFIX]`.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.lower() != "http":
        raise ValueError(f"{url!r} is not of the form http://HOST:PORT")
    authority, _, prefix = rest.partition("/")
    if "@" in authority or not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError(f"{url!r} is not of the form http://HOST:PORT")
    host, port = _host_and_port(authority, default_port=80)
    return host, port, f"/{prefix}".rstrip("/")


def ask(url: str, timeout: float) -> Verdict:
    """Asks the daemon at `url` whether it is ready.

    It takes at most `timeout` seconds in all, and before that the time to look a name up. Raises
    ValueError if `url` is no http URL.
    """
    return fetch(url, timeout, _READY)[0]


def fetch(url: str, timeout: float, path: str) -> tuple[Verdict, str]:
    """Asks the daemon at `url` for `path`. Returns the verdict, and what a healthy one answered.

    It takes at most `timeout` seconds in all, and before that the time to look a name up. Raises
    ValueError if `url` is no http URL.
    """
    host, port, prefix = parse_url(url)
    deadline = time.monotonic() + timeout
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    request = f"GET {prefix}{path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection((host, port), timeout) as connection:
            connection.sendall(request.encode("ascii"))
            answer = _read_all(connection, deadline)
    except TimeoutError:
        return Verdict(UNREACHABLE, "unreachable", f"no answer from {url} within {timeout:g} s"), ""
    except (OSError, UnicodeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        return Verdict(UNREACHABLE, "unreachable", f"cannot reach {url}: {reason}"), ""
    verdict = _judge(url, answer)
    body = answer.partition(b"\r\n\r\n")[2]
    return verdict, body.decode("utf-8", "replace") if verdict.exit_code == HEALTHY else ""


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
        data = connection.recv(_ANSWER_BYTES)
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
    line = (body.strip().splitlines() or [""])[0][:_LINE_CHARACTERS]
    reason = "".join(c if c.isprintable() else "?" for c in line)
    detail = f"{url} answered {code}: {reason}" if reason else f"{url} answered {code}"
    return Verdict(UNHEALTHY, "unhealthy", detail)
