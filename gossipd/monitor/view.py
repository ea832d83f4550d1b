"""What the person at the terminal asked to see, and the keys that change it."""

from __future__ import annotations

from collections.abc import Mapping

MEMBERS, COUNTERS, EVENTS = LISTS = ("members", "counters", "events")

MEMBER_ORDERS = ("state", "id", "round trip", "since")
COUNTER_ORDERS = ("rate", "name", "value", "last change")
STATES = ("all", "not alive", "alive", "suspect", "dead", "left")

_SEQUENCES = {
    "\x1b[A": "up",
    "\x1b[B": "down",
    "\x1b[5~": "page up",
    "\x1b[6~": "page down",
    "\x1b[H": "home",
    "\x1b[F": "end",
    "\x1bOA": "up",
    "\x1bOB": "down",
    "\x1bOH": "home",
    "\x1bOF": "end",
    "\r": "enter",
    "\n": "enter",
    "\t": "tab",
    "\x7f": "backspace",
    "\b": "backspace",
    "\x1b": "escape",
}
_LONGEST_FIRST = sorted(_SEQUENCES, key=len, reverse=True)

_SCROLL = {"up": -1, "k": -1, "down": 1, "j": 1, "page up": -10, "page down": 10}
_SCROLL |= {"home": -(1 << 30), "end": 1 << 30}


def keys(typed: str) -> list[str]:
    """Returns the keys that a terminal sent: characters, and words for the others."""
    found = []
    while typed:
        start = next((each for each in _LONGEST_FIRST if typed.startswith(each)), typed[0])
        typed = typed[len(start) :]
        if typed and start == "\x1b":
            # A key that means nothing here, such as the arrow to the left.
            final = next((i for i, c in enumerate(typed[1:], 1) if c.isalpha() or c == "~"), 0)
            typed = typed[final + 1 :]
            continue
        found.append(_SEQUENCES.get(start, start))
    return found


class View:
    """Which rows are shown, and in which order.

    Attributes:
        member_order: one of MEMBER_ORDERS.
        counter_order: one of COUNTER_ORDERS.
        backwards: whether both orders are reversed.
        state: one of STATES; only such members are shown.
        text: only members, counters and events with this text in them are shown.
        typing: whether keys go into the text.
        focus: the one of LISTS that the arrows move.
        offsets: how many rows of each list are passed over.
        ended: whether the person wants to leave.
    """

    def __init__(self) -> None:
        self.member_order = MEMBER_ORDERS[0]
        self.counter_order = COUNTER_ORDERS[0]
        self.backwards = False
        self.state = STATES[0]
        self.text = ""
        self.typing = False
        self.focus = MEMBERS
        self.offsets = dict.fromkeys(LISTS, 0)
        self.ended = False

    def press(self, key: str) -> None:
        """Takes a key. One that means nothing changes nothing."""
        if self.typing:
            self._type(key)
        elif key in _SCROLL:
            self.offsets[self.focus] = max(0, self.offsets[self.focus] + _SCROLL[key])
        elif key == "q":
            self.ended = True
        elif key == "s":
            self.member_order = _next(MEMBER_ORDERS, self.member_order)
        elif key == "c":
            self.counter_order = _next(COUNTER_ORDERS, self.counter_order)
        elif key == "r":
            self.backwards = not self.backwards
        elif key == "f":
            self.state = _next(STATES, self.state)
        elif key == "tab":
            self.focus = _next(LISTS, self.focus)
        elif key == "/":
            self.typing = True
        elif key == "escape":
            self.text, self.state = "", STATES[0]

    def clamp(self, furthest: Mapping[str, int]) -> None:
        """Notes how many rows of each list can be passed over."""
        for name, most in furthest.items():
            self.offsets[name] = min(self.offsets[name], most)

    def _type(self, key: str) -> None:
        if key == "backspace":
            self.text = self.text[:-1]
        elif key == "escape":
            self.text, self.typing = "", False
        elif key == "enter":
            self.typing = False
        elif len(key) == 1 and key.isprintable():
            self.text += key


def _next(words: tuple[str, ...], word: str) -> str:
    return words[(words.index(word) + 1) % len(words)]
