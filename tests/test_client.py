"""`gossipd health`'s question and verdict, against a tiny server on a socket."""

from __future__ import annotations

import subprocess
import sys

import pytest

from gossipd import protocol
from gossipd.client import (
    DEFAULT_PORT,
    HEALTHY,
    UNHEALTHY,
    UNREACHABLE,
    ask,
    default_url,
    parse_url,
)
from tests.fake_daemons import answering, refusing, silent


def test_ready() -> None:
    """200 is healthy, and the request is one that any HTTP server takes."""
    requests: list[bytes] = []
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n", requests) as url:
        verdict = ask(url, 5)
    assert (HEALTHY, "healthy", f"{url} is ready") == verdict
    host = url.removeprefix("http://")
    assert requests == [
        f"GET /readyz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
    ]


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\ndraining\nmore", "answered 503: draining"),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "answered 404"),
        (b"HTTP/1.0 500\r\n\r\n\x1b[2J\xff", "answered 500: ?[2J\ufffd"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "does not answer in HTTP"),
        (b"HTTP/1.1 2xx\r\n\r\n", "does not answer in HTTP"),
    ],
)
def test_not_ready(answer: bytes, detail: str) -> None:
    """Any other answer is unhealthy, with its code and first line."""
    with answering(answer) as url:
        verdict = ask(url, 5)
    assert (UNHEALTHY, "unhealthy", f"{url} {detail}") == verdict


def test_unreachable() -> None:
    """Refused, closed without a word, or a name that is none: unreachable."""
    url = refusing()
    assert (UNREACHABLE, "unreachable", f"cannot reach {url}: Connection refused") == ask(url, 5)
    with answering(b"") as url:
        assert UNREACHABLE == ask(url, 5).exit_code
    assert UNREACHABLE == ask("http://" + "a" * 64 + ":80", 5).exit_code


def test_time_out() -> None:
    """A server that accepts and stays silent is unreachable once the time is up."""
    with silent() as url:
        verdict = ask(url, 0.01)
    assert (UNREACHABLE, "unreachable", f"no answer from {url} within 0.01 s") == verdict


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("http://127.0.0.1:8088", ("127.0.0.1", 8088, "")),
        ("HTTP://node1/", ("node1", 80, "")),
        ("http://[::1]:8088/prefix/", ("::1", 8088, "/prefix")),
        ("http://[::1]", ("::1", 80, "")),
    ],
)
def test_urls(url: str, parts: tuple[str, int, str]) -> None:
    """Host, port and prefix of a URL."""
    assert parts == parse_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:8088",
        "https://a:1",
        "http://",
        "http://a:0",
        "http://a:65536",
        "http://a:x",
        "http://::1:80",
        "http://[::1:80",
        "http://u@a:80",
        "http://a b:80",
        "http://a:80/\r\nX: y",
    ],
)
def test_bad_urls(url: str) -> None:
    """What is no http URL is refused before anything is opened."""
    with pytest.raises(ValueError, match=r"not of the form|no port"):
        parse_url(url)


@pytest.mark.parametrize(
    ("environment", "url"),
    [
        ({}, "http://127.0.0.1:8088"),
        ({"PORT": "8090"}, "http://127.0.0.1:8090"),
        ({"PORT": "", "GOSSIPD_BIND": ""}, "http://127.0.0.1:8088"),
        ({"PORT": "8090", "GOSSIPD_BIND": "10.0.0.1:9000"}, "http://10.0.0.1:9000"),
        ({"GOSSIPD_BIND": "0.0.0.0:9000"}, "http://127.0.0.1:9000"),
        ({"GOSSIPD_BIND": "0.0.0.0", "PORT": "8090"}, "http://127.0.0.1:8090"),
        ({"GOSSIPD_BIND": "[::]"}, "http://[::1]:8088"),
        ({"GOSSIPD_BIND": "[::]:9000"}, "http://[::1]:9000"),
    ],
)
def test_default_url(environment: dict[str, str], url: str) -> None:
    """The daemon is asked where the same environment makes it listen."""
    assert url == default_url(environment)


@pytest.mark.parametrize("environment", [{"PORT": "x"}, {"GOSSIPD_BIND": "0.0.0.0:"}])
def test_bad_environment(environment: dict[str, str]) -> None:
    """A variable that makes no sense is named."""
    with pytest.raises(ValueError, match=f"^{next(iter(environment))}: "):
        default_url(environment)


def test_the_default_port_is_that_of_a_node() -> None:
    """The client has a copy of it, so that it need not import the protocol."""
    assert protocol.DEFAULT_PORT == DEFAULT_PORT


def test_imports_next_to_nothing() -> None:
    """The command loads no event loop, no attrs and no HTTP library."""
    code = (
        "import sys; from gossipd.cli import main\n"
        "try: main(['health', '--url', 'http://127.0.0.1:1', '--timeout', '1'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'trio', 'attr', 'msgspec', 'structlog', 'http.client', 'httptools',"
        " 'prometheus_client', 'ifaddr', 'asyncio', 'ssl'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert "[]\n" == result.stdout
