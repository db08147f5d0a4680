"""Network namespaces with loopback only."""

from __future__ import annotations

import fcntl
import os
import socket
import struct

from safety.spawner.system_calls import CLONE_NEWNET, unshare

NAMESPACE = "/proc/self/ns/net"

# linux/sockios.h, net/if.h
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
INTERFACE_FLAGS = struct.Struct("16sh14x")


def new_network() -> int:
    """Enter a new network namespace, whose loopback is up; return a file that keeps it. OSError if it may not be."""
    unshare(CLONE_NEWNET)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        asked = fcntl.ioctl(control, SIOCGIFFLAGS, INTERFACE_FLAGS.pack(b"lo", 0))
        flags = INTERFACE_FLAGS.unpack(asked)[1]
        fcntl.ioctl(control, SIOCSIFFLAGS, INTERFACE_FLAGS.pack(b"lo", flags | IFF_UP))
    return os.open(NAMESPACE, os.O_RDONLY | os.O_CLOEXEC)
