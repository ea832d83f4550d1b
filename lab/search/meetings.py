"""Draws histories in which two certain things meet, which chance alone seldom brings together.

Such a meeting is a frame with a few words that chance fills in: a peer that is cut off *and* more
to push to it than a datagram takes, a leave *and* counts that nobody else has. Each is a small
history, so that the search can afford many of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

Words = dict[str, Any]


def draw_meeting(name: str, seed: int) -> Words:
    """Returns the history of the meeting `name` with this seed, as the words of a scenario."""
    rng = Random(f"{seed}/{name}")
    words: Words = {
        "nodes": rng.choice((2, 3, 3, 4, 5)),
        "duration": 8,
        "seed": seed,
        "start": "joined",
        "latency": rng.choice(("fixed:1ms", "uniform:0.5ms..1.5ms", "uniform:1ms..40ms")),
        "profile": rng.choice(("lan", "lan", "local")),
    }
    return words | MEETINGS[name](rng, words["nodes"])


def _cut_pushes(rng: Random, nodes: int) -> Words:
    """A node counts more than a datagram takes, again under the default name, unheard by some."""
    at = round(rng.uniform(0.5, 6.0), 3)
    cut = round(rng.uniform(0.03, 0.4), 3)
    increments = [f"n0@{at},amount=1,others={rng.randint(20, 90)}"]
    increments += [
        f"n0@{round(at + rng.uniform(0.001, cut), 4)},amount={1 << number + 1}"
        f",others={rng.choice((0, 0, 3))}"
        for number in range(rng.randint(1, 4))
    ]
    last = rng.randint(1, nodes - 1)
    words: Words = {
        "increment": increments,
        "partition": [f"n{rng.randint(1, last)}-{last}@{round(at - 0.001, 3)}+{cut}"],
        "set": {"max_datagram_bytes": 1000},
    }
    if rng.random() < 0.3:
        words["set"]["direct_push_limit"] = 1
    if rng.random() < 0.5:
        words["loss"] = rng.randint(5, 40)
    return words


def _confirmed_then_lost(rng: Random, nodes: int) -> Words:
    """A peer confirms a write and starts again without it, while others have not confirmed it."""
    at = round(rng.uniform(0.5, 6.0), 3)
    peer = rng.randint(1, nodes - 1)
    increments = [
        f"n0@{round(at + rng.uniform(0.0, 0.4), 3)},amount={1 << number},ack=all"
        for number in range(rng.randint(1, 6))
    ]
    later = round(at + rng.uniform(0.005, 0.15), 3)
    words: Words = {
        "increment": increments,
        "restart": [f"n{peer}@{later}+{rng.choice((0.001, 0.02, 0.1))},state=lost"],
    }
    others = [number for number in range(1, nodes) if number != peer]
    if others:
        words["partition"] = [f"n{rng.choice(others)}@{round(at - 0.002, 3)}+0.7"]
    return words


def _leave_with_counts(rng: Random, nodes: int) -> Words:
    """A node leaves right after it counted, with more than fits a datagram, at loss or cut off."""
    at = round(rng.uniform(0.5, 5.0), 3)
    words: Words = {
        "increment": [f"n0@{at},amount=1,others={rng.choice((0, 5, 40, 120))}"],
        "leave": [f"n0@{round(at + rng.uniform(0.0005, 0.3), 4)}"],
    }
    if rng.random() < 0.6:
        words["loss"] = rng.randint(20, 60)
    else:
        length = round(rng.uniform(0.2, 1.2), 3)
        words["partition"] = [f"n0@{round(at - 0.001, 3)}+{length}"]
    return words


def _healed(rng: Random, nodes: int) -> Words:
    """A partition that is healed at any time, mostly after both sides have come to verdicts."""
    most = rng.choice((4, 6, 8))
    length = rng.uniform(35, 50) if rng.random() < 0.7 else rng.uniform(3, 35)
    first = rng.randint(1, most - 1)
    at = round(rng.uniform(0.5, 3.0), 3)
    return {
        "nodes": most,
        "duration": 75,
        "seeds": rng.choice((0, 1)),
        "partition": [f"n{first}-{most - 1}@{at}+{round(length, 2)}"],
        "increment": [
            f"n0@{round(at + 1, 3)},amount=1",
            f"n{most - 1}@{round(at + 2, 3)},amount=2",
        ],
    }


def _forgotten(rng: Random, nodes: int) -> Words:
    """Members are gone for longer than they are remembered: cut off, ended, replaced, left."""
    most = rng.choice((3, 4, 6))
    first = rng.randint(1, most - 1)
    at = round(rng.uniform(0.5, 2.0), 3)
    words: Words = {
        "nodes": most,
        "duration": 45,
        "seeds": rng.choice((0, 0, 1)),
        "set": {"forget_after": rng.choice((2, 4, 8)), "forgotten_retry": 2},
        "increment": [
            f"n0@{round(at + 1, 3)},amount=1",
            f"n{most - 1}@{round(at + 2, 3)},amount=2,ack=majority",
        ],
    }
    what = rng.choice(
        ("partition", "partition", "restart", "both", "leave", "crash", "replaced", "replaced")
    )
    if what in ("partition", "both"):
        words["partition"] = [f"n{first}-{most - 1}@{at}+{round(rng.uniform(25, 42), 2)}"]
    if what in ("restart", "both"):
        lost = rng.choice(("", ",state=lost"))
        words["restart"] = [f"n{rng.randrange(most)}@{at}+{round(rng.uniform(15, 40), 2)}{lost}"]
    if what in ("leave", "crash"):
        words[what] = [f"n{first}@{at}"]
    if what == "replaced":
        # The last node is forgotten before it starts, so it is a newcomer under another address.
        words["restart"] = [f"n{most - 1}@0.05+{round(rng.uniform(14, 30), 2)},state=lost"]
        words[rng.choice(("leave", "crash"))] = [f"n{rng.randrange(most - 1)}@{at + 10}"]
        words["increment"].pop()
    return words


def _large_tables(rng: Random, nodes: int) -> Words:
    """Hundreds of dead rows and owners: more than a datagram or a sixteenth lists, or a limit."""
    nodes = min(nodes, 3)
    words: Words = {"nodes": nodes, "duration": 4, "set": {}}
    what = rng.choice(("rows", "owners", "both", "limit"))
    if what in ("rows", "both"):
        words["dead-rows"] = rng.choice((150, 700))
    if what in ("owners", "both"):
        words["owners"] = rng.choice((150, 700))
    if what == "limit":
        words["dead-rows"] = rng.choice((40, 150))
        words["set"]["member_limit"] = words["dead-rows"] + rng.choice((-10, -3, 1, nodes + 3))
        words["start"] = "together"
        words["restart"] = [f"n{nodes - 1}@2+1,state=lost"]
    if rng.random() < 0.4:
        words["set"]["max_datagram_bytes"] = 1000
    if rng.random() < 0.4:
        words["loss"] = rng.randint(1, 20)
    if rng.random() < 0.5:
        words["start"], words["seeds"] = "together", 1
    words["increment"] = [f"n{rng.randrange(nodes)}@{round(rng.uniform(0.3, 3), 3)},amount=1"]
    words["holders"] = rng.choice((1, nodes))
    return words


def _relays(rng: Random, nodes: int) -> Words:
    """Writes go through relays, which are cut off, restarted or slow meanwhile."""
    nodes = rng.choice((4, 5, 7, 9))
    increments, at = [], 0.3
    for number in range(rng.randint(3, 12)):
        at = round(at + rng.choice((0.01, 0.05, 0.4, 1.0)) * rng.random(), 3)
        increments.append(f"n{rng.choice((0, 0, 1))}@{at},amount={1 << number},ack=all")
    words: Words = {
        "nodes": nodes,
        "increment": increments,
        "set": {"direct_push_limit": rng.choice((1, 1, 2))},
    }
    if rng.random() < 0.6:
        words["loss"] = rng.randint(10, 50)
    what = rng.choice(("partition", "one-way", "restart", "crash", "remove", ""))
    other = rng.randint(2, nodes - 1)
    when = round(rng.uniform(0.2, at), 3)
    if what == "remove":
        words[what] = [f"n{other}@{when},peer=n{rng.choice((0, 1))}", f"n2@{when},peer=n3"]
    elif what == "crash":
        words[what] = [f"n{other}@{when}"]
    elif what:
        words[what] = [f"n{other}@{when}+{round(rng.uniform(0.05, 1.5), 3)}"]
    return words


def _failing_disk(rng: Random, nodes: int) -> Words:
    """Commands overtake each other in the queue of a slow disk, on which some writes fail."""
    at = round(rng.uniform(0.3, 5.0), 3)
    syncs = rng.random() < 0.6
    commands: dict[str, list[str]] = {"increment": [], "sync": []}
    for number in range(rng.randint(2, 8)):
        when = round(at + rng.uniform(0, 0.3), 4)
        node = rng.choice((0, 0, 0, nodes - 1))
        if syncs and rng.random() < 0.4:
            commands["sync"].append(f"n{node}@{when},value={rng.randint(1, 6)}")
        else:
            commands["increment"].append(f"n{node}@{when},amount={1 if syncs else 1 << number}")
    words: Words = {word: texts for word, texts in commands.items() if texts}
    words["slow-disk"] = [f"n0@0.1,delay={rng.choice(('20ms..90ms', '1ms..300ms'))}"]
    if rng.random() < 0.7:
        words["bad-disk"] = [f"n0@{at}+0.5,fails={rng.choice((30, 60))}"]
    if rng.random() < 0.4:
        words["restart"] = [f"n0@{round(at + rng.uniform(0, 0.5), 3)}+0.2"]
    return words


def _set_back(rng: Random, nodes: int) -> Words:
    """A machine is set back behind what it told, and counts on before and after it is told so."""
    at = round(rng.uniform(1.0, 4.0), 3)
    increments = [
        f"n0@{round(at + rng.uniform(-0.8, 1.5), 3)},amount={1 << number}"
        for number in range(rng.randint(2, 12))
    ]
    return {
        "increment": increments,
        "set-back": [
            f"n0@{at},back={rng.choice((0.3, 0.8, 1.5))}s,noticed={rng.choice(('yes', 'no'))}"
        ],
    }


def _gaps(rng: Random, nodes: int) -> Words:
    """Writes follow each other at heavy loss, so that some arrive beyond a gap; some nodes end."""
    increments = [
        f"n{rng.choice((0, 0, 1))}@{round(rng.uniform(0.5, 2.0), 3)},amount={1 << number}"
        f",others={rng.choice((0, 0, 2, 30))}"
        for number in range(rng.randint(5, 20))
    ]
    words: Words = {"increment": increments, "loss": rng.randint(30, 60), "reorder": 30}
    if rng.random() < 0.5:
        words["crash"] = [f"n0@{round(rng.uniform(1.0, 2.2), 3)}"]
    if rng.random() < 0.4:
        words["power-cut"] = [f"n1@{round(rng.uniform(1.0, 2.2), 3)}+0.5"]
    return words


def _clocks(rng: Random, nodes: int) -> Words:
    """A node starts again under a clock that jumped, with its disk, without it, or with a copy."""
    node = rng.randrange(nodes)
    at = round(rng.uniform(0.5, 3.0), 3)
    how = rng.choice(("", "", ",state=lost", f",copy=n{(node + 1) % nodes}"))
    again = f"n{node}@{round(at + 3, 3)}+{rng.choice((0.01, 0.5))}"
    return {
        "clock-jump": [f"n{node}@{round(at - 0.1, 3)},by={rng.choice((-9000, -60, 60, 9000))}s"],
        "restart": [f"n{node}@{at}+{rng.choice((0.01, 1))}{how}", again],
        "increment": [f"n{node}@{round(at + 2, 3)},amount=1"],
    }


def _removals(rng: Random, nodes: int) -> Words:
    """A node is told to remove a peer, ends, starts again, and is told to show the peer."""
    one, other = rng.sample(range(nodes), 2)
    at = round(rng.uniform(0.3, 2.0), 3)
    words: Words = {"remove": [f"n{one}@{at},peer=n{other}"], "duration": 8}
    if rng.random() < 0.6:
        words["restart"] = [f"n{one}@{round(at + 0.5, 3)}+0.3"]
    if rng.random() < 0.6:
        words["register"] = [f"n{one}@{round(at + 2, 3)},peer=n{other}"]
    words["increment"] = [f"n{other}@{round(at + 1, 3)},amount=1"]
    return words


MEETINGS: Mapping[str, Callable[[Random, int], Words]] = {
    "cut pushes": _cut_pushes,
    "confirmed then lost": _confirmed_then_lost,
    "leave with counts": _leave_with_counts,
    "healed": _healed,
    "forgotten": _forgotten,
    "large tables": _large_tables,
    "relays": _relays,
    "failing disk": _failing_disk,
    "set back": _set_back,
    "gaps": _gaps,
    "clocks": _clocks,
    "removals": _removals,
}
"""Every meeting by name."""
