"""The way in for Redis clients: commands over the service, for the server of the Redis protocol."""

from .door import RedisDoor

__all__ = ["RedisDoor"]
