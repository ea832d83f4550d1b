"""What each peer is known to hold of this node's own counting, and which push is on its way to it.

`Pushes` and `Relays` write this. `Answers` counts the holders of a write from it.
"""

from __future__ import annotations

from ..membership import Member


class Holding:
    """What one peer holds of this node's present owner id.

    Attributes:
        generation: the peer's generation that this is about.
        holds: the version up to which the peer confirmed to have everything; answers count this.
        told: how far the peer confirmed pushes that were cut. Their entries lie beyond a gap for
            it, until the last one comes.
        silent: whether the peer missed an answer's deadline, and has not confirmed all since. A
            newcomer that gets thousands of counters confirms many a push before it holds a write.
        number: the number of the push under way, 0 if there is none.
        upto: the version of the last entry of the last push.
        whole: whether the last push brought all that the peer lacked, rather than being cut.
        sent_at: when the push was sent last, in seconds of the node's clock.
        tries: how often the push was sent again without a confirm.
    """

    __slots__ = (
        "generation",
        "holds",
        "number",
        "sent_at",
        "silent",
        "told",
        "tries",
        "upto",
        "whole",
    )

    def __init__(self, generation: int) -> None:
        self.generation = generation
        self.holds = 0
        self.told = 0
        self.silent = False
        self.number = 0
        self.upto = 0
        self.whole = False
        self.sent_at = 0.0
        self.tries = 0

    @property
    def since(self) -> int:
        """The version after which the next push starts."""
        return max(self.holds, self.told)

    def pushed(self, number: int, upto: int, whole: bool, now: float) -> None:
        """Notes that push `number`, which goes up to version `upto`, was sent, or sent again."""
        self.number, self.upto, self.whole = number, upto, whole
        self.sent_at = now

    def tried(self, most: int) -> None:
        """Counts one more push that was not confirmed, up to `most`."""
        self.tries = min(self.tries + 1, most)

    def ended(self) -> None:
        """Notes that the push under way is given up without a confirm."""
        self.number = 0

    def confirmed(self, version: int, newest: int) -> tuple[bool, bool]:
        """Takes the confirm of the push under way, by which the peer has all up to `version`.

        A peer that got the last of several pushes, and still lacks something, has not taken them as
        one. Then all are pushed anew.

        Args:
            version: the version that the peer says it has.
            newest: this node's own version, beyond which a peer is not believed.

        Returns:
            Whether the peer is now known to hold more, and whether the push made progress. A push
            without progress stays under way, since the peer may wait for its own disk: pushing
            again at once, confirm after confirm, would be a storm.
        """
        held, since = self.holds, self.since
        self.holds = max(held, min(version, newest))
        if not self.whole:
            self.told = self.upto
        elif version < self.upto:
            self.told = 0
        else:
            self.silent = False
        progress = self.since > since
        if progress:
            self.number = self.tries = 0
        return self.holds > held, progress

    def has(self, upto: int) -> None:
        """Notes that the peer has everything up to version `upto`, whichever way it came."""
        self.holds = max(self.holds, upto)
        self.silent = False

    def missed(self) -> None:
        """Notes that the peer missed an answer's deadline: later answers do not wait for it."""
        self.silent = True


class Holdings:
    """The holdings of all peers.

    Attributes:
        under_way: by member id the rows of peers to which a push is under way.
    """

    def __init__(self) -> None:
        self._peers: dict[str, Holding] = {}
        self.under_way: dict[str, Member] = {}

    def of(self, row: Member) -> Holding:
        """Returns what the member `row` holds, which is nothing if its generation is new."""
        holding = self._peers.get(row.id)
        if holding is None or holding.generation != row.generation:
            holding = self._peers[row.id] = Holding(row.generation)
            self.under_way.pop(row.id, None)
        return holding

    def clear(self) -> None:
        """Forgets all holdings, because this node will count under another owner id."""
        self._peers.clear()
        self.under_way.clear()
