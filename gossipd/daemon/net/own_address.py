"""Which of this machine's addresses is the one by which other nodes reach a node here.

A machine may have several: one for each network card, one for each bridge of a container engine,
one for a tunnel. A node that is bound to all of them needs one as its id, and a wrong one makes it
unreachable, or the twin of a node on another machine whose bridge has the same address. So it is
not guessed. It follows from the strongest evidence that there is, and while the node knows no
member, stronger evidence replaces weaker.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from enum import IntEnum

from .interfaces import (
    candidates,
    default_source,
    has,
    is_wildcard,
    loopback,
    source_towards,
)


class Evidence(IntEnum):
    """What tells that an address is the right one, from the weakest to the strongest."""

    NONE = 0
    """Nothing does; there may be no network at all."""

    ONLY = 1
    """The machine has no other address."""

    DEFAULT_ROUTE = 2
    """The machine sends from it to wherever there is no other route."""

    BEACON = 3
    """The machine sends from it to one from which a beacon of the cluster came."""

    SEED = 4
    """The machine sends from it to one that the node was told to join."""

    MEMBER = 5
    """The node has met a member under it."""


class OwnAddress:
    """The address of a node that is bound to a wildcard.

    Every method that takes evidence returns whether the address has changed by it.

    Attributes:
        host: the address; the loopback address as long as there is no evidence for any other.
        evidence: what tells so.
    """

    def __init__(self, wildcard: str) -> None:
        if not is_wildcard(wildcard):
            raise ValueError(f"{wildcard} is no wildcard")
        self.host = loopback(wildcard)
        self.evidence = Evidence.NONE
        self._wildcard = wildcard
        # Addresses that the node was told to join, in that order.
        self._seeds: dict[str, None] = {}
        # What is looked for, the strongest first.
        self._looked_for = (
            (Evidence.SEED, self._towards_seed),
            (Evidence.DEFAULT_ROUTE, self._by_default),
            (Evidence.ONLY, self._only),
        )

    def look(self) -> bool:
        """Looks at the machine's interfaces and routes.

        The address stays as long as the machine has it and there is no stronger evidence for
        another one, however the routes change. It also stays while nothing tells of another one,
        because a network that is gone may come back with it.
        """
        if not has(self.host, self._wildcard):
            self.evidence = Evidence.NONE
        for evidence, find in self._looked_for:
            if evidence > self.evidence and (host := find()) is not None:
                return self._take(host, evidence)
        return False

    def seeds(self, hosts: Iterable[str]) -> bool:
        """Takes addresses that the node was told to join."""
        self._seeds |= dict.fromkeys(hosts)
        return self.look()

    def beacon(self, source: str) -> bool:
        """Takes the address from which a beacon of another process of the cluster came.

        A beacon of a process on this machine tells nothing, since it comes by all networks.
        """
        host = self._towards(source)
        return host is not None and host != source and self._take(host, Evidence.BEACON)

    def met(self) -> None:
        """Takes note that the node has met a member: the address is no longer in question."""
        self.evidence = Evidence.MEMBER

    def undecided(self) -> dict[str, str]:
        """Returns the addresses among which nothing decides yet, each with its interface.

        The result is empty if the address is known by a beacon, or better, or if there is no other.
        """
        if self.evidence >= Evidence.BEACON:
            return {}
        found = candidates(self._wildcard)
        return found if len(found) > 1 else {}

    def _towards_seed(self) -> str | None:
        sources = (self._towards(seed) for seed in self._seeds)
        return next((source for source in sources if source is not None), None)

    def _by_default(self) -> str | None:
        return default_source(self._wildcard)

    def _only(self) -> str | None:
        found = candidates(self._wildcard)
        return next(iter(found)) if len(found) == 1 else None

    def _towards(self, host: str) -> str | None:
        ours = ipaddress.ip_address(self._wildcard).version
        if ipaddress.ip_address(host).version != ours:
            return None
        return source_towards(host, self._wildcard)

    def _take(self, host: str, evidence: Evidence) -> bool:
        if evidence <= self.evidence:
            return False
        changed = host != self.host
        self.host, self.evidence = host, evidence
        return changed
