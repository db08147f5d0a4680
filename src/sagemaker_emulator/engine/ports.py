"""Ports on loopback for programs that bind them later, seconds later on a busy machine."""

from __future__ import annotations

import random
import socket
import threading
from collections import deque
from dataclasses import dataclass, field

# Below the ports that systems choose for connections: Linux from 32768, macOS from 49152. A port that such a system
# call had returned could be the local end of somebody's connection by the time the program binds it, even of one of our
# own attempts to reach the program.
PORTS = range(20_000, 32_768)
REMEMBERED = 1_000  # a port is reused only after this many others


@dataclass
class FreePorts:
    """Thread-safe."""

    ports: range = PORTS
    _recent: deque[int] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> int:
        """Return a port that nothing is bound to and that was not taken before. OSError if there is none."""
        with self._lock:
            for port in random.sample(self.ports, len(self.ports)):
                if port not in self._recent and _is_free(port):
                    self._recent.append(port)
                    return port
        raise OSError(f"no port from {self.ports.start} to {self.ports.stop - 1} is free on 127.0.0.1")

    def take_range(self, size: int) -> range:
        """Return consecutive ports like those of `take`. OSError if there are none."""
        with self._lock:
            starts = range(self.ports.start, self.ports.stop - size, size)
            for start in random.sample(starts, len(starts)):
                ports = range(start, start + size)
                if not any(port in self._recent for port in ports) and all(map(_is_free, ports)):
                    self._recent.extend(ports)
                    return ports
        raise OSError(
            f"no {size} ports in a row from {self.ports.start} to {self.ports.stop - 1} are free on 127.0.0.1"
        )


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # closed connections do not matter
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
