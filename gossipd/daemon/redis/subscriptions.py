"""What one client subscribed to: the commands for that, and the messages that come of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ..access import Visitor
from ..resp import Push, encode
from ..service import Service
from ..watch import Watch
from .caller import Caller
from .channels import Channel, Channels, Wanted
from .errors import Failed

MOST_SUBSCRIPTIONS = 100
"""The most channels and patterns of one client."""

_PART_BYTES = 4 * 1024
_PART_LOOKS = 200
"""After so many bytes, or looks at watches and changes, a part of the messages ends."""

_MAKES: dict[str, Callable[[bytes], Wanted]] = {"subscribe": Channel, "psubscribe": Channels}


class Subscriptions:
    """The channels and patterns of one client, each with a watch of the counters it is about.

    Attributes:
        count: how many there are.
    """

    def __init__(self, service: Service, caller: Caller, visitor: Visitor) -> None:
        """Takes the node, and the client, whose token must stay valid."""
        self.count = 0
        self._service = service
        self._caller = caller
        self._visitor = visitor
        self._call: Callable[[], None] = _nobody
        # By the command that makes them, and by their text.
        self._made: dict[str, dict[bytes, Watch]] = {"subscribe": {}, "psubscribe": {}}
        # The watches from which something may be taken, with what is wanted of each.
        self._due: dict[Watch, Wanted] = {}

    @property
    def is_there(self) -> bool:
        """Whether there may be something to take."""
        return bool(self._due)

    @property
    def confines(self) -> bool:
        """Whether the client may send only the commands of subscriptions: in RESP2 it must."""
        return self.count > 0 and self._caller.resp == 2

    def on_news(self, call: Callable[[], None]) -> None:
        """Has `call` called each time that there is something to take."""
        self._call = call

    def subscribe(self, command: str, texts: list[bytes]) -> list[Push]:
        """Adds channels (`subscribe`) or patterns (`psubscribe`), or none of them.

        Returns what the client is told of each. Raises Failed if one is wrong or too much.
        """
        made = self._made[command]
        new = {text: _MAKES[command](text) for text in texts if text not in made}
        if self.count + len(new) > MOST_SUBSCRIPTIONS:
            raise Failed(f"ERR a client has at most {MOST_SUBSCRIPTIONS} subscriptions")
        told = []
        for text in texts:
            if text not in made:
                made[text] = self._watch(new[text])
                self.count += 1
            told.append(Push((command, text, self.count)))
        return told

    def unsubscribe(self, command: str, texts: list[bytes]) -> list[Push]:
        """Removes channels (`unsubscribe`) or patterns (`punsubscribe`), all if none are named.

        Returns what the client is told of each.
        """
        made = self._made[command.replace("un", "")]
        told = []
        for text in texts or list(made):
            watch = made.pop(text, None)
            if watch is not None:
                self._leave(watch)
            told.append(Push((command, text, self.count)))
        return told or [Push((command, None, self.count))]

    def take(self) -> bytes:
        """Returns the next messages. Raises OSError if the client's token is there no more."""
        if not self._visitor.may("read"):
            raise ConnectionAbortedError
        parts: list[bytes] = []
        size = looks = 0
        while self._due and size < _PART_BYTES and looks < _PART_LOOKS:
            watch = next(iter(self._due))
            wanted = self._due.pop(watch)
            changes = watch.take()
            looks += 1 + len(changes)
            if changes:
                # It goes to the end, so that all have their turn.
                self._due[watch] = wanted
            for change in changes:
                for message in wanted.messages(change):
                    parts.append(encode(Push(message), self._caller.resp))
                    size += len(parts[-1])
        return b"".join(parts)

    def close(self) -> None:
        """Removes everything, and calls nobody from now on."""
        self._call = _nobody
        for command in "unsubscribe", "punsubscribe":
            self.unsubscribe(command, [])

    def _watch(self, wanted: Wanted) -> Watch:
        watch = wanted.watch(self._service)
        # Notifications tell of changes; what was there before is none.
        watch.skip()
        watch.on_news(partial(self._note, watch, wanted))
        return watch

    def _note(self, watch: Watch, wanted: Wanted) -> None:
        self._due[watch] = wanted
        self._call()

    def _leave(self, watch: Watch) -> None:
        watch.close()
        self._due.pop(watch, None)
        self.count -= 1


def _nobody() -> None:
    """Is called as long as no connection wants to know of news."""
