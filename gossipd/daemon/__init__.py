"""The trio shell around the protocol: sockets, HTTP, logs, metrics, signals."""

from .config import DaemonConfig

__all__ = ["main"]


def main(config: DaemonConfig) -> int:
    """Runs a daemon until it is told to stop. The exit code: 0, or 1 if it could not start."""
    # Imported here, so that a look at the configuration does not load the whole daemon.
    from .run import main as run

    return run(config)
