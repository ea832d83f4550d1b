"""Looks for the cluster before this node has an id, to learn by which address others reach it.

    here --beacon--> every node on the segment        one on each segment, each with another id
    here <--ping, beacon (answers)-- B                 to the id's address, if B can reach that

The answer shows which of this machine's addresses are good for something. The process that will be
the node answers nothing yet, so nobody takes one of these ids for a member.
"""

from __future__ import annotations

from ..wire import Beacon, Codec, DecodeError, Sender, frame
from .discovery import PADDING

SCOUTING = (0.0, 0.1, 0.15, 0.25, 0.5, 1.0)
"""Seconds before each of the beacons of a scout."""


class Scout:
    """Makes the beacons of a process that has no id yet, and recognizes those of others."""

    def __init__(self, cluster: str, nonce: int, generation: int) -> None:
        """Makes the scout of a process.

        Args:
            cluster: the cluster's name.
            nonce: the number that the process will have as a node too.
            generation: at least as large as any under which the process was known before. A node
                that knows a later one does not answer.
        """
        self._codec = Codec(cluster)
        self._nonce = nonce
        self._generation = generation

    def beacon(self, node_id: str) -> bytes:
        """Returns the beacon for a segment in which this machine can be reached as `node_id`."""
        sender = Sender(node_id, self._generation, 0, self._nonce)
        return self._codec.datagram([frame(sender), frame(Beacon(padding=PADDING))])

    def recognizes(self, data: bytes) -> bool:
        """Returns whether the datagram has a beacon, or an answer to one, of another process."""
        try:
            sender, messages, _ = self._codec.decode(data)
        except DecodeError:
            return False
        others = sender.nonce != self._nonce
        return others and any(isinstance(message, Beacon) for message in messages)
