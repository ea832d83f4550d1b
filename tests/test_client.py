"""`gossipd health`'s question and verdict, against a tiny server on a socket."""

from __future__ import annotations

import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from gossipd import protocol
from gossipd.client import (
    DEFAULT_PORT,
    HEALTHY,
    UNHEALTHY,
    UNREACHABLE,
    Door,
    Trust,
    Unfollowed,
    ask,
    default_url,
    door,
    fetch,
    follow,
    parse_url,
)
from tests.certificates import Authority
from tests.fake_daemons import answering, refusing, silent


def test_ready() -> None:
    """200 is healthy, and the request is one that any HTTP server takes."""
    requests: list[bytes] = []
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n", requests) as url:
        verdict = ask(Door(url), 5)
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
        verdict = ask(Door(url), 5)
    assert (UNHEALTHY, "unhealthy", f"{url} {detail}") == verdict


def test_unreachable() -> None:
    """Refused, closed without a word, or a name that is none: unreachable."""
    url = refusing()
    assert (UNREACHABLE, "unreachable", f"cannot reach {url}: Connection refused") == ask(
        Door(url), 5
    )
    with answering(b"") as url:
        assert UNREACHABLE == ask(Door(url), 5).exit_code
    assert UNREACHABLE == ask(Door("http://" + "a" * 64 + ":80"), 5).exit_code


def test_time_out() -> None:
    """A server that accepts and stays silent is unreachable once the time is up."""
    with silent() as url:
        verdict = ask(Door(url), 0.01)
    assert (UNREACHABLE, "unreachable", f"no answer from {url} within 0.01 s") == verdict


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("http://127.0.0.1:8088", ("127.0.0.1", 8088, "")),
        ("HTTP://node1/", ("node1", 80, "")),
        ("http://[::1]:8088/prefix/", ("::1", 8088, "/prefix")),
        ("http://[::1]", ("::1", 80, "")),
        ("https://node1", ("node1", 443, "")),
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
        "ftp://a:1",
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
        ({"GOSSIPD_TLS_CERT": "a.crt", "PORT": "8090"}, "https://127.0.0.1:8090"),
        ({"GOSSIPD_HTTP": "0.0.0.0:81,10.0.0.1:82"}, "http://127.0.0.1:81"),
        ({"GOSSIPD_HTTP": "0.0.0.0:81,unix:/run/a"}, "unix:/run/a"),
    ],
)
def test_default_url(environment: dict[str, str], url: str) -> None:
    """The daemon is asked where the same environment makes it listen."""
    assert url == default_url(environment)


@pytest.mark.parametrize(
    "environment", [{"PORT": "x"}, {"GOSSIPD_BIND": "0.0.0.0:"}, {"GOSSIPD_HTTP": "a:"}]
)
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


OK = b"HTTP/1.1 200 OK\r\n\r\nok\n"


def test_a_request_with_a_body_and_a_token() -> None:
    """Commands that change something send a body; the token is a header."""
    requests: list[bytes] = []
    with answering(OK, requests) as url:
        verdict, body = fetch(Door(url, "gdt_x"), 5, "/register", "POST", '{"id":"a:1"}')
    assert (HEALTHY, "ok\n") == (verdict.exit_code, body)
    head, _, sent = requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /register HTTP/1.1\r\n")
    assert {b"Authorization: Bearer gdt_x", b"Content-Length: 12"} <= set(head.split(b"\r\n"))
    assert b'{"id":"a:1"}' == sent


def test_a_unix_socket(tmp_path: Path) -> None:
    """It is asked as any other door; none there is unreachable."""
    path = tmp_path / "socket"
    with answering(OK, path=path) as url:
        assert HEALTHY == ask(Door(url), 5).exit_code
    path.unlink()
    there = f"cannot reach unix:{path}: No such file or directory"
    assert (UNREACHABLE, "unreachable", there) == ask(Door(f"unix:{path}"), 5)


def test_a_stream_that_ends_within_its_head() -> None:
    """It is no stream; the client does not wait for the rest."""
    with answering(b"HTTP/1.1 200 OK\r\n") as url, pytest.raises(Unfollowed):
        next(follow(Door(url), 5, "/"))


def _serving(cert: Path, key: Path, client_ca: Path | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    if client_ca is not None:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def test_tls_needs_a_known_authority(tmp_path: Path) -> None:
    """And a name that fits; else nothing is sent."""
    authority = Authority(tmp_path)
    trust = Trust(ca_file=str(authority.file))
    fits, other = authority.issue("fits", "127.0.0.1"), authority.issue("other", "node9")
    with answering(OK, tls=_serving(*fits)) as url:
        assert HEALTHY == ask(Door(url, trust=trust), 5).exit_code
    for files, shown in ((fits, Trust()), (other, trust)):
        requests: list[bytes] = []
        with answering(OK, requests, tls=_serving(*files)) as url:
            verdict = ask(Door(url, "gdt_x", shown), 5)
        assert UNREACHABLE == verdict.exit_code
        assert verdict.detail.startswith(f"cannot reach {url}: ")
        assert [] == requests


def test_the_own_daemon_is_known_by_its_certificate(tmp_path: Path) -> None:
    """Whatever its names are; and that certificate is shown to it."""
    authority = Authority(tmp_path)
    cert, key = authority.issue("node", "node9")
    environment = {"GOSSIPD_TLS_CERT": str(cert), "GOSSIPD_TLS_KEY": str(key)}
    with answering(OK, tls=_serving(cert, key, authority.file)) as url:
        environment["PORT"] = url.rpartition(":")[2]
        assert HEALTHY == ask(door(environment), 5).exit_code
    other = authority.issue("other", "node9")
    with answering(OK, tls=_serving(*other)) as url:
        environment["PORT"] = url.rpartition(":")[2]
        assert UNREACHABLE == ask(door(environment), 5).exit_code


def test_a_bad_file_of_trust_is_named(tmp_path: Path) -> None:
    """And no password is asked for at the terminal."""
    missing = str(tmp_path / "none")
    with pytest.raises(ValueError, match=f"cannot use {missing}: No such file"):
        ask(Door("https://127.0.0.1:1", trust=Trust(ca_file=missing)), 5)


def test_where_the_token_comes_from(tmp_path: Path) -> None:
    """From a file that others cannot read, else from the environment."""
    path = tmp_path / "token"
    path.write_text("gdt_file\n")
    path.chmod(0o600)
    environment = {"GOSSIPD_TOKEN": "gdt_variable"}
    assert "gdt_variable" == door(environment).token
    assert "gdt_file" == door(environment, token_file=str(path)).token
    assert "" == door({}).token
    path.chmod(0o644)
    with pytest.raises(ValueError, match="may be read or written by others"):
        door({}, token_file=str(path))
    path.chmod(0o600)
    path.write_text("count shop 00\n")
    with pytest.raises(ValueError, match="there is no token"):
        door({}, token_file=str(path))
    with pytest.raises(ValueError, match="GOSSIPD_TOKEN: there is no token"):
        door({"GOSSIPD_TOKEN": "a\r\nb"})
