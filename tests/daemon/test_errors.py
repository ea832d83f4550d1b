"""The words for an error of the operating system."""

from __future__ import annotations

import errno

import pytest

from gossipd.daemon.errors import reason


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EADDRINUSE, "Address already in use"), "somebody has it"),
        (OSError(errno.EACCES, "Permission denied"), "Permission denied"),
        (OSError("no number"), "no number"),
    ],
)
def test_reason(error: OSError, words: str) -> None:
    """The caller's words for a number that it knows, else the system's."""
    assert words == reason(error, {errno.EADDRINUSE: "somebody has it"})
