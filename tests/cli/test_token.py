"""`gossipd token`: making tokens."""

from __future__ import annotations

import json

import pytest

from gossipd.daemon.access.tokens import digest_of, parse_tokens
from tests.cli.invoking import invoke


def test_a_token_and_its_line_are_printed() -> None:
    """The line is for the token file, and has the token's hash."""
    result = invoke("token", "generate", "--role", "count", "--name", "shop")
    assert (0, "") == (result.exit_code, result.stderr)
    first, second = result.stdout.splitlines()
    secret, line = first.removeprefix("token: "), second.removeprefix("line:  ")
    [token] = parse_tokens(line.encode())
    assert ("count", "shop", digest_of(secret.encode())) == (token.role, token.name, token.digest)


def test_for_programs() -> None:
    """One object."""
    result = invoke("token", "generate", "--role", "read", "--name", "a", "-o", "json")
    made = json.loads(result.stdout)
    [token] = parse_tokens(made["line"].encode())
    assert digest_of(made["token"].encode()) == token.digest


@pytest.mark.parametrize(
    ("flags", "part"),
    [
        ("--role write --name a", "'write'"),
        ("--role read --name a/b", "'--name'"),
        ("--role read", "'--name'"),
        ("--name a", "'--role'"),
    ],
)
def test_misuse(flags: str, part: str) -> None:
    """One line, and exit code 2."""
    result = invoke("token", "generate", *flags.split())
    assert (2, "", 1) == (result.exit_code, result.stdout, len(result.stderr.splitlines()))
    assert part in result.stderr
