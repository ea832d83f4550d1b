"""One client: what it has said of itself, and what it is told of itself."""

from __future__ import annotations

from collections.abc import Callable

from .errors import Failed


class Caller:
    """The client of one connection.

    Attributes:
        number: the client's id, which no other has had.
        resp: the version of the protocol, 2 or 3.
        name: what it calls itself, "" for nothing.
        has_quit: whether it asked for the end of the connection.
        holders: how many nodes held its last write when that was answered; 0 before the first.
    """

    def __init__(
        self, number: int, address: str, own_address: str, clock: Callable[[], float]
    ) -> None:
        """Takes the addresses of both ends of the connection, and what tells the time."""
        self.number = number
        self.resp = 2
        self.name = ""
        self.has_quit = False
        self.holders = 0
        self._address = address
        self._own_address = own_address
        self._clock = clock
        self._began = clock()
        self._library = {"LIB-NAME": "", "LIB-VER": ""}

    def speak(self, resp: int) -> None:
        """Sets the version of the protocol."""
        self.resp = resp

    def rename(self, name: bytes) -> None:
        """Sets the name. Raises Failed for one with spaces or special characters."""
        self.name = _word(name, "Client names")

    def describe(self, option: bytes, value: bytes) -> None:
        """Notes what library it uses. Raises Failed for an unknown option or a bad value."""
        key = option.decode("latin-1").upper()
        if key not in self._library:
            raise Failed(f"ERR Unrecognized option '{option.decode('utf-8', 'replace')}'")
        self._library[key] = _word(value, option.decode("latin-1"))

    def quit(self) -> None:
        """Notes that the connection is to end."""
        self.has_quit = True

    def wrote(self, holders: int) -> None:
        """Notes how many nodes hold the last write."""
        self.holders = holders

    def reset(self) -> None:
        """Forgets what it has said, except of its library."""
        self.resp = 2
        self.name = ""

    def line(self) -> str:
        """Returns what CLIENT INFO says."""
        fields: dict[str, int | str] = {
            "id": self.number,
            "addr": self._address,
            "laddr": self._own_address,
            "name": self.name,
            "age": int(self._clock() - self._began),
            "flags": "N",
            "db": 0,
            "resp": self.resp,
            "lib-name": self._library["LIB-NAME"],
            "lib-ver": self._library["LIB-VER"],
        }
        return " ".join(f"{key}={value}" for key, value in fields.items()) + "\n"


def _word(text: bytes, what: str) -> str:
    if any(not ord("!") <= one <= ord("~") for one in text):
        raise Failed(f"ERR {what} cannot contain spaces, newlines or special characters.")
    return text.decode("ascii")
