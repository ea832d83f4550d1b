"""The daemon as a program: signals, the log, and exit codes."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import AsyncIterator

import structlog
import trio

from gossipd import __version__

from .config import DaemonConfig
from .errors import StartError
from .log import configure
from .open import open_daemon


def main(config: DaemonConfig) -> int:
    """Runs a daemon until a signal ends it. Returns the exit code: 0, or 1 if it cannot start."""
    configure(config.log_format, config.log_level)
    try:
        return trio.run(run, config)
    except StartError as error:
        structlog.get_logger().error(str(error))
        return 1


async def run(config: DaemonConfig) -> int:
    """Runs a daemon until SIGTERM or SIGINT, lets it leave, and returns exit code 0.

    Until the node takes part, signals do what they did before. A second signal ends the process at
    once. Raises StartError.
    """
    log = structlog.get_logger()
    received: list[AsyncIterator[int]] = []
    with contextlib.ExitStack() as receiving:

        def receive() -> None:
            receiver = trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM)
            received.append(receiving.enter_context(receiver))

        async with open_daemon(config, receive) as daemon:
            [signals] = received
            log.info(
                "started",
                node_id=daemon.service.node_id,
                listening=daemon.listening,
                cluster=config.cluster,
                data_dir=None if config.data_dir is None else str(config.data_dir),
                version=__version__,
            )
            number = await anext(signals)
            log.info("stopping", signal=signal.Signals(number).name)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_end_at_once, signals)
                await daemon.leave()
                nursery.cancel_scope.cancel()
        log.info("stopped", node_id=daemon.service.node_id)
    return 0


async def _end_at_once(signals: AsyncIterator[int]) -> None:
    number = await anext(signals)
    # Nothing is flushed or awaited any more: that is what a second signal asks for.
    os._exit(128 + number)
