"""The token file is read again when somebody asks, or when it changes."""

from __future__ import annotations

import os
from pathlib import Path

import trio
import trio.testing

from gossipd.daemon.access import Access, Token, TokenWatch
from tests.daemon.conftest import Lines

ONE, TWO = Token("read", "one", b"1" * 32), Token("admin", "two", b"2" * 32)


def written(path: Path, *tokens: Token) -> Path:
    """Puts a token file in its place in one step."""
    other = path.with_suffix(".new")
    other.write_text("".join(f"{token.line}\n" for token in tokens), encoding="ascii")
    other.chmod(0o600)
    os.replace(other, path)
    return path


async def test_a_file_that_changes_is_read(
    tmp_path: Path, autojump_clock: trio.testing.MockClock, lines: Lines
) -> None:
    """A wrong one changes nothing; the lines have names and no hashes."""
    path = written(tmp_path / "tokens", ONE)
    access = Access((ONE,), trio.current_time)
    watch = TokenWatch(path, access)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch.run)
        written(path, ONE, TWO)
        await trio.sleep(5)
        assert (ONE, TWO) == access.tokens
        path.write_text("nonsense")
        await trio.sleep(5)
        assert (ONE, TWO) == access.tokens
        written(path, TWO)
        watch.read()
        assert (TWO,) == access.tokens
        nursery.cancel_scope.cancel()
    assert ["tokens_read", "tokens_not_read", "tokens_read"] == [line["event"] for line in lines()]
    assert ["read one", "admin two"] == lines()[0]["tokens"]
    assert not {ONE.digest.hex(), TWO.digest.hex()} & set(str(lines()).split("'"))
