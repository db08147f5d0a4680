"""A process with a world of its own: its /opt/ml and /tmp, its processes, and on request a network without a way out.

Processes, and why there are three of them for each start:

    server      opens a `Sandbox` once, and then starts as many processes as it likes, from any thread
    spawner     a small Python process with one thread, started once. It forks for each request and reaps
    keeper      the fork: process 1 of the new PID namespace. It builds the world, starts the program as its child,
                passes signals on, and reports the end. When it ends, the kernel kills all that is left in the namespace
    program     the requested program, the leader of a session, or in a sandbox with a niceness of a process group

Why a spawner: code between fork and exec (`preexec_fn`) can deadlock in a server with threads; the parent-death signal
is tied to the thread that forked; and a new Python for each start costs more than the 10 ms that a start may cost.
Why a keeper: process 1 ignores signals that it does not handle, so that `sh -c` would not stop at SIGTERM, and it must
reap orphans, which programs do not.

Each process has a line (a SOCK_SEQPACKET pair) between server and keeper. The server writes signal numbers; the keeper
writes how the start went and how the program ended. The end of the line means death for who is left: a server that was
killed takes all processes with it, whatever they did to hide.

Nothing is created on the host: mounts exist in the process's own namespace alone.
"""

from safety.sandbox.personal_files import personal_files, python_files
from safety.sandbox.process import SandboxedProcess, StartFailed
from safety.sandbox.sandbox import Availability, Network, Relay, Sandbox
from safety.sandbox.world import World

__all__ = [
    "Availability",
    "Network",
    "Relay",
    "Sandbox",
    "SandboxedProcess",
    "StartFailed",
    "World",
    "personal_files",
    "python_files",
]
