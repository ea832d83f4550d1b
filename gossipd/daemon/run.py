"""The daemon as a program: signals, the log, and exit codes."""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Sequence

import trio

from gossipd.version import __version__

from .config import DaemonConfig, format_place
from .errors import StartError
from .log import configure, get_logger
from .open import Surroundings, open_daemon
from .operations import Again, Operations
from .sockets import handed_over
from .standing import CLIENTS_UNCHECKED, GOSSIP_OPEN
from .supervisor import Supervisor

_NEW_OBJECTS = 10_000
"""The collector looks for garbage once there are so many more objects than before.

The requests of a few hundred clients under way are fewer. At 700, as Python 3.11 has it, it looked
at the requests of 32 clients again and again, which took a tenth of the time of an increment.
"""


def main(config: DaemonConfig, doubts: Sequence[str] = (), again: Again | None = None) -> int:
    """Runs a daemon until a signal ends it. Returns the exit code: 0, or 1 if it cannot start.

    The log begins with the doubts, which are about what the daemon was told. `again` tells the
    settings anew at SIGHUP.

    Raises StartError if it cannot start and the log is for people. A log for programs has a line of
    it instead, since all of its lines are JSON.
    """
    configure(config.log_format, config.log_level)
    for doubt in doubts:
        get_logger().warning("setting_ignored", reason=doubt)
    if any((config.key_file, config.token_file, config.tls_key)):
        _leave_no_core()
    try:
        return trio.run(run, config, again, doubts)
    except StartError as error:
        if config.log_format != "json":
            raise
        get_logger().error(str(error))
        return 1


def _leave_no_core() -> None:
    """Lets a crash leave no core file: keys, and the tokens that clients showed, would be in it."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


async def run(config: DaemonConfig, again: Again | None = None, doubts: Sequence[str] = ()) -> int:
    """Runs a daemon until a signal or a client ends it, lets it leave, and returns exit code 0.

    Until the node takes part, signals do what they did before. A second signal ends the process at
    once. Raises StartError.
    """
    log, supervisor = get_logger(), Supervisor(os.environ)
    received: list[AsyncIterator[int]] = []
    with contextlib.ExitStack() as receiving, _collecting_later() as collect:

        def receive() -> None:
            collect()
            # Without a file to read again SIGHUP does nothing: what ends a node lets it leave.
            receiver = trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
            received.append(receiving.enter_context(receiver))

        around = Surroundings(again=again, doubts=doubts, handed=handed_over(os.environ))
        async with open_daemon(config, receive, around) as daemon:
            [signals] = received
            keys, standing = daemon.service.keys(), daemon.standing
            log.info(
                "started",
                node_id=daemon.service.node_id,
                listening=standing.listening,
                http=[format_place(door) for door in config.http] or None,
                cluster=config.cluster,
                key=None if keys is None else keys.seals,
                data_dir=None if config.data_dir is None else str(config.data_dir),
                version=__version__,
            )
            if standing.is_open():
                log.warning("gossip_open", reason=GOSSIP_OPEN)
            if exposed := standing.unchecked():
                log.warning("clients_unchecked", doors=exposed, reason=CLIENTS_UNCHECKED)
            supervisor.tell(READY="1")
            async with trio.open_nursery() as beside:
                beside.start_soon(supervisor.watch, daemon.service.trouble)
                await _stopping(signals, daemon.operations)
                beside.cancel_scope.cancel()
            supervisor.tell(STOPPING="1")
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_end_at_once, signals)
                await daemon.leave()
                nursery.cancel_scope.cancel()
        get_logger().info("stopped", node_id=daemon.service.node_id)
    return 0


@contextlib.contextmanager
def _collecting_later() -> Iterator[Callable[[], None]]:
    """Lets no garbage be collected until what is yielded is called; what is there by then stays.

    A node keeps what it has read from the disk. To look for garbage in 100,000 counters held the
    loop for 60 ms, and took an eighth of the time of a start. Of real garbage a start makes little.

    From then on garbage is looked for after `_NEW_OBJECTS`.
    """
    thresholds = gc.get_threshold()

    def collect() -> None:
        gc.freeze()
        gc.set_threshold(_NEW_OBJECTS)
        gc.enable()

    gc.disable()
    try:
        yield collect
    finally:
        gc.enable()
        gc.unfreeze()
        gc.set_threshold(*thresholds)


async def _stopping(signals: AsyncIterator[int], operations: Operations) -> None:
    """Returns once a signal or a client stops the daemon, which is logged."""

    async def signalled() -> None:
        number = await _stop(signals, operations.reload)
        get_logger().info("stopping", signal=signal.Signals(number).name)
        nursery.cancel_scope.cancel()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(signalled)
        await operations.leave_asked.wait()
        nursery.cancel_scope.cancel()


async def _stop(signals: AsyncIterator[int], hang_up: Callable[[], object]) -> int:
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
