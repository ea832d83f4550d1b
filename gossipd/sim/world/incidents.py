"""What can happen to a machine or to its process, one class for each kind.

An incident is done to a node, in contrast to an event, which a node reports itself. The text of an
incident stands in the trace of a run and is part of its hash.
"""

from __future__ import annotations

from typing import ClassVar

import attrs


@attrs.frozen
class Incident:
    """The base of all incidents. The text of an incident is for people; see `str`."""

    _text: ClassVar[str] = ""

    def __str__(self) -> str:
        return self._text


class Started(Incident):
    """A process has started from what its machine kept."""

    _text = "started"


@attrs.frozen
class Crashed(Incident):
    """A process has ended without a word.

    Attributes:
        power_cut: the machine went out with it, so that what was not synced may be lost.
        state_lost: nothing is left of what the process knew.
    """

    power_cut: bool = False
    state_lost: bool = False

    def __str__(self) -> str:
        how = "crashed by a power cut" if self.power_cut else "crashed"
        return f"{how}, state lost" if self.state_lost else how


class Leaving(Incident):
    """A node was told to leave."""

    _text = "leaving"


class Left(Incident):
    """A process has ended in good order, after it left."""

    _text = "left"


@attrs.frozen
class DiskReplaced(Incident):
    """The disk of a machine without a process has other content now; `content` says which."""

    content: str

    def __str__(self) -> str:
        return f"disk replaced: {self.content}"


@attrs.frozen
class SetBack(Incident):
    """A machine, memory and disk, was put back to how it was at the time `to`, and runs on."""

    to: float

    def __str__(self) -> str:
        return f"set back to {self.to:g} s"


class Paused(Incident):
    """A process stands still, as under SIGSTOP."""

    _text = "paused"


class Resumed(Incident):
    """A paused process runs on."""

    _text = "resumed"


class Blocked(Incident):
    """What a process sends and is sent is held back."""

    _text = "blocked"


class Unblocked(Incident):
    """A blocked process sends and reads again."""

    _text = "unblocked"


class Slowed(Incident):
    """A node reads each datagram late from now on."""

    _text = "slow"


class Quickened(Incident):
    """A node reads datagrams at once again."""

    _text = "prompt"


@attrs.frozen
class Moved(Incident):
    """A machine has another address, which its node goes on under; `to` is its new id."""

    to: str

    def __str__(self) -> str:
        return f"moves to {self.to}"


@attrs.frozen
class ClockJumped(Incident):
    """The wall clock of a machine jumped by so many seconds."""

    by: float

    def __str__(self) -> str:
        return f"clock {self.by:+g} s"
