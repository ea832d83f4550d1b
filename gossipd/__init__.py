"""gossipd: a membership and a counter that every node can read and raise at any time."""

__version__ = "0.1.0"
