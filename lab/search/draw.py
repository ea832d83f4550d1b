"""Draws a history from a seed: a small cluster, commands, a load, and faults.

Each history has some kinds of faults and not others (swarm testing), since faults of all kinds at
once hide each other's effects.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import Any

from .meetings import MEETINGS, draw_meeting
from .neighbours import draw_neighbours
from .successors import Successors
from .tagging import TAGGED, is_tagged, with_tags

MOST_NODES = 9
MOST_ORDERED = 8
"""Most commands of a history with syncs: a checker tries all orders of them."""

MOST_INCREMENTS = 40
"""Most increments of a history without syncs.

Each of them adds another power of two, so that the sum tells which are in it.
"""

_SHORT = 8
"""Seconds of the shortest histories, the only ones with a load of increments."""

_DISCOVERY = 0.1
"""Share of the histories in which nodes look for each other by broadcast."""

_FORGETTING = 0.15
"""Share of the histories in which members are forgotten within seconds."""

_SET_BACK = 0.1
"""Share of the histories without syncs in which machines are set back."""

_NAT = _REJECT = 0.15
"""Shares in which nodes talk from elsewhere than they advertise, and in which firewalls reject."""

_SECONDS_OFF = (1, 60, 9000, 72_000, 3 * 86_400, 400 * 86_400, 40 * 365 * 86_400)
"""By how many seconds a clock jumps: a little, hours, days, years, and to before 1970 if back."""

_JUMP = re.compile(r"(n\d+)@([\d.]+),by=(-?\d+)s")

_LATENCIES = (
    "fixed:1ms",
    "uniform:0.5ms..1.5ms",
    "uniform:1ms..40ms",
    "lognormal:5ms,1",
    "fixed:0ms",
)

Words = dict[str, Any]


ANY = "any"
"""The kind of the histories in which anything may meet anything."""

NEIGHBOURS = "neighbours"
"""The kind of the histories of several clusters, whose addresses are given out again."""

KINDS = (ANY, NEIGHBOURS, TAGGED, *MEETINGS)

_NEIGHBOURS = 0.1
"""Share of the histories that are of this kind."""

_MEETING = 0.4
"""Share of the histories that are drawn as one of the meetings."""


def draw_history(seed: int, kind: str | None = None) -> Words:
    """Returns the history with this seed, as the words of a scenario.

    Args:
        kind: one of `KINDS`; None: drawn as well.
    """
    if kind is None:
        rng = Random(f"{seed}/kind")
        kind = rng.choice(list(MEETINGS)) if rng.random() < _MEETING else ANY
        # Drawn last, and from a generator of its own, so that all others stay as they are.
        if Random(f"{seed}/are there neighbours").random() < _NEIGHBOURS:
            kind = NEIGHBOURS
        elif kind == ANY and is_tagged(seed):
            kind = TAGGED
    if kind == NEIGHBOURS:
        return draw_neighbours(seed)
    words = draw_meeting(kind, seed) if kind in MEETINGS else _Drawer(seed).words()
    return with_tags(words) if kind == TAGGED else words


class _Drawer:
    def __init__(self, seed: int) -> None:
        self._rng = rng = Random(f"{seed}/history")
        self._seed = seed
        self._nodes = rng.choice((2, 3, 3, 4, 5, 5, 7, MOST_NODES))
        self._duration = rng.choice((_SHORT, 15, 30))
        # Where and when commands are given, and whether faults are aimed at that.
        self._asked: list[tuple[int, float]] = []
        self._aimed = rng.random() < 0.5
        # Whether syncs are among the commands, so that the order of commands matters.
        self._ordered = False
        self._place = 0

    def words(self) -> Words:
        rng = self._rng
        words: Words = {
            "nodes": self._nodes,
            "duration": self._duration,
            "seed": self._seed,
            "start": rng.choice(("joined", "joined", "together")),
            "latency": rng.choice(_LATENCIES),
            "profile": rng.choice(("lan", "lan", "local")),
        }
        for word, most in (("loss", 40), ("duplicate", 30), ("reorder", 50)):
            if rng.random() < 0.35:
                words[word] = rng.randint(1, most)
        if words["start"] == "joined":
            words["seeds"] = rng.choice((0, 1, 3))
        settings = self._settings()
        if settings:
            words["set"] = settings
        words |= self._commands()
        words |= self._faults()
        words |= self._set_back()
        self._add_nat(words)
        self._add_refusals(words)
        most = MOST_ORDERED if self._ordered else MOST_INCREMENTS
        counts = Successors(self._seed, self._nodes, self._duration, self._names)
        counts.add(words, None if self._ordered else self._place, most - self._place)
        if "set-back" in words and (self._names or "fold_after" in words.get("set", {})):
            # Two histories of one owner may have different rows at the same version. Only the sweep
            # finds that, and it must do so within the time for agreement.
            words.setdefault("set", {})["sweep_interval"] = 0.2
        if rng.random() < 0.15:
            words["owners"] = rng.choice((5, 40))
        if self._duration == _SHORT and rng.random() < 0.2:
            words["writes"] = rng.choice((5, 50))
        return words

    def _settings(self) -> Words:
        """Returns settings that make a small cluster do what otherwise only large ones do."""
        rng = self._rng
        settings: Words = {}
        if rng.random() < 0.3:
            settings["direct_push_limit"] = rng.randint(1, 3)
        if rng.random() < 0.3:
            settings["sweep_interval"] = 2
        if rng.random() < 0.2:
            settings["max_datagram_bytes"] = 1000
        # Drawn from a generator of its own, so that the rest of each history stays as it is.
        if Random(f"{self._seed}/discovery").random() < _DISCOVERY:
            settings["discovery"] = "on"
        forgetting = Random(f"{self._seed}/forgetting")
        if forgetting.random() < _FORGETTING:
            settings |= {"forget_after": forgetting.choice((2, 5, 12)), "forgotten_retry": 2}
        return settings

    # Times and nodes

    def _time(self) -> float:
        return round(self._rng.uniform(0.2, self._duration - 0.2), 3)

    def _node(self) -> int:
        return self._rng.randrange(self._nodes)

    def _where(self) -> tuple[int, float]:
        """Returns a node and a time for a fault: often a node that is about to answer a client."""
        if not self._aimed or self._rng.random() < 0.3:
            return self._node(), self._time()
        node, at = self._rng.choice(self._asked)
        at += self._rng.choice((-1.0, -0.05, 0.0, 0.002, 0.05, 0.5)) * self._rng.random()
        return node, round(min(max(at, 0.1), self._duration - 0.2), 4)

    def _lasting(self, least: float, most: float) -> str:
        """Returns WHO@START+LENGTH, or without a length for a fault that lasts to the end."""
        node, at = self._where()
        left = self._duration - at - 0.1
        if self._rng.random() < 0.15 or left <= least:
            return f"n{node}@{at}"
        return f"n{node}@{at}+{round(self._rng.uniform(least, min(most, left)), 3)}"

    def _once(self) -> str:
        node, at = self._where()
        return f"n{node}@{at}"

    # Commands

    def _commands(self) -> Words:
        rng = self._rng
        self._ordered = ordered = rng.random() < 0.5
        # A source of its own, so that a history with named counters is otherwise the same.
        self._names = Random(f"{self._seed}/names").choice((0, 0, 1, 3, 20))
        number = rng.randint(1, MOST_ORDERED if ordered else rng.choice((6, MOST_INCREMENTS)))
        moments = self._moments(number)
        words: Words = {"increment": [], "sync": []}
        place = 0
        for at in moments:
            if place == number:
                break
            node = self._node()
            self._asked.append((node, at))
            where = f"n{node}@{at}"
            ack = f",ack={rng.choice(('all', 'majority', 'one', 'local'))}"
            ack = ack if rng.random() < 0.4 else ""
            if ordered and rng.random() < 0.4:
                words["sync"].append(f"{where},{self._sync_value(node)}{ack}")
                place += 1
            else:
                together = range(place, min(place + rng.choice((1, 1, 1, 2, 4)), number))
                amounts = [rng.choice((1, 1, 2, 5)) if ordered else 1 << each for each in together]
                ack += f",names={self._names}" if self._names else ""
                words["increment"].append(f"{where},amount={'+'.join(map(str, amounts))}{ack}")
                place += len(amounts)
        if rng.random() < 0.3:
            words |= self._removals()
        words["change"] = self._changes(number)
        self._place = number
        return {word: texts for word, texts in words.items() if texts}

    def _changes(self, number: int) -> list[str]:
        """Returns resets, deletes, and further tries of changes with a key."""
        # From a generator of their own, so that a history is otherwise the same.
        rng, found = Random(f"{self._seed}/changes"), []
        if not self._names:
            return []
        for _ in range(rng.choice((0, 1, 2, 6))):
            node, at = rng.randrange(self._nodes), round(rng.uniform(0.2, self._duration - 0.2), 3)
            kind = rng.choice(("reset", "reset", "delete", "again", "again"))
            amount = f",amount={1 << rng.randrange(number)}" if kind == "again" else ""
            found.append(f"n{node}@{at},kind={kind},names={self._names}{amount}")
        return found

    def _moments(self, number: int) -> list[float]:
        """Returns times of commands. Some come in bursts, so that they overtake each other."""
        rng = self._rng
        moments: list[float] = []
        while len(moments) < number:
            at = self._time()
            burst = rng.choice((1, 1, 2, 4)) if rng.random() < 0.5 else 1
            width = rng.choice((0.0, 0.002, 0.05))
            moments += [round(at + rng.random() * width, 4) for _ in range(burst)]
        return sorted(moments[:number])

    def _sync_value(self, node: int) -> str:
        if self._rng.random() < 0.4:
            return f"of=n{self._rng.choice((node, self._node()))}"
        return f"value={self._rng.randint(0, 15)}"

    def _removals(self) -> Words:
        rng = self._rng
        words: Words = {"remove": [], "register": []}
        for _ in range(rng.randint(1, 4)):
            one, other = rng.sample(range(self._nodes), 2)
            at = self._time()
            words["remove"].append(f"n{one}@{at},peer=n{other}")
            if rng.random() < 0.5:
                later = round(rng.uniform(at, self._duration), 3)
                words["register"].append(f"n{one}@{later},peer=n{other}")
        return words

    # Faults

    def _faults(self) -> Words:
        rng = self._rng
        if rng.random() < 0.1:
            return {}
        kinds: dict[str, Callable[[], str]] = {
            "crash": self._once,
            "restart": self._restart,
            "power-cut": lambda: self._lasting(0.001, 10),
            "leave": self._once,
            "pause": lambda: self._lasting(0.1, 25),
            "flip-flop": self._flip_flop,
            "block": lambda: self._lasting(0.1, 10),
            "slow": lambda: f"{self._lasting(1, 20)},late=0.1s..2.5s",
            "one-way": self._one_way,
            "partition": self._partition,
            "clock-jump": self._clock_jump,
            "slow-disk": self._slow_disk,
            "bad-disk": lambda: f"{self._lasting(0.1, 5)},fails={rng.choice((100, 50, 10))}",
        }
        chosen = rng.sample(list(kinds), rng.choice((1, 1, 2, 3, 5)))
        faults = {kind: [kinds[kind]() for _ in range(rng.randint(1, 3))] for kind in chosen}
        if "clock-jump" in faults:
            faults.setdefault("restart", []).extend(self._shown_jump(faults["clock-jump"]))
        return faults

    def _shown_jump(self, jumps: list[str]) -> list[str]:
        """Returns later restarts of the first node that jumps, at which it reads its clock.

        Half of the clocks are put right again before the last restart, which is added to `jumps`.
        """
        node, at, by = _JUMP.fullmatch(jumps[0]).groups()  # type: ignore[union-attr]
        later = self._later(float(at))
        restarts = [f"{node}@{later}+0.05{self._kept()}"]
        if self._rng.random() < 0.5:
            right = self._later(later)
            jumps.append(f"{node}@{right},by={-int(by)}s")
            restarts += [f"{node}@{self._later(right)}+0.05{self._kept()}"]
        return restarts

    def _later(self, at: float) -> float:
        return round(self._rng.uniform(at, self._duration - 0.15), 3)

    def _kept(self) -> str:
        return self._rng.choice(("", ",state=lost"))

    def _set_back(self) -> Words:
        # Drawn from a generator of its own, as discovery is. Not in histories with syncs: their
        # increments have equal amounts, which would hide which of them count.
        rng = Random(f"{self._seed}/set back")
        if self._ordered or rng.random() >= _SET_BACK:
            return {}
        faults = []
        for _ in range(rng.randint(1, 3)):
            node, at = rng.choice(self._asked)
            back = rng.choice((0.05, 0.5, 3, 8))
            at = round(min(at + rng.random() * back, self._duration - 0.2), 4)
            noticed = rng.choice(("yes", "no"))
            faults.append(f"n{node}@{at},back={back}s,noticed={noticed}")
        return {"set-back": faults}

    def _add_nat(self, words: Words) -> None:
        """Lets nodes talk from elsewhere, and mostly start anew there, some never to be reached."""
        # Drawn from a generator of its own, as discovery is.
        rng = Random(f"{self._seed}/nat")
        if rng.random() >= _NAT:
            return
        last = self._duration - 0.2
        faults = []
        for node in rng.sample(range(self._nodes), rng.choice((1, 1, 2))):
            begins, ends = sorted(round(rng.uniform(0.1, last), 3) for _ in range(2))
            lasts = f"+{round(ends - begins, 3)}" if rng.random() < 0.5 else ""
            faults.append(f"n{node}@{begins}{lasts},mapped={rng.choice(('yes', 'no'))}")
            if rng.random() < 0.8:
                again = round(rng.uniform(begins, last), 3)
                how = rng.choice(("", "", ",state=lost"))
                restarts = words.setdefault("restart", [])
                restarts.append(f"n{node}@{again}+{rng.choice((0.05, 0.1))}{how}")
        words["nat"] = faults

    def _add_refusals(self, words: Words) -> None:
        """Lets firewalls reject datagrams, and some machines of crashed nodes refuse none."""
        # Drawn from a generator of its own, as discovery is.
        rng = Random(f"{self._seed}/refusals")
        if rng.random() < _REJECT:
            words["reject"] = rejects = []
            for _ in range(rng.choice((1, 1, 2, 4))):
                one, other = rng.sample(range(self._nodes), 2)
                begins, ends = sorted(rng.uniform(0.1, self._duration - 0.2) for _ in range(2))
                rejects.append(f"n{one}@{begins:.3f}+{ends - begins:.3f},peer=n{other}")
        if "crash" in words:
            machines = [rng.choice(("", ",machine=gone")) for _ in words["crash"]]
            words["crash"] = [a + b for a, b in zip(words["crash"], machines, strict=True)]

    def _restart(self) -> str:
        text = self._lasting(0.001, 10)
        what = self._rng.random()
        if what < 0.5 or "+" not in text:
            return text
        if what < 0.7:
            return f"{text},state=lost"
        if what < 0.85:
            return f"{text},backup={self._rng.choice((0.05, 1, 5))}s"
        others = [number for number in range(self._nodes) if not text.startswith(f"n{number}@")]
        return f"{text},copy=n{self._rng.choice(others)}"

    def _flip_flop(self) -> str:
        at = round(self._rng.uniform(0.2, self._duration / 2), 3)
        length = round(self._duration - at - 0.1, 3)
        times = [(16, 0.01), (2, 0.05), (0.3, 0.2)]
        paused, running = self._rng.choice([each for each in times if each[0] < length])
        return f"n{self._node()}@{at}+{length},paused={paused}s,running={running}s"

    def _one_way(self) -> str:
        direction = self._rng.choice(("in", "out"))
        loss = self._rng.choice((50, 100))
        return f"{self._lasting(0.5, 20)},direction={direction},loss={loss}"

    def _partition(self) -> str:
        node, _, when = self._lasting(0.1, 25).partition("@")
        first = int(node[1:])
        last = self._rng.randint(first, self._nodes - 1)
        if first == 0 and last == self._nodes - 1:
            last -= 1
        return f"n{first}-{last}@{when}"

    def _clock_jump(self) -> str:
        by = self._rng.choice(_SECONDS_OFF) * self._rng.choice((1, -1))
        return f"{self._once()},by={by}s"

    def _slow_disk(self) -> str:
        delay = self._rng.choice(("1ms..5ms", "50ms..800ms"))
        if self._rng.random() < 0.5:
            return f"n{self._node()}@0.1,delay={delay}"
        return f"{self._lasting(0.5, 20)},delay={delay}"
