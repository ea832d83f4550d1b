"""Tokens, and the files that have their hashes."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from gossipd.daemon.access.tokens import (
    Token,
    TokenFileError,
    digest_of,
    new_token,
    parse_tokens,
    read_tokens,
)

HASH = "ab" * 32


def test_a_token_is_random_and_its_line_has_only_its_hash() -> None:
    """256 bits of it, in characters that may stand in a header and on a command of Redis."""
    made = [new_token("count", "shop") for _ in range(50)]
    secrets = [secret for secret, _ in made]
    assert 50 == len(set(secrets))
    for secret, token in made:
        assert secret.startswith("gdt_")
        assert 43 == len(secret.removeprefix("gdt_"))
        assert secret.replace("-", "").replace("_", "").isalnum()
        assert f"count shop {digest_of(secret.encode()).hex()}" == token.line
        assert secret not in token.line
        assert token.digest.hex() not in repr(token)
        assert (token,) == parse_tokens(token.line.encode())


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a" * 65, "\n", "ü", "gdt_x"])
def test_names_are_words(name: str) -> None:
    """One that looks like a token is none: the two were mixed up, and it would be logged."""
    with pytest.raises(ValueError, match="the name is not"):
        new_token("read", name)


def test_a_file_of_several() -> None:
    """Empty lines and comments mean nothing; a name may have several tokens."""
    lines = f"# who\n\nread a {HASH}\n  count a {'cd' * 32}\r\nadmin b.c-d_e {'ef' * 32}"
    assert (
        Token("read", "a", b"\xab" * 32),
        Token("count", "a", b"\xcd" * 32),
        Token("admin", "b.c-d_e", b"\xef" * 32),
    ) == parse_tokens(lines.encode())


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "it has no token"),
        (b"# nothing\n\n", "it has no token"),
        (b"\xff", "it is no text of ASCII characters"),
        (b"read a", "line 1 is not a role, a name and a hash"),
        (b"gdt_secret", "line 1 is not a role, a name and a hash"),
        (f"#\nwrite a {HASH}".encode(), "line 2: the role is none of read, count, admin"),
        (f"read a/b {HASH}".encode(), "line 1: the name is not 1 to 64 letters"),
        (f"read a {HASH}0".encode(), "line 1: the hash is not hexadecimal"),
        (b"read a gdt_secret", "line 1: the hash is not hexadecimal"),
        (b"read a abcd", "line 1: the hash has 16 bits, and not 256"),
        (f"read a {HASH}\ncount b {HASH}".encode(), "it has a token of a twice"),
        (
            "".join(f"read a {n:064x}\n" for n in range(257)).encode(),
            "it has 257 tokens, more than 256",
        ),
    ],
)
def test_a_wrong_file_is_told_in_one_line(tmp_path: Path, content: bytes, complaint: str) -> None:
    """Which has nothing of what may be a secret."""
    path = tmp_path / "tokens"
    path.touch(mode=0o600)
    path.write_bytes(content)
    with pytest.raises(TokenFileError) as caught:
        read_tokens(path)
    assert str(caught.value).startswith(f"cannot use the token file {path}: {complaint}")
    assert "secret" not in str(caught.value)
    assert 1 == len(str(caught.value).splitlines())


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    """As a key file is; and so is none."""
    path = tmp_path / "tokens"
    path.write_text(f"read a {HASH}\n")
    path.chmod(0o644)
    with pytest.raises(TokenFileError, match=r"the token file .* may be read or written by others"):
        read_tokens(path)
    path.chmod(0o640)
    assert "a" == read_tokens(path)[0].name
    with pytest.raises(TokenFileError, match="cannot read the token file"):
        read_tokens(tmp_path / "none")


def test_any_bytes_are_tokens_or_an_error() -> None:
    """Changed files raise nothing but ValueError."""
    rng = Random(7)
    whole = f"read a {HASH}\ncount b {'cd' * 32}\n".encode()
    for _ in range(20_000):
        content = bytearray(whole)
        for _ in range(rng.randrange(1, 4)):
            content[rng.randrange(len(content))] = rng.choice(b" \n\r#\x00\xffaz0AZ")
        try:
            tokens = parse_tokens(bytes(content[: rng.randrange(len(content) + 1)]))
        except ValueError:
            continue
        assert all(len(token.digest) == 32 for token in tokens)
