"""Machines whose datagrams come from another address than the one that their nodes advertise.

It is the network's doing, as with NAT or a host with several addresses: neither node nor machine
knows. What is sent to that other address reaches the machine. What is sent to the advertised one
does so only if it is mapped.
"""

from __future__ import annotations

from gossipd.protocol import Address


class Translation:
    """Which addresses are translated, and into what."""

    def __init__(self) -> None:
        self._shown: dict[Address, Address] = {}
        self._behind: dict[Address, Address] = {}
        self._hidden: dict[Address, None] = {}

    def begin(self, address: Address, *, mapped: bool) -> None:
        """Lets the machine at `address` appear at another one from now on."""
        self.end(address)
        first, _, rest = address[0].partition(".")
        shown = (f"{int(first) + 1}.{rest}", address[1])
        self._shown[address] = shown
        self._behind[shown] = address
        if not mapped:
            self._hidden[address] = None

    def end(self, address: Address) -> None:
        """Lets the machine at `address` appear there again."""
        shown = self._shown.pop(address, None)
        if shown is not None:
            del self._behind[shown]
        self._hidden.pop(address, None)

    def clear(self) -> None:
        """Ends all translation."""
        for address in list(self._shown):
            self.end(address)

    def source(self, address: Address) -> Address:
        """Returns where the datagrams of the machine at `address` seem to come from."""
        return self._shown.get(address, address)

    def target(self, address: Address) -> Address:
        """Returns the address of the machine that what is sent to `address` is meant for."""
        return self._behind.get(address, address)

    def hides(self, address: Address) -> bool:
        """Returns whether nothing that is sent to `address` arrives."""
        return address in self._hidden
