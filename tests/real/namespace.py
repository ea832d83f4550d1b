"""A network namespace of a test's own, in which this thread is for the length of a block.

Processes that are started inside it cannot reach anything outside, by broadcast either.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

_CLONE_NEWNET = 0x40000000


def ip(*arguments: str, inside: str = "") -> None:
    """Runs the command `ip`, in the network that the path `inside` names or in this thread's."""
    enter = ["nsenter", f"--net={inside}"] if inside else []
    subprocess.run([*enter, "ip", *" ".join(arguments).split()], check=True, timeout=10)


@contextmanager
def network_of_its_own() -> Iterator[None]:
    """Enters a network with nothing but loopback; skips the test where none can be made."""
    libc = ctypes.CDLL(None, use_errno=True)
    if shutil.which("ip") is None:
        pytest.skip("there is no program `ip`")
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.unshare(_CLONE_NEWNET) != 0:
            pytest.skip(f"no network namespace: {os.strerror(ctypes.get_errno())}")
        try:
            ip("link set lo up")
            yield
        finally:
            assert libc.setns(before, _CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
    finally:
        os.close(before)


def add_network(name: str, address: str) -> None:
    """Adds an interface with that address and prefix, to which no other machine is connected."""
    ip(f"link add {name} type bridge")
    ip(f"addr add {address} dev {name}")
    ip(f"link set {name} up")


@contextmanager
def another_network() -> Iterator[str]:
    """Makes a further network with nothing but loopback, beside the one that this thread is in.

    It is the network of another machine, so to speak. Offers a path that names it to `nsenter`.
    """
    if shutil.which("nsenter") is None:
        pytest.skip("there is no program `nsenter`")
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    with network_of_its_own():
        made = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        libc = ctypes.CDLL(None, use_errno=True)
        assert libc.setns(before, _CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
    try:
        yield f"/proc/{os.getpid()}/fd/{made}"
    finally:
        os.close(made)
        os.close(before)
