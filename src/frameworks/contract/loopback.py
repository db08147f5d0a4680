"""Hosts of one job that share the loopback interface, as in the emulator's process engine.

Their names may not resolve there, and ports are shared with other jobs. The engine therefore sets MASTER_ADDR and
MASTER_PORT to an address that only this job uses. Where each host has a network of its own, as on AWS, it sets neither.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

LOOPBACK = "127.0.0.1"
INTERFACES = ("lo", "lo0")  # on Linux, on macOS
INTERFACE_VARIABLES = ("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME")


def share_loopback(environment: Mapping[str, str] = os.environ) -> bool:
    return environment.get("MASTER_ADDR") == LOOPBACK and "MASTER_PORT" in environment


def loopback_variables(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the interface for gloo and NCCL, which would otherwise look for an address of the machine's name."""
    if not share_loopback(environment):
        return {}
    existing = [interface for _, interface in socket.if_nameindex()]
    interface = next((name for name in INTERFACES if name in existing), None)
    return {name: interface for name in INTERFACE_VARIABLES if interface and name not in environment}
