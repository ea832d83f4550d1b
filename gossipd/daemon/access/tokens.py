"""Token files: one token a line, by its hash.

A line is a role, a name, and the SHA-256 of a token in 64 hexadecimal digits. Empty lines, and
those that begin with `#`, mean nothing. Several tokens may have one name, so that one can follow
another without a gap.

A token has 256 random bits. So its plain hash tells nothing of it: what makes passwords slow to
try out is of no use here.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from pathlib import Path

import attrs

from gossipd.secret_files import SecretFileError, read_secret

from .roles import ROLES, Role

_PREFIX = "gdt_"
"""Tells people, and programs that look for secrets in the wrong places, what it is."""

_BYTES = 32
_MOST = 256
"""Tokens in a file at most: each request is compared with all."""

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


class TokenFileError(Exception):
    """A token file cannot be used. The text is one line that says what and where."""


@attrs.frozen
class Token:
    """One token.

    Attributes:
        role: what its holder may do.
        name: what its holder is called in log lines and metrics.
        digest: the SHA-256 of it.
    """

    role: Role
    name: str
    digest: bytes = attrs.field(repr=False)

    @property
    def line(self) -> str:
        """The token as a line of a token file."""
        return f"{self.role} {self.name} {self.digest.hex()}"


def digest_of(secret: bytes) -> bytes:
    """Returns what a token file has in place of a token."""
    return hashlib.sha256(secret).digest()


def new_token(role: Role, name: str) -> tuple[str, Token]:
    """Returns a secret of the operating system's randomness, and what is kept of it.

    Raises ValueError if the name cannot be one.
    """
    _check_name(name)
    secret = _PREFIX + secrets.token_urlsafe(_BYTES)
    return secret, Token(role, name, digest_of(secret.encode()))


def parse_tokens(content: bytes) -> tuple[Token, ...]:
    """Returns the tokens in the content of a token file, in order.

    Raises ValueError for any other content, with a text that has nothing of a token in it.
    """
    try:
        lines = content.decode("ascii").splitlines()
    except UnicodeDecodeError:
        raise ValueError("it is no text of ASCII characters") from None
    tokens = [
        _token(line.split(), number)
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.startswith("#")
    ]
    if not tokens:
        raise ValueError("it has no token")
    if len(tokens) > _MOST:
        raise ValueError(f"it has {len(tokens)} tokens, more than {_MOST}")
    digests = [token.digest for token in tokens]
    for token in tokens:
        if digests.count(token.digest) > 1:
            raise ValueError(f"it has a token of {token.name} twice")
    return tuple(tokens)


def _token(words: list[str], number: int) -> Token:
    if len(words) != 3:
        raise ValueError(f"line {number} is not a role, a name and a hash")
    for role in ROLES:
        if words[0] == role:
            break
    else:
        raise ValueError(f"line {number}: the role is none of {', '.join(ROLES)}")
    try:
        _check_name(words[1])
        digest = bytes.fromhex(words[2])
    except ValueError as error:
        told = str(error) if str(error).startswith("the name") else "the hash is not hexadecimal"
        raise ValueError(f"line {number}: {told}") from None
    if len(digest) != hashlib.sha256().digest_size:
        raise ValueError(f"line {number}: the hash has {8 * len(digest)} bits, and not 256")
    return Token(role, words[1], digest)


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or name.startswith(_PREFIX):
        raise ValueError("the name is not 1 to 64 letters, digits, dots, hyphens and underscores")


def read_tokens(path: Path) -> tuple[Token, ...]:
    """Returns the tokens in a file. Raises TokenFileError if it cannot be used.

    `read_secret` says who may read or write it.
    """
    try:
        return parse_tokens(read_secret(path, "token file"))
    except SecretFileError as error:
        raise TokenFileError(str(error)) from None
    except ValueError as error:
        raise TokenFileError(f"cannot use the token file {path}: {error}") from None
