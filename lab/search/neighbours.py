"""Histories of several clusters of one name, whose addresses are given out again.

    take-over = ["n1@14.2+0.5,joins=n4"]     n1 is killed, and half a second later a node of another
                                             installation starts at its address and joins n4
    restart = ["n2@20+1", "n3@22+0,state=lost"]
    partition = ["n0-1@15+8"]
    increment = ["n0@2.5,amount=1"]          amounts are powers of two, one for each increment
    register = ["n0@30,peer=n4"]             somebody asks for both to become one cluster; not
                                             of nodes that began anew

The clusters are rows of nodes: with `clusters = "2+3"`, n0 and n1 are one, n2 to n4 the other. The
first node of each is the seed of the others, or, with `ring`, each is the seed of the one before.

What each node counts tells which increments it has, and so which clusters it has heard of. Counts
of two clusters may never be together in one node, unless somebody asked for that. In the end the
nodes of each cluster must agree, and list each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import combinations
from random import Random
from typing import Any

from gossipd.protocol import DEFAULT, ProtocolConfig
from gossipd.sim.scenario import make_scenario
from gossipd.sim.world import Commands, Faults, Host, Network, World, id_of

from .findings import Finding

Words = dict[str, Any]

_SETTLED = 11.0
"""Seconds after which each cluster has an id, if nothing disturbed its start: before that, clusters
that have not counted are one wherever they meet."""

_CALM = 45.0
"""Seconds after the last fault in which all must agree."""

_EVENT = re.compile(r"n(\d+)(?:-(\d+))?@([\d.]+)(?:\+([\d.]+))?(?:,(.*))?")
_KINDS = ("increment", "take-over", "restart", "partition", "register")


def draw_neighbours(seed: int) -> Words:
    """Returns the history of neighbouring clusters with this seed, as words."""
    rng = Random(f"{seed}/neighbours")
    clusters = [rng.randint(1, 3) for _ in range(rng.choice((2, 2, 2, 3)))]
    clusters[0] = max(clusters[0], 2)
    nodes, duration = sum(clusters), 40
    words: Words = {
        "clusters": "+".join(map(str, clusters)),
        "nodes": nodes,
        "duration": duration,
        "seed": seed,
        "latency": rng.choice(("fixed:1ms", "uniform:1ms..40ms", "lognormal:5ms,1")),
        "seeds": rng.choice(("first", "ring")),
    }
    if rng.random() < 0.3:
        words["loss"] = rng.randint(1, 30)

    def late() -> float:
        return round(rng.uniform(_SETTLED, duration - 2), 3)

    first = 0
    increments = []
    for size in clusters:
        increments.append(f"n{first}@{round(rng.uniform(0.05, 8), 3)}")
        first += size
    increments += [f"n{rng.randrange(nodes)}@{late()}" for _ in range(rng.randint(2, 8))]
    taken = []
    for _ in range(rng.randint(1, 3)):
        one, other = rng.sample(range(nodes), 2)
        at, wait = late(), rng.choice((0, 0.05, 0.5, 2, 6))
        taken.append(f"n{one}@{at}+{wait},joins=n{other}")
        if rng.random() < 0.4:
            increments.append(f"n{one}@{round(at + wait + rng.random(), 3)}")
    words["take-over"] = taken
    words["increment"] = [f"{each},amount={1 << n}" for n, each in enumerate(increments)]
    if rng.random() < 0.5:
        words["restart"] = [
            f"n{rng.randrange(nodes)}@{late()}+{rng.choice((0, 0.1, 1, 5))}"
            + rng.choice(("", "", ",state=lost"))
            for _ in range(rng.randint(1, 3))
        ]
    if rng.random() < 0.4:
        one = rng.randrange(nodes - 1)
        words["partition"] = [f"n0-{one}@{late()}+{round(rng.uniform(0.5, 20), 2)}"]
    if rng.random() < 0.2:
        one, other = rng.sample(range(nodes), 2)
        words["register"] = [f"n{one}@{late()},peer=n{other}"]
    return words


class _Together:
    """Which clusters are one by now, because somebody asked for it."""

    def __init__(self) -> None:
        self._one: dict[object, object] = {}

    def of(self, each: object) -> object:
        """Returns what stands for all that are one with `each`."""
        while each in self._one:
            each = self._one[each]
        return each

    def unite(self, one: object, other: object) -> None:
        """Notes that the two may be together from now on."""
        one, other = self.of(one), self.of(other)
        if one != other:
            self._one[one] = other


class Neighbours:
    """A history of neighbouring clusters under way, with its checkers.

    Each node of the beginning is of its cluster. A later one without a past is a cluster by itself
    until its counts are seen together with others.

    Attributes:
        world: its machines.
        agreed: seconds from the end of the faults to agreement; None if there was none.
    """

    def __init__(self, words: Words) -> None:
        """Makes the world of the history. Raises ScenarioError for words that describe none."""
        self.agreed: list[float | None] = [None, None]
        self._found: list[Finding] = []
        self._words = words
        seed = words["seed"]
        network = Network(
            Random(f"{seed}/network"),
            delay=make_scenario({"latency": words.get("latency", "fixed:1ms")}).latency,
            loss_ratio=int(words.get("loss", 0)) / 100,
        )
        self.world = world = World(seed, config=ProtocolConfig(), network=network)
        self._commands, self._faults = Commands(world), Faults(world)
        self._together = _Together()
        # By node, what it is of by its own past: a cluster, or the process that began anew.
        self._origin: dict[str, object] = {}
        # By the place of its bit, of what each increment is.
        self._asked: dict[int, object] = {}
        # Nodes that are what they were in the beginning.
        self._original: dict[str, int] = {}
        first = 0
        for cluster, size in enumerate(map(int, words["clusters"].split("+"))):
            for node in range(first, first + size):
                before = first if words.get("seeds") != "ring" else max(first, node - 1)
                world.add(node, seeds=[before] if node > first else [])
                self._origin[id_of(node)] = self._original[id_of(node)] = cluster
            first += size
        world.on_step.append(self._look)
        world.at(_SETTLED, self._settle)
        for kind in _KINDS:
            for text in words.get(kind, ()):
                self._schedule(kind, text)

    def findings(self) -> list[Finding]:
        """Returns what did not hold."""
        return self._found

    def run(self) -> None:
        """Plays the whole history; stops at the first finding."""
        world = self.world
        end = float(self._words["duration"])
        while world.now < end and not self._found:
            world.run(min(1.0, end - world.now))
        world.network.repair()
        for host in list(world.hosts.values()):
            if host.node is None:
                world.start(host.id)
        begun = world.now
        while not self._found and world.now < begun + _CALM and list(self._apart()):
            world.run(1.0)
        if not self._found:
            self._found += list(self._apart())[:3]
            self.agreed[0] = None if self._found else world.now - begun

    def _settle(self) -> None:
        """Takes nodes that lost datagrams have kept from their cluster so far for new ones."""
        known: dict[int, str] = {}
        for node, cluster in list(self._original.items()):
            host = self.world.host(node)
            shown = host.running().statistics().cluster
            if known.setdefault(cluster, shown) != shown:
                self._begin_anew(host)

    # What happens

    def _schedule(self, kind: str, text: str) -> None:
        found = _EVENT.fullmatch(text)
        assert found is not None, text
        first, last, at, wait, rest = found.groups()
        details = dict(each.split("=") for each in (rest or "").split(",") if each)
        nodes = range(int(first), int(last or first) + 1)
        self.world.at(float(at), self._happen, kind, nodes, float(wait or 0), details)

    def _happen(
        self, kind: str, nodes: Sequence[int], wait: float, details: dict[str, str]
    ) -> None:
        world, host = self.world, self.world.host(nodes[0])
        if kind == "partition":
            one = world.addresses(nodes)
            rest = [each.address for each in world.hosts.values() if each.address not in one]
            rules = world.network.partition(one, rest)
            world.at(world.now + wait, lambda: world.network.heal(*rules))
        elif host.node is None:
            return
        elif kind == "increment":
            amount = int(details["amount"])
            self._asked[amount.bit_length() - 1] = self._group(host)
            self._commands.increment(nodes[0], amount, ack="local")
        elif kind == "take-over":
            host.crash()
            host.reinstall([id_of(int(details["joins"][1:]))])
            self._begin_anew(host)
            world.at(world.now + wait, self._start, host.id)
        elif kind == "restart":
            lost = details.get("state") == "lost"
            host.crash(keep=not lost)
            if lost:
                self._begin_anew(host)
            world.at(world.now + wait, self._start, host.id)
        elif kind == "register":
            other = world.host(int(details["peer"][1:]))
            if host.id in self._original and other.id in self._original:
                self._together.unite(self._group(host), self._group(other))
                self._commands.register(nodes[0], other.id)

    def _start(self, node: str) -> None:
        if self.world.host(node).node is None:
            self.world.start(node)

    def _begin_anew(self, host: Host) -> None:
        self._origin[host.id] = (host.id, host.boots)
        self._original.pop(host.id, None)

    # What must hold

    def _groups(self, host: Host) -> list[object]:
        """Returns what the increments that a node counts are of."""
        count = 0 if host.node is None else host.node.count(DEFAULT)
        bits = [place for place in self._asked if count >> place & 1]
        return list(dict.fromkeys(self._together.of(self._asked[place]) for place in bits))

    def _group(self, host: Host) -> object:
        groups = self._groups(host)
        return groups[0] if groups else self._together.of(self._origin[host.id])

    def _look(self, host: Host) -> None:
        groups = self._groups(host)
        if len(groups) < 2 or self._found:
            return
        for each in groups[1:]:
            alone = [group for group in (groups[0], each) if not isinstance(group, int)]
            if not alone:
                text = f"{host.id} counts {host.running().count(DEFAULT):#x}"
                text += f", of clusters {', '.join(map(str, groups))}"
                self._found.append(Finding("counts met", f"at {self.world.now:.3f} s {text}"))
                return
            # A node that began anew counted before it had found its cluster.
            one, other = (groups[0], each) if alone[0] == groups[0] else (each, groups[0])
            self._together.unite(one, other)

    def _apart(self) -> Iterator[Finding]:
        """Yields a finding for each node that is not with its cluster.

        Two nodes of one cluster of which neither has heard of the other are not judged: the one
        that both had met may be gone.
        """
        hosts = self.world.live()
        shown = {host.id: host.running().statistics().cluster for host in hosts}
        heard = {host.id: {row.id for row in host.running().members()} for host in hosts}
        for one, other in combinations(hosts, 2):
            if not shown[one.id] or shown[one.id] != shown[other.id]:
                continue
            if other.id not in heard[one.id] and one.id not in heard[other.id]:
                continue
            counts = [host.running().count(DEFAULT) for host in (one, other)]
            if counts[0] != counts[1]:
                text = f"{one.id} counts {counts[0]:#x}, {other.id} {counts[1]:#x}"
                yield Finding("cluster differs", text)
            for host, peer in ((one, other), (other, one)):
                if peer.id not in host.running().peers():
                    yield Finding("cluster fell apart", f"{host.id} does not list {peer.id}")
        known: dict[object, str] = {}
        for node, origin in self._original.items():
            if known.setdefault(origin, shown[node]) != shown[node]:
                text = f"{node} is of {shown[node]}, not {known[origin]}"
                yield Finding("cluster fell apart", text)
