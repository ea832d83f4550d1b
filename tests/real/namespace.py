"""A network of the test's own: for the length of a block this process has no other.

What is started inside it cannot reach anything outside, broadcasts included.
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


def ip(*arguments: str) -> None:
    """Changes the network, as the command of that name does."""
    subprocess.run(["ip", *" ".join(arguments).split()], check=True, timeout=10)


@contextmanager
def network_of_its_own() -> Iterator[None]:
    """A network with only loopback in it; the test is skipped where this cannot be had."""
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
    """An interface with that address and prefix, which leads to nobody else."""
    ip(f"link add {name} type bridge")
    ip(f"addr add {address} dev {name}")
    ip(f"link set {name} up")
