"""`gossipd health`, over its exit codes."""

from __future__ import annotations

import json

import pytest

from tests.cli.invoking import invoke
from tests.fake_daemons import answering, refusing, silent


def test_health_of_a_ready_node() -> None:
    """Exit code 0, and the verdict on stdout."""
    with answering(b"HTTP/1.1 200 OK\r\n\r\n") as url:
        result = invoke("health", "--url", url)
    assert (0, f"healthy: {url} is ready\n") == (result.exit_code, result.stdout)


def test_health_of_a_draining_node() -> None:
    """Exit code 1, and the verdict on stderr."""
    with answering(b"HTTP/1.1 503 No\r\n\r\ndraining") as url:
        result = invoke("health", "--url", url)
    assert (1, "") == (result.exit_code, result.stdout)
    assert f"unhealthy: {url} answered 503: draining\n" == result.stderr


def test_health_of_no_node() -> None:
    """Exit code 3, whether refused or not answered in time."""
    assert 3 == invoke("health", "--url", refusing()).exit_code
    with silent() as url:
        assert 3 == invoke("health", "--url", url, "--timeout", "0.01").exit_code


def test_health_finds_the_node_by_the_environment() -> None:
    """PORT and GOSSIPD_BIND tell where the daemon listens."""
    with answering(b"HTTP/1.1 200 OK\r\n\r\n") as url:
        assert 0 == invoke("health", PORT=url.rpartition(":")[2]).exit_code
    with answering(b"HTTP/1.1 200 OK\r\n\r\n") as url:
        assert 0 == invoke("health", GOSSIPD_BIND=f"0.0.0.0:{url.rpartition(':')[2]}").exit_code


def test_health_as_json() -> None:
    """One object on stdout, whatever the verdict."""
    url = refusing()
    result = invoke("health", "--url", url, "-o", "json")
    assert 3 == result.exit_code
    detail = f"cannot reach {url}: Connection refused"
    assert {"status": "unreachable", "detail": detail, "url": url} == json.loads(result.stdout)
    assert 1 == len(result.stdout.splitlines())


@pytest.mark.parametrize(
    ("flags", "environment", "part"),
    [
        ("--url ftp://a:1", {}, "'ftp://a:1' is not of the form"),
        ("--timeout 0", {}, "'--timeout': 0 is not above 0"),
        ("--timeout nan", {}, "'--timeout': nan is not above 0"),
        ("--timeout x", {}, "'--timeout'"),
        ("-o xml", {}, "'--output'"),
        ("", {"PORT": "x"}, "PORT: "),
        ("", {"GOSSIPD_BIND": "x:"}, "GOSSIPD_BIND: "),
    ],
)
def test_health_misuse(flags: str, environment: dict[str, str], part: str) -> None:
    """Misuse is told apart from an unhealthy node."""
    result = invoke("health", *flags.split(), **environment)
    assert 2 == result.exit_code
    assert part in result.stderr
    assert 1 == len(result.stderr.splitlines())
