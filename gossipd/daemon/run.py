"""The daemon as a program: signals, the log, and exit codes."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import trio

from gossipd.protocol import split_node_id
from gossipd.version import __version__

from .config import DaemonConfig, Place, format_place
from .errors import StartError
from .log import configure, get_logger
from .open import open_daemon
from .supervisor import Supervisor

_OPEN = (
    "without --key-file, whoever reaches this port reads, joins and changes everything:"
    " see gossipd keys generate"
)

_UNCHECKED = (
    "without --token-file, whoever reaches these ports reads and changes everything:"
    " see gossipd token generate"
)

_RESTART = "all other settings are as at the start, and change with a restart"


def main(config: DaemonConfig, doubts: Sequence[str] = ()) -> int:
    """Runs a daemon until a signal ends it. Returns the exit code: 0, or 1 if it cannot start.

    The log begins with the doubts, which are about what the daemon was told.
    """
    configure(config.log_format, config.log_level)
    for doubt in doubts:
        get_logger().warning("setting_ignored", reason=doubt)
    try:
        return trio.run(run, config)
    except StartError as error:
        get_logger().error(str(error))
        return 1


async def run(config: DaemonConfig) -> int:
    """Runs a daemon until SIGTERM or SIGINT, lets it leave, and returns exit code 0.

    Until the node takes part, signals do what they did before. A second signal ends the process at
    once. Raises StartError.
    """
    log, supervisor = get_logger(), Supervisor(os.environ)
    received: list[AsyncIterator[int]] = []
    with contextlib.ExitStack() as receiving:

        def receive() -> None:
            # Without a file to read again SIGHUP does nothing: what ends a node lets it leave.
            receiver = trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
            received.append(receiving.enter_context(receiver))

        async with open_daemon(config, receive) as daemon:
            [signals] = received
            keys = daemon.service.keys()
            log.info(
                "started",
                node_id=daemon.service.node_id,
                listening=daemon.listening,
                http=[format_place(door) for door in config.http] or None,
                cluster=config.cluster,
                key=None if keys is None else keys.seals,
                data_dir=None if config.data_dir is None else str(config.data_dir),
                version=__version__,
            )
            if keys is None and not _is_loopback(split_node_id(daemon.listening)[0]):
                log.warning("gossip_open", reason=_OPEN)
            exposed = [format_place(door) for door in daemon.doors if not _is_of_this_machine(door)]
            if exposed and config.token_file is None:
                log.warning("clients_unchecked", doors=exposed, reason=_UNCHECKED)

            def read_again() -> None:
                files = [str(path) for path in config.read_again]
                log.info("reading_again", files=files, reason=_RESTART)
                daemon.read_files()

            supervisor.tell(READY="1")
            async with trio.open_nursery() as beside:
                beside.start_soon(supervisor.watch, daemon.service.trouble)
                number = await _stop(signals, read_again)
                beside.cancel_scope.cancel()
            supervisor.tell(STOPPING="1")
            log.info("stopping", signal=signal.Signals(number).name)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_end_at_once, signals)
                await daemon.leave()
                nursery.cancel_scope.cancel()
        log.info("stopped", node_id=daemon.service.node_id)
    return 0


def _is_of_this_machine(door: Place) -> bool:
    return isinstance(door, Path) or _is_loopback(door[0])


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address).is_loopback


async def _stop(signals: AsyncIterator[int], hang_up: Callable[[], None]) -> int:
    """Returns the signal that is to stop the daemon; calls `hang_up` at each SIGHUP before it."""
    while True:
        number = await anext(signals)
        if number != signal.SIGHUP:
            return number
        hang_up()


async def _end_at_once(signals: AsyncIterator[int]) -> None:
    number = await _stop(signals, lambda: None)
    # Nothing is flushed or awaited any more: that is what a second signal asks for.
    os._exit(128 + number)
