"""What bytes were parsed to, for bytes that come again and again.

Most clients send the same request all the time, to the byte. To look it up takes a tenth of the
time that parsing takes. Only what follows from the bytes alone may be kept: never an answer.
"""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")

LONGEST = 1024
MOST = 256


class Repeated(Generic[T]):
    """Values by the bytes that they were parsed from. It holds 256 KiB of bytes at most.

    Attributes:
        get: returns the value of these bytes, or None. The value must not be changed.
    """

    def __init__(self) -> None:
        self._values: dict[bytes, T] = {}
        self.get = self._values.get

    def keep(self, data: bytes, value: T) -> None:
        """Keeps the value of these bytes, unless they are more than 1 KiB."""
        if len(data) > LONGEST:
            return
        if len(self._values) >= MOST:
            # What is asked all the time is soon there again.
            self._values.clear()
        self._values[data] = value
