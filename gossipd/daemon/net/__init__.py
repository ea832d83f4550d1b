"""UDP sockets, the machine's addresses, and the networks in which discovery broadcasts."""

from .interfaces import advertised_address, changed_address, is_wildcard
from .segments import Segments
from .udp import UdpSocket

__all__ = ["Segments", "UdpSocket", "advertised_address", "changed_address", "is_wildcard"]
