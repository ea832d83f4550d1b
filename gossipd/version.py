"""The version of gossipd."""

__version__ = "0.1.0"
