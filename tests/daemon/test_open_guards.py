"""What guards a daemon is read before it starts, and again when asked."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from gossipd.daemon.access import new_token
from gossipd.daemon.config import DaemonConfig
from gossipd.daemon.errors import StartError
from gossipd.daemon.open_guards import guards
from gossipd.daemon.sealing import new_key, write_key
from gossipd.secret_files import write_secret
from tests.certificates import Authority
from tests.daemon.conftest import Lines


async def test_nothing_guards_a_daemon_by_default() -> None:
    """And reading again does nothing."""
    found = guards(DaemonConfig())
    assert (None, None) == (found.gate, found.access)
    found.read()
    await found.run()


async def test_keys_and_tokens_are_read_again(tmp_path: Path, lines: Lines) -> None:
    """Both, at once."""
    keys, tokens = tmp_path / "keys", tmp_path / "tokens"
    write_key(keys, new_key())
    write_secret(tokens, "token file", new_token("read", "one")[1].line)
    found = guards(DaemonConfig(key_file=keys, token_file=tokens))
    assert found.gate is not None
    assert found.access is not None
    write_secret(tmp_path / "new", "token file", new_token("read", "two")[1].line)
    (tmp_path / "new").replace(tokens)
    found.read()
    assert ["two"] == [token.name for token in found.access.tokens]
    assert {"keys_read", "tokens_read"} == {line["event"] for line in lines()}


async def test_tls_is_read_before_the_start(tmp_path: Path, lines: Lines) -> None:
    """And again with the others."""
    cert, key = Authority(tmp_path).issue("node", "a")
    found = guards(DaemonConfig(tls_cert=cert, tls_key=key))
    found.read()
    assert ["tls_read"] == [line["event"] for line in lines()]
    key.write_text("nonsense")
    with pytest.raises(StartError, match=f"cannot use the certificate {cert} with the key {key}"):
        guards(DaemonConfig(tls_cert=cert, tls_key=key))


@pytest.mark.parametrize("name", ["key_file", "token_file"])
async def test_a_file_that_cannot_be_used_ends_the_start(name: str, tmp_path: Path) -> None:
    """With one line that names it."""
    path = tmp_path / "file"
    path.touch(mode=0o644)
    for complaint in ("may be read or written by others", "cannot use the"):
        files = {name: path}
        with pytest.raises(StartError, match=complaint):
            guards(DaemonConfig(**files))  # type: ignore[arg-type]
        path.chmod(0o600)
    path.unlink()
    with pytest.raises(StartError, match=f"cannot read the .* {path}: No such file"):
        guards(DaemonConfig(**files))  # type: ignore[arg-type]
    await trio.lowlevel.checkpoint()
