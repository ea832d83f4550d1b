"""The gate between the node and the network: all that leaves is sealed, all that comes is opened.

The node speaks open datagrams, which are sealed here without their header. What cannot be opened
goes to the node all the same, with the reason, since it says so to both sides and counts it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gossipd.protocol import (
    SEALED_HEAD,
    Address,
    Codec,
    DecodeError,
    Effect,
    LeakyBucket,
    Node,
    Seal,
)

from ..log import RateLimit
from .box import OVERHEAD, NotOpened, Opener, Sealer
from .forms import Forms
from .keys import Key

_BROADCAST_SECONDS = 600.0
"""Between two reports of the same that came by broadcast: others may share a network for years."""

_STRANGERS = 2000.0
"""Sessions in a second that are not known yet and of which a key is derived, at most.

A flood of forged sessions would take the time in which members are answered. Those are known.
"""

_MAGIC = SEALED_HEAD[:2]
_FLAGS = len(SEALED_HEAD) - 1


class Gate:
    """Seals and opens for one node.

    Attributes:
        open_taken: how many open datagrams were taken.
    """

    def __init__(
        self,
        cluster: str,
        keys: Sequence[Key],
        *,
        accept_open: bool,
        is_local: Callable[[str], bool],
        clock: Callable[[], float],
    ) -> None:
        """Makes a gate for a cluster's name.

        Args:
            keys: the first seals, all open.
            accept_open: whether open datagrams are taken, too.
            is_local: returns whether this machine has an address.
            clock: tells seconds that never fall.
        """
        self.open_taken = 0
        self._codec = Codec(cluster)
        self._start = self._codec.overhead
        self._cluster = cluster
        self._keys = tuple(keys)
        self._sealer = Sealer(cluster, keys[0])
        self._strangers = LeakyBucket(_STRANGERS, clock())
        self._opener = Opener(cluster, keys, self._is_allowed)
        self._ours = self._describe()
        self._forms = Forms() if accept_open else None
        self._is_local = is_local
        self._clock = clock
        self._heard = RateLimit(_BROADCAST_SECONDS, clock)
        self._head = self._codec.datagram([])[: -len(b"CRC.")]

    # Keys

    @property
    def accepts_open(self) -> bool:
        """Whether open datagrams are taken, too."""
        return self._forms is not None

    @property
    def seals(self) -> str:
        """The id of the key that seals."""
        return self._sealer.key

    @property
    def opens(self) -> list[str]:
        """The ids of all keys, in the order of the file."""
        return [key.id for key in self._keys]

    def use(self, keys: Sequence[Key]) -> None:
        """Seals and opens with these keys from now on. Nothing that is under way is lost."""
        self._keys = tuple(keys)
        self._sealer.use(keys[0])
        self._opener.use(keys)
        self._ours = self._describe()

    def renew(self) -> None:
        """Seals in another session: the machine may have been set back, and use numbers again."""
        self._sealer.renew()

    def key_of(self, session: bytes | None) -> str | None:
        """Returns the id of the key that a member's session seals with; `open` if it does not.

        None stands for a session that is not known.
        """
        if not session:
            return None if session is None else "open"
        return self._opener.key_of(session)

    def seal_bytes(self) -> int:
        """Returns by how many bytes a sealed datagram is larger than an open one, at least 0."""
        return max(0, OVERHEAD - self._codec.overhead)

    # Ways out

    def send(
        self, node: Node, send: Callable[[bytes, Address], object], data: bytes, to: Address
    ) -> None:
        """Sends the forms of a node's datagram, for the process that has echoed from there."""
        if self._forms is None:
            send(self._sealer.seal(data[self._start :], node.session(to) or b""), to)
            return
        sealed, plain = self._forms.to(to, self._clock())
        if sealed:
            send(self._sealer.seal(data[self._start :], node.session(to) or b""), to)
        if plain:
            send(data, to)

    def broadcast(self, data: bytes) -> list[bytes]:
        """Returns the forms of a node's datagram to a whole network."""
        sealed = self._sealer.seal(data[self._start :], b"")
        return [sealed] if self._forms is None else [sealed, data]

    def quoted(self, data: bytes) -> bytes:
        """Returns the datagram that went in a form which begins so; without one, these bytes."""
        frames = self._sealer.repeated(data)
        return data if frames is None else self._codec.datagram([frames])

    # Ways in

    def take(self, node: Node, data: bytes, source: Address, now: float) -> list[Effect]:
        """Opens a datagram, and hands the node what is in it, or why it could not be opened."""
        frames, seal = self._open(data, source)
        return node.handle_datagram(frames, source, now, seal)

    def hear(self, node: Node, data: bytes, source: Address, now: float) -> list[Effect]:
        """Does as `take` with a datagram that came by broadcast, maybe of strangers nearby."""
        frames, seal = self._open(data, source)
        if isinstance(seal, DecodeError) and self._heard.admit(seal.theirs) is None:
            seal = DecodeError(seal.reason)
        return node.handle_datagram(frames, source, now, seal)

    def peek(self, data: bytes, source: Address) -> bytes | None:
        """Returns a datagram in its open form, or None if it is not to be taken."""
        frames, seal = self._open(data, source)
        if isinstance(seal, Seal):
            return self._codec.datagram([frames])
        return data if seal is None else None

    def _open(self, data: bytes, source: Address) -> tuple[bytes, Seal | DecodeError | None]:
        """Returns the frames that were sealed and how they were.

        Of what cannot be opened, or is open (None), the bytes are returned as they came.
        """
        if not data.startswith(SEALED_HEAD):
            return data, self._unsealed(data, source)
        try:
            frames, session, number, recipient = self._opener.open(data)
        except NotOpened as error:
            return data, self._refusal(error)
        if session in self._sealer.own and not self._is_local(source[0]):
            # Only this machine itself may tell this process that it has reached itself.
            return data, DecodeError("own")
        if self._forms is not None:
            self._forms.sealed(source, self._clock())
        return frames, Seal(session, number, recipient in self._sealer.recipients)

    def _unsealed(self, data: bytes, source: Address) -> DecodeError | None:
        if data[:2] == _MAGIC and len(data) > _FLAGS and data[_FLAGS] & SEALED_HEAD[_FLAGS]:
            # Of another version.
            return DecodeError("seal")
        if not data.startswith(self._head):
            # No datagram of this cluster: the node refuses it, and says what it is.
            return None
        if self._forms is None:
            return DecodeError("open", self._ours, "open gossip of this cluster", asks=True)
        if not self._forms.takes_open(source, self._clock()):
            return DecodeError("open")
        self.open_taken += 1
        return None

    def _is_allowed(self) -> bool:
        return self._strangers.take(self._clock())

    def _refusal(self, error: NotOpened) -> DecodeError:
        if not error.key:
            return DecodeError("flood" if error.known else "seal")
        theirs = f"gossip sealed with key {error.key}"
        if error.known:
            theirs += " that does not open: of another cluster name, or changed on its way"
        return DecodeError("tag" if error.known else "key", self._ours, theirs, asks=True)

    def _describe(self) -> str:
        several = "keys" if len(self._keys) > 1 else "key"
        return f"{several} {', '.join(self.opens)} and cluster {self._cluster!r}"
