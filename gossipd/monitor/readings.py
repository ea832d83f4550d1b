"""Asks a node what it knows, again and again, in threads of their own."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable

from gossipd.client import HEALTHY, Door, Unfollowed, fetch, follow_after

from .news import Counted, Happened, Listed, Looked, Lost, News, Reached

_TIMEOUT = 5
_LOOK_SECONDS = 2.0
_SOON_SECONDS = 0.1
_AGAIN_SECONDS = 1.0

_TOTALS = {
    "gossipd_answers_total": "writes",
    "gossipd_http_requests_total": "requests",
    "gossipd_redis_commands_total": "Redis commands",
    "gossipd_received_datagrams_total": "datagrams in",
    "gossipd_sent_datagrams_total": "out",
}
_SAMPLE = re.compile(r"^(\w+)(\{[^\n]*\})? (\S+)$", re.MULTILINE)
# What this view asks is no work of the node's clients.
_OWN = re.compile(r'route="(/metrics|/v1/members|/v1/status)"')

Tell = Callable[[News], None]


def read_from(door: Door, tell: Tell) -> None:
    """Begins to ask the node behind a door, and to tell what it answers, until the process ends.

    `tell` is called in other threads. A node that was lost is asked again each second.
    """
    soon = threading.Event()
    looks, events, counters = (
        Looks(door, tell, soon),
        Events(door, tell, soon),
        Counters(door, tell),
    )
    for name, read in (
        ("state", looks.read),
        ("events", events.read),
        ("counters", counters.read),
    ):
        threading.Thread(target=_forever, args=(name, read, tell), daemon=True).start()


def _forever(name: str, read: Callable[[], None], tell: Tell) -> None:
    while True:
        try:
            read()
        except Unfollowed as error:
            reason = str(error)
        except (ValueError, LookupError, TypeError) as error:
            reason = f"its answer is not understood: {error!r}"
        tell(Lost(name, reason))
        time.sleep(_AGAIN_SECONDS)


class Looks:
    """Looks at the node's state and numbers every two seconds, and soon after each event."""

    def __init__(self, door: Door, tell: Tell, soon: threading.Event) -> None:
        """Takes what has the next look come early."""
        self._door = door
        self._tell = tell
        self._soon = soon

    def read(self) -> None:
        """Looks until the node does not answer. Then it raises Unfollowed."""
        while True:
            self._soon.clear()
            status = json.loads(self._answer("/v1/status"))
            members = json.loads(self._answer("/v1/members"))["members"]
            self._tell(Looked(status, members, totals(self._answer("/metrics"))))
            self._tell(Reached("state"))
            if self._soon.wait(_LOOK_SECONDS):
                time.sleep(_SOON_SECONDS)

    def _answer(self, path: str) -> str:
        verdict, found = fetch(self._door, _TIMEOUT, path)
        if verdict.exit_code != HEALTHY:
            raise Unfollowed(verdict)
        return found


class Events:
    """Follows what happens to members. After a failure it goes on with the event after the last."""

    def __init__(self, door: Door, tell: Tell, soon: threading.Event) -> None:
        """Takes what has the node looked at soon."""
        self._door = door
        self._tell = tell
        self._soon = soon
        self._last_id = ""

    def read(self) -> None:
        """Follows until the node ends the stream. Then it raises Unfollowed."""
        for ident, data in follow_after(self._door, _TIMEOUT, "/v1/events", self._last_id):
            self._tell(Reached("events"))
            self._last_id = ident or self._last_id
            if data:
                self._tell(Happened(json.loads(data)))
            self._soon.set()


class Counters:
    """Follows all counters. After a failure it goes on with the change after the last.

    The node tells all values at first, and an id with the last of them. Where another process
    answers, which does not know the id, it does so again.
    """

    def __init__(self, door: Door, tell: Tell) -> None:
        self._door = door
        self._tell = tell
        self._last_id = ""

    def read(self) -> None:
        """Follows until the node ends the stream. Then it raises Unfollowed."""
        changes: list[Counted] = []
        begun = False
        for ident, data in follow_after(self._door, _TIMEOUT, "/v1/watch", self._last_id):
            if data:
                found = json.loads(data)
                changes.append(Counted(found["name"], found["value"] if found["known"] else None))
            if begun:
                self._told(changes)
            elif ident:
                begun = True
                self._tell(Reached("counters"))
                if _process(ident) == _process(self._last_id):
                    self._told(changes)
                else:
                    values = {each.name: each.value for each in changes if each.value is not None}
                    self._tell(Listed(values))
                    changes.clear()
            self._last_id = ident or self._last_id

    def _told(self, changes: list[Counted]) -> None:
        for each in changes:
            self._tell(each)
        changes.clear()


def totals(metrics: str) -> dict[str, float]:
    """Returns sums of a page of metrics, by the words under which they are shown."""
    found: dict[str, float] = {}
    for name, labels, value in _SAMPLE.findall(metrics):
        words = _TOTALS.get(name)
        if words is not None and not _OWN.search(labels):
            found[words] = found.get(words, 0.0) + float(value)
    return {words: found[words] for words in _TOTALS.values() if words in found}


def _process(ident: str) -> str:
    return ident.partition("-")[0]
