"""What a connection needs of whoever answers its requests and tells it news."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeAlias

from ..future import Future

OnAnswers: TypeAlias = Callable[[bytes | Exception], object]
"""Called with answers, in the order of their requests, or with an error in their place."""


class News(Protocol):
    """What one client is told without having asked for it each time. It keeps no queue."""

    @property
    def is_there(self) -> bool:
        """Whether there may be something to take."""

    def on_news(self, call: Callable[[], None]) -> None:
        """Has `call` called, which raises nothing, each time that there is something to take."""

    def take(self) -> bytes:
        """Returns the next part, a few kilobytes; it may be empty though more is there.

        Raises OSError if the connection must end.
        """

    def close(self) -> None:
        """Ends: there is no news from now on."""


class Client(Protocol):
    """What is behind a connection: it answers the requests of one client, in their order."""

    @property
    def news(self) -> News:
        """What the client is told without having asked."""

    @property
    def gathered(self) -> Sequence[object]:
        """What `gather` took and `flush` has not carried out."""

    @property
    def has_quit(self) -> bool:
        """Whether the last answer is to be followed by the end of the connection."""

    def gather(self, request: list[bytes]) -> bool:
        """Takes a request that can share a write with those behind it; else returns False."""

    def flush(self, then: OnAnswers) -> None:
        """Carries out what was gathered, and calls `then` with all answers, maybe at once."""

    def answer(self, request: list[bytes]) -> bytes | Iterator[bytes] | Future[bytes]:
        """Answers a request that `gather` did not take, when nothing is gathered.

        An iterator makes the answer in parts, any of which may be empty. Others have their turn
        between the parts if they take long.
        """
