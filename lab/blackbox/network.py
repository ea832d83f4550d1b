"""A network namespace for each machine, with one device to the switch and one to the clients.

Namespaces are held by file descriptors alone, so they are gone with this process, however it ends.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from lab.processes import isolated

PROGRAMS = ("ip", "nsenter", "setpriv", "unshare")

_CLONE_NEWNET = 0x40000000
_TUNSETIFF = 0x400454CA
_TAP_WITHOUT_HEADER = 0x1002
_TUN = "/dev/net/tun"


class Port(NamedTuple):
    """Where a machine is attached.

    Attributes:
        host: its address.
        namespace: a path that names its network namespace to this machine's programs.
        tap: the device whose other end is the switch.
    """

    host: str
    namespace: str
    tap: int


def obstacle() -> str | None:
    """Returns why the black box cannot run here, or None if it can."""
    for program in PROGRAMS:
        if shutil.which(program) is None:
            return f"there is no program `{program}`"
    if not os.access(_TUN, os.R_OK | os.W_OK):
        return f"{_TUN} cannot be opened"
    made = ["unshare", "--net", "true"]
    if subprocess.run(made, capture_output=True, check=False).returncode:
        return "no network namespace can be made"
    if not isolated():
        return "it runs in a network namespace without any route only"
    return None


@contextmanager
def network(count: int) -> Iterator[list[Port]]:
    """Makes the machines' namespaces for the length of the block.

    The machines have the addresses 10.77.0.1, 10.77.0.2, … The namespace of the caller, where the
    clients run, reaches each of them through a pair of devices that the switch does not see.
    """
    _ip("link set lo up")
    with ExitStack() as stack:
        yield [_port(number, stack) for number in range(count)]


def _port(number: int, stack: ExitStack) -> Port:
    host = f"10.77.0.{number + 1}"
    ours, here = _open("/proc/thread-self/ns/net", stack), os.getpid()
    libc = ctypes.CDLL(None, use_errno=True)
    _check(libc.unshare(_CLONE_NEWNET))
    try:
        its = _open("/proc/thread-self/ns/net", stack)
        tap = _tap("gossip", stack)
        _ip("link set lo up")
        _ip(f"link set gossip address 02:00:00:00:00:{number + 1:02x}")
        _ip(f"addr add {host}/24 broadcast 10.77.0.255 dev gossip")
        _ip("link set gossip up")
        _ip(f"link add client type veth peer name c{number} netns /proc/{here}/fd/{ours}")
        _ip(f"addr add 10.99.{number}.2/30 dev client")
        _ip("link set client up")
    finally:
        _check(libc.setns(ours, _CLONE_NEWNET))
    stack.callback(_ip, f"link del c{number}")
    _ip(f"addr add 10.99.{number}.1/30 dev c{number}")
    _ip(f"link set c{number} up")
    _ip(f"route add {host}/32 via 10.99.{number}.2")
    return Port(host, f"/proc/{here}/fd/{its}", tap)


def _open(path: str, stack: ExitStack) -> int:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    stack.callback(os.close, descriptor)
    return descriptor


def _tap(name: str, stack: ExitStack) -> int:
    """Makes an Ethernet device in the present namespace, and returns its other end."""
    tap = os.open(_TUN, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    stack.callback(os.close, tap)
    fcntl.ioctl(tap, _TUNSETIFF, struct.pack("16sH14x", name.encode(), _TAP_WITHOUT_HEADER))
    return tap


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _ip(arguments: str) -> None:
    """Changes the network, as the command of that name does."""
    subprocess.run(["ip", *arguments.split()], check=True, timeout=10)
