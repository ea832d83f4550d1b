"""Which claim about a member wins, what is above a claim, and which ids members can have."""

from __future__ import annotations

from functools import lru_cache

from ..address import is_address, parse_node_id, split_node_id
from ..wire import LARGEST, Claim
from .table import Member

_UNUSABLE = ("0.0.0.0", "::", "255.255.255.255")


@lru_cache(maxsize=1 << 16)
def usable_id(text: str) -> bool:
    """Returns whether `text` is the canonical id of an address that a node can have."""
    try:
        if parse_node_id(text) != text:
            return False
    except ValueError:
        return False
    host, _ = split_node_id(text)
    return is_address(host) and host not in _UNUSABLE and not _multicast(host)


def _multicast(host: str) -> bool:
    first, dot, _ = host.partition(".")
    return host.startswith("ff") if not dot else 224 <= int(first) <= 239


def beats(one: Claim | Member, other: Claim | Member) -> bool:
    """Returns whether `one` replaces `other`: by generation, then incarnation, then state.

    This is the order of SWIM section 4.2, with generations before incarnations, left above dead,
    and forgotten above both.
    """
    return (one.generation, one.incarnation, one.state, one.forgotten) > (
        other.generation,
        other.incarnation,
        other.state,
        other.forgotten,
    )


def has_newer_tags(one: Claim | Member, other: Claim | Member) -> bool:
    """Returns whether the tags of `one` replace those of `other`, or are tags where it has none.

    That is a question apart from which one wins: the tags of a generation are those of the largest
    incarnation that set some. Only the member itself raises it, so only a claim that somebody made
    up can have other tags under the same one. All nodes then take the same of the two.
    """
    if one.tags is None or one.generation != other.generation:
        return False
    if other.tags is None:
        return True
    return (one.tags.incarnation, one.tags.text) > (other.tags.incarnation, other.tags.text)


def above(claim: Claim, *, generation: bool = False) -> tuple[int, int]:
    """Returns a generation and an incarnation whose claims beat `claim` in every state.

    Takes the next incarnation, or with `generation` the next generation. Neither grows past what a
    message can bring: where one of them is the largest, the other one is raised. No clock leads
    there, only a claim that somebody made up.
    """
    if claim.incarnation == LARGEST or (generation and claim.generation < LARGEST):
        return claim.generation + 1, 0
    return claim.generation, claim.incarnation + 1
