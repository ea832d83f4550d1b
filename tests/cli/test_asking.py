"""The options with which commands reach a node, over `gossipd health`."""

from __future__ import annotations

from pathlib import Path

from tests.cli.invoking import invoke
from tests.fake_daemons import answering

OK = b"HTTP/1.1 200 OK\r\n\r\n"


def test_a_token_is_shown() -> None:
    """It comes from the environment, or from a file."""
    requests: list[bytes] = []
    with answering(OK, requests) as url:
        assert 0 == invoke("health", "--url", url, GOSSIPD_TOKEN="gdt_x").exit_code
    assert b"\r\nAuthorization: Bearer gdt_x\r\n" in requests[0]


def test_a_bad_token_file_is_misuse(tmp_path: Path) -> None:
    """One line; the token is never an argument."""
    missing = str(tmp_path / "none")
    result = invoke("health", "--token-file", missing)
    assert (2, f"Error: cannot read the token file {missing}: No such file or directory\n") == (
        result.exit_code,
        result.stderr,
    )
    assert 2 == invoke("health", "--token", "gdt_x").exit_code


def test_a_bad_certificate_is_misuse(tmp_path: Path) -> None:
    """It is named."""
    path = tmp_path / "ca"
    path.write_text("nonsense")
    result = invoke("health", "--url", "https://127.0.0.1:1", "--ca-file", str(path))
    assert 2 == result.exit_code
    assert str(path) in result.stderr
    assert 1 == len(result.stderr.splitlines())


def test_a_unix_socket_is_asked(tmp_path: Path) -> None:
    """By its URL, or by the variable of the daemon."""
    for how in ("flag", "variable"):
        with answering(OK, path=tmp_path / how) as url:
            flags = ["--url", url] if how == "flag" else []
            result = invoke("health", *flags, **({} if flags else {"GOSSIPD_HTTP": url}))
        assert (0, f"healthy: {url} is ready\n") == (result.exit_code, result.stdout)
