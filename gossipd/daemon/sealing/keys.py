"""Key files: one key a line, of which the first seals and all open.

A line is the key's id, a space, and 64 hexadecimal digits. Empty lines, and those that begin with
`#`, mean nothing. The id follows from the key and may be shown to anybody.
"""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path

import attrs

from gossipd.secret_files import SecretFileError, read_secret, write_secret

KEY_BYTES = 32
ID_BYTES = 4
_ID_OF = b"gossipd key id"
_MOST = 64
"""Keys in a file at most."""


class KeyFileError(Exception):
    """A key file cannot be used, or not be written. The text is one line that says what and where.

    It never contains any of a key.
    """


@attrs.frozen
class Key:
    """One key.

    Attributes:
        id: eight hexadecimal digits, which follow from the secret and do not tell it.
        secret: 32 random bytes.
    """

    id: str
    secret: bytes = attrs.field(repr=False)

    @classmethod
    def of(cls, secret: bytes) -> Key:
        """Returns the key with these 32 bytes."""
        return cls(hashlib.sha256(_ID_OF + secret).digest()[:ID_BYTES].hex(), secret)

    @property
    def line(self) -> str:
        """The key as a line of a key file."""
        return f"{self.id} {self.secret.hex()}"


def new_key() -> Key:
    """Returns a key of the operating system's randomness."""
    return Key.of(secrets.token_bytes(KEY_BYTES))


def parse_keys(content: bytes) -> tuple[Key, ...]:
    """Returns the keys in the content of a key file, in order.

    Raises ValueError for any other content, with a text that has nothing of a key in it.
    """
    try:
        lines = content.decode("ascii").splitlines()
    except UnicodeDecodeError:
        raise ValueError("it is no text of ASCII characters") from None
    keys: list[Key] = []
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.startswith("#"):
            keys.append(_key(line.split(), number))
    if not keys:
        raise ValueError("it has no key")
    if len(keys) > _MOST:
        raise ValueError(f"it has {len(keys)} keys, more than {_MOST}")
    twice = {key.id for key in keys if [other.id for other in keys].count(key.id) > 1}
    if twice:
        raise ValueError(f"it has key {min(twice)} twice")
    return tuple(keys)


def _key(words: list[str], number: int) -> Key:
    if len(words) != 2:
        raise ValueError(f"line {number} is not an id and a key")
    try:
        secret = bytes.fromhex(words[1])
    except ValueError:
        raise ValueError(f"line {number}: the key has other characters than 0-9 and a-f") from None
    if len(secret) != KEY_BYTES:
        raise ValueError(f"line {number}: the key has {8 * len(secret)} bits, and not 256")
    key = Key.of(secret)
    if key.id != words[0]:
        raise ValueError(f"line {number}: the id is not that of the key, so one of them is wrong")
    return key


def read_keys(path: Path) -> tuple[Key, ...]:
    """Returns the keys in a file. Raises KeyFileError if it cannot be used.

    `read_secret` says who may read or write it.
    """
    try:
        content = read_secret(path, "key file", "a new key if somebody may have seen it")
        return parse_keys(content)
    except SecretFileError as error:
        raise KeyFileError(str(error)) from None
    except ValueError as error:
        raise KeyFileError(f"cannot use the key file {path}: {error}") from None


def write_key(path: Path, key: Key) -> None:
    """Writes a new key file, which only its owner may read. Raises KeyFileError."""
    try:
        write_secret(path, "key file", f"{key.line}\n")
    except SecretFileError as error:
        raise KeyFileError(str(error)) from None
