"""Histories in which nodes have tags, and change them; and whether all agree about them."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Any

from gossipd.sim.world import Host

from .findings import Finding

TAGGED = "tagged"
"""The kind of the histories in which nodes have tags."""

_SHARE = 0.15
"""Share of the histories of any kind that become tagged ones."""

_LONG = 440
"""Characters of a long tag: rows that are large for a datagram."""

Words = dict[str, Any]


def is_tagged(seed: int) -> bool:
    """Returns whether the history of any kind with this seed is to be a tagged one."""
    # From a generator of its own, so that all others stay as they are.
    return Random(f"{seed}/are there tags").random() < _SHARE


def with_tags(words: Words) -> Words:
    """Returns a history with commands that change tags, and maybe tags from the start."""
    rng = Random(f"{words['seed']}/tags")
    found = []
    for number in range(rng.choice((1, 2, 4, 8))):
        node = rng.randrange(words["nodes"])
        at = round(rng.uniform(0.2, words["duration"] - 0.2), 3)
        tags = rng.choice(
            ("", f"step={number}", f"step={number}+zone=a", f"role={'x' * rng.randint(1, _LONG)}")
        )
        found.append(f"n{node}@{at},tags={tags}")
    settings = {"tags": "role=web"} if rng.random() < 0.5 else {}
    tagged = {**words, "tag": found}
    return {**tagged, "set": {**words.get("set", {}), **settings}} if settings else tagged


def differing_tags(pairs: Iterable[tuple[Host, Host]]) -> list[Finding]:
    """Returns a finding for each pair of which the first has not the tags that the second has."""
    rows = dict[str, dict[str, str]]()
    found = []
    for observer, subject in pairs:
        for host in (observer, subject):
            if host.id not in rows:
                rows[host.id] = {row.id: row.tags for row in host.running().members()}
        seen, said = rows[observer.id].get(subject.id), rows[subject.id][subject.id]
        if seen != said:
            text = f"{observer.id} has {subject.id} with {seen!r}, which has {said!r}"
            found.append(Finding("tags never agreed", text))
    return found
