"""Whether all nodes show one count and list each other."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from .ledger import Finding
from .machine import Machine

ANSWERS = 30.0
"""Seconds within which every process must answer, those that were just started included."""

WITHIN = 15.0
"""Seconds after that within which all must agree. A seed that was silent is tried every 10 s."""

LONGER = 30.0
"""Seconds that are waited in addition, to tell whether they agree at all."""

_STEADY = 0.5
_POLL = 0.1


class View(NamedTuple):
    """What a node answers: its id, the value of its counter, and the peers that it lists."""

    id: str
    shown: int
    peers: frozenset[str]


Views = Mapping[int, View | None]
"""By machine; None for one that does not answer."""


def differences(views: Views) -> list[Finding]:
    """Returns what the nodes do not agree about."""
    found = [
        Finding("a node does not answer", f"machine {number}")
        for number, view in views.items()
        if view is None
    ]
    known = {number: view for number, view in views.items() if view is not None}
    ids = {view.id for view in known.values()}
    if len({view.shown for view in known.values()}) > 1:
        counts = {number: view.shown for number, view in known.items()}
        found.append(Finding("the counts differ", f"by machine: {counts}"))
    for number, view in known.items():
        wanted = ids - {view.id}
        if lacking := sorted(wanted - view.peers):
            found.append(Finding("a peer is missing", f"machine {number} does not list {lacking}"))
        # While one does not answer nobody knows who should be listed.
        if len(known) == len(views) and (surplus := sorted(view.peers - wanted)):
            found.append(Finding("a peer is too much", f"machine {number} lists {surplus}"))
    return found


def look(machines: Sequence[Machine]) -> dict[int, View | None]:
    """Asks all of them."""
    return {machine.number: _view(machine) for machine in machines}


class Agreed(NamedTuple):
    """What came of waiting: seconds until all agreed, what they show, and what is wrong.

    The seconds count from the first moment at which all answered.
    """

    seconds: float
    views: Views
    findings: list[Finding]


def agree(
    ask: Callable[[], Views],
    within: float = WITHIN,
    longer: float = LONGER,
    answers: float = ANSWERS,
) -> Agreed:
    """Waits until all answer, and then until all agree and still do half a second later.

    If they do not within the time, it is a finding, and they are waited for some more.
    """
    end, pause = time.monotonic() + answers, threading.Event()
    while None in ask().values() and time.monotonic() < end:
        pause.wait(_POLL)
    began = time.monotonic()
    views, late = _wait(ask, began + within)
    if not late:
        return Agreed(time.monotonic() - began, views, [])
    views, never = _wait(ask, began + within + longer)
    seconds = time.monotonic() - began
    later = f"not within {longer:g} s more" if never else f"after {seconds:.1f} s they agree"
    text = f"not within {within:g} s; {later}"
    return Agreed(seconds, views, [Finding("no agreement after healing", text), *late])


def _wait(ask: Callable[[], Views], end: float) -> tuple[Views, list[Finding]]:
    pause, since, before = threading.Event(), None, None
    while True:
        views, now = ask(), time.monotonic()
        found = differences(views)
        if found or views != before:
            since = None if found else now
        elif since is not None and now - since >= _STEADY:
            return views, []
        if now > end:
            return views, found or [Finding("the counts move", "although nobody counts")]
        before = views
        pause.wait(_POLL)


def _view(machine: Machine) -> View | None:
    if not machine.running:
        return None
    node = machine.node
    try:
        return View(node.id, node.count(), frozenset(node.peers()))
    except (OSError, http.client.HTTPException, AssertionError):
        return None
