"""What each peer is known to hold of this node's own counting, and what is on its way to it.

Pushes and relays write this; answers to writes are counted from it.
"""

from __future__ import annotations

from ..membership import Member


class Holding:
    """What one peer holds of our owner id.

    Attributes:
        since: everything up to this version, as the peer said; the next push starts there.
        holds: the newest version whose every slot it confirmed; this is what answers count.
        silent: it missed an answer's deadline, and is not waited for until it confirms something.
        number: of the push under way, 0 if there is none.
        upto, whole: how far that push goes, and whether it brings everything up to there.
        sent_at: when it was sent last.
        tries: how often it was sent without a confirm, beyond the first time.
    """

    __slots__ = (
        "generation",
        "holds",
        "number",
        "sent_at",
        "silent",
        "since",
        "tries",
        "upto",
        "whole",
    )

    def __init__(self, generation: int) -> None:
        self.generation = generation
        self.since = 0
        self.holds = 0
        self.silent = False
        self.number = 0
        self.upto = 0
        self.whole = False
        self.sent_at = 0.0
        self.tries = 0

    def pushed(self, number: int, upto: int, whole: bool, now: float) -> None:
        """Notes that a push was sent, for the first time or again."""
        self.number, self.upto, self.whole = number, upto, whole
        self.sent_at = now

    def tried(self, most: int) -> None:
        """Counts one more try in vain, up to `most`."""
        self.tries = min(self.tries + 1, most)

    def ended(self) -> None:
        """Notes that no push is under way any more, without a confirm."""
        self.number = 0

    def confirmed(self, version: int, newest: int) -> tuple[bool, bool]:
        """Takes the confirm of the push under way: the peer has everything up to `version`.

        Args:
            newest: our own version, beyond which a peer is not believed.

        Returns:
            Whether the peer is now known to hold more, and whether the push has made progress. A
            push without progress stays under way: asking again at once would be a storm.
        """
        since, self.since = self.since, min(version, newest)
        self.silent = False
        news = self.whole and version >= self.upto > self.holds
        if news:
            self.holds = self.upto
        progress = self.since != since
        if progress:
            self.number = self.tries = 0
        return news, progress

    def has(self, upto: int) -> None:
        """Notes that the peer has everything up to `upto`, by whatever way it came."""
        self.since = max(self.since, upto)
        self.holds = max(self.holds, upto)
        self.silent = False

    def missed(self) -> None:
        """Notes that the peer missed an answer's deadline."""
        self.silent = True


class Holdings:
    """The holdings of all peers, and the pushes that are under way.

    Attributes:
        under_way: rows of peers to which a push is under way, in the order of sending.
    """

    def __init__(self) -> None:
        self._peers: dict[str, Holding] = {}
        self.under_way: dict[str, Member] = {}

    def of(self, row: Member) -> Holding:
        """Returns what `row` holds; nothing is assumed of a new generation."""
        holding = self._peers.get(row.id)
        if holding is None or holding.generation != row.generation:
            holding = self._peers[row.id] = Holding(row.generation)
            self.under_way.pop(row.id, None)
        return holding

    def clear(self) -> None:
        """Forgets everything: from now on this node counts under another owner id."""
        self._peers.clear()
        self.under_way.clear()
