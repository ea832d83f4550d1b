"""Files with secrets: who may read them, and what is wrong with one, in one line.

The command line reads such files as well, so this module imports next to nothing.
"""

from __future__ import annotations

import os
import stat

_LARGEST = 65536
"""Bytes of a file at most."""


class SecretFileError(Exception):
    """A file cannot be used, or not be written. The text is one line that says what and where.

    It never contains any of the file's content.
    """


def read_secret(path: str | os.PathLike[str], what: str, remedy: str = "") -> bytes:
    """Returns the content of a file. Raises SecretFileError.

    A file that everybody on the machine may read, or others may write, is refused. Its group may
    read it: so a container's user comes to a secret that its engine mounts.

    Args:
        path: the file.
        what: what kind of file it is, as in `the key file`.
        remedy: what to do if others may have read it, beside changing its mode.
    """
    try:
        with open(path, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise SecretFileError(f"cannot read the {what} {path}: {_reason(error)}") from None
    if mode & (stat.S_IROTH | stat.S_IWOTH | stat.S_IWGRP):
        raise SecretFileError(
            f"the {what} {path} may be read or written by others (mode {stat.S_IMODE(mode):04o}):"
            f" use `chmod 600`{remedy and f', and {remedy}'}"
        )
    if len(content) > _LARGEST:
        raise SecretFileError(f"cannot use the {what} {path}: it has more than {_LARGEST} bytes")
    return content


def write_secret(path: str | os.PathLike[str], what: str, text: str) -> None:
    """Writes a new file, which only its owner may read. Raises SecretFileError."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise SecretFileError(f"cannot write the {what} {path}: {_reason(error)}") from None


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
