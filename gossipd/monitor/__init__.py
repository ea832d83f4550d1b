"""A live view of a running node in the terminal: its members, its counters and what happens.

`Known` is what the node told, `View` what the person asked to see, and `draw` makes lines of both;
none of them touches the terminal or the network. `readings` asks the node, in threads of its own,
and `monitor` shows it all until it is told to end.
"""

from .program import NoTerminal, monitor

__all__ = ["NoTerminal", "monitor"]
