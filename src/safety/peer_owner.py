"""Find out which user of this machine is at the other end of a TCP connection on loopback.

The kernel knows the owner of every socket. Linux is asked for the client's socket, whose local address is the peer of
ours, through NETLINK_SOCK_DIAG (sock_diag(7)): some 20 µs, where reading /proc/net/tcp takes milliseconds. Where that
family is not available (some sandboxes), the tables in /proc/net are read. A client that has closed its socket leaves
an entry without an inode, or none: it has no owner any more. Its request is not served, since nobody waits for the
answer, but it is no refusal of a user, so `RefusalLog` says nothing about it. Where the kernel can be asked in neither
way, no request is served, and the log says why.

Nothing is known of connections that come from elsewhere (a container's network, a published port of Docker), nor on
other systems: `PeerGuard.refusal` lets them pass, and the documents say so.
"""

from __future__ import annotations

import os
import pwd
import socket
import struct
import sys
from errno import ENOENT
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

from safety.refusals import DISCONNECTED

ROOT = 0
TABLES = {4: Path("/proc/net/tcp"), 6: Path("/proc/net/tcp6")}
FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
WORD_BYTES = 4

# linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h
NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
NLM_F_REQUEST = 1
NLMSG_ERROR = 2
HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence, port
REQUEST = struct.Struct("=BBBxI")  # family, protocol, extensions, states; then the socket's ID
PORTS = struct.Struct("!HH")
ADDRESS_BYTES = 16
ANY_INTERFACE_AND_COOKIE = bytes(4) + b"\xff" * 8
ALL_STATES = 0xFFFFFFFF
OWNER = struct.Struct("=II")  # uid, inode
OWNER_AT = HEADER.size + 4 + 48 + 12  # after inet_diag_msg's states, its ID, and expires, rqueue, wqueue
ERROR = struct.Struct("=i")
ANSWER_BYTES = 4096

NO_WAY_TO_ASK = (
    "Refused: this system does not tell who owns a connection: neither NETLINK_SOCK_DIAG nor /proc/net/tcp can be read."
)

Address = tuple[str, int]
"""IP address and port."""
IpAddress = IPv4Address | IPv6Address


class PeerGuard:
    """A guard that accepts only connections of one user, and of root.

    `user_id` is by default the one that this process runs as. `system` is named as in `sys.platform`.
    """

    def __init__(self, user_id: int | None = None, system: str = sys.platform) -> None:
        self._user = os.geteuid() if user_id is None else user_id
        self._system = system

    @property
    def can_tell(self) -> bool:
        """Whether this system says who owns a connection."""
        return self._system == "linux"

    def refusal(self, peer: Address, own: Address) -> str | None:
        """Return why a connection from `peer` to the server's address `own` is refused, or None when it may stay."""
        if not self.can_tell or not _plain(peer[0]).is_loopback:
            return None
        try:
            owner = owner_of(peer, own)
        except OSError:
            return NO_WAY_TO_ASK
        if owner in (self._user, ROOT):
            return None
        if owner is None:
            return DISCONNECTED
        return f"Refused: this local cloud belongs to {_name_of(self._user)}, not to {_name_of(owner)}."


def owner_of(peer: Address, own: Address) -> int | None:
    """The user ID of whoever holds the socket at `peer` that is connected to `own`; None when it is closed.

    Raises OSError where the kernel cannot be asked.
    """
    try:
        return _asked(peer, own)
    except OSError:
        return _looked_up(peer, own)


def peer_of(connection: socket.socket) -> tuple[Address, Address]:
    """The peer's address and the server's own, of an accepted connection."""
    peer, own = connection.getpeername(), connection.getsockname()
    return (peer[0], peer[1]), (own[0], own[1])


def _asked(peer: Address, own: Address) -> int | None:
    """The kernel's answer. OSError where it cannot be asked."""
    client, server = _plain(peer[0]), _plain(own[0])
    wanted = PORTS.pack(peer[1], own[1])
    wanted += client.packed.ljust(ADDRESS_BYTES, b"\0") + server.packed.ljust(ADDRESS_BYTES, b"\0")
    request = REQUEST.pack(FAMILIES[client.version], socket.IPPROTO_TCP, 0, ALL_STATES)
    message = request + wanted + ANY_INTERFACE_AND_COOKIE
    header = HEADER.pack(HEADER.size + len(message), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, 0, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, NETLINK_SOCK_DIAG) as kernel:
        kernel.send(header + message)
        answer = kernel.recv(ANSWER_BYTES)
    _, kind, *_ = HEADER.unpack_from(answer)
    if kind == NLMSG_ERROR:
        number = -ERROR.unpack_from(answer, HEADER.size)[0]
        if number == ENOENT:
            return None
        raise OSError(number, os.strerror(number))
    owner, inode = OWNER.unpack_from(answer, OWNER_AT)
    return int(owner) if inode else None


def _looked_up(peer: Address, own: Address) -> int | None:
    """The same from the tables in /proc/net. An IPv4 client of an IPv6 socket may be in either of them.

    Raises OSError if none of them can be read.
    """
    wanted = [version for version in TABLES if version >= _plain(peer[0]).version]
    unreadable: list[OSError] = []
    for version in wanted:
        pair = f" {_printed(peer, version)} {_printed(own, version)} "
        try:
            sockets = TABLES[version].read_text()
        except OSError as error:
            unreadable.append(error)
            continue
        start = sockets.find(pair)
        if start >= 0:
            fields = sockets[start : sockets.find("\n", start)].split()
            # local_address, rem_address, st, queues, timer, retransmits, uid, timeout, inode
            return int(fields[6]) if fields[8] != "0" else None
    if len(unreadable) == len(wanted):
        raise unreadable[0]
    return None


def _printed(address: Address, version: int) -> str:
    """The address as the kernel prints it in the table of that IP version: words in the machine's byte order."""
    plain = _plain(address[0])
    packed = plain.packed if plain.version == version else IPv6Address(f"::ffff:{plain}").packed
    words = [packed[start : start + WORD_BYTES] for start in range(0, len(packed), WORD_BYTES)]
    return "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words) + f":{address[1]:04X}"


def _plain(host: str) -> IpAddress:
    """The address, and the IPv4 address that an IPv6 socket shows as mapped."""
    address = ip_address(host)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _name_of(user_id: int) -> str:
    try:
        return pwd.getpwuid(user_id).pw_name
    except KeyError:
        return f"the user with ID {user_id}"
