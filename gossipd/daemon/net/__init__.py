"""UDP sockets, the machine's addresses, and the networks in which discovery broadcasts."""

from .interfaces import is_own, is_wildcard
from .memory import MemoryNetwork
from .own_address import Evidence, OwnAddress
from .segments import Hear, Segments
from .udp import UdpSocket

__all__ = [
    "Evidence",
    "Hear",
    "MemoryNetwork",
    "OwnAddress",
    "Segments",
    "UdpSocket",
    "is_own",
    "is_wildcard",
]
