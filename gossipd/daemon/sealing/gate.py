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
from .box import OVERHEAD, NotOpened, Opened, Opener, Sealer
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
        stepped: Callable[[], bool],
        clock: Callable[[], float],
    ) -> None:
        """Makes a gate for a cluster's name.

        Args:
            keys: the first seals, all open.
            accept_open: whether open datagrams are taken, too.
            is_local: returns whether this machine has an address.
            stepped: returns whether the wall clock was stepped of late.
            clock: tells seconds that never fall.
        """
        self.open_taken = 0
        self._codec = Codec(cluster)
        self._cluster = cluster
        self._keys = tuple(keys)
        self._sealer = Sealer(cluster, keys[0], stepped)
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

    def outgoing(self, data: bytes, to: Address, session: bytes | None) -> list[bytes]:
        """Returns the forms of a node's datagram, for the process that has this session."""
        if self._forms is None:
            return [self._seal(data, session)]
        sealed, plain = self._forms.to(to, self._clock())
        return [self._seal(data, session)] * sealed + [data] * plain

    def broadcast(self, data: bytes) -> list[bytes]:
        """Returns the forms of a node's datagram to a whole network."""
        return [self._seal(data, None)] + ([] if self._forms is None else [data])

    def _seal(self, data: bytes, session: bytes | None) -> bytes:
        return self._sealer.seal(data[self._codec.overhead :], session or b"")

    # Ways in

    def take(self, node: Node, data: bytes, source: Address, now: float) -> list[Effect]:
        """Opens a datagram, and hands the node what is in it, or why it could not be opened."""
        return self._hand(node, data, source, now, self._open(data, source))

    def hear(self, node: Node, data: bytes, source: Address, now: float) -> list[Effect]:
        """Does as `take` with a datagram that came by broadcast, maybe of strangers nearby."""
        opened = self._open(data, source)
        if isinstance(opened, DecodeError) and self._heard.admit(opened.theirs) is None:
            opened = DecodeError(opened.reason)
        return self._hand(node, data, source, now, opened)

    def peek(self, data: bytes, source: Address) -> bytes | None:
        """Returns a datagram in its open form, or None if it is not to be taken."""
        opened = self._open(data, source)
        if isinstance(opened, Opened):
            return self._codec.datagram([opened.payload])
        return data if opened is None else None

    def _hand(
        self,
        node: Node,
        data: bytes,
        source: Address,
        now: float,
        opened: Opened | DecodeError | None,
    ) -> list[Effect]:
        if not isinstance(opened, Opened):
            return node.handle_datagram(data, source, now, opened)
        meant = self._sealer.is_recipient(opened.recipient)
        seal = Seal(opened.session, opened.number, meant)
        whole = self._codec.datagram([opened.payload])
        return node.handle_datagram(whole, source, now, seal)

    def _open(self, data: bytes, source: Address) -> Opened | DecodeError | None:
        """Returns what is in a datagram, why it cannot be opened, or None if it is open."""
        if data[:2] != _MAGIC or len(data) <= _FLAGS or not data[_FLAGS] & SEALED_HEAD[_FLAGS]:
            return self._open_form(data, source)
        try:
            opened = self._opener.open(data)
        except NotOpened as error:
            return self._refusal(error)
        if self._sealer.is_own(opened.session) and not self._is_local(source[0]):
            # Only this machine itself may tell this process that it has reached itself.
            return DecodeError("own")
        if self._forms is not None:
            self._forms.sealed(source, self._clock())
        return opened

    def _open_form(self, data: bytes, source: Address) -> DecodeError | None:
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
